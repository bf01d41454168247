// What an order's fields say: of what has happened to it, as they go out, and between two hubs.
import assert from 'node:assert/strict';

import { HOUR, Shop, parametersOf } from '../lib/exports.mjs';
import { PLUGIN_SECRET, makeCampaign, makePlugin, makeProfile, makeRoute, makeSku } from '../lib/fixtures.mjs';
import { expect, expectProblem } from '../lib/http.mjs';
import { scenario } from '../lib/hub.mjs';

const LOGIN = { loginId: 'landing', password: 'pass-word' };
const FORM = { 'content-type': 'application/x-www-form-urlencoded' };

// A shop with a plugin: its postbacks, and calls of its clients.
async function setUp(options) {
    const shop = await Shop.start(options);
    const plugin = expect(await makePlugin(shop.api, shop.campaign.id, { importUnknownSkus: true, clientApi: LOGIN }), 201).json;
    const ids = Object.fromEntries(new URL(plugin.webhookUrl).searchParams);
    const postback = async (body) => {
        const answer = await shop.hub.anonymous.post('/api/v1/plugins/webhooks/konnektive', { ...ids, orderId: 1, orderStatus: 'COMPLETE', ...body }, { headers: { 'X-Webhook-Secret': PLUGIN_SECRET } });
        return expect(await shop.api.get(`/api/v1/events/${expect(answer, 200).json.id}`), 200).json;
    };
    const client = async (path, values) => expect(await shop.hub.anonymous.post(path, new URLSearchParams({ ...LOGIN, ...values }).toString(), { headers: FORM }), 200).json;
    const good = async (path, values) => {
        const answer = await client(path, values);
        assert.equal(answer.result, 'SUCCESS', JSON.stringify(answer));
        return answer.message;
    };
    const newest = async () => (await shop.api.all('/api/v1/orders'))[0];
    return { shop, api: shop.api, hub: shop.hub, postback, client, good, newest };
}

const fields = (...names) => Object.fromEntries(names.map((name) => [name, `[${name}]`]));
// What has come for a profile: the values of each request.
const values = async (shop, profile) => (await shop.sent(profile)).map((received) => Object.fromEntries(parametersOf(received)));
const last = async (shop, profile) => (await values(shop, profile)).at(-1);

scenario('S1.23 S1.51: a rebill goes out with its own amount, and the sums agree at both ends', async () => {
    const shop = await Shop.start({ organizations: 2 });
    const { api, hub } = shop;
    const theirs = hub.client(hub.owners[1]);
    const incoming = await makeCampaign(theirs, 'Incoming');
    const plugin = expect(await makePlugin(theirs, incoming.id, { importUnknownSkus: true }), 201).json;
    await makeSku(api, shop.campaign.id, 'club-1', { productId: shop.club.id });
    const SUMS = fields('totalPrice', 'totalAmount', 'price', 'orderTotal');
    const seen = await shop.profile(['recurring_order', 'rebill_decline', 'fulfillment_shipped'], { mappings: SUMS });
    const more = fields('clientOrderId', 'totalPrice', 'dateUpdated', 'product2_sku', 'product2_price', 'product2_recurringstatus', 'product2_billingCycleNumber');
    const chain = await makeProfile(api, plugin.webhookUrl.split('?')[0], { mappings: { ...plugin.fieldMapping, ...more, 'header:X-Webhook-Secret': PLUGIN_SECRET } });
    for (const type of ['new_sale', 'recurring_order', 'rebill_decline']) await makeRoute(api, chain.id, type);

    const order = await shop.order({ lines: [{ sku: 'neuro-1', price: '47.00' }, { sku: 'club-1', price: '12.00' }] });
    const sums = async (client) => {
        await hub.settled();
        const [{ total, captured, state }] = await client.all('/api/v1/orders');
        return { total, captured, state };
    };
    const change = async (body) => {
        await hub.advance(1000);
        await shop.change(order, body);
        return last(shop, seen);
    };
    assert.deepEqual(await sums(theirs), { total: '59.00', captured: '59.00', state: 'complete' });
    const of = (amount) => ({ totalPrice: amount, totalAmount: amount, price: amount, orderTotal: '59.00' });
    assert.deepEqual(await change({ type: 'rebill', amount: '9.99' }), of('9.99'));
    assert.deepEqual(await change({ type: 'rebill_declined', amount: '7.00' }), of('7.00'));
    assert.deepEqual(await change({ type: 'rebill' }), of('12.00'));
    assert.deepEqual(await change({ type: 'shipped', trackingNumber: 'T' }), of('59.00'), 'all else is of the order');
    assert.equal((await shop.preview(seen, order, { customerType: 'recurring_order' })).url.match(/totalPrice=([^&]*)/)[1], '12.00');
    assert.deepEqual(await sums(api), { total: '59.00', captured: '80.99', state: 'complete' });
    assert.deepEqual(await sums(theirs), await sums(api));
    const declined = (await theirs.all('/api/v1/events?type=order.rebill_decline'))[0];
    assert.equal(expect(await theirs.get(`/api/v1/events/${declined.id}`), 200).json.data.amount, '7.00');
    await hub.checkLedger();
});

