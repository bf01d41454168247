// The egress guard: no address that is not public, in any spelling, by any name, by any redirect.
// Where the system allows it this file runs in a network of its own, in which only loopback exists:
// a hub with a fault in its guard reaches nobody.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { after, before } from 'node:test';
import { fileURLToPath } from 'node:url';

if (!process.env.JUNCTOR_TEST_NETWORK) {
    const inside = ['-rn', '--', 'sh', '-c', 'ip link set lo up && exec "$0" "$@"'];
    if (spawnSync('unshare', [...inside, 'true'], { stdio: 'ignore' }).status === 0) {
        const again = spawnSync('unshare', [...inside, process.execPath, ...process.execArgv, fileURLToPath(import.meta.url)], { stdio: 'inherit', env: { ...process.env, JUNCTOR_TEST_NETWORK: 'own' } });
        process.exit(again.status ?? 1);
    }
}

const { TEXT, makeEvent, makeWebhook, sendApi, waitDelivery } = await import('../lib/fixtures.mjs');
const { expect, expectProblem } = await import('../lib/http.mjs');
const { scenario, startHub } = await import('../lib/hub.mjs');
const { NameServer } = await import('../lib/dns.mjs');
const { startReceiver } = await import('../lib/receiver.mjs');

let hub;
let api;
let names;
let receiver;

before(async () => {
    names = await new NameServer().listen();
    receiver = await startReceiver();
    hub = await startHub({ egress: null, args: ['--name-servers', names.address, '--connect-timeout', '2s', '--attempt-timeout', '4s'] });
    api = hub.client();
});
after(async () => {
    names.close();
    await receiver.close();
});

// Pings a new webhook at `url`; its first attempt.
async function attemptAt(client, url) {
    const made = await client.post('/api/v1/webhooks', { name: url, url, eventTypes: ['ping'] });
    if (made.status === 422) return { refusedAtCreation: made };
    const hook = expect(made, 201).json;
    const pinged = await client.post(`/api/v1/webhooks/${hook.id}/ping`);
    assert.ok(pinged.status < 300, pinged.text);
    const delivery = await waitDelivery(client, hook.id, (one) => one.attempts.length > 0, { timeout: 15000 });
    expect(await client.delete(`/api/v1/webhooks/${hook.id}`), 204);
    return delivery.attempts[0];
}

async function blocked(url, address) {
    const attempt = await attemptAt(api, url);
    if (attempt.refusedAtCreation) {
        expectProblem(attempt.refusedAtCreation, 422, 'invalid');
        if (/^[\x21-\x24\x26-\x7e]+$/.test(url)) assert.match(attempt.refusedAtCreation.text, /--allow-egress|looks like an address, and is none/);
        return;
    }
    assert.equal(attempt.response, null, `${url} was reached: ${JSON.stringify(attempt)}`);
    if (!/\.:|[^\x20-\x7e]/.test(url)) assert.match(attempt.error, /--allow-egress/, `${url}: ${attempt.error}`);
    if (address) assert.ok(attempt.error.includes(address), `${url}: the error names ${address}: ${attempt.error}`);
    assert.ok(attempt.durationMs < 1500, `${url}: refused at once, not after ${attempt.durationMs} ms`);
}

const V4 = {
    'this network': ['0.0.0.0', '0.255.255.255'],
    private: ['10.0.0.1', '10.255.255.255', '172.16.0.1', '172.31.255.255', '192.168.0.1', '192.168.255.255'],
    'carrier NAT': ['100.64.0.1', '100.127.255.255'],
    loopback: ['127.0.0.1', '127.255.255.254'],
    'link-local and metadata': ['169.254.0.1', '169.254.169.254', '169.254.255.255'],
    'IETF protocol assignments': ['192.0.0.1', '192.0.0.170'],
    documentation: ['192.0.2.1', '198.51.100.1', '203.0.113.255'],
    '6to4 relays': ['192.88.99.1'],
    benchmarking: ['198.18.0.1', '198.19.255.255'],
    multicast: ['224.0.0.1', '239.255.255.255'],
    reserved: ['240.0.0.1', '255.255.255.254', '255.255.255.255'],
};

