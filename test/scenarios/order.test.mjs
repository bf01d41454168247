// Orders of deliveries: strict, by subject; what a dead delivery pauses, and how that is mended.
import assert from 'node:assert/strict';
import { after } from 'node:test';

import { TEXT, deliveriesOf, deliveryOf, makeCampaign, makeEvent, makeWebhook, sendApi } from '../lib/fixtures.mjs';
import { expect, expectProblem } from '../lib/http.mjs';
import { scenario, startHub } from '../lib/hub.mjs';
import { startReceiver } from '../lib/receiver.mjs';
import { until } from '../lib/wait.mjs';

async function setUp({ hubOptions = {}, ...webhook } = {}) {
    const hub = await startHub({ clock: true, ...hubOptions });
    const receiver = await startReceiver();
    after(() => receiver.close());
    const world = { hub, api: hub.client(), receiver };
    await makeEvent(world.api, { alias: 'order', fields: [TEXT] });
    world.hook = await makeWebhook(world.api, receiver.url, { eventTypes: ['custom_event.order'], ...webhook });
    world.send = (text, email = 'r@example.org') => sendApi(world.api, 'order', { email, text }).then((answer) => expect(answer, 201));
    world.seen = () => receiver.requests.map(textOf);
    world.show = async () => expect(await world.api.get(`/api/v1/webhooks/${world.hook.id}`), 200).json;
    world.restart = async () => {
        await hub.stop('SIGKILL');
        await hub.start();
        world.api = hub.client();
    };
    return world;
}

const textOf = (received) => received.json.data.fields.text;

// The oldest first.
const deliveries = async (world) => (await deliveriesOf(world.api, world.hook.id)).reverse();

const stateOf = async (world, index) => (await deliveries(world))[index].state;

// The first fails, and dies of its only retry, a second later.
async function sendAndLetDie(world, texts) {
    world.receiver.answers(500, 500, 200);
    for (const text of texts) await world.send(text);
    await world.receiver.waitFor(1);
    await world.hub.settled();
    await world.hub.advance(1000);
    await until('the first is dead', async () => (await stateOf(world, 0)) === 'dead');
}

scenario('strict: one at a time, in the order of the events, whatever concurrency says', async () => {
    const world = await setUp({ order: 'strict', concurrency: 8 });
    let open = 0;
    let most = 0;
    world.receiver.script = () => {
        most = Math.max(most, ++open);
        setTimeout(() => open--, 2);
        return { status: 200, delay: 3 };
    };
    const sent = Array.from({ length: 60 }, (_, i) => `n${i}`);
    for (const text of sent) await world.send(text, `c${text.length}${Number(text.slice(1)) % 7}@example.org`);
    await world.receiver.waitFor(60);
    assert.deepEqual(world.seen(), sent);
    assert.equal(most, 1, 'attempts under way at once');
    await world.hub.checkLedger();
});

scenario('strict: a failure holds all behind it until its retry has been delivered', async () => {
    const world = await setUp({ order: 'strict', retry: { delaysSeconds: [60] } });
    world.receiver.answers(200, 500, 200);
    for (const text of ['a', 'b', 'c', 'd']) await world.send(text);
    await world.receiver.waitFor(2);
    await world.hub.settled();
    assert.deepEqual(world.seen(), ['a', 'b']);
    const reasons = (await deliveries(world)).map((one) => one.reason);
    assert.deepEqual(reasons.slice(0, 2), [null, null], 'the first is delivered, the second waits for its time');
    for (const reason of reasons.slice(2)) assert.match(reason, /behind an older delivery \(order: strict\)/);
    await world.hub.advance(59999);
    await world.hub.settled();
    assert.deepEqual(world.seen(), ['a', 'b']);
    await world.hub.advance(1);
    await world.receiver.waitFor(5);
    assert.deepEqual(world.seen(), ['a', 'b', 'b', 'c', 'd']);
});

scenario('strict: a dead one pauses the endpoint, which says why; over a restart too', async () => {
    const world = await setUp({ order: 'strict', retry: { delaysSeconds: [1] } });
    await sendAndLetDie(world, ['a', 'b']);
    await world.hub.settled();
    const [dead, waiting] = await deliveries(world);
    const check = async () => {
        const hook = await world.show();
        assert.equal(hook.status, 'paused');
        assert.match(hook.statusReason, new RegExp(`${dead.id} is dead`));
        assert.equal(hook.sending.state, 'stopped');
        assert.match((await deliveryOf(world.api, waiting.id)).reason, /is dead/);
        expectProblem(await world.api.post(`/api/v1/webhooks/${world.hook.id}/ping`), 409, 'conflict');
        expectProblem(await world.api.patch(`/api/v1/webhooks/${world.hook.id}`, { status: 'active' }), 409, 'conflict');
        const paused = await world.api.all(`/api/v1/webhooks/${world.hook.id}/paused-subjects`);
        assert.deepEqual(paused.map((one) => [one.contactId, one.deliveryId]), [[null, dead.id]]);
        assert.deepEqual(world.seen(), ['a', 'a']);
    };
    await check();
    await world.restart();
    await world.hub.advance(3600000);
    await world.hub.settled();
    await check();

    // One click: it goes first, then what waited.
    expect(await world.api.post(`/api/v1/deliveries/${dead.id}/resend`), 202);
    await world.receiver.waitFor(4);
    assert.deepEqual(world.seen(), ['a', 'a', 'a', 'b']);
    assert.equal((await world.show()).status, 'active');
    await world.hub.settled();
    await world.hub.checkLedger();
});

