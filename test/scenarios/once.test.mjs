// Idempotency-Keys of what the API makes (S0.11): one instance, however often it is asked for.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { Agent } from 'node:http';
import { after, before } from 'node:test';

import { EMAIL, PLUGIN_SECRET, makeCampaign, makeIntegration, makeProduct } from '../lib/fixtures.mjs';
import { expect, expectProblem } from '../lib/http.mjs';
import { filesUnder, scenario, startHub } from '../lib/hub.mjs';

const HOUR = 3600000;
const API_KEY_BODY = { name: 'ERP', scopes: ['events:read'] };

let hub;
let api;
let campaign;
let product;
let integration;
let next = 0;

before(async () => {
    hub = await startHub({ clock: true, organizations: 2 });
    api = hub.client();
    campaign = await makeCampaign(api);
    product = await makeProduct(api);
    integration = await makeIntegration(api);
});

const fresh = () => `key-${++next}`;
const make = (path, body, key, client = api) => client.post(path, body, { headers: key === undefined ? {} : { 'idempotency-key': key } });

// Each thing that is made by a POST, and a body of another one.
const THINGS = {
    '/api/v1/campaigns': (n) => ({ name: `Campaign ${n}` }),
    '/api/v1/products': (n) => ({ name: `Product ${n}`, price: '2.00' }),
    '/api/v1/skus': (n) => ({ campaignId: campaign.id, sku: `sku-${n}`, productId: product.id }),
    '/api/v1/plugins': (n) => ({ type: 'konnektive', name: `Plugin ${n}`, secret: PLUGIN_SECRET, campaignId: campaign.id }),
    '/api/v1/integrations': (n) => ({ name: `Integration ${n}` }),
    '/api/v1/integrations/{id}/events': (n) => ({ name: `Event ${n}`, alias: `event-${n}`, context: 'api', fields: [EMAIL] }),
    '/api/v1/webhooks': (n) => ({ name: `Webhook ${n}`, url: 'http://127.0.0.1:9/', eventTypes: ['*'] }),
    '/api/v1/api-keys': (n) => ({ ...API_KEY_BODY, name: `Key ${n}` }),
    '/api/v1/users': (n) => ({ email: `person${n}@example.org`, name: `Person ${n}`, role: 'viewer', password: 'a password of theirs' }),
};
const pathOf = (pattern) => pattern.replace('{id}', integration.id);
const SHOWN_ONCE = { '/api/v1/webhooks': 'secret', '/api/v1/api-keys': 'key' };

scenario('S0.11 the same key and body make one thing, with the same answer but for what is shown once', async () => {
    for (const [pattern, body] of Object.entries(THINGS)) {
        const path = pathOf(pattern);
        const before = (await api.all(path)).length;
        const key = fresh();
        const first = expect(await make(path, body(1), key), 201).json;
        const again = expect(await make(path, body(1), key), 201).json;
        const secret = SHOWN_ONCE[pattern];
        if (secret) assert.ok(first[secret].length > 20, path);
        assert.deepEqual(again, secret ? { ...first, [secret]: null } : first, path);
        assert.equal((await api.all(path)).length, before + 1, path);
        expectProblem(await make(path, body(2), key), 422, 'idempotency_key_reused');
        assert.equal((await api.all(path)).length, before + 1, path);
        const other = expect(await make(path, body(2), fresh()), 201).json;
        assert.notEqual(other.id, first.id, path);
        assert.equal((await api.all(path)).length, before + 2, path);
    }
    const made = (await api.all('/api/v1/audit')).filter((entry) => entry.action === 'plugin.create');
    assert.equal(made.length, 2, 'a repeat is nobody\'s change');
});

scenario('S0.11 an order and its changes: one event for each key, and the order as it is now', async () => {
    const key = fresh();
    const body = { campaignId: campaign.id, state: 'complete', lines: [{ sku: 'a', price: '10.00' }], customer: { firstName: 'Ann' } };
    const first = expect(await make('/api/v1/orders', body, key), 201).json;
    const again = expect(await make('/api/v1/orders', body, key), 201).json;
    assert.deepEqual(again, { ...first, repeated: true, occurrences: [] });
    assert.deepEqual(first.occurrences, ['new_sale']);
    assert.equal((await api.all('/api/v1/orders')).length, 1, 'without a clientOrderId, too');
    const changes = `/api/v1/orders/${first.id}/changes`;
    const refund = { type: 'refund', amount: '2.00' };
    const once = fresh();
    const refunded = expect(await make(changes, refund, once), 201).json;
    assert.deepEqual([refunded.refunded, refunded.occurrences], ['2.00', ['all_refunds', 'partial_refunds']]);
    const repeated = expect(await make(changes, refund, once), 201).json;
    assert.deepEqual([repeated.refunded, repeated.occurrences, repeated.repeated, repeated.eventId], ['2.00', [], true, refunded.eventId]);
    assert.equal(expect(await make(changes, refund, fresh()), 201).json.refunded, '4.00', 'another key is another refund');
    expectProblem(await make(changes, { ...refund, amount: '3.00' }, once), 422, 'idempotency_key_reused');
    const later = expect(await make('/api/v1/orders', body, key), 201).json;
    assert.deepEqual([later.id, later.eventId, later.refunded], [first.id, first.eventId, '4.00']);
    // The same key for another order is another key.
    const second = expect(await make('/api/v1/orders', body, fresh()), 201).json;
    assert.equal(expect(await make(`/api/v1/orders/${second.id}/changes`, refund, once), 201).json.repeated, false);
});

