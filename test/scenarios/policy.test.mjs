// What an endpoint's policy does: concurrency, rate, delay, its own retries; a breaker that outlives
// the hub; notices.
import assert from 'node:assert/strict';
import { after } from 'node:test';

import { TEXT, deliveriesOf, makeEvent, makeWebhook, sendApi, waitDelivery } from '../lib/fixtures.mjs';
import { expect, expectProblem } from '../lib/http.mjs';
import { scenario, startHub } from '../lib/hub.mjs';
import { startReceiver } from '../lib/receiver.mjs';
import { sleep, until } from '../lib/wait.mjs';

async function setUp({ hubOptions = {}, ...webhook } = {}) {
    const hub = await startHub({ clock: true, ...hubOptions });
    const receiver = await startReceiver();
    after(() => receiver.close());
    const world = { hub, api: hub.client(), receiver };
    await makeEvent(world.api, { alias: 'order', fields: [TEXT] });
    world.hook = await makeWebhook(world.api, receiver.url, { eventTypes: ['custom_event.order'], ...webhook });
    world.send = (text = 'x', email = 'r@example.org') => sendApi(world.api, 'order', { email, text }).then((answer) => expect(answer, 201));
    world.show = async () => expect(await world.api.get(`/api/v1/webhooks/${world.hook.id}`), 200).json;
    world.restart = async () => {
        await hub.stop('SIGKILL');
        await hub.start();
        world.api = hub.client();
    };
    return world;
}

scenario('concurrency: so many attempts under way, and no more', async () => {
    const world = await setUp({ concurrency: 1 });
    const receivers = [[1, world.receiver]];
    for (const [concurrency, most] of [[3, 3], [null, 8], [40, 40]]) {
        const receiver = await startReceiver();
        after(() => receiver.close());
        await makeWebhook(world.api, receiver.url, { eventTypes: ['custom_event.order'], concurrency });
        receivers.push([most, receiver]);
    }
    for (const [, receiver] of receivers) receiver.script = () => ({ hang: true });
    for (let i = 0; i < 50; i++) await world.send(`${i}`);
    for (const [most, receiver] of receivers) await receiver.waitFor(most);
    await sleep(200);
    assert.deepEqual(receivers.map(([, receiver]) => receiver.count), receivers.map(([most]) => most));
});

scenario('rate: a second\'s worth at once, then evenly, by Junctor\'s time', async () => {
    const world = await setUp({ ratePerMinute: 120 });
    for (let i = 0; i < 10; i++) await world.send(`${i}`);
    await world.receiver.waitFor(2);
    await world.hub.settled();
    assert.equal(world.receiver.count, 2);
    for (let i = 3; i <= 10; i++) {
        await world.hub.advance(499);
        await world.hub.settled();
        assert.equal(world.receiver.count, i - 1, 'not before its time');
        await world.hub.advance(1);
        await world.receiver.waitFor(i);
    }
    expect(await world.api.patch(`/api/v1/webhooks/${world.hook.id}`, { ratePerMinute: 1 }), 200);
    for (let i = 0; i < 3; i++) await world.send('slow');
    await world.hub.advance(60000);
    await world.receiver.waitFor(11);
    await world.hub.settled();
    assert.equal(world.receiver.count, 11);
});

scenario('delay: the first attempt waits so long, over a restart; a ping does not', async () => {
    const world = await setUp({ delayMs: 90000 });
    await world.send();
    await world.hub.settled();
    const [delivery] = await deliveriesOf(world.api, world.hook.id);
    assert.equal(Date.parse(delivery.nextAttemptAt) - Date.parse(delivery.createdAt), 90000);
    expect(await world.api.post(`/api/v1/webhooks/${world.hook.id}/ping`), 202);
    await world.receiver.waitFor(1);
    await world.hub.settled();
    await world.hub.advance(89999);
    await world.restart();
    await world.hub.settled();
    assert.equal(world.receiver.count, 1);
    await world.hub.advance(1);
    await world.receiver.waitFor(2);
});

