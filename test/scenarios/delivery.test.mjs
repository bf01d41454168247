// Deliveries: what is sent, what is recorded of it, and what targets may do without harm.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before } from 'node:test';
import standard from 'standardwebhooks';
import svix from 'svix';

import { TEXT, deliveryOf, makeEvent, makeIntegration, makeWebhook, sendApi, sendWebhook, waitDelivery } from '../lib/fixtures.mjs';
import { expect, expectProblem } from '../lib/http.mjs';
import { filesUnder, scenario, startHub } from '../lib/hub.mjs';
import { startReceiver } from '../lib/receiver.mjs';
import { until } from '../lib/wait.mjs';

let hub;
let api;
let integration;
let next = 0;

before(async () => {
    hub = await startHub({ args: ['--attempt-timeout', '3s', '--connect-timeout', '2s'] });
    api = hub.client();
    integration = await makeIntegration(api, 'My shop');
});

// A receiver, a webhook to it, and an event of its own, so that the tests do not meet.
async function setUp(more = {}) {
    const receiver = await startReceiver();
    after(() => receiver.close());
    const alias = `e${++next}`;
    await makeEvent(api, { alias, name: `Event ${next}`, integration: integration.id, fields: [TEXT, { id: 'n', name: 'N', type: 'integer' }, { id: 'd', name: 'D', type: 'decimal' }] });
    const hook = await makeWebhook(api, `${receiver.url}/in?a=b`, { eventTypes: [`custom_event.${alias}`], ...more });
    return { receiver, alias, hook, send: (body = {}) => sendApi(api, alias, { email: 'd@example.org', ...body }) };
}

scenario('S4.3 S4.4 E8 a POST with JSON, signed; the libraries of Standard Webhooks and Svix agree', async () => {
    const { receiver, alias, hook, send } = await setUp();
    const sent = expect(await send({ text: 'ü€😀 "quoted" \\ </script>\u2028', n: 42, d: 149.95 }), 201);
    const [received] = await receiver.waitFor(1);
    assert.equal(received.method, 'POST');
    assert.equal(received.path, '/in?a=b');
    assert.match(received.headers['content-type'], /^application\/json/);
    const payload = received.body.toString();
    const verified = new standard.Webhook(hook.secret).verify(payload, received.headers);
    assert.deepEqual(verified, received.json);
    const names = { 'svix-id': received.headers['webhook-id'], 'svix-timestamp': received.headers['webhook-timestamp'], 'svix-signature': received.headers['webhook-signature'] };
    assert.deepEqual(new svix.Webhook(hook.secret).verify(payload, names), received.json);
    assert.throws(() => new standard.Webhook(hook.secret).verify(`${payload} `, received.headers));
    assert.match(received.headers['webhook-id'], /^[^.\s]+$/);
    assert.ok(Math.abs(Number(received.headers['webhook-timestamp']) - Date.now() / 1000) < 30);

    const body = received.json;
    assert.deepEqual(Object.keys(body), ['type', 'timestamp', 'data']);
    assert.equal(body.type, `custom_event.${alias}`);
    assert.ok(Math.abs(Date.parse(body.timestamp) - Date.now()) < 30000, body.timestamp);
    assert.deepEqual(Object.keys(body.data).sort(), ['contact', 'event', 'fields', 'id', 'integration']);
    assert.equal(body.data.id, sent.json.id);
    assert.equal(body.data.contact.email, 'd@example.org');
    assert.match(body.data.contact.id, /^con_/);
    assert.deepEqual(body.data.integration, { id: integration.id, name: 'My shop' });
    assert.deepEqual(body.data.event, { alias, name: `Event ${next}` });
    assert.deepEqual(body.data.fields, { email: 'd@example.org', text: 'ü€😀 "quoted" \\ </script>\u2028', n: 42, d: 149.95 });
    assert.equal(received.headers['junctor-hops'], '1');
});

