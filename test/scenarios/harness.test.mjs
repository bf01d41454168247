// The harness itself: a receiver, a name server and books that are wrong would prove nothing.
import assert from 'node:assert/strict';
import dns from 'node:dns/promises';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';

import nodemailer from 'nodemailer';

import { ReceiverBook, SenderBook, checkEquations, compareBooks } from '../lib/books.mjs';
import { NameServer } from '../lib/dns.mjs';
import { deny, once, room, slow, startFileServer } from '../lib/ftp.mjs';
import { request } from '../lib/http.mjs';
import { startMailServer } from '../lib/mail.mjs';
import { run, start } from '../lib/processes.mjs';
import { exchange } from '../lib/raw.mjs';
import { startReceiver } from '../lib/receiver.mjs';

test('the receiver keeps the exact bytes, and answers as told', async () => {
    const receiver = await startReceiver();
    receiver.answers(500, { status: 204 }, { status: 200, headers: { 'X-A': 'b' }, body: 'hello' }, { trickle: 1, body: 'slowly' });
    const statuses = [];
    for (let i = 0; i < 4; i++) statuses.push(await request(receiver.url, 'POST', '/p?q', { body: Buffer.from([1, 2, 255, i]), headers: { 'webhook-id': `w${i}` }, agent: false }));
    assert.deepEqual(statuses.map((answer) => answer.status), [500, 204, 200, 200]);
    assert.deepEqual(statuses.map((answer) => answer.text), ['', '', 'hello', 'slowly']);
    assert.deepEqual([...receiver.requests[3].body], [1, 2, 255, 3]);
    assert.equal(receiver.requests[0].path, '/p?q');
    assert.ok(receiver.requests[0].headerLines.includes('webhook-id: w0'));
    for (const bad of [{ reset: 'before' }, { reset: 'mid' }]) {
        receiver.answers(bad);
        await assert.rejects(request(receiver.url, 'POST', '/', { body: 'x', agent: false }));
    }
    receiver.answers({ hang: true });
    await assert.rejects(request(receiver.url, 'POST', '/', { body: 'x', agent: false, timeout: 200 }));
    const piped = await exchange(receiver.port, ['GET /a HTTP/1.1\r\n\r\nGET /b HTTP/1.1\r\n\r\n'], { quiet: 100 });
    assert.equal(piped.statuses.length, 0);
    await receiver.down();
    await assert.rejects(request(receiver.url, 'POST', '/', { body: 'x', agent: false }), /ECONNREFUSED/);
    await receiver.up();
    receiver.answers(200);
    assert.equal((await request(receiver.url, 'POST', '/', { body: 'x', agent: false })).status, 200);
    await receiver.close();
});

test('the name server answers what it is told', async () => {
    const server = await new NameServer({ 'a.example.org': ['127.0.0.1', '::1', '::ffff:10.0.0.1'], 'turn.example.org': (n) => (n === 1 ? ['10.0.0.1'] : ['10.0.0.2']), 'hang.example.org': 'hang' }).listen();
    server.ttl = 0; // newer resolvers keep what they were told
    const resolver = new dns.Resolver({ timeout: 300, tries: 1 });
    resolver.setServers([server.address]);
    assert.deepEqual(await resolver.resolve4('a.example.org'), ['127.0.0.1']);
    assert.deepEqual(await resolver.resolve6('A.example.org'), ['::1', '::ffff:10.0.0.1']);
    assert.deepEqual([await resolver.resolve4('turn.example.org'), await resolver.resolve4('turn.example.org')], [['10.0.0.1'], ['10.0.0.2']]);
    await assert.rejects(resolver.resolve4('missing.example.org'), /ENOTFOUND/);
    await assert.rejects(resolver.resolve4('hang.example.org'));
    server.close();
});

