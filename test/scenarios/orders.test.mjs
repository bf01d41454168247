// Orders by the API: their whole life, what is told of it, and what is refused.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { after } from 'node:test';

import { checkEquations } from '../lib/books.mjs';
import { deliveriesOf, ledgerOf, makeWebhook } from '../lib/fixtures.mjs';
import { expect, expectProblem } from '../lib/http.mjs';
import { scenario, sqliteOf, startHub } from '../lib/hub.mjs';
import { startReceiver } from '../lib/receiver.mjs';

export const PERSON = {
    firstName: 'Ann', lastName: 'Lee', emailAddress: 'Ann@Example.org', phoneNumber: '+1 555 0100',
    address1: '1 Main St', address2: 'Apt 2', city: 'Albany', state: 'NY', country: 'US', postalCode: '12207',
    shipAddress1: '9 Dock Rd', shipAddress2: '', shipCity: 'Troy', shipState: 'NY', shipCountry: 'US', shipPostalCode: '12180',
};

async function setUp(options) {
    const hub = await startHub({ clock: true, ...options });
    const api = hub.client();
    const receiver = await startReceiver();
    after(() => receiver.close());
    const make = async (path, body) => expect(await api.post(`/api/v1/${path}`, body), 201).json;
    const campaign = await make('campaigns', { name: 'Lander' });
    const product = await make('products', { name: 'Neuro', price: '47.00', recurring: false });
    const club = await make('products', { name: 'Club', price: '12.00', recurring: true });
    await make('skus', { campaignId: campaign.id, sku: 'neuro-1', productId: product.id });
    const hook = await makeWebhook(api, receiver.url, { eventTypes: ['order.*'] });
    const order = async (body) => make('orders', { campaignId: campaign.id, state: 'complete', customer: PERSON, ...body });
    const change = async (of, body) => make(`orders/${of.id}/changes`, body);
    const show = async (of) => expect(await api.get(`/api/v1/orders/${of.id}`), 200).json;
    return { hub, api, receiver, make, campaign, product, club, hook, order, change, show };
}

const CART = (club) => [{ sku: 'neuro-1', qty: 6, price: '282.00' }, { productId: club.id }];

