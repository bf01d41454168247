// Order postbacks of Konnektive: every way they come in, whose they are, and what becomes of them.
import assert from 'node:assert/strict';
import { after } from 'node:test';

import { checkEquations } from '../lib/books.mjs';
import { ledgerOf, makeCampaign, makePlugin, makeProduct, makeSku, makeWebhook } from '../lib/fixtures.mjs';
import { expect, expectProblem } from '../lib/http.mjs';
import { filesUnder, readText, scenario, startHub } from '../lib/hub.mjs';
import { startReceiver } from '../lib/receiver.mjs';

const SECRET = 'hush-hush-Konnektive-7';
const PATH = '/api/v1/plugins/webhooks/konnektive';

async function setUp({ plugin: more, ...options } = {}) {
    const hub = await startHub({ clock: true, ...options });
    const api = hub.client();
    const campaign = await makeCampaign(api, 'Lander');
    const plugin = expect(await makePlugin(api, campaign.id, { secret: SECRET, importUnknownSkus: true, ...more }), 201).json;
    const ids = { organizationId: hub.owners[0].organizationId, pluginInstanceId: plugin.id };
    const { anonymous } = hub;
    const post = (body, { path = PATH, headers = { 'X-Webhook-Secret': SECRET } } = {}) => anonymous.post(path, body, { headers });
    const orders = async () => api.all('/api/v1/orders');
    return { hub, api, campaign, plugin, ids, anonymous, post, orders };
}

// The 25 keys of the plugin's guide, filled as Konnektive fills them.
const VALUES = {
    country: 'US', product1_qty: '6', orderId: '279415', state: 'NY', product1_sku: 'neuro-1', shipAddress2: 'Dock 2', address2: 'Apt 3',
    firstName: 'Ann', shipState: 'NJ', phoneNumber: '+1 555 0100', customerType: 'SALE', shipCountry: 'US', product1_name: 'Neuro & Co',
    orderStatus: 'COMPLETE', postalCode: '12207', product1_price: '282.00', shipAddress1: '9 Dock Rd', city: 'Albany', lastName: 'Lee-Ö',
    shipCity: 'Troy', address1: '1 Main St', emailAddress: 'Ann@Example.com', shipPostalCode: '07001',
};
const form = (values) => new URLSearchParams(values).toString();
const FORM = { 'content-type': 'application/x-www-form-urlencoded' };

// What of an order is the sender's.
const told = ({ id, orderId, customerId, contactId, createdAt, updatedAt, ...rest }) => ({ ...rest, lines: rest.lines.map(({ skuId, ...line }) => line) });

scenario('S0.6 S0.24 S0.25: the guide\'s mapping by GET, as a form and as JSON: the same order', async () => {
    const seen = [];
    for (const send of [
        ({ anonymous, ids }) => anonymous.get(`${PATH}?${form({ ...VALUES, ...ids })}`, { headers: { 'X-Webhook-Secret': SECRET } }),
        ({ post, ids }) => post(form({ ...VALUES, ...ids }), { headers: { ...FORM, 'X-Webhook-Secret': SECRET } }),
        ({ post, ids }) => post({ ...VALUES, ...ids }),
        ({ post, ids }) => post(VALUES, { path: `${PATH}?${form(ids)}` }),
    ]) {
        const world = await setUp();
        const answer = expect(await send(world), 200).json;
        assert.equal(answer.status, 'accepted');
        const event = expect(await world.api.get(`/api/v1/events/${answer.id}`), 200).json;
        assert.equal(event.type, 'order_postback');
        assert.equal(event.inletId, world.plugin.id);
        assert.deepEqual(event.occurrences.map((one) => one.type), ['contact.created', 'order.new_sale']);
        const [order] = await world.orders();
        assert.equal(event.orderId, order.id);
        assert.deepEqual([order.campaignId, order.senderOrderId, order.state, order.total], [world.campaign.id, '279415', 'complete', '282.00']);
        assert.deepEqual(order.lines.map((line) => [line.sku, line.name, line.qty, line.price]), [['neuro-1', 'Neuro & Co', 6, '282.00']]);
        seen.push({ ...told(order), campaignId: null, clientOrderId: null });
    }
    for (const one of seen) assert.deepEqual(one, seen[0]);
    const { customer } = seen[0];
    for (const key of Object.keys(VALUES).filter((name) => !/^(product1|order|customerType)/.test(name))) assert.equal(customer[key], VALUES[key], key);
});

