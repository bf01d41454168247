// Recovery in bulk: what did not arrive is sent again by time and state, or by ids; beside traffic,
// behind restarts, and with books that add up after each.
import assert from 'node:assert/strict';
import { copyFileSync, existsSync } from 'node:fs';
import { join } from 'node:path';
import { after, before } from 'node:test';

import { checkEquations } from '../lib/books.mjs';
import { deliveriesOf, deliveryOf, ledgerOf, makeEvent, makeWebhook, sendApi } from '../lib/fixtures.mjs';
import { expect, expectProblem } from '../lib/http.mjs';
import { Hub, scenario, sqliteOf, startHub } from '../lib/hub.mjs';
import { startReceiver } from '../lib/receiver.mjs';
import { until } from '../lib/wait.mjs';

const MINUTE = 60000;
const LONG_AGO = '2020-01-01T00:00:00Z';
const NUMBER = { id: 'n', name: 'N', type: 'integer', required: false, isPrimaryKey: false };
const SHORT = { retry: { delaysSeconds: [1] } };

let receiver;

before(async () => {
    receiver = await startReceiver();
});

after(() => receiver?.close());

const numbersOf = (requests) => requests.map((one) => one.json.data.fields.n);
const recoveryOf = async (api, id) => expect(await api.get(`/api/v1/recoveries/${id}`), 200).json;
const recover = (api, hook, body) => api.post(`/api/v1/webhooks/${hook.id}/recover`, body);
const skippedOf = (recovery) => Object.values(recovery.skipped).reduce((sum, one) => sum + one, 0);

// An endpoint of its own, with an address that its requests can be told by.
async function endpoint(api, alias, more = SHORT) {
    await makeEvent(api, { alias, fields: [NUMBER] });
    const hook = await makeWebhook(api, `${receiver.url}/${alias}`, { eventTypes: [`custom_event.${alias}`], ...more });
    const counts = async () => expect(await api.get(`/api/v1/webhooks/${hook.id}`), 200).json.counts;
    return { ...hook, alias, counts, arrived: () => receiver.requests.filter((one) => one.path === `/${alias}`) };
}

// The answers of its address; every other one takes what comes.
const failing = new Set();
const answer = (received) => (failing.has(received.path) ? 500 : 200);

async function send(api, hook, from, to, email = () => 'a@example.org') {
    for (let n = from; n < to; n++) expect(await sendApi(api, hook.alias, { email: email(n), n }), 201);
}

// A failing endpoint gets one probe at a time, so this takes a while of the test clock.
async function waitFor(hub, hook, what, reached) {
    await until(what, async () => {
        await hub.advance(15 * MINUTE);
        await hub.settled();
        return reached(await hook.counts());
    }, { timeout: 30000 });
}

// Sends `count` events that die; then the endpoint works again.
async function outage(hub, api, hook, count, email) {
    receiver.script = answer;
    failing.add(`/${hook.alias}`);
    await send(api, hook, 0, count, email);
    await waitFor(hub, hook, `${count} are dead`, (counts) => counts.dead === count);
    failing.delete(`/${hook.alias}`);
}

async function finished(hub, api, id) {
    const recovery = await until('the recovery is over', async () => {
        const one = await recoveryOf(api, id);
        return one.state !== 'running' && one;
    });
    assert.equal(recovery.examined, recovery.recovered + skippedOf(recovery));
    assert.notEqual(recovery.finishedAt, null);
    return recovery;
}

// Starts it, and waits for its end.
async function recovered(hub, api, hook, body) {
    const started = expect(await recover(api, hook, body), 202).json;
    assert.match(started.id, /^rcv_/);
    assert.equal(started.state, 'running');
    assert.equal(started.webhookId, hook.id);
    return finished(hub, api, started.id);
}

const checkBooks = async (hub, api) => {
    checkEquations(await ledgerOf(api));
    await hub.checkLedger();
};