scenario('S0.11 forty at once under one key: one instance', async () => {
    // Over connections that stand: so that several come into one transaction.
    const many = api.with({});
    many.agent = new Agent({ keepAlive: true });
    after(() => many.agent.destroy());
    const atOnce = (send) => Promise.all(Array.from({ length: 40 }, (_, i) => send(i)));
    await atOnce(() => many.get('/api/v1/campaigns'));
    const key = fresh();
    const answers = await atOnce(() => make('/api/v1/plugins', THINGS['/api/v1/plugins'](40), key, many));
    assert.deepEqual([...new Set(answers.map((answer) => `${answer.status} ${answer.json.id}`))], [`201 ${answers[0].json.id}`]);
    assert.equal((await api.all('/api/v1/plugins')).filter((one) => one.name === 'Plugin 40').length, 1);
    for (let round = 0; round < 12; round++) {
        const same = fresh();
        const made = await atOnce(() => make('/api/v1/campaigns', { name: 'Forty' }, same, many));
        assert.equal(new Set(made.map((answer) => expect(answer, 201).json.id)).size, 1);
    }
    // Between them others, which load what they name.
    const order = { campaignId: campaign.id, clientOrderId: 'forty', state: 'complete' };
    const orders = await atOnce((i) => make('/api/v1/orders', order, i % 2 === 0 ? 'even' : `odd-${i}`, many));
    assert.equal(new Set(orders.filter((_, i) => i % 2 === 0).map((answer) => answer.json.eventId)).size, 1);
});

scenario('S0.11 a key belongs to its organization and route; a refused request leaves it unused; a day later it is new', async () => {
    const key = fresh();
    const first = expect(await make('/api/v1/campaigns', { name: 'One' }, key), 201).json;
    const theirs = expect(await make('/api/v1/campaigns', { name: 'One' }, key, hub.client(hub.owners[1])), 201).json;
    assert.notEqual(theirs.id, first.id);
    expect(await make('/api/v1/products', { name: 'One' }, key), 201);
    const unused = fresh();
    expectProblem(await make('/api/v1/skus', { campaignId: 'cmp_0000000000001', sku: 'x' }, unused), 422, 'invalid');
    expect(await make('/api/v1/skus', { campaignId: campaign.id, sku: 'x' }, unused), 201);
    await hub.advance(24 * HOUR - 1000);
    assert.equal(expect(await make('/api/v1/campaigns', { name: 'One' }, key), 201).json.id, first.id);
    await hub.restart();
    assert.equal(expect(await make('/api/v1/campaigns', { name: 'One' }, key), 201).json.id, first.id, 'over a restart');
    await hub.advance(2000);
    assert.notEqual(expect(await make('/api/v1/campaigns', { name: 'One' }, key), 201).json.id, first.id);
});

scenario('S0.11 what was deleted since is 410; a key that is none, or comes twice, is 400', async () => {
    const key = fresh();
    const made = expect(await make('/api/v1/campaigns', { name: 'Gone' }, key), 201).json;
    expect(await api.delete(`/api/v1/campaigns/${made.id}`), 204);
    expectProblem(await make('/api/v1/campaigns', { name: 'Gone' }, key), 410, 'gone');
    for (const wrong of ['', 'x'.repeat(256)]) expectProblem(await make('/api/v1/campaigns', { name: 'Wrong' }, wrong), 400, 'malformed');
    expect(await make('/api/v1/campaigns', { name: 'Right' }, 'x'.repeat(255)), 201);
    expectProblem(await api.post('/api/v1/campaigns', { name: 'Wrong' }, { headers: { 'idempotency-key': ['a', 'b'] } }), 400, 'malformed');
    assert.ok(!(await api.all('/api/v1/campaigns')).some((one) => one.name === 'Wrong'));
});

scenario('S0.11 no secret is kept with a key', async () => {
    const hook = expect(await make('/api/v1/webhooks', { ...THINGS['/api/v1/webhooks'](9), name: 'Nine' }, fresh()), 201).json;
    const key = expect(await make('/api/v1/api-keys', API_KEY_BODY, fresh()), 201).json;
    await hub.stop();
    const needles = [hook.secret, key.key, PLUGIN_SECRET, 'a password of theirs'];
    for (const file of filesUnder(hub.data))
        for (const needle of needles) assert.ok(!readFileSync(file).includes(needle), `${file} has no secret in it`);
});