const V6 = ['::', '::1', 'fe80::1', 'fc00::1', 'fd00:ec2::254', 'ff02::1', 'fec0::1', '2001:db8::1', '::ffff:127.0.0.1', '::ffff:10.0.0.1', '::ffff:169.254.169.254', '::127.0.0.1', '64:ff9b::7f00:1', '64:ff9b:1::1', '64:ff9b::a9fe:a9fe', '2002:7f00:1::1', '2002:a00:1::', '2001:0:7f00:1::', '100::1', '::ffff:0:127.0.0.1'];

scenario('E10 all blocked ranges of IPv4, their first and last addresses', async () => {
    await Promise.all(Object.values(V4).flat().map((address) => blocked(`http://${address}:${receiver.port}/x`, address)));
    assert.equal(receiver.count, 0);
});

scenario('E10 all blocked ranges of IPv6, mapped and embedded IPv4 too', async () => {
    await Promise.all(V6.map((address) => blocked(`http://[${address}]:${receiver.port}/x`)));
    assert.equal(receiver.count, 0);
});

scenario('E10 the guard checks when the socket is opened, not only when the webhook is made', { timeout: 240000 }, async () => {
    const one = await startHub({ name: 'narrowed', egress: '0.0.0.0/0,::/0', args: ['--connect-timeout', '2s', '--attempt-timeout', '4s'] });
    const client = one.client();
    const addresses = [...Object.values(V4).flat(), ...V6.map((address) => `[${address}]`)];
    const hooks = [];
    for (const address of addresses) hooks.push([address, (await makeWebhook(client, `http://${address}:${receiver.port}/x`, { eventTypes: ['ping'] })).id]);
    await one.stop();
    one.egress = null;
    await one.start();
    await Promise.all(hooks.map(async ([address, id]) => {
        expect(await client.post(`/api/v1/webhooks/${id}/ping`), 202);
        const delivery = await waitDelivery(client, id, (found) => found.attempts.length > 0, { timeout: 20000 });
        assert.equal(delivery.state, 'pending');
        assert.equal(delivery.attempts[0].response, null, `${address} was reached`);
        assert.match(delivery.attempts[0].error, /--allow-egress/, `${address}: ${delivery.attempts[0].error}`);
    }));
    assert.equal(receiver.count, 0);
});

scenario('E10 decimal, hexadecimal, octal and short spellings of an address', async () => {
    const spellings = ['2130706433', '0x7f000001', '0x7f.0.0.1', '0177.0.0.1', '127.1', '127.0.1', '0x7f.1', '017700000001', '0', '2852039166', '0xa9fea9fe', '127.0.0.1.', '①②⑦.0.0.1', '%31%32%37.0.0.1'];
    await Promise.all(spellings.map((spelling) => blocked(`http://${spelling}:${receiver.port}/x`)));
    assert.equal(receiver.count, 0);
});

scenario('E10 names that resolve to blocked addresses, each of them; and localhost', async () => {
    Object.assign(names.names, {
        'loop.example.org': ['127.0.0.1'],
        'ten.example.org': ['10.1.2.3'],
        'meta.example.org': ['169.254.169.254'],
        'six.example.org': ['::1'],
        'mapped.example.org': ['::ffff:127.0.0.1'],
        'unique.example.org': ['fd00::1'],
        'both.example.org': ['127.0.0.1', '::1'],
    });
    const expected = { 'loop.example.org': '127.0.0.1', 'ten.example.org': '10.1.2.3', 'meta.example.org': '169.254.169.254' };
    const all = [...Object.keys(names.names), 'localhost', 'a.localhost', 'LOCALHOST.'];
    await Promise.all(all.map(async (name) => {
        const attempt = await attemptAt(api, `http://${name}:${receiver.port}/x`);
        if (attempt.refusedAtCreation) return;
        assert.equal(attempt.response, null, name);
        if (!name.toLowerCase().includes('localhost')) assert.match(attempt.error, /--allow-egress/, `${name}: ${attempt.error}`);
        if (expected[name]) assert.ok(attempt.error.includes(expected[name]), `${name}: ${attempt.error}`);
    }));
    assert.equal(receiver.count, 0);
});

