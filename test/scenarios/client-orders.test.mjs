// Konnektive's API for clients: what an order comes to, what it costs when it comes again, and which
// order is meant.
import assert from 'node:assert/strict';

import { Shop, MINUTE, PERSON, parametersOf } from '../lib/exports.mjs';
import { makeCampaign, makePlugin, PLUGIN_SECRET } from '../lib/fixtures.mjs';
import { expect } from '../lib/http.mjs';
import { scenario } from '../lib/hub.mjs';

const LOGIN = { loginId: 'landing', password: 'pass-word' };
const AMOUNTS = ['basePrice', 'totalShipping', 'totalDiscount', 'salesTax', 'orderTotal', 'totalAmount', 'refundRemaining'];

// A shop that a client and a sender of postbacks reach.
async function open() {
    const shop = await Shop.start();
    const { api, hub } = shop;
    const plugin = expect(await makePlugin(api, shop.campaign.id, { importUnknownSkus: true, clientApi: LOGIN }), 201).json;
    const ids = Object.fromEntries(new URL(plugin.webhookUrl).searchParams);
    const call = (wanted) => async (path, values) => {
        const { result, message } = expect(await hub.anonymous.post(path, new URLSearchParams({ ...LOGIN, ...values }).toString(), { headers: { 'content-type': 'application/x-www-form-urlencoded' } }), 200).json;
        assert.equal(result, wanted, `${path} ${JSON.stringify(message)}`);
        return message;
    };
    shop.good = call('SUCCESS');
    shop.bad = call('ERROR');
    shop.post = async (body) => {
        const answer = expect(await hub.anonymous.post('/api/v1/plugins/webhooks/konnektive', JSON.stringify({ ...ids, ...body }), { headers: { 'content-type': 'application/json', 'X-Webhook-Secret': PLUGIN_SECRET } }), 200).json;
        const event = expect(await api.get(`/api/v1/events/${answer.id}`), 200).json;
        return event.occurrences.map((one) => one.type);
    };
    shop.base = { campaignId: shop.campaign.number, ...PERSON };
    return shop;
}

const amounts = (order) => AMOUNTS.map((name) => order[name]);
const lines = (order) => Object.values(order.items).map((item) => [item.productId, item.qty, item.price, item.shipping]);
const tokens = (names) => Object.fromEntries(names.map((name) => [name, `[${name}]`]));

scenario('the same import again costs what it cost, though its product costs something else by then', async () => {
    const shop = await open();
    const { api, good, base } = shop;
    const price = (text) => api.patch(`/api/v1/products/${shop.product.id}`, { price: text });
    for (const [path, first] of [['/order/import/', { product1_id: 1 }], ['/order/import/', { product1_id: 'neuro-1', product1_shipPrice: '3.00' }], ['/leads/import/', { product1_id: 1, product1_qty: 2 }]]) {
        const values = { ...base, ...first, orderId: `AGAIN-${JSON.stringify(first)}`.slice(0, 40) };
        await price('47.00');
        const before = await good(path, values);
        await price('60.00');
        const events = (await api.all('/api/v1/events?type=order.*')).length;
        for (const more of [{}, { product1_shipPrice: '' }]) {
            const after = await good(path, { ...values, ...more });
            assert.deepEqual([lines(after), amounts(after)], [lines(before), amounts(before)], JSON.stringify(first));
        }
        assert.equal((await api.all('/api/v1/events?type=order.*')).length, events, 'nothing is told');
        const more = await good(path, { ...values, product1_qty: 3 });
        assert.equal(lines(more)[0][2], '141.00', 'three of what one has cost');
        const said = await good(path, { ...values, product1_qty: 1, product1_price: '50.00' });
        assert.equal(lines(said)[0][2], '50.00', 'what is said counts');
        const added = await good(path, { ...values, product1_price: '50.00', product2_id: shop.club.number, product3_id: 'unknown' });
        assert.deepEqual(lines(added).slice(1).map((line) => line[2]), ['12.00', '0.00'], 'what is new, as its product has it');
    }
    await price('47.00');
    const order = await shop.order({ lines: [{ productId: shop.product.id }] });
    await price('60.00');
    const again = await shop.order({ clientOrderId: order.clientOrderId, lines: [{ productId: shop.product.id }] });
    assert.deepEqual([again.total, again.captured], ['47.00', '47.00'], 'by the orders API, too');
});

