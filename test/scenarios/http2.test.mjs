// Targets that speak HTTP/2, and what they may do to a connection or a stream in the middle of it.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import http2 from 'node:http2';
import { before } from 'node:test';
import standard from 'standardwebhooks';

import { checkEquations } from '../lib/books.mjs';
import { Authority } from '../lib/certificates.mjs';
import { ledgerOf, makeIntegration } from '../lib/fixtures.mjs';
import { expect } from '../lib/http.mjs';
import { scenario, startHub } from '../lib/hub.mjs';
import { startProxy } from '../lib/proxy.mjs';
import { startTarget } from '../lib/target.mjs';
import { withTrial } from '../lib/trial.mjs';

const { NGHTTP2_CANCEL, NGHTTP2_ENHANCE_YOUR_CALM, NGHTTP2_HTTP_1_1_REQUIRED, NGHTTP2_INTERNAL_ERROR, NGHTTP2_NO_ERROR, NGHTTP2_REFUSED_STREAM } = http2.constants;

const authority = new Authority();
const good = authority.issue('good');
const certificateAuthorities = String(readFileSync(authority.cert));

const STREAM = 'The exchange by HTTP\\/2 went wrong \\(.+\\): if it stays so, have the endpoint use HTTP\\/1\\.1';
const KEPT = 'The target closed a kept connection just as it was used again; the delivery is sent again at once, on a new one';
const CUT = 'The target.s answer ended before the length it had stated';
const BROKEN = 'The target (broke the connection off before its answer was whole|closed the connection without an answer)';
const anyOf = (...reasons) => new RegExp(`^(${reasons.join('|')})`);

let hub;
let integration;

before(async () => {
    hub = await startHub({ clock: true });
    integration = (await makeIntegration(hub.client())).id;
});

// A trial whose tried endpoint is a target of this kind.
async function tries(body, { kind = 'http2', server = {}, webhook = {} } = {}) {
    const target = await startTarget(kind, { ...good, ...server });
    await withTrial(hub, { integration, webhook: { certificateAuthorities, ...webhook }, url: () => `${target.url}/in?a=b` }, async (one) => {
        await one.tried.close();
        one.tried = target; // it ends with the trial
        await body(one, target);
    });
}

async function allDelivered(one) {
    const details = await one.attempted(1);
    for (const { state, attempts } of details) assert.deepEqual([state, attempts.length, attempts[0].error], ['delivered', 1, null]);
    await one.balance();
    return details;
}

for (const allowHTTP1 of [true, false]) {
    scenario(`HTTP/2 where the target offers it (HTTP/1.1 beside it: ${allowHTTP1}): signed, headers in lower case`, () => tries(async (one, target) => {
        await one.send(20, 'ü€😀');
        const details = await allDelivered(one);
        for (const { id, httpVersion, method, path, headers, rawHeaders, body } of target.requests) {
            assert.deepEqual([httpVersion, method, path], ['2.0', 'POST', '/in?a=b']);
            const all = rawHeaders.filter((_, i) => i % 2 === 0);
            assert.deepEqual(all, all.map((name) => name.toLowerCase()));
            for (const name of ['connection', 'transfer-encoding', 'host', 'expect', 'upgrade']) assert.ok(!all.includes(name), `${name} in HTTP/2`);
            assert.deepEqual([headers[':authority'], headers[':scheme'], headers['content-length']], [`127.0.0.1:${target.port}`, 'https', String(body.length)]);
            const at = new Date(Number(headers['webhook-timestamp']) * 1000);
            assert.equal(new standard.Webhook(one.hook.secret).sign(id, at, String(body)), headers['webhook-signature']);
            const { request } = details.find((delivery) => delivery.id === id).attempts[0];
            const shown = Object.fromEntries(Object.entries(request.headers).map(([name, value]) => [name.toLowerCase(), value]));
            for (const name of ['webhook-id', 'webhook-timestamp', 'content-type', 'junctor-hops', 'user-agent']) assert.equal(shown[name], headers[name], name);
        }
        new standard.Webhook(one.hook.secret).verify(String(target.requests[0].body), target.requests[0].headers);
        assert.ok(target.connections < 20, 'connections are kept');
    }, { server: { allowHTTP1 } }));
}