scenario('E10 a name that changes its mind is checked when the socket is opened', async () => {
    const allowed = await startHub({ name: 'rebind', egress: '127.0.0.2/32', args: ['--name-servers', names.address, '--connect-timeout', '2s'] });
    const other = await startReceiver({ host: '127.0.0.2' });
    names.ttl = 0;
    names.names['rebind.example.org'] = (question) => (question === 1 ? ['127.0.0.2'] : ['127.0.0.1']);
    const client = allowed.client();
    const hook = await makeWebhook(client, `http://rebind.example.org:${receiver.port}/x`, { eventTypes: ['ping'] });
    for (let i = 0; i < 4; i++) await client.post(`/api/v1/webhooks/${hook.id}/ping`);
    await waitDelivery(client, hook.id, (one) => one.attempts.length > 0);
    assert.equal(receiver.count, 0, 'the second address was never spoken to');
    const fine = await makeWebhook(client, `http://127.0.0.2:${other.port}/x`, { eventTypes: ['ping'] });
    await client.post(`/api/v1/webhooks/${fine.id}/ping`);
    await other.waitFor(1);
    await other.close();
});

scenario('E10 redirects to blocked addresses are not followed', async () => {
    const open = await startHub({ name: 'redirect', egress: '127.0.0.1/32' });
    const inner = await startReceiver({ host: '127.0.0.2' });
    const outer = await startReceiver();
    outer.answers({ status: 302, headers: { Location: `${inner.url}/latest/meta-data` } });
    const attempt = await attemptAt(open.client(), `${outer.url}/x`);
    assert.equal(attempt.response.status, 302);
    assert.equal(inner.count, 0);
    await inner.close();
    await outer.close();
});

scenario('--allow-egress opens what it names, and nothing beside it', async () => {
    const open = await startHub({ name: 'open', egress: '127.0.0.1/32', args: ['--name-servers', names.address] });
    names.names['loop.example.org'] = ['127.0.0.1'];
    const before = receiver.count;
    for (const host of ['127.0.0.1', 'loop.example.org', '2130706433'])
        assert.equal((await attemptAt(open.client(), `http://${host}:${receiver.port}/x`)).response?.status, 200, host);
    assert.equal(receiver.count, before + 3);
    const beside = await attemptAt(open.client(), `http://127.0.0.2:${receiver.port}/x`);
    if (beside.refusedAtCreation) assert.match(beside.refusedAtCreation.text, /127\.0\.0\.2/);
    else {
        assert.equal(beside.response, null);
        assert.match(beside.error, /127\.0\.0\.2/);
    }
});

scenario('S1.73 a name that does not exist is a failure with a reason; one whose server never answers stalls nobody', async () => {
    const open = await startHub({ name: 'names', args: ['--name-servers', names.address, '--connect-timeout', '5s'] });
    const client = open.client();
    const missing = await attemptAt(client, 'http://missing.example.org/x');
    assert.equal(missing.response, null);
    assert.match(missing.error, /missing\.example\.org/);
    for (let i = 0; i < 20; i++) names.names[`hang${i}.example.org`] = 'hang';
    await makeEvent(client, { alias: 'order', fields: [TEXT] });
    for (let i = 0; i < 20; i++) await makeWebhook(client, `http://hang${i}.example.org/x`, { eventTypes: ['custom_event.order'] });
    await makeWebhook(client, `http://127.0.0.1:${receiver.port}/fine`, { eventTypes: ['custom_event.order'] });
    const fine = () => receiver.requests.filter((received) => received.path === '/fine').length;
    const begun = Date.now();
    for (let i = 0; i < 10; i++) expect(await sendApi(client, 'order', { email: 'n@example.org' }), 201);
    await receiver.waitFor(10, { filter: (received) => received.path === '/fine', timeout: 4000 });
    assert.ok(fine() === 10 && Date.now() - begun < 4000 * Number(process.env.JUNCTOR_SLOW ?? 1));
});
