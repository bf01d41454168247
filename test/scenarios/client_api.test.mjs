// Konnektive's API for clients: landing pages that have only changed their base URL.
import assert from 'node:assert/strict';
import { after } from 'node:test';

import { checkEquations } from '../lib/books.mjs';
import { PLUGIN_SECRET, ledgerOf, makeCampaign, makePlugin, makeProduct, makeProfile, makeSku, makeWebhook } from '../lib/fixtures.mjs';
import { expect, expectProblem } from '../lib/http.mjs';
import { filesUnder, readText, scenario, sqliteOf, startHub } from '../lib/hub.mjs';
import { startReceiver } from '../lib/receiver.mjs';
import { until } from '../lib/wait.mjs';

const LOGIN = { loginId: 'old-landing-page', password: 'pass word-1+2' };
const FORM = { 'content-type': 'application/x-www-form-urlencoded' };
const CARD = '4111111111111111';
const PERSON = { firstName: 'Ann', lastName: 'Lee', emailAddress: 'Ann@Example.org', phoneNumber: '+1 555 0100', address1: '1 Main St', city: 'Albany', state: 'NY', country: 'US', postalCode: '12207' };
const PATHS = ['/landers/clicks/import/', '/leads/import/', '/order/import/', '/upsale/import/', '/order/update/', '/order/cancel/', '/order/refund/', '/order/qa/', '/purchase/update/', '/purchase/cancel/', '/fulfillment/update/', '/order/query/', '/customer/query/', '/customer/history/', '/campaign/query/', '/product/query/'];

// A shop with a product, one that recurs, a SKU, and a receiver of what is told.
async function setUp({ plugin: more, ...options } = {}) {
    const hub = await startHub({ clock: true, ...options });
    const api = hub.client();
    const receiver = await startReceiver();
    after(() => receiver.close());
    const campaign = await makeCampaign(api, 'Lander');
    const product = await makeProduct(api, 'Neuro', { price: '47.00' });
    const club = await makeProduct(api, 'Club', { price: '12.00', recurring: true });
    await makeSku(api, campaign.id, 'neuro-6', { productId: product.id });
    await makeWebhook(api, receiver.url, { eventTypes: ['order.*'] });
    const plugin = expect(await makePlugin(api, campaign.id, { clientApi: LOGIN, ...more }), 201).json;
    // As PHP's curl does it: a form, 200 whatever comes of it.
    const send = async (path, values = {}, login = LOGIN) => expect(await hub.anonymous.post(path, new URLSearchParams({ ...login, ...values }).toString(), { headers: FORM }), 200).json;
    const good = async (path, values) => {
        const answer = await send(path, values);
        assert.equal(answer.result, 'SUCCESS', JSON.stringify(answer));
        return answer.message;
    };
    const bad = async (path, values) => {
        const answer = await send(path, values);
        assert.equal(answer.result, 'ERROR', JSON.stringify(answer));
        return answer.message;
    };
    // By type; a kill may have one sent again, under its id.
    const told = async (count) => {
        const once = () => [...new Map(receiver.requests.map((request) => [request.id, request.json.type])).values()];
        await until('everything is told', () => once().length >= count, { timeout: 20000 });
        await hub.settled();
        return once();
    };
    const base = { campaignId: campaign.number };
    return { hub, api, receiver, campaign, product, club, plugin, send, good, bad, told, base };
}

const items = (order) => Object.values(order.items).map((item) => [item.productId, item.qty, item.price, item.productType]);

scenario('a landing page from the lead to the refund: only its base URL is another', async () => {
    const { hub, api, good, told, base, product, club, campaign, plugin, receiver } = await setUp();
    const lead = await good('/leads/import/', { ...base, ...PERSON });
    assert.equal(lead.orderStatus, 'PARTIAL');
    assert.equal(typeof lead.orderId, 'string');
    const { orderId } = lead;
    assert.equal((await good('/leads/import/', { ...base, orderId, firstName: 'Anna', lastName: 'Lee' })).orderId, orderId, 'while they type on, it is one lead');
    await good('/leads/import/', { orderId, product1_id: product.number, product1_qty: 2 });
    const order = await good('/order/import/', { orderId, paySource: 'CREDITCARD', cardNumber: CARD, cardMonth: '09', cardYear: '2031', cardSecurityCode: '737', product1_id: product.number, product1_qty: 6, product1_price: '282.00', product1_shipPrice: '5.00', product2_id: club.number });
    assert.deepEqual([order.orderId, order.orderStatus, order.totalAmount, order.firstName, order.customerId, order.campaignId], [orderId, 'COMPLETE', '299.00', 'Anna', 1, campaign.number]);
    assert.deepEqual([order.paySource, order.cardType, order.cardLast4, order.isTest], ['CREDITCARD', 'VISA', '1111', '0']);
    assert.deepEqual(items(order), [[product.number, '6', '282.00', 'OFFER'], [club.number, '1', '12.00', 'OFFER']]);
    assert.match(order.dateCreated, /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d$/);
    const purchase = order.items['2'];
    assert.equal(purchase.purchaseStatus, 'ACTIVE');

    const upsell = { orderId, productId: 'neuro-6', productQty: 1, productPrice: '19.00' };
    assert.equal((await good('/upsale/import/', upsell)).totalAmount, '318.00');
    assert.equal((await good('/upsale/import/', upsell)).totalAmount, '318.00', 'a repeat');
    assert.equal((await good('/order/update/', { orderId, shipCity: 'Troy' })).shipCity, 'Troy');
    const { purchaseId } = purchase;
    assert.equal((await good('/purchase/update/', { purchaseId, price: '14.00', nextBillDate: '12/31/2030' })).items['2'].recurringPrice, '14.00');
    assert.equal((await good('/purchase/update/', { purchaseId, status: 'PAUSED' })).items['2'].purchaseStatus, 'PAUSED');
    const active = await good('/purchase/update/', { purchaseId, reactivate: 1 });
    assert.deepEqual([active.items['2'].purchaseStatus, active.items['2'].nextBillDate, active.totalAmount], ['ACTIVE', '12/31/2030', '318.00']);
    assert.equal((await good('/purchase/cancel/', { purchaseId, cancelReason: 'too much' })).items['2'].purchaseStatus, 'CANCELLED');
    const shipped = { orderId, fulfillmentStatus: 'SHIPPED', trackingNumber: '1Z9', dateShipped: '12/01/2026', shipCarrier: 'UPS' };
    assert.equal((await good('/fulfillment/update/', shipped)).fulfillments[0].status, 'SHIPPED');
    const [{ fulfillmentId }] = (await good('/fulfillment/update/', shipped)).fulfillments;
    await good('/fulfillment/update/', { fulfillmentId, fulfillmentStatus: 'RMA_PENDING', rmaNumber: 'R-1', refundAmount: '10.00' });
    assert.equal((await good('/fulfillment/update/', { fulfillmentId, fulfillmentStatus: 'RETURNED', dateReturned: '12/02/2026' })).fulfillmentStatus, 'RETURNED');
    assert.equal((await good('/order/refund/', { orderId, refundAmount: '10.00' })).refundRemaining, '308.00');
    const cancelled = await good('/order/cancel/', { orderId, cancelReason: 'changed my mind', fullRefund: 1 });
    assert.deepEqual([cancelled.orderStatus, cancelled.refundRemaining], ['REFUNDED', '0.00']);

    const expected = [
        'partial', 'lead', 'abandoned_cart', 'new_sale', 'subscription_started', 'upsell', 'pause', 'reactivate', 'cancel',
        'fulfillment_shipped', 'rma_issued', 'rma_received', 'all_refunds', 'partial_refunds', 'all_refunds', 'full_refunds',
    ].map((type) => `order.${type}`);
    assert.deepEqual((await told(expected.length)).sort(), [...expected].sort());
    // What the client did is in the books like the rest: the plugin's events, one order, one customer.
    const [seen] = await api.all('/api/v1/orders');
    assert.deepEqual([seen.clientOrderId, seen.state, seen.customer.firstName, seen.fulfillment], [orderId, 'refunded', 'Anna', 'returned']);
    const events = (await api.all('/api/v1/events')).filter((event) => event.type === 'order_import');
    assert.equal(events.length, 4);
    const whole = expect(await api.get(`/api/v1/events/${events[0].id}`), 200).json;
    assert.equal(whole.inletId, plugin.id);
    assert.equal(receiver.requests.every((request) => request.json.data.order.clientOrderId === orderId), true);
    await hub.checkLedger();
    checkEquations(await ledgerOf(api));
});