scenario('S0.6 S0.7 A1: the secret in each place, a wrong one, and none', async () => {
    const { api, anonymous, post, ids, orders } = await setUp();
    const body = (n) => ({ ...VALUES, ...ids, orderId: `${n}` });
    expect(await post(body(1)), 200);
    expect(await post(body(2), { headers: { Authorization: `Bearer ${SECRET}` } }), 200);
    expect(await post({ ...body(3), secret: SECRET }, { headers: {} }), 200);
    expect(await post(body(4), { path: `${PATH}/${SECRET}`, headers: {} }), 200);
    expect(await post(body(5), { path: `${PATH}?secret=${SECRET}`, headers: {} }), 200);
    expect(await post({ ...VALUES, orderId: '6' }, { path: `${PATH}/${ids.organizationId}/${ids.pluginInstanceId}/${SECRET}`, headers: {} }), 200);
    expect(await post({ ...VALUES, orderId: '7' }, { path: `${PATH}/${ids.organizationId}/${ids.pluginInstanceId}` }), 200);
    assert.equal((await orders()).length, 7);
    expectProblem(await post(body(8), { headers: {} }), 401, 'unauthenticated');
    expectProblem(await post(body(8), { headers: { 'X-Webhook-Secret': 'wrong' } }), 401, 'unauthenticated');
    expectProblem(await anonymous.get(`${PATH}?${form({ ...body(8), secret: `${SECRET}x` })}`), 401, 'unauthenticated');
    assert.equal((await orders()).length, 7);
    const rejections = await api.all('/api/v1/rejections');
    assert.equal(rejections.length, 3);
    assert.ok(rejections.every((one) => one.reason === 'unauthenticated' && one.inlet === 'plugin.konnektive' && one.inletId === ids.pluginInstanceId), JSON.stringify(rejections[0]));
    assert.ok(!JSON.stringify(rejections).includes(SECRET));
});

scenario('S0.26 A2: ids that are missing, unknown, another\'s, or said twice and not the same', async () => {
    const { hub, api, post, ids } = await setUp({ organizations: 2 });
    const theirs = hub.client(hub.owners[1]);
    const other = expect(await makePlugin(theirs, (await makeCampaign(theirs)).id, { secret: SECRET }), 201).json;
    const missing = expectProblem(await post(VALUES), 400, 'malformed').json;
    assert.equal(missing.errors[0].field, 'organizationId');
    assert.equal(expectProblem(await post({ ...VALUES, organizationId: ids.organizationId }), 400, 'malformed').json.errors[0].field, 'pluginInstanceId');
    expectProblem(await post({ ...VALUES, ...ids, organizationId: '00000000-0000-4000-8000-000000000000' }), 404, 'not_found');
    expectProblem(await post({ ...VALUES, ...ids, organizationId: 'org-123' }), 404, 'not_found');
    const unknown = expectProblem(await post({ ...VALUES, ...ids, pluginInstanceId: 'plg_0000000000001' }), 404, 'not_found').json;
    const another = expectProblem(await post({ ...VALUES, ...ids, pluginInstanceId: other.id }), 404, 'not_found').json;
    assert.equal(unknown.detail, another.detail, 'nothing says that it is there');
    expect(await post({ ...VALUES, ...ids }, { path: `${PATH}?${form(ids)}` }), 200);
    expectProblem(await post({ ...VALUES, ...ids }, { path: `${PATH}?${form({ ...ids, pluginInstanceId: other.id })}` }), 400, 'malformed');
    expectProblem(await post({ ...VALUES, ...ids }, { path: `${PATH}?city=Rome` }), 400, 'malformed');
    assert.equal((await api.all('/api/v1/orders')).length, 1);
});