scenario('"httpVersion": "1.1" speaks HTTP/1.1 though connections by HTTP/2 are kept; a change goes for the next connection', () => tries(async (one, target) => {
    target.script = ({ httpVersion }) => ({ headers: httpVersion === '1.1' ? { connection: 'close' } : {} });
    const changes = [[{}, '1.1'], [{ httpVersion: 'auto' }, '2.0'], [{ httpVersion: '1.1', method: 'PATCH' }, '1.1'], [{ httpVersion: 'auto' }, '2.0']];
    for (const [change, version] of changes) {
        expect(await one.api.patch(`/api/v1/webhooks/${one.hook.id}`, change), 200);
        await one.send(2);
        await allDelivered(one);
        assert.deepEqual(target.requests.slice(-2).map((received) => received.httpVersion), [version, version]);
    }
    assert.deepEqual(target.requests.map((received) => received.method), ['POST', 'POST', 'POST', 'POST', 'PATCH', 'PATCH', 'PATCH', 'PATCH']);
    const kept = target.requests.slice(2, 4).map((received) => received.connection);
    assert.ok(kept.includes(target.requests[6].connection), 'the connection by HTTP/2 was there all the time');
}, { server: { allowHTTP1: true }, webhook: { httpVersion: '1.1' } }));

scenario('a target that speaks HTTP/2 alone, and an endpoint that asks for HTTP/1.1: told, and well when it does not', () => tries(async (one, target) => {
    await one.send(2);
    for (const delivery of await one.attempted(1)) {
        assert.equal(delivery.state, 'pending');
        assert.match(delivery.attempts[0].error, /^(The target answered 403|No TLS connection to |The target closed the connection)/);
    }
    assert.equal(target.count, 0);
    expect(await one.api.patch(`/api/v1/webhooks/${one.hook.id}`, { httpVersion: 'auto' }), 200);
    await one.untilDelivered();
    assert.deepEqual(target.requests.map((received) => received.httpVersion), ['2.0', '2.0']);
}, { webhook: { httpVersion: '1.1' } }));

scenario('a target without HTTP/2 is spoken to by HTTP/1.1', () => tries(async (one, target) => {
    await one.send(5);
    await allDelivered(one);
    assert.ok(target.requests.every((received) => received.httpVersion === '1.1'));
}, { kind: 'https' }));

scenario('HTTP/2 through a proxy\'s tunnel', async () => {
    const proxy = await startProxy({ credentials: 'me:hush' });
    await tries(async (one, target) => {
        await one.send(5);
        await allDelivered(one);
        assert.ok(target.requests.every((received) => received.httpVersion === '2.0'));
        assert.ok(proxy.asked.length > 0 && proxy.asked.every((asked) => asked.method === 'CONNECT'));
    }, { webhook: { proxy: proxy.urlOf({ user: 'me:hush@' }) } });
    await proxy.close();
});

scenario('HTTP/2 to a target that asks for a certificate: the right one, and another authority\'s', async () => {
    const certified = (issuer) => {
        const { key, cert } = issuer.issue('shop');
        return { clientCertificate: { certificate: String(cert), privateKey: String(key) } };
    };
    const server = { requestCert: true, rejectUnauthorized: true, ca: readFileSync(authority.cert) };
    await tries(async (one, target) => {
        await one.send(3);
        await allDelivered(one);
        assert.deepEqual(target.requests.map((received) => [received.httpVersion, received.peer]), Array(3).fill(['2.0', 'shop']));
    }, { server, webhook: certified(authority) });
    for (const [webhook, reason] of [[certified(new Authority('Stranger')), /^127\.0\.0\.1:\d+ (asked for a client certificate, was given the endpoint's, and closed the connection|does not take the endpoint's client certificate)/], [{}, /^127\.0\.0\.1:\d+ asks for a client certificate, and the endpoint has none/]])
        await tries(async (one, target) => {
            await one.send(1);
            const [delivery] = await one.attempted(1);
            assert.match(delivery.attempts[0].error, reason);
            assert.equal(target.count, 0);
        }, { server, webhook });
});

scenario('a target that asks for HTTP/1.1 by HTTP/2: told, and well when it gets it', () => tries(async (one, target) => {
    target.interrupt = (stream) => {
        stream.close?.(NGHTTP2_HTTP_1_1_REQUIRED);
        return stream.session !== undefined;
    };
    await one.send(2);
    await one.othersWentThrough();
    await hub.settled();
    const before = await one.attempted(1);
    for (const { state, attempts } of before) {
        assert.equal(state, 'pending');
        assert.match(attempts.at(-1).error, /^The exchange by HTTP\/2 went wrong \(the target refused the stream, or asks for HTTP\/1\.1\): if it stays so, have the endpoint use HTTP\/1\.1/);
        for (const attempt of attempts.slice(0, -1)) assert.match(attempt.error, anyOf(KEPT));
    }
    assert.deepEqual([target.count, target.interrupted], [0, before.reduce((sum, { attempts }) => sum + attempts.length, 0)], 'nothing was sent twice behind the attempts');
    expect(await one.api.patch(`/api/v1/webhooks/${one.hook.id}`, { httpVersion: '1.1' }), 200);
    await one.untilDelivered();
    assert.deepEqual(target.requests.map((received) => received.httpVersion), ['1.1', '1.1']);
}, { server: { allowHTTP1: true } }));