scenario('QA: forced, approved, declined; a repeat of the import does not decide it', async () => {
    const { good, bad, told, base, product } = await setUp();
    const sale = { ...base, ...PERSON, product1_id: product.number };
    const one = await good('/order/import/', { ...sale, forceQA: 1 });
    assert.equal(one.orderStatus, 'QA_PENDING');
    assert.equal((await good('/order/import/', { ...sale, orderId: one.orderId })).orderStatus, 'QA_PENDING');
    assert.deepEqual(await bad('/order/qa/', { orderId: one.orderId, action: 'MAYBE' }), { action: 'must be APPROVE or DECLINE' });
    assert.equal((await good('/order/qa/', { orderId: one.orderId, action: 'APPROVE' })).orderStatus, 'COMPLETE');
    assert.equal(await bad('/order/qa/', { orderId: one.orderId, action: 'APPROVE' }), 'The order does not wait in QA.');
    const two = await good('/order/import/', { ...sale, forceQA: 1 });
    assert.equal((await good('/order/qa/', { orderId: two.orderId, action: 'DECLINE' })).orderStatus, 'DECLINED');
    const types = await told(3);
    assert.deepEqual(types.sort(), ['order.new_sale', 'order.qa_pending', 'order.qa_pending']);
});

scenario('the refusals that clients know, and what is wrong by the name of the parameter', async () => {
    const { api, good, bad, base, product, club, campaign } = await setUp();
    const line = { product1_id: product.number };
    assert.equal(await bad('/leads/import/', base), 'First and last name are required fields.');
    assert.equal(await bad('/leads/import/', { ...base, firstName: 'Ann' }), 'First and last name are required fields.');
    assert.deepEqual(await bad('/leads/import/', PERSON), { campaignId: 'is a required field' });
    assert.deepEqual(await bad('/leads/import/', { ...PERSON, campaignId: 77 }), { campaignId: 'is no campaign\'s number' });
    assert.equal(await bad('/order/import/', { ...base, ...PERSON }), 'No products exist in the order');
    assert.equal(await bad('/order/import/', { ...PERSON, ...line }), 'No products exist in the order');
    assert.equal(await bad('/order/import/', { ...PERSON, ...line, campaignId: 77 }), 'No products exist in the order');
    assert.equal(await bad('/order/import/', { ...base, ...line }), 'Customer not found');
    assert.equal(await bad('/order/import/', { ...base, ...line, orderId: 'NOBODYS' }), 'Customer not found');
    assert.equal(await bad('/order/import/', { ...base, ...line, customerId: 99 }), 'Customer not found');
    assert.equal(await bad('/order/import/', { ...base, ...line, lastName: 'Lee' }), 'First and last name are required fields.');
    assert.equal(await bad('/order/import/', { ...base, ...line, ...PERSON, actualOrderId: 99 }), 'No orders matching those parameters could be found');
    for (const path of ['/upsale/import/', '/order/update/', '/order/cancel/', '/order/refund/', '/order/qa/', '/fulfillment/update/']) {
        assert.deepEqual(await bad(path, {}), { orderId: 'is a required field' }, path);
        assert.equal(await bad(path, { orderId: 'NOBODYS', productId: 1 }), 'No orders matching those parameters could be found', path);
    }
    for (const path of ['/purchase/update/', '/purchase/cancel/']) {
        assert.deepEqual(await bad(path, {}), { purchaseId: 'is a required field' });
        for (const purchaseId of ['101', '0', '-5', 'x', '99999999999999999999', '9223372036854775807']) assert.equal(await bad(path, { purchaseId }), 'Purchase not found');
    }
    assert.equal((await api.all('/api/v1/orders')).length, 0);

    const { orderId } = await good('/order/import/', { ...base, ...PERSON, ...line });
    assert.equal(await bad('/leads/import/', { orderId, firstName: 'Eve' }), 'The order is a lead no more: change it by /order/update/');
    assert.deepEqual(await bad('/upsale/import/', { orderId }), { productId: 'is a required field' });
    assert.deepEqual(await bad('/upsale/import/', { orderId, productId: 'unknown' }), { productId: 'is neither a product\'s number nor a SKU of the campaign' });
    assert.deepEqual(await bad('/upsale/import/', { orderId, productId: club.number, replaceProductId: 55 }), { replaceProductId: 'is no product of the order' });
    assert.deepEqual(await bad('/order/update/', { orderId, product1_id: 1 }), { product1_id: 'cannot be changed here: send /order/import/ or /upsale/import/' });
    assert.deepEqual(await bad('/order/refund/', { orderId }), { refundAmount: 'is a required field' });
    assert.deepEqual(Object.keys(await bad('/order/refund/', { orderId, refundAmount: '48.00' })), ['refundAmount'], 'more than was paid');
    assert.deepEqual(Object.keys(await bad('/order/cancel/', { orderId, afterNextBill: 1 })), ['afterNextBill']);
    for (const [values, field] of [[{}, 'fulfillmentStatus'], [{ fulfillmentStatus: 'LOST' }, 'fulfillmentStatus'], [{ fulfillmentStatus: 'SHIPPED' }, 'trackingNumber'], [{ fulfillmentStatus: 'RMA_PENDING' }, 'rmaNumber']])
        assert.deepEqual(Object.keys(await bad('/fulfillment/update/', { orderId, ...values })), [field]);
    const purchase = (await good('/order/import/', { ...base, ...PERSON, product1_id: club.number })).items['1'].purchaseId;
    for (const [values, field] of [[{ billNow: 1 }, 'billNow'], [{ status: 'GONE' }, 'status'], [{ price: 'x' }, 'price'], [{ price: '-1' }, 'price'], [{ nextBillDate: '31/31/2026' }, 'nextBillDate']])
        assert.deepEqual(Object.keys(await bad('/purchase/update/', { purchaseId: purchase, ...values })), [field]);
    // Each is a rejection that the merchant sees.
    const rejections = await api.all('/api/v1/rejections');
    assert.ok(rejections.length > 40, `${rejections.length}`);
    assert.ok(rejections.every((one) => one.inlet === 'plugin.konnektive'), JSON.stringify(rejections[0]));
    assert.equal((await api.get(`/api/v1/orders?clientOrderId=${orderId}`)).json.data[0].refunded, '0.00');
    assert.equal(campaign.number, 1);
});