scenario('S0.8 S0.9 S0.10 S0.34: SKUs of the chosen campaign alone; unknown ones are imported once, and linked later', async () => {
    const { api, campaign, plugin, ids, post, orders } = await setUp();
    const product = await makeProduct(api, 'Neuro', { price: '47.00' });
    const other = await makeCampaign(api, 'Other');
    await makeSku(api, other.id, 'neuro-1', { productId: product.id });
    expect(await post({ ...VALUES, ...ids, orderId: '1' }), 200);
    expect(await post({ ...VALUES, ...ids, orderId: '2', product1_sku: ' NEURO-1 ' }), 200);
    const skus = (await api.all('/api/v1/skus')).filter((sku) => sku.campaignId === campaign.id);
    assert.deepEqual(skus.map((sku) => [sku.sku, sku.type, sku.imported, sku.productId]), [['neuro-1', 'text', true, null]]);
    assert.ok((await orders()).every((order) => order.lines[0].skuId === skus[0].id && order.lines[0].productId === null));
    expect(await api.patch(`/api/v1/skus/${skus[0].id}`, { productId: product.id }), 200);
    assert.ok((await orders()).every((order) => order.lines[0].productId === product.id), 'lines that were there are linked, too');
    expect(await post({ ...VALUES, ...ids, orderId: '3' }), 200);
    assert.ok((await orders()).every((order) => order.lines[0].productId === product.id));
    expect(await api.patch(`/api/v1/skus/${skus[0].id}`, { productId: null }), 200);
    assert.ok((await orders()).every((order) => order.lines[0].productId === null), 'and unlinked again');
    expect(await api.patch(`/api/v1/plugins/${plugin.id}`, { importUnknownSkus: false }), 200);
    expect(await post({ ...VALUES, ...ids, orderId: '4', product1_sku: 'new-one' }), 200);
    assert.equal((await api.all('/api/v1/skus')).length, 2);
    const [newest] = await orders();
    assert.deepEqual([newest.lines[0].sku, newest.lines[0].skuId], ['new-one', null], 'kept as it was said, unmatched');
});

scenario('A8 two senders count their orders each for itself: the client order id keeps them apart', async () => {
    const { post, ids, orders, api, campaign } = await setUp();
    const other = expect(await makePlugin(api, campaign.id, { name: 'another account', secret: SECRET }), 201).json;
    const theirs = Object.fromEntries(new URL(other.webhookUrl).searchParams);
    expect(await post({ ...VALUES, ...ids, orderId: '100', clientOrderID: 'AAA' }), 200);
    expect(await post({ ...VALUES, ...theirs, orderId: '100', clientOrderID: 'BBB', emailAddress: 'bob@x.org' }), 200);
    // Who does not say it means the one that has the number.
    expect(await post({ ...VALUES, ...ids, orderId: '200' }), 200);
    expect(await post({ ...VALUES, ...ids, orderId: '200', clientOrderID: 'CCC' }), 200);
    assert.deepEqual((await orders()).map((order) => order.clientOrderId).sort(), ['AAA', 'BBB', 'CCC']);
});

