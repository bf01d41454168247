// What keeps an endpoint from being sent to is said, there and at each delivery that waits; and what
// would not be sent cannot be asked for.
import assert from 'node:assert/strict';
import { after, before } from 'node:test';

import { TEXT, deliveriesOf, makeEvent, makeWebhook, sendApi, waitDelivery } from '../lib/fixtures.mjs';
import { expect, expectProblem } from '../lib/http.mjs';
import { scenario, startHub } from '../lib/hub.mjs';
import { startReceiver } from '../lib/receiver.mjs';
import { until } from '../lib/wait.mjs';

let hub;
let api;
let receiver;

before(async () => {
    hub = await startHub({ clock: true });
    api = hub.client();
    receiver = await startReceiver();
    for (const alias of ['gone', 'failing', 'busy', 'deleted']) await makeEvent(api, { alias, fields: [TEXT] });
});

after(() => receiver?.close());

const webhook = async (id) => expect(await api.get(`/api/v1/webhooks/${id}`), 200).json;
const send = async (alias) => expect(await sendApi(api, alias, { email: 'a@b.org' }), 201).json.id;

scenario('a disabled endpoint says so, at its deliveries too, and takes no ping and no resend', async () => {
    const hook = await makeWebhook(api, receiver.url, { eventTypes: ['custom_event.gone'] });
    assert.deepEqual((await webhook(hook.id)).sending, { state: 'sending', until: null, reason: null });
    receiver.script = () => 410;
    await send('gone');
    await until('it is disabled', async () => (await webhook(hook.id)).status === 'disabled');
    const stopped = await webhook(hook.id);
    assert.equal(stopped.sending.state, 'stopped');
    assert.match(stopped.sending.reason, /410 Gone/);
    const event = await send('gone');
    const rows = await deliveriesOf(api, hook.id);
    const row = rows.find((one) => one.eventId === event);
    assert.equal(row.state, 'pending');
    assert.match(row.reason, /disabled.*410 Gone/);
    assert.equal(expect(await api.get(`/api/v1/deliveries/${row.id}`), 200).json.reason, row.reason);
    assert.equal(expect(await api.get(`/api/v1/events/${event}`), 200).json.deliveries[0].reason, row.reason);
    const trail = (await api.all('/api/v1/audit')).length;
    for (const refused of [await api.post(`/api/v1/webhooks/${hook.id}/ping`), await api.post(`/api/v1/deliveries/${row.id}/resend`)])
        assert.match(expectProblem(refused, 409, 'conflict').json.detail, /disabled.*410.*"active"/);
    assert.equal((await api.all('/api/v1/audit')).length, trail);
    receiver.script = () => 200;
    expect(await api.patch(`/api/v1/webhooks/${hook.id}`, { status: 'active' }), 200);
    assert.equal((await waitDelivery(api, hook.id)).state, 'delivered');
    expect(await api.post(`/api/v1/webhooks/${hook.id}/ping`), 202);
    expect(await api.patch(`/api/v1/webhooks/${hook.id}`, { status: 'active' }), 200);
});

scenario('an open breaker is shown with its time, then the probe, then that it works', async () => {
    const hook = await makeWebhook(api, receiver.url, { eventTypes: ['custom_event.failing'] });
    receiver.script = () => 500;
    for (let i = 0; i < 5; i++) await send('failing');
    const now = (await hub.clockState()).now;
    await until('five have failed', async () => (await webhook(hook.id)).sending.state === 'waiting');
    const waiting = (await webhook(hook.id)).sending;
    assert.equal(Date.parse(waiting.until), now + 30000);
    assert.match(waiting.reason, /failed/);
    await send('failing');
    const [newest, older] = await deliveriesOf(api, hook.id);
    assert.equal(newest.reason, waiting.reason, 'this one is due, and waits');
    assert.ok(older.reason === null || older.reason === waiting.reason);
    receiver.script = () => ({ hang: true });
    await hub.advance(30000);
    await until('it is tried', async () => (await webhook(hook.id)).sending.state === 'probing');
    receiver.script = () => 200;
});

scenario('a Retry-After is shown with its time', async () => {
    const hook = await makeWebhook(api, receiver.url, { eventTypes: ['custom_event.busy'] });
    receiver.script = () => ({ status: 429, headers: { 'retry-after': '600' } });
    await send('busy');
    const now = (await hub.clockState()).now;
    await until('it waits', async () => (await webhook(hook.id)).sending.state === 'waiting');
    const { sending } = await webhook(hook.id);
    assert.equal(Date.parse(sending.until), now + 600000);
    assert.match(sending.reason, /Retry-After/);
    const event = await send('busy');
    assert.match((await deliveriesOf(api, hook.id)).find((row) => row.eventId === event).reason, /Retry-After/);
    receiver.script = () => 200;
    await hub.advance(600000);
    await until('all are delivered', async () => (await deliveriesOf(api, hook.id)).every((row) => row.state === 'delivered'));
    assert.equal((await webhook(hook.id)).sending.state, 'sending');
});

scenario('what was for a deleted endpoint is not sent again', async () => {
    const hook = await makeWebhook(api, receiver.url, { eventTypes: ['custom_event.deleted'] });
    receiver.script = () => 200;
    await send('deleted');
    const delivery = await waitDelivery(api, hook.id);
    expect(await api.delete(`/api/v1/webhooks/${hook.id}`), 204);
    assert.match(expectProblem(await api.post(`/api/v1/deliveries/${delivery.id}/resend`), 409, 'conflict').json.detail, /deleted/);
    expect(await api.post(`/api/v1/webhooks/${hook.id}/ping`), 404);
});
