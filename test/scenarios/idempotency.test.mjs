// Idempotency-Key (C14): the same answer for 24 hours, never a second event.
import assert from 'node:assert/strict';
import { before } from 'node:test';

import { TEXT, ledgerOf, makeEvent, sendApi, sendWebhook } from '../lib/fixtures.mjs';
import { expect, expectProblem } from '../lib/http.mjs';
import { scenario, startHub } from '../lib/hub.mjs';

const HOUR = 3600000;
let hub;
let api;
let organization;
let next = 0;

before(async () => {
    hub = await startHub({ clock: true, organizations: 2 });
    api = hub.client();
    organization = hub.owners[0].organizationId;
    await makeEvent(api, { alias: 'order', fields: [TEXT] });
    await makeEvent(api, { alias: 'refund', fields: [TEXT] });
    await makeEvent(api, { alias: 'hook', context: 'webhook', fields: [TEXT] });
});

const fresh = () => `key-${++next}`;
const withKey = (key) => ({ headers: { 'idempotency-key': key } });
const order = (key, body = { email: 'i@example.org', text: 'once' }, alias = 'order') => sendApi(api, alias, body, withKey(key));

scenario('C14 the same key gives the same 201 answer and no second event', async () => {
    const before = (await ledgerOf(api)).events;
    const key = fresh();
    const first = expect(await order(key), 201);
    for (let i = 0; i < 3; i++) {
        const again = expect(await order(key), 201);
        assert.deepEqual(again.json, first.json);
    }
    assert.equal((await ledgerOf(api)).events, before + 1);
    const hooked = await sendWebhook(api, organization, 'hook', { email: 'i@example.org' }, withKey(key + 'h'));
    const again = await sendWebhook(api, organization, 'hook', { email: 'i@example.org' }, withKey(key + 'h'));
    assert.deepEqual([again.status, again.json], [hooked.status, hooked.json]);
});

scenario('C14 the same key with another body is 422; with another event it is never taken for the first', async () => {
    const key = fresh();
    const first = expect(await order(key), 201).json;
    expectProblem(await order(key, { email: 'i@example.org', text: 'twice' }), 422, 'idempotency_key_reused');
    const other = expect(await order(key, { email: 'i@example.org', text: 'once' }, 'refund'), 201, 422);
    assert.notEqual(other.json.id, first.id);
    assert.equal(expect(await order(key), 201).json.id, first.id);
});

scenario('C14 forty at once under one key: one event, one answer', async () => {
    const before = (await ledgerOf(api)).events;
    const key = fresh();
    const answers = await Promise.all(Array.from({ length: 40 }, () => order(key)));
    assert.deepEqual([...new Set(answers.map((answer) => `${answer.status} ${answer.json.id}`))], [`201 ${answers[0].json.id}`]);
    assert.equal((await ledgerOf(api)).events, before + 1);
});

scenario('C14 a refused request leaves the key unused', async () => {
    const key = fresh();
    expectProblem(await order(key, { email: 'nobody' }), 422, 'invalid');
    expect(await order(key), 201);
    const other = fresh();
    const body = { email: `unknown${other}@example.org` };
    expect(await sendApi(api, 'order', body, { create: false, ...withKey(other) }), 404);
    expect(await order(other, body), 201);
});

scenario('C14 keys belong to their organization', async () => {
    const theirs = hub.client(hub.owners[1]);
    await makeEvent(theirs, { alias: 'order', fields: [TEXT] });
    const key = fresh();
    const ours = expect(await order(key), 201).json.id;
    const other = expect(await sendApi(theirs, 'order', { email: 'x@example.org' }, withKey(key)), 201).json.id;
    assert.notEqual(ours, other);
});

scenario('C14 keys outlive a restart, and kill -9', async () => {
    const key = fresh();
    const first = expect(await order(key), 201).json;
    await hub.stop();
    await hub.start();
    assert.deepEqual(expect(await order(key), 201).json, first);
    await hub.kill();
    await hub.start();
    assert.deepEqual(expect(await order(key), 201).json, first);
    expectProblem(await order(key, { email: 'i@example.org', text: 'twice' }), 422, 'idempotency_key_reused');
});

scenario('C14 a key is kept 24 hours and not longer', async () => {
    const key = fresh();
    const first = expect(await order(key), 201).json;
    await hub.advance(24 * HOUR - 1000);
    assert.deepEqual(expect(await order(key), 201).json, first);
    await hub.advance(2000);
    const later = expect(await order(key), 201).json;
    assert.notEqual(later.id, first.id);
});

scenario('a key that is empty, too long or not plain is refused', async () => {
    for (const key of ['', 'x'.repeat(256)]) {
        const answer = await order(key);
        if (key === '') assert.ok([201, 400, 422].includes(answer.status), answer.text);
        else assert.ok([400, 422].includes(answer.status), answer.text);
    }
    expect(await order('k'.repeat(200)), 201);
});
