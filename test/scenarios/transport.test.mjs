// How requests travel, as targets and proxies see it: methods, time-outs, certificates of both sides,
// forward proxies, and the phases that are told of an attempt.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import net from 'node:net';
import { after, before } from 'node:test';
import standard from 'standardwebhooks';

import { Authority } from '../lib/certificates.mjs';
import { NameServer } from '../lib/dns.mjs';
import { deliveryOf, makeWebhook } from '../lib/fixtures.mjs';
import { expect, expectProblem } from '../lib/http.mjs';
import { binary, scenario, startHub } from '../lib/hub.mjs';
import { Proxy, startProxy } from '../lib/proxy.mjs';
import { startTarget } from '../lib/target.mjs';
import { until } from '../lib/wait.mjs';

const NAME = 'good.example.org';

const authority = new Authority();
const stranger = new Authority('Stranger');
const good = authority.issue('good');
const certificateAuthorities = String(readFileSync(authority.cert));
const strangersAuthority = String(readFileSync(stranger.cert));
const clientOf = (issuer, name) => {
    const { key, cert } = issuer.issue(name);
    return { certificate: String(cert), privateKey: String(key) };
};

let trap; // what the environment names as its proxy
let names;
let hub;
let api;

before(async () => {
    trap = await startProxy();
    names = await new NameServer({ [NAME]: ['127.0.0.1'], 'proxy.example.org': ['127.0.0.1'] }).listen();
    const env = Object.fromEntries(['http_proxy', 'https_proxy', 'all_proxy'].flatMap((name) => [[name, trap.url], [name.toUpperCase(), trap.url]]));
    hub = await startHub({ clock: true, organizations: 2, env: { ...env, NO_PROXY: '', no_proxy: '' }, args: ['--name-servers', names.address] });
    api = hub.client();
});

after(async () => {
    names.close();
    await trap.close();
});

// Servers that end with the scenario that they were started for.
async function serving(list, body) {
    const started = await Promise.all(list);
    try {
        await body(...started);
    } finally {
        for (const one of started) await one.close();
    }
}

const change = async (hook, changes) => expect(await api.patch(`/api/v1/webhooks/${hook.id}`, changes), 200);

// The delivery, once it has that many attempts.
const attempted = (id, times = 1, client = api) => until(`${times} attempts of ${id}`, async () => {
    const delivery = await deliveryOf(client, id);
    return delivery.attempts.length >= times && delivery;
}, { timeout: 20000 });

async function ping(hook, client = api) {
    const { deliveryId } = expect(await client.post(`/api/v1/webhooks/${hook.id}/ping`), 202).json;
    return attempted(deliveryId, 1, client);
}

const newHook = (url, more = {}, client = api) => makeWebhook(client, url, { eventTypes: ['ping'], ...more });

// What became of one event to a new endpoint.
async function sendTo(url, more, client = api) {
    const delivery = await ping(await newHook(url, more, client), client);
    return { ...delivery, attempt: delivery.attempts[0], error: delivery.attempts[0].error };
}

function arrived(delivery, where) {
    assert.deepEqual([delivery.state, delivery.attempts.at(-1).error], ['delivered', null], where);
}

// Nothing came of it but the reason.
function failed(delivery, reason, where) {
    assert.deepEqual([delivery.state, delivery.attempt.response, delivery.lastStatus], ['pending', null, null], where ?? delivery.error);
    assert.match(delivery.error, reason, where);
}

// ── methods

scenario('POST, PUT and PATCH arrive as such: the same bytes, signed; a change goes for the next attempt', () => serving([startTarget()], async (target) => {
    target.script = () => (target.count < 4 ? 500 : 200);
    const hook = await newHook(`${target.url}/in?a=b`, { method: 'PATCH' });
    const { id } = await ping(hook);
    const methods = ['PATCH', 'PUT', 'POST', 'PATCH'];
    for (let i = 1; i < methods.length; i++) {
        await change(hook, { method: methods[i] });
        const { nextAttemptAt } = await attempted(id, i);
        await hub.advance(Date.parse(nextAttemptAt) - (await hub.clockState()).now);
        await attempted(id, i + 1);
    }
    const delivery = await attempted(id, methods.length);
    arrived(delivery);
    assert.deepEqual(target.requests.map((one) => one.method), methods);
    assert.deepEqual(delivery.attempts.map((one) => one.request.method), methods);
    for (const { path, headers, body, id: webhookId } of target.requests) {
        assert.deepEqual([path, webhookId, String(body)], ['/in?a=b', id, delivery.attempts[0].request.body]);
        assert.deepEqual([headers['content-type'], headers['content-length'], headers['transfer-encoding']], ['application/json', String(body.length), undefined]);
        // Their tolerance is for the real time.
        const at = Number(headers['webhook-timestamp']) * 1000;
        assert.equal(new standard.Webhook(hook.secret).sign(id, new Date(at), String(body)), headers['webhook-signature']);
    }
}));

