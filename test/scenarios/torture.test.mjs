// HTTP on the wire: what senders get wrong, by accident or on purpose.
import assert from 'node:assert/strict';
import { before } from 'node:test';

import { TEXT, bodyOfSize, ledgerOf, makeEvent, sendWebhook } from '../lib/fixtures.mjs';
import { expect } from '../lib/http.mjs';
import { scenario, startHub } from '../lib/hub.mjs';
import { connect, exchange } from '../lib/raw.mjs';
import { sleep, until } from '../lib/wait.mjs';

let hub;
let api;
let path;

before(async () => {
    hub = await startHub();
    api = hub.client();
    await makeEvent(api, { alias: 'wire', context: 'webhook', fields: [TEXT] });
    path = `/${hub.owners[0].organizationId}/custom-events/alias/wire`;
});

const BODY = '{"email":"wire@example.org"}';
const head = (lines, first = `POST ${path} HTTP/1.1`) => `${[first, ...lines].join('\r\n')}\r\n\r\n`;
const HOST = 'Host: hub.example.org';
const JSON_TYPE = 'Content-Type: application/json';
const LENGTH = `Content-Length: ${BODY.length}`;
const chunked = (body) => `${body.length.toString(16)}\r\n${body}\r\n0\r\n\r\n`;
// What a smuggler would like to see answered.
const SMUGGLED = `POST ${path} HTTP/1.1\r\n${HOST}\r\n${JSON_TYPE}\r\n${LENGTH}\r\n\r\n${BODY}`;

const events = async () => (await ledgerOf(api)).events;

// The request is refused with 400 (or one of `statuses`) or cut; nothing is stored; the connection
// ends, so that nothing behind it is read as a request.
async function refused(name, bytes, { statuses = [400], stored = 0 } = {}) {
    const before = await events();
    const answer = await exchange(hub.port, [bytes], { quiet: 3000 });
    assert.ok(answer.statuses.length <= 1, `${name}: ${answer.statuses.length} answers: ${answer.text.slice(0, 400)}`);
    if (answer.statuses.length === 1) assert.ok(statuses.includes(answer.status), `${name}: ${answer.text.slice(0, 400)}`);
    else assert.ok(answer.closed, `${name}: neither answered nor closed`);
    assert.ok(answer.closed, `${name}: the connection stays open behind ${answer.status}`);
    assert.equal((await events()) - before, stored, `${name}: an event was stored`);
}

