// What is said about a mistake: once, in our own words, with the limit, and what to do.
import assert from 'node:assert/strict';
import { before } from 'node:test';
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { TEXT, bodyOfSize, makeEvent, makeWebhook, sendApi } from '../lib/fixtures.mjs';
import { expectProblem } from '../lib/http.mjs';
import { Hub, scenario, startHub } from '../lib/hub.mjs';
import { run } from '../lib/processes.mjs';
import { exchange } from '../lib/raw.mjs';

let hub;
let api;
let made;
let hook;

before(async () => {
    hub = await startHub();
    api = hub.client();
    made = await makeEvent(api, { alias: 'said', fields: [TEXT, { id: 'n', name: 'N', type: 'integer' }] });
    hook = await makeWebhook(api, 'http://127.0.0.1:9/', { eventTypes: ['ping'] });
});

const errorOf = (answer) => answer.json.errors.map(({ pointer, field, code }) => `${pointer} ${field} ${code}`);

scenario('a body that is no JSON: the place is said once; an empty one is called empty', async () => {
    const { detail } = expectProblem(await sendApi(api, 'said', '{"email":"a@b.org","text":tru}'), 400, 'malformed').json;
    assert.match(detail, /^The body is not JSON: at byte \d+ \(line 1, column \d+\): .*\.$/);
    assert.equal(detail.match(/at byte/g).length, 1, detail);
    for (const body of ['', ' \n'])
        for (const answer of [await sendApi(api, 'said', body), await api.post('/api/v1/integrations', body)])
            assert.match(expectProblem(answer, 400, 'malformed').json.detail, /body is empty/);
});

scenario('what is too large is told the limit, and its size where that is known', async () => {
    assert.match(expectProblem(await sendApi(api, 'said', bodyOfSize(524289)), 413, 'too_large').json.detail, /524289 bytes.*524288/);
    const head = `POST /custom-events/alias/said HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${api.key}\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n`;
    const long = await exchange(hub.port, [`${head}90000\r\n`], { quiet: 2000 });
    assert.equal(long.status, 413);
    assert.match(long.text, /524288/);
    for (const [status, request] of [
        [414, `GET /${'a'.repeat(40000)} HTTP/1.1\r\nHost: x\r\n\r\n`],
        [431, `GET / HTTP/1.1\r\nHost: x\r\nX-Fill: ${'f'.repeat(40000)}\r\n\r\n`],
    ]) {
        const answer = await exchange(hub.port, [request], { quiet: 2000 });
        assert.equal(answer.status, status);
        assert.match(answer.text, /32768 bytes/);
    }
});

scenario('a malformed request is told so in our words', async () => {
    for (const request of ['GET / HTTP/1.1\r\nHost: x\r\nA\x01B: c\r\n\r\n', 'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: x\r\n\r\n', 'GET /\x7f HTTP/1.1\r\nHost: x\r\n\r\n', 'NOPE\r\n\r\n', `POST /custom-events/alias/said HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${api.key}\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n`]) {
        const answer = await exchange(hub.port, [request], { quiet: 2000 });
        assert.equal(answer.status, 400, request);
        const text = answer.text;
        assert.doesNotMatch(text, /Invalid |Unexpected |Expected |Span callback|Missing expected/, text);
    }
});

scenario('each error names what is wrong: kind, pointer, field, and the values there are', async () => {
    assert.deepEqual(errorOf(expectProblem(await sendApi(api, 'said', { email: 'a@b.org', n: 1.5 }), 422)), ['/n n type']);
    assert.deepEqual(errorOf(expectProblem(await sendApi(api, 'said', '{"email":"a@b.org","n":1e30}'), 422)), ['/n n range']);
    const path = `/api/v1/integrations/${made.integration}/events/${made.id}`;
    const context = expectProblem(await api.patch(path, { context: 'web', fields: [] }), 422);
    assert.deepEqual(errorOf(context), ['/context context locked']);
    for (const bad of [{ eventTypes: ['ping', 5] }, { eventTypes: ['ping', 'nonsense'] }, { eventTypes: ['ping', 'x'.repeat(600)] }])
        assert.match(errorOf(expectProblem(await api.patch(`/api/v1/webhooks/${hook.id}`, bad), 422))[0], /^\/eventTypes\/1 eventTypes /);
    assert.match(errorOf(expectProblem(await api.patch('/api/v1/organization', { allowedAddresses: ['10.0.0.1', 'x'] }), 422))[0], /^\/allowedAddresses\/1 allowedAddresses /);
    const format = expectProblem(await api.patch(`/api/v1/webhooks/${hook.id}`, { format: 'bare' }), 422);
    assert.deepEqual(errorOf(format), ['/format format locked']);
    assert.match(format.json.errors[0].message, /cannot be changed/);
    const state = expectProblem(await api.get(`/api/v1/webhooks/${hook.id}/deliveries?state=nonsense`), 422);
    assert.match(state.json.errors[0].message, /pending, delivered, dead, dropped/);
});

