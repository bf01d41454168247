// Loops end: Junctor-Hops rises with each hub, and the ninth reception is refused.
import assert from 'node:assert/strict';
import { after, before } from 'node:test';

import { ledgerOf, makeEvent, makeWebhook, sendApi, sendWebhook } from '../lib/fixtures.mjs';
import { expect, expectProblem } from '../lib/http.mjs';
import { scenario, startHub } from '../lib/hub.mjs';
import { startReceiver } from '../lib/receiver.mjs';
import { until } from '../lib/wait.mjs';

let hub;
let api;
let receiver;
let organization;

before(async () => {
    hub = await startHub();
    api = hub.client();
    organization = hub.owners[0].organizationId;
    receiver = await startReceiver();
    await makeEvent(api, { alias: 'order' });
    await makeEvent(api, { alias: 'hook', context: 'webhook' });
    await makeWebhook(api, receiver.url, { eventTypes: ['custom_event.order', 'custom_event.hook'] });
});
after(() => receiver.close());

scenario('what is sent carries one hop more than what came', async () => {
    let n = 0;
    for (const [hops, sent] of [[undefined, '1'], ['1', '2'], ['6', '7'], ['7', '8']]) {
        expect(await sendApi(api, 'order', { email: 'h@example.org' }, { headers: hops ? { 'junctor-hops': hops } : {} }), 201);
        const received = (await receiver.waitFor(++n)).at(-1);
        assert.equal(received.headers['junctor-hops'], sent);
    }
});

scenario('at 8 the inlet answers 508, and keeps a rejection', async () => {
    for (const hops of ['8', '9', '9999']) {
        expectProblem(await sendApi(api, 'order', { email: 'h@example.org' }, { headers: { 'junctor-hops': hops } }), 508, 'loop_detected');
        expectProblem(await sendWebhook(api, organization, 'hook', { email: 'h@example.org' }, { headers: { 'junctor-hops': hops } }), 508, 'loop_detected');
    }
    const rows = await api.all('/api/v1/rejections');
    assert.equal(rows.filter((row) => row.status === 508 && row.reason === 'loop_detected').length, 6);
});

scenario('a header that is no number from 0 to 9999, or comes twice, is 400', async () => {
    for (const hops of ['x', '-1', '+1', '1.5', '', '1, 2', '10000', '1000000', '99999999999999999999999', ['1', '2']]) {
        const answer = expectProblem(await sendApi(api, 'order', { email: 'h@example.org' }, { headers: { 'junctor-hops': hops } }), 400, 'malformed');
        assert.match(answer.json.detail, /Junctor-Hops/);
        expectProblem(await sendWebhook(api, organization, 'hook', { email: 'h@example.org' }, { headers: { 'junctor-hops': hops } }), 400, 'malformed');
    }
    for (const hops of ['0', '00', '0007']) expect(await sendApi(api, 'order', { email: 'h@example.org' }, { headers: { 'junctor-hops': hops } }), 201);
});

scenario('a hub that delivers to itself stops after eight, and the rejection names the outlet', async () => {
    const loop = await startHub({ name: 'loop' });
    const client = loop.client();
    const event = await makeEvent(client, { alias: 'round', context: 'webhook', primary: { id: 'email', name: 'E', type: 'email', required: true, isPrimaryKey: true, jsonPointerPath: '/data/contact/email' } });
    const hook = await makeWebhook(client, `${loop.url}${new URL(event.url).pathname}`, { eventTypes: ['custom_event.round'] });
    expect(await sendWebhook(client, loop.owners[0].organizationId, 'round', { data: { contact: { email: 'l@example.org' } } }), 200, 201, 202);
    await until('it has stopped', async () => (await client.all('/api/v1/rejections')).some((row) => row.status === 508));
    const ledger = await ledgerOf(client);
    assert.equal(ledger.events, 8);
    const [row] = await client.all('/api/v1/rejections');
    assert.ok(JSON.stringify(row).includes(hook.id), `the rejection names ${hook.id}: ${JSON.stringify(row)}`);
});
