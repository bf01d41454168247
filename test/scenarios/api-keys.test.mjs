// API keys: scopes, shown once, revoked at once, limits, addresses.
import assert from 'node:assert/strict';
import { before } from 'node:test';

import { TEXT, makeEvent, sendApi } from '../lib/fixtures.mjs';
import { expect, expectProblem } from '../lib/http.mjs';
import { filesUnder, readText, scenario, startHub } from '../lib/hub.mjs';

const MINUTE = 60000;
let hub;
let api;

before(async () => {
    hub = await startHub({ clock: true, organizations: 2 });
    api = hub.client();
    await makeEvent(api, { alias: 'order', fields: [TEXT] });
});

const make = async (body) => expect(await api.post('/api/v1/api-keys', { name: 'a key', scopes: ['*'], ...body }), 201).json;
const using = (made) => api.with({ key: made.key });
const send = (client) => sendApi(client, 'order', { email: 'k@example.org' });

scenario('S2.32 S2.34 a key is created, listed, shown once; it is stored hashed', async () => {
    const made = await make({ name: 'ERP', scopes: ['custom_events:write', 'contacts:read'] });
    assert.match(made.id, /^key_/);
    assert.ok(made.key.length >= 24);
    const row = (await api.all('/api/v1/api-keys')).find((one) => one.id === made.id);
    assert.deepEqual([row.name, [...row.scopes].sort()], ['ERP', ['contacts:read', 'custom_events:write']]);
    const shown = [(await api.get('/api/v1/api-keys')).text, (await api.get(`/api/v1/api-keys/${made.id}`)).text, (await api.get('/api/v1/audit')).text].join();
    assert.ok(!shown.includes(made.key), 'shown once');
    expect(await using(made).get('/api/v1/contacts'), 200);
    for (const file of filesUnder(hub.data)) assert.ok(!readText(file).includes(made.key), `in the clear in ${file}`);
    assert.ok(!hub.log.includes(made.key));
});

scenario('S2.34 a revoked key is 401 at once, for all connections', async () => {
    for (let i = 0; i < 10; i++) {
        const made = await make({});
        expect(await send(using(made)), 201);
        expect(await api.delete(`/api/v1/api-keys/${made.id}`), 204);
        const answers = await Promise.all(Array.from({ length: 8 }, () => send(using(made))));
        for (const answer of answers) expectProblem(answer, 401, 'unauthenticated');
        expectProblem(await api.delete(`/api/v1/api-keys/${made.id}`), 404, 'not_found');
    }
    const kept = await make({});
    const revoked = await make({});
    expect(await api.delete(`/api/v1/api-keys/${revoked.id}`), 204);
    await hub.restart();
    expect(await send(using(kept)), 201);
    expectProblem(await send(using(revoked)), 401);
});

scenario('scopes: each opens what it names and nothing else', async () => {
    const doors = {
        'custom_events:write': () => ['POST', '/custom-events/alias/order?createContact=true', { email: 'k@example.org' }],
        'events:read': () => ['GET', '/api/v1/events'],
        'contacts:read': () => ['GET', '/api/v1/contacts'],
        'webhooks:read': () => ['GET', '/api/v1/webhooks'],
        'webhooks:write': () => ['POST', '/api/v1/webhooks', { name: 'n', url: 'https://example.org/', eventTypes: ['ping'] }],
        'integrations:read': () => ['GET', '/api/v1/integrations'],
        'integrations:write': () => ['POST', '/api/v1/integrations', { name: 'n' }],
        'api_keys:read': () => ['GET', '/api/v1/api-keys'],
        'users:read': () => ['GET', '/api/v1/users'],
        'organization:read': () => ['GET', '/api/v1/organization'],
        'organization:write': () => ['PATCH', '/api/v1/organization', { name: 'Acme' }],
        'audit:read': () => ['GET', '/api/v1/audit'],
    };
    for (const scope of Object.keys(doors)) {
        const client = using(await make({ scopes: [scope] }));
        for (const [other, door] of Object.entries(doors)) {
            const [method, path, body] = door();
            const answer = await client.request(method, path, body);
            if (other === scope) assert.ok(answer.status < 300, `${scope} opens ${method} ${path}: ${answer.status} ${answer.text}`);
            else expectProblem(answer, 403, 'forbidden');
        }
    }
});

scenario('a key cannot make one that may more than itself', async () => {
    const limited = using(await make({ scopes: ['api_keys:write', 'contacts:read'] }));
    expect(await limited.post('/api/v1/api-keys', { name: 'same', scopes: ['contacts:read'] }), 201);
    for (const scopes of [['*'], ['webhooks:write'], ['contacts:read', 'users:write']]) {
        const answer = await limited.post('/api/v1/api-keys', { name: 'more', scopes });
        assert.ok([403, 422].includes(answer.status), `${scopes}: ${answer.status}`);
    }
});