scenario('A6 A8: repeats, later postbacks of the same order, bad business values: never a 5xx, nothing told twice', async () => {
    const { hub, api, ids, post, orders } = await setUp();
    const receiver = await startReceiver();
    after(() => receiver.close());
    await makeWebhook(api, receiver.url, { eventTypes: ['order.*'], order: 'subject' });
    const send = async (more) => expect(await post({ ...VALUES, ...ids, clientOrderID: '3ABA6A99DD', ...more }), 200).json;
    await send({ customerType: 'PARTIAL', orderStatus: 'PARTIAL', product1_price: '0.00' });
    await send({});
    await send({});
    await send({ customerType: 'FULFILLMENT', fulfillmentStatus: 'SHIPPED', trackingNumber: '1Z9' });
    await send({ customerType: 'FULFILLMENT', fulfillmentStatus: 'SHIPPED', trackingNumber: '1Z9' });
    const odd = await send({ customerType: 'NOVELTY', product1_price: 'a lot', product1_qty: 'some', emailAddress: 'not an address', dateUpdated: '0000-00-00 00:00:00' });
    const event = expect(await api.get(`/api/v1/events/${odd.id}`), 200).json;
    assert.ok(event.notes.length >= 2, JSON.stringify(event.notes));
    assert.equal((await orders()).length, 1);
    await receiver.waitFor(4);
    await hub.settled();
    assert.deepEqual(receiver.requests.map((request) => JSON.parse(request.body).type), ['order.partial', 'order.abandoned_cart', 'order.new_sale', 'order.fulfillment_shipped']);
    assert.equal(expectProblem(await post({ ...ids, firstName: 'Nobody' }), 422, 'invalid').json.errors.length > 0, true);
    expectProblem(await post('{', { path: `${PATH}?${form(ids)}`, headers: { 'content-type': 'application/json', 'X-Webhook-Secret': SECRET } }), 400, 'malformed');
    expectProblem(await post('<a/>', { path: `${PATH}?${form(ids)}`, headers: { 'content-type': 'application/xml', 'X-Webhook-Secret': SECRET } }), 415, 'unsupported_media_type');
    expectProblem(await post({ ...VALUES, ...ids, custom1: 'x'.repeat(600000) }), 413, 'too_large');
    checkEquations(await ledgerOf(api));
    await hub.checkLedger();
});

scenario('S0.5 S0.33: the secret and card numbers are nowhere: not in answers, logs, events or files', async () => {
    const { hub, api, campaign, plugin, ids, post, anonymous } = await setUp();
    const card = '4111111111111111';
    expect(await post({ ...VALUES, ...ids, secret: SECRET, cardNumber: card, cardSecurityCode: '987' }, { headers: {} }), 200);
    const texts = { custom1: `card ${card}`, sourceValue1: card, declineReason: `4111 1111 1111 1111 declined`, address2: card, shipAddress2: 'Dock 2', product1_name: `for ${card}`, fullName: '4111 1111 1111 1111' };
    expect(await post({ ...VALUES, ...ids, orderId: '4', ...texts }), 200);
    expect(await api.post('/api/v1/orders', { clientOrderId: 'own', campaignId: campaign.id, state: 'partial', customer: { firstName: card, phoneNumber: '+1 555 0100' }, fields: { custom1: `card ${card}` }, lines: [{ sku: 'a', name: card }] }), 201);
    expect(await post({ ...VALUES, ...ids, orderId: '2' }, { path: `${PATH}/${SECRET}`, headers: {} }), 200);
    expect(await anonymous.get(`${PATH}/${ids.organizationId}/${ids.pluginInstanceId}/${SECRET}?${form({ ...VALUES, orderId: '3' })}`), 200);
    expectProblem(await post({ ...VALUES, ...ids, secret: SECRET, pluginInstanceId: 'plg_0000000000001' }, { headers: {} }), 404, 'not_found');
    expectProblem(await post({ ...VALUES, ...ids, custom1: 'x'.repeat(600000), secret: SECRET }, { path: `${PATH}/${SECRET}`, headers: {} }), 413, 'too_large');
    const [order] = (await api.all('/api/v1/orders')).filter((one) => one.senderOrderId === '279415');
    assert.equal(order.fields.cardLast4, '1111');
    const [free] = (await api.all('/api/v1/orders')).filter((one) => one.senderOrderId === '4');
    assert.deepEqual([free.fields.custom1, free.fields.declineReason, free.customer.address2, free.customer.shipAddress2], ['card (masked)', '(masked) declined', '(masked)', 'Dock 2']);
    const shown = [];
    for (const path of ['/api/v1/events', '/api/v1/orders', '/api/v1/rejections', '/api/v1/audit', '/api/v1/plugins']) shown.push(...await api.all(path));
    for (const event of await api.all('/api/v1/events')) shown.push(expect(await api.get(`/api/v1/events/${event.id}`), 200).json);
    shown.push(expect(await api.get(`/api/v1/plugins/${plugin.id}`), 200).json);
    const log = hub.tail(100000);
    await hub.stop();
    for (const hidden of [SECRET, card, '4111 1111', '"987"']) {
        assert.ok(!JSON.stringify(shown).includes(hidden), `${hidden} is shown`);
        assert.ok(!log.includes(hidden), `${hidden} is in the log`);
        for (const file of filesUnder(hub.data)) assert.ok(!readText(file).includes(hidden), `${hidden} is in ${file}`);
    }
});