scenario('since: what died in an outage is sent again, once, under the same ids, and the books say so', async () => {
    const hub = await startHub({ clock: true });
    const api = hub.client();
    const hook = await endpoint(api, 'since');
    await outage(hub, api, hook, 8);
    const cut = new Date((await hub.clockState()).now + 1).toISOString();
    await hub.advance(MINUTE);
    failing.add(`/${hook.alias}`);
    await send(api, hook, 8, 12);
    await waitFor(hub, hook, 'twelve are dead', (counts) => counts.dead === 12);
    failing.delete(`/${hook.alias}`);
    const before = hook.arrived().length;
    const dead = (await deliveriesOf(api, hook.id)).filter((row) => row.state === 'dead').map((row) => row.id);

    assert.deepEqual(expect(await recover(api, hook, { since: LONG_AGO, dryRun: true }), 200).json, { total: 12, totalAtLeast: 12 });
    assert.deepEqual(expect(await recover(api, hook, { since: cut, dryRun: true }), 200).json, { total: 4, totalAtLeast: 4 });
    assert.deepEqual(expect(await recover(api, hook, { since: LONG_AGO, until: cut, dryRun: true }), 200).json, { total: 8, totalAtLeast: 8 });
    assert.deepEqual(expect(await recover(api, hook, { since: LONG_AGO, states: ['delivered', 'dropped'], dryRun: true }), 200).json, { total: 0, totalAtLeast: 0 });
    assert.equal((await hook.counts()).dead, 12, 'a dry run does nothing');
    assert.equal((await api.all('/api/v1/audit')).filter((row) => row.action.startsWith('recovery.')).length, 0);

    const later = await recovered(hub, api, hook, { since: cut });
    assert.deepEqual([later.state, later.total, later.examined, later.recovered], ['done', 4, 4, 4]);
    assert.deepEqual(later.wanted, { since: cut, until: null, states: ['dead'], deliveryIds: [] });
    assert.match(later.by, /^key_/);
    await waitFor(hub, hook, 'four are delivered', (counts) => counts.delivered === 4);
    assert.deepEqual(numbersOf(hook.arrived().slice(before)).sort((a, b) => a - b), [8, 9, 10, 11]);
    assert.equal((await hook.counts()).dead, 8, 'those before stay as they were');
    await checkBooks(hub, api);

    const rest = await recovered(hub, api, hook, { since: LONG_AGO });
    assert.deepEqual([rest.state, rest.total, rest.recovered], ['done', 8, 8]);
    await waitFor(hub, hook, 'all are delivered', (counts) => counts.delivered === 12 && counts.dead === 0);
    const again = hook.arrived().slice(before);
    assert.deepEqual(again.map((one) => one.id).sort(), dead.sort(), 'each once, under its id');
    const one = await deliveryOf(api, dead[0]);
    assert.equal(one.attempts.length, 3);
    assert.ok(one.attempts.every((attempt) => !attempt.manual));
    await checkBooks(hub, api);

    const list = await api.all(`/api/v1/webhooks/${hook.id}/recoveries`);
    assert.deepEqual(list, [rest, later]);
    const trail = (await api.all('/api/v1/audit')).filter((row) => row.object === rest.id);
    assert.deepEqual(trail.map((row) => row.action), ['recovery.end', 'recovery.start']);
    assert.equal(trail[0].actor, 'hub');
    assert.equal(trail[1].actor, rest.by);
    assert.match(expect(await hub.anonymous.get('/metrics'), 200).text, /^junctor_recoveries_running 0$/m);
});

scenario('since and until are about when a delivery died, not about when it was made', async () => {
    const hub = await startHub({ clock: true });
    const api = hub.client();
    const env = { ...hub.environment, JUNCTOR_KEY: hub.owners[0].apiKey };
    const hook = await endpoint(api, 'late', { retry: { delaysSeconds: [20 * 60 * 60] } });
    receiver.script = answer;
    failing.add(`/${hook.alias}`);
    await send(api, hook, 0, 2);
    await hub.settled();
    await hub.advance(12 * 60 * MINUTE);
    const cut = new Date((await hub.clockState()).now).toISOString();
    assert.equal((await hook.counts()).dead, 0);
    await waitFor(hub, hook, 'both are dead', (counts) => counts.dead === 2);
    failing.delete(`/${hook.alias}`);
    const died = (await deliveriesOf(api, hook.id)).map((row) => row.finishedAt).sort();
    const count = async (span) => expect(await recover(api, hook, { ...span, dryRun: true }), 200).json.total;
    assert.equal(await count({ since: cut }), 2);
    assert.equal(await count({ since: LONG_AGO, until: cut }), 0);
    assert.equal(await count({ since: died[0] }), 2, 'since is among it');
    assert.equal(await count({ since: LONG_AGO, until: died[0] }), 0, 'until is not');
    // The command's "2h" goes by the machine's clock, which the test clock has left behind.
    const result = await hub.cli(['recover', '--url', hub.url, hook.id, '--since', cut, '--wait'], { env });
    assert.match(result.stdout, /done: 2 of 2 looked at, 2 sent again/, result.stderr);
    await waitFor(hub, hook, 'they are delivered', (counts) => counts.delivered === 2);
    await checkBooks(hub, api);
});

