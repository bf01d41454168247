// Lines of orders: which is which, when they come again, in another order, twice, or for one another; and
// which of several purchases a change is of.
import assert from 'node:assert/strict';

import { Shop, MINUTE, PERSON, parametersOf } from '../lib/exports.mjs';
import { makePlugin, makeProduct, makeSku, PLUGIN_SECRET } from '../lib/fixtures.mjs';
import { expect } from '../lib/http.mjs';
import { scenario } from '../lib/hub.mjs';

const LOGIN = { loginId: 'landing', password: 'pass-word' };

// A shop with two clubs, and how to reach it as a client and by postback.
async function open() {
    const shop = await Shop.start();
    const { api, hub } = shop;
    shop.second = await makeProduct(api, 'Club Two', { price: '20.00', recurring: true });
    await makeSku(api, shop.campaign.id, 'club-1', { productId: shop.club.id });
    await makeSku(api, shop.campaign.id, 'club-2', { productId: shop.second.id });
    const plugin = expect(await makePlugin(api, shop.campaign.id, { importUnknownSkus: true, clientApi: LOGIN }), 201).json;
    const ids = Object.fromEntries(new URL(plugin.webhookUrl).searchParams);
    shop.client = async (path, values, wanted = 'SUCCESS') => {
        const { result, message } = expect(await hub.anonymous.post(path, new URLSearchParams({ ...LOGIN, ...values }).toString(), { headers: { 'content-type': 'application/x-www-form-urlencoded' } }), 200).json;
        assert.equal(result, wanted, JSON.stringify(message));
        return message;
    };
    shop.post = async (body) => {
        const answer = expect(await hub.anonymous.post('/api/v1/plugins/webhooks/konnektive', JSON.stringify({ ...ids, orderId: 7, orderStatus: 'COMPLETE', ...body }), { headers: { 'content-type': 'application/json', 'X-Webhook-Secret': PLUGIN_SECRET } }), 200).json;
        const event = expect(await api.get(`/api/v1/events/${answer.id}`), 200).json;
        return event.occurrences.map((one) => one.type);
    };
    shop.newest = async () => (await api.all('/api/v1/orders'))[0];
    return shop;
}

const purchases = (message) => Object.fromEntries(Object.values(message.items).filter((item) => item.purchaseId).map((item) => [item.productSku, [item.purchaseId, item.purchaseStatus]]));

scenario('client: a purchase keeps its number when another line comes, and is the one that is cancelled', async () => {
    const shop = await open();
    const order = await shop.client('/order/import/', { campaignId: 1, ...PERSON, product1_id: 'club-1', product2_id: 'club-2', product3_id: 'extra', product3_price: '1.00' });
    assert.deepEqual(purchases(order), { 'club-1': [101, 'ACTIVE'], 'club-2': [102, 'ACTIVE'] });
    const replaced = await shop.client('/upsale/import/', { orderId: order.orderId, productId: 'better', productPrice: '5.00', replaceProductId: 'extra' });
    assert.deepEqual(Object.values(replaced.items).map((item) => item.productSku), ['club-1', 'club-2', 'better'], 'where the other stood');
    assert.deepEqual(purchases(replaced), purchases(order));
    await shop.client('/upsale/import/', { orderId: order.orderId, productId: 'club-2', productQty: 2, replaceProductId: 'club-1' });
    const cancelled = await shop.client('/purchase/cancel/', { purchaseId: 102 });
    assert.deepEqual(Object.values(cancelled.items).map((item) => [item.purchaseId, item.purchaseStatus]), [[105, 'ACTIVE'], [102, 'CANCELLED'], [undefined, undefined]]);
    await shop.hub.kill();
    await shop.hub.start();
    const updated = await shop.client('/purchase/update/', { purchaseId: 105, status: 'PAUSED' });
    assert.deepEqual(Object.values(updated.items).map((item) => item.purchaseStatus), ['PAUSED', 'CANCELLED', undefined]);
});

