// Credentials towards endpoints: Basic, bearer, headers of the user's own, and tokens by OAuth2
// client credentials, from a real authorization server and from ones that misbehave.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before } from 'node:test';

import { AuthorizationServer } from '../lib/authorization.mjs';
import { deliveriesOf, deliveryOf, makeEvent, makeIntegration, makeWebhook, sendApi, waitDelivery } from '../lib/fixtures.mjs';
import { expect } from '../lib/http.mjs';
import { filesUnder, scenario, startHub } from '../lib/hub.mjs';
import { startReceiver } from '../lib/receiver.mjs';
import { until } from '../lib/wait.mjs';

// Secrets as form-encoding and Basic find them hard, and as they must not be found anywhere.
const CLIENT_SECRET = 'c1ient s:/%+&=hush';
const clients = { 'shop one': { secret: CLIENT_SECRET, method: 'client_secret_basic' }, 'shop&two': { secret: CLIENT_SECRET, method: 'client_secret_post' } };

let hub;
let api;
let integration;
let server;
let next = 0;

before(async () => {
    hub = await startHub({ clock: true, args: ['--attempt-timeout', '5s', '--connect-timeout', '2s'] });
    api = hub.client();
    integration = await makeIntegration(api, 'Shop');
    server = await new AuthorizationServer({ clients }).listen();
});

after(() => server.close());

// A receiver, a webhook to it, and an event of its own, so that the tests do not meet.
async function setUp(more = {}) {
    const receiver = await startReceiver();
    after(() => receiver.close());
    const alias = `e${++next}`;
    await makeEvent(api, { alias, name: `Event ${next}`, integration: integration.id });
    const hook = await makeWebhook(api, `${receiver.url}/in`, { eventTypes: [`custom_event.${alias}`], ...more });
    const send = async (count = 1) => {
        for (let i = 0; i < count; i++) expect(await sendApi(api, alias, { email: 'c@example.org' }), 201);
    };
    return { receiver, hook, send };
}

const oauth2 = (changes = {}) => ({ auth: { type: 'oauth2', tokenUrl: server.tokenUrl, clientId: 'shop one', clientSecret: CLIENT_SECRET, ...changes } });
const change = async (hook, changes) => expect(await api.patch(`/api/v1/webhooks/${hook.id}`, changes), 200).json;
const show = async (hook) => expect(await api.get(`/api/v1/webhooks/${hook.id}`), 200).json;
const attemptsOf = async (hook) => (await deliveryOf(api, (await deliveriesOf(api, hook.id))[0].id)).attempts;
const waitAttempts = (hook, count) => waitDelivery(api, hook.id, (delivery) => delivery.attempts.length >= count);

// Attempts by what came of them, as /metrics has them.
async function resultsOf(result) {
    const { text } = expect(await hub.client().get('/metrics'), 200);
    return Number(new RegExp(`^junctor_attempt_results_total\\{result="${result}"\\} (\\d+)$`, 'm').exec(text)[1]);
}

// In what the API shows, in the log, in all files, not even in another spelling.
async function nowhere(hook, secrets) {
    const shown = [expect(await api.get(`/api/v1/webhooks/${hook.id}`), 200).text, expect(await api.get('/api/v1/audit?limit=200'), 200).text];
    for (const row of await deliveriesOf(api, hook.id)) shown.push(expect(await api.get(`/api/v1/deliveries/${row.id}`), 200).text);
    const places = [...shown.map((text) => ['the API', text]), ['the log', hub.log], ...filesUnder(hub.data).map((path) => [path, readFileSync(path, 'latin1')])];
    const spellings = secrets.flatMap((secret) => [secret, Buffer.from(secret).toString('latin1'), encodeURIComponent(secret), new URLSearchParams({ s: secret }).toString().slice(2), Buffer.from(secret).toString('base64').replace(/=*$/, '')]);
    for (const [place, text] of places) for (const secret of spellings) assert.ok(!text.includes(secret), `${secret} is in ${place}`);
}

const shownHeader = (attempt, name) => attempt.request.headers[name];