scenario('postbacks that were answered are there behind a kill', async () => {
    const { hub, ids, post, orders } = await setUp();
    await Promise.all(Array.from({ length: 50 }, (_, i) => post({ ...VALUES, ...ids, orderId: `${i}`, emailAddress: `p${i}@example.com` }).then((answer) => expect(answer, 200))));
    await hub.kill();
    await hub.start();
    assert.equal((await orders()).length, 50);
    assert.equal(new Set((await orders()).map((order) => order.orderId)).size, 50);
    await hub.checkLedger();
});

scenario('A price that nobody has said is the linked product\'s, or the line\'s own; a product that recurs makes its line recur', async () => {
    const { api, campaign, ids, post, orders } = await setUp();
    const club = await makeProduct(api, 'Club', { price: '12.50', recurring: true });
    await makeSku(api, campaign.id, 'club-1', { productId: club.id });
    const send = async (orderId, more) => expect(await post({ ...ids, orderId, customerType: 'SALE', ...more }), 200).json;
    const sale = await send('1', { product1_sku: 'CLUB-1', product1_qty: '2' });
    const [first] = await orders();
    assert.deepEqual(first.lines.map((line) => [line.price, line.qty, line.recurring]), [['25.00', 2, true]]);
    assert.equal(first.total, '25.00');
    const told = expect(await api.get(`/api/v1/events/${sale.id}`), 200).json.occurrences.map((one) => one.type);
    assert.deepEqual(told, ['order.new_sale', 'order.subscription_started']);
    await send('2', { product1_sku: 'club-1', product1_price: '9.90' });
    await send('2', { customerType: 'FULFILLMENT', trackingNumber: '1Z', product1_sku: 'club-1' });
    const [second] = await orders();
    assert.deepEqual([second.lines[0].price, second.total, second.captured], ['9.90', '9.90', '9.90']);
    await send('3', { product1_sku: 'nobody-knows' });
    assert.equal((await orders())[0].lines[0].price, '0.00');
});

scenario('Two rebills that nothing tells apart: one on a day of the account\'s, another on the next', async () => {
    const { hub, api, ids, post, orders } = await setUp();
    expect(await api.patch('/api/v1/organization', { timeZone: 'Asia/Kolkata' }), 200);
    const bill = async () => expect(await post({ ...ids, orderId: '1', customerType: 'REBILL', product1_sku: 'club', totalPrice: '10.00' }), 200);
    const captured = async () => (await orders())[0].captured;
    // The first moment of a day there: 18:30 in UTC.
    const now = Date.parse(expect(await hub.anonymous.get('/test/clock'), 200).json.now);
    const day = 86400000;
    await hub.advance(day - ((now + 5.5 * 3600000) % day));
    await bill();
    assert.equal(await captured(), '10.00', 'of an order that nobody has heard of, the bill is paid and no more');
    await hub.advance(day - 1);
    await bill();
    assert.equal(await captured(), '10.00');
    await hub.advance(1);
    await bill();
    assert.equal(await captured(), '20.00');
});

scenario('A8: paused, active again and paused on one day: each is told, and the same twice in a row is not', async () => {
    const { api, ids, post, orders } = await setUp();
    const send = async (customerType, more) => {
        const { id } = expect(await post({ ...ids, orderId: '1', customerType, product1_sku: 'club', ...more }), 200).json;
        return expect(await api.get(`/api/v1/events/${id}`), 200).json.occurrences.map((one) => one.type).filter((type) => type !== 'contact.created');
    };
    await send('SALE', { product1_price: '10.00', totalPrice: '10.00', product1_recurringstatus: 'ACTIVE' });
    for (const [customerType, type, status] of [['PAUSE', 'order.pause', 'paused'], ['REACTIVATE', 'order.reactivate', 'active'], ['PAUSE', 'order.pause', 'paused'], ['CANCEL', 'order.cancel', 'cancelled']]) {
        assert.deepEqual(await send(customerType), [type]);
        assert.deepEqual(await send(customerType), [], 'a repeat');
        const [{ lines: [line] }] = await orders();
        assert.ok(JSON.stringify(line).toLowerCase().includes(`"${status}"`), JSON.stringify(line));
    }
});