const smuggling = {
    'both Content-Length and Transfer-Encoding': head([HOST, JSON_TYPE, LENGTH, 'Transfer-Encoding: chunked']) + chunked(BODY) + SMUGGLED,
    'both, the other way round': head([HOST, JSON_TYPE, 'Transfer-Encoding: chunked', LENGTH]) + chunked(BODY) + SMUGGLED,
    'two different Content-Lengths': head([HOST, JSON_TYPE, LENGTH, 'Content-Length: 5']) + BODY + SMUGGLED,
    'two equal Content-Lengths': head([HOST, JSON_TYPE, LENGTH, LENGTH]) + BODY,
    'a list of Content-Lengths': head([HOST, JSON_TYPE, `Content-Length: ${BODY.length}, ${BODY.length}`]) + BODY,
    'Content-Length: +28': head([HOST, JSON_TYPE, `Content-Length: +${BODY.length}`]) + BODY,
    'Content-Length: -1': head([HOST, JSON_TYPE, 'Content-Length: -1']) + BODY,
    'Content-Length: 0x1c': head([HOST, JSON_TYPE, 'Content-Length: 0x1c']) + BODY,
    'Content-Length: 28 x': head([HOST, JSON_TYPE, `Content-Length: ${BODY.length} x`]) + BODY,
    'empty Content-Length': head([HOST, JSON_TYPE, 'Content-Length:']) + BODY,
    'Content-Length of 2^64 and something': head([HOST, JSON_TYPE, 'Content-Length: 18446744073709551644']) + BODY,
    'a space before the colon': head([HOST, JSON_TYPE, `Content-Length : ${BODY.length}`]) + BODY,
    'a bare CR in a header': head([HOST, JSON_TYPE, 'X-A: a\rX-B: b', LENGTH]) + BODY,
    'bare LF line ends': head([HOST, JSON_TYPE, LENGTH]).replaceAll('\r\n', '\n') + BODY,
    'one bare LF': `POST ${path} HTTP/1.1\r\n${HOST}\nX-A: b\r\n${JSON_TYPE}\r\n${LENGTH}\r\n\r\n${BODY}`,
    'obs-fold': head([HOST, JSON_TYPE, 'X-A: a\r\n folded', LENGTH]) + BODY,
    'obs-fold with a tab': head([HOST, JSON_TYPE, 'X-A: a\r\n\tfolded', LENGTH]) + BODY,
    'Transfer-Encoding: xchunked': head([HOST, JSON_TYPE, 'Transfer-Encoding: xchunked']) + chunked(BODY),
    'Transfer-Encoding: chunked, identity': head([HOST, JSON_TYPE, 'Transfer-Encoding: chunked, identity']) + chunked(BODY),
    'Transfer-Encoding: identity': head([HOST, JSON_TYPE, 'Transfer-Encoding: identity', LENGTH]) + BODY,
    'Transfer-Encoding: gzip, chunked': head([HOST, JSON_TYPE, 'Transfer-Encoding: gzip, chunked']) + chunked(BODY),
    'Transfer-Encoding twice': head([HOST, JSON_TYPE, 'Transfer-Encoding: chunked', 'Transfer-Encoding: chunked']) + chunked(BODY),
    'Transfer-Encoding with a vertical tab': head([HOST, JSON_TYPE, 'Transfer-Encoding: \x0bchunked']) + chunked(BODY),
    'a NUL in a header': head([HOST, JSON_TYPE, 'X-A: a\0b', LENGTH]) + BODY,
    'a control character in a header': head([HOST, JSON_TYPE, 'X-A: a\x01b', LENGTH]) + BODY,
    'a header without a name': head([HOST, JSON_TYPE, ': x', LENGTH]) + BODY,
    'a header without a colon': head([HOST, JSON_TYPE, 'nonsense', LENGTH]) + BODY,
    'a space in a header\'s name': head([HOST, JSON_TYPE, 'X A: b', LENGTH]) + BODY,
    'a chunk size that is none': head([HOST, JSON_TYPE, 'Transfer-Encoding: chunked']) + `xyz\r\n${BODY}\r\n0\r\n\r\n`,
    'a negative chunk size': head([HOST, JSON_TYPE, 'Transfer-Encoding: chunked']) + `-1c\r\n${BODY}\r\n0\r\n\r\n`,
    'a chunk size over 2^64': head([HOST, JSON_TYPE, 'Transfer-Encoding: chunked']) + `1000000000000001c\r\n${BODY}\r\n0\r\n\r\n`,
    'a chunk that is longer than its size': head([HOST, JSON_TYPE, 'Transfer-Encoding: chunked']) + `5\r\n${BODY}\r\n0\r\n\r\n`,
    'chunks with bare LF': head([HOST, JSON_TYPE, 'Transfer-Encoding: chunked']) + chunked(BODY).replaceAll('\r\n', '\n'),
    'a leading space in the first header': `POST ${path} HTTP/1.1\r\n ${HOST}\r\n${JSON_TYPE}\r\n${LENGTH}\r\n\r\n${BODY}`,
};

for (const [name, bytes] of Object.entries(smuggling)) scenario(`smuggling: ${name}`, () => refused(name, bytes));

scenario('no Host, two Hosts, an empty or impossible Host: 400', async () => {
    for (const lines of [[], [HOST, HOST], [HOST, 'Host: other.example.org'], ['Host: a b'], ['Host: a/b'], ['Host: user@x']]) await refused(`Host: ${lines}`, head([...lines, JSON_TYPE, LENGTH]) + BODY);
    const old = await exchange(hub.port, [head([JSON_TYPE, LENGTH], `POST ${path} HTTP/1.0`) + BODY], { quiet: 3000 });
    assert.ok(old.status === 201 || old.status === 200 || old.status === 202 || old.status === 400, 'HTTP/1.0 may come without one');
    assert.ok(old.closed);
});