scenario('bad values in each field are named, and nothing of them is stored; odd ones never get a 5xx', async () => {
    const { hub, api, bad, send, base, product } = await setUp();
    const sale = { ...base, ...PERSON, product1_id: product.number };
    for (const [field, value] of [
        ['campaignId', 'x'], ['campaignId', '-1'], ['campaignId', '1.5'], ['customerId', 'cus_0'], ['actualOrderId', 'F5'], ['orderId', 'x'.repeat(101)],
        ['emailAddress', 'nobody'], ['firstName', 'x'.repeat(501)], ['currencyCode', 'US$'], ['custom1', 'x'.repeat(501)],
        ['product1_qty', '0'], ['product1_qty', 'six'], ['product1_qty', '1000001'], ['product1_price', '1.999'], ['product1_price', '-1'], ['product1_shipPrice', 'free'],
        ['product1_id', 'x'.repeat(101)], ['product1_id', 'unknown'], ['product101_id', '1'], ['product0_id', '1'], ['product1_nextBillDate', 'x'.repeat(41)],
    ]) assert.deepEqual(Object.keys(await bad('/order/import/', { ...sale, [field]: value })), [field], `${field}=${value}`);
    assert.deepEqual(Object.keys(await bad('/order/import/', { ...sale, product2_qty: 2, emailAddress: 'x' })), ['emailAddress', 'product2_id']);
    const many = Object.fromEntries(Array.from({ length: 600 }, (_, i) => [`p${i}`, 'x']));
    assert.match(await bad('/order/import/', many), /more than 500 parameters/);
    const twice = expect(await hub.anonymous.post('/order/import/', `${new URLSearchParams(LOGIN)}&firstName=a&firstName=b`, { headers: FORM }), 200).json;
    assert.deepEqual([twice.result, Object.keys(twice.message)], ['ERROR', ['firstName']]);
    for (const body of ['firstName=%zz', 'firstName=%00', '%ff=x', '=x']) assert.equal(expect(await hub.anonymous.post('/order/import/', body, { headers: FORM }), 200).json.result, 'ERROR');
    expect(await hub.anonymous.post('/order/import/', '<x/>', { headers: { 'content-type': 'application/xml' } }), 200);
    expectProblem(await hub.anonymous.post('/order/import/', `x=${'x'.repeat(1100000)}`, { headers: FORM }), 413, 'too_large');
    expectProblem(await hub.anonymous.put('/order/import/', 'x', { headers: FORM }), 405);
    const odd = ['', ' ', '0', '-1', 'NaN', '1e308', '99999999999999999999', '\u{1F600}', 'a&b=c', '../..', '[]', '0000-00-00', '2/30/2026', "' OR 1=1", 'x'.repeat(2000)];
    const names = ['orderId', 'campaignId', 'customerId', 'purchaseId', 'fulfillmentId', 'fulfillmentStatus', 'productId', 'productQty', 'productPrice', 'refundAmount', 'action', 'status', 'price', 'nextBillDate', 'startDate', 'endDate', 'dateRangeType', 'orderStatus', 'orderType', 'page', 'resultsPerPage', 'emailAddress', 'phoneNumber', 'product1_id', 'product1_qty', 'replaceProductId'];
    for (const path of PATHS) for (const [i, name] of names.entries()) await send(path, { ...sale, orderId: 'ODD', [name]: odd[(i + path.length) % odd.length], [names[(i * 7) % names.length]]: odd[(i * 5) % odd.length] });
    for (const value of odd) for (const name of names) await send(PATHS[names.indexOf(name) % PATHS.length], { ...sale, orderId: 'ODD2', [name]: value });
    for (const order of await api.all('/api/v1/orders')) assert.match(order.clientOrderId, /\S/);
    await hub.checkLedger();
});

scenario('card data is nowhere: not in the store, the log, the events, the rejections, or what is sent', async () => {
    const { hub, api, receiver, good, bad, told, base, product, send } = await setUp({ args: ['--log-level', 'debug'] });
    const sale = { ...base, ...PERSON, product1_id: product.number, paySource: 'CREDITCARD', cardMonth: '09', cardYear: '2031', cardSecurityCode: '73911', achAccountNumber: '000123456789', achRoutingNumber: '021000021', sessionId: 'abc' };
    for (const cardNumber of [CARD, '4111-1111-1111-1111', '5500 0055 5555 5559', '378282246310005']) {
        const { orderId } = await good('/order/import/', { ...sale, cardNumber, custom1: `card ${cardNumber}`, shipAddress2: cardNumber });
        await bad('/order/refund/', { ...sale, orderId, cardNumber, refundAmount: 'x' });
        await bad('/order/import/', { ...sale, orderId, cardNumber, product1_qty: 'x' });
        expect(await hub.anonymous.get(`/order/import/?${new URLSearchParams({ ...LOGIN, ...sale, cardNumber })}`), 200);
    }
    const test = await good('/order/import/', { ...sale, cardNumber: '0000-0000 0000-0000', cardSecurityCode: '100' });
    assert.deepEqual([test.isTest, test.cardType, test.cardLast4], ['1', 'TESTCARD', '0000']);
    const brands = (await api.all('/api/v1/orders')).map((order) => [order.testCard, order.fields.cardType, order.fields.cardLast4]);
    assert.deepEqual(brands.filter((row, i) => i === 0 || i % 2 === 1), [[true, 'TESTCARD', '0000'], [false, 'AMEX', '0005'], [false, 'MASTERCARD', '5559'], [false, 'VISA', '1111'], [false, 'VISA', '1111']]);
    await send('/order/query/', { cardNumber: CARD });
    await told(9);
    const secrets = [CARD, '4111-1111', '5500 0055', '5500005555555559', '378282246310005', '0000-0000 0000-0000', '73911', '000123456789', '021000021', LOGIN.password, new URLSearchParams({ p: LOGIN.password }).toString().slice(2)];
    const seen = [hub.log, JSON.stringify(await api.all('/api/v1/rejections')), JSON.stringify(await api.all('/api/v1/audit')), JSON.stringify(await api.all('/api/v1/plugins')), ...receiver.requests.map((request) => request.body.toString())];
    for (const { id } of await api.all('/api/v1/events')) seen.push(expect(await api.get(`/api/v1/events/${id}`), 200).text);
    for (const text of seen) assert.ok(!text.includes('0000000000000000'), 'the test card, which in the store is a setting too');
    await hub.stop();
    for (const path of filesUnder(hub.data)) seen.push(readText(path));
    for (const secret of secrets) for (const text of seen) assert.ok(!text.includes(secret), `${secret} in ${text.slice(Math.max(0, text.indexOf(secret) - 200), text.indexOf(secret) + 50)}`);
});

