// TLS with certificates that are read anew on SIGHUP; proxies that are trusted, and others.
import assert from 'node:assert/strict';
import { after } from 'node:test';
import { copyFileSync, readFileSync, writeFileSync } from 'node:fs';
import https from 'node:https';
import { join } from 'node:path';
import tls from 'node:tls';

import { makeEvent, makeWebhook, sendWebhook } from '../lib/fixtures.mjs';
import { Client, expect, expectProblem } from '../lib/http.mjs';
import { Hub, scenario } from '../lib/hub.mjs';
import { runSync, temporaryFolder } from '../lib/processes.mjs';
import { startReceiver } from '../lib/receiver.mjs';
import { until } from '../lib/wait.mjs';

const folder = temporaryFolder('tls');

function certificate(name) {
    const key = join(folder, `${name}.key`);
    const cert = join(folder, `${name}.pem`);
    const made = runSync('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2', '-subj', `/CN=${name}`, '-addext', 'subjectAltName=IP:127.0.0.1,DNS:localhost', '-keyout', key, '-out', cert]);
    assert.equal(made.code, 0, made.stderr);
    return { key, cert };
}

const peerName = (port) => new Promise((resolve, reject) => {
    const socket = tls.connect({ port, host: '127.0.0.1', rejectUnauthorized: false }, () => {
        resolve(socket.getPeerCertificate().subject.CN);
        socket.destroy();
    });
    socket.on('error', reject);
});

scenario('TLS: served, reloaded on SIGHUP without cutting anybody; a broken certificate keeps the old one', async () => {
    const first = certificate('first');
    const second = certificate('second');
    const cert = join(folder, 'live.pem');
    const key = join(folder, 'live.key');
    copyFileSync(first.cert, cert);
    copyFileSync(first.key, key);
    const hub = new Hub({ scheme: 'https', args: ['--tls-cert', cert, '--tls-key', key] });
    await hub.init();
    await hub.start();
    const insecure = { rejectUnauthorized: false };
    const api = new Client(hub.url, { key: hub.owners[0].apiKey, tls: { rejectUnauthorized: true, ca: readFileSync(first.cert) } });
    await makeEvent(api, { alias: 'secure', context: 'webhook' });
    expect(await sendWebhook(api, hub.owners[0].organizationId, 'secure', { email: 'tls@example.org' }), 200, 201, 202);
    assert.equal(await peerName(hub.port), 'first');

    const agent = new https.Agent({ keepAlive: true, maxSockets: 1 });
    const kept = new Client(hub.url, { key: hub.owners[0].apiKey, tls: insecure });
    kept.agent = agent;
    expect(await kept.get('/api/v1/integrations'), 200);
    copyFileSync(second.cert, cert);
    copyFileSync(second.key, key);
    hub.process.kill('SIGHUP');
    await until('the new certificate is served', async () => (await peerName(hub.port)) === 'second');
    expect(await kept.get('/api/v1/integrations'), 200);
    writeFileSync(cert, 'broken');
    hub.process.kill('SIGHUP');
    await until('it is logged', () => /certificate|tls/i.test(hub.log.split('ended')[0].slice(-2000)));
    assert.equal(await peerName(hub.port), 'second');
    expect(await kept.get('/api/v1/integrations'), 200);
    agent.destroy();

    const big = await new Client(hub.url, { key: hub.owners[0].apiKey, tls: insecure }).post(`/${hub.owners[0].organizationId}/custom-events/alias/secure`, { email: 'tls@example.org', unknown: 'x'.repeat(400000) });
    assert.ok(big.status < 300, big.text);

    // Versions below TLS 1.2 are refused; plain HTTP on a TLS port is no event.
    await assert.rejects(new Promise((resolve, reject) => {
        const socket = tls.connect({ port: hub.port, host: '127.0.0.1', rejectUnauthorized: false, maxVersion: 'TLSv1.1', minVersion: 'TLSv1', ciphers: 'DEFAULT@SECLEVEL=0' }, () => resolve(socket.getProtocol()));
        socket.on('error', reject);
    }));
    const plain = await new Client(`http://127.0.0.1:${hub.port}`).get('/healthz').catch((error) => ({ status: 0, error }));
    assert.notEqual(plain.status, 200);
    expect(await kept.with({ agent: false }).get('/api/v1/integrations'), 200);
});

scenario('TLS to targets: an untrusted certificate is a failed attempt with a reason', async () => {
    const pair = certificate('target');
    const hub = new Hub();
    await hub.init();
    await hub.start();
    const receiver = await startReceiver({ tls: { key: readFileSync(pair.key), cert: readFileSync(pair.cert) } });
    after(() => receiver.close());
    const api = hub.client();
    const hook = await makeWebhook(api, receiver.url, { eventTypes: ['ping'] });
    expect(await api.post(`/api/v1/webhooks/${hook.id}/ping`), 200, 201, 202);
    const [row] = await until('an attempt', async () => {
        const { data } = (await api.get(`/api/v1/webhooks/${hook.id}/deliveries`)).json;
        return data[0]?.attemptCount > 0 && data;
    });
    const { attempts } = (await api.get(`/api/v1/deliveries/${row.id}`)).json;
    assert.equal(attempts[0].response, null);
    assert.match(attempts[0].error, /certificate|SSL|TLS/i);
    assert.equal(receiver.count, 0);
});

scenario('--trusted-proxy: only its X-Forwarded-For counts, and only the part it vouches for', async () => {
    for (const [proxies, header, allowed] of [
        ['127.0.0.1/32', '198.51.100.7', true],
        ['127.0.0.1/32', '203.0.113.9', false],
        ['127.0.0.1/32', '198.51.100.7, 203.0.113.9', false],
        ['127.0.0.1/32', '203.0.113.9, 198.51.100.7', true],
        ['127.0.0.1/32,203.0.113.0/24', '198.51.100.7, 203.0.113.9', true],
        ['127.0.0.1/32', 'nonsense', false],
        ['10.0.0.0/8', '198.51.100.7', false],
    ]) {
        const hub = new Hub({ args: ['--trusted-proxy', proxies] });
        await hub.init();
        await hub.start();
        const api = hub.client();
        const made = expect(await api.post('/api/v1/api-keys', { name: 'there', scopes: ['integrations:read'], allowedAddresses: ['198.51.100.7/32'] }), 201).json;
        const answer = await api.with({ key: made.key }).get('/api/v1/integrations', { headers: { 'x-forwarded-for': header } });
        if (allowed) expect(answer, 200);
        else expectProblem(answer, 403, 'forbidden');
        await hub.remove();
    }
});