scenario('S1.23 S1.26 S1.28: the date of an order is what its sender says first, and else when it came', async () => {
    const { shop, api, hub, postback, good, newest } = await setUp();
    const DATES = fields('dateCreated', 'orderDate', 'timeCreated', 'dateCreatedIso');
    const seen = await shop.profile(['new_sale', 'fulfillment_shipped'], { mappings: DATES });
    const of = { dateCreated: '2026-09-17 16:23:08', orderDate: '2026-09-17 16:23:08', timeCreated: '16:23:08', dateCreatedIso: '2026-09-17T20:23:08.000Z' };
    // The account's zone is New York.
    const sale = await postback({ clientOrderId: 'A1', customerType: 'SALE', totalPrice: '9.00', dateCreated: '2026-09-17 16:23:08' });
    assert.deepEqual(sale.notes, []);
    assert.deepEqual(await last(shop, seen), of);
    await postback({ clientOrderId: 'A1', customerType: 'FULFILLMENT', trackingNumber: 'T', dateCreated: '2026-09-18 10:00:00' });
    assert.deepEqual(await last(shop, seen), of, 'what was said first counts');
    assert.equal((await good('/order/query/', { orderId: 'A1' })).data[0].dateCreated, of.dateCreated);
    assert.ok(Date.parse((await newest()).createdAt) > Date.parse('2026-10-01'), 'createdAt is when it came');

    const { now } = await hub.clockState();
    const later = await postback({ orderId: 2, clientOrderId: 'A2', customerType: 'SALE', totalPrice: '9.00', dateCreated: '2199-01-01 00:00:00' });
    assert.deepEqual(later.notes.map(({ field, code }) => [field, code]), [['dateCreated', 'date']]);
    assert.ok(Math.abs(Date.parse((await last(shop, seen)).dateCreatedIso) - now) < 60000, 'one from the future is not taken');
    const { dateCreated } = (await good('/order/query/', { orderId: 'A2' })).data[0];
    assert.equal(dateCreated, (await last(shop, seen)).dateCreated);
    await shop.order();
    assert.ok(Math.abs(Date.parse((await last(shop, seen)).dateCreatedIso) - now) < 600000);
    assert.equal((await api.all('/api/v1/orders')).length, 3);
});

