// How an endpoint is delivered to, as the API takes and shows it: policy, transport, their mistakes.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { before } from 'node:test';

import { Authority } from '../lib/certificates.mjs';
import { expect, expectProblem } from '../lib/http.mjs';
import { filesUnder, scenario, startHub } from '../lib/hub.mjs';
import { temporaryFolder } from '../lib/processes.mjs';
import { until } from '../lib/wait.mjs';

let hub;
let api;
let certificate;
let privateKey;
let otherKey;

before(async () => {
    hub = await startHub();
    api = hub.client();
    const folder = temporaryFolder('certificates');
    for (const name of ['one', 'two'])
        execFileSync('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '20', '-subj', `/CN=${name}`, '-keyout', `${folder}/${name}.key`, '-out', `${folder}/${name}.pem`], { stdio: 'ignore' });
    certificate = readFileSync(`${folder}/one.pem`, 'utf8');
    privateKey = readFileSync(`${folder}/one.key`, 'utf8');
    otherKey = readFileSync(`${folder}/two.key`, 'utf8');
});

const good = (changes) => ({ name: 'Receiver', url: 'https://hooks.example.org/in', eventTypes: ['*'], ...changes });
const make = async (changes) => expect(await api.post('/api/v1/webhooks', good(changes)), 201).json;
const read = async (webhook) => expect(await api.get(`/api/v1/webhooks/${webhook.id}`), 200).json;
const change = (webhook, changes) => api.patch(`/api/v1/webhooks/${webhook.id}`, changes);

// Each: what is sent, and the pointers that are told.
async function refuses(list) {
    for (const [changes, ...pointers] of list) {
        const answer = expectProblem(await api.post('/api/v1/webhooks', good(changes)), 422, 'invalid');
        assert.deepEqual(answer.json.errors.map((error) => error.pointer), pointers, `${JSON.stringify(changes)}: ${answer.text}`);
        for (const error of answer.json.errors) assert.ok(error.message.length > 10, error.message);
    }
}

scenario('without a word all is as usual', async () => {
    const webhook = await read(await make());
    const { order, onDead, concurrency, ratePerMinute, delayMs, retry, method, httpVersion, headers, auth, clientCertificate, certificateAuthorities, proxy, connectTimeoutMs, timeoutMs } = webhook;
    assert.deepEqual(
        { order, onDead, concurrency, ratePerMinute, delayMs, retry, method, httpVersion, headers, auth, clientCertificate, certificateAuthorities, proxy, connectTimeoutMs, timeoutMs },
        { order: 'none', onDead: 'pause', concurrency: null, ratePerMinute: null, delayMs: 0, retry: { policy: 'webhook' }, method: 'POST', httpVersion: 'auto', headers: [], auth: null, clientCertificate: null, certificateAuthorities: null, proxy: null, connectTimeoutMs: null, timeoutMs: null },
    );
    assert.deepEqual(
        webhook.retrySchedule.map((step) => step.afterSeconds),
        [5, 300, 1800, 7200, 18000, 36000, 50400, 72000, 86400],
    );
    assert.deepEqual(webhook.retrySchedule[1], { retry: 2, afterSeconds: 300, leastSeconds: 240, mostSeconds: 360, sinceFirstSeconds: 305 });
});

scenario('what is set is shown, and a change leaves what it does not name', async () => {
    const policy = { order: 'strict', onDead: 'continue', concurrency: 3, ratePerMinute: 600, delayMs: 1500, retry: { delaysSeconds: [1, 10], retries: 5, jitterPercent: 0 } };
    const transport = { method: 'PUT', httpVersion: '1.1', headers: [{ name: 'X-Shop', value: 'berlin', secret: false }], proxy: 'http://93.184.216.34:3128', connectTimeoutMs: 2000, timeoutMs: 9000 };
    const webhook = await make({ ...policy, ...transport });
    const shown = await read(webhook);
    for (const [name, value] of Object.entries({ ...policy, ...transport })) assert.deepEqual(shown[name], value, name);
    const changed = expect(await change(webhook, { order: 'subject', timeoutMs: null }), 200).json;
    for (const [name, value] of Object.entries({ ...policy, ...transport, order: 'subject', timeoutMs: null })) assert.deepEqual(changed[name], value, name);
    await hub.restart();
    api = hub.client();
    const again = await read(webhook);
    assert.deepEqual({ ...again, updatedAt: 0 }, { ...changed, updatedAt: 0 }, 'after a restart');
});

scenario('what is shown can be sent back', async () => {
    const webhook = await make({ retry: { firstSeconds: 2, capSeconds: 60, retries: null }, auth: { type: 'basic', username: 'me', password: 'hush-hush' }, headers: [{ name: 'X-Api-Key', value: 'hush-too' }] });
    const { retry, auth, headers } = await read(webhook);
    delete auth.password;
    for (const header of headers) if (header.secret) delete header.value;
    const changed = expect(await change(webhook, { retry, auth, headers }), 200).json;
    assert.deepEqual([changed.retry, changed.auth, changed.headers], [retry, { ...auth, password: '(masked)' }, [{ name: 'X-Api-Key', value: '(masked)', secret: true }]]);
});

scenario('what a secret is shown as is not taken for it', async () => {
    const webhook = await make({ auth: { type: 'bearer', token: 'hush-hush' }, headers: [{ name: 'X-Api-Key', value: 'hush-too' }], proxy: 'http://me:hush@127.0.0.1:3128' });
    const { auth, headers, proxy } = await read(webhook);
    assert.match(JSON.stringify([auth, headers, proxy]), /masked.*masked.*masked/);
    for (const body of [{ auth }, { headers }, { proxy }, { clientCertificate: { certificate: 'x', privateKey: '(masked)' } }, { auth: { type: 'basic', username: 'me', password: '(masked)' } }, { auth: { type: 'oauth2', tokenUrl: 'http://127.0.0.1:9/', clientId: 'me', clientSecret: '(masked)' } }])
        assert.match(JSON.stringify(expectProblem(await change(webhook, body), 422, 'invalid').json.errors), /is what a secret is shown as/, JSON.stringify(body));
});

scenario('retry policies: their schedules, and a preview that saves nothing', async () => {
    const schedules = [
        [{ policy: 'postback' }, [30, 60, 120, 240, 480, 900, 900], 20],
        [{ delaysSeconds: [7] }, [7], 1],
        [{ delaysSeconds: [7, 9], retries: 4 }, [7, 9, 9, 9], 4],
        [{ delaysSeconds: [7, 9], retries: null }, [7, 9, 9, 9], 20],
        [{ firstSeconds: 1, capSeconds: 5, retries: 4 }, [1, 2, 4, 5], 4],
    ];
    for (const [retry, delays, count] of schedules) {
        const preview = expect(await api.post('/api/v1/retry-preview', { retry }), 200).json;
        assert.deepEqual(preview.retrySchedule.slice(0, delays.length).map((step) => step.afterSeconds), delays);
        assert.equal(preview.retrySchedule.length, count);
        const webhook = await make({ retry });
        assert.deepEqual([webhook.retry, webhook.retrySchedule], [preview.retry, preview.retrySchedule]);
    }
    await refuses([
        [{ retry: {} }, '/retry'],
        [{ retry: { policy: 'never' } }, '/retry/policy'],
        [{ retry: { policy: 'webhook', retries: 3 } }, '/retry/policy'],
        [{ retry: { delaysSeconds: [] } }, '/retry/delaysSeconds'],
        [{ retry: { delaysSeconds: [0] } }, '/retry/delaysSeconds/0'],
        [{ retry: { delaysSeconds: [1, 'x', 1.5] } }, '/retry/delaysSeconds/1', '/retry/delaysSeconds/2'],
        [{ retry: { delaysSeconds: Array(101).fill(1) } }, '/retry/delaysSeconds'],
        [{ retry: { delaysSeconds: [1], firstSeconds: 1 } }, '/retry'],
        [{ retry: { firstSeconds: 5 } }, '/retry/capSeconds'],
        [{ retry: { firstSeconds: 5, capSeconds: 4 } }, '/retry/capSeconds'],
        [{ retry: { capSeconds: 4 } }, '/retry/firstSeconds'],
        [{ retry: { delaysSeconds: [1], retries: 0 } }, '/retry/retries'],
        [{ retry: { delaysSeconds: [1], jitterPercent: 101 } }, '/retry/jitterPercent'],
        [{ retry: { delaysSeconds: [1], extra: 1 } }, '/retry/extra'],
        [{ retry: null }, '/retry'],
        [{ retry: 'webhook' }, '/retry'],
    ]);
    expectProblem(await api.post('/api/v1/retry-preview', { retry: { policy: 'never' } }), 422, 'invalid');
    expectProblem(await api.post('/api/v1/retry-preview', {}), 422, 'invalid');
});

scenario('policy: what is out of bounds is refused, all at once', async () => {
    await refuses([
        [{ order: 'random', onDead: 'explode' }, '/order', '/onDead'],
        [{ concurrency: 0 }, '/concurrency'],
        [{ concurrency: 65 }, '/concurrency'],
        [{ ratePerMinute: 0 }, '/ratePerMinute'],
        [{ delayMs: -1 }, '/delayMs'],
        [{ delayMs: 31 * 24 * 3600 * 1000 }, '/delayMs'],
        [{ connectTimeoutMs: 1, timeoutMs: 1 }, '/connectTimeoutMs', '/timeoutMs'],
        [{ timeoutMs: 300001 }, '/timeoutMs'],
        [{ method: 'GET' }, '/method'],
        [{ httpVersion: '3' }, '/httpVersion'],
    ]);
});

scenario('headers: names and values that HTTP allows, none that is the hub\'s own', async () => {
    const header = (name, value = 'x') => ({ headers: [{ name, value }] });
    await refuses([
        [header('X Y'), '/headers/0/name'],
        [header('X:'), '/headers/0/name'],
        [header(''), '/headers/0/name'],
        [header('Ünicode'), '/headers/0/name'],
        ...['host', 'Content-Length', 'content-type', 'Transfer-Encoding', 'Connection', 'webhook-ID', 'webhook-signature', 'junctor-hops', 'Expect'].map((name) => [header(name), '/headers/0/name']),
        [header('X-Y', 'a\r\nEvil: 1'), '/headers/0/value'],
        [header('X-Y', 'a\u0000'), '/headers/0/value'],
        ...[' a', 'a ', '\ta', 'a\t', ' '].map((value) => [header('X-Y', value), '/headers/0/value']),
        [header('X-Y', 'x'.repeat(4097)), '/headers/0/value'],
        [{ headers: [{ name: 'A', value: '1' }, { name: 'a', value: '2' }] }, '/headers/1/name'],
        [{ headers: [{ value: '1' }] }, '/headers/0/name'],
        [{ headers: [{ name: 'A' }, { name: 'B', value: null }, { name: 'C', value: '' }] }, '/headers/0/value', '/headers/1/value'],
        [{ headers: Array.from({ length: 51 }, (_, i) => ({ name: `X-${i}`, value: '1' })) }, '/headers'],
        [{ headers: ['X: 1'] }, '/headers/0'],
        [{ headers: [{ name: 'Authorization', value: 'x' }], auth: { type: 'bearer', token: 'y' } }, '/headers'],
    ]);
});

scenario('credentials: each kind has what it needs', async () => {
    await refuses([
        [{ auth: { type: 'digest' } }, '/auth/type'],
        [{ auth: {} }, '/auth/type'],
        [{ auth: { type: 'basic' } }, '/auth/username'],
        [{ auth: { type: 'basic', username: 'a:b', password: 'c' } }, '/auth/username'],
        [{ auth: { type: 'bearer' } }, '/auth/token'],
        [{ auth: { type: 'bearer', token: 'a\nb' } }, '/auth/token'],
        [{ auth: { type: 'bearer', token: 'ab ' } }, '/auth/token'],
        [{ auth: { type: 'bearer', token: '\tab' } }, '/auth/token'],
        [{ auth: { type: 'bearer', token: 'a', password: 'b', clientSecret: 'c' } }, '/auth/password', '/auth/clientSecret'],
        [{ auth: { type: 'basic', username: 'a', password: 'b', token: 'c', scope: 'd' } }, '/auth/token', '/auth/scope'],
        [{ auth: { type: 'oauth2', tokenUrl: 'https://id.example.org/', clientId: 'a', clientSecret: 'b', username: 'c' } }, '/auth/username'],
        [{ auth: { type: 'oauth2' } }, '/auth/tokenUrl', '/auth/clientId', '/auth/clientSecret'],
        [{ auth: { type: 'oauth2', tokenUrl: 'ftp://x', clientId: 'a', clientSecret: 'b' } }, '/auth/tokenUrl'],
        [{ auth: { type: 'oauth2', tokenUrl: 'http://10.0.0.1/token', clientId: 'a', clientSecret: 'b' } }, '/auth/tokenUrl'],
        [{ auth: 'basic' }, '/auth'],
    ]);
    const webhook = await make({ auth: { type: 'basic', username: ' a ', password: ' b ' } });
    for (const auth of [{ type: 'bearer', token: 'c', scope: null }, { type: 'oauth2', tokenUrl: 'https://id.example.org/', clientId: 'a', clientSecret: ' d ' }, { type: 'basic', username: 'a', password: 'b' }])
        assert.equal(expect(await change(webhook, { auth }), 200).json.auth.type, auth.type, 'what was stored of another type is no hindrance');
    const answer = expectProblem(await change(webhook, { auth: { type: 'basic', username: 'a', token: 'c' } }), 422, 'invalid');
    assert.match(answer.text, /This belongs to the type bearer: leave it out/);
});

scenario('certificates and proxies are checked when they are saved', async () => {
    await refuses([
        [{ clientCertificate: { certificate: 'hello', privateKey } }, '/clientCertificate'],
        [{ clientCertificate: { certificate } }, '/clientCertificate'],
        [{ clientCertificate: { certificate, privateKey: otherKey } }, '/clientCertificate'],
        [{ clientCertificate: { privateKey } }, '/clientCertificate/certificate'],
        [{ clientCertificate: { certificate: certificate + privateKey, privateKey } }, '/clientCertificate'],
        [{ clientCertificate: { certificate: certificate + certificate.slice(0, -40), privateKey } }, '/clientCertificate'],
        [{ certificateAuthorities: 'hello' }, '/certificateAuthorities'],
        [{ certificateAuthorities: certificate + privateKey }, '/certificateAuthorities'],
        [{ certificateAuthorities: certificate.slice(0, -40) }, '/certificateAuthorities'],
        [{ proxy: 'proxy.example' }, '/proxy'],
        [{ proxy: 'socks5://proxy.example:1' }, '/proxy'],
        [{ proxy: 'http://10.0.0.1:3128' }, '/proxy'],
    ]);
    const webhook = await make({ clientCertificate: { certificate, privateKey }, certificateAuthorities: certificate, proxy: 'http://user:hush-proxy@proxy.example:3128' });
    assert.ok(webhook.warnings.some((warning) => /client certificate is good until/.test(warning)), JSON.stringify(webhook.warnings));
    const changed = expect(await change(webhook, { clientCertificate: { certificate } }), 200).json;
    assert.deepEqual(changed.clientCertificate, { certificate, privateKey: '(masked)' });
    assert.equal(expect(await change(webhook, { clientCertificate: null }), 200).json.clientCertificate, null);
});

scenario('a client certificate that has expired stands in the way of nothing', async () => {
    const issued = new Authority().issue('short-lived', { to: 3000 });
    const clientCertificate = { certificate: String(issued.cert), privateKey: String(issued.key) };
    const webhook = await make({ clientCertificate });
    await until('it has expired', async () => (await change(webhook, { clientCertificate })).status === 422);
    for (const changes of [{ name: 'New' }, { concurrency: 2 }, { status: 'paused' }, { status: 'disabled' }]) {
        const changed = expect(await change(webhook, changes), 200).json;
        assert.ok(changed.warnings.some((warning) => /client certificate expired at/.test(warning)), JSON.stringify(changed.warnings));
    }
    expect(await change(webhook, { clientCertificate: null }), 200);
});

scenario('of a proxy its user is not shown either', async () => {
    for (const user of ['me:hush', 'an-api-key', "me:hu'sh"]) {
        const { proxy } = await make({ proxy: `http://${user}@127.0.0.1:3128` });
        assert.equal(proxy, 'http://(masked)@127.0.0.1:3128');
    }
});

scenario('secrets do not go with an endpoint to another host unless they are sent again', async () => {
    const elsewhere = 'https://evil.example.org/in';
    const refused = async (webhook, changes, ...pointers) => {
        const answer = expectProblem(await change(webhook, changes), 422, 'invalid');
        assert.deepEqual(answer.json.errors.map((error) => error.pointer), pointers, answer.text);
        for (const error of answer.json.errors) assert.match(error.message, /another host/);
    };
    const basic = await make({ auth: { type: 'basic', username: 'me', password: 'hush' }, headers: [{ name: 'X-Api-Key', value: 'k' }, { name: 'X-Plain', value: 'p' }] });
    await refused(basic, { url: elsewhere }, '/auth/password', '/headers');
    await refused(basic, { url: 'https://hooks.example.org:8443/in', auth: { type: 'basic', username: 'you' } }, '/auth/password', '/headers');
    await refused(basic, { url: elsewhere, auth: null }, '/headers');
    expect(await change(basic, { url: 'https://HOOKS.example.org:443/another/path' }), 200);
    expect(await change(basic, { url: elsewhere, auth: { type: 'basic', username: 'me', password: 'hush' }, headers: [{ name: 'X-Api-Key', value: 'k' }] }), 200);
    const oauth = { type: 'oauth2', tokenUrl: 'https://id.example.org/token', clientId: 'me' };
    const client = await make({ auth: { ...oauth, clientSecret: 'hush' } });
    await refused(client, { auth: { ...oauth, tokenUrl: 'https://evil.example.org/token' } }, '/auth/clientSecret');
    expect(await change(client, { auth: { ...oauth, tokenUrl: 'https://id.example.org/token2' } }), 200);
    expect(await change(client, { auth: { ...oauth, tokenUrl: 'https://evil.example.org/token', clientSecret: 'hush' } }), 200);
    expect(await change(client, { auth: { type: 'bearer', token: 't' }, url: elsewhere }), 200);
});

scenario('nor by another proxy, which could read them', async () => {
    const proxy = 'http://me:hush@proxy.example.org:3128';
    const auth = { type: 'bearer', token: 'hush' };
    const headers = [{ name: 'X-Api-Key', value: 'k' }];
    const webhook = await make({ auth, headers });
    for (const changes of [{ proxy }, { proxy, auth: { type: 'bearer' } }, { proxy, headers: [{ name: 'X-Api-Key' }] }]) {
        const answer = expectProblem(await change(webhook, changes), 422, 'invalid');
        assert.deepEqual(answer.json.errors.map((error) => error.pointer), ['/auth/token', '/headers'], answer.text);
    }
    expect(await change(webhook, { proxy, auth, headers }), 200);
    expect(await change(webhook, { proxy: 'http://you:other@PROXY.example.org:3128' }), 200);
    expectProblem(await change(webhook, { proxy: 'http://proxy.example.org:3129' }), 422, 'invalid');
    expect(await change(webhook, { proxy: null }), 200);
    expectProblem(await change(webhook, { proxy }), 422, 'invalid');
    expect(await change(await make(), { proxy }), 200);
});

scenario('secrets: shown nowhere, sealed on the disk, absent from log and audit', async () => {
    const secrets = ['hush-password-1', 'hush-token-2', 'hush-client-3', 'hush-header-4', 'hush-flagged-5', 'hush-proxy-6', privateKey.split('\n')[1]];
    const webhook = await make({
        auth: { type: 'basic', username: 'me', password: secrets[0] },
        headers: [{ name: 'X-Api-Key', value: secrets[3] }, { name: 'X-Plain', value: secrets[4], secret: true }],
        proxy: `http://user:${secrets[5]}@proxy.example:3128`,
        clientCertificate: { certificate, privateKey },
    });
    expect(await change(webhook, { auth: { type: 'bearer', token: secrets[1] } }), 200);
    expect(await change(webhook, { auth: { type: 'oauth2', tokenUrl: 'https://id.example/token', clientId: 'me', clientSecret: secrets[2] } }), 200);
    const seen = JSON.stringify([webhook, await read(webhook), await api.all('/api/v1/webhooks'), await api.all('/api/v1/audit')]);
    await hub.stop();
    const disk = filesUnder(hub.data).filter((file) => !file.endsWith('.key')).map((file) => readFileSync(join(file)));
    for (const secret of secrets) {
        assert.ok(!seen.includes(secret), `${secret} is shown`);
        assert.ok(!hub.log.includes(secret), `${secret} is logged`);
        for (const bytes of disk) assert.ok(!bytes.includes(secret), `${secret} lies on the disk`);
    }
    await hub.start();
    api = hub.client();
});

scenario('pause, resume, disable: each says what it is, whatever it was', async () => {
    const webhook = await make();
    for (const status of ['paused', 'active', 'disabled', 'paused', 'active', 'active']) {
        assert.equal(expect(await change(webhook, { status }), 200).json.status, status);
        assert.equal((await read(webhook)).status, status);
    }
    for (const status of ['held', 'deleted', 'on', null]) expectProblem(await change(webhook, { status }), 422, 'invalid');
});