scenario('B18: a chargeback of more than was paid: refused by the API, taken and noted of a postback', async () => {
    const { api, ids, post, orders } = await setUp();
    expect(await post({ ...VALUES, ...ids, totalPrice: '282.00' }), 200);
    const [order] = await orders();
    const change = async (amount) => api.post(`/api/v1/orders/${order.id}/changes`, { type: 'chargeback', amount });
    const { errors } = expectProblem(await change('282.01'), 422, 'invalid').json;
    assert.deepEqual([errors[0].field, errors[0].code], ['amount', 'conflict']);
    assert.match(errors[0].message, /at most 282\.00/);
    assert.equal((await orders())[0].state, 'complete');
    const { id } = expect(await post({ ...VALUES, ...ids, customerType: 'CHARGEBACK', chargebackAmount: '300.00' }), 200).json;
    assert.match(JSON.stringify(expect(await api.get(`/api/v1/events/${id}`), 200).json.data.notes), /more than was paid/);
    assert.equal((await orders())[0].state, 'chargeback');
    expectProblem(await change('0.01'), 422, 'invalid');
});

scenario('B18: a refund that nothing tells from the one before is taken as a repeat, and its event says so', async () => {
    const { api, ids, post, orders } = await setUp();
    const send = async (more) => {
        const { id } = expect(await post({ ...VALUES, ...ids, ...more }), 200).json;
        const { notes } = expect(await api.get(`/api/v1/events/${id}`), 200).json;
        return notes.filter((note) => note.code === 'repeat');
    };
    await send({ totalPrice: '282.00' });
    const refund = { customerType: 'REFUND', refundAmount: '10.00' };
    assert.deepEqual(await send(refund), []);
    const [note] = await send(refund);
    assert.equal(note.field, 'dateRefunded');
    assert.match(note.message, /repeat.*add it with POST .*map dateRefunded/);
    assert.equal((await orders())[0].refunded, '10.00');
    assert.deepEqual(await send({ ...refund, dateRefunded: '2026-11-20' }), []);
    assert.deepEqual((await send({ ...refund, dateRefunded: '2026-11-20' })).map(({ field }) => field), ['customerType']);
    assert.equal((await orders())[0].refunded, '20.00');
    const decline = { orderId: '2', customerType: 'DECLINE', orderStatus: 'DECLINED' };
    assert.deepEqual(await send(decline), []);
    assert.deepEqual((await send(decline)).map(({ field }) => field), ['dateUpdated']);
});

// What an order has been told of by each of its postbacks, and what was noted.
async function orderSteps() {
    const world = await setUp();
    const { api, campaign, ids, post, orders } = world;
    const club = await makeProduct(api, 'Club', { price: '12.00', recurring: true });
    for (const sku of ['club-1', 'club-2']) await makeSku(api, campaign.id, sku, { productId: club.id });
    const send = async (orderId, body) => {
        const { id } = expect(await post({ ...ids, orderId, ...body }), 200).json;
        const { occurrences, notes } = expect(await api.get(`/api/v1/events/${id}`), 200).json;
        const types = occurrences.map((one) => one.type.replace('order.', '')).filter((type) => type !== 'contact.created');
        return { types, notes };
    };
    const told = async (orderId, body) => (await send(orderId, body)).types;
    const find = async (orderId) => (await orders()).find((order) => order.senderOrderId === String(orderId));
    return { ...world, send, told, find };
}