// ── a thousand deliveries while every seventh request meets with something

const EVENTS = 1000;
const EVERY = 7;

// Each event is delivered, under one id; each request that came is an attempt that is shown, and each
// attempt but the last has its reason; without `reason` there is none but the last. `when`: of which
// streams every seventh.
async function goesWrong(reason, { answer, head, when = () => true }) {
    await tries(async (one, target) => {
        let seen = 0;
        let met = 0;
        const isTurn = (stream) => when(stream) && ++seen % EVERY === 0 && ++met > 0;
        if (head) target.interrupt = (stream) => isTurn(stream) && (head(stream), true);
        else target.script = (_, stream) => (isTurn(stream) ? answer(stream) : { status: 200, body: 'fine' });
        await one.send(EVENTS);
        await one.othersWentThrough();
        const details = await one.untilDelivered();
        assert.ok(met > EVENTS / EVERY / 2, `${met} met with it`);
        assert.deepEqual([...target.begun.keys()].sort(), details.map((delivery) => delivery.id).sort(), 'each under its one id');
        for (const { id, attempts } of details) {
            assert.equal(target.begun.get(id), attempts.length, `${id}: an attempt is a request, and a request an attempt`);
            assert.deepEqual([attempts.at(-1).error, attempts.at(-1).response.status], [null, 200]);
            for (const attempt of attempts.slice(0, -1)) assert.match(attempt.error, reason);
        }
        const repeats = details.reduce((sum, { attempts }) => sum + attempts.length - 1, 0);
        assert.equal(repeats, reason === null ? 0 : met, 'nothing else went wrong');
        await one.balance(({ attempts }) => [1, attempts.length]);
        assert.ok(target.requests.every((received) => received.httpVersion === '2.0'));
    });
}

for (const [name, code] of Object.entries({ CANCEL: NGHTTP2_CANCEL, INTERNAL_ERROR: NGHTTP2_INTERNAL_ERROR, ENHANCE_YOUR_CALM: NGHTTP2_ENHANCE_YOUR_CALM }))
    scenario(`RST_STREAM ${name} instead of an answer, a thousand deliveries`, () => goesWrong(anyOf(STREAM), { answer: () => ({ instead: (stream) => stream.close(code) }) }));

// Of these libcurl would make a second request by itself.
for (const [name, code] of Object.entries({ REFUSED_STREAM: NGHTTP2_REFUSED_STREAM, HTTP_1_1_REQUIRED: NGHTTP2_HTTP_1_1_REQUIRED }))
    scenario(`RST_STREAM ${name} when the head has come, a thousand deliveries`, () => goesWrong(anyOf(KEPT, STREAM), { head: (stream) => stream.close(code) }));

const HALF = { status: 200, body: 'x'.repeat(4000) };

scenario('RST_STREAM in the middle of an answer, a thousand deliveries', () => goesWrong(anyOf(STREAM), { answer: () => ({ ...HALF, cut: (stream) => stream.close(NGHTTP2_INTERNAL_ERROR) }) }));

scenario('a session that is destroyed when a head has come, a thousand deliveries', () => goesWrong(anyOf(KEPT, BROKEN, STREAM), { head: (stream) => stream.session.destroy() }));

scenario('a session that is destroyed in the middle of an answer, a thousand deliveries', () => goesWrong(anyOf(BROKEN, CUT, STREAM), { answer: () => ({ ...HALF, cut: (stream) => stream.session.destroy() }) }));

scenario('GOAWAY, and the answer all the same: nothing is repeated, a thousand deliveries', () => goesWrong(null, {
    answer: (stream) => {
        stream.session.goaway(NGHTTP2_NO_ERROR, stream.id);
        return 200;
    },
}));

scenario('GOAWAY that has not seen the request, a thousand deliveries', () => goesWrong(anyOf(KEPT, STREAM), {
    head: (stream) => stream.session.goaway(NGHTTP2_NO_ERROR, stream.id - 2),
    when: (stream) => stream.id > 2, // Node.js takes 0 for the newest
}));

scenario('GOAWAY with an error, and the session is gone, a thousand deliveries', () => goesWrong(anyOf(KEPT, BROKEN, STREAM), {
    head: (stream) => {
        stream.session.goaway(NGHTTP2_ENHANCE_YOUR_CALM, 0);
        stream.session.destroy();
    },
}));

scenario('after all of it the ledger agrees with the rows', async () => {
    checkEquations(await ledgerOf(hub.client()));
    await hub.checkLedger();
});