scenario('strict: a dead one is passed over, once', async () => {
    const world = await setUp({ order: 'strict', retry: { delaysSeconds: [1] } });
    await sendAndLetDie(world, ['a', 'b', 'c']);
    const [dead] = await deliveries(world);
    assert.equal(expect(await world.api.post(`/api/v1/deliveries/${dead.id}/pass-over`), 200).json.state, 'dead');
    await world.receiver.waitFor(4);
    assert.deepEqual(world.seen(), ['a', 'a', 'b', 'c']);
    expectProblem(await world.api.post(`/api/v1/deliveries/${dead.id}/pass-over`), 409, 'conflict');
    assert.equal((await world.show()).status, 'active');
    const audit = await world.api.all('/api/v1/audit');
    assert.ok(audit.some((entry) => entry.action === 'delivery.pass_over' && entry.object === dead.id));
    await world.restart();
    await world.send('d');
    await world.receiver.waitFor(5);
});

scenario('a line is passed on though retention has taken the dead delivery that paused it', async () => {
    for (const order of ['strict', 'subject']) {
        const world = await setUp({ order, retry: { delaysSeconds: [1] }, hubOptions: { args: ['--retention', '1d'] } });
        await sendAndLetDie(world, ['a', 'b']);
        const [dead] = await deliveries(world);
        await until('its row has gone', async () => {
            await world.hub.advance(3600000);
            return (await world.api.get(`/api/v1/deliveries/${dead.id}`)).status === 404;
        }, { every: 20 });
        await world.restart();
        await world.hub.settled();
        assert.deepEqual(world.seen(), ['a', 'a'], 'b waits');
        const path = `/api/v1/webhooks/${world.hook.id}/paused-subjects`;
        assert.deepEqual((await world.api.all(path)).map((one) => one.deliveryId), [dead.id]);
        expectProblem(await world.api.post(`/api/v1/deliveries/${dead.id}/resend`), 404, 'not_found');
        const passed = expect(await world.api.post(`/api/v1/deliveries/${dead.id}/pass-over`), 200).json;
        assert.deepEqual([passed.id, passed.webhookId, passed.state, passed.eventId], [dead.id, world.hook.id, 'dead', null]);
        await world.receiver.waitFor(3);
        assert.deepEqual(world.seen(), ['a', 'a', 'b']);
        assert.deepEqual(await world.api.all(path), []);
        expectProblem(await world.api.post(`/api/v1/deliveries/${dead.id}/pass-over`), 404, 'not_found');
        await world.hub.settled();
        await world.hub.checkLedger();
    }
});

scenario('subject: what outlives its event keeps its line, when it is resent, too', async () => {
    const world = await setUp({ order: 'subject', retry: { delaysSeconds: [1, 5 * 86400] }, hubOptions: { args: ['--retention', '1d'] } });
    world.receiver.script = (received) => (textOf(received) === 'a1' ? 500 : 200);
    for (const text of ['a1', 'a2']) await world.send(text);
    await world.receiver.waitFor(1);
    await world.hub.settled();
    await world.hub.advance(1000);
    await world.receiver.waitFor(2);
    const [first] = await deliveries(world);
    await until('the event has gone', async () => {
        await world.hub.advance(3600000);
        return (await world.api.get(`/api/v1/events/${first.eventId}`)).status === 404;
    }, { every: 20 });
    await world.hub.settled();
    expect(await world.api.post(`/api/v1/deliveries/${first.id}/resend`), 202);
    await until('the first is dead', async () => (await stateOf(world, 0)) === 'dead');
    await world.hub.settled();
    assert.deepEqual(world.seen(), ['a1', 'a1', 'a1'], 'a2 waits');
    assert.equal((await world.show()).pausedSubjects, 1);
    const [one, , again] = world.receiver.requests;
    assert.deepEqual(again.body, one.body);
    assert.equal(again.headers['junctor-hops'], one.headers['junctor-hops']);
    await world.hub.checkLedger();
});