scenario('retries of its own: a list, then dead; doubling without end; a change applies to the next', async () => {
    const world = await setUp({ retry: { delaysSeconds: [3, 7], jitterPercent: 0 } });
    world.receiver.script = () => 500;
    await world.send();
    let count = 1;
    for (const seconds of [3, 7]) {
        await world.receiver.waitFor(count);
        await world.hub.settled();
        await world.hub.advance(seconds * 1000 - 1);
        await world.hub.settled();
        assert.equal(world.receiver.count, count);
        await world.hub.advance(1);
        await world.receiver.waitFor(++count);
    }
    const dead = await waitDelivery(world.api, world.hook.id);
    assert.deepEqual([dead.state, dead.attemptCount], ['dead', 3]);
    assert.match(dead.reason, /All 2 retries/);
    expect(await world.api.patch(`/api/v1/webhooks/${world.hook.id}`, { retry: { firstSeconds: 1, capSeconds: 4, retries: null, jitterPercent: 0 } }), 200);
    await world.send();
    await world.receiver.waitFor(4);
    await world.hub.settled();
    await world.hub.advance(1000);
    await world.receiver.waitFor(5); // the fifth failure in a row: its breaker opens
    await world.hub.settled();
    for (let i = 0; i < 12; i++) {
        await world.hub.advance(900000);
        await world.receiver.waitFor(6 + i);
        await world.hub.settled();
    }
    assert.equal((await deliveriesOf(world.api, world.hook.id))[0].state, 'pending');
    world.receiver.script = () => 200;
    await world.hub.advance(900000);
    assert.equal((await waitDelivery(world.api, world.hook.id)).state, 'delivered');
});

scenario('what an endpoint refuses again and again holds up nothing else', async () => {
    const world = await setUp({ retry: { delaysSeconds: [1], retries: null, jitterPercent: 0 } });
    world.receiver.script = (request) => (/refused/.test(request.body) ? 422 : 200);
    for (let i = 0; i < 3; i++) await world.send(`refused ${i}`);
    for (let i = 0; i < 12; i++) {
        await world.hub.settled();
        await world.hub.advance(1000);
    }
    assert.equal((await world.show()).sending.state, 'waiting', 'the breaker is open');
    for (let i = 0; i < 20; i++) await world.send(`good ${i}`);
    for (let i = 0; i < 10; i++) { // two probes go to each of the refused ones
        await world.hub.settled();
        await world.hub.advance(15 * 60000);
    }
    await world.hub.settled();
    const deliveries = await deliveriesOf(world.api, world.hook.id);
    assert.equal(deliveries.filter((one) => one.state === 'delivered').length, 20);
    assert.ok(deliveries.filter((one) => one.state !== 'delivered').every((one) => one.state === 'pending' && one.attemptCount > 4));
});

scenario('a failing endpoint stays so over a kill: breaker and Retry-After are kept', async () => {
    const world = await setUp({ retry: { delaysSeconds: [1], retries: null, jitterPercent: 0 } });
    world.receiver.script = () => 500;
    for (let i = 0; i < 20; i++) await world.send(`${i}`);
    await world.receiver.waitFor(5);
    await until('the breaker is open', async () => (await world.show()).sending.state === 'waiting');
    await world.hub.settled();
    const tried = world.receiver.count;
    const before = (await world.show()).sending;
    await world.restart();
    await world.hub.settled();
    assert.deepEqual((await world.show()).sending, before);
    assert.equal(world.receiver.count, tried, 'nobody is asked again just because the hub started');
    world.receiver.answers(500, 200);
    await world.hub.advance(30000);
    await world.receiver.waitFor(tried + 1);
    await world.hub.settled();
    await world.restart();
    await world.hub.advance(59999);
    await world.hub.settled();
    assert.equal(world.receiver.count, tried + 1, 'the second wait is twice as long');
    await world.hub.advance(1);
    await until('all are delivered', async () => (await deliveriesOf(world.api, world.hook.id)).every((one) => one.state === 'delivered'));
    assert.equal((await world.show()).sending.state, 'sending');

    world.receiver.answers({ status: 429, headers: { 'Retry-After': '600' } }, 200);
    await world.send();
    await until('it waits', async () => (await world.show()).sending.state === 'waiting');
    await world.hub.settled();
    const held = (await world.show()).sending;
    await world.restart();
    await world.send();
    await world.hub.settled();
    assert.deepEqual((await world.show()).sending, held);
    await world.hub.advance(600000);
    await until('both are delivered', async () => (await deliveriesOf(world.api, world.hook.id)).slice(0, 2).every((one) => one.state === 'delivered'));
});

