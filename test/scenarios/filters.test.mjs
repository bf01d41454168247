// Filters: which events of its types an endpoint gets, by what is in them.
import assert from 'node:assert/strict';
import { after } from 'node:test';

import { checkEquations } from '../lib/books.mjs';
import { TEXT, deliveriesOf, ledgerOf, makeEvent, makeIntegration, makeWebhook, sendApi, sendWebhook } from '../lib/fixtures.mjs';
import { expect, expectProblem } from '../lib/http.mjs';
import { scenario, startHub } from '../lib/hub.mjs';
import { startReceiver } from '../lib/receiver.mjs';

const TOTAL = { id: 'total', name: 'Total', type: 'decimal', required: false };
const TAGS = { id: 'tags', name: 'Tags', type: 'checkbox', required: false, options: ['vip', 'new', 'old'].map((id) => ({ id, label: id })) };

const over = (value) => ({ all: [{ field: '/fields/total', operator: 'greater_than', value }] });

async function setUp(options) {
    const hub = await startHub({ clock: true, ...options });
    const api = hub.client();
    const receiver = await startReceiver();
    after(() => receiver.close());
    await makeEvent(api, { alias: 'order', fields: [TEXT, TOTAL, TAGS] });
    const send = async (body) => expect(await sendApi(api, 'order', { email: 'f@example.org', ...body }), 201).json.id;
    const show = async (hook) => expect(await api.get(`/api/v1/webhooks/${hook.id}`), 200).json;
    const got = async (hook) => (await deliveriesOf(api, hook.id)).map((delivery) => delivery.eventId).reverse();
    return { hub, api, receiver, send, show, got };
}

scenario('an endpoint gets what matches by type and by body; numbers, texts, arrays; the counts and the ledger are exact', async () => {
    const { hub, api, receiver, send, show, got } = await setUp();
    await makeEvent(api, { integration: (await makeIntegration(api)).id, alias: 'refund', fields: [TOTAL] });
    const types = ['custom_event.order'];
    const all = await makeWebhook(api, receiver.url, { eventTypes: types });
    const dear = await makeWebhook(api, receiver.url, { eventTypes: types, filter: over(100) });
    const vip = await makeWebhook(api, receiver.url, { eventTypes: ['custom_event.*'], filter: { any: [{ field: 'fields.tags[*]', operator: 'equals', value: 'vip' }, { all: [{ field: 'event.alias', operator: 'equals', value: 'refund' }] }] } });
    assert.deepEqual((await show(dear)).filter, over(100), 'shown as it was sent');
    assert.equal((await show(all)).filter, null);
    const cheap = await send({ total: 100 });
    const costly = await send({ total: 100.01, tags: ['new', 'vip'] });
    const tagged = await send({ tags: ['new'] });
    const refund = expect(await sendApi(api, 'refund', { email: 'f@example.org', total: 500 }), 201).json.id;
    assert.deepEqual(await got(all), [cheap, costly, tagged]);
    assert.deepEqual(await got(dear), [costly]);
    assert.deepEqual(await got(vip), [costly, refund]);
    await receiver.waitFor(6);
    await hub.settled();
    assert.deepEqual([(await show(all)).counts.filtered, (await show(dear)).counts.filtered, (await show(vip)).counts.filtered], [0, 2, 2]);
    assert.equal((await show(dear)).counts.deliveries, 1);
    const ledger = checkEquations(await ledgerOf(api));
    assert.deepEqual([ledger.filtered, ledger.deliveries, ledger.delivered, ledger.events, ledger.wanted], [4, 6, 6, 4, 4]);
    assert.equal((await ledgerOf(api, new Date((await hub.clockState()).now - 3600000).toISOString())).filtered, 4, 'by the minute, too');
    assert.equal((await ledgerOf(api, new Date((await hub.clockState()).now + 3600000).toISOString())).filtered, 0);
    await hub.checkLedger();
});

