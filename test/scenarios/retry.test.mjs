// Retries by the test clock: the schedule to its end, Retry-After, 410, the breaker, resends.
import assert from 'node:assert/strict';
import { after } from 'node:test';

import { TEXT, deliveriesOf, deliveryOf, ledgerOf, makeEvent, makeWebhook, sendApi, waitDelivery } from '../lib/fixtures.mjs';
import { expect, expectProblem } from '../lib/http.mjs';
import { scenario, startHub } from '../lib/hub.mjs';
import { startReceiver } from '../lib/receiver.mjs';
import { sleep, until } from '../lib/wait.mjs';

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const SCHEDULE = [5 * SECOND, 5 * MINUTE, 30 * MINUTE, 2 * HOUR, 5 * HOUR, 10 * HOUR, 14 * HOUR, 20 * HOUR, 24 * HOUR];

// Retries of one delivery on its own hub; nothing else moves its clock.
async function setUp({ answers = [500], hubOptions = {}, ...more } = {}) {
    const hub = await startHub({ clock: true, ...hubOptions });
    const api = hub.client();
    const receiver = await startReceiver();
    after(() => receiver.close());
    receiver.answers(...answers);
    await makeEvent(api, { alias: 'order', fields: [TEXT] });
    const hook = await makeWebhook(api, receiver.url, { eventTypes: ['custom_event.order'], ...more });
    return { hub, api, receiver, hook, send: (body = {}) => sendApi(api, 'order', { email: 'r@example.org', ...body }) };
}

const recorded = (api, hook, count) => waitDelivery(api, hook.id, (delivery) => delivery.attempts.length >= count);