scenario('request lines that are none', async () => {
    const lines = ['GET', 'GET /', 'GET / HTTP/1.1 x', 'get / HTTP/1.1', 'GET /a b HTTP/1.1', 'GET / HTTP/1.1\0', 'GET / HTTP/11', 'GET / HTTPS/1.1', 'GET / http/1.1', ' GET / HTTP/1.1', 'G\x01T / HTTP/1.1', 'GET /\x00 HTTP/1.1', 'GET /\xff HTTP/1.1', '\x16\x03\x01\x02\x00\x01\x00\x01\xfc', 'PRI * HTTP/2.0'];
    for (const line of lines) await refused(line, Buffer.from(head([HOST], line), 'latin1'), { statuses: [400, 404, 405, 501, 505] });
    // Two spaces are no request line either: who reads them differently reads another target.
    for (const line of ['GET  /healthz HTTP/1.1', 'GET /healthz  HTTP/1.1', 'GET   /healthz HTTP/1.1', 'GET /healthz HTTP/1.1 ']) await refused(line, head([HOST], line), { statuses: [400] });
    for (const version of ['0.9', '2.0', '3.0', '1.2', '9.9']) await refused(version, head([HOST], `GET /healthz HTTP/${version}`), { statuses: [400, 505] });
});

scenario('targets: absolute, asterisk, authority, dots, double slashes, escapes', async () => {
    const statusOf = async (line) => (await exchange(hub.port, [head([HOST, 'Connection: close'], line)], { quiet: 2000 })).status;
    assert.ok([200, 400].includes(await statusOf(`GET http://hub.example.org/healthz HTTP/1.1`)));
    assert.ok([200, 204, 400, 404, 405].includes(await statusOf('OPTIONS * HTTP/1.1')));
    assert.ok([400, 404, 405, 501].includes(await statusOf('CONNECT example.org:443 HTTP/1.1')));
    assert.ok([400, 404, 405, 501].includes(await statusOf('TRACE / HTTP/1.1')));
    for (const target of ['//healthz', '/./healthz', '/x/../healthz', '/%2e%2e/healthz', '/healthz/', '/healthz%00', '/healthz%2f', '/HEALTHZ']) assert.ok([400, 404].includes(await statusOf(`GET ${target} HTTP/1.1`)), target);
    assert.equal(await statusOf('GET /healthz?x=1#y HTTP/1.1').then((status) => [200, 400, 422].includes(status)), true);
    assert.equal(await statusOf('GET /healthz?%00%ff=%zz HTTP/1.1').then((status) => [200, 400, 422].includes(status)), true);
});

scenario('good requests in odd clothes are served', async () => {
    const before = await events();
    const good = {
        'in one piece': [head([HOST, JSON_TYPE, LENGTH, 'Connection: close']) + BODY],
        'byte by byte': [...(head([HOST, JSON_TYPE, LENGTH, 'Connection: close']) + BODY)].flatMap((byte) => [byte, 0]),
        chunked: [head([HOST, JSON_TYPE, 'Transfer-Encoding: chunked', 'Connection: close']) + chunked(BODY)],
        'chunk by chunk': [head([HOST, JSON_TYPE, 'Transfer-Encoding: CHUNKED', 'Connection: close']), ...[...BODY].flatMap((byte) => [`1\r\n${byte}\r\n`, 0]), '0\r\n\r\n'],
        'with extensions and trailers': [head([HOST, JSON_TYPE, 'Transfer-Encoding: chunked', 'Trailer: X-Sum', 'Connection: close']) + `${BODY.length.toString(16)};a=b\r\n${BODY}\r\n0\r\nX-Sum: 1\r\n\r\n`],
        'names in any case': [head(['hOST: x', 'content-TYPE: application/json', `CONTENT-LENGTH:${BODY.length}`, 'connection:CLOSE']) + BODY],
        'leading empty lines': ['\r\n' + head([HOST, JSON_TYPE, LENGTH, 'Connection: close']) + BODY],
        'Expect: 100-continue': [head([HOST, JSON_TYPE, LENGTH, 'Expect: 100-continue', 'Connection: close']), 200, BODY],
    };
    for (const [name, parts] of Object.entries(good)) {
        const answer = await exchange(hub.port, parts, { quiet: 4000 });
        assert.ok(answer.statuses.some((status) => status >= 200 && status < 300), `${name}: ${answer.text.slice(0, 300)}`);
        assert.ok(answer.closed, `${name}: Connection: close is kept`);
        if (name.startsWith('Expect')) assert.equal(answer.statuses[0], 100);
    }
    assert.equal((await events()) - before, Object.keys(good).length);
    const wrong = await exchange(hub.port, [head([HOST, JSON_TYPE, LENGTH, 'Expect: something']) + BODY], { quiet: 1500 });
    assert.ok([417, 200, 201, 202].includes(wrong.status));
});