scenario('the command line says what is wrong with files, and no place in our source', async () => {
    const lone = new Hub({ name: 'files' });
    const empty = join(lone.dir, 'empty.db');
    const junk = join(lone.dir, 'junk');
    mkdirSync(junk, { recursive: true });
    writeFileSync(empty, '');
    writeFileSync(join(junk, 'junctor.db'), 'this is no database '.repeat(1000));
    const cases = [
        [['restore', '--data', lone.data, '--from', empty], /empty\.db is empty/],
        [['backup', '--data', hub.data, '--to', join(lone.dir, 'no', 'where.db')], /where\.db failed: No such file or directory/],
        [['backup', '--data', junk, '--to', join(lone.dir, 'b.db')], /junctor\.db cannot be used: file is not a database/],
        [['serve', '--data', junk, '--listen', '127.0.0.1:0'], /cannot start.*junctor\.db cannot be used: file is not a database/],
        [['serve', '--data', join(empty, 'below'), '--listen', '127.0.0.1:0'], /cannot start.*below cannot be used: Not a directory/],
        [['serve', '--data', lone.data, '--listen', '127.0.0.1:0', '--tls-cert', '/nowhere/cert.pem', '--tls-key', '/nowhere/key.pem'], /cert\.pem cannot be used: No such file or directory/],
        [['send', '--url', hub.url, '--key', api.key, '--no-create-contact', 'said', '{"email":"nobody@example.org"}'], /Leave out --no-create-contact/],
    ];
    for (const [args, words] of cases) {
        const done = await lone.cli(args);
        assert.notEqual(done.code, 0, args.join(' '));
        assert.match(done.stderr, words, args.join(' '));
        assert.doesNotMatch(done.stderr, /\.c:\d+/, args.join(' '));
    }
});

scenario('a database that cannot be written: serve says which, and what to do', async () => {
    const lone = await startHub({ name: 'read-only' });
    await lone.stop();
    // Root may write whatever the modes say, unless that is taken from it.
    const modest = process.getuid() === 0 ? ['setpriv', '--bounding-set', '-dac_override,-dac_read_search'] : [];
    const [program, ...args] = [...modest, lone.program, 'serve', '--data', lone.data, '--listen', '127.0.0.1:0'];
    const serve = () => run(program, args, { env: lone.environment });
    chmodSync(lone.dir, 0o755);
    for (const [mode, words] of [[0o555, /cannot start.*data.*cannot be used: Permission denied.*--data/], [0o777, /cannot start.*junctor\.db cannot be written: Permission denied.*--data/]]) {
        chmodSync(lone.data, mode);
        chmodSync(join(lone.data, 'lock'), mode === 0o777 ? 0o666 : 0o400);
        chmodSync(join(lone.data, 'junctor.db'), 0o444);
        const done = await serve();
        assert.equal(done.code, 1, done.stderr);
        assert.match(done.stderr, words);
    }
    chmodSync(lone.data, 0o700);
});

scenario('names hold no control characters; a host no empty part', async () => {
    const name = 'two\nlines';
    const field = { id: 'f', name, type: 'text' };
    const email = { id: 'email', name: 'E', type: 'email', required: true, isPrimaryKey: true };
    const path = `/api/v1/integrations/${made.integration}`;
    const refusals = [
        await api.patch('/api/v1/organization', { name }),
        await api.post('/api/v1/users', { email: 'c@example.org', name: 'a\u0007b', password: 'long enough it is', role: 'viewer' }),
        await api.post('/api/v1/api-keys', { name: 'a\u009fb', scopes: ['contacts:read'] }),
        await api.post('/api/v1/integrations', { name }),
        await api.post(`${path}/events`, { context: 'api', alias: 'c1', name, fields: [email] }),
        await api.post(`${path}/events`, { context: 'api', alias: 'c2', name: 'x', fields: [email, field] }),
        await api.post('/api/v1/webhooks', { name: 'tab\there', url: 'https://example.org/', eventTypes: ['ping'] }),
    ];
    for (const answer of refusals) assert.match(errorOf(expectProblem(answer, 422))[0], / name format$/);
    for (const url of ['http://x..co/', 'http://.x.co/']) assert.deepEqual(errorOf(expectProblem(await api.post('/api/v1/webhooks', { name: 'x', url, eventTypes: ['ping'] }), 422)), ['/url url format']);
});

scenario('answers of the API are not to be kept, nor taken for something else', async () => {
    for (const answer of [await api.get('/api/v1/webhooks'), await api.get('/api/v1/nothing'), await hub.anonymous.get('/api/v1/users'), await hub.anonymous.get('/api/openapi.json'), await api.post('/api/v1/integrations', '{')]) {
        assert.equal(answer.headers['cache-control'], 'no-store', answer.text.slice(0, 100));
        assert.equal(answer.headers['x-content-type-options'], 'nosniff');
    }
});

scenario('settings that cannot be meant are refused; signals without a meaning are ignored', async () => {
    const lone = new Hub({ name: 'settings' });
    for (const [args, words] of [
        [['--public-url', 'https://hub.example/?a=b'], /public-url.*query/],
        [['--public-url', 'https://hub.example/#x'], /public-url.*fragment/],
        [['--public-url', 'https://me:secret@hub.example'], /public-url.*user name or password/],
        [['--public-url', 'https://'], /public-url.*names no host/],
        [['--public-url', 'https://:8443/x'], /public-url.*names no host/],
        [['--listen', 'localhost:8080'], /listen.*127\.0\.0\.1:8080/],
        [['--connect-timeout', '31s'], /connect-timeout is longer than attempt-timeout/],
    ]) {
        const done = await lone.cli(['serve', '--data', lone.data, ...args]);
        assert.notEqual(done.code, 0);
        assert.match(done.stderr, words);
    }
    hub.process.kill('SIGUSR1');
    hub.process.kill('SIGUSR2');
    await new Promise((done) => setTimeout(done, 200));
    assert.equal((await api.get('/healthz')).status, 200);
});