scenario('an event that every filter turns away is not wanted, and says why', async () => {
    const { hub, api, receiver, send, show } = await setUp();
    const hook = await makeWebhook(api, receiver.url, { eventTypes: ['custom_event.order'], filter: over(100) });
    const other = await makeWebhook(api, receiver.url, { eventTypes: ['custom_event.other'], filter: over(100) });
    const id = await send({ total: 40 });
    const event = expect(await api.get(`/api/v1/events/${id}`), 200).json;
    assert.equal(event.wanted, false);
    assert.deepEqual(event.deliveries, []);
    assert.deepEqual(event.filtered, [{ webhookId: hook.id, pointer: '/filter/all/0', reason: '/fields/total is 40, not greater than 100' }]);
    assert.equal((await show(other)).counts.filtered, 0, 'of another type: its filter was not asked');
    const ledger = checkEquations(await ledgerOf(api));
    assert.deepEqual([ledger.wanted, ledger.notWanted, ledger.filtered], [0, 1, 1]);
    const many = [];
    for (let i = 0; i < 45; i++) many.push((await makeWebhook(api, receiver.url, { eventTypes: ['*'], filter: over(100) })).id);
    const all = expect(await api.get(`/api/v1/events/${id}`), 200).json.filtered.map((one) => one.webhookId);
    assert.deepEqual(all, [...many.reverse(), hook.id], 'all of them, newest first');
    for (const one of many) expect(await api.delete(`/api/v1/webhooks/${one}`), 204);
    // As the filters are now.
    expect(await api.patch(`/api/v1/webhooks/${hook.id}`, { filter: null }), 200);
    assert.deepEqual((await api.get(`/api/v1/events/${id}`)).json.filtered, []);
    await hub.checkLedger();
});

scenario('a change of the filter takes effect on the next event; null removes it; it survives a restart', async () => {
    const { hub, api, receiver, send, show, got } = await setUp();
    const hook = await makeWebhook(api, receiver.url, { eventTypes: ['custom_event.order'], filter: over(100) });
    await send({ total: 50 });
    expect(await api.patch(`/api/v1/webhooks/${hook.id}`, { filter: over(10) }), 200);
    const second = await send({ total: 50 });
    assert.deepEqual(await got(hook), [second]);
    expect(await api.patch(`/api/v1/webhooks/${hook.id}`, { name: 'Another name' }), 200);
    assert.deepEqual((await show(hook)).filter, over(10), 'what is not given stays');
    await hub.restart();
    await send({ total: 5 });
    assert.deepEqual(await got(hook), [second]);
    const removed = expect(await api.patch(`/api/v1/webhooks/${hook.id}`, { filter: null }), 200).json;
    assert.equal(removed.filter, null);
    const third = await send({ total: 5 });
    assert.deepEqual(await got(hook), [second, third]);
    assert.equal((await show(hook)).counts.filtered, 2);
    await receiver.waitFor(2);
    await hub.settled();
    await hub.checkLedger();
});

scenario('a wrong filter is refused with a pointer for each mistake; nothing is saved', async () => {
    const { api, receiver, show } = await setUp();
    const hook = await makeWebhook(api, receiver.url, { filter: over(1) });
    const wrong = { all: [{ field: '/fields/total', operator: 'greater', value: 1 }, { field: 'a[', operator: 'exists' }, { any: [] }] };
    for (const send of [() => api.post('/api/v1/webhooks', { name: 'n', url: receiver.url, eventTypes: ['nothing'], filter: wrong }), () => api.patch(`/api/v1/webhooks/${hook.id}`, { eventTypes: ['nothing'], filter: wrong })]) {
        const pointers = expectProblem(await send(), 422, 'invalid').json.errors.map((error) => error.pointer).sort();
        assert.deepEqual(pointers, ['/eventTypes/0', '/filter/all/0/operator', '/filter/all/1/field', '/filter/all/2/any']);
    }
    for (const filter of [[], 'x', 7, true, {}, { all: [], any: [] }, { all: [1] }]) expectProblem(await api.patch(`/api/v1/webhooks/${hook.id}`, { filter }), 422, 'invalid');
    assert.deepEqual((await show(hook)).filter, over(1));
});

