// Backup while running, restore with outlets held, release.
import assert from 'node:assert/strict';
import { after } from 'node:test';
import { existsSync } from 'node:fs';
import { join } from 'node:path';

import { Load, SenderBook } from '../lib/books.mjs';
import { TEXT, deliveriesOf, ledgerOf, makeEvent, makeWebhook, sendApi } from '../lib/fixtures.mjs';
import { expect, expectProblem } from '../lib/http.mjs';
import { Hub, scenario, startHub } from '../lib/hub.mjs';
import { startReceiver } from '../lib/receiver.mjs';
import { sleep, until } from '../lib/wait.mjs';

scenario('backup under load is consistent; restore holds all outlets; release lets go, under the same ids', async () => {
    const hub = await startHub();
    const api = hub.client();
    const receiver = await startReceiver();
    after(() => receiver.close());
    await makeEvent(api, { alias: 'load', context: 'webhook', fields: [{ id: 'n', name: 'N', type: 'integer' }, { id: 'pad', name: 'P', type: 'text' }] });
    const hook = await makeWebhook(api, receiver.url, { eventTypes: ['custom_event.load'] });
    receiver.script = () => 500;
    const book = new SenderBook();
    const load = new Load({ book, port: hub.port, path: `/${hub.owners[0].organizationId}/custom-events/alias/load` }).begin();
    await until('some are in', () => book.acknowledged.size > 300);
    const before = new Map(book.acknowledged);
    const file = join(hub.dir, 'backup.db');
    const made = await hub.cli(['backup', '--data', hub.data, '--to', file], { timeout: 60000 });
    assert.equal(made.code, 0, made.stderr);
    assert.ok(existsSync(file));
    await load.stop();
    const again = await hub.cli(['backup', '--data', hub.data, '--to', file]);
    assert.notEqual(again.code, 0, 'an existing file is not written over');
    await hub.stop();

    const restored = new Hub({ name: 'restored' });
    restored.owners = hub.owners;
    const done = await restored.cli(['restore', '--data', restored.data, '--from', file]);
    assert.equal(done.code, 0, done.stderr);
    const over = await restored.cli(['restore', '--data', restored.data, '--from', file]);
    assert.notEqual(over.code, 0, 'a data directory that is in use is not written over');
    const { copyFileSync } = await import('node:fs');
    if (!existsSync(join(restored.data, 'sealing.key'))) copyFileSync(join(hub.data, 'sealing.key'), join(restored.data, 'sealing.key'));
    receiver.script = () => 200;
    const seen = receiver.count;
    await restored.start();
    const client = restored.client();
    assert.equal(expect(await client.get(`/api/v1/webhooks/${hook.id}`), 200).json.status, 'held');
    const waiting = (await deliveriesOf(client, hook.id)).find((row) => row.state === 'pending');
    assert.match(waiting.reason, /restored from a backup/);
    const trail = (await client.all('/api/v1/audit')).length;
    for (const refused of [
        await client.post(`/api/v1/webhooks/${hook.id}/ping`),
        await client.post(`/api/v1/deliveries/${waiting.id}/resend`),
        await client.patch(`/api/v1/webhooks/${hook.id}`, { status: 'active' }),
    ])
        assert.match(expectProblem(refused, 409, 'conflict').json.detail, /restored from a backup.*release/i);
    assert.equal((await client.all('/api/v1/audit')).length, trail, 'nothing was changed');
    await sleep(700);
    assert.equal(receiver.count, seen, 'nothing is sent before the release');
    const events = new Set((await client.all('/api/v1/events')).map((event) => event.id));
    for (const [n, id] of before) assert.ok(events.has(id), `event ${n}, acknowledged before the backup, is in it`);
    await restored.checkLedger();
    const released = await restored.cli(['release', '--url', restored.url, '--key', restored.owners[0].apiKey]);
    assert.equal(released.code, 0, released.stderr);
    assert.equal((await client.all('/api/v1/audit')).filter((row) => row.action === 'hub.release').length, 1);
    await until('everything is delivered', async () => (await ledgerOf(client)).pending === 0, { timeout: 30000 });
    assert.equal(expect(await client.get(`/api/v1/webhooks/${hook.id}`), 200).json.status, 'active');
    const rows = await deliveriesOf(client, hook.id);
    const ids = new Set(receiver.requests.map((received) => received.id));
    assert.ok(rows.every((row) => ids.has(row.id)));
    await restored.checkLedger();
    await restored.restart();
    assert.equal(expect(await client.get(`/api/v1/webhooks/${hook.id}`), 200).json.status, 'active', 'released for good');
});