scenario('by ids: those of the endpoint alone, and each other one is passed over with its reason', async () => {
    const hub = await startHub({ clock: true, organizations: 2 });
    const api = hub.client();
    const theirs = hub.client(hub.owners[1]);
    const hook = await endpoint(api, 'ids');
    const other = await endpoint(api, 'ids-other');
    const foreign = await endpoint(theirs, 'ids-foreign');
    await outage(hub, api, hook, 3);
    await outage(hub, api, other, 1);
    await outage(hub, theirs, foreign, 1);
    const mine = (await deliveriesOf(api, hook.id)).map((row) => row.id);
    const [otherOne] = (await deliveriesOf(api, other.id)).map((row) => row.id);
    const [foreignOne] = (await deliveriesOf(theirs, foreign.id)).map((row) => row.id);
    failing.add(`/${hook.alias}`);
    await send(api, hook, 3, 4);
    const [{ id: pending }] = await deliveriesOf(api, hook.id);
    await hub.settled();
    assert.equal((await deliveryOf(api, pending)).state, 'pending');
    failing.delete(`/${hook.alias}`);
    const deliveryIds = [mine[0], otherOne, pending, foreignOne, 'dlv_0000000000001', mine[2], mine[0]];
    assert.deepEqual(expect(await recover(api, hook, { deliveryIds, dryRun: true }), 200).json, { total: 2, totalAtLeast: 2 });
    const recovery = await recovered(hub, api, hook, { deliveryIds });
    assert.equal(recovery.state, 'done');
    assert.equal(recovery.total, 6);
    assert.equal(recovery.recovered, 2);
    assert.deepEqual(recovery.skipped, { noLongerKept: 0, alreadyPending: 1, unknown: 3 });
    assert.deepEqual(recovery.wanted.deliveryIds, [...new Set(deliveryIds)].sort());
    await waitFor(hub, hook, 'they are delivered', (counts) => counts.delivered === 3);
    assert.equal((await deliveryOf(api, mine[1])).state, 'dead', 'the one that was not named');
    assert.equal((await deliveryOf(api, otherOne)).state, 'dead');
    assert.equal((await deliveryOf(theirs, foreignOne)).state, 'dead');
    expectProblem(await recover(theirs, hook, { deliveryIds }), 404, 'not_found');
    expectProblem(await theirs.get(`/api/v1/recoveries/${recovery.id}`), 404, 'not_found');
    expectProblem(await theirs.post(`/api/v1/recoveries/${recovery.id}/cancel`), 404, 'not_found');
    expectProblem(await theirs.get(`/api/v1/webhooks/${hook.id}/recoveries`), 404, 'not_found');
    await checkBooks(hub, api);
    await checkBooks(hub, theirs);
});

scenario('pending: what waits for its next attempt is due now, with a fresh schedule; nothing else is touched', async () => {
    const hub = await startHub({ clock: true });
    const api = hub.client();
    const hook = await endpoint(api, 'pending', { retry: { delaysSeconds: [10, 36000], jitterPercent: 0 } });
    const states = ['pending'];
    const waits = async () => (await deliveriesOf(api, hook.id)).map((row) => Date.parse(row.nextAttemptAt));
    const now = async () => (await hub.clockState()).now;
    const tried = (count) => until(`${count} attempts`, async () => {
        const rows = await deliveriesOf(api, hook.id);
        return rows.reduce((sum, row) => sum + row.attemptCount, 0) === count && rows.every((row) => !row.sending);
    });
    receiver.script = answer;
    failing.add('/pending');
    await send(api, hook, 0, 2);
    await tried(2);
    await hub.advance(10000);
    await tried(4);
    assert.deepEqual(await waits(), Array(2).fill((await now()) + 36000000));
    assert.deepEqual(expect(await recover(api, hook, { since: LONG_AGO, dryRun: true }), 200).json.total, 0, 'they are not meant unless asked for');

    await hub.restart(); // what the store holds is what goes
    await hub.settled();
    const again = await recovered(hub, hub.client(), hook, { since: LONG_AGO, states });
    assert.deepEqual([again.state, again.total, again.recovered, again.wanted.states], ['done', 2, 2, states]);
    await tried(6); // the fifth failure in a row opens the breaker: one at a time
    const [first, second] = await waits();
    assert.deepEqual([first, second], [first, first], 'both were tried at once');
    assert.equal(first, (await now()) + 10000, 'the first step of the schedule');
    await checkBooks(hub, api);

    failing.delete('/pending');
    expect(await api.patch(`/api/v1/webhooks/${hook.id}`, { status: 'paused' }), 200);
    expect(await api.patch(`/api/v1/webhooks/${hook.id}`, { status: 'active' }), 200);
    await recovered(hub, api, hook, { since: LONG_AGO, states: ['pending', 'dead'] });
    await until('they are delivered', async () => (await hook.counts()).delivered === 2);
    const { attempts } = await deliveryOf(api, (await deliveriesOf(api, hook.id))[0].id);
    assert.deepEqual(attempts.map((one) => one.manual), [false, false, false, false]);
    await checkBooks(hub, api);

    const late = await endpoint(api, 'pending-late', { delayMs: 3600000 });
    await send(api, late, 0, 1);
    assert.equal((await recovered(hub, api, late, { since: LONG_AGO, states })).recovered, 1);
    await until('it goes before its delay is over', async () => (await late.counts()).delivered === 1);
});

