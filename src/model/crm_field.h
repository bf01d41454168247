/* SPDX-License-Identifier: MIT
 * model/crm_field.h: the fields that a CRM has of an order: what export profiles map from
 * (`[firstName]`), what order postbacks and imports bring, and what previews show. Pure.
 *
 * Names are Konnektive's. They are found in any case, and by the other names that the same thing
 * has there. */
#pragma once

#include "base/str.h"

#define CRM_GROUPS(X)                                                                              \
    X(ORDER, "order")                                                                              \
    X(CUSTOMER, "customer")                                                                        \
    X(SHIPPING, "shipping")                                                                        \
    X(ATTRIBUTION, "attribution")                                                                  \
    X(SUBSCRIPTION, "subscription")                                                                \
    X(FULFILLMENT, "fulfillment")                                                                  \
    X(PAYMENT, "payment")                                                                          \
    X(REFUND, "refund")                                                                            \
    X(PRODUCT, "product")

enum crm_group {

#define CRM_GROUP_MEMBER(member, name) CRM_GROUP_##member,
    CRM_GROUPS(CRM_GROUP_MEMBER)
#undef CRM_GROUP_MEMBER
};

/* clang-format off */

/* X(member, name, group, description): texts that an order keeps as they were said. */
#define CRM_VALUES(X)                                                                              \
    X(FIRST_NAME, "firstName", CUSTOMER, "The customer's first name")                              \
    X(LAST_NAME, "lastName", CUSTOMER, "The customer's last name")                                 \
    X(COMPANY_NAME, "companyName", CUSTOMER, "The customer's company")                             \
    X(EMAIL_ADDRESS, "emailAddress", CUSTOMER, "The customer's e-mail address")                    \
    X(PHONE_NUMBER, "phoneNumber", CUSTOMER, "The customer's phone number")                        \
    X(ADDRESS1, "address1", CUSTOMER, "Billing address, first line")                               \
    X(ADDRESS2, "address2", CUSTOMER, "Billing address, second line")                              \
    X(CITY, "city", CUSTOMER, "Billing city")                                                      \
    X(STATE, "state", CUSTOMER, "Billing state or region")                                         \
    X(COUNTRY, "country", CUSTOMER, "Billing country, two letters")                                \
    X(POSTAL_CODE, "postalCode", CUSTOMER, "Billing postal code")                                  \
    X(SHIP_FIRST_NAME, "shipFirstName", SHIPPING, "Recipient's first name")                        \
    X(SHIP_LAST_NAME, "shipLastName", SHIPPING, "Recipient's last name")                           \
    X(SHIP_COMPANY_NAME, "shipCompanyName", SHIPPING, "Recipient's company")                       \
    X(SHIP_ADDRESS1, "shipAddress1", SHIPPING, "Shipping address, first line")                     \
    X(SHIP_ADDRESS2, "shipAddress2", SHIPPING, "Shipping address, second line")                    \
    X(SHIP_CITY, "shipCity", SHIPPING, "Shipping city")                                            \
    X(SHIP_STATE, "shipState", SHIPPING, "Shipping state or region")                               \
    X(SHIP_COUNTRY, "shipCountry", SHIPPING, "Shipping country, two letters")                      \
    X(SHIP_POSTAL_CODE, "shipPostalCode", SHIPPING, "Shipping postal code")                        \
    X(SHIP_CARRIER, "shipCarrier", FULFILLMENT, "Who carries the parcel")                          \
    X(SHIP_METHOD, "shipMethod", FULFILLMENT, "How the parcel is sent")                            \
    X(EXTERNAL_ORDER_ID, "externalOrderId", ORDER, "The order's id in a shop or another system")   \
    X(ORIGINAL_ORDER_ID, "originalOrderId", ORDER, "Of a recurring order: the number of the first one") \
    X(ORIGINAL_CLIENT_ORDER_ID, "originalClientOrderId", ORDER, "Of a recurring order: the client order id of the first one") \
    X(RESPONSE_TYPE, "responseType", ORDER, "What the payment gateway answered: SUCCESS, HARD_DECLINE, SOFT_DECLINE") \
    X(DECLINE_REASON, "declineReason", ORDER, "Why the payment was declined")                      \
    X(ACQUISITION_DATE, "acquisitionDate", ORDER, "When the customer was won")                     \
    X(BASE_PRICE, "basePrice", ORDER, "Price before shipping, tax and discount; when nobody says it, of all lines") \
    X(TOTAL_SHIPPING, "totalShipping", ORDER, "Shipping costs of the order; when nobody says them, of all lines") \
    X(TOTAL_DISCOUNT, "totalDiscount", ORDER, "Discount on the order")                             \
    X(SALES_TAX, "salesTax", ORDER, "Sales tax")                                                   \
    X(COUPON_CODE, "couponCode", ORDER, "The coupon that was used")                                \
    X(IS_DECLINE_SAVE, "isDeclineSave", ORDER, "1 when the sale was saved after a decline")        \
    X(IP_ADDRESS, "ipAddress", ORDER, "The address the order came from")                           \
    X(USER_AGENT, "userAgent", ORDER, "The browser the order came from")                           \
    X(CLIENT_PURCHASE_ID, "clientPurchaseId", SUBSCRIPTION, "The merchant's id of the subscription") \
    X(TRACKING_NUMBER, "trackingNumber", FULFILLMENT, "The parcel's tracking number")              \
    X(RMA_NUMBER, "rmaNumber", FULFILLMENT, "The number of the return that was agreed to")         \
    X(SALES_URL, "salesUrl", ATTRIBUTION, "The page that sold")                                    \
    X(HTTP_REFERER, "httpReferer", ATTRIBUTION, "Where the visitor came from")                     \
    X(FUNNEL_REFERENCE_ID, "funnelReferenceId", ATTRIBUTION, "The funnel's id")                    \
    X(SOURCE_ID, "sourceId", ATTRIBUTION, "The traffic source's id")                               \
    X(SOURCE_TITLE, "sourceTitle", ATTRIBUTION, "The traffic source's name")                       \
    X(AFF_ID, "affId", ATTRIBUTION, "The affiliate's id")                                          \
    X(PUB_ID, "pubId", ATTRIBUTION, "The publisher's id")                                          \
    X(SUB_AFF_ID, "subAffId", ATTRIBUTION, "The affiliate's own sub id")                           \
    X(SOURCE_VALUE1, "sourceValue1", ATTRIBUTION, "Tracking value 1 of the source")                \
    X(SOURCE_VALUE2, "sourceValue2", ATTRIBUTION, "Tracking value 2 of the source")                \
    X(SOURCE_VALUE3, "sourceValue3", ATTRIBUTION, "Tracking value 3 of the source")                \
    X(SOURCE_VALUE4, "sourceValue4", ATTRIBUTION, "Tracking value 4 of the source")                \
    X(SOURCE_VALUE5, "sourceValue5", ATTRIBUTION, "Tracking value 5 of the source")                \
    X(UTM_SOURCE, "UTMSource", ATTRIBUTION, "utm_source of the visit")                             \
    X(UTM_MEDIUM, "UTMMedium", ATTRIBUTION, "utm_medium of the visit")                             \
    X(UTM_CAMPAIGN, "UTMCampaign", ATTRIBUTION, "utm_campaign of the visit")                       \
    X(UTM_TERM, "UTMTerm", ATTRIBUTION, "utm_term of the visit")                                   \
    X(UTM_CONTENT, "UTMContent", ATTRIBUTION, "utm_content of the visit")                          \
    X(CUSTOM1, "custom1", ATTRIBUTION, "Custom field 1")                                           \
    X(CUSTOM2, "custom2", ATTRIBUTION, "Custom field 2")                                           \
    X(CUSTOM3, "custom3", ATTRIBUTION, "Custom field 3")                                           \
    X(CUSTOM4, "custom4", ATTRIBUTION, "Custom field 4")                                           \
    X(CUSTOM5, "custom5", ATTRIBUTION, "Custom field 5")                                           \
    X(ORDER_CUSTOM_FIELDS, "orderCustomFields", ATTRIBUTION, "The order's other custom fields")    \
    X(PAY_SOURCE, "paySource", PAYMENT, "How it was paid: CREDITCARD, PREPAID, CHECK, COD …")      \
    X(CARD_TYPE, "cardType", PAYMENT, "The card's brand")                                          \
    X(CARD_LAST4, "cardLast4", PAYMENT, "The card number's last four digits")                      \
    X(CARD_IS_DEBIT, "cardIsDebit", PAYMENT, "1 for a debit card")                                 \
    X(CARD_IS_PREPAID, "cardIsPrepaid", PAYMENT, "1 for a prepaid card")                           \
    X(AVS_RESPONSE, "avsResponse", PAYMENT, "Result of the address check")                         \
    X(CVV_RESPONSE, "cvvResponse", PAYMENT, "Result of the card code's check")                     \
    X(GATEWAY_TITLE, "gatewayTitle", PAYMENT, "The payment gateway's name")                        \
    X(TRANSACTION_ID, "transactionId", PAYMENT, "The transaction's id")                            \
    X(CLIENT_TXN_ID, "clientTxnId", PAYMENT, "The transaction's id at the sender")                 \
    X(MERCHANT_TXN_ID, "merchantTxnId", PAYMENT, "The transaction's id at the gateway")            \
    X(DATE_REFUNDED, "dateRefunded", REFUND, "When it was refunded")                               \
    X(REFUND_REASON, "refundReason", REFUND, "Why it was refunded")                                \
    X(CHARGEBACK_DATE, "chargebackDate", REFUND, "When it was charged back")                       \
    X(CHARGEBACK_REASON_CODE, "chargebackReasonCode", REFUND, "The bank's reason code")            \
    X(CHARGEBACK_NOTE, "chargebackNote", REFUND, "A note about the chargeback")