// What waits for its own time goes on doing so; what is sent from then on goes at once.
scenario('active again, or reached in another way: breaker and Retry-After are forgotten, over a kill', async () => {
    const world = await setUp({ retry: { delaysSeconds: [864000], retries: null, jitterPercent: 0 } });
    const change = (members) => world.api.patch(`/api/v1/webhooks/${world.hook.id}`, members).then((answer) => expect(answer, 200));
    const waits = (sending) => until(`it ${sending}`, async () => (await world.show()).sending.state === sending);
    const hold = async () => {
        world.receiver.answers({ status: 503, headers: { 'Retry-After': '86400' } }, 200);
        await world.send();
        await waits('waiting');
    };
    const open = async () => {
        world.receiver.script = () => 500;
        for (let i = 0; i < 5; i++) await world.send(`${i}`);
        await waits('waiting');
        world.receiver.script = () => 200;
    };
    const goes = async (label) => {
        await world.hub.settled();
        assert.equal((await world.show()).sending.state, 'sending', label);
        await world.restart();
        await world.hub.settled();
        assert.equal((await world.show()).sending.state, 'sending', `${label}: after a restart right behind`);
        const { count } = world.receiver;
        await world.send();
        await world.receiver.waitFor(count + 1);
        await until(`${label}: it is delivered`, async () => (await deliveriesOf(world.api, world.hook.id))[0].state === 'delivered');
    };
    for (const stop of [hold, open]) {
        for (const status of ['paused', 'disabled']) {
            await stop();
            await change({ status });
            await change({ status: 'active' });
            await goes(`${stop.name}, ${status}`);
        }
        for (const members of [{ headers: [{ name: 'X-Who', value: stop.name }] }, { auth: { type: 'bearer', token: stop.name } }, { timeoutMs: stop === hold ? 5000 : 6000 }]) {
            await stop();
            await change(members);
            await goes(`${stop.name}, ${Object.keys(members)[0]}`);
        }
    }
    await hold();
    await change({ name: 'Another', headers: [{ name: 'X-Who' }], concurrency: 3 });
    await change({ status: 'paused' });
    await world.hub.settled();
    await world.restart();
    await world.hub.settled();
    await change({ name: 'As it was' });
    assert.equal((await world.show()).sending.state, 'stopped');
    await change({ status: 'active' });
    await goes('paused over a restart');

    await hold();
    const { sending } = await world.show();
    await change({ name: 'Another', headers: [{ name: 'X-Who' }], concurrency: 3 });
    await world.hub.settled();
    assert.deepEqual((await world.show()).sending, sending, 'nothing of how it is reached has changed');
    await world.restart();
    await world.hub.settled();
    assert.deepEqual((await world.show()).sending, sending);
});