scenario('S4.11 E2 the whole schedule: 5 s, 5 m, 30 m, 2 h, 5 h, 10 h, 14 h, 20 h, 24 h, then dead, every attempt readable', async () => {
    const { hub, api, receiver, hook, send } = await setUp({ answers: [{ status: 500, body: 'no' }] });
    expect(await send({ text: 'never' }), 201);
    let delivery = await recorded(api, hook, 1);
    for (const [step, delay] of SCHEDULE.entries()) {
        const { now } = await hub.clockState();
        const due = Date.parse(delivery.nextAttemptAt) - now;
        // From the fifth failure on the breaker may hold the attempt back, never forward.
        assert.equal(due, delay, `step ${step}: due in ${due} ms`);
        await hub.advance(delay - 1);
        await hub.settled();
        assert.equal(receiver.count, step + 1, `step ${step}: nothing before its time`);
        await hub.advance(1);
        delivery = await recorded(api, hook, step + 2);
    }
    assert.equal(receiver.count, SCHEDULE.length + 1);
    assert.deepEqual([delivery.state, delivery.nextAttemptAt, delivery.attemptCount], ['dead', null, 10]);
    assert.deepEqual(delivery.attempts.map((attempt) => attempt.number), [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
    assert.ok(delivery.attempts.every((attempt) => attempt.response.status === 500 && attempt.response.body === 'no' && attempt.request.body === receiver.requests[0].body.toString()));
    assert.equal(new Set(receiver.requests.map((received) => received.id)).size, 1, 'one webhook-id');
    assert.equal(new Set(receiver.requests.map((received) => received.body.toString())).size, 1, 'the same bytes');
    const started = delivery.attempts.map((attempt) => Date.parse(attempt.startedAt));
    assert.deepEqual(started.slice(1).map((at, i) => at - started[i]), SCHEDULE);
    await hub.advance(48 * HOUR);
    await hub.settled();
    assert.equal(receiver.count, 10, 'dead is dead');
    const ledger = await ledgerOf(api);
    assert.deepEqual([ledger.dead, ledger.pending], [1, 0]);
    await hub.checkLedger();
});

scenario('S4.11 500, 500, 200: delivered at the third attempt, under one id', async () => {
    const { hub, api, receiver, hook, send } = await setUp({ answers: [500, 503, 200] });
    expect(await send(), 201);
    await recorded(api, hook, 1);
    await hub.advance(5 * SECOND);
    await recorded(api, hook, 2);
    await hub.advance(5 * MINUTE);
    const delivery = await waitDelivery(api, hook.id);
    assert.deepEqual([delivery.state, delivery.attempts.map((attempt) => attempt.response.status)], ['delivered', [500, 503, 200]]);
    assert.equal(new Set(receiver.requests.map((received) => received.id)).size, 1);
    await hub.checkLedger();
});

scenario('a retry stays due over a restart, and over kill -9, at the same time', async () => {
    const { hub, api, receiver, hook, send } = await setUp({ answers: [500, 500, 200] });
    expect(await send(), 201);
    const before = await recorded(api, hook, 1);
    await hub.restart();
    const after = await deliveryOf(api, before.id);
    assert.equal(after.nextAttemptAt, before.nextAttemptAt);
    // The clock has gone on to the wall's while the hub was away.
    await hub.advance(Date.parse(after.nextAttemptAt) - (await hub.clockState()).now - 1);
    await hub.settled();
    assert.equal(receiver.count, 1);
    await hub.advance(1);
    await recorded(api, hook, 2);
    await hub.kill();
    await hub.start();
    await hub.advance(5 * MINUTE);
    assert.equal((await waitDelivery(api, hook.id)).state, 'delivered');
    assert.equal(new Set(receiver.requests.map((received) => received.id + received.body)).size, 1);
});

scenario('Retry-After holds the outlet: at least the policy\'s delay, at most 24 h, in seconds or as a date', async () => {
    for (const [header, expected] of [['2', 5 * SECOND], ['600', 10 * MINUTE], ['604800', 24 * HOUR], ['nonsense', 5 * SECOND], ['-5', 5 * SECOND], ['date', HOUR]]) {
        for (const status of header === '600' ? [429, 503] : [429]) {
            const { hub, api, receiver, hook, send } = await setUp();
            const now = (await hub.clockState()).now;
            const value = header === 'date' ? new Date(now + HOUR).toUTCString() : header;
            receiver.answers({ status, headers: { 'Retry-After': value } }, 200);
            expect(await send({ text: 'first' }), 201);
            const delivery = await recorded(api, hook, 1);
            const due = Date.parse(delivery.nextAttemptAt) - now;
            assert.ok(Math.abs(due - expected) <= (header === 'date' ? 1000 : 0), `Retry-After: ${value} (${status}): due in ${due} ms, expected ${expected}`);
            if (header === '600' && status === 429) {
                expect(await send({ text: 'second' }), 201);
                await hub.advance(9 * MINUTE);
                await hub.settled();
                assert.equal(receiver.count, 1, 'the whole outlet is held');
                await hub.advance(MINUTE + SECOND);
                await receiver.waitFor(3);
            }
            await hub.remove();
        }
    }
});

scenario('410 disables the endpoint and says so; deliveries wait and lose no time', async () => {
    const { hub, api, receiver, hook, send } = await setUp({ answers: [410, 200] });
    expect(await send({ text: 'gone' }), 201);
    await recorded(api, hook, 1);
    const disabled = await until('it is disabled', async () => {
        const one = expect(await api.get(`/api/v1/webhooks/${hook.id}`), 200).json;
        return one.status === 'disabled' && one;
    });
    assert.match(disabled.statusReason, /410/);
    assert.ok((await api.all('/api/v1/audit')).some((row) => row.action === 'webhook.disable' && row.actor === 'hub' && row.object === hook.id), 'the hub says so in the audit log');
    expect(await send({ text: 'later' }), 201);
    await hub.advance(HOUR);
    await hub.settled();
    assert.equal(receiver.count, 1);
    const ledger = await ledgerOf(api);
    assert.deepEqual([ledger.deliveries, ledger.pending], [2, 2]);
    await hub.checkLedger();
    await hub.restart();
    assert.equal(expect(await api.get(`/api/v1/webhooks/${hook.id}`), 200).json.status, 'disabled');
});

scenario('a 410 disables the endpoint even while the hub refuses all changes of its configuration', async () => {
    const hub = await startHub({ args: ['--max-queued-operations', '64'] });
    const api = hub.client();
    const receiver = await startReceiver();
    after(() => receiver.close());
    receiver.answers(410);
    await makeEvent(api, { alias: 'gone', fields: [TEXT] });
    const hooks = await Promise.all(Array.from({ length: 20 }, (_, n) => makeWebhook(api, `${receiver.url}/${n}`, { eventTypes: ['custom_event.gone'] })));
    let refused = 0;
    let stop = false;
    const flood = Promise.all(Array.from({ length: 200 }, async (_, n) => {
        for (let i = 0; !stop; i++) {
            const answer = await api.post('/api/v1/integrations', { name: `flood ${n} ${i}` });
            if (answer.status === 503) refused++;
        }
    }));
    await until('the lane is full', () => refused > 200);
    expect(await sendApi(api, 'gone', { email: 'g@example.org', text: 'x' }), 201);
    await receiver.waitFor(hooks.length);
    const before = refused;
    await until('and it stays full for a while', () => refused > before + 200);
    stop = true;
    await flood;
    for (const hook of hooks)
        await until(`${hook.id} is disabled`, async () => expect(await api.get(`/api/v1/webhooks/${hook.id}`), 200).json.status === 'disabled');
    assert.equal(receiver.count, hooks.length, 'by its first 410');
    await hub.checkLedger();
});

scenario('the breaker: after five failures only a probe, the oldest, after 30 s, doubling to 15 min; the others use no attempts', async () => {
    const { hub, api, receiver, hook, send } = await setUp({ answers: [500] });
    for (let i = 0; i < 20; i++) expect(await send({ text: `${i}` }), 201);
    await hub.settled();
    const seen = receiver.count;
    assert.ok(seen >= 5 && seen <= 5 + 8, `opened after ${seen} requests`);
    // Those that were first tried before it opened are due again, and all others are due: still only
    // one goes, every 30 s, 60 s, … to 15 min.
    let probes = 0;
    for (const wait of [30, 60, 120, 240, 480, 900, 900]) {
        await hub.advance(wait * SECOND - SECOND);
        await hub.settled();
        assert.equal(receiver.count, seen + probes, `nothing before the probe after ${wait} s`);
        await hub.advance(SECOND);
        await hub.settled();
        probes++;
        assert.equal(receiver.count, seen + probes, `one probe after ${wait} s`);
    }
    const rows = await deliveriesOf(api, hook.id);
    const untouched = rows.filter((row) => row.attemptCount === 0);
    assert.equal(untouched.length, 20 - seen, 'the others wait without using attempts');
    assert.ok(rows.every((row) => row.state === 'pending'));
    receiver.answers(200);
    for (let i = 0; i < 40 && receiver.count < seen + probes + 20; i++) {
        await hub.advance(15 * MINUTE);
        await hub.settled();
    }
    await until('all are delivered', async () => {
        await hub.advance(2 * HOUR);
        await hub.settled();
        return (await ledgerOf(api)).delivered === 20;
    });
    await hub.checkLedger();
});

scenario('S4.11 resend of a dead, a delivered and a pending delivery: the same id, the same bytes, marked', async () => {
    const { hub, api, receiver, hook, send } = await setUp({ answers: [200] });
    expect(await send({ text: 'again' }), 201);
    const delivered = await waitDelivery(api, hook.id);
    const answer = await api.post(`/api/v1/deliveries/${delivered.id}/resend`);
    assert.ok([200, 201, 202].includes(answer.status), answer.text);
    await receiver.waitFor(2);
    const twice = await recorded(api, hook, 2);
    assert.deepEqual([twice.id, twice.state, twice.attemptCount], [delivered.id, 'delivered', 2]);
    assert.equal(receiver.requests[1].id, receiver.requests[0].id);
    assert.deepEqual(receiver.requests[1].body, receiver.requests[0].body);

    // A resend that fails leaves a delivered one delivered.
    receiver.answers(500);
    expect(await api.post(`/api/v1/deliveries/${delivered.id}/resend`), 200, 201, 202);
    const failed = await recorded(api, hook, 3);
    await hub.settled();
    assert.equal((await deliveryOf(api, delivered.id)).state, 'delivered');
    assert.equal(failed.attempts[2].response.status, 500);

    // Pending: goes at once, not at its time.
    expect(await send({ text: 'pending' }), 201);
    const pending = await recorded(api, hook, 1);
    receiver.answers(200);
    expect(await api.post(`/api/v1/deliveries/${pending.id}/resend`), 200, 201, 202);
    const done = await waitDelivery(api, hook.id);
    assert.deepEqual([done.id, done.state, done.attemptCount], [pending.id, 'delivered', 2]);

    // Dead: starts over.
    receiver.answers(500);
    expect(await send({ text: 'dead' }), 201);
    let dead = await recorded(api, hook, 1);
    for (const [step, delay] of SCHEDULE.entries()) {
        await hub.advance(delay);
        dead = await recorded(api, hook, step + 2);
    }
    assert.equal(dead.state, 'dead');
    receiver.answers(200);
    expect(await api.post(`/api/v1/deliveries/${dead.id}/resend`), 200, 201, 202);
    const revived = await until('it is delivered', async () => {
        const one = await deliveryOf(api, dead.id);
        return one.state === 'delivered' && one;
    });
    assert.equal(revived.attempts.at(-1).request.body, dead.attempts[0].request.body);
    const ledger = await ledgerOf(api);
    assert.deepEqual([ledger.deliveries, ledger.delivered, ledger.dead, ledger.pending], [3, 3, 0, 0]);
    await hub.checkLedger();
    expectProblem(await api.post('/api/v1/deliveries/dlv_0000000000001/resend'), 404, 'not_found');
});

scenario('the signature is of the attempt: a later one carries its own time, and verifies', async () => {
    const { hub, api, receiver, hook, send } = await setUp({ answers: [500, 200] });
    expect(await send(), 201);
    await recorded(api, hook, 1);
    await hub.advance(5 * SECOND);
    await receiver.waitFor(2);
    const [first, second] = receiver.requests;
    assert.equal(Number(second.headers['webhook-timestamp']) - Number(first.headers['webhook-timestamp']), 5);
    assert.notEqual(first.headers['webhook-signature'], second.headers['webhook-signature']);
});

scenario('the test clock: stands still, moves on, never back, and goes on where it stood', async () => {
    const { hub } = await setUp();
    const first = (await hub.clockState()).now;
    await sleep(60);
    assert.equal((await hub.clockState()).now, first);
    assert.equal(await hub.advance(1234), first + 1234);
    for (const wrong of [{}, { advanceMs: -1 }, { advanceMs: 'x' }, { advanceMs: 1.5 }, { advanceMs: null }, []]) {
        const answer = await hub.anonymous.post('/test/clock', wrong);
        assert.ok([400, 422].includes(answer.status), `${JSON.stringify(wrong)}: ${answer.status}`);
    }
    await hub.advance(10 * HOUR);
    await hub.restart();
    assert.ok((await hub.clockState()).now >= first + 1234 + 10 * HOUR);
    const plain = await startHub({ name: 'plain' });
    expect(await plain.anonymous.get('/test/clock'), 404);
});