scenario('Basic, bearer and own headers arrive byte for byte, behind the hub\'s own', async () => {
    const password = 'pässwörd: hush hush';
    const { receiver, hook, send } = await setUp({
        auth: { type: 'basic', username: 'Jörg', password },
        headers: [
            { name: 'X-Shop', value: 'Café  №7; a="b", c: d' },
            { name: 'X-eMpTy', value: '' },
            { name: 'User-Agent', value: 'Mine/1.0' },
            { name: 'Accept', value: 'text/plain' },
            { name: 'X-Api-Key', value: 'key-hush-hush' },
        ],
    });
    await send();
    const [received] = await receiver.waitFor(1);
    const lines = received.headerLines.map((line) => Buffer.from(line, 'latin1').toString());
    const pair = Buffer.from(`Jörg:${password}`).toString('base64');
    for (const line of [`Authorization: Basic ${pair}`, 'X-Shop: Café  №7; a="b", c: d', 'X-eMpTy:', 'User-Agent: Mine/1.0', 'Accept: text/plain', 'X-Api-Key: key-hush-hush'])
        assert.equal(lines.filter((other) => other.trimEnd() === line).length, 1, `${line} in ${received.head}`);
    for (const name of ['authorization', 'user-agent', 'accept']) assert.equal(lines.filter((line) => line.toLowerCase().startsWith(`${name}:`)).length, 1, name);
    const order = ['webhook-id', 'webhook-signature', 'Authorization', 'X-Shop', 'X-eMpTy', 'X-Api-Key'].map((name) => lines.findIndex((line) => line.startsWith(`${name}:`)));
    assert.deepEqual(order, [...order].sort((a, b) => a - b), received.head);

    const bearer = 'b3ar3r.token-hush_hush~+/==';
    await change(hook, { auth: { type: 'bearer', token: bearer }, headers: [] });
    await send();
    const [, second] = await receiver.waitFor(2);
    assert.equal(second.headers.authorization, `Bearer ${bearer}`);
    assert.ok(!('x-shop' in second.headers));
    await change(hook, { auth: null });
    await send();
    const [, , third] = await receiver.waitFor(3);
    assert.ok(!('authorization' in third.headers), third.head);
    await hub.settled();
    await nowhere(hook, [password, pair, bearer, 'key-hush-hush']);
});

scenario('an attempt shows headers that are secrets masked, whenever they became so', async () => {
    const { hook, send } = await setUp({
        auth: { type: 'bearer', token: 'bearer-hush-hush' },
        headers: [{ name: 'X-Shop', value: 'shop-hush-hush', secret: true }, { name: 'X-Later', value: 'later-7' }, { name: 'X-Plain', value: 'plain-7' }],
    });
    await send();
    await waitDelivery(api, hook.id);
    const [attempt] = await attemptsOf(hook);
    assert.deepEqual(['Authorization', 'X-Shop', 'X-Later', 'X-Plain'].map((name) => shownHeader(attempt, name)), ['(masked)', '(masked)', 'later-7', 'plain-7']);
    assert.match(shownHeader(attempt, 'webhook-signature'), /^v1,/);
    await change(hook, { headers: [{ name: 'x-later', value: 'later-8', secret: true }] });
    const [again] = await attemptsOf(hook);
    assert.deepEqual(['Authorization', 'X-Shop', 'X-Later', 'X-Plain'].map((name) => shownHeader(again, name)), ['(masked)', '(masked)', '(masked)', 'plain-7'], 'as it is now, and what is gone stays hidden');
    await nowhere(hook, ['bearer-hush-hush', 'shop-hush-hush']);
});

scenario('a 401 says what there is to check: the auth that is sent, the signing secret where it signs', async () => {
    const basic = { type: 'basic', username: 'me', password: 'hush-hush-hush' };
    for (const [more, check] of [[{ auth: basic, signing: false }, 'check the URL, and the endpoint\'s auth'], [{ auth: basic }, 'check the URL, the endpoint\'s auth, and the signing secret on its side'], [{ signing: false }, 'check the URL, and which credentials the target wants']]) {
        const { receiver, hook, send } = await setUp(more);
        receiver.script = () => ({ status: 401 });
        await send();
        const { attempts } = await waitAttempts(hook, 1);
        assert.equal(attempts[0].error, `The target answered 401: it refuses what Junctor sends; ${check}`);
    }
});