scenario('what was under way when the endpoint was changed does not hold it, nor disable it', async () => {
    const world = await setUp();
    for (const [round, late] of [{ status: 503, headers: { 'Retry-After': '86400' } }, 410].entries()) {
        let answer;
        const { count } = world.receiver;
        const really = world.receiver.answer.bind(world.receiver);
        world.receiver.answer = (socket, _, received) => { answer = () => really(socket, late, received); };
        await world.send();
        await until('it is asked', () => answer !== undefined);
        world.receiver.answer = really;
        expect(await world.api.patch(`/api/v1/webhooks/${world.hook.id}`, { auth: { type: 'bearer', token: `right ${round}` } }), 200);
        await answer();
        await until('the answer is known', async () => (await deliveriesOf(world.api, world.hook.id))[0].attemptCount === 1);
        await world.hub.settled();
        assert.equal((await world.show()).sending.state, 'sending');
        assert.equal((await world.show()).status, 'active');
        await world.send();
        await world.receiver.waitFor(count + 2);
    }
});

scenario('a rate that is raised holds from then on, not after the old interval', async () => {
    const world = await setUp({ ratePerMinute: 1 });
    for (let i = 0; i < 3; i++) await world.send(`${i}`);
    await world.receiver.waitFor(1);
    await world.hub.settled();
    await world.hub.advance(100);
    assert.equal(world.receiver.count, 1);
    expect(await world.api.patch(`/api/v1/webhooks/${world.hook.id}`, { ratePerMinute: 6000 }), 200);
    await world.hub.settled();
    await world.hub.advance(20);
    await world.receiver.waitFor(3);
});

scenario('a deleted endpoint leaves no breaker behind, over a restart; another\'s stays', async () => {
    const world = await setUp({ hubOptions: { args: ['--couriers', '1'] } });
    const other = await makeWebhook(world.api, world.receiver.url, { name: 'Other', eventTypes: ['custom_event.order'] });
    const show = async (hook) => expect(await world.api.get(`/api/v1/webhooks/${hook.id}`), 200).json;
    const open = async () => Number(/^junctor_open_breakers (\d+)$/m.exec(expect(await world.api.get('/metrics'), 200).text)[1]);
    world.receiver.script = () => 500;
    for (let i = 0; i < 5; i++) await world.send(`${i}`);
    for (const hook of [world.hook, other]) await until('its breaker is open', async () => (await show(hook)).sending.state === 'waiting');
    await world.hub.settled();
    expect(await world.api.delete(`/api/v1/webhooks/${world.hook.id}`), 204);
    await world.hub.settled();
    await world.restart();
    await until('the breakers are counted', async () => (await open()) > 0);
    assert.equal(await open(), 1);
});

scenario('behind an opening concurrency grows 1, 2, 4 … with the successes', async () => {
    const world = await setUp({ concurrency: 8, retry: { delaysSeconds: [1], retries: null, jitterPercent: 0 } });
    world.receiver.script = () => 500;
    for (let i = 0; i < 40; i++) await world.send(`${i}`);
    await until('the breaker is open', async () => (await world.show()).sending.state === 'waiting');
    await world.hub.settled();
    const waiting = [];
    const answer = world.receiver.answer.bind(world.receiver);
    world.receiver.answer = (socket, _, received) => waiting.push(() => answer(socket, 200, received));
    await world.hub.advance(30000);
    for (const round of [1, 1, 2, 4, 8, 8]) { // the first is the probe
        await until(`${round} are under way`, () => waiting.length === round);
        await sleep(50);
        assert.equal(waiting.length, round);
        for (const go of waiting.splice(0)) go();
    }
});

// ── notices ──

const NOTICES = ['endpoint.*', 'delivery.*'];

async function withNotices(options) {
    const world = await setUp(options);
    world.watch = await startReceiver();
    after(() => world.watch.close());
    world.watcher = await makeWebhook(world.api, world.watch.url, { name: 'Watch', eventTypes: NOTICES });
    world.told = () => world.watch.requests.map((received) => received.json);
    return world;
}