scenario('onDead continue: a dead one stops nobody', async () => {
    for (const order of ['strict', 'subject']) {
        const world = await setUp({ order, onDead: 'continue', retry: { delaysSeconds: [1] } });
        await sendAndLetDie(world, ['a', 'b']);
        await world.receiver.waitFor(3);
        assert.deepEqual(world.seen(), ['a', 'a', 'b'], order);
        const hook = await world.show();
        assert.deepEqual([hook.status, hook.pausedSubjects], ['active', 0]);
    }
});

scenario('subject: those about one contact keep their order, others overtake them', async () => {
    const world = await setUp({ order: 'subject', retry: { delaysSeconds: [60] } });
    const failing = new Set(['a1', 'c1']);
    world.receiver.script = (received) => (failing.delete(textOf(received)) ? 500 : 200);
    for (const n of [1, 2, 3]) for (const who of ['a', 'b', 'c']) await world.send(`${who}${n}`, `${who}@example.org`);
    await world.receiver.waitFor(5);
    await world.hub.settled();
    const first = world.seen();
    assert.deepEqual(first.filter((text) => text[0] === 'b'), ['b1', 'b2', 'b3']);
    assert.deepEqual(first.filter((text) => text[0] !== 'b').sort(), ['a1', 'c1'], 'the others wait behind their first');
    await world.hub.advance(60000);
    await world.receiver.waitFor(11);
    for (const who of ['a', 'b', 'c'])
        assert.deepEqual([...new Set(world.seen().filter((text) => text[0] === who))], [`${who}1`, `${who}2`, `${who}3`]);
    await world.hub.checkLedger();
});

scenario('subject: a dead one pauses its subject alone; resend and pass-over mend it', async () => {
    const world = await setUp({ order: 'subject', retry: { delaysSeconds: [1] } });
    let dying = true;
    world.receiver.script = (received) => (dying && ['a1', 'b1'].includes(textOf(received)) ? 500 : 200);
    for (const n of [1, 2]) for (const who of ['a', 'b', 'c']) await world.send(`${who}${n}`, `${who}@example.org`);
    await world.receiver.waitFor(4);
    await world.hub.settled();
    await world.hub.advance(1000);
    await until('two are dead', async () => (await deliveries(world)).filter((one) => one.state === 'dead').length === 2);
    await world.hub.settled();
    const hook = await world.show();
    assert.deepEqual([hook.status, hook.pausedSubjects], ['active', 2]);
    const paused = await world.api.all(`/api/v1/webhooks/${world.hook.id}/paused-subjects`);
    assert.equal(paused.length, 2);
    assert.ok(paused.every((one) => one.contactId.startsWith('con_') && one.since));
    await world.restart();
    await world.hub.settled();
    assert.ok(!world.seen().includes('a2') && !world.seen().includes('b2'), world.seen().join());
    dying = false;
    const [a, b] = await deliveries(world);
    expect(await world.api.post(`/api/v1/deliveries/${a.id}/resend`), 202);
    expect(await world.api.post(`/api/v1/deliveries/${b.id}/pass-over`), 200);
    await until('both have gone', () => world.seen().includes('a2') && world.seen().includes('b2'));
    assert.deepEqual(world.seen().filter((text) => text[0] === 'a').slice(-2), ['a1', 'a2']);
    assert.equal((await world.show()).pausedSubjects, 0);
    await world.hub.settled();
    await world.hub.checkLedger();
});

scenario('another order applies to what waits, and forgets what was paused', async () => {
    const world = await setUp({ order: 'strict', retry: { delaysSeconds: [1] } });
    await sendAndLetDie(world, ['a', 'b', 'c']);
    expect(await world.api.patch(`/api/v1/webhooks/${world.hook.id}`, { order: 'none' }), 200);
    await world.receiver.waitFor(4);
    assert.deepEqual(world.seen().slice(2).sort(), ['b', 'c']);
    assert.deepEqual(await world.api.all(`/api/v1/webhooks/${world.hook.id}/paused-subjects`), []);
});

scenario('paused and resumed: all that came meanwhile goes, in order, with its schedule', async () => {
    const world = await setUp({ order: 'strict' });
    expect(await world.api.patch(`/api/v1/webhooks/${world.hook.id}`, { status: 'paused' }), 200);
    const sent = Array.from({ length: 30 }, (_, i) => `n${i}`);
    for (const text of sent) await world.send(text);
    await world.hub.settled();
    assert.equal(world.receiver.count, 0);
    assert.match((await deliveries(world))[0].reason, /paused/);
    await world.restart();
    await world.hub.advance(24 * 3600000);
    await world.hub.settled();
    assert.equal(world.receiver.count, 0);
    expect(await world.api.patch(`/api/v1/webhooks/${world.hook.id}`, { status: 'active' }), 200);
    await world.receiver.waitFor(30);
    assert.deepEqual(world.seen(), sent);
    assert.ok((await deliveries(world)).every((one) => one.attemptCount <= 1));
});