scenario('E8 bare sends the data alone, and signing can be off', async () => {
    const { receiver, hook, send } = await setUp({ format: 'bare' });
    expect(await send({ text: 'bare' }), 201);
    const [received] = await receiver.waitFor(1);
    assert.equal(received.json.fields.text, 'bare');
    assert.ok(!('type' in received.json && 'timestamp' in received.json));
    new standard.Webhook(hook.secret).verify(received.body.toString(), received.headers);

    const unsigned = await setUp({ format: 'bare', signing: false });
    expect(await unsigned.send(), 201);
    const [plain] = await unsigned.receiver.waitFor(1);
    assert.ok(!('webhook-signature' in plain.headers), plain.head);
    assert.ok('webhook-id' in plain.headers, 'S4.5 an id to dedupe by');
});

scenario('S4.11 S4.12 S4.13 S4.23 the attempt is what the receiver saw, byte for byte, and what it answered', async () => {
    for (const [status, body] of [[200, '{"ok":true}'], [404, 'not here'], [500, '<h1>no</h1>']]) {
        const { receiver, hook, send } = await setUp();
        receiver.answers({ status, headers: { 'X-Answer': 'äöü'.normalize() && 'yes', 'Content-Type': 'text/plain', 'Set-Cookie': 'session=secret-cookie' }, body });
        expect(await send({ text: 'exact' }), 201);
        const delivery = await waitDelivery(api, hook.id, (one) => one.attempts.length > 0);
        const [received] = receiver.requests;
        const [attempt] = delivery.attempts;
        assert.equal(attempt.number, 1);
        assert.ok(Math.abs(Date.parse(attempt.startedAt) - received.at) < 5000);
        assert.ok(Number.isInteger(attempt.durationMs) && attempt.durationMs >= 0);
        assert.equal(attempt.request.method, 'POST');
        assert.equal(attempt.request.url, `${receiver.url}/in?a=b`);
        assert.equal(attempt.request.body, received.body.toString());
        assert.equal(attempt.request.bodyEncoding, 'utf8');
        const shown = headerPairs(attempt.request.headers);
        const raw = received.headerLines.map((line) => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 1).trim()]);
        assert.deepEqual(shown, raw, 'headers: names, values and order');
        assert.equal(attempt.response.status, status);
        assert.equal(attempt.response.body, body);
        assert.equal(attempt.response.bodyEncoding, 'utf8');
        assert.equal(attempt.response.length, body.length);
        assert.equal(attempt.response.truncated, false);
        const answered = Object.fromEntries(headerPairs(attempt.response.headers).map(([name, value]) => [name.toLowerCase(), value]));
        assert.equal(answered['x-answer'], 'yes');
        assert.equal(delivery.lastStatus, status);
        assert.equal(delivery.attemptCount, 1);
        assert.equal(delivery.state, status === 200 ? 'delivered' : 'pending', 'E4: only 2xx is a success');
        if (status === 200) assert.ok(!attempt.error, String(attempt.error));
        else assert.ok(typeof attempt.error === 'string' && attempt.error.length > 0);
    }
});

// Headers as an object, or as a list of pairs or {name, value}.
function headerPairs(headers) {
    if (Array.isArray(headers)) return headers.map((header) => (Array.isArray(header) ? header : [header.name, header.value]));
    return Object.entries(headers).flatMap(([name, value]) => (Array.isArray(value) ? value.map((one) => [name, one]) : [[name, value]]));
}

