// The command line: the first run that a newcomer sees, and the client for the daily things.
import assert from 'node:assert/strict';
import { after } from 'node:test';
import { existsSync } from 'node:fs';
import { join } from 'node:path';

import { TEXT, deliveriesOf, makeCampaign, makeEvent, makeProfile, makeRoute, makeWebhook, sendApi } from '../lib/fixtures.mjs';
import { expect, request } from '../lib/http.mjs';
import { Hub, binary, freePort, scenario, startHub } from '../lib/hub.mjs';
import { run, start } from '../lib/processes.mjs';
import { startReceiver } from '../lib/receiver.mjs';
import { until } from '../lib/wait.mjs';

function watch(args, options) {
    const child = start(binary, args, options);
    child.text = '';
    child.errors = '';
    child.stdout.on('data', (data) => (child.text += data));
    child.stderr.on('data', (data) => (child.errors += data));
    after(() => child.kill('SIGKILL'));
    return child;
}

scenario('the first run prints an address, a key and a curl that works: paste it, and the receiver prints the signed delivery', async () => {
    const hub = new Hub();
    const port = await freePort();
    const receiverPort = await freePort();
    const args = ['serve', '--data', hub.data, '--listen', `127.0.0.1:${port}`, '--first-run', '--first-run-receiver', `127.0.0.1:${receiverPort}`];
    const child = watch(args, { env: hub.environment });
    await until('it greets', () => child.text.includes('curl') || child.errors.includes('curl'), { timeout: 20000 });
    const printed = () => child.text + child.errors;
    assert.ok(printed().includes(`127.0.0.1:${port}`), printed());
    await until('it is ready', async () => (await request(`http://127.0.0.1:${port}`, 'GET', '/readyz', { agent: false })).status === 200);
    const from = child.text.indexOf('curl');
    // The command ends with the paragraph; its lines may be continued.
    const command = child.text.slice(from).split(/\n\s*\n/)[0].replace(/\\\n/g, ' ').split('\n')[0];
    const sent = await run('sh', ['-c', command.replace(/^curl /, 'curl -sS ')]);
    assert.equal(sent.code, 0, `${command}\n${sent.stderr}`);
    assert.match(sent.stdout, /evt_/, `${command}\n${sent.stdout}`);
    await until('the receiver prints it', () => /signature: valid/.test(printed()) && /hello/.test(printed()), { timeout: 10000 });
    assert.match(printed(), /webhook-id: /i);
    child.kill('SIGTERM');
    assert.equal((await child.ended).code, 0);
    await assert.rejects(request(`http://127.0.0.1:${receiverPort}`, 'GET', '/', { agent: false }), undefined, 'the receiver ends with it');
    const again = watch(args, { env: hub.environment });
    await until('it is ready again', async () => (await request(`http://127.0.0.1:${port}`, 'GET', '/readyz', { agent: false })).status === 200, { timeout: 20000 });
    await until('it says how to make a new key', () => /key/.test(again.text + again.errors));
    const key = /jnk_\w+/.exec(command)?.[0];
    if (key) assert.ok(!(again.text + again.errors).includes(key), 'the key is shown once');
    again.kill('SIGTERM');
    assert.equal((await again.ended).code, 0);
});

scenario('make run from a key command: junctor key makes a new one while no hub runs', async () => {
    const hub = new Hub();
    await hub.init();
    const help = await hub.cli(['key', '--help']);
    assert.equal(help.code, 0, help.stderr);
    const made = await hub.cli(['key', '--data', hub.data, ...(help.stdout.includes('--name') ? ['--name', 'new'] : [])]);
    assert.equal(made.code, 0, made.stderr);
    const key = /jnk_[\w-]+/.exec(made.stdout)?.[0] ?? JSON.parse(made.stdout).apiKey;
    await hub.start();
    expect(await hub.client({ apiKey: key }).get('/api/v1/integrations'), 200);
});