scenario('a whole life: each occurrence is told once, in its order, as an event and to webhooks', async () => {
    const { hub, api, receiver, club, hook, order, change, show } = await setUp();
    const lines = CART(club);
    const told = [];
    const note = (taken) => {
        told.push(...taken.occurrences);
        return taken;
    };
    const lead = note(await order({ clientOrderId: 'F5A8CD676F', state: 'partial' }));
    assert.deepEqual(lead.occurrences, ['partial', 'lead']);
    assert.equal(note(await order({ clientOrderId: 'F5A8CD676F', state: 'partial' })).id, lead.id, 'the same clientOrderId: the same order');
    note(await order({ clientOrderId: 'F5A8CD676F', state: 'partial', lines }));
    note(await change(lead, { id: 'd1', type: 'decline', reason: 'Card Declined' }));
    note(await order({ clientOrderId: 'F5A8CD676F', state: 'complete' }));
    note(await change(lead, { id: 'u1', type: 'upsell', lines: [{ sku: 'extra', price: 50 }] }));
    for (const [id, type, more] of [
        ['p1', 'prebill_sent'], ['r1', 'rebill'], ['r2', 'rebill_declined'], ['f1', 'recycle_failed'], ['a1', 'reactivate'],
        ['s1', 'pause'], ['a2', 'reactivate'], ['c1', 'cancel'], ['t1', 'shipped', { trackingNumber: '1Z9' }], ['t2', 'delivered'],
        ['m1', 'rma_issued', { rmaNumber: 'R-1' }], ['m2', 'rma_received'], ['q1', 'qa_pending'], ['q2', 'qa_approved'],
        ['x1', 'refund', { amount: '6.00' }], ['x2', 'refund', { amount: '6.00' }], ['x3', 'refund'], ['b1', 'chargeback'],
    ]) note(await change(lead, { id, type, ...more }));
    assert.deepEqual(told, [
        'partial', 'lead', 'abandoned_cart', 'decline', 'new_sale', 'subscription_started', 'upsell',
        'pre_billing', 'recurring_order', 'rebill_decline', 'recycle_failed', 'reactivate', 'pause', 'reactivate', 'cancel',
        'fulfillment_shipped', 'fulfillment_delivered', 'rma_issued', 'rma_received', 'qa_pending',
        'all_refunds', 'partial_refunds', 'all_refunds', 'partial_refunds', 'all_refunds', 'full_refunds', 'chargeback',
    ]);
    await receiver.waitFor(told.length);
    await hub.settled();
    assert.deepEqual(receiver.requests.map((request) => JSON.parse(request.body).type), told.map((type) => `order.${type}`), 'webhooks got them in their order');
    const sale = JSON.parse(receiver.requests[4].body).data;
    assert.equal(sale.customerType, 'new_sale');
    assert.equal(sale.order.id, lead.id);
    assert.equal(sale.order.total, '294.00');
    assert.deepEqual(sale.order.lines.map((line) => [line.sku, line.qty, line.price, line.recurring]), [['neuro-1', 6, '282.00', false], [null, 1, '12.00', true]]);
    const now = await show(lead);
    assert.deepEqual([now.state, now.fulfillment, now.firstTotal, now.total, now.captured, now.refunded], ['chargeback', 'returned', '294.00', '344.00', '356.00', '356.00']);
    const decline = receiver.requests.map((request) => JSON.parse(request.body)).find(({ type }) => type === 'order.decline');
    assert.equal(decline.data.order.fields.declineReason, 'Card Declined');
    assert.deepEqual([now.fields.trackingNumber, now.fields.rmaNumber, now.fields.declineReason], ['1Z9', 'R-1', undefined], 'it was sold behind the decline');
    assert.equal(now.customer.emailAddress, 'Ann@Example.org');
    const events = (await api.all('/api/v1/events')).filter((event) => event.orderId === lead.id);
    assert.equal(events.filter((event) => event.causedBy).length, told.length);
    assert.equal(events.filter((event) => event.causedBy && event.inletId === null).length, told.length);
    assert.equal((await deliveriesOf(api, hook.id)).length, told.length);
    checkEquations(await ledgerOf(api));
    await hub.checkLedger();
});

scenario('a change that comes again under its id does nothing; without an id, two equal ones are two', async () => {
    const { order, change, show } = await setUp();
    const sold = await order({ lines: [{ sku: 'neuro-1', price: '100.00' }] });
    const first = await change(sold, { id: 'x', type: 'refund', amount: '10.00' });
    assert.equal(first.repeated, false);
    const again = await change(sold, { id: 'x', type: 'refund', amount: '10.00' });
    assert.deepEqual([again.repeated, again.occurrences], [true, []]);
    assert.equal((await show(sold)).refunded, '10.00');
    await change(sold, { type: 'refund', amount: '10.00' });
    await change(sold, { type: 'refund', amount: '10.00' });
    assert.equal((await show(sold)).refunded, '30.00');
});

scenario('customers: one for an address, whatever its case; a contact comes with it; numbers count up', async () => {
    const { api, order } = await setUp();
    const one = await order({ clientOrderId: 'A' });
    const two = await order({ clientOrderId: 'B', customer: { ...PERSON, emailAddress: 'ANN@example.ORG' } });
    const nameless = await order({ clientOrderId: 'C', customer: { firstName: 'No', lastName: 'Mail' } });
    assert.equal(one.customerId, two.customerId);
    assert.notEqual(one.customerId, nameless.customerId);
    assert.equal(nameless.contactId, null);
    assert.deepEqual([one.orderId, two.orderId, nameless.orderId], [1, 2, 3]);
    const known = await order({ clientOrderId: 'C', customer: { emailAddress: 'ann@example.org' } });
    assert.equal(known.customerId, one.customerId, 'once an address is said, the customer is known');
    assert.equal(known.customer.firstName, 'No', 'what is not given stays');
    const cleared = await order({ clientOrderId: 'C', customer: { firstName: null, lastName: '' } });
    assert.deepEqual(cleared.customer, { emailAddress: 'ann@example.org' });
    const contact = expect(await api.get(`/api/v1/contacts/${one.contactId}`), 200).json;
    assert.equal(contact.email, 'Ann@Example.org');
    const activity = await api.all(`/api/v1/contacts/${one.contactId}/activity`);
    assert.ok(activity.some((event) => event.type === 'order.new_sale'));
    assert.deepEqual((await api.all(`/api/v1/orders?customerId=${one.customerId}`)).map((found) => found.clientOrderId), ['C', 'B', 'A']);
});