scenario('pending: an attempt under way and what stands in line stay as they are', async () => {
    const hub = await startHub({ clock: true });
    const api = hub.client();
    const hook = await endpoint(api, 'pending-line', { order: 'strict', retry: { delaysSeconds: [36000], jitterPercent: 0 } });
    const states = ['pending'];
    receiver.script = answer;
    failing.add('/pending-line');
    await send(api, hook, 0, 3);
    await until('the first has failed', async () => (await deliveriesOf(api, hook.id)).some((row) => row.attemptCount === 1 && !row.sending));
    await hub.settled();
    receiver.script = (received) => (received.path === '/pending-line' ? { hang: true } : 200);
    const first = await recovered(hub, api, hook, { since: LONG_AGO, states });
    assert.deepEqual([first.recovered, first.skipped.alreadyPending], [1, 2]);
    await until('it is under way', async () => (await deliveriesOf(api, hook.id)).some((row) => row.sending));
    const second = await recovered(hub, api, hook, { since: LONG_AGO, states });
    assert.deepEqual([second.recovered, second.skipped.alreadyPending], [0, 3]);
    const told = await hub.cli(['recover', '--url', hub.url, hook.id, '--since', LONG_AGO, '--state', 'pending', '--wait'], { env: { ...hub.environment, JUNCTOR_KEY: hub.owners[0].apiKey } });
    assert.match(told.stdout, /done: 3 of 3 looked at, 0 sent again\n3 passed over: they are on their way already/);
    assert.equal(hook.arrived().length, 2);
    failing.delete('/pending-line');
    receiver.script = answer;
    await hub.stop('SIGKILL'); // breaks the attempt off
    await hub.start();
    await until('all are delivered', async () => (await deliveriesOf(hub.client(), hook.id)).every((row) => row.state === 'delivered'));
    assert.deepEqual(numbersOf(hook.arrived()), [0, 0, 0, 1, 2]);
    await checkBooks(hub, hub.client());
});

scenario('what is asked for wrongly is refused, each with its pointer', async () => {
    const hub = await startHub({ clock: true });
    const api = hub.client();
    const hook = await endpoint(api, 'wrong');
    const pointers = async (body) => (expectProblem(await recover(api, hook, body), 422, 'invalid').json.errors ?? []).map((error) => error.pointer);
    assert.deepEqual(await pointers({}), ['/since']);
    assert.deepEqual(await pointers({ dryRun: true }), ['/since']);
    assert.deepEqual(await pointers({ since: 'yesterday' }), ['/since']);
    assert.deepEqual(await pointers({ since: LONG_AGO, states: ['dead', 'waiting'] }), ['/states/1']);
    assert.deepEqual(await pointers({ since: LONG_AGO, states: [] }), ['/states']);
    assert.deepEqual(await pointers({ since: LONG_AGO, until: LONG_AGO }), ['/until']);
    assert.deepEqual(await pointers({ deliveryIds: ['dlv_0000000000001', 'nonsense'] }), ['/deliveryIds/1']);
    assert.deepEqual(await pointers({ deliveryIds: [] }), ['/deliveryIds']);
    assert.deepEqual(await pointers({ deliveryIds: Array(1001).fill('dlv_0000000000001') }), ['/deliveryIds']);
    assert.deepEqual(await pointers({ deliveryIds: ['dlv_0000000000001'], since: LONG_AGO, states: ['dead'] }), ['/since', '/states']);
    assert.deepEqual(await api.all(`/api/v1/webhooks/${hook.id}/recoveries`), []);
});

scenario('nothing is begun while nothing would be sent', async () => {
    const hub = await startHub({ clock: true });
    const api = hub.client();
    const hook = await endpoint(api, 'standing');
    await outage(hub, api, hook, 2);
    const begin = (one) => recover(api, one, { since: LONG_AGO });
    for (const status of ['paused', 'disabled']) {
        expect(await api.patch(`/api/v1/webhooks/${hook.id}`, { status }), 200);
        assert.match(expectProblem(await begin(hook), 409, 'conflict').json.detail, new RegExp(status));
        assert.deepEqual(expect(await recover(api, hook, { since: LONG_AGO, dryRun: true }), 200).json, { total: 2, totalAtLeast: 2 });
    }
    expect(await api.delete(`/api/v1/webhooks/${hook.id}`), 204);
    assert.match(expectProblem(await begin(hook), 409, 'conflict').json.detail, /deleted/);
    expectProblem(await begin({ id: 'whk_0000000000001' }), 404, 'not_found');
    assert.deepEqual(await api.all(`/api/v1/webhooks/${hook.id}/recoveries`), []);
    assert.equal((await ledgerOf(api)).dead, 2);
});

