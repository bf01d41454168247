// Start, stop, restart, lock, sealing key, settings.
import assert from 'node:assert/strict';
import { after } from 'node:test';
import { copyFileSync, existsSync, readFileSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { Load, ReceiverBook, SenderBook, checkEquations, compareBooks, missing } from '../lib/books.mjs';
import { TEXT, deliveriesOf, ledgerOf, makeEvent, makeWebhook, sendApi } from '../lib/fixtures.mjs';
import { expect, request } from '../lib/http.mjs';
import { Hub, PASSWORD, binary, filesUnder, root, scenario, startHub } from '../lib/hub.mjs';
import { run } from '../lib/processes.mjs';
import { startReceiver } from '../lib/receiver.mjs';
import { sleep, until } from '../lib/wait.mjs';

scenario('init prints ids and key; a second one adds an organization; while a hub runs it refuses', async () => {
    const hub = new Hub();
    const first = await hub.init('Acme', 'a@example.org');
    assert.deepEqual(Object.keys(first).filter((key) => ['organizationId', 'userId', 'apiKey'].includes(key)).length, 3);
    assert.match(first.organizationId, /^[0-9a-f]{8}-[0-9a-f]{4}-[1-9a-f][0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    assert.match(first.userId, /^usr_/);
    await hub.init('Other', 'b@example.org');
    await hub.start();
    expect(await hub.client(hub.owners[0]).get('/api/v1/integrations'), 200);
    expect(await hub.client(hub.owners[1]).get('/api/v1/integrations'), 200);
    const refused = await hub.cli(['init', '--data', hub.data, '--organization', 'X', '--email', 'c@example.org', '--password', PASSWORD, '--json']);
    assert.notEqual(refused.code, 0);
    assert.match(refused.stderr, /lock|running|another/i);
    for (const file of filesUnder(hub.data)) assert.equal(statSync(file).mode & 0o077, 0, `${file} is readable by others`);
});

scenario('init refuses what is missing or wrong, by name', async () => {
    const hub = new Hub();
    const good = { data: hub.data, organization: 'A', email: 'a@example.org', password: PASSWORD };
    for (const [name, value] of [['organization', undefined], ['organization', ''], ['email', undefined], ['email', 'nobody'], ['password', undefined], ['password', 'x']]) {
        const changed = { ...good, [name]: value };
        const result = await hub.cli(['init', ...Object.entries(changed).flatMap(([key, one]) => (one === undefined ? [] : [`--${key}`, one])), '--json']);
        assert.notEqual(result.code, 0, `${name}=${value}`);
        assert.match(result.stderr, new RegExp(name), `${name}=${value}: ${result.stderr}`);
    }
});

scenario('a second hub on the same data directory is refused, by name; the first goes on', async () => {
    const hub = await startHub();
    const second = new Hub({ dir: hub.dir });
    await assert.rejects(second.start(), /ended at its start/);
    assert.notEqual(second.end.code, 0);
    assert.ok(second.log.includes(hub.data) && /lock|another|running/i.test(second.log), second.log);
    expect(await hub.client().get('/api/v1/integrations'), 200);
    await hub.kill();
    await hub.start();
});

scenario('each thread has a name', { skip: !existsSync('/proc/self/task') }, async () => {
    const hub = await startHub({ args: ['--loops', '2', '--couriers', '2', '--readers', '2'] });
    const pid = hub.process.pid;
    const names = readdirSync(`/proc/${pid}/task`).map((task) => readFileSync(`/proc/${pid}/task/${task}/comm`, 'utf8').trim());
    // A sanitizer has a thread of its own, which has the program's name.
    assert.deepEqual([...new Set(names)].sort(), ['committer', 'courier-0', 'courier-1', 'fetcher', 'junctor', 'loop-0', 'loop-1', 'reader-0', 'reader-1']);
});

scenario('everything is there after a restart', async () => {
    const hub = await startHub({ clock: true });
    const api = hub.client();
    await makeEvent(api, { alias: 'order', fields: [TEXT] });
    const hook = await makeWebhook(api, 'http://127.0.0.1:9/', { eventTypes: ['custom_event.order'] });
    for (let i = 0; i < 5; i++) expect(await sendApi(api, 'order', { email: `r${i}@example.org`, text: 'kept' }), 201);
    await hub.settled();
    // What holds an endpoint for the moment is not stored.
    const settled = (rows) => rows.map(({ sending, ...row }) => (row.state === 'pending' ? { ...row, reason: null } : row));
    const look = async () => ({
        integrations: await api.all('/api/v1/integrations'), webhooks: settled(await api.all('/api/v1/webhooks')), contacts: await api.all('/api/v1/contacts'),
        events: await api.all('/api/v1/events'), deliveries: settled(await deliveriesOf(api, hook.id)), ledger: await ledgerOf(api), keys: await api.all('/api/v1/api-keys'), rejections: await api.all('/api/v1/rejections'),
    });
    const before = await look();
    await hub.restart();
    assert.deepEqual(await look(), before);
    await hub.kill();
    await hub.start();
    assert.deepEqual(await look(), before);
});

scenario('SIGTERM under load: what was acknowledged is there and is delivered; it ends by itself with 0', async () => {
    const hub = await startHub();
    const receiver = await startReceiver();
    after(() => receiver.close());
    await makeEvent(hub.client(), { alias: 'load', context: 'webhook', fields: [{ id: 'n', name: 'N', type: 'integer' }, { id: 'pad', name: 'P', type: 'text' }] });
    await makeWebhook(hub.client(), receiver.url, { eventTypes: ['custom_event.load'] });
    const theirs = new ReceiverBook(receiver);
    const book = new SenderBook();
    const load = new Load({ book, port: hub.port, path: `/${hub.owners[0].organizationId}/custom-events/alias/load` }).begin();
    for (let round = 0; round < 3; round++) {
        await until('some are acknowledged', () => book.acknowledged.size > (round + 1) * 200);
        const end = await hub.stop('SIGTERM');
        assert.deepEqual([end.code, end.signal], [0, null]);
        await hub.start();
    }
    await load.stop();
    await until('all are delivered', () => missing(book, theirs).length === 0, { timeout: 30000 });
    compareBooks(book, theirs);
    await until('the ledger says so', async () => (await ledgerOf(hub.client())).pending === 0);
    checkEquations(await ledgerOf(hub.client()));
    assert.equal(theirs.repeats, 0, 'a graceful stop repeats nothing');
    await hub.checkLedger();
});

scenario('SIGTERM gives running attempts their time, answers what was accepted, and takes nothing new', async () => {
    const hub = await startHub({ args: ['--stop-grace', '3s'] });
    const receiver = await startReceiver();
    after(() => receiver.close());
    const api = hub.client();
    await makeEvent(api, { alias: 'order', fields: [TEXT] });
    const hook = await makeWebhook(api, receiver.url, { eventTypes: ['custom_event.order'] });
    receiver.answers({ status: 200, delay: 800 }, { hang: true });
    for (let i = 0; i < 2; i++) expect(await sendApi(api, 'order', { email: 's@example.org' }), 201);
    await receiver.waitFor(2);
    const begun = Date.now();
    const ending = hub.stop('SIGTERM');
    await sleep(300);
    await assert.rejects(request(hub.url, 'GET', '/healthz', { agent: false }));
    const end = await ending;
    assert.equal(end.code, 0);
    const took = Date.now() - begun;
    assert.ok(took >= 2500 && took < 8000, `the hanging attempt got its grace: ${took} ms`);
    receiver.answers(200);
    await hub.start();
    const rows = await until('both are delivered', async () => {
        const all = await deliveriesOf(api, hook.id);
        return all.every((row) => row.state === 'delivered') && all;
    });
    assert.equal(rows.length, 2);
    assert.equal(receiver.count, 3, 'the one that was done is not repeated');
});

scenario('/healthz and /readyz', async () => {
    const hub = await startHub();
    for (const path of ['/healthz', '/readyz']) expect(await hub.anonymous.get(path), 200);
});

scenario('the sealing key: another one, or none, is refused by name; secrets are not in the clear on disk', async () => {
    const hub = await startHub();
    const hook = await makeWebhook(hub.client(), 'http://127.0.0.1:9/', {});
    expect(await hub.client().patch('/api/v1/organization', { webhookSecret: 'needle-in-the-store' }), 200);
    await hub.stop();
    const key = Buffer.from(hook.secret.slice(6), 'base64');
    const owner = hub.owners[0];
    for (const file of filesUnder(hub.data)) {
        const bytes = readFileSync(file);
        assert.ok(!bytes.includes(key) && !bytes.includes(hook.secret.slice(6)), `the webhook's secret is in ${file}`);
        assert.ok(!bytes.includes(owner.apiKey), `the API key is in ${file}`);
        assert.ok(!bytes.includes('needle-in-the-store'), `the inlets' secret is in ${file}`);
        assert.ok(!bytes.includes(PASSWORD), `the password is in ${file}`);
    }
    const file = join(hub.data, 'sealing.key');
    assert.ok(existsSync(file));
    const saved = join(hub.dir, 'saved.key');
    copyFileSync(file, saved);
    const fresh = new Hub({ name: 'fresh' });
    await fresh.init();
    copyFileSync(join(fresh.data, 'sealing.key'), file);
    await assert.rejects(hub.start());
    assert.match(hub.log, /sealing/i);
    copyFileSync(saved, file);
    await hub.start();
    expect(await hub.client().post(`/api/v1/webhooks/${hook.id}/ping`), 200, 201, 202);
    await hub.stop();
    await assert.rejects(hub.start({ env: { JUNCTOR_SEALING_KEY: 'ab'.repeat(32) } }));
    assert.match(hub.log, /sealing/i);
    assert.ok(!hub.log.includes('ab'.repeat(32)), 'the key is not printed');
    await fresh.remove();
});

scenario('settings: --help and docs/settings.md have the same; variables and the file count, flags first; wrong ones are named', async () => {
    const help = await run(binary, ['serve', '--help']);
    assert.equal(help.code, 0);
    const flags = new Set([...help.stdout.matchAll(/^\s+(?:-\w, )?(--[a-z][a-z0-9-]*)/gm)].map((match) => match[1]));
    for (const flag of ['--data', '--listen', '--allow-egress', '--tls-cert', '--tls-key', '--trusted-proxy', '--test-clock', '--name-servers', '--retention', '--max-event-body', '--max-hops']) assert.ok(flags.has(flag), `${flag} in --help`);
    const docs = readFileSync(join(root, 'docs/settings.md'), 'utf8');
    const documented = new Set([...docs.matchAll(/`(--[a-z][a-z0-9-]*)/g)].map((match) => match[1]));
    for (const flag of flags) if (flag !== '--help') assert.ok(documented.has(flag), `docs/settings.md lacks ${flag}`);
    const markdown = await run(binary, ['serve', '--help=markdown']);
    assert.ok(docs.includes(markdown.stdout.trim()) || docs.trim() === markdown.stdout.trim(), 'docs/settings.md is what --help=markdown prints');

    const hub = new Hub({ egress: null });
    await hub.init();
    const file = join(hub.dir, 'junctor.conf');
    writeFileSync(file, 'max-event-body = 1000\nmax-hops = 3\n');
    await hub.start({ args: ['--config', file, '--max-hops', '4'], env: { JUNCTOR_MAX_EVENT_BODY: '2000', JUNCTOR_LOG_FORMAT: 'json' } });
    const api = hub.client();
    await makeEvent(api, { alias: 'order', fields: [TEXT] });
    expect(await sendApi(api, 'order', { email: 'a@b.org', text: 'x'.repeat(1500) }), 201);
    expect(await sendApi(api, 'order', { email: 'a@b.org', text: 'x'.repeat(2100) }), 413);
    expect(await sendApi(api, 'order', { email: 'a@b.org' }, { headers: { 'junctor-hops': '3' } }), 201);
    expect(await sendApi(api, 'order', { email: 'a@b.org' }, { headers: { 'junctor-hops': '4' } }), 508);
    const lines = hub.log.split('\n').filter((line) => line.startsWith('{'));
    assert.ok(lines.length > 0, hub.tail());
    for (const line of lines) JSON.parse(line);
    for (const [args, word] of [[['--nonsense'], 'nonsense'], [['--max-hops', 'x'], 'max-hops'], [['--max-hops', '0'], 'max-hops'], [['--listen', 'nowhere'], 'listen'], [['--allow-egress', '300.0.0.0/8'], 'allow-egress'], [['--tls-cert', '/x'], 'tls']]) {
        const result = await run(binary, ['serve', '--data', hub.data, ...args]);
        assert.notEqual(result.code, 0);
        assert.ok(result.stderr.includes(word), `${args}: ${result.stderr}`);
    }
});

scenario('each request has an id, in the answer, in its problem and in the log', async () => {
    const hub = await startHub({ args: ['--log-level', 'debug'] });
    const first = await hub.anonymous.get('/healthz');
    assert.match(first.headers['x-request-id'] ?? '', /\S+/);
    const second = await hub.client().get('/api/v1/integrations/int_0000000000001', { headers: { 'x-request-id': 'a b\"<' } });
    assert.notEqual(second.headers['x-request-id'], first.headers['x-request-id']);
    assert.equal(second.json.requestId, second.headers['x-request-id']);
    await until('it is in the log', () => hub.log.includes(second.json.requestId));
});

scenario('the address in use is an error by name', async () => {
    const hub = await startHub();
    const second = new Hub();
    second.port = hub.port;
    await second.init();
    await second.start({ ready: false });
    const end = await second.process.ended;
    assert.notEqual(end.code, 0);
    assert.ok(second.log.includes(String(hub.port)), second.log);
});