scenario('who may come in: a wrong login, an address, a rate; and nothing says which login there is', async () => {
    const { hub, api, send, plugin, base } = await setUp();
    const wrong = { result: 'ERROR', message: 'loginId or password is wrong' };
    for (const login of [{ ...LOGIN, password: 'another one' }, { ...LOGIN, password: '' }, { ...LOGIN, loginId: 'nobody' }, { ...LOGIN, loginId: 'x'.repeat(500) }, { password: LOGIN.password }, {}])
        for (const path of ['/order/import/', '/order/query/']) assert.deepEqual(await send(path, base, login), wrong);
    assert.equal((await api.all('/api/v1/rejections')).length, 0);
    assert.ok(hub.log.includes('client login refused'));
    for (let i = 0; i < 12; i++) await send('/order/query/', {}, { ...LOGIN, password: 'a guess' });
    assert.match((await send('/order/query/', {}, LOGIN)).message, /^Too many attempts/, 'one login from one address');
    await hub.advance(60000);
    assert.equal((await send('/campaign/query/')).result, 'SUCCESS');
    for (let i = 0; i < 30; i++) assert.equal((await send('/campaign/query/')).result, 'SUCCESS', 'what is right is no guess');

    const organization = async (change) => expect(await api.patch('/api/v1/organization', change), 200);
    await organization({ allowedAddresses: ['192.0.2.1'] });
    for (const path of PATHS) assert.match((await send(path, base)).message, /^IP must be whitelisted - (::ffff:)?127\.0\.0\.1$/, path);
    await organization({ allowedAddresses: [], ratePerMinute: 2 });
    await hub.advance(60000);
    const results = [];
    for (let i = 0; i < 3; i++) results.push((await send('/leads/import/', { ...base, ...PERSON })).result);
    assert.deepEqual(results, ['SUCCESS', 'SUCCESS', 'ERROR']);
    assert.match((await send('/order/query/')).message, /^At most 2 requests a minute/);
    assert.ok((await api.all('/api/v1/rejections')).some((one) => one.reason === 'rate_limited' && one.inletId === plugin.id));
    await organization({ ratePerMinute: null });

    expect(await api.delete(`/api/v1/plugins/${plugin.id}`), 204);
    assert.deepEqual(await send('/order/query/'), wrong);
});

scenario('the client API of a plugin is switched on, changed and off, and says so in the audit trail', async () => {
    const { hub, api, send, plugin } = await setUp({ organizations: 2 });
    const path = `/api/v1/plugins/${plugin.id}`;
    const change = async (clientApi) => expect(await api.patch(path, { clientApi }), 200).json.clientApi;
    const works = async (login) => (await send('/campaign/query/', {}, login)).result === 'SUCCESS';
    assert.deepEqual(plugin.clientApi, { loginId: LOGIN.loginId, baseUrl: `${hub.url}/` }, 'a password that was given is not shown');
    assert.equal(await change(null), null);
    assert.equal(await works(LOGIN), false);
    const made = await change({});
    assert.match(made.loginId, /^\w{20}$/);
    assert.match(made.password, /^\w{32}$/);
    assert.equal(await works({ loginId: made.loginId, password: made.password }), true);
    assert.deepEqual(expect(await api.get(path), 200).json.clientApi, { loginId: made.loginId, baseUrl: `${hub.url}/` }, 'it is shown once');
    assert.equal((await change({ loginId: 'shop@example.org' })).password, undefined);
    assert.equal(await works({ loginId: 'shop@example.org', password: made.password }), true);
    assert.equal(await works(made), false);
    const again = await change({ password: null });
    assert.notEqual(again.password, made.password);
    assert.equal(await works({ loginId: 'shop@example.org', password: made.password }), false);
    assert.equal(await works(again), true);
    await hub.restart();
    assert.equal((await send('/campaign/query/', {}, again)).result, 'SUCCESS');

    for (const [clientApi, pointer] of [[{ loginId: 'ab' }, '/clientApi/loginId'], [{ loginId: 'a b c' }, '/clientApi/loginId'], [{ loginId: 'x'.repeat(101) }, '/clientApi/loginId'], [{ password: 'short' }, '/clientApi/password'], [{ password: 'with & in it' }, '/clientApi/password'], [{ password: ' in front' }, '/clientApi/password'], [{ other: 1 }, '/clientApi/other'], ['on', '/clientApi']])
        assert.deepEqual(expectProblem(await api.patch(path, { clientApi }), 422, 'invalid').json.errors.map((error) => error.pointer), [pointer], JSON.stringify(clientApi));
    const theirs = hub.client(hub.owners[1]);
    const campaign = await makeCampaign(theirs);
    const taken = expectProblem(await makePlugin(theirs, campaign.id, { clientApi: { loginId: 'shop@example.org' } }), 422, 'invalid');
    assert.deepEqual(taken.codes, ['loginId:duplicate']);
    const other = expect(await makePlugin(theirs, campaign.id, { clientApi: {} }), 201).json;
    assert.equal((await send('/campaign/query/', {}, other.clientApi)).message.totalResults, 1, 'the login says whose it is');

    const audit = (await api.all('/api/v1/audit')).filter((row) => row.object === plugin.id);
    assert.deepEqual(audit.map((row) => row.action).filter((action) => action.startsWith('plugin.client_api')).reverse(), ['plugin.client_api.on', 'plugin.client_api.off', 'plugin.client_api.on', 'plugin.client_api.change', 'plugin.client_api.change']);
    assert.ok(!JSON.stringify(audit).includes(made.password) && !JSON.stringify(audit).includes(LOGIN.password));
    const viewer = api.with({ key: expect(await api.post('/api/v1/api-keys', { name: 'r', scopes: ['plugins:read'] }), 201).json.key });
    expectProblem(await viewer.patch(path, { clientApi: null }), 403);
});