scenario('a hub that was restored from a backup begins none before it is released', async () => {
    const hub = await startHub();
    const api = hub.client();
    const hook = await endpoint(api, 'held');
    receiver.script = answer;
    await send(api, hook, 0, 1);
    await until('it is delivered', async () => (await hook.counts()).delivered === 1);
    const file = join(hub.dir, 'backup.db');
    assert.equal((await hub.cli(['backup', '--data', hub.data, '--to', file])).code, 0);
    await hub.stop();
    const restored = new Hub({ name: 'restored' });
    restored.owners = hub.owners;
    assert.equal((await restored.cli(['restore', '--data', restored.data, '--from', file])).code, 0);
    if (!existsSync(join(restored.data, 'sealing.key'))) copyFileSync(join(hub.data, 'sealing.key'), join(restored.data, 'sealing.key'));
    await restored.start();
    const held = restored.client();
    const wish = { since: LONG_AGO, states: ['delivered'] };
    assert.match(expectProblem(await recover(held, hook, wish), 409, 'conflict').json.detail, /restored from a backup.*release/i);
    expect(await held.post('/api/v1/release'), 200);
    await until('it begins', async () => (await recover(held, hook, wish)).status === 202);
});

// Enough for several steps.
const MANY = 1500;

// What hangs would keep the hub from stopping.
function letGo() {
    receiver.script = answer;
    for (const socket of receiver.sockets) socket.destroy();
}

async function manyDelivered(hub, api, hook) {
    receiver.script = answer;
    const lanes = Array.from({ length: 16 }, async (_, lane) => {
        for (let n = lane; n < MANY; n += 16) expect(await sendApi(api, hook.alias, { email: 'many@example.org', n }), 201);
    });
    await Promise.all(lanes);
    await until('all are delivered', async () => (await hook.counts()).delivered === MANY, { timeout: 30000 });
}

scenario('cancelled in the middle: what was handed over stays so, the rest is as it was', async () => {
    const hub = await startHub({ clock: true });
    const api = hub.client();
    const hook = await endpoint(api, 'cancel');
    await manyDelivered(hub, api, hook);
    receiver.script = () => ({ hang: true });
    const wish = { since: LONG_AGO, states: ['delivered'] };
    const started = expect(await recover(api, hook, wish), 202).json;
    assert.equal(started.total, MANY);
    const second = await recover(api, hook, wish);
    const cancelled = expect(await api.post(`/api/v1/recoveries/${started.id}/cancel`), 200).json;
    assert.match(expectProblem(second, 409, 'conflict').json.detail, new RegExp(started.id));
    assert.equal(cancelled.state, 'cancelled');
    assert.ok(cancelled.examined < MANY, `it was in the middle: ${cancelled.examined}`);
    await until('the hub has let go of it', async () => /^junctor_recoveries_running 0$/m.test((await hub.anonymous.get('/metrics')).text));
    const over = await recoveryOf(api, started.id);
    assert.deepEqual(over, cancelled);
    const counts = await hook.counts();
    assert.equal(counts.pending, cancelled.recovered);
    assert.equal(counts.delivered, MANY - cancelled.recovered);
    assert.deepEqual(expect(await api.post(`/api/v1/recoveries/${started.id}/cancel`), 200).json, over, 'again: as it is');
    const trail = (await api.all('/api/v1/audit')).filter((row) => row.object === started.id);
    assert.deepEqual(trail.map((row) => row.action), ['recovery.cancel', 'recovery.start']);
    await checkBooks(hub, api);
    letGo();
});

scenario('killed in the middle it goes on: each is sent again, none twice in the books', async () => {
    const hub = await startHub({ clock: true });
    const api = hub.client();
    const hook = await endpoint(api, 'killed');
    await manyDelivered(hub, api, hook);
    const first = hook.arrived().length;
    const { id } = expect(await recover(api, hook, { since: LONG_AGO, states: ['delivered'] }), 202).json;
    await hub.kill();
    await hub.checkLedger();
    await hub.start();
    const seen = [];
    const recovery = await until('the recovery is over', async () => {
        const one = await recoveryOf(api, id);
        seen.push(one.examined);
        return one.state !== 'running' && one;
    });
    assert.deepEqual(seen, [...seen].sort((a, b) => a - b), 'progress rises');
    assert.deepEqual([recovery.state, recovery.total, recovery.recovered, skippedOf(recovery)], ['done', MANY, MANY, 0]);
    await until('all are delivered again', async () => {
        const counts = await hook.counts();
        return counts.delivered === MANY && counts.pending === 0;
    }, { timeout: 30000 });
    const again = new Set(hook.arrived().slice(first).map((one) => one.id));
    assert.equal(again.size, MANY);
    await checkBooks(hub, api);
});