scenario('tax, discount and shipping of an import are in what is paid, in queries and in exports', async () => {
    const shop = await open();
    const { good, bad, base, hub } = shop;
    const profile = await shop.profile('new_sale', { mappings: tokens(AMOUNTS) });
    const cases = [
        [{ product1_price: '33.33', salesTax: '2.5' }, ['33.33', undefined, undefined, '2.50', '35.83', '35.83', '35.83']],
        [{ product1_price: '100.00', discountPrice: '20', couponCode: 'TWENTY' }, ['100.00', undefined, '20.00', undefined, '80.00', '80.00', '80.00']],
        [{ product1_price: '33.33', product1_shipPrice: '4.95', salesTax: '2.50', totalDiscount: '5.00' }, ['33.33', '4.95', '5.00', '2.50', '35.78', '35.78', '35.78']],
        [{ product1_price: '33.33', baseShipping: '4.95' }, ['33.33', '4.95', undefined, undefined, '38.28', '38.28', '38.28']],
        [{ product1_price: '33.33', salesTax: '2.50', totalAmount: '36.00' }, ['33.33', undefined, undefined, '2.50', '36.00', '36.00', '36.00']],
    ];
    for (const [values, want] of cases) {
        const order = await good('/order/import/', { ...base, product1_id: 'neuro-1', ...values });
        assert.deepEqual(amounts(order), want, JSON.stringify(values));
        const again = await good('/order/import/', { ...base, orderId: order.orderId, product1_id: 'neuro-1', ...values });
        assert.deepEqual(amounts(again), want, `${JSON.stringify(values)} again`);
        const asked = (await good('/order/query/', { orderId: order.orderId })).data[0];
        assert.deepEqual(amounts(asked), want);
        await hub.settled();
        const sent = parametersOf((await shop.sent(profile)).at(-1)).map(([, text]) => text);
        assert.deepEqual(sent, want.map((text) => text ?? ''));
        await good('/order/refund/', { orderId: order.orderId, refundAmount: want.at(-1) });
    }
    for (const name of ['salesTax', 'totalDiscount', 'discountPrice', 'totalShipping', 'totalAmount', 'orderTotal'])
        assert.match((await bad('/order/import/', { ...base, product1_id: 'neuro-1', [name]: 'x' }))[name], /^must be an amount/);
});

scenario('an upsell brings its tax, and its order adds up behind a repeat of both', async () => {
    const { good, bad, base } = await open();
    const sale = { ...base, orderId: 'TAX', product1_id: 'neuro-1', product1_price: '33.33', product1_shipPrice: '4.95', salesTax: '2.50', totalDiscount: '5.00' };
    const upsell = { orderId: 'TAX', productId: 'extra', productPrice: '10.00', productShipPrice: '1.00', productSalesTax: '0.80' };
    await good('/order/import/', sale);
    const want = ['43.33', '5.95', '5.00', '3.30', '35.78', '47.58', '47.58'];
    for (const [path, values] of [['/upsale/import/', upsell], ['/upsale/import/', upsell], ['/order/import/', sale], ['/order/update/', { orderId: 'TAX', city: 'Troy' }]])
        assert.deepEqual(amounts(await good(path, values)), want, path);
    const replaced = await good('/upsale/import/', { orderId: 'TAX', productId: 'other', productPrice: '5.00', salesTax: '0.40', replaceProductId: 'extra' });
    assert.deepEqual(amounts(replaced).slice(0, 6), ['38.33', '4.95', '5.00', '2.90', '35.78', '41.18']);
    assert.match((await bad('/upsale/import/', { orderId: 'TAX', productId: 'x', totalDiscount: '1.00' })).totalDiscount, /^is of a whole order/);
});