scenario('orders are looked for by ids, days, states and names; pages are counted from 1', async () => {
    const { hub, api, good, bad, base, product, club } = await setUp({ organizations: 2 });
    const other = await makeCampaign(api, 'Second');
    const line = { product1_id: product.number };
    assert.equal(await bad('/order/query/', {}), 'No orders matching those parameters could be found');
    const made = [];
    for (let i = 0; i < 30; i++) made.push(await good('/order/import/', { ...base, ...PERSON, ...line, emailAddress: `p${i % 3}@example.org`, firstName: `P${i % 3}`, phoneNumber: `+1 555 010${i % 3}`, campaignId: i % 2 ? other.number : 1 }));
    await good('/order/refund/', { orderId: made[0].orderId, fullRefund: 1 });
    const lead = await good('/leads/import/', { ...base, firstName: 'Zed', lastName: 'Q', product1_id: club.number });
    const query = async (values) => good('/order/query/', values);
    const count = async (values) => (await query(values)).totalResults;

    const first = await query({});
    assert.deepEqual([first.totalResults, first.resultsPerPage, first.page, first.data.length], [31, 25, 1, 25]);
    assert.equal(first.data[0].orderId, lead.orderId, 'the newest first');
    const second = await query({ page: 2 });
    assert.equal(second.data.length, 6);
    const ids = [...first.data, ...second.data].map((order) => order.orderId);
    assert.deepEqual([...ids].sort(), [...made, lead].map((order) => order.orderId).sort());
    assert.deepEqual((await query({ page: 3 })).data, []);
    assert.equal((await query({ resultsPerPage: 200 })).data.length, 31);
    assert.deepEqual(Object.keys(await bad('/order/query/', { resultsPerPage: 201 })), ['resultsPerPage']);
    assert.deepEqual(Object.keys(await bad('/order/query/', { page: 0 })), ['page']);

    const one = (await query({ orderId: made[4].orderId })).data[0];
    assert.deepEqual(one, made[4], 'an import answers what a query does');
    assert.equal((await query({ actualOrderId: one.actualOrderId })).data[0].orderId, one.orderId);
    assert.equal(await bad('/order/query/', { orderId: String(one.actualOrderId) }), 'No orders matching those parameters could be found', 'a number is no client order id');
    assert.equal(await count({ customerId: one.customerId }), 10);
    assert.equal(await count({ emailAddress: 'P1@EXAMPLE.ORG' }), 10);
    assert.equal(await bad('/order/query/', { emailAddress: 'nobody@example.org' }), 'No orders matching those parameters could be found');
    assert.equal(await count({ campaignId: other.number }), 15);
    assert.equal(await count({ campaignId: `1,${other.number}, 99` }), 31);
    assert.equal(await bad('/order/query/', { campaignId: 99 }), 'No orders matching those parameters could be found');
    assert.equal(await count({ orderStatus: 'COMPLETE' }), 29);
    assert.equal(await count({ orderStatus: 'REFUNDED' }), 1);
    assert.equal(await count({ orderStatus: 'partial', firstName: 'zed' }), 1);
    assert.equal(await count({ firstName: 'P2', lastName: 'lee' }), 10);
    assert.equal(await count({ phoneNumber: '15550102' }), 10);
    assert.equal(await count({ orderType: 'NEW_SALE' }), 31);
    assert.equal(await bad('/order/query/', { orderType: 'RECURRING' }), 'No orders matching those parameters could be found');
    for (const [name, value] of [['orderStatus', 'x'], ['orderType', 'x'], ['campaignId', '1,x'], ['startDate', '13/1/2026'], ['endDate', 'x'], ['dateRangeType', 'x'], ['customerId', 'x'], ['campaignId', Array(51).fill(1).join()]])
        assert.deepEqual(Object.keys(await bad('/order/query/', { [name]: value })), [name]);

    // Another organization's login sees none of it.
    const theirs = hub.client(hub.owners[1]);
    const login = expect(await makePlugin(theirs, (await makeCampaign(theirs)).id, { clientApi: {} }), 201).json.clientApi;
    for (const values of [{}, { orderId: one.orderId }, { actualOrderId: 1 }, { customerId: 1 }]) assert.equal(await bad('/order/query/', { ...login, ...values }), 'No orders matching those parameters could be found');
    await hub.checkLedger();
});

const NO_ORDERS = 'No orders matching those parameters could be found';

scenario('the identity trap: actualOrderId is the number that the sender has for an order, as exports have it', async () => {
    const { hub, api, good, bad, base, product, plugin } = await setUp();
    const ids = Object.fromEntries(new URL(plugin.webhookUrl).searchParams);
    const postback = async (body) => expect(await hub.anonymous.post('/api/v1/plugins/webhooks/konnektive', { ...ids, orderStatus: 'COMPLETE', customerType: 'SALE', totalPrice: '47.00', ...PERSON, ...body }, { headers: { 'X-Webhook-Secret': PLUGIN_SECRET } }), 200);
    await postback({ orderId: 279415, clientOrderId: '3ABA6A99DD' });
    const here = await good('/order/import/', { ...base, ...PERSON, product1_id: product.number });
    await postback({ orderId: 'A-0017', clientOrderId: 'F5A8CD676F' });
    assert.equal(here.actualOrderId, 2, 'one that came here first has the number that the hub gave it');
    const profile = await makeProfile(api, 'https://crm.example/in', { mappings: { client: '[clientOrderId]', actual: '[actualOrderId]' } });
    for (const [actual, client] of [[279415, '3ABA6A99DD'], [2, here.orderId], ['A-0017', 'F5A8CD676F']]) {
        for (const values of [{ orderId: client }, { clientOrderId: client }, { clientOrderId: client, orderId: actual }, { actualOrderId: actual }]) {
            const { totalResults, data: [order] } = await good('/order/query/', values);
            assert.deepEqual([totalResults, order.orderId, order.clientOrderId, order.actualOrderId], [1, client, client, actual], JSON.stringify(values));
            assert.deepEqual(await good('/order/query/', { ...values, page: 2 }), { totalResults: 1, resultsPerPage: 25, page: 2, data: [] });
        }
        const { url } = expect(await api.post(`/api/v1/export-profiles/${profile.id}/preview`, { orderId: client }), 200).json;
        assert.deepEqual([...new URL(url).searchParams], [['client', client], ['actual', `${actual}`]]);
    }
    for (const actualOrderId of [1, 3, 279416]) assert.equal(await bad('/order/query/', { actualOrderId }), NO_ORDERS, 'the hub\'s number for what a sender has numbered is not shown, and finds nothing');
    assert.deepEqual(Object.keys(await bad('/order/query/', { actualOrderId: 'A-0018' })), ['actualOrderId']);
    assert.equal((await good('/order/refund/', { actualOrderId: 279415, refundAmount: '7.00' })).orderId, '3ABA6A99DD');
    assert.equal(await bad('/order/refund/', { actualOrderId: 1, refundAmount: '7.00' }), NO_ORDERS);
    assert.equal((await good('/order/update/', { actualOrderId: 2, city: 'Troy' })).orderId, here.orderId);
});