scenario('S4.12 what an attempt sent and got is stored sealed: no token of URL or headers is in any file', async () => {
    const hub = await startHub();
    const api = hub.client();
    const receiver = await startReceiver();
    after(() => receiver.close());
    await makeEvent(api, { alias: 'sealed', fields: [TEXT] });
    const tokens = ['path-token-4711', 'query-token-4712', 'cookie-token-4713', 'location-token-4714', 'later-token-4715'];
    const [path, query, cookie, location, later] = tokens;
    const url = `${receiver.url}/${path}?t=${query}`;
    const hook = await makeWebhook(api, url, { eventTypes: ['custom_event.sealed'] });
    receiver.answers({ status: 200, headers: { 'Set-Cookie': `session=${cookie}`, 'X-Answer': cookie } }, { status: 302, headers: { Location: `https://elsewhere.example/?t=${location}` } });
    for (let n = 1; n <= 2; n++) {
        expect(await sendApi(api, 'sealed', { email: 's@example.org', text: 'a-text-in-the-clear' }), 201);
        await waitDelivery(api, hook.id, (one) => one.attempts.length > 0);
        await receiver.waitFor(n);
        await until('it is recorded', async () => (await api.get(`/api/v1/webhooks/${hook.id}/deliveries`)).json.data.filter((one) => one.attemptCount === 1).length === n);
    }
    expect(await api.patch(`/api/v1/webhooks/${hook.id}`, { url: `${receiver.url}/${later}` }), 200);
    assert.equal(expect(await api.get(`/api/v1/webhooks/${hook.id}`), 200).json.url, `${receiver.url}/${later}`);

    const check = async () => {
        const rows = expect(await api.get(`/api/v1/webhooks/${hook.id}/deliveries`), 200).json.data;
        const shown = await Promise.all(rows.map(async (row) => (await api.get(`/api/v1/deliveries/${row.id}`)).json.attempts[0]));
        const [redirected, delivered] = shown;
        assert.deepEqual(shown.map((attempt) => attempt.request.url), [url, url], 'as it was then');
        assert.equal(Object.fromEntries(headerPairs(delivered.response.headers))['X-Answer'], cookie);
        assert.equal(Object.fromEntries(headerPairs(delivered.response.headers))['Set-Cookie'], '(masked)');
        assert.ok(redirected.response.headers.Location.endsWith(location) && redirected.error.includes('https://elsewhere.example/'));
    };
    await check();
    const inFiles = () => filesUnder(hub.data).map((file) => [file, readFileSync(file)]);
    const found = () => inFiles().flatMap(([file, bytes]) => tokens.filter((token) => bytes.includes(token)).map((token) => `${token} in ${file}`));
    assert.deepEqual(found(), [], 'while it runs');
    await hub.stop();
    assert.deepEqual(found(), [], 'when it has stopped');
    assert.ok(inFiles().some(([, bytes]) => bytes.includes('a-text-in-the-clear')), 'the files are those where it would be');
    const doctor = await hub.checkLedger();
    assert.match(doctor.stdout, /fine +sealed +2 addresses and secrets of webhooks open/);
    assert.match(doctor.stdout, /fine +sealed +2 newest attempts open/);
    await hub.start();
    await check();
});

scenario('S4.12 a password in the URL is sent, and not shown', async () => {
    const receiver = await startReceiver();
    after(() => receiver.close());
    const url = `http://user:pass-word-in-url@127.0.0.1:${receiver.port}/in`;
    const answer = await api.post('/api/v1/webhooks', { name: 'Basic', url, eventTypes: ['ping'] });
    if (answer.status === 422) return; // refusing it is as good
    const hook = expect(answer, 201).json;
    await api.post(`/api/v1/webhooks/${hook.id}/ping`);
    const delivery = await waitDelivery(api, hook.id);
    const shown = JSON.stringify([delivery, (await api.get(`/api/v1/webhooks/${hook.id}`)).json]);
    assert.ok(!shown.includes('pass-word-in-url') && !shown.includes(Buffer.from('user:pass-word-in-url').toString('base64')), shown);
});