scenario('A8: what happens to two purchases in the same moment, each named by its line: each is told, and a repeat is not', async () => {
    const { told, find } = await orderSteps();
    const lines = { product1_sku: 'club-1', product1_price: '12.00', product2_sku: 'club-2', product2_price: '12.00' };
    await told(1, { customerType: 'SALE', totalPrice: '24.00', ...lines });
    for (const [body, type] of [
        [{ customerType: 'RECURRING', totalPrice: '12.00', product1_billingCycleNumber: '2' }, 'recurring_order'],
        [{ customerType: 'REBILL_DECLINED' }, 'rebill_decline'],
        [{ customerType: 'RECYCLE_FAILED', dateUpdated: '2026-11-20 03:00:00' }, 'recycle_failed'],
        [{ customerType: 'PREBILL', nextBillDate: '2026-12-01' }, 'pre_billing'],
        [{ customerType: 'CANCEL', dateUpdated: '2026-11-20 10:00:00' }, 'cancel'],
    ]) {
        for (const product1_sku of ['club-1', 'club-2']) assert.deepEqual(await told(1, { ...body, product1_sku }), [type], `${body.customerType} ${product1_sku}`);
        for (const product1_sku of ['club-1', 'club-2']) assert.deepEqual(await told(1, { ...body, product1_sku }), [], `${body.customerType} ${product1_sku} again`);
    }
    assert.equal((await find(1)).captured, '48.00');
});

scenario('B18: without customerType each later postback has the same state: nothing counts twice', async () => {
    const { told, send, find } = await orderSteps();
    const at = (hour, body) => ({ ...body, dateUpdated: `2026-11-20 ${hour}:00:00` });
    const shipped = { orderStatus: 'COMPLETE', totalPrice: '94.00', fulfillmentStatus: 'SHIPPED', trackingNumber: 'T1' };
    const refunded = { orderStatus: 'REFUNDED', refundAmount: '94.00', fulfillmentStatus: 'SHIPPED', trackingNumber: 'T1' };
    assert.deepEqual(await told(1, at(10, { orderStatus: 'COMPLETE', totalPrice: '94.00' })), ['new_sale']);
    assert.deepEqual(await told(1, at(11, shipped)), ['fulfillment_shipped']);
    assert.deepEqual(await told(1, at(12, { ...shipped, city: 'Rome' })), []);
    assert.deepEqual(await told(1, at(13, refunded)), ['all_refunds', 'full_refunds']);
    const { types, notes } = await send(1, at(14, { ...refunded, fulfillmentStatus: 'RETURNED' }));
    assert.deepEqual([types, notes.map((note) => `${note.field} ${note.code}`)], [['rma_received'], ['dateRefunded repeat']]);
    assert.deepEqual(await told(1, at(15, { ...refunded, fulfillmentStatus: 'RETURNED' })), []);
    assert.deepEqual(await told(1, refunded), [], 'where it stood before is no news');
    const order = await find(1);
    assert.deepEqual([order.state, order.refunded, order.fulfillment], ['refunded', '94.00', 'returned']);
    await told(2, at(10, { orderStatus: 'COMPLETE', totalPrice: '94.00' }));
    assert.deepEqual(await told(2, at(13, { orderStatus: 'CHARGEBACK', chargebackAmount: '94.00' })), ['chargeback']);
    assert.deepEqual(await told(2, at(14, { orderStatus: 'CHARGEBACK', chargebackAmount: '94.00', city: 'Oslo' })), []);
});