scenario('what happened to a line is sent as that line\'s, though the lines stand in another order by then, or it has gone', async () => {
    const shop = await open();
    const lines = [{ productId: shop.club.id }, { productId: shop.second.id }];
    const profile = await shop.profile('pause', { delayMinutes: 10, mappings: { price: '[recurringPrice]', purchase: '[purchaseId]' } });
    const order = await shop.order({ lines });
    assert.deepEqual(order.lines.map((line) => line.number), [1, 2]);
    await shop.change(order, { id: 'p1', type: 'pause', productId: shop.second.id });
    const told = (await shop.api.all('/api/v1/events?type=order.pause'))[0];
    const { data } = expect(await shop.api.get(`/api/v1/events/${told.id}`), 200).json;
    assert.equal(data.order.lines[data.line].number, 2);
    const preview = new URL((await shop.preview(profile, order, { customerType: 'pause' })).url);
    assert.deepEqual([...preview.searchParams], [['price', '20.00'], ['purchase', '102']]);
    await shop.order({ clientOrderId: order.clientOrderId, lines: [{ sku: 'neuro-1' }, ...lines.toReversed()] });
    assert.deepEqual((await shop.newest()).lines.map((line) => line.number), [3, 2, 1]);
    await shop.hub.advance(11 * MINUTE);
    assert.deepEqual(parametersOf(await shop.only(profile)), [...preview.searchParams]);

    await shop.change(order, { id: 'p2', type: 'pause', productId: shop.club.id });
    await shop.order({ clientOrderId: order.clientOrderId, lines: [lines[1]] });
    await shop.hub.advance(11 * MINUTE);
    assert.deepEqual(parametersOf((await shop.sent(profile))[1]), [['price', ''], ['purchase', '']], 'no other\'s');
});

scenario('a product twice in one input is two lines, and the same input again changes nothing', async () => {
    const shop = await open();
    const see = (order) => [order.total, order.captured, order.lines.map((line) => [line.number, line.sku, line.qty, line.price])];
    const want = ['52.00', '52.00', [[1, 'neuro-1', 1, '47.00'], [2, 'neuro-1', 2, '0.00'], [3, 'other', 1, '5.00']]];
    const sale = { customerType: 'SALE', product1_sku: 'neuro-1', product1_qty: '1', product1_price: '47.00', product2_sku: 'neuro-1', product2_qty: '2', product2_price: '0.00', product3_sku: 'other', product3_price: '5.00' };
    for (let i = 0; i < 3; i++) {
        assert.deepEqual(await shop.post(sale), i === 0 ? ['order.new_sale'] : []);
        assert.deepEqual(see(await shop.newest()), want);
    }
    const imported = { orderId: 'TWICE', campaignId: 1, ...PERSON, product1_id: 'neuro-1', product1_price: '47.00', product2_id: 'neuro-1', product2_qty: 2, product2_price: '0.00', product3_id: 'other', product3_price: '5.00' };
    for (let i = 0; i < 3; i++) {
        assert.equal((await shop.client('/order/import/', imported)).totalAmount, '52.00');
        assert.deepEqual(see(await shop.newest()), want);
    }
    const lines = [{ sku: 'neuro-1', qty: 1, price: '47.00' }, { sku: 'neuro-1', qty: 2, price: '0.00' }, { sku: 'other', price: '5.00' }];
    for (let i = 0; i < 2; i++) assert.deepEqual(see(await shop.order({ clientOrderId: 'API', lines })), want);
});

scenario('a second upsell of the same product is another one, and a repeat is none', async () => {
    const shop = await open();
    const order = await shop.order({ lines: [{ sku: 'neuro-1', qty: 1, price: '47.00' }] });
    const upsell = { type: 'upsell', lines: [{ sku: 'extra', qty: 1, price: '19.00' }] };
    for (const [id, paid, told] of [['u1', '66.00', ['upsell']], ['u1', '66.00', []], ['u2', '85.00', ['upsell']], ['u2', '85.00', []]]) {
        const after = await shop.change(order, { id, ...upsell });
        assert.deepEqual([after.captured, after.total, after.occurrences], [paid, paid, told], id);
    }
    const { orderId } = await shop.client('/order/import/', { campaignId: 1, ...PERSON, product1_id: 'neuro-1', product1_price: '47.00' });
    const before = (await shop.api.all('/api/v1/events?type=order.upsell')).length;
    const calls = [
        [{ productId: 'extra', productPrice: '19.00' }, '66.00'],
        [{ productId: 'extra', productQty: 2, productPrice: '35.00' }, '101.00'],
        [{ product1_id: 'x', product1_price: '1.00', product2_id: 'y', product2_price: '2.00' }, '104.00'],
        [{ product1_id: 'x', product1_price: '1.00', product2_id: 'z', product2_price: '2.00' }, '107.00'],
    ];
    for (const [values, total] of calls)
        for (let i = 0; i < 2; i++) {
            const after = await shop.client('/upsale/import/', { orderId, ...values });
            assert.deepEqual([after.totalAmount, after.refundRemaining], [total, total], JSON.stringify(values));
        }
    assert.equal((await shop.api.all('/api/v1/events?type=order.upsell')).length - before, 4);
});