scenario('S4.24 E5 of a large answer 64 KiB are kept, with the true length; over 16 MiB fails the attempt', async () => {
    const exact = await setUp();
    exact.receiver.answers({ status: 200, length: 65536 });
    expect(await exact.send(), 201);
    const whole = (await waitDelivery(api, exact.hook.id)).attempts[0].response;
    assert.deepEqual([whole.length, whole.body.length, whole.truncated], [65536, 65536, false]);

    const large = await setUp();
    large.receiver.answers({ status: 200, length: 10 * 1024 * 1024 });
    expect(await large.send(), 201);
    const cut = await waitDelivery(api, large.hook.id);
    assert.equal(cut.state, 'delivered');
    assert.deepEqual([cut.attempts[0].response.length, cut.attempts[0].response.body.length, cut.attempts[0].response.truncated], [10 * 1024 * 1024, 65536, true]);

    for (const answer of [{ status: 200, length: 17 * 1024 * 1024 }, { status: 200, endless: true }]) {
        const endless = await setUp();
        endless.receiver.answers(answer);
        expect(await endless.send(), 201);
        const failed = await waitDelivery(api, endless.hook.id, (one) => one.attempts.length > 0);
        assert.equal(failed.state, 'pending', JSON.stringify(failed).slice(0, 300));
        assert.ok(failed.attempts[0].error.length > 0);
        assert.ok(failed.attempts[0].response === null || failed.attempts[0].response.truncated);
    }
});

scenario('S4.24 answers that are no UTF-8 are shown as base64; empty, HTML and invalid JSON as they are', async () => {
    const bytes = Buffer.from([0xff, 0xfe, 0x00, 0x80, 0x41]);
    for (const [body, encoding] of [[bytes, 'base64'], [Buffer.from(''), 'utf8'], [Buffer.from('<html>'), 'utf8'], [Buffer.from('{"a":'), 'utf8'], [Buffer.from('ü€😀'), 'utf8'], [Buffer.from([0xe2, 0x82]), 'base64']]) {
        const { receiver, hook, send } = await setUp();
        receiver.answers({ status: 200, body });
        expect(await send(), 201);
        const { response } = (await waitDelivery(api, hook.id)).attempts[0];
        assert.equal(response.bodyEncoding, encoding);
        assert.deepEqual(Buffer.from(response.body, encoding), body);
        assert.equal(response.length, body.length);
    }
});

scenario('a cut in the middle of a character at 64 KiB stays readable', async () => {
    const { receiver, hook, send } = await setUp();
    const body = Buffer.from('a' + '€'.repeat(30000));
    receiver.answers({ status: 200, body });
    expect(await send(), 201);
    const { response } = (await waitDelivery(api, hook.id)).attempts[0];
    assert.equal(response.truncated, true);
    assert.equal(response.length, body.length);
    const kept = Buffer.from(response.body, response.bodyEncoding);
    assert.ok(kept.length > 65530 && kept.length <= 65536 && kept.equals(body.subarray(0, kept.length)), `${response.bodyEncoding}, ${kept.length}`);
});

scenario('B5 redirects are not followed and are failures', async () => {
    const elsewhere = await startReceiver();
    after(() => elsewhere.close());
    for (const status of [301, 302, 303, 307, 308]) {
        const { receiver, hook, send } = await setUp();
        receiver.answers({ status, headers: { Location: `${elsewhere.url}/stolen` }, body: 'over there' });
        expect(await send(), 201);
        const delivery = await waitDelivery(api, hook.id, (one) => one.attempts.length > 0);
        assert.deepEqual([delivery.state, delivery.lastStatus], ['pending', status]);
        assert.equal(delivery.attempts[0].response.body, 'over there');
    }
    assert.equal(elsewhere.count, 0);
});

scenario('E4 any 2xx with a whole body is a success; 1xx are passed over', async () => {
    for (const answer of [201, 202, 204, 299, { raw: 'HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n' }, { raw: 'HTTP/1.0 200 OK\r\n\r\nuntil the end', close: true }, { raw: 'HTTP/1.1 200\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n' }]) {
        const { receiver, hook, send } = await setUp();
        receiver.answers(answer);
        expect(await send(), 201);
        const delivery = await waitDelivery(api, hook.id, (one) => one.attempts.length > 0);
        assert.equal(delivery.state, 'delivered', JSON.stringify([answer, delivery.attempts[0]]));
    }
});