scenario('pipelined requests are answered in order', async () => {
    const before = await events();
    const one = (email) => `{"email":"${email}@example.org"}`;
    const bytes = ['a', 'b', 'c', 'd', 'e'].map((email) => head([HOST, JSON_TYPE, `Content-Length: ${one(email).length}`]) + one(email)).join('');
    const answer = await exchange(hub.port, [bytes + head([HOST, 'Connection: close'], 'GET /healthz HTTP/1.1')], { quiet: 4000 });
    assert.equal(answer.statuses.length, 6, answer.text.slice(0, 500));
    assert.equal((await events()) - before, 5);
    const ids = [...answer.text.matchAll(/"id":\s*"(evt_\w+)"/g)].map((match) => match[1]);
    assert.deepEqual([...ids].sort(), ids, 'in order');
    // Deep pipelining does not drown it either.
    const many = await exchange(hub.port, [head([HOST], 'GET /healthz HTTP/1.1').repeat(2000) + head([HOST, 'Connection: close'], 'GET /healthz HTTP/1.1')], { quiet: 5000, timeout: 60000 });
    assert.equal(many.statuses.length, 2001);
});

scenario('HEAD has no body; unknown methods and paths are 404 or 405', async () => {
    const answer = await exchange(hub.port, [head([HOST], 'HEAD /healthz HTTP/1.1') + head([HOST, 'Connection: close'], 'GET /healthz HTTP/1.1')], { quiet: 3000 });
    assert.deepEqual(answer.statuses, [200, 200], answer.text);
    expect(await hub.anonymous.get('/no/such/path'), 404);
    for (const method of ['DELETE', 'PROPFIND', 'BREW']) {
        const sent = await exchange(hub.port, [head([HOST, 'Connection: close'], `${method} /healthz HTTP/1.1`)], { quiet: 3000 });
        assert.ok([400, 405, 501].includes(sent.status), `${method}: ${sent.text}`);
    }
});

scenario('the header block: 32 KiB and no more; a long address is 414', async () => {
    const filled = (bytes) => head([HOST, JSON_TYPE, LENGTH, 'Connection: close', `X-Fill: ${'f'.repeat(bytes)}`]) + BODY;
    const fits = await exchange(hub.port, [filled(32768 - filled(0).length + BODY.length - 1)], { quiet: 3000 });
    assert.ok(fits.status >= 200 && fits.status < 300, `just below: ${fits.text.slice(0, 200)}`);
    await refused('over', filled(33000), { statuses: [431] });
    await refused('far over', filled(2000000), { statuses: [431] });
    await refused('endless names', head([HOST, ...Array.from({ length: 5000 }, (_, i) => `X-${i}: y`)]), { statuses: [431] });
    await refused('a long address', head([HOST], `GET /${'a'.repeat(40000)} HTTP/1.1`), { statuses: [414, 431] });
});

scenario('bodies that end early store nothing', async () => {
    const before = await events();
    for (const parts of [[head([HOST, JSON_TYPE, 'Content-Length: 1000']) + BODY], [head([HOST, JSON_TYPE, 'Transfer-Encoding: chunked']) + `${BODY.length.toString(16)}\r\n${BODY}\r\n`], [head([HOST, JSON_TYPE, LENGTH]).slice(0, 40)]]) {
        const answer = await exchange(hub.port, parts, { quiet: 1000, half: true });
        assert.ok(answer.statuses.every((status) => status >= 400), answer.text);
    }
    assert.equal(await events(), before);
});

scenario('a client that resets while it is answered harms nothing', async () => {
    for (let i = 0; i < 50; i++) {
        const socket = await connect(hub.port);
        socket.write(head([HOST, JSON_TYPE, LENGTH]) + BODY);
        if (i % 2) await sleep(1);
        socket.resetAndDestroy();
    }
    expect(await sendWebhook(api, hub.owners[0].organizationId, 'wire', { email: 'after@example.org' }), 200, 201, 202);
    await hub.checkLedger();
});