scenario('a resend by hand goes at once, beside the order, and is marked', async () => {
    const world = await setUp({ order: 'strict', retry: { delaysSeconds: [3600] } });
    world.receiver.answers(500, 200);
    for (const text of ['a', 'b', 'c']) await world.send(text);
    await world.receiver.waitFor(1);
    await world.hub.settled();
    const [a, , c] = await deliveries(world);
    expect(await world.api.post(`/api/v1/deliveries/${c.id}/resend`), 202);
    await world.receiver.waitFor(2);
    await world.hub.settled();
    assert.deepEqual(world.seen(), ['a', 'c'], 'b waits for a');
    assert.equal((await deliveryOf(world.api, c.id)).attempts[0].manual, true);
    expect(await world.api.post(`/api/v1/deliveries/${a.id}/resend`), 202);
    await world.receiver.waitFor(4);
    assert.deepEqual(world.seen(), ['a', 'c', 'a', 'b']);
});

scenario('409 for a resend while an attempt is under way, which is shown', async () => {
    const world = await setUp({});
    world.receiver.answers({ status: 200, delay: 400 });
    await world.send('slow');
    await world.receiver.waitFor(1);
    const [slow] = await deliveries(world);
    assert.equal(slow.sending, true);
    const answer = expectProblem(await world.api.post(`/api/v1/deliveries/${slow.id}/resend`), 409, 'conflict');
    assert.match(answer.json.detail, /under way/);
    await until('it is delivered', async () => (await stateOf(world, 0)) === 'delivered');
    assert.equal((await deliveries(world))[0].sending, false);
    expect(await world.api.post(`/api/v1/deliveries/${slow.id}/resend`), 202);
    await world.receiver.waitFor(2);
});

scenario('an order that is changed while the last attempt is under way: what dies pauses as the order is then', async () => {
    const retry = { delaysSeconds: [1], jitterPercent: 0 };
    const orders = [['strict', 'none', 'active', 0], ['strict', 'subject', 'active', 1], ['subject', 'strict', 'paused', 0]];
    for (const [before, afterwards, status, pausedSubjects] of orders) {
        const world = await setUp({ order: before, onDead: 'pause', retry });
        world.receiver.script = () => 500;
        await world.send('a');
        await world.receiver.waitFor(1);
        await world.hub.settled();
        const waiting = [];
        const answer = world.receiver.answer.bind(world.receiver);
        world.receiver.answer = (socket, _, received) => waiting.push(() => answer(socket, 500, received));
        await world.hub.advance(1000);
        await until('the last attempt is under way', () => waiting.length === 1);
        expect(await world.api.patch(`/api/v1/webhooks/${world.hook.id}`, { order: afterwards }), 200);
        world.receiver.answer = answer;
        world.receiver.script = () => 200;
        waiting[0]();
        await until('it is dead', async () => (await stateOf(world, 0)) === 'dead');
        const check = async () => {
            const shown = await world.show();
            assert.deepEqual([shown.status, shown.pausedSubjects], [status, pausedSubjects], `${before} → ${afterwards}`);
        };
        await check();
        await world.send('b');
        await world.hub.settled();
        const goes = status === 'active' && pausedSubjects === 0;
        assert.equal(await stateOf(world, 1), goes ? 'delivered' : 'pending');
        await world.restart();
        await world.hub.settled();
        await check();
        expect(await world.api.post(`/api/v1/deliveries/${(await deliveries(world))[0].id}/resend`), 202);
        await world.send('c');
        await until('all are delivered', async () => (await deliveries(world)).every((one) => one.state === 'delivered'));
        await world.hub.checkLedger();
    }
});

scenario('by subject: what waits behind a dead delivery about an order is shown by the order', async () => {
    const hub = await startHub({ clock: true });
    const receiver = await startReceiver();
    after(() => receiver.close());
    const api = hub.client();
    const campaign = await makeCampaign(api);
    const hook = await makeWebhook(api, receiver.url, { eventTypes: ['order.*', 'contact.created'], order: 'subject', retry: { delaysSeconds: [1] } });
    receiver.script = () => ({ status: 500 });
    const order = expect(await api.post('/api/v1/orders', { campaignId: campaign.id, clientOrderId: 'A1', state: 'complete', customer: { emailAddress: 'ann@example.org' } }), 201).json;
    await hub.settled();
    await hub.advance(1000);
    const path = `/api/v1/webhooks/${hook.id}/paused-subjects`;
    const paused = await until('both are dead', async () => {
        const rows = await api.all(path);
        return rows.length === 2 && rows;
    });
    assert.deepEqual(paused.map((one) => [one.contactId, one.orderId]).sort(), [[null, order.id], [order.contactId, null]].sort());
    assert.ok(order.contactId);
});