/* What is made of the rest of an order when it is asked for. */
#define CRM_MADE(X)                                                                                \
    X(ORDER_ID, "orderId", ORDER, "The order's number")                                            \
    X(CLIENT_ORDER_ID, "clientOrderId", ORDER, "The order's key that is the same in all systems")  \
    X(ACTUAL_ORDER_ID, "actualOrderId", ORDER, "The order's number (as the API has it)")           \
    X(ORDER_TYPE, "orderType", ORDER, "NEW_SALE, RECURRING or CHARGEBACK")                         \
    X(ORDER_STATUS, "orderStatus", ORDER, "PARTIAL, COMPLETE, DECLINED, QA_PENDING, CANCELLED, REFUNDED or CHARGEBACK") \
    X(DATE_CREATED, "dateCreated", ORDER, "When the order was created, in the account's time zone: YYYY-MM-DD HH:MM:SS") \
    X(DATE_CREATED_ISO, "dateCreatedIso", ORDER, "When the order was created, as RFC 3339 has it, in UTC") \
    X(TIME_CREATED, "timeCreated", ORDER, "The time of day it was created: HH:MM:SS")              \
    X(DATE_UPDATED, "dateUpdated", ORDER, "When the order changed last: YYYY-MM-DD HH:MM:SS")      \
    X(DATE_UPDATED_ISO, "dateUpdatedIso", ORDER, "When the order changed last, as RFC 3339 has it, in UTC") \
    X(ORDER_DATE, "orderDate", ORDER, "The same as dateCreated")                                   \
    X(ORDER_TOTAL, "orderTotal", ORDER, "Total of the first sale; upsells do not change it")       \
    X(TOTAL_PRICE, "totalPrice", ORDER, "Total of all that was sold, upsells included; of a rebill, what that is of") \
    X(TOTAL_AMOUNT, "totalAmount", ORDER, "The same as totalPrice")                                \
    X(PRICE, "price", ORDER, "The same as totalPrice")                                             \
    X(BASE_SHIPPING, "baseShipping", ORDER, "The same as totalShipping")                           \
    X(DISCOUNT_PRICE, "discountPrice", ORDER, "The same as totalDiscount")                         \
    X(CURRENCY_CODE, "currencyCode", ORDER, "Currency, three letters")                             \
    X(HAS_UPSELL, "hasUpsell", ORDER, "1 when the order has an upsell, else 0")                    \
    X(REFUND_REMAINING, "refundRemaining", ORDER, "What may still be refunded")                    \
    X(CUSTOMER_ID, "customerId", CUSTOMER, "The customer's number")                                \
    X(CUSTOMER_TYPE, "customerType", CUSTOMER, "What happened: PARTIAL, SALE, UPSELL, FULFILLMENT …") \
    X(FULL_NAME, "fullName", CUSTOMER, "First and last name")                                      \
    X(NAME, "name", CUSTOMER, "First and last name")                                               \
    X(SHIP_FULL_NAME, "shipFullName", SHIPPING, "Recipient's first and last name")                 \
    X(CAMPAIGN_ID, "campaignId", ATTRIBUTION, "The campaign's number")                             \
    X(CAMPAIGN_NAME, "campaignName", ATTRIBUTION, "The campaign's name")                           \
    X(CUSTOM_FIELDS, "customFields", ATTRIBUTION, "custom1 to custom5, joined by commas")          \
    X(PURCHASE_ID, "purchaseId", SUBSCRIPTION, "The subscription's id")                            \
    X(RECURRING_PRICE, "recurringPrice", SUBSCRIPTION, "What is billed each time")                 \
    X(NEXT_BILL_DATE, "nextBillDate", SUBSCRIPTION, "When it is billed next")                      \
    X(FULFILLMENT_STATUS, "fulfillmentStatus", FULFILLMENT, "PENDING, SHIPPED, DELIVERED, CANCELLED, RMA_PENDING or RETURNED") \
    X(REFUND_AMOUNT, "refundAmount", REFUND, "What was refunded this time")                        \
    X(CHARGEBACK_AMOUNT, "chargebackAmount", REFUND, "What was charged back")