scenario('S1.23: what is billed each time is not what a trial was sold for', async () => {
    const { shop, api, hub, postback, good, newest } = await setUp();
    const seen = await shop.profile(['new_sale', 'recurring_order', 'fulfillment_shipped'], { mappings: fields('customerType', 'recurringPrice', 'product1_recurringPrice', 'product1_price', 'totalPrice') });
    const of = (customerType, totalPrice) => ({ customerType, recurringPrice: '89.95', product1_recurringPrice: '89.95', product1_price: '4.95', totalPrice });
    const trial = { customerType: 'SALE', product1_sku: 'club-x', product1_price: '4.95', product1_recurringstatus: 'TRIAL', totalPrice: '4.95' };
    // As the order's, as the line's, and of a line that recurs because its product does.
    await makeSku(api, shop.campaign.id, 'club-y', { productId: shop.club.id });
    for (const [orderId, more] of [[1, { recurringPrice: '89.95' }], [2, { product1_recurringPrice: '89.95' }], [3, { recurringPrice: '89.95', product1_sku: 'club-y', product1_recurringstatus: '' }]]) {
        await postback({ orderId, ...trial, ...more });
        assert.deepEqual(await last(shop, seen), of('SALE', '4.95'), `${orderId}`);
        await hub.advance(1000);
        await postback({ orderId, customerType: 'RECURRING', product1_sku: more.product1_sku ?? 'club-x' });
        assert.deepEqual(await last(shop, seen), of('RECURRING', '89.95'), `${orderId}`);
        const { total, captured, lines: [line] } = await newest();
        assert.deepEqual([total, captured, line.price, line.recurringPrice], ['4.95', '94.90', '4.95', '89.95']);
    }
    const { notes } = await postback({ orderId: 4, ...trial, recurringPrice: 'dear' });
    assert.deepEqual(notes.map(({ field }) => field), ['recurringPrice']);
    assert.equal((await newest()).lines[0].recurringPrice, '4.95');

    const order = await shop.order({ lines: [{ productId: shop.club.id, price: '4.95', recurringPrice: '89.95' }, { sku: 'neuro-1', price: '1.00' }] });
    assert.deepEqual(order.lines.map((line) => [line.price, line.recurringPrice]), [['4.95', '89.95'], ['1.00', null]]);
    await shop.change(order, { type: 'rebill' });
    assert.deepEqual(await last(shop, seen), of('RECURRING', '89.95'));

    // A client's change of the price leaves what was sold.
    const made = await good('/order/import/', { campaignId: 1, firstName: 'Ann', lastName: 'Lee', product1_id: shop.club.number, product1_recurringPrice: '15.00' });
    const { purchaseId, recurringPrice } = made.items['1'];
    assert.equal(recurringPrice, '15.00');
    const changed = await good('/purchase/update/', { purchaseId, price: '20.00' });
    assert.deepEqual([changed.items['1'].price, changed.items['1'].recurringPrice, changed.totalAmount], ['12.00', '20.00', '12.00']);
    const [{ id }] = await api.all('/api/v1/orders');
    await shop.change({ id }, { type: 'rebill' });
    assert.equal((await last(shop, seen)).totalPrice, '20.00');
    assert.equal((await newest()).captured, '32.00');
});

scenario('S1.23: product ids are numbers, what a client says of a product is kept, and sums are made of lines', async () => {
    const { shop, api, hub, postback, good } = await setUp();
    await makeSku(api, shop.campaign.id, 'club-1', { productId: shop.club.id });
    const NAMES = ['product1_id', 'product2_id', 'product1_sku', 'product2_sku', 'product1_externalId', 'product1_crmId', 'product1_campaignProductId', 'totalShipping', 'baseShipping', 'basePrice'];
    const seen = await shop.profile(['new_sale', 'fulfillment_shipped'], { mappings: fields(...NAMES) });
    const known = async () => Object.fromEntries(Object.entries(await last(shop, seen)).filter(([, value]) => value !== ''));
    const numbers = { product1_id: `${shop.product.number}`, product2_id: `${shop.club.number}` };
    const shipped = { ...numbers, product2_sku: 'club-1', totalShipping: '5.00', baseShipping: '5.00', basePrice: '106.00' };
    const order = await shop.order({ lines: [{ productId: shop.product.id, price: '94.00', shipPrice: '5.00' }, { sku: 'club-1' }] });
    assert.deepEqual(await known(), shipped);
    await hub.restart();
    await shop.change(order, { type: 'shipped', trackingNumber: 'T' });
    assert.deepEqual(await known(), shipped, 'as the store has it');
    await shop.order({ fields: { totalShipping: '7.00', basePrice: '90.00' } });
    assert.deepEqual(await known(), { product1_id: numbers.product1_id, product1_sku: 'neuro-1', totalShipping: '7.00', baseShipping: '7.00', basePrice: '90.00' });

    const base = { campaignId: 1, firstName: 'Ann', lastName: 'Lee', product1_price: '1.00' };
    await good('/order/import/', { ...base, product1_id: shop.product.number, product1_sku: 'their-1', product1_externalId: 'EX', product1_crmId: 'CR', product1_campaignProductId: 'CP' });
    assert.deepEqual(await known(), { product1_id: numbers.product1_id, product1_sku: 'their-1', product1_externalId: 'EX', product1_crmId: 'CR', product1_campaignProductId: 'CP', basePrice: '1.00' });
    const made = await good('/order/import/', { ...base, product1_id: '4711', product1_sku: 'neuro-1' });
    assert.deepEqual(await known(), { product1_id: '4711', product1_sku: 'neuro-1', basePrice: '1.00' });
    assert.equal(made.items['1'].productId, shop.product.number);
    await good('/order/import/', { ...base, product1_id: 'neuro-1' });
    assert.deepEqual(await known(), { product1_id: numbers.product1_id, product1_sku: 'neuro-1', basePrice: '1.00' });
    // A postback's id is its sender's.
    await postback({ customerType: 'SALE', product1_id: '77', product1_sku: 'club-1', product1_price: '2.00', product1_externalId: 'EX', totalPrice: '2.00' });
    await postback({ customerType: 'FULFILLMENT', trackingNumber: 'T', product1_sku: 'club-1' });
    assert.deepEqual(await known(), { product1_id: '77', product1_sku: 'club-1', product1_externalId: 'EX', basePrice: '2.00' });
});