scenario('an order is found by the address that it shows: by the one that it got later, and no more by the old one', async () => {
    const { good, bad, base, product } = await setUp();
    const line = { product1_id: product.number };
    const [changed, kept] = [await good('/order/import/', { ...base, ...PERSON, ...line }), await good('/order/import/', { ...base, ...PERSON, ...line })];
    const other = await good('/order/import/', { ...base, ...PERSON, ...line, emailAddress: 'other@example.org' });
    const found = async (emailAddress) => (await good('/order/query/', { emailAddress })).data.map((order) => [order.orderId, order.emailAddress]);
    const customer = async (path, emailAddress) => (await good(path, { emailAddress }));
    await good('/order/update/', { orderId: changed.orderId, emailAddress: 'Later@Example.org' });
    for (const spelled of ['later@example.org', ' LATER@example.ORG']) assert.deepEqual(await found(spelled), [[changed.orderId, 'Later@Example.org']]);
    assert.deepEqual(await found('ann@example.org'), [[kept.orderId, 'Ann@Example.org']]);
    for (const emailAddress of ['ann@example.org', 'later@example.org']) {
        const { totalResults, data } = await customer('/customer/query/', emailAddress);
        assert.deepEqual([totalResults, data[0].customerId], [1, changed.customerId], 'who it is from stays');
        assert.deepEqual((await customer('/customer/history/', emailAddress)).data.map((row) => row.orderId), [kept.orderId, changed.orderId]);
    }
    await good('/order/update/', { orderId: other.orderId, emailAddress: 'ann@example.org' });
    assert.equal(await bad('/order/query/', { emailAddress: 'other@example.org' }), NO_ORDERS);
    assert.deepEqual(await found('ann@example.org'), [[kept.orderId, 'Ann@Example.org']], 'of the customer who has come with an address');
    assert.equal((await good('/order/query/', { customerId: other.customerId, emailAddress: 'ann@example.org' })).totalResults, 1);
    for (const path of ['/order/query/', '/customer/query/', '/customer/history/']) await bad(path, { emailAddress: 'nobody@example.org' });
    assert.equal((await good('/customer/query/', { emailAddress: 'ann@example.org', page: 2 })).data.length, 0);
});

scenario('each parameter of a query says which are meant, alone and beside others', async () => {
    const { hub, api, good, bad, base, product, club, campaign } = await setUp();
    const sale = (more) => good('/order/import/', { ...base, ...PERSON, product1_id: product.number, ...more });
    const ids = {};
    ids.plain = (await sale({ firstName: 'Plain', companyName: 'Acme', sourceId: 'S7', affId: 'A9', cardNumber: CARD, custom1: 'blue', userAgent: 'Mozilla/5.0', ipAddress: '203.0.113.9' })).orderId;
    ids.qa = (await sale({ firstName: 'Q', forceQA: 1 })).orderId;
    ids.cancelled = (await sale({ lastName: 'Cancel', city: 'Troy', state: 'NJ', country: 'CA', postalCode: '99' })).orderId;
    await good('/order/cancel/', { orderId: ids.cancelled });
    ids.back = (await sale({ address1: '9 Dock Rd' })).orderId;
    ids.rebilled = (await sale({ emailAddress: 'club@example.org', product1_id: club.number })).orderId;
    const change = async (orderId, body) => expect(await api.post(`/api/v1/orders/${(await api.get(`/api/v1/orders?clientOrderId=${orderId}`)).json.data[0].id}/changes`, body), 201);
    await change(ids.back, { type: 'chargeback' });
    await change(ids.rebilled, { type: 'rebill' });
    expect(await api.post('/api/v1/orders', { campaignId: campaign.id, clientOrderId: 'DECLINED', state: 'declined', customer: { firstName: 'Eve', emailAddress: 'eve@example.org' } }), 201);
    ids.declined = 'DECLINED';
    const all = ['plain', 'qa', 'cancelled', 'back', 'rebilled', 'declined'];
    const nameOf = (orderId) => all.find((name) => ids[name] === orderId);
    for (const [values, names] of [
        [{ orderStatus: 'QA_PENDING' }, ['qa']], [{ orderStatus: 'CANCELLED' }, ['cancelled']], [{ orderStatus: 'Chargeback' }, ['back']], [{ orderStatus: 'DECLINED' }, ['declined']],
        [{ orderType: 'CHARGEBACK' }, ['back']], [{ orderType: 'RECURRING' }, ['rebilled']], [{ orderType: 'rebill' }, ['rebilled']], [{ orderType: 'NEW_SALE' }, ['plain', 'qa', 'cancelled', 'declined']],
        [{ orderType: 'NEW_SALE', orderStatus: 'COMPLETE' }, ['plain']], [{ firstName: 'plain' }, ['plain']], [{ lastName: 'CANCEL' }, ['cancelled']], [{ companyName: 'acme' }, ['plain']],
        [{ city: 'troy' }, ['cancelled']], [{ state: 'NJ' }, ['cancelled']], [{ country: 'CA' }, ['cancelled']], [{ postalCode: '99' }, ['cancelled']], [{ address1: '9 dock rd' }, ['back']],
        [{ sourceId: 'S7' }, ['plain']], [{ affId: 'A9' }, ['plain']], [{ cardLast4: '1111' }, ['plain']], [{ phoneNumber: '1-555-0100', firstName: 'Q' }, ['qa']],
        [{ emailAddress: 'ann@example.org', lastName: 'Lee' }, ['plain', 'qa', 'back']], [{ customerId: 1, orderStatus: 'COMPLETE' }, ['plain']], [{ customerId: 1, emailAddress: 'club@example.org' }, []],
        [{ startTime: '00:00', endTime: '01:00' }, all], [{ includeCustomFields: 1, includeBrowserDetails: 1, firstName: 'Plain' }, ['plain']],
        [{ campaignId: campaign.number, dateRangeType: 'dateUpdated', startDate: '1/1/2020' }, all], [{ customerId: 1, endDate: '1/1/2020' }, []], [{ emailAddress: 'club@example.org', orderType: 'NEW_SALE' }, []],
    ]) {
        const answer = names.length > 0 ? await good('/order/query/', values) : await bad('/order/query/', values);
        assert.deepEqual(names.length > 0 ? answer.data.map((order) => nameOf(order.orderId)).sort() : answer, names.length > 0 ? [...names].sort() : NO_ORDERS, JSON.stringify(values));
    }
    for (const { orderType } of (await good('/order/query/', { orderStatus: 'CHARGEBACK' })).data) assert.equal(orderType, 'CHARGEBACK', 'found as it is shown');
    const [shown] = (await good('/order/query/', { orderId: ids.plain, includeCustomFields: 1, includeBrowserDetails: 1 })).data;
    assert.deepEqual([shown.custom1, shown.userAgent, shown.ipAddress], ['blue', 'Mozilla/5.0', '203.0.113.9']);

    // A customer shows what their newest order has.
    await hub.advance(48 * 3600000);
    const today = new Intl.DateTimeFormat('sv-SE', { timeZone: 'America/New_York' }).format(new Date((await hub.clockState()).now));
    await good('/order/update/', { orderId: ids.declined, city: 'Rome' });
    const person = async (values) => (await good('/customer/query/', values)).data.map((customer) => customer.firstName);
    for (const named of [{ customerId: 1 }, { emailAddress: 'ann@example.org' }]) {
        assert.deepEqual(await person({ ...named, firstName: 'ann', address1: '9 Dock Rd' }), ['Ann']);
        assert.deepEqual(await person({ ...named, dateRangeType: 'mostRecentActivity', startDate: '1/1/2020' }), ['Ann']);
        for (const values of [{ firstName: 'Eve' }, { phoneNumber: '1' }, { endDate: '1/1/2020' }, { startDate: today }, { dateRangeType: 'dateUpdated', startDate: today }]) assert.equal(await bad('/customer/query/', { ...named, ...values }), 'Customer not found', JSON.stringify(values));
    }
    for (const named of [{}, { emailAddress: 'eve@example.org' }]) assert.deepEqual(await person({ ...named, dateRangeType: 'mostRecentActivity', startDate: today }), ['Eve']);
    assert.equal((await good('/customer/history/', { emailAddress: 'eve@example.org' })).data[0].orderId, ids.declined);
});