scenario('a hub with several organizations is released on the server only', async () => {
    const hub = await startHub({ organizations: 2 });
    const receiver = await startReceiver();
    after(() => receiver.close());
    await makeEvent(hub.client(), { alias: 'order', fields: [TEXT] });
    const hook = await makeWebhook(hub.client(), receiver.url, { eventTypes: ['custom_event.order'] });
    await hub.stop();
    const file = join(hub.dir, 'backup.db');
    assert.equal((await hub.cli(['backup', '--data', hub.data, '--to', file])).code, 0);
    const restored = new Hub({ name: 'shared' });
    restored.owners = hub.owners;
    assert.equal((await restored.cli(['restore', '--data', restored.data, '--from', file])).code, 0);
    const { copyFileSync } = await import('node:fs');
    if (!existsSync(join(restored.data, 'sealing.key'))) copyFileSync(join(hub.data, 'sealing.key'), join(restored.data, 'sealing.key'));
    await restored.start();
    for (const owner of restored.owners) {
        const client = restored.client(owner);
        const before = (await client.all('/api/v1/audit')).length;
        const refused = expectProblem(await client.post('/api/v1/release'), 403, 'forbidden');
        assert.match(refused.json.detail, /junctor release/);
        assert.equal((await client.all('/api/v1/audit')).length, before, 'nothing was done');
    }
    const client = restored.client();
    expect(await sendApi(client, 'order', { email: 'a@b.org' }), 201);
    await sleep(500);
    assert.equal(receiver.count, 0);
    assert.equal(expect(await client.get(`/api/v1/webhooks/${hook.id}`), 200).json.status, 'held');
    await restored.stop();
    const done = await restored.cli(['release', '--data', restored.data]);
    assert.equal(done.code, 0, done.stderr);
    await restored.start();
    await until('it is delivered', () => receiver.count === 1);
});

scenario('a restored hub refuses without its sealing key, by name', async () => {
    const hub = await startHub();
    const api = hub.client();
    await makeEvent(api, { alias: 'order', fields: [TEXT] });
    expect(await sendApi(api, 'order', { email: 'a@b.org' }), 201);
    const file = join(hub.dir, 'backup.db');
    assert.equal((await hub.cli(['backup', '--data', hub.data, '--to', file])).code, 0);
    const restored = new Hub({ name: 'keyless' });
    restored.owners = hub.owners;
    const done = await restored.cli(['restore', '--data', restored.data, '--from', file]);
    if (done.code !== 0) {
        assert.match(done.stderr, /seal/i);
        return;
    }
    if (!existsSync(join(restored.data, 'sealing.key'))) {
        await assert.rejects(restored.start());
        assert.match(restored.log, /seal/i);
    }
});

scenario('what is no backup is refused', async () => {
    const hub = new Hub();
    const { writeFileSync, mkdirSync } = await import('node:fs');
    mkdirSync(hub.dir, { recursive: true });
    const file = join(hub.dir, 'junk.db');
    writeFileSync(file, 'this is no database '.repeat(1000));
    const done = await hub.cli(['restore', '--data', hub.data, '--from', file]);
    assert.notEqual(done.code, 0);
    const missing = await hub.cli(['restore', '--data', hub.data, '--from', join(hub.dir, 'not-there')]);
    assert.notEqual(missing.code, 0);
    assert.ok(missing.stderr.includes('not-there'), missing.stderr);
});