test('the books find what is lost, doubled, altered or invented', async () => {
    const receiver = await startReceiver();
    const theirs = new ReceiverBook(receiver);
    const deliver = (id, n, event, more = '') => request(receiver.url, 'POST', '/', { agent: false, headers: { 'webhook-id': id }, body: JSON.stringify({ type: 't', data: { id: event, fields: { n }, more } }) });
    const ours = new SenderBook();
    ours.acknowledged.set(1, 'evt_1');
    ours.acknowledged.set(2, 'evt_2');
    ours.unknown.add(3);
    await deliver('dlv_1', 1, 'evt_1');
    assert.throws(() => compareBooks(ours, theirs), /not delivered: 2/);
    await deliver('dlv_2', 2, 'evt_2');
    await deliver('dlv_2', 2, 'evt_2');
    await deliver('dlv_3', 3, 'evt_3');
    compareBooks(ours, theirs);
    assert.equal(theirs.repeats, 1);
    ours.refused.set(9, 503);
    await deliver('dlv_9', 9, 'evt_9');
    assert.throws(() => compareBooks(ours, theirs), /refused/);
    ours.refused.clear();
    assert.throws(() => compareBooks(ours, theirs), /never sent/);
    ours.unknown.add(9);
    compareBooks(ours, theirs);
    await deliver('dlv_1', 1, 'evt_1', 'altered');
    assert.throws(() => compareBooks(ours, theirs), /faults/);
    theirs.faults.length = 0;
    await deliver('dlv_1b', 1, 'evt_1');
    assert.match(theirs.faults[0], /two ids/);
    assert.throws(() => checkEquations({ events: 2, wanted: 1, notWanted: 0, occurrences: 0, deliveries: 0, delivered: 0, pending: 0, dead: 0, dropped: 0, rejected: 0 }), /events/);
    await receiver.close();
});

const sendMail = (server, to, { login, ca = server.ca, requireTLS = false, text = 'Grüße\n.\nvom Knoten\n' } = {}) =>
    nodemailer
        .createTransport({ host: '127.0.0.1', port: server.port, secure: server.tls === 'first', requireTLS, ignoreTLS: !requireTLS, auth: login, tls: ca ? { ca: readFileSync(ca) } : {}, connectionTimeout: 2000, greetingTimeout: 500, socketTimeout: 500 })
        .sendMail({ from: 'hub@example.org', to, subject: 'Ärger', text, html: '<p>Grüße</p>' });

test('the mail server keeps what it takes, parsed, and refuses as told', async () => {
    const server = await startMailServer();
    await sendMail(server, 'ann@example.org');
    const [mail] = await server.waitFor(1, { to: 'ann@example.org' });
    assert.deepEqual([mail.from, mail.to, mail.secure, mail.user], ['hub@example.org', ['ann@example.org'], false, undefined]);
    assert.deepEqual([mail.subject, mail.text, mail.html], ['Ärger', 'Grüße\n.\nvom Knoten\n', '<p>Grüße</p>']);
    assert.match(mail.raw, /^Subject: =\?UTF-8\?/m);
    assert.equal(mail.id, mail.parsed.messageId);
    await assert.rejects(sendMail(server, 'ann@example.org', { requireTLS: true }), /STARTTLS|TLS/);

    server.refuse = ({ step, address }) => (step === 'rcpt' && address.startsWith('bob') ? [450, 'greylisted'] : undefined);
    await assert.rejects(sendMail(server, 'bob@example.org'), /450.*greylisted/s);
    await sendMail(server, 'ann@example.org');
    for (const [step, code] of [['connect', 421], ['mail', 550], ['data', 552]]) {
        server.refuse = (at) => (at.step === step ? [code, `no ${step}`] : undefined);
        await assert.rejects(sendMail(server, 'ann@example.org'), new RegExp(`${code}.*no ${step}`, 's'));
    }
    server.refuse = () => undefined;
    server.hang = 'data';
    await assert.rejects(sendMail(server, 'ann@example.org'), /[Tt]imeout|ETIMEDOUT/);
    server.hang = undefined;
    assert.equal(server.to('bob@example.org').length, 0);
    await server.down();
    await assert.rejects(sendMail(server, 'ann@example.org'), /ECONNREFUSED/);
    await server.up();
    await sendMail(server, 'cyd@example.org');
    assert.equal(server.to('cyd@example.org').length, 1);
    await server.close();
});