scenario('what is wrong is named, field by field, and nothing of it is stored', async () => {
    const { api, campaign, product, order } = await setUp();
    const wrong = async (body, fields, path = 'orders') => {
        const problem = expectProblem(await api.post(`/api/v1/${path}`, body), 422, 'invalid').json;
        assert.deepEqual(problem.errors.map((error) => error.pointer).sort(), [...fields].sort(), JSON.stringify(problem));
        assert.ok(problem.errors.every((error) => error.message.length > 10));
    };
    const body = { campaignId: campaign.id, state: 'complete' };
    await wrong({}, ['/state']);
    await wrong({ state: 'complete' }, ['/campaignId']);
    await wrong({ ...body, campaignId: 'cmp_0000000000001' }, ['/campaignId']);
    await wrong({ ...body, campaignId: 'lander' }, ['/campaignId']);
    await wrong({ ...body, state: 'refunded' }, ['/state']);
    await wrong({ ...body, colour: 1 }, ['/colour']);
    await wrong({ ...body, customer: { emailAddress: 'x', hair: 'red' } }, ['/customer/hair']);
    await wrong({ ...body, customer: { emailAddress: 'x' } }, ['/customer/emailAddress']);
    await wrong({ ...body, customer: { firstName: 7 } }, ['/customer/firstName']);
    await wrong({ ...body, currency: 'usd' }, ['/currency', '/currency', '/currency']);
    await wrong({ ...body, total: '1.234' }, ['/total']);
    await wrong({ ...body, total: -1 }, ['/total']);
    await wrong({ ...body, lines: [{ qty: 0, sku: 'a' }] }, ['/lines/0/qty']);
    await wrong({ ...body, lines: [{ sku: 'neuro-1' }, { price: 'x' }] }, ['/lines/1/price']);
    await wrong({ ...body, lines: [{ sku: 'neuro-1' }, { price: 1 }] }, ['/lines/1/sku']);
    await wrong({ ...body, lines: [{ productId: 'prd_0000000000001' }] }, ['/lines/0/productId']);
    await wrong({ ...body, lines: [{ sku: 'a', price: -1 }] }, ['/lines/0/price']);
    await wrong({ ...body, lines: Array.from({ length: 101 }, () => ({ sku: 'a' })) }, ['/lines']);
    assert.deepEqual(await api.all('/api/v1/orders'), []);
    const sold = await order({ lines: [{ productId: product.id }] });
    const changes = `orders/${sold.id}/changes`;
    await wrong({}, ['/type'], changes);
    await wrong({ type: 'explode' }, ['/type'], changes);
    await wrong({ type: 'refund', amount: '47.01' }, ['/amount'], changes);
    await wrong({ type: 'refund', amount: '0' }, ['/amount'], changes);
    await wrong({ type: 'sale' }, ['/type'], changes);
    await wrong({ type: 'cancel' }, ['/type'], changes);
    await wrong({ type: 'upsell' }, ['/lines'], changes);
    await wrong({ type: 'shipped', lines: [{ sku: 'a' }] }, ['/lines'], changes);
    await wrong({ type: 'rma_issued' }, ['/rmaNumber'], changes);
    expectProblem(await api.post('/api/v1/orders/ord_0000000000001/changes', { type: 'refund' }), 404, 'not_found');
    assert.equal(expect(await api.get(`/api/v1/orders/${sold.id}`), 200).json.refunded, '0.00');
    assert.equal((await api.all('/api/v1/events')).filter((event) => event.type === 'order_change').length, 0);
});

