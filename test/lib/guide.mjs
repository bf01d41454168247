// The field mapping of Conexus' guide for Konnektive, key by key.
export const GUIDE = {
    country: '[country]', product1_qty: '[product1_qty]', orderId: '[orderId]', state: '[state]', product1_sku: '[product1_sku]', shipAddress2: '[shipAddress2]', address2: '[address2]',
    firstName: '[firstName]', shipState: '[shipState]', phoneNumber: '[phoneNumber]', customerType: '[customerType]', shipCountry: '[shipCountry]', organizationId: 'your-org-id',
    product1_name: '[product1_name]', orderStatus: '[orderStatus]', postalCode: '[postalCode]', product1_price: '[product1_price]', shipAddress1: '[shipAddress1]', city: '[city]',
    lastName: '[lastName]', shipCity: '[shipCity]', address1: '[address1]', emailAddress: '[emailAddress]', shipPostalCode: '[shipPostalCode]', pluginInstanceId: 'your-plugin-instance-id',
};