// ── time

scenario('the endpoint\'s own time-outs are those that are told', () => serving([startTarget()], async (target) => {
    target.script = () => ({ instead: () => {} });
    const hook = await newHook(`${target.url}/in`, { timeoutMs: 250 });
    failed(await sendTo(`${target.url}/in`, { timeoutMs: 250 }), /^No answer within 250 ms: the target took the request/);
    failed(await sendTo(`${target.url}/in`, { timeoutMs: 1000, connectTimeoutMs: 200 }), /^No answer within 1 s: /);
    await change(hook, { timeoutMs: 300 });
    assert.match((await ping(hook)).attempts[0].error, /^No answer within 300 ms: /);
}));

scenario('a target that takes connections and says nothing: connectTimeoutMs ends it, or the whole time when that is shorter', async () => {
    const silent = net.createServer((socket) => socket.on('error', () => {}).unref()).unref();
    await new Promise((done) => silent.listen(0, '127.0.0.1', done));
    const url = `https://127.0.0.1:${silent.address().port}/in`;
    failed(await sendTo(url, { connectTimeoutMs: 200 }), /^No TLS connection to 127\.0\.0\.1:\d+ within 200 ms: the target took the connection and did not go on/);
    failed(await sendTo(url, { connectTimeoutMs: 5000, timeoutMs: 300 }), /^No TLS connection to \S+ within 300 ms: /);
    silent.close();
});

// ── the target's certificate