scenario('a purchase is named by its product where its line came by a SKU', async () => {
    const shop = await open();
    const order = await shop.order({ lines: [{ sku: 'club-1' }, { sku: 'club-2' }] });
    const { occurrences, lines } = await shop.change(order, { id: 'p', type: 'pause', productId: shop.second.id });
    assert.deepEqual([occurrences, lines.map((line) => line.purchaseState)], [['pause'], ['active', 'paused']]);
});

scenario('postbacks: what happened to one of two purchases is that one\'s alone, by its id from then on', async () => {
    const shop = await open();
    const types = ['cancel', 'recurring_order', 'pause'];
    const mappings = { type: '[customerType]', purchase: '[purchaseId]', price: '[recurringPrice]' };
    const all = await shop.profile(types, { mappings });
    const second = await shop.profile(types, { routes: { productIds: [shop.second.id] }, mappings });
    const both = { product1_sku: 'club-1', product1_price: '12.00', product1_recurringstatus: 'ACTIVE', product2_sku: 'club-2', product2_price: '20.00', product2_recurringstatus: 'ACTIVE' };
    const see = async () => (await shop.newest()).lines.map((line) => [line.purchaseId, line.purchaseState, line.billingCycle]);
    await shop.post({ ...both, customerType: 'SALE', totalPrice: '32.00' });
    assert.deepEqual(await see(), [[null, 'active', 1], [null, 'active', 1]]);
    const rebill = { customerType: 'RECURRING', product1_sku: 'club-1', product1_price: '12.00', totalPrice: '12.00', purchaseId: 'PA', nextBillDate: '2027-01-22' };
    assert.deepEqual(await shop.post(rebill), ['order.recurring_order']);
    assert.deepEqual(await see(), [['PA', 'active', 2], [null, 'active', 1]]);
    assert.deepEqual((await shop.newest()).lines.map((line) => line.nextBillDate), ['2027-01-22', null]);
    assert.deepEqual(await shop.post({ ...both, customerType: 'CANCEL', purchaseId: 'PA' }), ['order.cancel']);
    assert.deepEqual(await see(), [['PA', 'cancelled', 2], [null, 'active', 1]]);
    assert.deepEqual(await shop.post({ ...both, customerType: 'CANCEL', purchaseId: 'PA' }), [], 'a repeat');
    assert.deepEqual(await shop.count(second), 0, 'none of them was the second');
    assert.deepEqual(await shop.post({ ...both, customerType: 'PAUSE', product2_recurringstatus: 'PAUSED' }), ['order.pause']);
    assert.deepEqual(await see(), [['PA', 'cancelled', 2], [null, 'paused', 1]]);
    const sent = (await shop.sent(all)).map((request) => Object.fromEntries(parametersOf(request)));
    assert.deepEqual(sent, [
        { type: 'RECURRING', purchase: 'PA', price: '12.00' },
        { type: 'CANCEL', purchase: 'PA', price: '12.00' },
        { type: 'PAUSE', purchase: '102', price: '20.00' },
    ]);
    assert.deepEqual(parametersOf(await shop.only(second))[1], ['purchase', '102']);
});

scenario('postbacks: a bill that says which it is, is that one', async () => {
    const shop = await open();
    const line = { product1_sku: 'club-1', product1_price: '12.00', product1_recurringstatus: 'ACTIVE', totalPrice: '12.00' };
    const cycle = async () => (await shop.newest()).lines[0].billingCycle;
    await shop.post({ ...line, customerType: 'SALE', product1_billingCycleNumber: '1' });
    assert.equal(await cycle(), 1);
    const profile = await shop.profile('recurring_order', { mappings: { cycle: '[product1_billingCycleNumber]' } });
    await shop.post({ ...line, customerType: 'RECURRING', product1_billingCycleNumber: '2' });
    assert.equal(await cycle(), 2);
    await shop.post({ ...line, customerType: 'RECURRING', dateUpdated: '2026-11-22 00:00:01' });
    assert.equal(await cycle(), 3, 'one that does not is counted');
    assert.deepEqual((await shop.sent(profile)).map((request) => parametersOf(request)[0][1]), ['2', '3']);
});