scenario('days are those of the account: an order at 23:59 in New York is not of the next day', async () => {
    const { hub, good, bad, base, product } = await setUp();
    const zone = new Intl.DateTimeFormat('en-CA', { timeZone: 'America/New_York', year: 'numeric', month: '2-digit', day: '2-digit' });
    const dayOf = (at) => zone.format(new Date(at));
    const { now } = await hub.clockState();
    let midnight = Math.ceil(now / 3600000) * 3600000;
    while (dayOf(midnight) === dayOf(now)) midnight += 3600000;
    await hub.advance(midnight - 60000 - now);
    const sale = { ...base, ...PERSON, product1_id: product.number };
    const evening = await good('/order/import/', sale);
    await hub.advance(120000);
    const morning = await good('/order/import/', sale);
    const [before, behind] = [dayOf(midnight - 1), dayOf(midnight)];
    assert.equal(evening.dateCreated.slice(0, 16), `${before} 23:59`);
    assert.equal(morning.dateCreated.slice(0, 16), `${behind} 00:01`);
    const [year, month, day] = before.split('-').map(Number);
    const found = async (values) => (await good('/order/query/', values)).data.map((order) => order.orderId);
    for (const spelled of [before, `${month}/${day}/${year}`, `${month}/${day}/${year % 100}`, `${before} 00:00:00`]) assert.deepEqual(await found({ startDate: spelled, endDate: spelled, startTime: '00:00', endTime: '01:00' }), [evening.orderId], spelled);
    assert.deepEqual(await found({ startDate: behind }), [morning.orderId]);
    assert.deepEqual(await found({ endDate: before }), [evening.orderId]);
    assert.deepEqual(await found({ startDate: before, endDate: behind }), [morning.orderId, evening.orderId]);
    assert.equal(await bad('/order/query/', { startDate: '1/1/2020', endDate: '1/2/2020' }), 'No orders matching those parameters could be found');
    await hub.advance(1000);
    await good('/order/update/', { orderId: evening.orderId, city: 'Troy' });
    assert.deepEqual(await found({ startDate: behind, dateRangeType: 'dateUpdated' }), [evening.orderId, morning.orderId]);
});

scenario('customers, their history, campaigns and products', async () => {
    const { api, hub, good, bad, base, product, club, campaign } = await setUp();
    assert.equal(await bad('/customer/query/', {}), 'Customer not found');
    const sale = { ...base, ...PERSON, product1_id: product.number, billShipSame: 1 };
    const { orderId, customerId, shipCity } = await good('/order/import/', sale);
    assert.equal(shipCity, 'Albany');
    const again = await good('/order/import/', { ...base, customerId, product1_id: club.number, city: 'Troy' });
    assert.deepEqual([again.customerId, again.firstName, again.city, again.shipCity], [customerId, 'Ann', 'Troy', 'Albany'], 'a customer who is known needs no names');
    const nobody = await good('/leads/import/', { ...base, firstName: 'Zed', lastName: 'Q' });
    const more = await good('/order/import/', { ...base, customerId: nobody.customerId, product1_id: product.number });
    assert.equal(more.customerId, nobody.customerId, 'one without an address, too');
    const all = await good('/customer/query/', {});
    assert.deepEqual(all.data.map((customer) => [customer.customerId, customer.firstName, customer.city ?? null]), [[nobody.customerId, 'Zed', null], [customerId, 'Ann', 'Troy']]);
    for (const values of [{ customerId }, { emailAddress: 'ann@example.org' }, { firstName: 'ann' }, { phoneNumber: '15550100' }]) assert.deepEqual((await good('/customer/query/', values)).data.map((customer) => customer.customerId), [customerId]);
    assert.equal((await good('/customer/query/', { dateRangeType: 'mostRecentActivity', startDate: '1/1/2020' })).totalResults, 2);
    assert.equal((await good('/customer/query/', { resultsPerPage: 1, page: 2 })).data[0].customerId, customerId);
    for (const values of [{ customerId: 99 }, { emailAddress: 'x' }, { firstName: 'Eve' }, { endDate: '1/1/2020' }]) assert.equal(await bad('/customer/query/', values), 'Customer not found');

    await good('/order/refund/', { orderId, refundAmount: '1.00' });
    const history = await good('/customer/history/', { customerId });
    assert.deepEqual(history.data.map((row) => row.type), ['Partial refunds', 'All refunds', 'Subscription Started', 'New Sale', 'New Sale']);
    assert.deepEqual([history.data[0].orderId, history.data[0].message], [orderId, `Partial refunds: order ${orderId}`]);
    assert.match(history.data[0].dateCreated, /^\d{4}-\d\d-\d\d \d\d:/);
    assert.equal((await good('/customer/history/', { customerId, resultsPerPage: 2, page: 3 })).data.length, 1);
    assert.equal((await good('/customer/history/', { customerId, endDate: '1/1/2020' })).totalResults, 0);
    assert.deepEqual(await bad('/customer/history/', {}), { customerId: 'is a required field' });
    assert.equal(await bad('/customer/history/', { customerId: 99 }), 'Customer not found');

    const campaigns = await good('/campaign/query/', {});
    assert.deepEqual(campaigns.data[campaign.number].products, [{ campaignProductId: 'neuro-6', productId: product.number, productName: 'Neuro', productSku: 'neuro-6', price: '47.00' }]);
    assert.equal(campaigns.totalResults, 1);
    assert.equal(await bad('/campaign/query/', { campaignId: 5 }), 'No campaigns matching those parameters could be found');
    assert.deepEqual((await good('/product/query/', {})).data, [{ productId: club.number, productName: 'Club', price: '12.00', billingType: 'RECURRING' }, { productId: product.number, productName: 'Neuro', price: '47.00', billingType: 'ONE TIME' }]);
    assert.equal((await good('/product/query/', { productId: product.number })).totalResults, 1);
    for (let i = 0; i < 205; i++) await makeProduct(api, `More ${i}`);
    const page = await good('/product/query/', { resultsPerPage: 200, page: 2 });
    assert.deepEqual([page.totalResults, page.data.length, page.data.at(-1).productName], [207, 7, 'Neuro']);
    await hub.checkLedger();
});

