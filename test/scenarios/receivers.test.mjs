// Receivers that misbehave, one kind a test: what they saw, what the hub says of it in words, that
// nobody else was kept waiting, and that all arrives, once, when they have come to their senses.
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { before } from 'node:test';

import { checkEquations } from '../lib/books.mjs';
import { TEXT, deliveriesOf, ledgerOf, makeEvent, makeIntegration, makeWebhook, sendApi } from '../lib/fixtures.mjs';
import { expect } from '../lib/http.mjs';
import { binary, scenario, startHub } from '../lib/hub.mjs';
import { temporaryFolder } from '../lib/processes.mjs';
import { startReceiver } from '../lib/receiver.mjs';
import { checkResponse, failsThenRecovers, withTrial } from '../lib/trial.mjs';
import { until } from '../lib/wait.mjs';

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const TIMEOUT_S = Math.ceil(2 * Number(process.env.JUNCTOR_SLOW ?? 1));

let hub;
let integration;

before(async () => {
    hub = await startHub({ clock: true, args: ['--attempt-timeout', `${TIMEOUT_S}s`, '--connect-timeout', `${TIMEOUT_S}s`, '--stop-grace', '100ms'] });
    integration = (await makeIntegration(hub.client())).id;
});

const trial = (body, options = {}) => withTrial(hub, { integration, ...options }, body);

const fails = (fault) => failsThenRecovers(hub, { ...fault, trial: { integration } });

const answering = (answer) => (receiver) => receiver.answers(answer);

// A success at the first attempt, however odd it looks; `response` is what is shown of it.
async function isTaken({ answer, response }) {
    await trial(async (one) => {
        one.tried.answers(answer);
        for (let i = 0; i < 3; i++) {
            await one.send(1);
            await one.attempted(1);
        }
        await one.othersWentThrough();
        for (const delivery of await one.details()) {
            assert.deepEqual([delivery.state, delivery.attempts.length, delivery.attempts[0].error], ['delivered', 1, null], JSON.stringify(delivery.attempts[0]));
            checkResponse(delivery.attempts[0].response, response, 'what was taken');
        }
        await one.balance();
    });
}