/* What needs the PCI gate. Junctor keeps none of it: it is empty wherever it is asked for. */
#define CRM_SENSITIVE(X)                                                                           \
    X(ACH_ACCOUNT_NUMBER, "achAccountNumber", PAYMENT, "Bank account number")                      \
    X(ACH_ACCOUNT_TYPE, "achAccountType", PAYMENT, "Kind of bank account")                         \
    X(ACH_ROUTING_NUMBER, "achRoutingNumber", PAYMENT, "Bank routing number")                      \
    X(CARD_NUMBER, "cardNumber", PAYMENT, "Card number")                                           \
    X(CARD_MONTH, "cardMonth", PAYMENT, "Month the card expires")                                  \
    X(CARD_YEAR, "cardYear", PAYMENT, "Year the card expires")                                     \
    X(CARD_SECURITY_CODE, "cardSecurityCode", PAYMENT, "Card code")

/* X(member, name, description): of each line: "product1_sku" */
#define CRM_SLOTS(X)                                                                               \
    X(ID, "id", "The product's id at the sender, else its number here")                             \
    X(NAME, "name", "The product's name")                                                          \
    X(SKU, "sku", "The product's SKU")                                                             \
    X(QTY, "qty", "How many")                                                                      \
    X(PRICE, "price", "Price of the line")                                                         \
    X(SHIP_PRICE, "shipPrice", "Shipping of the line")                                             \
    X(EXTERNAL_ID, "externalId", "The product's id in another system")                             \
    X(CRM_ID, "crmId", "The product's id in the CRM")                                              \
    X(CAMPAIGN_PRODUCT_ID, "campaignProductId", "The product's id in the campaign")                \
    X(RECURRING_PRICE, "recurringPrice", "What is billed each time, of what recurs")                \
    X(RECURRING_STATUS, "recurringstatus", "Where its subscription stands")                        \
    X(BILLING_CYCLE_NUMBER, "billingCycleNumber", "How often it has been billed")                  \
    X(NEXT_BILL_DATE, "nextBillDate", "When it is billed next")