scenario('a number that is of two orders changes neither, and says which they are; queries show both', async () => {
    const shop = await open();
    const { good, bad, base, post } = shop;
    await good('/order/import/', { ...base, orderId: 'HUB1', product1_id: shop.club.number });
    await post({ orderId: 1, clientOrderId: 'PB1', customerType: 'SALE', totalPrice: '94.00', product1_sku: 'club-x', product1_price: '94.00', product1_recurringstatus: 'ACTIVE', purchaseId: '101', emailAddress: 'bob@x.org' });
    const shown = await good('/order/query/', { actualOrderId: 1 });
    assert.deepEqual([shown.totalResults, shown.data.map((order) => [order.orderId, order.actualOrderId, Object.values(order.items)[0].purchaseId])], [2, [['PB1', 1, '101'], ['HUB1', 1, 101]]]);
    assert.deepEqual((await good('/order/query/', { actualOrderId: 1, resultsPerPage: 1, page: 2 })).data.map((order) => order.orderId), ['HUB1']);
    const calls = [
        ['/order/refund/', { actualOrderId: 1, refundAmount: '5.00' }], ['/order/cancel/', { actualOrderId: 1 }],
        ['/order/update/', { actualOrderId: 1, city: 'Troy' }], ['/upsale/import/', { actualOrderId: 1, productId: 'x', productPrice: '1.00' }],
        ['/order/import/', { ...base, actualOrderId: 1, product1_id: 'neuro-1' }], ['/fulfillment/update/', { actualOrderId: 1, fulfillmentStatus: 'DELIVERED' }],
        ['/purchase/update/', { purchaseId: 101, price: '5.00' }], ['/purchase/cancel/', { purchaseId: 101 }],
    ];
    const events = (await shop.api.all('/api/v1/events')).length;
    for (const [path, values] of calls) {
        const name = values.purchaseId ? 'purchaseId' : 'actualOrderId';
        assert.deepEqual(await bad(path, values), { [name]: 'is of several orders: say which by its orderId (clientOrderId), PB1 or HUB1' }, path);
    }
    assert.equal((await shop.api.all('/api/v1/events')).length, events);
    assert.equal((await good('/order/refund/', { orderId: 'HUB1', refundAmount: '5.00' })).refundRemaining, '7.00');
    assert.deepEqual(Object.values((await good('/purchase/cancel/', { orderId: 'PB1', purchaseId: 101 })).items).map((item) => item.purchaseStatus), ['CANCELLED']);
    await post({ orderId: 40, clientOrderId: 'PB40', customerType: 'SALE', totalPrice: '9.00', product1_sku: 'club-x', product1_price: '9.00', product1_recurringstatus: 'ACTIVE', purchaseId: '4001', emailAddress: 'cy@x.org' });
    assert.equal((await good('/purchase/cancel/', { purchaseId: 4001 })).orderId, 'PB40', 'of a sender whose numbers are made like the hub\'s');
});

scenario('two refunds that wait are sent with their own amounts, also one of nothing; what was free was free', async () => {
    const shop = await open();
    const refunds = await shop.profile('partial_refunds', { delayMinutes: 10, mappings: tokens(['refundAmount', 'refundRemaining']) });
    const upsells = await shop.profile('upsell', { mappings: tokens(['orderTotal', 'totalPrice']) });
    await shop.post({ orderId: 4, customerType: 'SALE', totalPrice: '0.00', product1_sku: 'trial', product1_price: '0.00' });
    await shop.post({ orderId: 4, customerType: 'UPSELL', totalPrice: '10.00', product1_sku: 'x', product1_price: '10.00' });
    await shop.post({ orderId: 4, customerType: 'PARTIAL_REFUND', dateRefunded: '2026-11-20' });
    await shop.post({ orderId: 4, customerType: 'PARTIAL_REFUND', refundAmount: '3.00', dateRefunded: '2026-11-21' });
    await shop.hub.advance(11 * MINUTE);
    assert.deepEqual((await shop.sent(refunds)).map((sent) => parametersOf(sent)[0][1]), ['0.00', '3.00']);
    assert.deepEqual(parametersOf(await shop.only(upsells)), [['orderTotal', '0.00'], ['totalPrice', '10.00']]);
});