const FAULTS = {
    'the connection is refused': { begin: (receiver) => receiver.down(), recover: (receiver) => receiver.up(), error: /^127\.0\.0\.1:\d+ refused the connection: nothing listens there/, seen: 0 },
    'the connection is reset before the answer': { begin: answering({ reset: 'before' }), error: /broke the connection off before its answer was whole/ },
    'the connection is reset in the middle of the answer': { begin: answering({ reset: 'mid' }), error: /broke the connection off before its answer was whole/, response: { status: 200, body: 'only the beginning', length: 18, truncated: false } },
    'the connection is reset in the middle of the request': {
        begin: (receiver) => (receiver.interrupt = ({ bytes }) => bytes > 20000 && 'reset'),
        text: 'y'.repeat(400000), error: /broke the connection off before its answer was whole/, seen: 0, interrupted: 3,
    },
    'the connection is closed without a word': { begin: answering({ raw: '', close: true }), error: /closed the connection without an answer/ },
    'it accepts and never answers': { begin: answering({ hang: true }), error: new RegExp(`^No answer within ${TIMEOUT_S} s: the target took the request and was too slow`) },
    'the answer trickles, a byte a second': { begin: answering({ trickle: 1000, body: 'z'.repeat(100) }), error: new RegExp(`^No whole answer within ${TIMEOUT_S} s: the target began to answer, and \\d+ bytes of the body came`), response: { status: 200, body: /^z+$/, truncated: false } },
    'the body has no end': { begin: answering({ endless: true }), error: /longer than 16777216 bytes.*--max-response-read/, response: { status: 200, truncated: true, body: 'x'.repeat(65536) } },
    'the answer is shorter than it says': { begin: answering({ raw: 'HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nshort', close: true }), error: /ended before the length it had stated/, response: { status: 200, body: 'short', length: 5, truncated: false } },
    'a chunk is shorter than it says': { begin: answering({ raw: 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nabc', close: true }), error: /ended before the length it had stated/, response: { status: 200, body: 'abc' } },
    'a chunk has no length': { begin: answering({ raw: 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nnonsense\r\n', close: true }), error: /^The (exchange|target) /, response: { status: 200, body: '' } },
    'the header block is over its cap': { begin: answering({ raw: `HTTP/1.1 200 OK\r\n${`X-More: ${'y'.repeat(56)}\r\n`.repeat(2000)}\r\n` }), error: /header block of more than 64 KiB/, response: { status: 200, body: '' } },
    'a line of the header block is over its cap': { begin: answering({ raw: `HTTP/1.1 200 OK\r\nX-More: ${'y'.repeat(200000)}\r\n\r\n` }), error: /header block of more than 64 KiB/, response: { status: 200, body: '' } },
    'the status line is over the cap': { begin: answering({ raw: `HTTP/1.1 200 ${'O'.repeat(200000)}\r\n\r\n` }), error: /header block of more than 64 KiB/ },
    'the interim answers have no end': { begin: answering({ raw: 'HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n'.repeat(3000) }), error: /header block of more than 64 KiB/ },
    'only an interim answer comes': { begin: answering({ raw: 'HTTP/1.1 100 Continue\r\n\r\n', close: true }), error: /closed the connection without an answer|not HTTP|broke the connection off/ },
    'it switches to a protocol that nobody asked for': { begin: answering({ raw: 'HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n', close: true }), error: /closed the connection without an answer/ },
    'it speaks HTTP/0.9': { begin: answering({ raw: '<html>200 OK</html>', close: true }), error: /is not HTTP: check the URL's port/ },
    'it speaks something else': { begin: answering({ raw: 'SSH-2.0-OpenSSH_9.2p1\r\n', close: true }), error: /is not HTTP: check the URL's port/ },
    'it sends binary garbage': { begin: answering({ raw: Buffer.from([0, 255, 1, 254, 13, 10, 13, 10, 0, 0]), close: true }), error: /is not HTTP: check the URL's port/ },
    'the status is no number': { begin: answering({ raw: 'HTTP/1.1 abc OK\r\nContent-Length: 0\r\n\r\n', close: true }), error: /is not HTTP: check the URL's port/ },
    'a failure with an unreadable body': { begin: answering({ status: 500, body: Buffer.from([0xff, 0xfe, 0, 0x80]) }), error: /answered 500/, response: { status: 500, body: '//4AgA==', bodyEncoding: 'base64', length: 4, truncated: false } },
};

for (const [name, fault] of Object.entries(FAULTS)) scenario(name, () => fails(fault));

const REDIRECTS = { 300: 'Multiple Choices', 301: 'Moved', 302: 'Found', 303: 'See Other', 304: 'Not Modified', 305: 'Use Proxy', 306: 'Unused', 307: 'Temporary', 308: 'Permanent', 399: 'Whatever' };

for (const [status, words] of Object.entries(REDIRECTS)) {
    scenario(`${status} ${words} is not followed`, () => fails({
        begin: (receiver) => receiver.answers({ status: Number(status), headers: { Location: `${receiver.url}/elsewhere?token=1` } }),
        error: new RegExp(`^The target answers with a redirect \\(${status}\\) to http://127\\.0\\.0\\.1:\\d+/elsewhere\\. Junctor does not follow`),
        response: { status: Number(status) },
    }));
}

const ODD = {
    '10 MB of answer': { answer: { status: 200, length: 10 * 1024 * 1024 }, response: { length: 10 * 1024 * 1024, truncated: true, body: 'y'.repeat(65536) } },
    'a body and a header that are no UTF-8': {
        answer: { raw: Buffer.concat([Buffer.from('HTTP/1.1 200 OK\r\nX-Odd: '), Buffer.from([0x61, 0xff, 0xc3, 0x28, 0x80]), Buffer.from('\r\nContent-Length: 3\r\n\r\n'), Buffer.from([0xff, 0, 0x80])]) },
        response: { status: 200, body: '/wCA', bodyEncoding: 'base64', length: 3, truncated: false, headers: { 'X-Odd': 'a\u00ff\u00c3(\u0080', 'Content-Length': '3' } },
    },
    'all interim answers, then 200': { answer: { raw: `${[100, 102, 103, 199].map((status) => `HTTP/1.1 ${status} Wait\r\nX-Interim: ${status}\r\n\r\n`).join('')}HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok` }, response: { status: 200, body: 'ok', headers: { 'Content-Length': '2' } } },
    '204 with a body': { answer: { raw: 'HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\nhello' }, response: { status: 204, body: '', length: 0 } },
    '204 with a whole answer behind it': { answer: { raw: 'HTTP/1.1 204 No Content\r\n\r\nHTTP/1.1 500 Behind\r\nContent-Length: 0\r\n\r\n' }, response: { status: 204, body: '' } },
    'more than the length says': { answer: { raw: 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok and more' }, response: { status: 200, body: 'ok', length: 2 } },
};

for (const [name, odd] of Object.entries(ODD)) scenario(`taken: ${name}`, () => isTaken(odd));

scenario('500 nine times, then 200: delivered at the last of the nine retries that the schedule has', () => trial(async (one) => {
    one.tried.script = (received) => (received.index < 9 ? { status: 500, body: `no ${received.index}` } : 200);
    await one.send(1);
    await one.othersWentThrough();
    const [delivery] = await one.untilDelivered();
    assert.deepEqual(delivery.attempts.map((attempt) => attempt.response.status), [...Array(9).fill(500), 200]);
    assert.deepEqual(delivery.attempts.slice(0, 9).map((attempt) => attempt.response.body), Array.from({ length: 9 }, (_, i) => `no ${i}`));
    assert.ok(delivery.attempts.slice(0, 9).every((attempt) => /answered 500; only 200 to 299/.test(attempt.error)));
    assert.equal(delivery.attempts[9].error, null);
    await one.balance();
}));

scenario('500 ten times, then 200: dead after the schedule, with the reason; delivered when it is sent again', () => trial(async (one) => {
    one.tried.script = (received) => (received.index < 10 ? 500 : 200);
    await one.send(1);
    for (let times = 1; times < 10; times++) {
        const [{ nextAttemptAt }] = await one.attempted(times);
        await hub.advance(Date.parse(nextAttemptAt) - (await hub.clockState()).now);
    }
    const [dead] = await one.attempted(10);
    assert.deepEqual([dead.state, dead.nextAttemptAt], ['dead', null]);
    assert.match(dead.reason, /All 9 retries of its schedule are used up\. The last attempt: The target answered 500/);
    await one.send(1, 'meanwhile');
    await one.othersWentThrough();
    expect(await one.api.post(`/api/v1/deliveries/${dead.id}/resend`), 202);
    const details = await one.untilDelivered();
    assert.deepEqual(details.map((delivery) => delivery.attempts.length), [11, 1]);
    await one.balance();
}));

scenario('500 ten times, then 200, by a policy of its own: delivered at the eleventh attempt', () => trial(async (one) => {
    one.tried.script = (received) => (received.index < 10 ? 500 : 200);
    await one.send(1);
    await one.othersWentThrough();
    const [delivery] = await one.untilDelivered();
    assert.deepEqual(delivery.attempts.map((attempt) => attempt.response.status), [...Array(10).fill(500), 200]);
    const started = delivery.attempts.map((attempt) => Date.parse(attempt.startedAt));
    assert.ok(started.slice(1).every((at, i) => at - started[i] >= MINUTE), 'never before the policy says');
    await one.balance();
}, { webhook: { retry: { delaysSeconds: [60], retries: 12, jitterPercent: 0 } } }));

scenario('410: disabled with the reason; by PATCH active again, and all that waited is delivered', () => trial(async (one) => {
    one.tried.answers(410);
    await one.send(1);
    await one.othersWentThrough();
    const [gone] = await one.attempted(1);
    assert.match(gone.attempts[0].error, /answered 410 Gone: it wants no more deliveries/);
    const disabled = await until('it is disabled', async () => {
        const hook = await one.webhook();
        return hook.status === 'disabled' && hook;
    });
    assert.match(disabled.statusReason, /answered 410 Gone/);
    await one.send(2, 'waits');
    await one.othersWentThrough();
    await hub.advance(30 * HOUR);
    await hub.settled();
    assert.equal(one.tried.count, 1, 'nothing is sent to it');
    const waiting = await one.details();
    assert.deepEqual(waiting.map((delivery) => [delivery.state, delivery.attempts.length]), [['pending', 1], ['pending', 0], ['pending', 0]]);
    assert.ok(waiting.every((delivery) => /disabled.*410 Gone/.test(delivery.reason)), JSON.stringify(waiting.map((delivery) => delivery.reason)));
    one.tried.answers(200);
    const active = expect(await one.api.patch(`/api/v1/webhooks/${one.hook.id}`, { status: 'active' }), 200).json;
    assert.deepEqual([active.status, active.statusReason], ['active', null]);
    const details = await one.untilDelivered();
    assert.deepEqual(details.map((delivery) => delivery.attempts.length), [2, 1, 1]);
    await one.balance();
}));

const DAYS = ['Sunday', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday'];
// The three forms of RFC 9110, section 5.6.7.
const imf = (time) => new Date(time).toUTCString();
const rfc850 = (time) => imf(time).replace(/^\w+, (\d+) (\w+) \d\d(\d\d)/, (_, day, month, year) => `${DAYS[new Date(time).getUTCDay()]}, ${day}-${month}-${year}`);
const asctime = (time) => imf(time).replace(/^(\w+), (\d+) (\w+) (\d+) ([\d:]+) GMT/, (_, name, day, month, year, clock) => `${name} ${month} ${String(Number(day)).padStart(2)} ${clock} ${year}`);

// The value for now, and after how long the next attempt comes: never before the policy's 5 s, never
// later than a day.
const HOLDS = {
    'in seconds': [() => '600', 600 * SECOND],
    'as a date of today\'s form': [(now) => imf(now + HOUR), HOUR],
    'as a date of RFC 850': [(now) => rfc850(now + HOUR), HOUR],
    'as a date of asctime': [(now) => asctime(now + HOUR), HOUR],
    'of no time at all': [() => '0', 5 * SECOND],
    'that is negative': [() => '-600', 5 * SECOND],
    'with a fraction': [() => '600.5', 5 * SECOND],
    'that is huge': [() => '99999999999999999999999999999999', 24 * HOUR],
    'of garbage': [() => 'soon, \u0001 maybe; 600', 5 * SECOND],
    'that is empty': [() => '', 5 * SECOND],
    'in the past': [(now) => imf(now - HOUR), 5 * SECOND],
    'in the year 9999': [() => 'Fri, 31 Dec 9999 23:59:59 GMT', 24 * HOUR],
    'on a day that is not': [() => 'Mon, 31 Feb 2050 00:00:00 GMT', 5 * SECOND],
};

async function holds(status, value, delay) {
    await trial(async (one) => {
        const { now } = await hub.clockState();
        one.tried.answers({ status, headers: { 'Retry-After': value(now) } });
        await one.send(1);
        const [held] = await one.attempted(1);
        assert.deepEqual([held.state, held.lastStatus], ['pending', status]);
        assert.match(held.attempts[0].error, status === 429 ? /answered 429: it is sent more than it takes/ : /answered 503/);
        assert.equal(held.attempts[0].response.headers['Retry-After'], value(now));
        const due = Date.parse(held.nextAttemptAt) - now;
        // A date has no milliseconds.
        assert.ok(due <= delay && due > delay - SECOND, `Retry-After: ${value(now)}: due in ${due} ms, expected ${delay}`);
        one.tried.answers(200);
        await one.send(1, 'behind it');
        await one.othersWentThrough();
        await hub.settled();
        const asked = delay > 5 * SECOND;
        assert.equal(one.tried.count, asked ? 1 : 2, 'the whole endpoint is held, when it asked for it');
        if (asked) assert.deepEqual([(await one.webhook()).sending.state, Date.parse((await one.webhook()).sending.until)], ['waiting', now + due]);
        await hub.advance(due - 1);
        await hub.settled();
        assert.equal(one.tried.count, asked ? 1 : 2, 'not a millisecond before');
        await hub.advance(1);
        const details = await one.untilDelivered();
        assert.deepEqual(details.map((delivery) => delivery.attempts.length), [2, 1]);
        assert.equal(Date.parse(details[0].attempts[1].startedAt), now + due);
        await one.balance();
    });
}

for (const [name, [value, delay]] of Object.entries(HOLDS)) scenario(`429 with a Retry-After ${name}`, () => holds(429, value, delay));

scenario('503 with a Retry-After in seconds', () => holds(503, () => '600', 600 * SECOND));

scenario('receivers that hang take more connections than a shell allows open files: all else goes on', async () => {
    const program = join(temporaryFolder('files'), 'few');
    writeFileSync(program, `#!/bin/sh\nulimit -S -n 256\nexec ${binary} "$@"\n`, { mode: 0o755 });
    const few = await startHub({ name: 'few', program, args: ['--stop-grace', '100ms'] });
    const api = few.client();
    const good = await startReceiver();
    const silent = await Promise.all(Array.from({ length: 50 }, () => startReceiver()));
    for (const alias of ['hangs', 'works']) await makeEvent(api, { alias, fields: [TEXT] });
    for (const receiver of silent) await makeWebhook(api, receiver.answers({ hang: true }).url, { eventTypes: ['custom_event.hangs'] });
    const hook = await makeWebhook(api, good.url, { eventTypes: ['custom_event.works'] });
    for (let i = 0; i < 8; i++) expect(await sendApi(api, 'hangs', { email: 'hangs@example.org' }), 201);
    await until('all of them hang', () => silent.every((receiver) => receiver.count === 8));
    const sent = [];
    for (let i = 0; i < 20; i++) sent.push(expect(await sendApi(api, 'works', { email: 'works@example.org' }), 201).json.id);
    await good.waitFor(20);
    assert.deepEqual(good.requests.map((received) => received.json.data.id).sort(), sent.sort());
    await until('they are delivered', async () => (await deliveriesOf(api, hook.id)).every((row) => row.state === 'delivered' && row.attemptCount === 1));
    assert.ok(silent.every((receiver) => receiver.count === 8 && receiver.connections === 8), 'the others still wait, each for its first attempts');
    assert.doesNotMatch(few.log, /an endpoint fails/);
    await Promise.all([good, ...silent].map((receiver) => receiver.close()));
});

scenario('after all of it the ledger agrees with the rows, and nothing is left over', async () => {
    const ledger = await until('what was for endpoints that are gone is dropped', async () => {
        const now = checkEquations(await ledgerOf(hub.client()));
        return now.pending === 0 && now;
    });
    assert.deepEqual([ledger.dead, ledger.dropped], [0, 0]);
    await hub.checkLedger();
});