/* clang-format on */

enum crm_field {

#define CRM_MEMBER(member, name, group, description) CRM_##member,
    CRM_VALUES(CRM_MEMBER) CRM_VALUE_COUNT,
    CRM_BEFORE_MADE = CRM_VALUE_COUNT - 1,
    CRM_MADE(CRM_MEMBER) CRM_SENSITIVE(CRM_MEMBER)
#undef CRM_MEMBER
        CRM_PRODUCT, /* of a line: see crm_ref */
    CRM_NONE,
};

enum crm_slot {

#define CRM_SLOT_MEMBER(member, name, description) CRM_SLOT_##member,
    CRM_SLOTS(CRM_SLOT_MEMBER)
#undef CRM_SLOT_MEMBER
        CRM_SLOT_COUNT,
};

#define CRM_LINES_MAX 100

/* One field, of one line where it is a line's. */
struct crm_ref {
    enum crm_field field;
    int line; /* CRM_PRODUCT: from 0 */
    enum crm_slot slot;
};

/* "firstName", "product3_sku". False: there is no such field. */
MUST_USE bool crm_find(str name, struct crm_ref *ret_ref);

/* The catalogue. Lines' names have N for the number: "productN_sku". */
struct crm_entry {
    str name;
    str description;
    enum crm_group group;
    bool sensitive; /* needs the PCI gate */
};

extern const struct crm_entry crm_entries[];
extern const int crm_entry_count;

/* Every name that crm_find() knows but those of lines, in lower case; several for some fields. */
extern const int crm_name_count;
str crm_name(int index, enum crm_field *ret_field);

str crm_group_name(enum crm_group group);
/* Of all but CRM_PRODUCT and CRM_NONE. */
str crm_field_name(enum crm_field field);
bool crm_is_sensitive(enum crm_field field);
/* Of those that an order keeps as texts. */
enum crm_group crm_value_group(enum crm_field field);