scenario('send, tail and resend', async () => {
    const hub = await startHub();
    const api = hub.client();
    const receiver = await startReceiver();
    after(() => receiver.close());
    await makeEvent(api, { alias: 'order', fields: [TEXT] });
    const hook = await makeWebhook(api, receiver.url, { eventTypes: ['custom_event.order'] });
    const client = ['--url', hub.url];
    const env = { ...hub.environment, JUNCTOR_KEY: hub.owners[0].apiKey };
    const tail = watch(['tail', ...client], { env });
    const sent = await hub.cli(['send', ...client, 'order', '{"email":"cli@example.org","text":"by hand"}'], { env });
    assert.equal(sent.code, 0, sent.stderr);
    assert.match(sent.stdout, /evt_/);
    const piped = await hub.cli(['send', ...client, 'order', '-'], { env, input: '{"email":"cli@example.org"}' });
    assert.equal(piped.code, 0, piped.stderr);
    await receiver.waitFor(2);
    await until('tail shows them', () => (tail.text.match(/dlv_/g) ?? []).length >= 2);
    const wrong = await hub.cli(['send', ...client, 'order', '{"email":"x"}'], { env });
    assert.notEqual(wrong.code, 0);
    assert.match(wrong.stderr, /email/);
    const unknown = await hub.cli(['send', ...client, '--no-create-contact', 'order', '{"email":"new@example.org"}'], { env });
    assert.notEqual(unknown.code, 0);
    for (let i = 0; i < 2; i++) assert.equal((await hub.cli(['send', ...client, '--idempotency-key', 'once', 'order', '{"email":"cli@example.org"}'], { env })).code, 0);
    await receiver.waitFor(3);
    const [row] = await until('recorded', async () => {
        const rows = await deliveriesOf(api, hook.id);
        return rows.length === 3 && rows.every((one) => one.state === 'delivered') && rows;
    });
    await until('tail shows its end', () => tail.text.includes(`${row.id}  delivered`));
    const resent = await hub.cli(['resend', ...client, row.id], { env });
    assert.equal(resent.code, 0, resent.stderr);
    await receiver.waitFor(4);
    assert.equal(receiver.requests[3].id, row.id);
    await until('tail shows that it was sent again', () => new RegExp(`${row.id}  delivered .* attempt 2: 200\n`).test(tail.text));
    const bad = await hub.cli(['resend', ...client, 'dlv_0000000000001'], { env });
    assert.notEqual(bad.code, 0);
    const keyless = await hub.cli(['send', ...client, 'order', '{}']);
    assert.notEqual(keyless.code, 0);
    assert.match(keyless.stderr, /key/i);
    tail.kill('SIGTERM');
});

scenario('tail and recover: export profiles as webhooks', async () => {
    const hub = await startHub();
    const api = hub.client();
    const receiver = await startReceiver();
    after(() => receiver.close());
    const campaign = await makeCampaign(api);
    const profile = await makeProfile(api, receiver.url, { name: 'Shop feed', mappings: [{ exportName: 'order', field: 'clientOrderId' }] });
    await makeRoute(api, profile.id, 'new_sale');
    const env = { ...hub.environment, JUNCTOR_KEY: hub.owners[0].apiKey };
    const tails = [['tail', '--url', hub.url], ['tail', '--url', hub.url, '--webhook', profile.id]].map((args) => watch(args, { env }));
    expect(await api.post('/api/v1/orders', { campaignId: campaign.id, clientOrderId: 'T-1', state: 'complete', lines: [{ sku: 'a', qty: 1, price: '5.00' }] }), 201);
    await receiver.waitFor(1);
    for (const tail of tails) await until('tail shows it', () => /dlv_\w+  delivered  order\.new_sale → Shop feed  attempt 1: 200\n/.test(tail.text));
    const told = await hub.cli(['recover', '--url', hub.url, profile.id, '--since', '1h', '--state', 'delivered', '--wait'], { env });
    assert.equal(told.code, 0, told.stderr);
    assert.match(told.stdout, /1 sent again/);
    await receiver.waitFor(2);
    for (const tail of tails) await until('tail shows that it was sent again', () => /attempt 2: 200\n/.test(tail.text));
    const unknown = await hub.cli(['recover', '--url', hub.url, 'exp_0000000000001', '--since', '1h'], { env });
    assert.match(unknown.stderr, /no export profile/i);
    for (const tail of tails) tail.kill('SIGTERM');
});