scenario('what filters cost is capped: in one, and of the organization together', async () => {
    const { api, receiver } = await setUp({ args: ['--max-filter-cost', '45'] });
    const scan = (count) => ({ all: Array.from({ length: count }, () => ({ field: 'fields.text', operator: 'contains', value: 'x' })) });
    const first = await makeWebhook(api, receiver.url, { filter: scan(2) });
    const { errors } = expectProblem(await api.post('/api/v1/webhooks', { name: 'n', url: receiver.url, eventTypes: ['*'], filter: scan(3) }), 422, 'invalid').json;
    assert.deepEqual(errors.map((error) => [error.pointer, error.code]), [['/filter', 'range']]);
    const refused = expectProblem(await api.post('/api/v1/webhooks', { name: 'n', url: receiver.url, eventTypes: ['*'], filter: scan(1) }), 409, 'conflict');
    assert.match(refused.json.detail, /would cost 60 points, and may cost 45/);
    const second = await makeWebhook(api, receiver.url, { filter: over(1) });
    expectProblem(await api.patch(`/api/v1/webhooks/${second.id}`, { filter: scan(1) }), 409, 'conflict');
    expect(await api.patch(`/api/v1/webhooks/${first.id}`, { filter: scan(2) }), 200); // its own is not counted twice
    expect(await api.delete(`/api/v1/webhooks/${first.id}`), 204);
    expect(await api.patch(`/api/v1/webhooks/${second.id}`, { filter: scan(2) }), 200);
});

scenario('large events against costly filters: one a batch, all looked at whole, and others go between them', async () => {
    const { hub, api, receiver, send } = await setUp({ organizations: 2 });
    const needle = `${'a'.repeat(30)}b`;
    const filter = { all: Array.from({ length: 5 }, () => ({ field: 'fields.text', operator: 'contains', value: needle })) };
    for (let i = 0; i < 8; i++) await makeWebhook(api, receiver.url, { eventTypes: ['custom_event.order'], filter });
    const other = hub.client(hub.owners[1]);
    await makeEvent(other, { alias: 'small', fields: [TEXT] });
    await send({ text: 'small' });
    const batches = async () => Number(/^junctor_batches_total (\d+)$/m.exec(expect(await api.get('/metrics'), 200).text)[1]);
    const before = await batches();
    let left = 8;
    const large = Array.from({ length: left }, async (_, i) => {
        await send({ text: 'a'.repeat(400000) + (i < 2 ? 'b' : '') });
        left--;
    });
    let between = 0;
    while (left > 0) {
        expect(await sendApi(other, 'small', { email: 's@example.org', text: 'x' }), 201);
        between++;
    }
    await Promise.all(large);
    assert.ok(await batches() >= before + 8, 'no two in a batch');
    assert.ok(between >= 5, `${between} of another organization meanwhile`);
    await receiver.waitFor(16);
    await hub.settled();
    assert.equal(receiver.requests.length, 16);
    const ledger = checkEquations(await ledgerOf(api));
    assert.deepEqual([ledger.events, ledger.wanted, ledger.filtered, ledger.delivered], [9, 2, 7 * 8, 16]);
    await hub.checkLedger();
});