scenario('S1.62: where the parcel stands is kept when it waits or is cancelled, too; a replay takes nothing back', async () => {
    const { shop, postback, client, good, newest } = await setUp();
    const stands = async (more) => {
        const { data, notes } = await postback({ totalPrice: '9.00', ...more });
        assert.deepEqual(notes, []);
        return [(await newest()).fulfillment, data.notes.length];
    };
    const sale = { customerType: 'SALE', fulfillmentStatus: 'PENDING' };
    assert.deepEqual(await stands(sale), ['pending', 0]);
    assert.deepEqual(await stands({ customerType: 'FULFILLMENT', fulfillmentStatus: 'CANCELLED' }), ['cancelled', 0]);
    assert.deepEqual(await stands({ customerType: 'FULFILLMENT', fulfillmentStatus: 'HOLD' }), ['pending', 0]);
    assert.deepEqual(await stands({ customerType: 'FULFILLMENT', fulfillmentStatus: 'SHIPPED', trackingNumber: 'T' }), ['shipped', 0]);
    assert.deepEqual(await stands(sale), ['shipped', 1], 'the sale once more');
    assert.deepEqual(await stands({ customerType: 'FULFILLMENT', fulfillmentStatus: 'CANCELLED', dateUpdated: '2026-11-01 00:00:00' }), ['cancelled', 0]);
    assert.deepEqual(await stands({ fulfillmentStatus: 'PENDING', dateUpdated: '2026-10-01 00:00:00' }), ['cancelled', 1], 'older news');

    const { orderId } = await good('/order/import/', { campaignId: 1, firstName: 'Ann', lastName: 'Lee', product1_id: 1 });
    const update = async (fulfillmentStatus, more) => (await good('/fulfillment/update/', { orderId, fulfillmentStatus, ...more })).fulfillments[0].status;
    assert.equal(await update('Hold'), 'PENDING');
    assert.equal(await update('Shipped', { trackingNumber: 'T' }), 'SHIPPED');
    assert.equal(await update('Pending Shipment'), 'PENDING');
    assert.equal(await update('RMA Pending', { rmaNumber: 'R' }), 'RMA_PENDING');
    assert.equal(await update('rma-pending', { rmaNumber: 'R' }), 'RMA_PENDING', 'a repeat');
    assert.equal((await shop.api.all('/api/v1/events')).filter((event) => event.type === 'order.rma_issued').length, 1);
    assert.match((await client('/fulfillment/update/', { orderId, fulfillmentStatus: 'RMA Pendin' })).message.fulfillmentStatus, /must be HOLD/);
});