scenario('tail: what it cannot show is said, and an older one that is sent again shows', async () => {
    const hub = await startHub();
    const api = hub.client();
    const receiver = await startReceiver();
    after(() => receiver.close());
    await makeEvent(api, { alias: 'order' });
    const hook = await makeWebhook(api, receiver.url, { name: 'Many', eventTypes: ['custom_event.order'] });
    const send = () => sendApi(api, 'order', { email: 'cli@example.org' }).then((reply) => expect(reply, 201));
    await send();
    const tail = watch(['tail', '--url', hub.url, '--webhook', hook.id], { env: { ...hub.environment, JUNCTOR_KEY: hub.owners[0].apiKey } });
    await until('tail shows the first', () => tail.text.includes('dlv_'));
    tail.kill('SIGSTOP');
    await Promise.all(Array.from({ length: 16 }, async () => {
        for (let i = 0; i < 128; i++) await send();
    }));
    await receiver.waitFor(2049);
    tail.kill('SIGCONT');
    const shown = () => new Set(tail.text.match(/dlv_\w+/g));
    await until('tail goes on', () => shown().size >= 2001, { timeout: 30000 });
    assert.match(tail.text, /^\S+  at least 48 more new deliveries are not shown → Many$/m);
    assert.equal(shown().size, 2001);
    const { data: rows } = expect(await api.get(`/api/v1/webhooks/${hook.id}/deliveries?limit=200`), 200).json;
    const old = rows[199].id;
    await until('tail has seen its end', () => tail.text.includes(`${old}  delivered`), { timeout: 30000 });
    expect(await api.post(`/api/v1/deliveries/${old}/resend`), 202);
    await until('tail shows it', () => new RegExp(`${old}  delivered .* attempt 2: 200\n`).test(tail.text), { timeout: 30000 });
    tail.kill('SIGTERM');
});

scenario('receive: answers as told, checks signatures, and says when one is wrong', async () => {
    const hub = await startHub();
    const api = hub.client();
    const port = await freePort();
    const hook = await makeWebhook(api, `http://127.0.0.1:${port}/`, { eventTypes: ['ping'] });
    const right = watch(['receive', '--listen', `127.0.0.1:${port}`, '--secret', hook.secret], { stdio: ['pipe', 'pipe', 'pipe'] });
    await until('it listens', () => right.text.includes('receiving'));
    expect(await api.post(`/api/v1/webhooks/${hook.id}/ping`), 200, 201, 202);
    await until('it prints a valid one', () => right.text.includes('signature: valid'));
    right.kill('SIGTERM');
    await right.ended;
    const other = watch(['receive', '--listen', `127.0.0.1:${port}`, '--secret', `whsec_${Buffer.alloc(32, 7).toString('base64')}`, '--status', '503']);
    await until('it listens', () => other.text.includes('receiving'));
    const [before] = await deliveriesOf(api, hook.id);
    expect(await api.post(`/api/v1/deliveries/${before.id}/resend`), 200, 201, 202);
    await until('it prints a wrong one', () => /signature: WRONG/.test(other.text));
    assert.match(other.text, /answered 503/);
});

scenario('help, version, and what is mistyped', async () => {
    const help = await run(binary, ['--help']);
    assert.equal(help.code, 0);
    for (const command of ['serve', 'init', 'doctor', 'backup', 'restore', 'release', 'receive', 'send', 'tail', 'resend', 'recover']) {
        assert.ok(help.stdout.includes(command), command);
        const one = await run(binary, [command, '--help']);
        assert.equal(one.code, 0, command);
        assert.ok(one.stdout.length > 50);
    }
    assert.match((await run(binary, ['recover', '--help'])).stdout, /--since MOMENT +deliveries that ended \(died, say\) then or later, whenever\s+they were made/);
    assert.match((await run(binary, ['--version'])).stdout, /\d+\.\d+/);
    for (const args of [[], ['sevre'], ['serve', '--lisen', 'x'], ['serve', '--listen'], ['send'], ['resend'], ['recover']]) {
        const result = await run(binary, args);
        assert.notEqual(result.code, 0, args.join(' '));
        assert.ok(result.stderr.length > 10, args.join(' '));
    }
    assert.match((await run(binary, ['serv'])).stderr, /serve/);
    assert.match((await run(binary, ['serve', '--lisen', 'x'])).stderr, /--listen/);
});

scenario('doctor: a fine directory, a missing one, one without its key', async () => {
    const hub = await startHub();
    const running = await hub.cli(['doctor', '--data', hub.data]);
    assert.equal(running.code, 0, running.stdout + running.stderr);
    await hub.stop();
    const json = await hub.cli(['doctor', '--data', hub.data, '--ledger', '--json']);
    assert.equal(json.code, 0);
    JSON.parse(json.stdout);
    const missing = await hub.cli(['doctor', '--data', join(hub.dir, 'nowhere')]);
    assert.notEqual(missing.code, 0);
    assert.ok(!existsSync(join(hub.dir, 'nowhere')), 'it makes nothing');
});
