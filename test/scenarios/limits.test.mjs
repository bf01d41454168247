// Caps: each has its answer, and the hub goes on.
import assert from 'node:assert/strict';
import { after } from 'node:test';

import { Load, SenderBook } from '../lib/books.mjs';
import { TEXT, bodyOfSize, ledgerOf, makeEvent, makeWebhook, sendApi, sendWebhook } from '../lib/fixtures.mjs';
import { expect, expectProblem } from '../lib/http.mjs';
import { filesUnder, scenario, startHub } from '../lib/hub.mjs';
import { startReceiver } from '../lib/receiver.mjs';
import { statSync } from 'node:fs';
import { sleep, until } from '../lib/wait.mjs';

scenario('settings of the caps are kept: event body, API body, page, fields, webhooks, JSON depth, headers', async () => {
    const hub = await startHub({ args: ['--max-event-body', '2000', '--max-api-body', '3000', '--max-page', '5', '--max-event-fields', '4', '--max-webhooks', '2', '--max-json-depth', '5', '--max-headers', '2048', '--max-hops', '2', '--max-rejections-kept', '3', '--max-rejection-body', '100'] });
    const api = hub.client();
    await makeEvent(api, { alias: 'order', fields: [TEXT] });
    expect(await sendApi(api, 'order', bodyOfSize(2000)), 201);
    expectProblem(await sendApi(api, 'order', bodyOfSize(2001)), 413, 'too_large');
    expectProblem(await api.post('/api/v1/integrations', { name: 'x', description: 'd'.repeat(3000) }), 413, 'too_large');
    expectProblem(await api.get('/api/v1/integrations?limit=6'), 422);
    expect(await api.get('/api/v1/integrations?limit=5'), 200);
    const { id } = expect(await api.post('/api/v1/integrations', { name: 'x' }), 201).json;
    const field = (n) => ({ id: `f${n}`, name: 'F', type: 'text' });
    const email = { id: 'email', name: 'E', type: 'email', required: true, isPrimaryKey: true };
    expectProblem(await api.post(`/api/v1/integrations/${id}/events`, { context: 'api', name: 'n', alias: 'five', fields: [email, field(1), field(2), field(3), field(4)] }), 422);
    for (let i = 0; i < 2; i++) await makeWebhook(api, 'https://example.org/', {});
    expectProblem(await api.post('/api/v1/webhooks', { name: 'n', url: 'https://example.org/', eventTypes: ['*'] }), 409, 'conflict');
    expectProblem(await sendApi(api, 'order', '{"email":"a@b.org","text":[[[[[]]]]]}'), 400, 'malformed');
    expect(await api.get('/api/v1/integrations', { headers: { 'x-fill': 'f'.repeat(3000) } }), 431);
    expectProblem(await sendApi(api, 'order', { email: 'a@b.org' }, { headers: { 'junctor-hops': '2' } }), 508, 'loop_detected');
    for (let i = 0; i < 6; i++) expect(await sendApi(api, 'order', { email: 'x', text: 'y'.repeat(500) }), 422);
    const rows = (await api.all('/api/v1/rejections', { limit: 5 })).filter((row) => row.reason === 'invalid');
    assert.equal(rows.length, 3);
    assert.ok(rows.every((row) => row.body.length <= 100));
});

