// What is changed while attempts are under way: the attempt stays what it began as, and what it says
// holds for what the endpoint is when it ends.
import assert from 'node:assert/strict';
import { after } from 'node:test';

import { TEXT, deliveriesOf, makeEvent, makeWebhook, sendApi } from '../lib/fixtures.mjs';
import { expect } from '../lib/http.mjs';
import { scenario, startHub } from '../lib/hub.mjs';
import { startReceiver } from '../lib/receiver.mjs';
import { until } from '../lib/wait.mjs';

const ONCE_MORE = { delaysSeconds: [1] };

async function makeReceiver() {
    const receiver = await startReceiver();
    after(() => receiver.close());
    return receiver;
}

async function setUp(webhook = {}, hubOptions = {}) {
    const hub = await startHub({ clock: true, ...hubOptions });
    const world = { hub, api: hub.client(), receiver: await makeReceiver() };
    await makeEvent(world.api, { alias: 'order', fields: [TEXT] });
    world.hook = await makeWebhook(world.api, world.receiver.url, { eventTypes: ['custom_event.order'], ...webhook });
    world.path = `/api/v1/webhooks/${world.hook.id}`;
    world.send = (text, email = 'r@example.org') => sendApi(world.api, 'order', { email, text }).then((answer) => expect(answer, 201));
    world.change = async (body) => expect(await world.api.patch(world.path, body), 200).json;
    world.show = async () => expect(await world.api.get(world.path), 200).json;
    world.restart = async () => {
        await hub.stop('SIGKILL');
        await hub.start();
        world.api = hub.client();
    };
    return world;
}

const textOf = (received) => received.json.data.fields.text;
const seen = (receiver) => receiver.requests.map(textOf);

// The oldest first.
const states = async (world) => (await deliveriesOf(world.api, world.hook.id)).reverse().map((one) => one.state);

// That request is answered only when told; the others, at once.
function keep(receiver, index, status) {
    let answer;
    const kept = new Promise((done) => (answer = done));
    const really = receiver.answer.bind(receiver);
    receiver.answer = (socket, what, received) => {
        if (received.index !== index) return void really(socket, what, received);
        void kept.then(() => really(socket, status, received));
    };
    return answer;
}

// The last attempt of the first delivery is under way; the answer to it is returned.
async function lastAttempt(world) {
    const answer = keep(world.receiver, 1, 500);
    world.receiver.answers(500, 200);
    await world.send('a');
    await world.receiver.waitFor(1);
    await world.hub.settled();
    await world.hub.advance(1000);
    await world.receiver.waitFor(2);
    return answer;
}

scenario('what died under an order that is no more pauses nothing', async () => {
    for (const [before, now] of [['strict', 'none'], ['strict', 'subject'], ['subject', 'strict'], ['subject', 'none']]) {
        const world = await setUp({ order: before, retry: ONCE_MORE });
        const answer = await lastAttempt(world);
        await world.change({ order: now, onDead: 'continue' });
        answer();
        await until('it is dead', async () => (await states(world))[0] === 'dead');
        await world.send('b');
        await world.receiver.waitFor(3);
        await world.hub.settled();
        const check = async () => {
            const hook = await world.show();
            assert.deepEqual([hook.status, hook.sending.state, hook.pausedSubjects], ['active', 'sending', 0], `${before} → ${now}: ${hook.statusReason}`);
            assert.deepEqual(await world.api.all(`${world.path}/paused-subjects`), []);
        };
        await check();
        await world.restart();
        await world.change({ order: 'strict', onDead: 'pause' });
        await check();
        await world.send('c');
        await world.receiver.waitFor(4);
        await world.hub.checkLedger();
    }
});

scenario('onDead holds as it is when the delivery dies', async () => {
    const world = await setUp({ order: 'strict', onDead: 'pause', retry: ONCE_MORE });
    const answer = await lastAttempt(world);
    await world.send('b');
    await world.change({ onDead: 'continue' });
    answer();
    await world.receiver.waitFor(3);
    assert.equal((await world.show()).status, 'active');
});

scenario('a 410 of an address that the endpoint has no more does not disable it', async () => {
    const world = await setUp();
    const other = await makeReceiver();
    const answer = keep(world.receiver, 0, 410);
    await world.send('a');
    await world.receiver.waitFor(1);
    await world.change({ url: other.url });
    answer();
    await until('the attempt has been recorded', async () => (await deliveriesOf(world.api, world.hook.id))[0].attemptCount === 1);
    await world.hub.settled();
    assert.equal((await world.show()).status, 'active');
    await world.send('b');
    await other.waitFor(1);
    await world.hub.advance(3600000);
    await other.waitFor(2);
    assert.deepEqual(seen(other), ['b', 'a']);
});