scenario('another organization sees nothing of it', async () => {
    const { hub, order, campaign } = await setUp({ organizations: 2 });
    const theirs = hub.client(hub.owners[1]);
    const mine = await order({ clientOrderId: 'SAME' });
    expectProblem(await theirs.get(`/api/v1/orders/${mine.id}`), 404, 'not_found');
    expectProblem(await theirs.post(`/api/v1/orders/${mine.id}/changes`, { type: 'refund' }), 404, 'not_found');
    expectProblem(await theirs.post('/api/v1/orders', { campaignId: campaign.id, state: 'partial' }), 422, 'invalid');
    const own = expect(await theirs.post('/api/v1/campaigns', { name: 'Own' }), 201).json;
    const same = expect(await theirs.post('/api/v1/orders', { campaignId: own.id, state: 'partial', clientOrderId: 'SAME' }), 201).json;
    assert.notEqual(same.id, mine.id);
    assert.equal(same.orderId, 1, 'numbers are each organization\'s own');
    assert.deepEqual(await theirs.all(`/api/v1/orders?customerId=${mine.customerId}`), []);
});

scenario('an id is one change\'s: under it another type is refused, also behind a restart; ids of before have no type', async () => {
    const { hub, api, order, change, show } = await setUp();
    const one = await order({ clientOrderId: 'K1', lines: [{ sku: 'neuro-1', price: '10.00' }] });
    await change(one, { id: 'x', type: 'refund', amount: '1.00' });
    await change(one, { id: 'X', type: 'shipped', trackingNumber: 'T' });
    const refuses = async (body) => {
        const answer = expectProblem(await api.post(`/api/v1/orders/${one.id}/changes`, body), 422, 'invalid');
        assert.deepEqual(answer.json.errors.map((error) => [error.pointer, error.code]), [['/id', 'conflict']]);
        assert.match(answer.json.errors[0].message, /another type.*an id of its own/);
    };
    await refuses({ id: 'x', type: 'chargeback' });
    await hub.restart();
    await refuses({ id: 'x', type: 'shipped', trackingNumber: 'U' });
    assert.equal((await change(one, { id: 'x', type: 'refund', amount: '1.00' })).repeated, true);
    assert.deepEqual([(await show(one)).refunded, (await show(one)).state, (await show(one)).fields.trackingNumber], ['1.00', 'complete', 'T']);
    // As it was stored when a key was that of the id alone.
    const key = (createHash('sha256').update('x').digest().readBigUInt64LE() | 1n).toString(16).padStart(16, '0');
    await hub.stop();
    sqliteOf(hub, `UPDATE orders SET data = CAST(json_set(CAST(data AS TEXT), '$.changes', json_array('${key}')) AS BLOB)`);
    await hub.start();
    for (const type of ['refund', 'chargeback']) assert.equal((await change(one, { id: 'x', type })).repeated, true);
    assert.equal((await change(one, { id: 'y', type: 'refund', amount: '2.00' })).repeated, false);
    assert.equal((await show(one)).refunded, '3.00');
});

scenario('orders and their numbers outlive a kill', async () => {
    const { hub, order, change, show } = await setUp();
    const one = await order({ clientOrderId: 'K1', lines: [{ sku: 'neuro-1', price: '10.00' }] });
    await change(one, { id: 'r', type: 'refund', amount: '1.00' });
    await hub.kill();
    await hub.start();
    const again = await change(one, { id: 'r', type: 'refund', amount: '1.00' });
    assert.equal(again.repeated, true);
    assert.equal((await show(one)).refunded, '1.00');
    assert.equal((await order({ clientOrderId: 'K2' })).orderId, 2);
});

scenario('many at once: no number twice, no order twice', async () => {
    const { api, order } = await setUp();
    await Promise.all(Array.from({ length: 200 }, (_, i) => order({ clientOrderId: `N${i % 50}`, state: 'partial', customer: { emailAddress: `p${i % 10}@example.org` } })));
    const orders = await api.all('/api/v1/orders');
    assert.equal(orders.length, 50);
    assert.equal(new Set(orders.map((one) => one.orderId)).size, 50);
    assert.equal(new Set(orders.map((one) => one.customerId)).size, 10);
    const events = await api.all('/api/v1/events');
    assert.equal(events.filter((event) => event.type === 'order.partial').length, 50, 'one Partial an order, however often it comes');
    assert.equal(events.filter((event) => event.type === 'order_import').length, 200);
});