scenario('S1.58 S1.61: a refund and a chargeback have their time; reasons go where they belong, and no further', async () => {
    const { shop, api, hub, postback, good, newest } = await setUp();
    const NAMES = ['customerType', 'dateRefunded', 'refundReason', 'chargebackDate', 'chargebackNote', 'declineReason', 'shipCarrier'];
    const seen = await shop.profile(['decline', 'new_sale', 'partial_refunds', 'chargeback', 'fulfillment_shipped', 'cancel', 'rebill_decline', 'recurring_order'], { mappings: fields(...NAMES) });
    const local = async () => new Intl.DateTimeFormat('sv-SE', { timeZone: 'America/New_York', dateStyle: 'short', timeStyle: 'medium' }).format(new Date((await hub.clockState()).now));
    const known = async () => Object.fromEntries(Object.entries(await last(shop, seen)).filter(([, value]) => value !== ''));
    const order = await shop.order({ state: 'partial', lines: [{ sku: 'neuro-1', price: '47.00' }, { productId: shop.club.id }] });
    const change = async (body) => {
        await hub.advance(HOUR);
        const { eventId } = await shop.change(order, body);
        return expect(await api.get(`/api/v1/events/${eventId}`), 200).json;
    };
    const close = (text, at) => assert.ok(Math.abs(Date.parse(text) - Date.parse(at)) < 10000, `${text} is not ${at}`);
    await change({ type: 'decline', reason: 'No funds' });
    assert.deepEqual(await known(), { customerType: 'DECLINE', declineReason: 'No funds' });
    await change({ type: 'sale' });
    assert.deepEqual(await known(), { customerType: 'SALE' });
    await change({ type: 'rebill_declined', reason: 'No funds' });
    assert.deepEqual(await known(), { customerType: 'REBILL_DECLINE', declineReason: 'No funds' });
    await change({ type: 'rebill' });
    assert.deepEqual(await known(), { customerType: 'RECURRING' });
    const cancel = await change({ type: 'cancel', reason: 'too dear' });
    assert.deepEqual(cancel.data.received, { reason: 'too dear' });
    await change({ type: 'shipped', trackingNumber: 'T', shipCarrier: 'UPS' });
    assert.deepEqual(await known(), { customerType: 'FULFILLMENT', shipCarrier: 'UPS' });
    await change({ type: 'refund', amount: '5.00', reason: 'broken' });
    const first = await known();
    close(first.dateRefunded, await local());
    assert.deepEqual(first, { customerType: 'PARTIAL_REFUND', shipCarrier: 'UPS', refundReason: 'broken', dateRefunded: first.dateRefunded });
    await change({ type: 'refund', amount: '5.00' });
    const second = await known();
    close(second.dateRefunded, await local());
    assert.equal(second.refundReason, undefined, 'that was the first one\'s');
    await change({ type: 'chargeback', amount: '10.00', reason: '4837' });
    const third = await known();
    close(third.chargebackDate, await local());
    assert.deepEqual([third.chargebackNote, third.dateRefunded], ['4837', second.dateRefunded]);

    const { orderId } = await good('/order/import/', { campaignId: 1, firstName: 'Ann', lastName: 'Lee', product1_id: 1 });
    await good('/order/refund/', { orderId, refundAmount: '5.00', refundReason: 'broken' });
    const client = await known();
    close(client.dateRefunded, await local());
    assert.equal(client.refundReason, 'broken');
    // What a postback says of it is kept as it was said.
    await postback({ customerType: 'SALE', totalPrice: '20.00' });
    await postback({ customerType: 'REFUND', refundAmount: '5.00', dateRefunded: '2026-11-20' });
    assert.equal((await known()).dateRefunded, '2026-11-20');
    await postback({ customerType: 'REFUND', refundAmount: '6.00' });
    close((await known()).dateRefunded, await local());
    assert.equal((await newest()).refunded, '11.00');
});

scenario('B18: what is wrong with a change is named: an amount that it has no use for, the field by its last name', async () => {
    const { shop, api } = await setUp();
    const order = await shop.order({ state: 'partial' });
    const wrong = async (path, body) => expectProblem(await api.post(path, body), 422, 'invalid').json.errors.map(({ pointer, field, code }) => [pointer, field, code]);
    const changes = `/api/v1/orders/${order.id}/changes`;
    for (const type of ['sale', 'decline', 'shipped', 'cancel', 'upsell']) assert.deepEqual(await wrong(changes, { type, amount: '3.00', lines: type === 'upsell' ? [{ sku: 'a' }] : undefined }), [['/amount', 'amount', 'unknown']], type);
    const body = { campaignId: shop.campaign.id, state: 'complete' };
    assert.deepEqual(await wrong('/api/v1/orders', { ...body, lines: [{ productId: 'nobody' }] }), [['/lines/0/productId', 'productId', 'unknown']]);
    assert.deepEqual(await wrong('/api/v1/orders', { ...body, lines: [{ sku: 'a', qty: 0 }] }), [['/lines/0/qty', 'qty', 'range']]);
    assert.deepEqual(await wrong('/api/v1/orders', { ...body, lines: [{ sku: 'a', recurringPrice: 'x' }] }), [['/lines/0/recurringPrice', 'recurringPrice', 'format']]);
    assert.deepEqual(await wrong('/api/v1/orders', { ...body, customer: { emailAddress: 'x' } }), [['/customer/emailAddress', 'emailAddress', 'format']]);
});