scenario('what contradicts itself or the order is refused, and says how it is meant', async () => {
    const shop = await open();
    const { good, bad, base, api } = shop;
    const sale = { ...base, orderId: 'SAID', product1_id: 'neuro-1', product1_price: '10.00' };
    await good('/leads/import/', { ...base, orderId: 'SAID' });
    const other = await makeCampaign(api, 'Other');
    const text = `is not the order's, which is ${shop.campaign.number}: leave it out, or begin another order`;
    for (const campaignId of [other.number, 99])
        for (const path of ['/leads/import/', '/order/import/']) assert.deepEqual(await bad(path, { ...sale, campaignId }), { campaignId: text });
    await good('/order/import/', { ...sale, campaignId: '' });
    assert.deepEqual(await bad('/order/import/', { ...sale, campaignId: other.number }), { campaignId: text }, 'sold');
    const both = { refundAmount: 'is not all that is left, as fullRefund says: send one of them' };
    assert.deepEqual(await bad('/order/refund/', { orderId: 'SAID', fullRefund: 1, refundAmount: '1.00' }), both);
    assert.match((await bad('/order/refund/', { orderId: 'SAID', fullRefund: 1, refundAmount: 'x' })).refundAmount, /^must be an amount/);
    assert.equal((await good('/order/refund/', { orderId: 'SAID', fullRefund: 0, refundAmount: '1.00' })).refundRemaining, '9.00');
    const rma = { orderId: 'SAID', fulfillmentStatus: 'RMA_PENDING', rmaNumber: 'R1' };
    assert.match((await bad('/fulfillment/update/', { ...rma, refundAmount: 'x' })).refundAmount, /^must be an amount/);
    assert.equal((await good('/fulfillment/update/', { ...rma, refundAmount: '5.00' })).refundRemaining, '9.00');
    const [event] = (await api.all('/api/v1/events?type=order_change')).slice(0, 1);
    assert.equal(expect(await api.get(`/api/v1/events/${event.id}`), 200).json.data.received.refundAmount, '5.00');
    assert.equal((await good('/order/refund/', { orderId: 'SAID', fullRefund: 1, refundAmount: '9.00' })).orderStatus, 'REFUNDED');
});

scenario('no filter of a query is passed over; customers are found by an order of theirs', async () => {
    const shop = await open();
    const { good, bad, base, post, api } = shop;
    const other = await makeCampaign(api, 'Other');
    await good('/order/import/', { ...base, orderId: 'ONE', product1_id: 'neuro-1', couponCode: 'SPRING', custom1: 'a' });
    await good('/order/import/', { ...base, campaignId: other.number, orderId: 'TWO', product1_id: 'x', emailAddress: 'bob@x.org', address2: '', shipCity: 'Oslo' });
    for (const [values, want] of [[{ couponCode: 'spring' }, 'ONE'], [{ custom1: 'a', shipCity: 'Troy' }, 'ONE'], [{ shipCity: 'Oslo' }, 'TWO'], [{ campaignId: other.number }, 'TWO']]) {
        assert.deepEqual((await good('/order/query/', values)).data.map((order) => order.orderId), [want], JSON.stringify(values));
        assert.deepEqual((await good('/customer/query/', values)).data.map((customer) => customer.orderId), [want], JSON.stringify(values));
    }
    for (const values of [{ couponCode: 'NONE' }, { shipCity: 'Oslo', custom1: 'a' }, { campaignId: 99 }]) {
        assert.equal(await bad('/order/query/', values), 'No orders matching those parameters could be found');
        assert.equal(await bad('/customer/query/', values), 'Customer not found');
    }
    assert.deepEqual((await good('/customer/query/', { orderId: 'TWO' })).data.map((customer) => customer.emailAddress), ['bob@x.org']);
    assert.deepEqual((await good('/customer/history/', { orderId: 'TWO' })).data.map((row) => row.orderId), ['TWO']);
    assert.equal(await bad('/customer/query/', { orderId: 'NONE' }), 'Customer not found');
    await post({ orderId: 1, clientOrderId: 'PB1', customerType: 'SALE', totalPrice: '1.00', emailAddress: 'cy@x.org' });
    assert.deepEqual(await bad('/customer/query/', { actualOrderId: 1 }), { actualOrderId: 'is of several orders: say which by its orderId (clientOrderId), PB1 or ONE' });
    assert.match(JSON.stringify(await bad('/customer/query/', { campaignId: 'x' })), /must be up to 50 numbers/);
});