scenario('an endpoint that still fails: they die again, and are not looked at twice', async () => {
    const hub = await startHub({ clock: true });
    const api = hub.client();
    const hook = await endpoint(api, 'still');
    await outage(hub, api, hook, 6);
    failing.add(`/${hook.alias}`);
    const recovery = await recovered(hub, api, hook, { since: LONG_AGO });
    assert.deepEqual([recovery.state, recovery.recovered], ['done', 6]);
    assert.equal((await hook.counts()).pending, 6);
    await waitFor(hub, hook, 'they are dead again', (counts) => counts.dead === 6 && counts.pending === 0);
    for (const row of await deliveriesOf(api, hook.id)) assert.equal(row.attemptCount, 4, 'a whole schedule more');
    assert.deepEqual(await recoveryOf(api, recovery.id), recovery);
    failing.delete(`/${hook.alias}`);
    await checkBooks(hub, api);
});

scenario('an endpoint that goes away in the middle ends it, and says so', async () => {
    const hub = await startHub({ clock: true });
    const api = hub.client();
    const hook = await endpoint(api, 'away');
    await manyDelivered(hub, api, hook);
    receiver.script = () => ({ hang: true });
    const { id } = expect(await recover(api, hook, { since: LONG_AGO, states: ['delivered'] }), 202).json;
    expect(await api.delete(`/api/v1/webhooks/${hook.id}`), 204);
    const recovery = await finished(hub, api, id);
    assert.equal(recovery.state, 'failed');
    assert.match(recovery.reason, /deleted/);
    assert.ok(recovery.examined < MANY, `it was in the middle: ${recovery.examined}`);
    const ledger = await until('nothing is pending', async () => {
        const one = await ledgerOf(api);
        return one.pending === 0 && one;
    });
    assert.deepEqual([ledger.dropped, ledger.delivered], [0, MANY], 'what was delivered once stays so');
    letGo();
    await hub.settled();
    await checkBooks(hub, api);
});

scenario('a delivery that the store cannot take ends its recovery, which says so; others go on, and so does a stop', async () => {
    const hub = await startHub({ clock: true });
    const api = hub.client();
    const spoilt = await endpoint(api, 'spoilt');
    const sound = await endpoint(api, 'sound');
    await outage(hub, api, spoilt, 5);
    await outage(hub, api, sound, 5);
    await hub.stop();
    const sql = (text) => sqliteOf(hub, text);
    // Deliveries in the order of their ids: the third of the first endpoint.
    const third = '(SELECT id FROM deliveries ORDER BY id LIMIT 1 OFFSET 2)';
    sql(`CREATE TABLE spoilt AS SELECT ${third} AS id; CREATE TRIGGER spoil BEFORE INSERT ON work WHEN NEW.id = (SELECT id FROM spoilt) BEGIN SELECT RAISE(ABORT, 'spoilt'); END`);
    await hub.start();
    const stuck = (await deliveriesOf(api, spoilt.id)).at(-3);
    const { id } = expect(await recover(api, spoilt, { since: LONG_AGO }), 202).json;
    await until('a step has failed', () => hub.log.includes('a step of a recovery failed'));
    const other = await finished(hub, api, expect(await recover(api, sound, { since: LONG_AGO }), 202).json.id);
    assert.deepEqual([other.state, other.recovered], ['done', 5]);
    assert.equal((await recoveryOf(api, id)).state, 'running', 'it is tried again');
    const began = Date.now();
    assert.deepEqual(await hub.stop(), { code: 0, signal: null });
    assert.ok(Date.now() - began < 5000, 'a stop does not wait for it');
    await hub.start();
    const recovery = await until('it ends', async () => {
        const one = await recoveryOf(api, id);
        return one.state !== 'running' && one;
    }, { timeout: 40000 });
    assert.deepEqual([recovery.state, recovery.recovered, recovery.examined], ['failed', 2, 2]);
    assert.ok(recovery.reason.includes(stuck.id), recovery.reason);
    assert.equal((await deliveryOf(api, stuck.id)).state, 'dead');
    assert.match(hub.log, /a recovery has failed/);
    await hub.stop();
    sql('DROP TRIGGER spoil; DROP TABLE spoilt');
    await hub.start();
    const again = await finished(hub, api, expect(await recover(api, spoilt, { since: LONG_AGO }), 202).json.id);
    assert.deepEqual([again.state, again.recovered], ['done', 3]);
    for (const hook of [spoilt, sound]) await waitFor(hub, hook, 'all have arrived', (counts) => counts.delivered === 5);
    await hub.settled();
    await hub.checkLedger();
});