scenario('slow senders are cut, others are served meanwhile', { timeout: 240000 }, async () => {
    const slow = [];
    for (let i = 0; i < 200; i++) {
        const socket = await connect(hub.port);
        socket.begun = Date.now();
        socket.on('close', () => (socket.gone = Date.now()));
        socket.write(i % 2 ? `POST ${path} HTTP/1.1\r\nHost: x\r\nX-Slow: ` : '');
        slow.push(socket);
    }
    const dripping = setInterval(() => slow.forEach((socket, i) => i % 2 && !socket.destroyed && socket.write('y')), 500);
    for (let i = 0; i < 20; i++) {
        const begun = performance.now();
        expect(await sendWebhook(api, hub.owners[0].organizationId, 'wire', { email: 'fast@example.org' }), 200, 201, 202);
        assert.ok(performance.now() - begun < 1000 * Number(process.env.JUNCTOR_SLOW ?? 1));
    }
    await until('all slow ones are cut: 10 s for a header block', () => slow.every((socket) => socket.gone), { timeout: 30000, every: 100 });
    clearInterval(dripping);
    for (const socket of slow) assert.ok(socket.gone - socket.begun >= 5000, 'not before their time');
    const cut = slow[1].received.toString();
    assert.ok(cut === '' || cut.startsWith('HTTP/1.1 408'), cut);
});

scenario('slow bodies are received side by side, up to 256 MiB together; then 503', { timeout: 180000 }, async () => {
    const size = 524288;
    const body = bodyOfSize(size, 'slow@example.org');
    const lines = head([HOST, JSON_TYPE, `Content-Length: ${size}`]);
    const sockets = [];
    // 540 bodies of 512 KiB are 270 MiB.
    for (let i = 0; i < 540; i++) {
        const socket = await connect(hub.port);
        socket.write(lines);
        socket.write(body.subarray(0, size - 10));
        sockets.push(socket);
    }
    const refusedOnes = await until('some are refused', () => {
        const answered = sockets.filter((socket) => socket.received.length > 0);
        return answered.length > 0 && answered;
    }, { timeout: 30000 });
    for (const socket of refusedOnes) assert.match(socket.received.toString(), /^HTTP\/1\.1 503 /);
    assert.ok(refusedOnes.length < 120, `${refusedOnes.length} were refused`);
    assert.ok(/retry-after/i.test(refusedOnes[0].received.toString()));
    expect(await hub.anonymous.get('/healthz'), 200);
    const waiting = sockets.filter((socket) => socket.received.length === 0 && !socket.destroyed);
    const before = await events();
    for (const socket of waiting) socket.write(body.subarray(size - 10));
    // All at once they are more than the committer's 64 MiB: some are told to come again.
    await until('the others are answered', () => waiting.every((socket) => /^HTTP\/1\.1 (20[012]|503) /.test(socket.received.toString())), { timeout: 60000 });
    const accepted = waiting.filter((socket) => /^HTTP\/1\.1 20/.test(socket.received.toString())).length;
    assert.ok(accepted >= 20, `${accepted} of ${waiting.length} were accepted`);
    assert.equal(await events(), before + accepted);
    for (const socket of sockets) socket.destroy();
    expect(await sendWebhook(api, hub.owners[0].organizationId, 'wire', bodyOfSize(size)), 200, 201, 202);
});

scenario('2,000 idle connections beside busy ones', { timeout: 120000 }, async () => {
    const idle = [];
    for (let i = 0; i < 2000; i += 100) idle.push(...(await Promise.all(Array.from({ length: 100 }, () => connect(hub.port)))));
    for (const socket of idle) socket.write(head([HOST], 'GET /healthz HTTP/1.1'));
    await until('each was answered once', () => idle.every((socket) => socket.received.includes('HTTP/1.1 200')), { timeout: 20000 });
    const answers = await Promise.all(Array.from({ length: 64 }, () => sendWebhook(api, hub.owners[0].organizationId, 'wire', { email: 'busy@example.org' })));
    for (const answer of answers) assert.ok(answer.status < 300);
    assert.ok(idle.every((socket) => !socket.destroyed), 'all are still open');
    for (const socket of idle) socket.destroy();
});

scenario('the hub is as it was', async () => {
    expect(await hub.anonymous.get('/readyz'), 200);
    assert.deepEqual(hub.complaints, []);
    await hub.checkLedger();
});