scenario('B18: a refund that cannot be read is not all that is left; a total below 0 is a refund, whatever the type', async () => {
    const { send, find } = await orderSteps();
    const sale = { customerType: 'SALE', totalPrice: '94.00', product1_sku: 'neuro-1', product1_price: '94.00', product1_qty: '2' };
    for (const [id, body, refunded, field] of [
        [1, { customerType: 'REFUND', totalPrice: '-33.333' }, '0.00', 'totalPrice'],
        [2, { orderStatus: 'REFUNDED', totalPrice: '-1.033,50' }, '0.00', 'totalPrice'],
        [3, { customerType: 'REFUND', refundAmount: '33.333', totalPrice: '-33.33' }, '33.33', 'refundAmount'],
        [4, { customerType: 'RECURRING', totalPrice: '-12.00' }, '12.00', 'customerType'],
        [5, { customerType: 'SALE', totalPrice: '-12.00' }, '12.00', 'customerType'],
        [6, { totalPrice: '-40.00', product1_sku: 'neuro-1', product1_price: '-40.00', product1_qty: '1' }, '40.00', 'product1_price'],
        [7, { customerType: 'REFUND', refundAmount: '40.00', product1_sku: 'neuro-1', product1_price: '40.00', product1_qty: '1' }, '40.00', null],
    ]) {
        await send(id, sale);
        const { types, notes } = await send(id, body);
        assert.deepEqual(types, ['all_refunds', 'partial_refunds'], JSON.stringify(body));
        assert.deepEqual(notes.slice(0, 1).map((note) => note.field), field === null ? [] : [field], JSON.stringify(body));
        const { state, captured, refunded: back, total, lines } = await find(id);
        assert.deepEqual([state, captured, back, total], ['complete', '94.00', refunded, '94.00'], JSON.stringify(body));
        assert.deepEqual(lines.map((line) => [line.sku, line.qty, line.price]), [['neuro-1', 2, '94.00']]);
    }
});

scenario('A bill does not change what its line was sold for; its price is what is paid, where no total says it', async () => {
    const { told, find } = await orderSteps();
    await told(1, { customerType: 'SALE', totalPrice: '4.95', product1_sku: 'club-1', product1_price: '4.95' });
    await told(1, { customerType: 'RECURRING', totalPrice: '29.95', product1_sku: 'club-1', product1_price: '29.95', product1_billingCycleNumber: '2' });
    await told(1, { customerType: 'RECURRING', product1_sku: 'club-1', product1_price: '19.95', product1_billingCycleNumber: '3' });
    const order = await find(1);
    assert.deepEqual([order.total, order.captured, order.lines[0].price], ['4.95', '54.85', '4.95']);
    // Of an order that nobody has heard of.
    await told(2, { customerType: 'RECURRING', product1_sku: 'club-1', product1_price: '29.95' });
    const unheard = await find(2);
    assert.deepEqual([unheard.captured, unheard.lines[0].price], ['29.95', '29.95']);
});

scenario('Lists, objects, true and false in JSON where one text is wanted are noted, and are no text', async () => {
    const { send, find, post, ids } = await orderSteps();
    const { notes } = await send(1, { customerType: 'SALE', totalPrice: true, product1_sku: ['a', 'b'], firstName: { a: 1 }, cardIsDebit: true });
    assert.deepEqual(notes.map((note) => `${note.field} ${note.code}`), ['totalPrice type', 'product1_sku type', 'firstName type']);
    const order = await find(1);
    assert.deepEqual([order.total, order.lines.length, order.customer.firstName ?? null], ['0.00', 0, null]);
    const { errors } = expectProblem(await post({ ...ids, orderId: ['a'], customerType: 'SALE' }), 422, 'invalid').json;
    assert.deepEqual(errors.map((error) => error.code), ['required', 'required']);
});

scenario('Upsells of one product, each listed behind the ones before: each is a line of its own, and keeps its price', async () => {
    const { told, find } = await orderSteps();
    const neuro = { product1_sku: 'neuro-1', product1_price: '94.00' };
    const prices = ['10.50', '7.50', '7.50'];
    const lines = async () => (await find(1)).lines.map((line) => [line.sku, line.price, line.upsell]);
    const want = [['neuro-1', '94.00', false]];
    await told(1, { customerType: 'SALE', totalPrice: '94.00', ...neuro });
    const listed = { ...neuro };
    const sent = [];
    for (const [i, price] of prices.entries()) {
        Object.assign(listed, { [`product${i + 2}_sku`]: 'u', [`product${i + 2}_price`]: price });
        sent.push({ customerType: 'UPSELL', ...listed });
        want.push(['u', price, true]);
        assert.deepEqual(await told(1, sent[i]), ['upsell']);
        assert.deepEqual(await lines(), want);
    }
    assert.deepEqual(await told(1, sent[2]), []);
    assert.deepEqual(await told(1, { customerType: 'DELIVERED', ...listed }), ['fulfillment_delivered']);
    assert.deepEqual(await lines(), want);
});