scenario('order is kept: strict, and by subject', async () => {
    const hub = await startHub({ clock: true });
    const api = hub.client();
    const strict = await endpoint(api, 'strict', { ...SHORT, order: 'strict', onDead: 'continue' });
    const subject = await endpoint(api, 'subject', { ...SHORT, order: 'subject', onDead: 'continue' });
    const email = (n) => `subject${n % 3}@example.org`;
    await outage(hub, api, strict, 12);
    await outage(hub, api, subject, 12, email);
    const before = { strict: strict.arrived().length, subject: subject.arrived().length };
    const overlaps = [];
    const lineOf = (received) => received.path + (received.path === '/strict' ? '' : received.json.data.fields.n % 3);
    receiver.script = (received) => {
        const open = receiver.requests.filter((one) => one !== received && one.answeredAt === undefined && lineOf(one) === lineOf(received));
        if (open.length > 0) overlaps.push(lineOf(received));
        return { status: 200, delay: 10 };
    };
    for (const hook of [strict, subject]) {
        await recovered(hub, api, hook, { since: LONG_AGO });
        await waitFor(hub, hook, 'all are delivered', (counts) => counts.delivered === 12);
    }
    const rising = Array.from({ length: 12 }, (_, n) => n);
    assert.deepEqual(numbersOf(strict.arrived().slice(before.strict)), rising);
    const arrived = numbersOf(subject.arrived().slice(before.subject));
    for (let line = 0; line < 3; line++) assert.deepEqual(arrived.filter((n) => n % 3 === line), rising.filter((n) => n % 3 === line));
    assert.deepEqual(overlaps, [], 'none goes before the one before it was answered');
    receiver.script = answer;
    await checkBooks(hub, api);
});

scenario('what a dead delivery has paused goes on with it, and stays so behind a restart', async () => {
    const hub = await startHub({ clock: true });
    const api = hub.client();
    const hook = await endpoint(api, 'paused', { ...SHORT, order: 'strict', onDead: 'pause' });
    receiver.script = answer;
    failing.add(`/${hook.alias}`);
    await send(api, hook, 0, 3);
    await waitFor(hub, hook, 'the first is dead', (counts) => counts.dead === 1);
    failing.delete(`/${hook.alias}`);
    await hub.advance(60 * MINUTE);
    await hub.settled();
    assert.equal((await hook.counts()).pending, 2, 'the others wait behind it');
    const before = hook.arrived().length;
    const recovery = await recovered(hub, api, hook, { since: LONG_AGO });
    assert.equal(recovery.recovered, 1);
    await hub.kill();
    await hub.start();
    await waitFor(hub, hook, 'all are delivered', (counts) => counts.delivered === 3);
    const order = numbersOf(hook.arrived().slice(before));
    assert.deepEqual([...new Set(order)], [0, 1, 2]);
    await send(api, hook, 3, 4);
    await waitFor(hub, hook, 'the next goes, too', (counts) => counts.delivered === 4);
    await checkBooks(hub, api);
});

scenario('two organizations recover at once, each its own', async () => {
    const hub = await startHub({ clock: true, organizations: 2 });
    const sides = await Promise.all(hub.owners.map(async (owner, index) => {
        const api = hub.client(owner);
        return { api, count: 5 + index * 2, hook: await endpoint(api, `side${index}`) };
    }));
    for (const { api, hook, count } of sides) await outage(hub, api, hook, count);
    const started = await Promise.all(sides.map(async ({ api, hook }) => expect(await recover(api, hook, { since: LONG_AGO }), 202).json.id));
    for (const [index, { api, hook, count }] of sides.entries()) {
        const recovery = await finished(hub, api, started[index]);
        assert.deepEqual([recovery.state, recovery.total, recovery.recovered], ['done', count, count]);
        await waitFor(hub, hook, 'its own are delivered', (counts) => counts.delivered === count);
        await checkBooks(hub, api);
    }
});