scenario('occurrences are filtered by their own data; a ping never is', async () => {
    const { hub, api, receiver, show, got } = await setUp();
    const filter = { all: [{ field: 'contact.email', operator: 'ends_with', value: '@good.example', ignoreCase: true }] };
    const hook = await makeWebhook(api, receiver.url, { eventTypes: ['contact.created', 'ping'], filter });
    for (const email of ['a@bad.example', 'b@GOOD.example', 'c@bad.example']) expect(await sendApi(api, 'order', { email }), 201);
    const { eventId } = expect(await api.post(`/api/v1/webhooks/${hook.id}/ping`), 202).json;
    await receiver.waitFor(2);
    await hub.settled();
    assert.equal((await got(hook)).length, 2);
    const created = receiver.requests.filter((received) => received.json.type === 'contact.created');
    assert.deepEqual(created.map((received) => received.json.data.contact.email.toLowerCase()), ['b@good.example']);
    assert.deepEqual((await show(hook)).counts.filtered, 2);
    const ping = expect(await api.get(`/api/v1/events/${eventId}`), 200).json;
    assert.deepEqual([ping.filtered, ping.deliveries.length], [[], 1]);
    const ledger = checkEquations(await ledgerOf(api));
    assert.deepEqual([ledger.filtered, ledger.occurrences, ledger.delivered], [2, 3, 2]);
    await hub.checkLedger();
});

scenario('events through the webhook inlet, and a big body, are filtered as they are delivered', async () => {
    const { hub, api, receiver, got } = await setUp();
    await makeEvent(api, { context: 'webhook', alias: 'hook', fields: [{ ...TEXT, jsonPointerPath: '/deep/0/text' }] });
    const end = { all: [{ field: 'fields.text', operator: 'ends_with', value: 'needle' }, { field: 'fields.text', operator: 'contains', value: 'xneedle' }] };
    const hook = await makeWebhook(api, receiver.url, { eventTypes: ['custom_event.hook'], filter: end });
    const post = async (text) => expect(await sendWebhook(api, hub.owners[0].organizationId, 'hook', { email: 'w@example.org', deep: [{ text }] }), 201).json.id;
    await post('x'.repeat(400000));
    const id = await post(`${'x'.repeat(400000)}needle`); // decided by what stands last
    assert.deepEqual(await got(hook), [id]);
});

scenario('filter-test says whether an event would match, by data or by id, and saves nothing', async () => {
    const { hub, api, receiver, send, show } = await setUp({ organizations: 2 });
    const hook = await makeWebhook(api, receiver.url, { eventTypes: ['custom_event.order'], filter: over(100) });
    const path = `/api/v1/webhooks/${hook.id}/filter-test`;
    const id = await send({ total: 40 });
    const no = { matches: false, pointer: '/filter/all/0', reason: '/fields/total is 40, not greater than 100' };
    assert.deepEqual(expect(await api.post(path, { data: { fields: { total: 40 } } }), 200).json, no);
    assert.deepEqual(expect(await api.post(path, { eventId: id }), 200).json, no);
    const yes = expect(await api.post(path, { eventId: id, filter: over(30) }), 200).json;
    assert.deepEqual([yes.matches, yes.pointer], [true, '/filter/all/0']);
    const none = expect(await api.post(path, { eventId: id, filter: null }), 200).json;
    assert.deepEqual([none.matches, none.pointer], [true, null]);
    for (const data of [null, 7, 'text', []]) assert.equal(expect(await api.post(path, { data }), 200).json.matches, false);
    expectProblem(await api.post(path, {}), 422);
    expectProblem(await api.post(path, { data: {}, eventId: id }), 422);
    expectProblem(await api.post(path, { eventId: 'evt_' }), 422);
    expectProblem(await api.post(path, { eventId: 'evt_0000000000001' }), 404);
    const wrong = expectProblem(await api.post(path, { data: {}, filter: { all: [{ field: 'a', operator: 'no' }] } }), 422);
    assert.deepEqual(wrong.json.errors.map((error) => error.pointer), ['/filter/all/0/operator']);
    const theirs = hub.client(hub.owners[1]);
    const own = await makeWebhook(theirs, receiver.url);
    expectProblem(await theirs.post(path, { data: {} }), 404);
    expectProblem(await theirs.post(`/api/v1/webhooks/${own.id}/filter-test`, { eventId: id }), 404);
    const after = await show(hook);
    assert.deepEqual([after.filter, after.counts.filtered], [over(100), 1]);
    assert.equal(receiver.count, 0);
});