scenario('a SKU that is linked to a product that recurs: lines from before are purchases of it', async () => {
    const shop = await open();
    const types = ['new_sale', 'fulfillment_shipped', 'recurring_order', 'cancel'];
    const profile = await shop.profile(types, { routes: { productIds: [shop.club.id] }, mappings: { type: '[customerType]', status: '[product1_recurringstatus]', purchase: '[purchaseId]' } });
    const line = { product1_sku: 'Fresh One', product1_price: '12.00' };
    for (const orderId of [1, 2]) await shop.post({ ...line, orderId, customerType: 'SALE' });
    await shop.post({ ...line, orderId: 3, customerType: 'PARTIAL', orderStatus: 'PARTIAL' });
    const imported = await shop.order({ lines: [{ sku: 'fresh one', price: '12.00' }] });
    const sku = (await shop.api.all('/api/v1/skus')).find((one) => one.sku === 'Fresh One');
    expect(await shop.api.patch(`/api/v1/skus/${sku.id}`, { productId: shop.club.id }), 200);
    const apart = await shop.order({ lines: [{ sku: 'fresh one', price: '12.00', recurring: false }] });
    const see = async () => (await shop.api.all('/api/v1/orders')).reverse().map(({ lines: [one] }) => [one.recurring, one.purchaseState, one.billingCycle]);
    assert.deepEqual(await see(), [[true, 'active', 1], [true, 'active', 1], [true, null, 0], [true, 'active', 1], [false, null, 0]]);
    const [first] = (await shop.api.all('/api/v1/orders')).reverse();
    const explain = async () => expect(await shop.api.post(`/api/v1/export-profiles/${profile.id}/explain`, { orderId: first.id }), 200).json;
    const [sale, shipped] = (await explain()).routes;
    assert.deepEqual([sale.wouldSend, sale.refusedBy, shipped.refusedBy], [false, 'product', 'customer_type']);
    assert.match(sale.message, /before its line had this product/);

    assert.deepEqual(await shop.post({ orderId: 1, customerType: 'FULFILLMENT', fulfillmentStatus: 'SHIPPED', trackingNumber: 'Z' }), ['order.fulfillment_shipped']);
    assert.deepEqual(await shop.post({ ...line, orderId: 1, customerType: 'RECURRING', totalPrice: '12.00', purchaseId: 'P1' }), ['order.recurring_order']);
    const cancelled = await shop.change(imported, { id: 'c', type: 'cancel' });
    assert.deepEqual([cancelled.occurrences, cancelled.lines[0].purchaseState], [['cancel'], 'cancelled']);
    assert.deepEqual(await shop.post({ ...line, orderId: 3, customerType: 'SALE' }), ['order.new_sale', 'order.subscription_started']);
    assert.deepEqual(await see(), [[true, 'active', 2], [true, 'active', 1], [true, 'active', 1], [true, 'cancelled', 1], [false, null, 0]]);
    expect(await shop.api.post(`/api/v1/orders/${apart.id}/changes`, { type: 'cancel' }), 422);
    assert.deepEqual((await shop.sent(profile)).map((request) => parametersOf(request).map(([, value]) => value)), [
        ['SALE', '', ''], ['FULFILLMENT', 'ACTIVE', '101'], ['RECURRING', 'ACTIVE', 'P1'], ['CANCEL', 'CANCELLED', '401'], ['SALE', 'ACTIVE', '301'],
    ]);
    assert.deepEqual((await explain()).routes.map((route) => route.refusedBy), ['product', null, null, 'customer_type']);
});

scenario('an order has 100 lines at most, and an upsell one at least', async () => {
    const shop = await open();
    const hundred = Object.fromEntries(Array.from({ length: 100 }, (_, i) => [`product${i + 1}_id`, `sku-${i}`]));
    const order = { campaignId: 1, ...PERSON, ...hundred };
    assert.equal(Object.keys((await shop.client('/order/import/', { ...order, orderId: 'FULL' })).items).length, 100);
    assert.match(await shop.client('/order/import/', { ...order, productId: 'one-more' }, 'ERROR'), /100 lines at most/);
    const { id } = await shop.newest();
    const refused = async (lines) => expect(await shop.api.post(`/api/v1/orders/${id}/changes`, { id: 'u', type: 'upsell', lines }), 422).json.errors[0];
    const full = await refused([{ sku: 'one-more' }]);
    assert.deepEqual([full.pointer, full.code], ['/lines', 'conflict']);
    assert.equal((await refused([])).pointer, '/lines');
});