scenario('by GET, without the slash, in query and form together; a form\'s parameter counts', async () => {
    const { hub, good, base, product } = await setUp();
    const query = (values) => new URLSearchParams(values).toString();
    const get = async (path, values) => expect(await hub.anonymous.get(`${path}?${query({ ...LOGIN, ...values })}`), 200).json;
    for (const path of PATHS) for (const one of [path, path.slice(0, -1)]) {
        const seen = [await get(one, {}), expect(await hub.anonymous.post(one, query(LOGIN), { headers: FORM }), 200).json];
        for (const answer of seen) assert.notEqual(answer.message, 'loginId or password is wrong', one);
        assert.deepEqual(seen[0], seen[1]);
    }
    const { message: lead } = await get('/leads/import', { ...base, ...PERSON });
    const mixed = expect(await hub.anonymous.post(`/order/import?${query({ ...LOGIN, orderId: lead.orderId, firstName: 'Query', city: 'Troy' })}`, query({ firstName: 'Form', product1_id: product.number }), { headers: FORM }), 200).json.message;
    assert.deepEqual([mixed.orderId, mixed.firstName, mixed.city], [lead.orderId, 'Form', 'Troy']);
    const asJson = expect(await hub.anonymous.post('/order/query/', { ...LOGIN, orderId: lead.orderId }), 200);
    assert.equal(asJson.json.message.data[0].orderId, lead.orderId);
    assert.equal(asJson.headers['cache-control'], 'no-store');
    assert.equal((await good('/order/query/', {})).totalResults, 1);
});

scenario('what was answered is there behind a kill, and sent again it changes nothing', async () => {
    const { hub, api, good, base, product, club, told } = await setUp();
    const own = { orderId: 'PAGE-0001', ...base };
    await good('/leads/import/', { ...own, ...PERSON });
    await hub.kill();
    await hub.start();
    const sale = { ...own, ...PERSON, product1_id: product.number, product1_price: '40.00', product2_id: club.number };
    const answers = [await good('/order/import/', sale)];
    await hub.kill();
    await hub.start();
    answers.push(await good('/order/import/', sale));
    const upsell = { orderId: own.orderId, productId: product.number, productQty: 2, replaceProductId: product.number };
    answers.push(await good('/upsale/import/', upsell));
    await hub.restart();
    answers.push(await good('/upsale/import/', upsell), await good('/order/import/', { ...own, ...PERSON, product1_id: club.number }));
    assert.deepEqual(answers.map((order) => [order.orderId, order.totalAmount, items(order).length]), [['PAGE-0001', '52.00', 2], ['PAGE-0001', '52.00', 2], ['PAGE-0001', '106.00', 2], ['PAGE-0001', '106.00', 2], ['PAGE-0001', '106.00', 2]]);
    const types = await told(5);
    assert.deepEqual(types.sort(), ['order.lead', 'order.new_sale', 'order.partial', 'order.subscription_started', 'order.upsell']);
    assert.equal((await api.all('/api/v1/orders')).length, 1);
    await hub.checkLedger();
});

scenario('SKUs that the campaign does not know are imported where the plugin says so', async () => {
    const { api, good, base, campaign } = await setUp({ plugin: { importUnknownSkus: true } });
    const order = await good('/order/import/', { ...base, ...PERSON, product1_id: 'fresh-1', product1_price: '9.00', product2_id: '4711', product3_id: 'NEURO-6' });
    assert.deepEqual(items(order), [['fresh-1', '1', '9.00', 'OFFER'], ['4711', '1', '0.00', 'OFFER'], [1, '1', '47.00', 'OFFER']]);
    const skus = (await api.all(`/api/v1/skus?campaignId=${campaign.id}`)).filter((sku) => sku.imported).map((sku) => sku.sku);
    assert.deepEqual(skus.sort(), ['4711', 'fresh-1']);
    const cart = Object.fromEntries(Array.from({ length: 100 }, (_, i) => [`product${i + 1}_id`, `s${i}`]));
    const full = await good('/order/import/', { ...base, ...PERSON, ...cart });
    assert.equal(items(full).length, 100);
});

scenario('a click is an event, and its session is the page\'s', async () => {
    const { api, good, bad, base, plugin } = await setUp();
    const { sessionId } = await good('/landers/clicks/import/', { ...base, pageType: 'leadPage', ipAddress: '203.0.113.9', userAgent: 'Mozilla/5.0', requestUri: '/offer?affId=9' });
    assert.match(sessionId, /^\w{32}$/);
    assert.equal((await good('/landers/clicks/import/', { pageType: 'checkoutPage', sessionId })).sessionId, sessionId);
    const events = (await api.all('/api/v1/events?type=lander_click')).reverse();
    assert.equal(events.length, 2);
    const event = expect(await api.get(`/api/v1/events/${events[0].id}`), 200).json;
    assert.deepEqual([event.inletId, event.data.pageType, event.data.sessionId, event.data.fields.ipAddress, event.data.received.requestUri], [plugin.id, 'leadPage', sessionId, '203.0.113.9', '/offer?affId=9']);
    for (const [values, field] of [[{}, 'pageType'], [{ pageType: 'other' }, 'pageType'], [{ pageType: 'leadPage' }, 'campaignId'], [{ pageType: 'leadPage', campaignId: 9 }, 'campaignId'], [{ pageType: 'leadPage', sessionId: 'a b' }, 'sessionId'], [{ pageType: 'leadPage', sessionId: 'x'.repeat(65) }, 'sessionId']])
        assert.deepEqual(Object.keys(await bad('/landers/clicks/import/', values)), [field]);
});

scenario('more than 100,000 orders are not counted: the answer says what to do, soon', async () => {
    const { hub, api, good, bad, base, product } = await setUp();
    await good('/order/import/', { ...base, ...PERSON, product1_id: product.number });
    const day = (await good('/order/query/', {})).data[0].dateCreated.slice(0, 10);
    await hub.stop();
    const columns = (number) => `organization, ${number}, client_order_id || n.n, NULL, campaign, customer, state, test, data, created_ms - 86400000 * 10, updated_ms FROM orders, n WHERE number = 1`;
    sqliteOf(hub, `WITH RECURSIVE n(n) AS (SELECT 2 UNION ALL SELECT n + 1 FROM n WHERE n <= 100001) INSERT INTO orders (id, organization, number, client_order_id, sender_order_id, campaign, customer, state, test, data, created_ms, updated_ms) SELECT id - n.n, ${columns('n.n')}`);
    await hub.start();
    assert.equal(await bad('/order/query/', {}), 'More than 100000 match: ask for fewer days');
    assert.equal((await good('/order/query/', { startDate: day })).totalResults, 1);
    assert.equal((await api.get('/api/v1/orders?limit=1')).json.data.length, 1);
});

scenario('a campaign with more SKUs than are read at once shows all of them', async () => {
    const { api, campaign, good } = await setUp();
    for (let n = 0; n < 505; n += 101) await Promise.all(Array.from({ length: 101 }, (_, i) => makeSku(api, campaign.id, `many-${n + i}`)));
    const [shown] = Object.values((await good('/campaign/query/', {})).data);
    assert.equal(new Set(shown.products.map((product) => product.productSku)).size, 506);
});