scenario('what is wrong with a key is named', async () => {
    for (const [changes, member] of [[{ name: '' }, 'name'], [{ name: undefined }, 'name'], [{ scopes: undefined }, 'scopes'], [{ scopes: [] }, 'scopes'], [{ scopes: ['everything'] }, 'scopes'], [{ scopes: 'contacts:read' }, 'scopes'], [{ ratePerMinute: -1 }, 'ratePerMinute'], [{ ratePerMinute: 'x' }, 'ratePerMinute'], [{ allowedAddresses: ['nowhere'] }, 'allowedAddresses'], [{ allowedAddresses: ['10.0.0.0/33'] }, 'allowedAddresses'], [{ allowedAddresses: '10.0.0.1' }, 'allowedAddresses'], [{ expiresAt: 'tomorrow' }, 'expiresAt']]) {
        const answer = expectProblem(await api.post('/api/v1/api-keys', { name: 'n', scopes: ['*'], ...changes }), 422, 'invalid');
        assert.ok(answer.json.errors.some((error) => error.pointer.startsWith(`/${member}`)), `${JSON.stringify(changes)}: ${answer.text}`);
    }
});

scenario('a key\'s rate limit: X-RateLimit-*, 429, and the next minute', async () => {
    const made = await make({ ratePerMinute: 4 });
    const now = (await hub.clockState()).now;
    await hub.advance(MINUTE - (now % MINUTE)); // to a minute's beginning
    const answers = [];
    for (let i = 0; i < 6; i++) answers.push(await send(using(made)));
    assert.deepEqual(answers.map((answer) => answer.status), [201, 201, 201, 201, 429, 429]);
    assert.deepEqual(answers.map((answer) => answer.headers['x-ratelimit-limit']), Array(6).fill('4'));
    assert.deepEqual(answers.map((answer) => answer.headers['x-ratelimit-remaining']), ['3', '2', '1', '0', '0', '0']);
    const reset = Number(answers[0].headers['x-ratelimit-reset']) * 1000;
    assert.equal(reset, (await hub.clockState()).now + MINUTE);
    assert.equal(Number(answers[5].headers['retry-after']), 60);
    await hub.advance(MINUTE);
    expect(await send(using(made)), 201);
});

scenario('the organization\'s rate limit is for its events, on both inlets', async () => {
    const theirs = hub.client(hub.owners[1]);
    await makeEvent(theirs, { alias: 'hook', context: 'webhook' });
    await makeEvent(theirs, { alias: 'order' });
    expect(await theirs.patch('/api/v1/organization', { ratePerMinute: 3 }), 200);
    const path = `/${hub.owners[1].organizationId}/custom-events/alias/hook`;
    const statuses = [];
    for (let i = 0; i < 2; i++) statuses.push((await hub.anonymous.post(path, { email: 'a@b.org' })).status, (await sendApi(theirs, 'order', { email: 'a@b.org' })).status);
    assert.deepEqual(statuses.map((status) => (status < 300 ? 'taken' : status)), ['taken', 'taken', 'taken', 429]);
    expect(await theirs.get('/api/v1/contacts'), 200);
    expect(await theirs.patch('/api/v1/organization', { ratePerMinute: null }), 200);
    expect(await sendApi(theirs, 'order', { email: 'a@b.org' }), 201);
});

scenario('a key\'s list of addresses', async () => {
    expectProblem(await using(await make({ allowedAddresses: ['192.0.2.0/24', '2001:db8::/32'] })).get('/api/v1/contacts'), 403, 'forbidden');
    expect(await using(await make({ allowedAddresses: ['192.0.2.0/24', '127.0.0.1'] })).get('/api/v1/contacts'), 200);
    expect(await using(await make({ allowedAddresses: [] })).get('/api/v1/contacts'), 200);
    // A header does not change who is asking.
    expectProblem(await using(await make({ allowedAddresses: ['192.0.2.7'] })).get('/api/v1/contacts', { headers: { 'x-forwarded-for': '192.0.2.7' } }), 403);
});

scenario('a key ends at its time', async () => {
    const { now } = await hub.clockState();
    const made = await make({ expiresAt: new Date(now + 3600000).toISOString() });
    expect(await send(using(made)), 201);
    await hub.advance(3600000 - 1);
    expect(await send(using(made)), 201);
    await hub.advance(2);
    expectProblem(await send(using(made)), 401, 'unauthenticated');
});