scenario('an authority of one\'s own: with it delivered, without it told what to do', () => serving([startTarget('https', good)], async (target) => {
    arrived(await sendTo(`${target.url}/in`, { certificateAuthorities }));
    failed(await sendTo(`${target.url}/in`), /^The certificate of 127\.0\.0\.1:\d+ comes from an authority that is not trusted: have the target send its whole chain, or give the endpoint that authority's certificate/);
    arrived(await sendTo(`${target.url}/in`, { certificateAuthorities: strangersAuthority + certificateAuthorities }), 'one of two');
    assert.equal(target.count, 2);

    const hook = await newHook(`${target.url}/in`, { certificateAuthorities });
    arrived(await ping(hook));
    await change(hook, { certificateAuthorities: strangersAuthority });
    assert.match((await ping(hook)).attempts[0].error, /authority that is not trusted/, 'the connection that is kept is no way round');
    await change(hook, { certificateAuthorities });
    arrived(await ping(hook));
    assert.equal(target.count, 4);
}));

scenario('authorities are for the endpoint instead of the system\'s, not beside them', (t) => serving([startTarget('https', good)], async (target) => {
    const trusting = authority.trustedBy(binary);
    if (trusting === null) return t.skip('no mount namespace here: the system\'s authorities cannot be replaced');
    const other = await startHub({ program: trusting, clock: true });
    const client = other.client();
    arrived(await sendTo(`${target.url}/in`, {}, client), 'the system trusts it');
    failed(await sendTo(`${target.url}/in`, { certificateAuthorities: strangersAuthority }, client), /authority that is not trusted/);
    assert.equal(target.count, 1);
}));

// ── the hub's certificate

const asking = (more = {}, kind = 'https') => startTarget(kind, { ...good, requestCert: true, rejectUnauthorized: true, ca: readFileSync(authority.cert), ...more });

for (const version of ['TLSv1.2', 'TLSv1.3']) {
    scenario(`a target that asks for a certificate, by ${version}: the right one, none, one of another authority`, () => serving([asking({ minVersion: version, maxVersion: version })], async (target) => {
        arrived(await sendTo(`${target.url}/in`, { certificateAuthorities, clientCertificate: clientOf(authority, 'shop') }));
        assert.deepEqual(target.requests.map((one) => one.peer), ['shop']);
        failed(await sendTo(`${target.url}/in`, { certificateAuthorities }), /^127\.0\.0\.1:\d+ asks for a client certificate, and the endpoint has none: give it one, with its private key, that the target trusts/);
        failed(await sendTo(`${target.url}/in`, { certificateAuthorities, clientCertificate: clientOf(stranger, 'other') }), /^127\.0\.0\.1:\d+ asked for a client certificate, was given the endpoint's, and closed the connection without a word: it seems not to take it; it must be valid, come from an authority that the target trusts/);
        assert.equal(target.count, 1);
    }));
}

scenario('a certificate that is given, changed and taken away goes for the next attempt', () => serving([asking({ rejectUnauthorized: false })], async (target) => {
    const hook = await newHook(`${target.url}/in`, { certificateAuthorities });
    arrived(await ping(hook));
    for (const clientCertificate of [clientOf(authority, 'first'), clientOf(authority, 'second'), null]) {
        await change(hook, { clientCertificate });
        arrived(await ping(hook));
    }
    assert.deepEqual(target.requests.map((one) => one.peer), [null, 'first', 'second', null]);
}));

for (const kind of ['https', 'http2']) scenario(`two organizations, and endpoints of one, by ${kind}: nobody ever travels on a connection with another's certificate`, () => serving([asking({ rejectUnauthorized: false }, kind)], async (target) => {
    const second = hub.client(hub.owners[1]);
    const owners = [[api, 'acme'], [api, 'acme-two'], [second, 'other'], [second, null]];
    const hooks = await Promise.all(owners.map(([client, name]) => newHook(`${target.url}/${name}`, { certificateAuthorities, clientCertificate: name && clientOf(authority, name) }, client)));
    for (let turn = 0; turn < 25; turn++)
        for (const delivery of await Promise.all(hooks.map((hook, i) => ping(hook, owners[i][0])))) arrived(delivery);
    assert.equal(target.count, 100);
    for (const { path, peer } of target.requests) assert.equal(path, `/${peer}`);
    assert.ok(target.connections < 50, `${target.connections} connections for 100 requests: none was kept, so this says nothing`);
}));

// ── proxies

const CREDENTIALS = 'shop:pass:word';
const USER = 'shop:pass%3Aword@';

scenario('http:// by absolute form, https:// by CONNECT, names left to the proxy', () => serving([startProxy({ names: { 'inner.example.org': '127.0.0.1', [NAME]: '127.0.0.1' } }), startTarget(), startTarget('https', good)], async (proxy, plain, secure) => {
    arrived(await sendTo(`${plain.urlOf('inner.example.org')}/in?a=b`, { proxy: proxy.url, method: 'PUT' }));
    const [{ method, target, headers }] = proxy.asked;
    assert.deepEqual([method, target], ['PUT', `${plain.urlOf('inner.example.org')}/in?a=b`]);
    assert.equal(headers.host, `inner.example.org:${plain.port}`);
    assert.deepEqual([plain.requests[0].path, plain.requests[0].headers.host], ['/in?a=b', headers.host]);

    const delivery = await sendTo(`${secure.urlOf(NAME)}/in?a=b`, { proxy: proxy.url, certificateAuthorities });
    arrived(delivery);
    const [, tunnel] = proxy.asked;
    assert.deepEqual([tunnel.method, tunnel.target], ['CONNECT', `${NAME}:${secure.port}`]);
    for (const name of Object.keys(tunnel.headers)) assert.doesNotMatch(name, /^(webhook|content|junctor)-/, 'none of the target\'s headers is for the proxy');
    assert.deepEqual([secure.requests[0].path, secure.requests[0].headers['x-proxy']], ['/in?a=b', undefined]);
    assert.deepEqual([delivery.attempt.request.method, delivery.attempt.response.headers['X-Proxy']], ['POST', undefined]);
    assert.equal(names.questions.filter(({ name }) => name === 'inner.example.org').length, 0, 'the hub has not looked it up');
    failed(await sendTo(`${secure.urlOf('inner.example.org')}/in`, { proxy: proxy.url, certificateAuthorities }), /^The certificate of inner\.example\.org:\d+ does not name inner\.example\.org/);
}));

scenario('a proxy that is found by its name, and one that is spoken to by TLS', () => serving([startProxy(), startProxy({ tls: good }), startTarget(), startTarget('https', good)], async (proxy, secureProxy, plain, secure) => {
    const byName = { proxy: proxy.urlOf({ host: 'proxy.example.org' }) };
    arrived(await sendTo(`${plain.url}/in`, byName));
    assert.equal(proxy.asked.length, 1);
    for (const target of [plain, secure]) arrived(await sendTo(`${target.url}/in`, { proxy: secureProxy.urlOf({ host: NAME }), certificateAuthorities }));
    assert.deepEqual(secureProxy.asked.map((asked) => asked.method), ['POST', 'CONNECT']);
    failed(await sendTo(`${plain.url}/in`, { proxy: secureProxy.urlOf({ host: NAME }) }), /^No TLS connection to the proxy good\.example\.org:\d+ /);
    failed(await sendTo(`${plain.url}/in`, { proxy: proxy.urlOf({ host: 'gone.example.org' }) }), /^The proxy's name gone\.example\.org is not known/);
}));

scenario('a proxy\'s credentials: the right ones, wrong ones, none; they are shown nowhere', () => serving([startProxy({ credentials: CREDENTIALS }), startTarget(), startTarget('https', good)], async (proxy, plain, secure) => {
    for (const target of [plain, secure]) {
        const delivery = await sendTo(`${target.url}/in`, { proxy: proxy.urlOf({ user: USER }), certificateAuthorities });
        arrived(delivery);
        assert.equal(target.requests[0].headers['proxy-authorization'], undefined);
        const shown = JSON.stringify(delivery);
        for (const secret of ['pass:word', 'pass%3Aword', Buffer.from(CREDENTIALS).toString('base64')]) assert.ok(!shown.includes(secret), shown);
    }
    for (const user of ['shop:other-word@', 'stranger:pass%3Aword@', ''])
        for (const target of [plain, secure]) {
            const delivery = await sendTo(`${target.url}/in`, { proxy: proxy.urlOf({ user }), certificateAuthorities });
            assert.equal(delivery.state, 'pending');
            assert.match(delivery.error, /^The proxy 127\.0\.0\.1:\d+ asks for other credentials \(407\): check the user name and password in the proxy's URL/);
            assert.ok(!JSON.stringify(delivery).includes('other-word'));
        }
    assert.deepEqual([plain.count, secure.count], [1, 1]);
}));

scenario('a proxy that is down, and up again', async () => {
    const proxy = await startProxy();
    const { port } = proxy;
    await proxy.close();
    await serving([startTarget(), startTarget('https', good)], async (plain, secure) => {
        const hooks = [];
        for (const target of [plain, secure]) {
            const hook = await newHook(`${target.url}/in`, { proxy: proxy.urlOf({ user: USER }), certificateAuthorities });
            assert.match((await ping(hook)).attempts[0].error, /^The proxy 127\.0\.0\.1:\d+ refused the connection: nothing listens there; check the proxy's host and port/);
            hooks.push(hook);
        }
        const again = await new Proxy().listen(port);
        for (const hook of hooks) arrived(await ping(hook));
        assert.deepEqual([plain.count, secure.count], [1, 1]);
        await again.close();
    });
});

const UNFIT = /^The proxy 127\.0\.0\.1:\d+ broke off \(.+\): check that it is a forward proxy/;
const MISBEHAVIOUR = [
    [502, /^The proxy 127\.0\.0\.1:\d+ answered 502: it does not reach 127\.0\.0\.1:\d+; check the URL's host and port, and what the proxy can reach/],
    [504, /^The proxy \S+ answered 504: it does not reach 127\.0\.0\.1:\d+/],
    [403, /^The proxy \S+ answered 403: it does not let through to 127\.0\.0\.1:\d+; allow that host and port there/],
    [405, /^The proxy \S+ answered 405 when asked for a connection to 127\.0\.0\.1:\d+: check that it is a forward proxy, and takes CONNECT/],
    [{ reset: true }, UNFIT],
    [{ raw: 'SSH-2.0-OpenSSH_9.2\r\n' }, UNFIT],
    [{ hang: true }, /^No connection by way of the proxy 127\.0\.0\.1:\d+ within 300 ms: check the proxy's host and port, and that it answers/],
];

for (const [answer, reason] of MISBEHAVIOUR)
    scenario(`a proxy that answers CONNECT with ${JSON.stringify(answer)}`, () => serving([startProxy(), startTarget('https', good)], async (proxy, secure) => {
        proxy.script = () => answer;
        const hook = await newHook(`${secure.url}/in`, { proxy: proxy.url, certificateAuthorities, connectTimeoutMs: 300 });
        const delivery = await ping(hook);
        failed({ ...delivery, attempt: delivery.attempts[0], error: delivery.attempts[0].error }, reason);
        assert.equal(proxy.asked.length, 1, 'it was asked once');
        proxy.script = () => undefined;
        arrived(await ping(hook));
        assert.equal(secure.count, 1);
    }));

scenario('what stands before an unencrypted target answers in its stead: both are named', () => serving([startProxy(), startTarget()], async (proxy, plain) => {
    proxy.script = () => 502;
    const delivery = await sendTo(`${plain.url}/in`, { proxy: proxy.url });
    assert.deepEqual([delivery.state, delivery.lastStatus], ['pending', 502]);
    assert.match(delivery.error, /^The target, or the proxy before it, answered 502; only 200 to 299 is a success/);
    assert.equal(plain.count, 0);
}));

scenario('what answers behind a tunnel is the target, on a kept connection as well', () => serving([startProxy(), startTarget('https', good)], async (proxy, target) => {
    const hook = await newHook(`${target.url}/in`, { proxy: proxy.url, certificateAuthorities });
    for (const status of [500, 407]) {
        target.script = () => status;
        for (let i = 0; i < 2; i++) assert.match((await ping(hook)).attempts[0].error, new RegExp(`^The target answered ${status};`));
    }
    assert.equal(target.connections, 1);
}));

scenario('a proxy that is set, changed and taken away goes for the next attempt', () => serving([startProxy(), startProxy(), startTarget('https', good)], async (first, second, target) => {
    const hook = await newHook(`${target.url}/in`, { proxy: first.url, certificateAuthorities });
    for (const proxy of [first.url, second.url, null, first.url]) {
        await change(hook, { proxy });
        arrived(await ping(hook));
    }
    assert.deepEqual([first.asked.length > 0, second.asked.length, target.count], [true, 1, 4]);
}));

scenario('the environment\'s proxies are nobody\'s', () => serving([startTarget(), startTarget('https', good)], async (plain, secure) => {
    for (const target of [plain, secure])
        for (const host of ['127.0.0.1', NAME]) arrived(await sendTo(`${target.urlOf(host)}/in`, { certificateAuthorities }));
    assert.deepEqual([plain.count, secure.count], [2, 2]);
    assert.equal(trap.connections, 0);
}));

scenario('the environment\'s NO_PROXY is nobody\'s either', () => serving([startProxy(), startTarget(), startTarget('https', good)], async (proxy, plain, secure) => {
    const other = await startHub({ clock: true, env: { NO_PROXY: '*', no_proxy: '*' } });
    for (const target of [plain, secure]) arrived(await sendTo(`${target.url}/in`, { proxy: proxy.url, certificateAuthorities }, other.client()));
    assert.equal(proxy.asked.length, 2);
}));

// ── the egress guard

scenario('a proxy at an address that is not public: refused when it is saved, and by its name at the attempt', () => serving([startTarget()], async (plain) => {
    const body = { name: 'Receiver', url: `${plain.url}/in`, eventTypes: ['ping'] };
    for (const host of ['10.1.2.3', '192.168.0.1', '169.254.169.254', '[::1]', '0x0a010203']) {
        const answer = expectProblem(await api.post('/api/v1/webhooks', { ...body, proxy: `http://me:hush@${host}:3128` }), 422, 'invalid');
        assert.deepEqual(answer.json.errors.map((error) => error.pointer), ['/proxy']);
        assert.match(answer.json.errors[0].message, /--allow-egress/);
        assert.ok(!answer.text.includes('hush'));
    }
    names.names['inside.example.org'] = ['10.1.2.3'];
    failed(await sendTo(`${plain.url}/in`, { proxy: 'http://me:hush@inside.example.org:3128' }), /^The proxy inside\.example\.org:3128: 10\.1\.2\.3 is private \(10\.0\.0\.0\/8\); start the hub with --allow-egress 10\.0\.0\.0\/8 to allow it/);
    assert.equal(plain.count, 0);
}));

scenario('an address that is not public behind a proxy that is allowed: refused when it is saved, and at the attempt', () => serving([startProxy({ names: { 'inner.example.org': '127.0.0.1' } }), startTarget()], async (proxy, plain) => {
    for (const url of ['http://10.0.0.1/in', 'https://[fd00::1]/in', 'https://169.254.169.254/in'])
        assert.match(expectProblem(await api.post('/api/v1/webhooks', { name: 'Receiver', url, eventTypes: ['ping'], proxy: proxy.url }), 422, 'invalid').json.errors[0].message, /--allow-egress/);

    // Saved while it was allowed.
    const wide = await startHub({ clock: true, name: 'wide', args: ['--name-servers', names.address], startOptions: { args: ['--allow-egress', '10.0.0.0/8'] } });
    const hooks = await Promise.all(['http', 'https'].map((scheme) => newHook(`${scheme}://10.0.0.1/in`, { proxy: proxy.url }, wide.client())));
    await wide.restart();
    for (const hook of hooks) {
        const [attempt] = (await ping(hook, wide.client())).attempts;
        assert.match(attempt.error, /^10\.0\.0\.1 is private \(10\.0\.0\.0\/8\); start the hub with --allow-egress/);
        assert.equal(attempt.response, null);
    }
    assert.equal(proxy.connections, 0, 'the proxy was not asked');
    arrived(await sendTo(`${plain.urlOf('inner.example.org')}/in`, { proxy: proxy.url }, wide.client()), 'a name is the proxy\'s affair');
}));

// ── phases

const LATER = ['nameUs', 'connectUs', 'tlsUs', 'firstByteUs', 'wholeUs'];

// The phases that took place, in their order; each is over when the one before it is, or later.
function phasesAre(attempt, expected, where) {
    const { phases } = attempt;
    assert.deepEqual(LATER.filter((phase) => phases[phase] !== null), expected, `${where}: ${JSON.stringify(phases)}`);
    for (let i = 1; i < expected.length; i++) assert.ok(phases[expected[i - 1]] <= phases[expected[i]], `${where}: ${JSON.stringify(phases)}`);
    for (const phase of expected) assert.ok(Number.isInteger(phases[phase]) && phases[phase] > 0, `${where}: ${JSON.stringify(phases)}`);
    assert.ok(Math.abs(attempt.durationMs - phases.wholeUs / 1000) <= 1, where);
    return phases;
}

scenario('phases: all of a new connection, the rest of a kept one; and the address', () => serving([startTarget(), startTarget('https', good), startProxy()], async (plain, secure, proxy) => {
    const hook = await newHook(`${secure.urlOf(NAME)}/in`, { certificateAuthorities });
    const delays = [await ping(hook), await ping(hook)];
    phasesAre(delays[0].attempts[0], LATER, 'new, by name');
    phasesAre(delays[1].attempts[0], ['nameUs', 'firstByteUs', 'wholeUs'], 'kept, by name');
    const byAddress = await newHook(`${plain.url}/in`);
    phasesAre((await ping(byAddress)).attempts[0], ['connectUs', 'firstByteUs', 'wholeUs'], 'new, by address, no TLS');
    phasesAre((await ping(byAddress)).attempts[0], ['firstByteUs', 'wholeUs'], 'kept, by address');
    phasesAre((await sendTo(`${secure.url}/in`, { certificateAuthorities, proxy: proxy.urlOf({ host: 'proxy.example.org' }) })).attempt, LATER, 'by a proxy');
    for (const delivery of delays) assert.equal(delivery.attempts[0].address, '127.0.0.1');
    assert.deepEqual([plain.connections, secure.connections], [1, 2]);
}));

scenario('phases and address of what fails: up to where it came', () => serving([startTarget('https', good), startTarget(), startProxy()], async (secure, plain, proxy) => {
    names.names['inside.example.org'] = ['10.1.2.3'];
    const { attempt: unknown } = await sendTo('http://gone.example.org/in');
    phasesAre(unknown, ['nameUs', 'wholeUs'], 'no such name');
    assert.equal(unknown.address, null);
    phasesAre((await sendTo('http://inside.example.org/in')).attempt, ['nameUs', 'wholeUs'], 'blocked');
    const { attempt: untrusted } = await sendTo(`${secure.urlOf(NAME)}/in`);
    phasesAre(untrusted, ['nameUs', 'connectUs', 'wholeUs'], 'an untrusted certificate');
    assert.equal(untrusted.address, '127.0.0.1');
    plain.script = () => ({ instead: (socket) => socket.destroy() });
    phasesAre((await sendTo(`${plain.url}/in`)).attempt, ['connectUs', 'wholeUs'], 'closed without an answer');
    proxy.script = () => 502;
    const { attempt: refused } = await sendTo(`${secure.url}/in`, { proxy: proxy.url });
    phasesAre(refused, ['connectUs', 'wholeUs'], 'the proxy does not reach it');
    assert.equal(refused.address, '127.0.0.1');
}));

scenario('after all of it the environment\'s proxy was never asked, and the ledger agrees with the rows', async () => {
    assert.equal(trap.connections, 0);
    await hub.checkLedger();
});