test('the mail server speaks TLS, offered or from the first byte, and asks who is there', async () => {
    const login = { user: 'hub', password: 'secret' };
    for (const tls of ['starttls', 'first']) {
        const server = await startMailServer({ tls, login });
        await sendMail(server, 'ann@example.org', { requireTLS: true, login: { user: 'hub', pass: 'secret' } });
        assert.deepEqual(server.mails.map((mail) => [mail.secure, mail.user]), [[true, 'hub']]);
        await assert.rejects(sendMail(server, 'ann@example.org', { requireTLS: true, ca: null, login: { user: 'hub', pass: 'secret' } }), /certificate/);
        await assert.rejects(sendMail(server, 'ann@example.org', { requireTLS: true, login: { user: 'hub', pass: 'wrong' } }), /535/);
        await assert.rejects(sendMail(server, 'ann@example.org', { requireTLS: true }), /530/);
        assert.equal(server.mails.length, 1);
        await server.close();
    }
});

// By curl, which says how it ended by its exit code.
const curlUpload = (server, name, ...options) => {
    const tls = server.kind.startsWith('ftps') ? ['--ssl-reqd', '--cacert', server.ca] : [];
    const key = server.kind === 'sftp' ? ['--insecure'] : [];
    const scheme = server.kind === 'ftps' ? 'ftp' : server.kind.replace('-implicit', '');
    return ['-sS', ...tls, ...key, '-u', `${server.user}:${server.password}`, '-T', '-', ...options, `${scheme}://127.0.0.1:${server.port}/${name}`];
};

for (const kind of ['ftp', 'ftps', 'ftps-implicit', 'sftp']) {
    test(`the ${kind} server takes files, and fails as told`, async () => {
        const server = await startFileServer(kind);
        const send = async (name, input, ...options) => (await run('curl', curlUpload(server, name, ...options), { input })).code;
        assert.equal(await send('a.csv', 'one\r\ntwo'), 0);
        assert.equal(server.read('a.csv').toString(), 'one\r\ntwo');
        assert.deepEqual([server.list(), server.read('b.csv'), server.list('b')], [['a.csv'], null, null]);
        assert.notEqual(await send('b.csv', 'x', '-u', 'hub:wrong'), 0);
        if (kind === 'sftp') {
            assert.deepEqual(Object.keys(server.hostKeys).sort(), ['ecdsa', 'ed25519', 'rsa']);
            const pinned = (key) => send('k.csv', 'x', '--hostpubsha256', key.replace('SHA256:', ''));
            assert.equal(await pinned(server.hostKeys.ecdsa), 0);
            assert.notEqual(await pinned(server.hostKeys.rsa), 0);
        }

        await server.restart(once(), room(1000));
        assert.notEqual(await send('a.csv', 'three'), 0);
        assert.notEqual(await send('c.csv', 'x'.repeat(5000)), 0);
        assert.equal(server.read('a.csv').toString(), 'one\r\ntwo');
        await server.restart(deny('STOR', 'WRITE'));
        assert.notEqual(await send('d.csv', 'x'), 0);
        assert.equal(server.read('d.csv'), null);

        server.freeze();
        assert.equal(await send('e.csv', 'x', '-m', '1'), 28);
        server.thaw();
        await server.restart();
        assert.equal(await send('e.csv', 'x'), 0);
        await server.close();
    });
}

test('a file server is killed in mid-transfer', async () => {
    const server = await startFileServer('ftp', slow(200));
    const curl = start('curl', curlUpload(server, 'a.csv'), { stdio: ['pipe', 'ignore', 'ignore'] });
    curl.stdin.on('error', () => {});
    curl.stdin.end(Buffer.alloc(3 << 20));
    await server.holds('a.csv', 100000);
    await server.kill();
    assert.notEqual((await curl.ended).code, 0);
    assert.ok(server.read('a.csv').length < 3 << 20);
    await server.start();
    assert.equal((await run('curl', ['-sS', '-u', 'hub:secret', `ftp://127.0.0.1:${server.port}/`])).code, 0);
    await server.close();
});