scenario('a target that answers with the request gives no secrets away', async () => {
    const { receiver, hook, send } = await setUp({ auth: { type: 'basic', username: 'me', password: 'password-hush-hush' }, headers: [{ name: 'X-Shop', value: 'shop-hush-hush', secret: true }] });
    receiver.script = (received) => ({ status: 200, headers: { 'X-Echo': received.headers.authorization }, body: received.head });
    await send();
    await waitDelivery(api, hook.id);
    const [attempt] = await attemptsOf(hook);
    assert.match(attempt.response.body, /\r\nAuthorization: Basic \(masked\)\r\n[^]*X-Shop: \(masked\)\r\n/);
    assert.equal(attempt.response.headers['X-Echo'], 'Basic (masked)');
    await nowhere(hook, ['shop-hush-hush', Buffer.from('me:password-hush-hush').toString('base64')]);
});

scenario('a secret that the end of what is kept cuts is masked as well', async () => {
    const secret = 'shop-hush-hush';
    const { receiver, hook, send } = await setUp({ headers: [{ name: 'X-Shop', value: secret, secret: true }] });
    const kept = 65536;
    for (const part of [secret.length - 1, 4]) {
        const before = `${'x'.repeat(kept - part - 1)}:`;
        receiver.script = (received) => ({ status: 200, body: `${before}${received.headers['x-shop']} and so on` });
        await send();
        await waitDelivery(api, hook.id, (delivery) => delivery.state === 'delivered');
        const [attempt] = await attemptsOf(hook);
        assert.equal(attempt.response.body, `${before}(masked)`);
    }
    await nowhere(hook, ['shop']);
});

scenario('nor does an answer that breaks off in a secret give it away', async () => {
    const secret = 'shop-hush-hush';
    const { receiver, hook, send } = await setUp({ headers: [{ name: 'X-Shop', value: secret, secret: true }] });
    receiver.script = (received) => ({ raw: `HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nyours: ${received.headers['x-shop'].slice(0, -1)}`, close: true });
    await send();
    await waitDelivery(api, hook.id, (delivery) => delivery.attempts.length > 0);
    const [attempt] = await attemptsOf(hook);
    assert.deepEqual([attempt.response.body, attempt.response.truncated], ['yours: (masked)', false]);
});

scenario('OAuth2: client_secret_basic and client_secret_post, with a scope', async () => {
    for (const auth of [{ clientId: 'shop one' }, { clientId: 'shop&two', clientAuthentication: 'body' }]) {
        const { receiver, hook, send } = await setUp(oauth2({ ...auth, scope: 'orders' }));
        await send();
        const delivery = await waitDelivery(api, hook.id);
        assert.equal(delivery.state, 'delivered', JSON.stringify(delivery.attempts));
        const [received] = await receiver.waitFor(1);
        const token = await server.find(received.headers.authorization);
        assert.deepEqual([token?.clientId, token?.scope], [auth.clientId, 'orders']);
        await nowhere(hook, [CLIENT_SECRET, received.headers.authorization.slice(7)]);
    }
});

scenario('OAuth2: 50 deliveries at once fetch one token', async () => {
    const { receiver, hook, send } = await setUp(oauth2());
    const before = server.fetches;
    await change(hook, { status: 'paused' });
    await send(50);
    await change(hook, { status: 'active' });
    const requests = await receiver.waitFor(50);
    assert.equal(server.fetches, before + 1);
    assert.equal(new Set(requests.map((request) => request.headers.authorization)).size, 1);
});

scenario('OAuth2: a server is asked by few at once; who waits goes when one is answered, or fails', async () => {
    const own = await startHub({ clock: true, args: ['--couriers', '1'] });
    const client = own.client();
    const [endpoint, receiver] = [await startReceiver(), await startReceiver()];
    after(() => Promise.all([endpoint.close(), receiver.close()]));
    let open = 0;
    let most = 0;
    endpoint.script = ({ index }) => {
        most = Math.max(most, ++open);
        setTimeout(() => open--, 20);
        return { status: index < 6 ? 503 : 200, delay: 25, body: JSON.stringify({ access_token: `token-${index}`, token_type: 'Bearer' }) };
    };
    await makeEvent(client, { alias: 'many' });
    const auth = { type: 'oauth2', tokenUrl: `${endpoint.url}/token`, clientId: 'me', clientSecret: CLIENT_SECRET };
    for (let i = 0; i < 24; i++) await makeWebhook(client, `${receiver.url}/${i}`, { name: `w${i}`, eventTypes: ['custom_event.many'], auth, retry: { delaysSeconds: [10], jitterPercent: 0 } });
    expect(await sendApi(client, 'many', { email: 'c@example.org' }), 201);
    await receiver.waitFor(18);
    await own.settled();
    assert.deepEqual([most, endpoint.count, receiver.count], [4, 24, 18]);
    await own.advance(10_000);
    await receiver.waitFor(24);
    assert.equal(new Set(receiver.requests.map((request) => request.headers.authorization)).size, 24, 'each has its own');
    assert.deepEqual([most, endpoint.count], [4, 30]);
    await own.settled();
    await own.checkLedger();
});