scenario('S4.11 faults of all kinds are attempts that fail with a reason, one request each', async () => {
    const faults = {
        hang: { hang: true },
        'reset before': { reset: 'before' },
        'reset mid': { reset: 'mid' },
        nonsense: { raw: 'this is not HTTP\r\n\r\n', close: true },
        'cut body': { raw: 'HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nshort', close: true },
        'cut chunk': { raw: 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nabc', close: true },
        'endless headers': { raw: `HTTP/1.1 200 OK\r\n${'X-More: yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy\r\n'.repeat(20000)}\r\n` },
        trickle: { trickle: 200, body: 'x'.repeat(1000) },
        'only closes': { raw: '', close: true },
    };
    await Promise.all(Object.entries(faults).map(async ([name, answer]) => {
        const { receiver, hook, send } = await setUp();
        receiver.answers(answer);
        expect(await send(), 201);
        const delivery = await waitDelivery(api, hook.id, (one) => one.attempts.length > 0, { timeout: 15000 });
        assert.equal(delivery.state, 'pending', name);
        assert.ok(delivery.attempts[0].error.length > 5, `${name}: ${delivery.attempts[0].error}`);
        assert.equal(delivery.attempts.length, delivery.attemptCount);
        assert.equal(receiver.count, delivery.attempts.length, `${name}: each request is an attempt (seen ${receiver.count})`);
        if (['hang', 'trickle'].includes(name)) assert.ok(delivery.attempts[0].durationMs >= 2500 && delivery.attempts[0].durationMs < 6000, `${name}: ${delivery.attempts[0].durationMs}`);
    }));
    for (const method of ['POST', 'PUT', 'PATCH']) {
        const refused = await setUp({ method });
        await refused.receiver.down();
        expect(await refused.send(), 201);
        const delivery = await waitDelivery(api, refused.hook.id, (one) => one.attempts.length > 0);
        assert.equal(delivery.attempts[0].request.method, method, 'what would have gone out');
        assert.equal(delivery.attempts[0].response, null);
        assert.match(delivery.attempts[0].error, /refused/i);
    }
});

scenario('a kept connection that the target closes silently is no failure, and no hidden repeat', async () => {
    const { receiver, hook, send } = await setUp();
    receiver.answers({ status: 200, closeAfter: true });
    for (let i = 0; i < 6; i++) {
        expect(await send({ n: i }), 201);
        await receiver.waitFor(i + 1);
    }
    await until('all delivered', async () => (await api.all(`/api/v1/webhooks/${hook.id}/deliveries`)).every((one) => one.state === 'delivered' && one.attemptCount === 1));
    assert.equal(receiver.count, 6);
});

scenario('a kept connection that is cut with the request on its way: what the target saw is recorded', async () => {
    const { receiver, hook, send } = await setUp();
    receiver.script = (received) => (received.index === 1 ? { reset: 'before' } : 200);
    expect(await send({ n: 1 }), 201);
    await receiver.waitFor(1);
    expect(await send({ n: 2 }), 201);
    await receiver.waitFor(2);
    // Each request that the target saw is an attempt, as soon as it is recorded.
    await until('one attempt is one request', async () => {
        const all = await api.all(`/api/v1/webhooks/${hook.id}/deliveries`);
        return all.length === 2 && all.every((one) => one.attemptCount > 0) && all.reduce((sum, row) => sum + row.attemptCount, 0) === receiver.count;
    });
});

scenario('connections are kept: a hundred deliveries use few', async () => {
    const { receiver, send } = await setUp();
    for (let i = 0; i < 100; i++) expect(await send({ n: i }), 201);
    await receiver.waitFor(100);
    assert.ok(receiver.connections <= 8, `${receiver.connections} connections`);
});

scenario('S4.20 S4.21 a sleeping target delays no answer; the delivery is seen at once as pending', async () => {
    const { receiver, hook, send } = await setUp();
    receiver.answers({ hang: true });
    const begun = performance.now();
    expect(await send(), 201);
    const took = performance.now() - begun;
    assert.ok(took < 200 * Number(process.env.JUNCTOR_SLOW ?? 1), `${took} ms`);
    const [row] = expect(await api.get(`/api/v1/webhooks/${hook.id}/deliveries`), 200).json.data;
    assert.equal(row.state, 'pending');
});

scenario('one bad target harms nobody else', async () => {
    const bad = await setUp();
    bad.receiver.answers({ hang: true });
    const good = await setUp();
    for (let i = 0; i < 50; i++) expect(await bad.send({ n: i }), 201);
    const begun = Date.now();
    for (let i = 0; i < 20; i++) expect(await good.send({ n: i }), 201);
    await good.receiver.waitFor(20, { timeout: 2500 });
    assert.ok(Date.now() - begun < 2500 * Number(process.env.JUNCTOR_SLOW ?? 1));
    assert.ok(bad.receiver.count <= 8, `at most 8 at once to one outlet, seen ${bad.receiver.count}`);
});

scenario('S4.10 the log of a webhook: newest first, by pages, with time, event, status and state', async () => {
    const { receiver, hook, send } = await setUp();
    const ids = [];
    for (let i = 0; i < 5; i++) ids.push(expect(await send({ n: i }), 201).json.id);
    await receiver.waitFor(5);
    const first = expect(await api.get(`/api/v1/webhooks/${hook.id}/deliveries?limit=2`), 200).json;
    assert.deepEqual(first.data.map((row) => row.eventId), [ids[4], ids[3]]);
    const rows = await until('all delivered', async () => {
        const all = await api.all(`/api/v1/webhooks/${hook.id}/deliveries`, { limit: 2 });
        return all.every((row) => row.state === 'delivered') && all;
    });
    assert.deepEqual(rows.map((row) => row.eventId), [...ids].reverse());
    for (const row of rows) {
        for (const member of ['id', 'eventId', 'eventType', 'state', 'attemptCount', 'lastStatus', 'nextAttemptAt', 'createdAt']) assert.ok(member in row, `${member} in ${JSON.stringify(row)}`);
        assert.deepEqual([row.eventType, row.lastStatus, row.nextAttemptAt, row.attemptCount], [hook.eventTypes?.[0] ?? row.eventType, 200, null, 1]);
        assert.match(row.id, /^dlv_/);
    }
    assert.equal(new Set(receiver.requests.map((received) => received.id)).size, 5);
    assert.deepEqual(new Set(receiver.requests.map((received) => received.id)), new Set(rows.map((row) => row.id)), 'webhook-id is the delivery\'s id');
    expectProblem(await api.get('/api/v1/webhooks/whk_0000000000001/deliveries'), 404, 'not_found');
    expectProblem(await api.get('/api/v1/deliveries/dlv_0000000000001'), 404, 'not_found');
});

scenario('environment proxies are ignored', async () => {
    const proxied = await startHub({ name: 'proxied', env: { http_proxy: 'http://127.0.0.1:9', HTTP_PROXY: 'http://127.0.0.1:9', ALL_PROXY: 'http://127.0.0.1:9', all_proxy: 'http://127.0.0.1:9' } });
    const receiver = await startReceiver();
    after(() => receiver.close());
    const hook = await makeWebhook(proxied.client(), receiver.url, { eventTypes: ['ping'] });
    await proxied.client().post(`/api/v1/webhooks/${hook.id}/ping`);
    await receiver.waitFor(1);
});

scenario('a webhook event arrives with the fields that came, notes and raw body stay here', async () => {
    const receiver = await startReceiver();
    after(() => receiver.close());
    await makeEvent(api, { context: 'webhook', alias: 'posted', fields: [{ id: 'n', name: 'N', type: 'integer' }] });
    await makeWebhook(api, receiver.url, { eventTypes: ['custom_event.posted'] });
    expect(await sendWebhook(api, hub.owners[0].organizationId, 'posted', { email: 'p@example.org', n: '7', unknown: 'private' }), 200, 201, 202);
    const [received] = await receiver.waitFor(1);
    assert.deepEqual(received.json.data.fields, { email: 'p@example.org', n: 7 });
    assert.ok(!received.body.toString().includes('private'));
});