scenario('notices: failing, dead, recovered, disabled are events that others can subscribe to', async () => {
    const world = await withNotices({ retry: { delaysSeconds: [1, 1, 1, 1, 1], jitterPercent: 0 } });
    world.receiver.script = () => 500;
    await world.send('lost');
    for (let i = 1; i <= 4; i++) {
        await world.receiver.waitFor(i);
        await world.hub.settled();
        await world.hub.advance(1000);
    }
    await world.watch.waitFor(1);
    const [failing] = world.told();
    assert.equal(failing.type, 'endpoint.failing');
    assert.deepEqual(failing.data.endpoint, { id: world.hook.id, name: 'Receiver' });
    assert.equal(failing.data.delivery.eventType, 'custom_event.order');
    assert.equal(failing.data.delivery.lastStatus, 500);
    assert.match(failing.data.error, /answered 500/);
    await world.hub.advance(30000);
    await world.watch.waitFor(2);
    const dead = world.told()[1];
    assert.equal(dead.type, 'delivery.dead');
    assert.equal(dead.data.delivery.attempts, 6);
    world.receiver.script = () => 200;
    await world.send('arrives');
    await world.hub.settled();
    await world.hub.advance(900000);
    await world.watch.waitFor(3);
    assert.equal(world.told()[2].type, 'endpoint.recovered');
    world.receiver.script = () => 410;
    await world.send('gone');
    await world.watch.waitFor(4);
    assert.equal(world.told()[3].type, 'endpoint.disabled');
    assert.match(world.told()[3].data.reason, /410/);
    expect(await world.api.patch(`/api/v1/webhooks/${world.hook.id}`, { status: 'active' }), 200);
    expect(await world.api.patch(`/api/v1/webhooks/${world.hook.id}`, { status: 'disabled' }), 200);
    await world.watch.waitFor(5);
    assert.equal(world.told()[4].type, 'endpoint.disabled');
    await world.hub.settled();
    const events = await world.api.all('/api/v1/events');
    assert.ok(events.some((event) => event.type === 'delivery.dead'));
    await world.hub.checkLedger();
});

scenario('notices: recovered is told when the endpoint has moved, too, over a restart', async () => {
    const world = await withNotices({ retry: { delaysSeconds: [1], retries: null, jitterPercent: 0 } });
    const other = await startReceiver();
    after(() => other.close());
    world.receiver.script = () => 500;
    for (let i = 0; i < 6; i++) await world.send(`${i}`);
    await world.watch.waitFor(1);
    await world.hub.settled();
    expect(await world.api.patch(`/api/v1/webhooks/${world.hook.id}`, { status: 'paused', url: other.url }), 200);
    await world.restart();
    expect(await world.api.patch(`/api/v1/webhooks/${world.hook.id}`, { status: 'active' }), 200);
    await world.hub.advance(1000);
    await other.waitFor(6);
    await world.watch.waitFor(2);
    assert.deepEqual(world.told().map((notice) => notice.type), ['endpoint.failing', 'endpoint.recovered']);
    await world.hub.settled();
    assert.equal(world.watch.count, 2);
});

scenario('notices: told once while it fails, over a restart; none about notices, none to whom it is about', async () => {
    const world = await withNotices({ eventTypes: ['*'], retry: { delaysSeconds: [1], retries: null, jitterPercent: 0 } });
    world.receiver.script = () => 500;
    world.watch.script = () => 500;
    for (let i = 0; i < 8; i++) await world.send(`${i}`);
    await world.watch.waitFor(1);
    await world.restart();
    for (let i = 0; i < 40; i++) {
        await world.hub.advance(3600000);
        await world.hub.settled();
    }
    const events = (await world.api.all('/api/v1/events')).filter((event) => /^(endpoint|delivery)\./.test(event.type));
    assert.deepEqual(events.map((event) => event.type), ['endpoint.failing'], 'that of the endpoint; none of the watcher, to which only notices go');
    assert.ok(!world.receiver.requests.some((received) => received.json.type.startsWith('endpoint.')));
    assert.equal((await world.show()).counts.deliveries, (await deliveriesOf(world.api, world.hook.id)).length);
    await world.hub.checkLedger();
});