scenario('lines have a whole name while their product is renamed beside them', async () => {
    const { api, product, order, change } = await setUp();
    const one = await order({ clientOrderId: 'renamed', lines: [{ sku: 'neuro-1' }] });
    const taken = (n) => Promise.all(Array.from({ length: 12 }, async (_, i) => {
        const renamed = api.patch(`/api/v1/products/${product.id}`, { name: `${n}-${i} ${'x'.repeat(150)}` });
        const [again, changed] = await Promise.all([order({ clientOrderId: 'renamed', lines: [{ sku: 'neuro-1' }] }), change(one, { type: 'refund', amount: '0.01' })]);
        expect(await renamed, 200);
        return [again, changed];
    }));
    for (let n = 0; n < 5; n++)
        for (const { lines } of (await taken(n)).flat()) assert.match(lines[0].name, /^(Neuro|\d+-\d+ x{150})$/);
});

scenario('What a line does not say is as the product has it that its SKU is linked to; without one, as it was', async () => {
    const { api, campaign, club, order, show } = await setUp();
    expect(await api.post('/api/v1/skus', { campaignId: campaign.id, sku: 'club-1', productId: club.id }), 201);
    const made = await order({ clientOrderId: 'L1', lines: [{ sku: 'CLUB-1', qty: 2 }, { sku: 'unknown', price: '5.00' }] });
    assert.deepEqual(made.lines.map((line) => [line.price, line.recurring]), [['24.00', true], ['5.00', false]]);
    assert.equal(made.lines[0].name, 'Club');
    assert.ok(made.occurrences.includes('subscription_started'));
    await order({ clientOrderId: 'L1', lines: [{ sku: 'club-1', price: '20.00', recurring: true }, { sku: 'unknown' }] });
    assert.deepEqual((await show(made)).lines.map((line) => line.price), ['20.00', '5.00']);
});

scenario('B18: what is paid counts once, and what goes back adds up, in one currency', async () => {
    const { api, order, change, show } = await setUp();
    const sums = ({ total, captured, refunded, chargedBack }) => [total, captured, refunded, chargedBack];
    const one = await order({ clientOrderId: 'P1', total: '100', currency: 'EUR', lines: [{ sku: 'neuro-1', price: '95' }] });
    for (const total of ['80', '100', '80', '100']) assert.deepEqual(sums(await order({ clientOrderId: 'P1', total })), [`${total}.00`, '100.00', '0.00', '0.00']);
    assert.deepEqual(sums(await order({ clientOrderId: 'P1', lines: [{ sku: 'neuro-1', price: '95' }] })), ['100.00', '100.00', '0.00', '0.00'], 'shipping stays in it');
    assert.deepEqual(sums(await change(one, { id: 'u', type: 'upsell', lines: [{ sku: 'u', price: '20' }] })), ['120.00', '120.00', '0.00', '0.00']);
    const refused = async (path, body) => expectProblem(await api.post(path, body), 422, 'invalid').json.errors.map((error) => error.pointer);
    assert.deepEqual(await refused('/api/v1/orders', { clientOrderId: 'P1', currency: 'USD', state: 'complete' }), ['/currency']);
    await change(one, { id: 's1', type: 'shipped', trackingNumber: 'T1' });
    await change(one, { id: 's2', type: 'shipped', trackingNumber: 'T2' });
    const before = await show(one);
    assert.equal((await change(one, { id: 's1', type: 'shipped', trackingNumber: 'T1' })).repeated, true);
    assert.deepEqual(await show(one), before, 'a repeat does nothing');
    await change(one, { id: 'c1', type: 'chargeback', amount: '40' });
    await change(one, { id: 'c2', type: 'chargeback', amount: '10' });
    const path = `/api/v1/orders/${one.id}/changes`;
    for (const type of ['refund', 'chargeback']) assert.deepEqual(await refused(path, { id: `x-${type}`, type, amount: '70.01' }), ['/amount']);
    const rest = await change(one, { id: 'r1', type: 'refund' });
    assert.deepEqual([rest.occurrences, rest.state, ...sums(rest)], [['all_refunds', 'partial_refunds'], 'chargeback', '120.00', '120.00', '70.00', '50.00']);
    for (const type of ['refund', 'chargeback']) assert.deepEqual(await refused(path, { id: `y-${type}`, type }), ['/amount']);
});