scenario('render: a new delivery of the stored event, by hand, and counted as one more', async () => {
    const hub = await startHub({ clock: true });
    const api = hub.client();
    const hook = await endpoint(api, 'render');
    await outage(hub, api, hook, 1);
    const [old] = await deliveriesOf(api, hook.id);
    expect(await api.patch(`/api/v1/webhooks/${hook.id}`, { eventTypes: ['ping'] }), 200);
    const resend = (body) => api.post(`/api/v1/deliveries/${old.id}/resend`, body);
    const made = expect(await resend({ render: true }), 202).json;
    assert.equal(made.renderedFrom, old.id);
    assert.notEqual(made.id, old.id);
    assert.deepEqual([made.eventId, made.webhookId, made.state, made.attemptCount], [old.eventId, hook.id, 'pending', 0]);
    await until('it is delivered', async () => (await deliveryOf(api, made.id)).state === 'delivered');
    const [{ manual, request }] = (await deliveryOf(api, made.id)).attempts;
    assert.ok(manual, 'it goes beside the open breaker');
    const sent = hook.arrived().at(-1);
    assert.equal(sent.id, made.id);
    assert.equal(request.body, sent.body.toString());
    assert.equal((await deliveryOf(api, old.id)).state, 'dead');
    const { deliveries, delivered, dead } = await hook.counts();
    assert.deepEqual([deliveries, delivered, dead], [2, 1, 1]);
    const event = expect(await api.get(`/api/v1/events/${old.eventId}`), 200).json;
    assert.ok(event.deliveries.some((one) => one.id === old.id), 'the event shows the one that it made');
    const trail = (await api.all('/api/v1/audit')).find((row) => row.object === old.id);
    assert.deepEqual([trail.action, trail.detail.deliveryId], ['delivery.resend', made.id]);
    for (const body of [undefined, {}, { render: false }]) {
        const same = expect(await resend(body), 202).json;
        assert.deepEqual([same.id, same.renderedFrom], [old.id, null]);
        await hub.settled();
    }
    expectProblem(await resend({ render: 'yes' }), 422, 'invalid');
    expectProblem(await resend('{'), 400);
    await checkBooks(hub, api);
});

scenario('what retention has taken is passed over, and said', async () => {
    const DAY = 24 * 60 * MINUTE;
    const hub = await startHub({ clock: true, args: ['--retention', '1d'] });
    const api = hub.client();
    const hook = await endpoint(api, 'retention');
    receiver.script = answer;
    await send(api, hook, 0, 1);
    await waitFor(hub, hook, 'it is delivered', (counts) => counts.delivered === 1);
    const [old] = await deliveriesOf(api, hook.id);
    await hub.advance(DAY / 2);
    await send(api, hook, 1, 2);
    await waitFor(hub, hook, 'the second is delivered', (counts) => counts.delivered === 2);
    const made = expect(await api.post(`/api/v1/deliveries/${old.id}/resend`, { render: true }), 202).json;
    await waitFor(hub, hook, 'the new one is delivered', (counts) => counts.delivered === 3);
    await hub.advance(DAY / 2);
    await until('the first event is gone', async () => (await api.get(`/api/v1/events/${old.eventId}`)).status === 404);
    assert.equal((await deliveryOf(api, made.id)).state, 'delivered', 'its delivery is younger');
    expectProblem(await api.post(`/api/v1/deliveries/${made.id}/resend`), 410, 'gone');
    expectProblem(await api.post(`/api/v1/deliveries/${made.id}/resend`, { render: true }), 410, 'gone');
    const recovery = await recovered(hub, api, hook, { since: LONG_AGO, states: ['delivered'] });
    assert.equal(recovery.state, 'done');
    assert.equal(recovery.recovered, 1, 'the event of the second is kept');
    assert.deepEqual(recovery.skipped, { noLongerKept: 1, alreadyPending: 0, unknown: 0 });
    assert.equal((await deliveryOf(api, made.id)).state, 'delivered');
    await hub.settled();
    await hub.checkLedger();
});

scenario('junctor recover: counts, starts, and shows how far it has come', async () => {
    const hub = await startHub({ clock: true });
    const api = hub.client();
    const hook = await endpoint(api, 'cli');
    await outage(hub, api, hook, 3);
    const env = { ...hub.environment, JUNCTOR_KEY: hub.owners[0].apiKey };
    const cli = (...args) => hub.cli(['recover', '--url', hub.url, hook.id, ...args], { env });
    const counted = await cli('--since', LONG_AGO, '--dry-run');
    assert.equal(counted.code, 0, counted.stderr);
    assert.equal(JSON.parse(counted.stdout).total, 3);
    assert.equal(JSON.parse((await cli('--since', '5d', '--state', 'delivered,dropped', '--dry-run')).stdout).total, 0);
    const waited = await cli('--since', '5d', '--wait');
    assert.equal(waited.code, 0, waited.stderr);
    assert.match(waited.stdout, /done: 3 of 3 looked at, 3 sent again/);
    await waitFor(hub, hook, 'they are delivered', (counts) => counts.delivered === 3);
    const started = await cli('--since', LONG_AGO, '--state', 'delivered');
    assert.equal(started.code, 0, started.stderr);
    assert.equal(JSON.parse(started.stdout).state, 'running');
    for (const wrong of [['--since', 'soon'], [], ['--since', '2h', '--state', 'waiting']]) {
        const result = await cli(...wrong);
        assert.notEqual(result.code, 0);
        assert.ok(result.stderr.length > 10);
    }
});