scenario('OAuth2: a token is renewed before its end, and never used behind it', async () => {
    const { receiver, hook, send } = await setUp(oauth2());
    const before = server.fetches;
    const sendOne = async (count) => {
        await send();
        const token = (await receiver.waitFor(count))[count - 1].headers.authorization;
        await hub.settled();
        return token;
    };
    const first = await sendOne(1);
    await hub.advance(900_000);
    assert.equal(await sendOne(2), first);
    assert.equal(server.fetches, before + 1);
    await hub.advance(45_000); // 1000 s is its life
    assert.equal(await sendOne(3), first, 'meanwhile the old one');
    assert.equal(server.fetches, before + 2);
    const second = await sendOne(4);
    assert.notEqual(second, first);
    await hub.advance(3_600_000);
    assert.equal(server.fetches, before + 2, 'nobody wants one');
    const third = await sendOne(5);
    assert.notEqual(third, second);
    assert.equal(server.fetches, before + 3);
    await change(hook, { name: 'Another name' });
    assert.equal(await sendOne(6), third, 'another name, the same token');
    await change(hook, oauth2({ clientId: 'shop&two', clientAuthentication: 'body' }));
    assert.equal((await server.find(await sendOne(7))).clientId, 'shop&two');
});

scenario('OAuth2: a wrong secret and a wrong scope are told, as failed attempts', async () => {
    const { receiver, hook, send } = await setUp(oauth2({ clientSecret: 'wr0ng-hush-hush' }));
    await send();
    const delivery = await waitAttempts(hook, 1);
    assert.equal(delivery.state, 'pending');
    const [attempt] = delivery.attempts;
    const where = `The token endpoint 127.0.0.1:${server.port} answered`;
    assert.ok(attempt.error.startsWith(`${where} 401: invalid_client (`), attempt.error);
    assert.match(attempt.error, /check the client id and its secret/);
    assert.equal(attempt.response, null);
    await change(hook, oauth2({ scope: 'everything' }));
    await hub.advance(10_000);
    const [, second] = (await waitAttempts(hook, 2)).attempts;
    assert.ok(second.error.startsWith(`${where} 400: invalid_scope (`), second.error);
    await change(hook, oauth2());
    await hub.advance(600_000);
    assert.equal((await waitDelivery(api, hook.id)).state, 'delivered');
    assert.equal(receiver.count, 1);
    await nowhere(hook, ['wr0ng-hush-hush', CLIENT_SECRET]);
});

scenario('OAuth2: the server is down, and comes back', async () => {
    const { receiver, hook, send } = await setUp(oauth2());
    const tokenless = await resultsOf('token');
    await server.close();
    await send();
    const delivery = await waitAttempts(hook, 1);
    await send(2);
    const place = `127.0.0.1:${server.port}`;
    assert.ok(delivery.attempts[0].error.startsWith(`The token endpoint ${place} gave no token. ${place} refused the connection`), delivery.attempts[0].error);
    await hub.settled();
    assert.equal((await deliveriesOf(api, hook.id)).reduce((sum, row) => sum + row.attemptCount, 0), 1, 'the next fetch is not due, and others wait for it');
    assert.equal(await resultsOf('token'), tokenless + 1, 'counted as what it was');
    const { state, until: end, reason } = (await show(hook)).sending;
    assert.deepEqual([state, Date.parse(end) > Date.parse(delivery.attempts[0].startedAt)], ['waiting', true]);
    assert.match(reason, /no access token/);
    assert.equal((await deliveriesOf(api, hook.id))[0].reason, reason, 'the others wait for it');
    await server.up();
    assert.equal(receiver.count, 0);
    await hub.advance(10_000);
    await receiver.waitFor(3);
    await until('all are delivered', async () => (await deliveriesOf(api, hook.id)).every((row) => row.state === 'delivered'));
    await hub.settled();
    assert.deepEqual((await show(hook)).sending, { state: 'sending', until: null, reason: null });
});