scenario('notices: a 410 is told once, however many attempts were answered so', async () => {
    const world = await withNotices({ concurrency: 4 });
    const waiting = [];
    const answer = world.receiver.answer.bind(world.receiver);
    world.receiver.answer = (socket, _, received) => waiting.push(() => answer(socket, 410, received));
    for (let i = 0; i < 4; i++) await world.send(`${i}`);
    await until('all are under way', () => waiting.length === 4);
    for (const go of waiting) go();
    await world.hub.settled();
    assert.ok((await deliveriesOf(world.api, world.hook.id)).every((one) => one.attemptCount === 1));
    assert.deepEqual(world.told().map((event) => event.type), ['endpoint.disabled']);
    assert.equal((await world.api.all('/api/v1/audit')).filter((row) => row.action === 'webhook.disable').length, 1);
    await world.hub.checkLedger();
});

// From the newest back to the first: the answers, oldest first.
async function attemptPages(api, id) {
    const pages = [];
    for (let before = ''; before !== null;) {
        const page = expect(await api.get(`/api/v1/deliveries/${id}${before && `?before=${before}`}`), 200).json;
        assert.equal(page.attemptsOmitted, page.attempts[0].number - 1);
        assert.equal(page.attemptsNext, page.attemptsOmitted > 0 ? page.attempts[0].number : null);
        pages.unshift(page);
        before = page.attemptsNext;
    }
    return pages;
}

const numbersOf = (pages) => pages.flatMap((page) => page.attempts.map((one) => one.number));
const rising = (count) => Array.from({ length: count }, (_, i) => i + 1);

// Retries of 15 minutes, so many.
async function tryAll(world, times) {
    for (let i = 0; i < times; i++) {
        await world.hub.advance(15 * 60000);
        await world.hub.settled();
    }
}

scenario('every attempt is there to be read, a page at a time, whatever there are', async () => {
    const world = await setUp({ retry: { firstSeconds: 900, capSeconds: 900, retries: null, jitterPercent: 0 } });
    await world.receiver.down();
    await world.send();
    await tryAll(world, 210);
    const [{ id, attemptCount }] = await deliveriesOf(world.api, world.hook.id);
    assert.ok(attemptCount > 200, `${attemptCount}`);
    const pages = await attemptPages(world.api, id);
    assert.deepEqual(pages.map((page) => page.attempts.length), [attemptCount - 200, 200]);
    assert.deepEqual(numbersOf(pages), rising(attemptCount));
    const first = expect(await world.api.get(`/api/v1/deliveries/${id}?before=2`), 200).json;
    assert.deepEqual([first.attempts.length, first.attemptsOmitted, first.attemptsNext], [1, 0, null]);
    const none = expect(await world.api.get(`/api/v1/deliveries/${id}?before=1`), 200).json;
    assert.deepEqual([none.attempts, none.attemptsOmitted, none.attemptsNext], [[], 0, null]);
    for (const wrong of ['0', '-1', '1.5', 'x', '', '2147483648']) {
        const { errors } = expectProblem(await world.api.get(`/api/v1/deliveries/${id}?before=${wrong}`), 422).json;
        assert.deepEqual([errors[0].field, errors[0].code], ['before', 'range'], wrong);
        assert.match(errors[0].message, /whole number from 1/);
    }
});

scenario('attempts with a large body: fewer in an answer, and none is left out', async () => {
    const world = await setUp({ retry: { delaysSeconds: [60], retries: null, jitterPercent: 0 } });
    await world.receiver.down();
    await world.send('x'.repeat(500000)); // sixteen are 8 MiB
    await tryAll(world, 40);
    const [{ id, attemptCount }] = await deliveriesOf(world.api, world.hook.id);
    const pages = await attemptPages(world.api, id);
    assert.deepEqual(pages.map((page) => page.attempts.length), [attemptCount - 32, 16, 16]);
    assert.deepEqual(numbersOf(pages), rising(attemptCount));
});