scenario('over the courier\'s memory an outlet reads its work from the store: nothing is lost, doubled or overtaken', { timeout: 180000 }, async () => {
    const hub = await startHub({ args: ['--max-courier-memory', '1MiB'] });
    const api = hub.client();
    const receiver = await startReceiver();
    after(() => receiver.close());
    await makeEvent(api, { alias: 'big', fields: [TEXT, { id: 'n', name: 'N', type: 'integer' }] });
    await makeWebhook(api, receiver.url, { eventTypes: ['custom_event.big'] });
    receiver.script = () => ({ status: 200, delay: 20 });
    const ids = [];
    for (let n = 0; n < 400; n += 20)
        ids.push(...(await Promise.all(Array.from({ length: 20 }, (_, i) => sendApi(api, 'big', { email: 'b@example.org', text: 'x'.repeat(50000), n: n + i })))).map((answer) => expect(answer, 201).json.id));
    receiver.script = () => 200;
    await receiver.waitFor(400, { timeout: 60000 });
    await until('all are recorded', async () => (await ledgerOf(api)).delivered === 400, { timeout: 20000 });
    assert.deepEqual(new Set(receiver.requests.map((received) => received.json.data.id)), new Set(ids));
    assert.equal(receiver.count, 400, 'each once');
    await hub.checkLedger();
});

scenario('a client that never stops listing: the WAL stays under 256 MB', { timeout: 180000 }, async () => {
    const hub = await startHub();
    const api = hub.client();
    await makeEvent(api, { alias: 'order', fields: [TEXT] });
    let stop = false;
    const listing = Promise.all(Array.from({ length: 6 }, async () => {
        while (!stop) await api.all('/api/v1/events', { limit: 200, most: 3000 });
    }));
    let most = 0;
    const end = Date.now() + 15000;
    while (Date.now() < end) {
        await Promise.all(Array.from({ length: 16 }, (_, i) => sendApi(api, 'order', { email: `w${i}@example.org`, text: 'x'.repeat(60000) })));
        for (const file of filesUnder(hub.data)) if (file.endsWith('-wal')) most = Math.max(most, statSync(file).size);
    }
    stop = true;
    await listing;
    assert.ok(most < 256e6, `${most} bytes`);
    assert.ok(most > 0);
});

scenario('one organization floods, the other is answered throughout', { timeout: 120000 }, async () => {
    const hub = await startHub({ organizations: 2, args: ['--max-queued-operations', '64'] });
    const [flooder, quiet] = hub.owners.map((owner) => hub.client(owner));
    await makeEvent(flooder, { alias: 'order', context: 'webhook', fields: [TEXT] });
    await makeEvent(quiet, { alias: 'order', context: 'webhook', fields: [TEXT] });
    let stop = false;
    let refused = 0;
    let taken = 0;
    const flood = Promise.all(Array.from({ length: 200 }, async () => {
        while (!stop) {
            const answer = await sendWebhook(flooder, hub.owners[0].organizationId, 'order', { email: 'f@example.org', text: 'x'.repeat(2000) }).catch(() => null);
            if (answer?.status === 503) {
                refused++;
                assert.ok(answer.headers['retry-after']);
            } else if (answer) taken++;
        }
    }));
    await sleep(300);
    for (let i = 0; i < 60; i++) {
        const answer = await sendWebhook(quiet, hub.owners[1].organizationId, 'order', { email: 'q@example.org' });
        assert.ok(answer.status < 300, `the quiet one was refused: ${answer.status} ${answer.text}`);
    }
    stop = true;
    await flood;
    assert.ok(taken > 0);
    assert.equal((await ledgerOf(quiet)).events, 60);
    assert.equal((await ledgerOf(flooder)).events, taken, `${refused} were refused`);
    await hub.checkLedger();
});