scenario('OAuth2: the target answers 401 once, and then takes a new token', async () => {
    const { receiver, hook, send } = await setUp(oauth2());
    receiver.script = (received) => (received.headers.authorization === receiver.requests[0].headers.authorization ? 401 : 200);
    await send();
    const delivery = await waitDelivery(api, hook.id);
    assert.equal(delivery.state, 'delivered');
    assert.deepEqual(delivery.attempts.map((attempt) => [attempt.number, attempt.response.status]), [[1, 401], [2, 200]]);
    assert.match(delivery.attempts[0].error, /does not take the token any more/);
    assert.equal(receiver.count, 2);
});

scenario('OAuth2: the target answers 401 always, which makes no loop', async () => {
    const { receiver, hook, send } = await setUp(oauth2());
    receiver.answers(401);
    const before = server.fetches;
    await send();
    await waitAttempts(hook, 2);
    await hub.settled();
    assert.equal(receiver.count, 2);
    assert.equal(server.fetches, before + 2);
    const delivery = await waitDelivery(api, hook.id, () => true);
    assert.equal(delivery.state, 'pending');
    assert.match(delivery.attempts[1].error, /answered 401 to a new token, too/);
    await hub.advance(10_000); // the first retry comes after 5 s: no step was used up by renewing
    await receiver.waitFor(3);
    await hub.settled();
    assert.equal(receiver.count, 3);
    assert.equal(server.fetches, before + 3);
});

scenario('OAuth2: what a token endpoint is asked, and what it may answer without harm', async () => {
    const endpoint = await startReceiver();
    after(() => endpoint.close());
    const token = JSON.stringify({ access_token: 'g00d-hush-hush-token', token_type: 'bearer', expires_in: '60' });
    const json = (body) => ({ status: 200, headers: { 'Content-Type': 'application/json' }, body });
    endpoint.answers(
        json('{"access_token":'),
        { status: 200, length: 10_000_000 },
        json('{"token_type":"Bearer","expires_in":60}'),
        json('{"access_token":"mac-hush-hush-token-4711","token_type":"mac"}'),
        json('{"access_token":"a\\r\\nEvil: 1"}'),
        { status: 400, body: '{"error":"invalid_grant","error_description":"eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3 is no token"}' },
        json(token),
    );
    const words = ['answered 200 with something that is not a JSON object', 'answered 200 with 10000000 bytes, which is no token', 'answered 200 without an access_token', 'gave a token of the type "mac"', 'gave an access_token that no header can carry', 'answered 400: invalid_grant ((masked) is no token)'];
    const { receiver, hook, send } = await setUp({ ...oauth2({ tokenUrl: `${endpoint.url}/token?tenant=7`, scope: 'a b', audience: 'https://api.example/v1' }), retry: { delaysSeconds: [10], retries: 9, jitterPercent: 0 } });
    await send();
    for (const [i, text] of words.entries()) {
        const delivery = await waitAttempts(hook, i + 1);
        assert.ok(delivery.attempts[i].error.startsWith(`The token endpoint 127.0.0.1:${endpoint.port} ${text}`), delivery.attempts[i].error);
        await hub.settled();
        await hub.advance(i < 4 ? 10_000 : 60_000);
    }
    assert.equal((await waitDelivery(api, hook.id)).state, 'delivered');
    assert.equal(receiver.requests[0].headers.authorization, 'Bearer g00d-hush-hush-token');
    assert.equal(receiver.count, 1);
    const [asked] = endpoint.requests;
    assert.deepEqual([asked.method, asked.path], ['POST', '/token?tenant=7']);
    assert.equal(asked.headers['content-type'], 'application/x-www-form-urlencoded');
    assert.deepEqual([...new URLSearchParams(asked.body.toString())], [['grant_type', 'client_credentials'], ['scope', 'a b'], ['audience', 'https://api.example/v1']]);
    await nowhere(hook, ['g00d-hush-hush-token', 'mac-hush-hush-token-4711', 'eyJhbGciOiJIUzI1NiJ9']);
});