scenario('retention: what is older goes, unfinished work stays and is delivered, the ledger keeps its figures, space comes back', { timeout: 180000 }, async () => {
    const DAY = 86400000;
    const hub = await startHub({ clock: true, args: ['--retention', '2d'] });
    const api = hub.client();
    const receiver = await startReceiver();
    after(() => receiver.close());
    await makeEvent(api, { alias: 'order', fields: [TEXT] });
    await makeEvent(api, { alias: 'late', fields: [TEXT] });
    await makeWebhook(api, receiver.url, { eventTypes: ['custom_event.late'] });
    receiver.script = () => 500;
    const late = expect(await sendApi(api, 'late', { email: 'r@example.org', text: 'still wanted' }), 201).json.id;
    for (let n = 0; n < 300; n += 20) await Promise.all(Array.from({ length: 20 }, () => sendApi(api, 'order', { email: 'r@example.org', text: 'x'.repeat(40000) })));
    await hub.settled();
    const size = () => filesUnder(hub.data).filter((file) => file.endsWith('.db')).reduce((sum, file) => sum + statSync(file).size, 0);
    const full = size();
    assert.ok(full > 10e6, `${full}`);
    const before = await ledgerOf(api);
    await hub.advance(DAY);
    await hub.settled();
    assert.equal((await api.all('/api/v1/events?type=custom_event.order')).length, 300, 'not before its time');
    await hub.advance(1.5 * DAY);
    await until('the old events are gone', async () => (await api.all('/api/v1/events?type=custom_event.order')).length === 0, { timeout: 30000, every: 200 });
    await until('the space comes back', () => size() < full / 4, { timeout: 30000, every: 200 });
    const after_ = await ledgerOf(api);
    assert.deepEqual([after_.events, after_.deliveries, after_.pending], [before.events, before.deliveries, before.pending], 'the ledger outlives retention');
    receiver.script = () => 200;
    await until('the unfinished one is delivered', async () => {
        await hub.advance(DAY / 24);
        await hub.settled();
        return (await ledgerOf(api)).delivered === 1;
    }, { timeout: 30000 });
    assert.equal(receiver.requests.at(-1).json.data.id, late);
    assert.equal(receiver.requests.at(-1).json.data.fields.text, 'still wanted');
    assert.deepEqual(receiver.requests.at(-1).body, receiver.requests[0].body);
    await hub.checkLedger();
});

scenario('history is capped in bytes; unfinished work alone over the cap answers 503 backlog_full, naming the outlet', { timeout: 180000 }, async () => {
    const hub = await startHub({ args: ['--max-history', '16MiB'] });
    const api = hub.client();
    await makeEvent(api, { alias: 'load', context: 'webhook', fields: [{ id: 'n', name: 'N', type: 'integer' }, { id: 'pad', name: 'P', type: 'text' }] });
    await makeEvent(api, { alias: 'order', fields: [TEXT] });
    await makeEvent(api, { alias: 'stuck', fields: [TEXT] });
    const book = new SenderBook();
    const load = new Load({ book, port: hub.port, path: `/${hub.owners[0].organizationId}/custom-events/alias/load`, connections: 32, pad: 4000 }).begin();
    await until('there is more than fits', () => book.acknowledged.size > 9000, { timeout: 60000 });
    await load.stop();
    const ids = [...book.acknowledged.values()].sort();
    const gone = async (id) => (await api.get(`/api/v1/events/${id}`)).status === 404;
    await until('the oldest went', () => gone(ids[0]), { timeout: 40000, every: 200 });
    await sleep(11000); // one more look of the chore, every 10 s
    for (const id of ids.slice(-1000)) assert.ok(!(await gone(id)), 'the newest stay');
    const body = { email: 'c@example.org', text: 'x'.repeat(100000) };
    const hook = await makeWebhook(api, 'http://127.0.0.1:9/', { name: 'The stuck one', eventTypes: ['custom_event.stuck'] });
    const full = await until('it refuses', async () => {
        // More at a time than pruning can carry along.
        const answers = await Promise.all(Array.from({ length: 16 }, () => sendApi(api, 'stuck', body)));
        return answers.find((answer) => answer.status === 503);
    }, { timeout: 60000, every: 0 });
    expectProblem(full, 503, 'backlog_full');
    assert.ok(full.text.includes(hook.id) || full.text.includes('The stuck one'), full.text);
    assert.ok(Number(full.headers['retry-after']) > 0);
    expect(await api.delete(`/api/v1/webhooks/${hook.id}`), 204);
    await until('it accepts again', async () => (await sendApi(api, 'order', body)).status === 201, { timeout: 30000, every: 100 });
    await hub.checkLedger();
});
