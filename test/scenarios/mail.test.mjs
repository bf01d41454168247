// Mails about endpoints in trouble: who gets which, when, and what must never be lost, told twice or
// told to others.
import assert from 'node:assert/strict';
import { after } from 'node:test';

import { TEXT, makeEvent, makeWebhook, sendApi } from '../lib/fixtures.mjs';
import { expect, expectProblem } from '../lib/http.mjs';
import { Hub, PASSWORD, scenario, sqliteOf, startHub } from '../lib/hub.mjs';
import { makeCertificate, startMailServer } from '../lib/mail.mjs';
import { startReceiver } from '../lib/receiver.mjs';
import { until } from '../lib/wait.mjs';

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const ANN = 'owner0@example.org';
const BOB = 'bob@example.org';
const ONE_RETRY = { delaysSeconds: [1], retries: 1, jitterPercent: 0 };

// A hub with a mail server, and an endpoint that takes nothing.
async function setUp({ mail, args = [], env = {}, organizations = 1 } = {}) {
    const server = await startMailServer(mail);
    after(() => server.close());
    const hub = new Hub({ clock: true, env, args: [`--smtp-url=${server.url}`, '--mail-from=Junctor <junctor@hub.example>', ...args] });
    for (let i = 0; i < organizations; i++) await hub.init(i === 0 ? 'Acme' : `Other ${i}`);
    await hub.start();
    return Object.assign(await addEndpoint({ hub, server }, 'Shop'), { api: hub.client() });
}

// Of the same hub, with an event of its own.
let events = 0;
async function addEndpoint({ hub, server }, name, { api = hub.client(), ...more } = {}) {
    const receiver = await startReceiver();
    after(() => receiver.close());
    receiver.script = () => 500;
    const alias = `order${++events}`;
    await makeEvent(api, { alias, name: alias, fields: [TEXT] });
    const hook = await makeWebhook(api, `${receiver.url}/in?token=hidden-in-the-query`, { name, eventTypes: [`custom_event.${alias}`], retry: ONE_RETRY, ...more });
    const send = async () => expect(await sendApi(api, alias, { email: 'r@example.org', text: 'x' }), 201);
    return { hub, server, api, receiver, hook, send };
}

// One delivery of each dies, a second later; no endpoint is failing, since the next is taken.
const DYING = SECOND;

async function die(...endpoints) {
    const [{ hub }] = endpoints;
    for (const { receiver, send } of endpoints) {
        receiver.script = () => 500;
        await send();
    }
    await hub.settled();
    await pass(endpoints[0], DYING);
    for (const { receiver, send } of endpoints) {
        receiver.script = () => 200;
        await send();
    }
    await hub.settled();
}

// At the end of it all mails that are due have gone.
async function pass({ hub }, ms) {
    await hub.advance(ms);
    await hub.settled();
}

const add = async (api, email, role = 'viewer') => expect(await api.post('/api/v1/users', { email, name: email.split('@')[0], password: PASSWORD, role }), 201).json;
const mailState = async (api) => expect(await api.get('/api/v1/organization'), 200).json.mail;
const count = (server, to) => server.to(to).length;

async function logIn(hub, email) {
    const answer = expect(await hub.anonymous.post('/api/v1/session', { email, password: PASSWORD }), 200);
    const headers = { cookie: answer.setCookies[0].split(';')[0], 'x-csrf-token': answer.json.csrfToken };
    return hub.anonymous.with({ headers, user: answer.json.user });
}

async function mailMetrics(hub) {
    const { text } = expect(await hub.client().get('/metrics'), 200);
    return Object.fromEntries([...text.matchAll(/^junctor_mails_(\w+) (\d+)$/gm)].map(([, name, value]) => [name, Number(value)]));
}

scenario('three endpoints, 40 dead deliveries: a minute later one mail to each, with no secret in it', async () => {
    const world = await setUp({ args: ['--public-url=https://hub.example'], organizations: 2 });
    await add(world.api, BOB);
    const other = world.hub.client(world.hub.owners[1]);
    const all = [];
    for (const name of ['One', 'Two', 'Three']) all.push(await addEndpoint(world, name));
    for (let i = 0; i < 12; i++) await die(...all);
    await die(all[0]);
    // Of what fails in a row, one more of each dies: what its breaker sends after 30 seconds.
    for (const { receiver, send } of all) {
        receiver.script = () => 500;
        for (let i = 0; i < 5; i++) await send();
    }
    await world.hub.settled();
    await pass(world, MINUTE - 12 * DYING - 1);
    assert.equal(world.server.mails.length, 0, 'it waits for what comes with it');
    await pass(world, 1);
    await pass(world, 14 * MINUTE);
    assert.deepEqual(world.server.mails.map((mail) => mail.to).sort(), [[BOB], [ANN]].sort());
    for (const mail of world.server.mails) {
        assert.equal(mail.from, 'junctor@hub.example');
        assert.match(mail.subject, /3 endpoints of Acme fail/);
        assert.match(mail.subject, /40 deliveries died/);
        for (const text of [mail.text, mail.html]) {
            for (const name of ['One', 'Two', 'Three']) assert.match(text, new RegExp(`\\b${name}\\b`));
            assert.match(text, /answered 500/);
            assert.ok(text.includes('https://hub.example/'));
        }
        assert.ok(!/hidden-in-the-query|whsec_/.test(`${mail.raw}${mail.text}${mail.html}`));
    }
    const state = await mailState(world.api);
    assert.deepEqual([state.configured, state.lastError, state.lastErrorAt], [true, null, null]);
    assert.ok(Date.parse(state.lastSentAt) > 0);
    assert.deepEqual(await mailState(other), { configured: true, lastSentAt: null, lastErrorAt: null, lastError: null });
    assert.deepEqual(await mailMetrics(world.hub), { sent_total: 2, failed_total: 0, waiting: 0 });
    await world.hub.checkLedger();
});

scenario('trouble that lasts: 15, 30, 60 minutes between two mails; what is urgent waits 15 at most', async () => {
    const world = await setUp();
    await die(world);
    await pass(world, MINUTE);
    let mails = 1;
    for (const minutes of [15, 30, 60]) {
        assert.equal(world.server.mails.length, mails);
        await die(world);
        await die(world);
        await pass(world, minutes * MINUTE - 2 * DYING - 1);
        assert.equal(world.server.mails.length, mails, `not before ${minutes} minutes`);
        await pass(world, 1);
        mails++;
        assert.equal(world.server.mails.length, mails);
        assert.match(world.server.mails.at(-1).subject, /2 deliveries of Acme died/);
    }
    world.receiver.script = () => 410;
    await world.send();
    await world.hub.settled();
    await pass(world, 15 * MINUTE - 1);
    assert.equal(world.server.mails.length, mails);
    await pass(world, 1);
    assert.equal(world.server.mails.length, mails + 1);
    assert.match(world.server.mails.at(-1).subject, /1 endpoint of Acme is disabled/);
    assert.equal(new Set(world.server.mails.map((mail) => mail.id)).size, mails + 1);
});

scenario('who wants none gets none; who wants them again is not told what was before; who is in two organizations hears of both', async () => {
    const world = await setUp({ organizations: 2 });
    const bob = await add(world.api, BOB);
    assert.equal(bob.notices, true);
    const other = world.hub.client(world.hub.owners[1]);
    await add(other, BOB);
    const elsewhere = await addEndpoint(world, 'Elsewhere', { api: other });
    const session = await logIn(world.hub, BOB);
    assert.equal(session.user.notices, true);
    const path = `/api/v1/users/${bob.id}`;
    assert.equal(expect(await session.patch(path, { notices: false }), 200).json.notices, false);
    assert.equal(expect(await session.get('/api/v1/session'), 200).json.user.notices, false);
    expectProblem(await session.patch(`/api/v1/users/${(await world.api.all('/api/v1/users')).find((user) => user.email === ANN).id}`, { notices: false }), 403, 'forbidden');
    await die(world);
    await die(elsewhere);
    await pass(world, MINUTE);
    assert.deepEqual(world.server.to(BOB).map((mail) => mail.subject), ['Junctor: 1 delivery of Other 1 died']);
    assert.deepEqual(world.server.to(ANN).map((mail) => mail.subject), ['Junctor: 1 delivery of Acme died']);
    assert.ok(!/Elsewhere|Other/.test(world.server.to(ANN)[0].raw));
    await die(world);
    assert.equal(expect(await world.api.patch(path, { notices: true }), 200).json.notices, true);
    await die(world);
    await pass(world, 15 * MINUTE);
    assert.equal(count(world.server, BOB), 2);
    assert.match(world.server.to(BOB)[1].subject, /1 delivery of Acme died/);
    const told = world.server.to(ANN).map((mail) => mail.subject).join();
    assert.match(told, /2 deliveries of Acme died|1 delivery of Acme died.*1 delivery of Acme died/);
    const [carol] = [await add(world.api, 'carol@example.org')];
    await pass(world, 6 * 60 * MINUTE);
    assert.equal(count(world.server, 'carol@example.org'), 0, 'nothing is new to her');
    expect(await world.api.delete(`/api/v1/users/${carol.id}`), 204);
});

scenario('the mail server goes and comes: nothing is lost, nothing told twice, each spell one line of the log', async () => {
    const world = await setUp();
    await add(world.api, BOB);
    await world.server.down();
    await die(world);
    await pass(world, MINUTE);
    await until('the error is shown', async () => (await mailState(world.api)).lastError !== null);
    for (let i = 0; i < 20; i++) {
        await die(world);
        await pass(world, 10 * MINUTE);
    }
    assert.match((await mailState(world.api)).lastError, /127\.0\.0\.1/);
    assert.equal(world.hub.log.split('a mail could not be sent').length - 1, 1);
    const down = await mailMetrics(world.hub);
    assert.ok(down.failed_total >= 5 && down.waiting === 2 && down.sent_total === 0, JSON.stringify(down));
    await world.server.up();
    for (let i = 0; i < 8; i++) await pass(world, 60 * MINUTE);
    for (const address of [ANN, BOB]) {
        const dead = world.server.to(address).map((mail) => Number(/(\d+) deliver/.exec(mail.subject)[1]));
        assert.equal(dead.reduce((sum, one) => sum + one, 0), 21, `${address}: ${dead}`);
    }
    assert.equal((await mailState(world.api)).lastError, null);
    assert.equal((await mailMetrics(world.hub)).waiting, 0);
    await world.server.down();
    await die(world);
    await pass(world, 6 * 60 * MINUTE);
    assert.equal(world.hub.log.split('a mail could not be sent').length - 1, 2);
});

scenario('one who cannot be reached is tried again alone; one who is refused is not', async () => {
    const world = await setUp();
    await add(world.api, BOB);
    await add(world.api, 'gone@example.org');
    world.server.refuse = ({ step, address }) => {
        if (step === 'rcpt' && address === BOB) return [450, '4.7.1 come back later'];
        return step === 'rcpt' && address === 'gone@example.org' ? [550, '5.1.1 no such user'] : undefined;
    };
    await die(world);
    await pass(world, MINUTE);
    assert.deepEqual(world.server.mails.map((mail) => mail.to), [[ANN]]);
    assert.match((await mailState(world.api)).lastError, /come back later|no such user/);
    world.server.refuse = () => undefined;
    await pass(world, 2 * MINUTE);
    await pass(world, 2 * MINUTE);
    assert.deepEqual(world.server.mails.map((mail) => mail.to), [[ANN], [BOB]]);
});

scenario('kill -9 before, between and behind: each is told once', async () => {
    const world = await setUp();
    await add(world.api, BOB);
    await die(world);
    await world.hub.stop('SIGKILL');
    await world.hub.start();
    await world.hub.settled();
    assert.equal(world.server.mails.length, 0);
    // One of the two is told, the other's mail is under way.
    world.server.refuse = () => {
        if (world.server.mails.length === 1) world.server.hang = 'mail';
    };
    await world.hub.advance(MINUTE);
    await until('the second is being told', () => world.server.hang === 'mail');
    await until('the first has been noted', async () => (await mailState(world.hub.client())).lastSentAt !== null);
    await world.hub.stop('SIGKILL');
    world.server.refuse = () => undefined;
    world.server.hang = undefined;
    await world.hub.start();
    await pass(world, MINUTE);
    assert.deepEqual(world.server.mails.map((mail) => mail.to[0]).sort(), [BOB, ANN].sort());
    await world.hub.stop('SIGKILL');
    await world.hub.start();
    await pass(world, 6 * 60 * MINUTE);
    assert.equal(world.server.mails.length, 2);
});

// In the hub's database, while it does not run.
async function spoil(hub, text) {
    await hub.stop();
    sqliteOf(hub, text);
    await hub.start();
}

scenario('one organization whose notices cannot be dealt with: the log says so, others get their mails, and it gets its own once it can', async () => {
    const world = await setUp({ organizations: 2 });
    const other = await addEndpoint(world, 'Elsewhere', { api: world.hub.client(world.hub.owners[1]) });
    const first = '(SELECT min(id) FROM organizations)';
    await spoil(world.hub, `CREATE TRIGGER spoil BEFORE UPDATE ON notices WHEN NEW.closed = 1 AND NEW.organization = ${first} BEGIN SELECT RAISE(ABORT, 'spoilt'); END`);
    await die(world, other);
    await pass(world, MINUTE);
    assert.deepEqual(world.server.mails.map((mail) => [mail.to, mail.subject]), [[['owner1@example.org'], 'Junctor: 1 delivery of Other 1 died']]);
    await until('the log says so', () => /level=warn msg="what an organization is to be told could not be read" organization=\d+ /.test(world.hub.log));
    // Nor does it hold up what comes later, or a stop.
    await die(other);
    await pass(world, 15 * MINUTE);
    assert.equal(count(world.server, 'owner1@example.org'), 2);
    assert.equal(count(world.server, ANN), 0);
    await spoil(world.hub, 'DROP TRIGGER spoil');
    await pass(world, 15 * MINUTE);
    await until('its own have come', () => count(world.server, ANN) > 0);
    assert.match(world.server.to(ANN)[0].subject, /^Junctor: 1 delivery of Acme died/);
    await pass(world, 60 * MINUTE);
    assert.equal(count(world.server, ANN), 1, 'once');
    assert.equal(count(world.server, 'owner1@example.org'), 2, 'nothing is told again');
    await world.hub.checkLedger();
});

scenario('notices with values that the hub never writes: told all the same, and others theirs', async () => {
    const world = await setUp({ organizations: 2 });
    const other = await addEndpoint(world, 'Elsewhere', { api: world.hub.client(world.hub.owners[1]) });
    await die(world, other);
    // Not the words that the hub writes: a kind that this program does not know, and an outlet that is gone.
    await spoil(world.hub, "UPDATE notices SET kind = 'of.tomorrow', outlet = 7, delivery = 7, outlet_name = CAST(x'ff00fe' AS TEXT) WHERE organization = (SELECT min(id) FROM organizations)");
    await pass(world, MINUTE);
    await until('both are told', () => count(world.server, ANN) === 1 && count(world.server, 'owner1@example.org') === 1);
    assert.match(world.server.to('owner1@example.org')[0].subject, /1 delivery of Other 1 died/);
});

scenario('STARTTLS: by the authority that is given, and not otherwise; the login is sent behind it', async () => {
    const login = { user: 'hub', password: 'open-sesame' };
    const certificate = makeCertificate();
    const world = await setUp({
        mail: { tls: 'starttls', login, certificate },
        args: ['--smtp-tls=required', '--smtp-user=hub', `--smtp-ca=${certificate.cert}`],
        env: { JUNCTOR_SMTP_PASSWORD: login.password },
    });
    await die(world);
    await pass(world, MINUTE);
    assert.deepEqual(world.server.mails.map(({ secure, user }) => [secure, user]), [[true, 'hub']]);
    await world.hub.stop();
    world.hub.args = world.hub.args.filter((arg) => !arg.startsWith('--smtp-ca'));
    await world.hub.start();
    await die(world);
    await pass(world, 15 * MINUTE);
    await until('the error is shown', async () => (await mailState(world.api)).lastError !== null);
    assert.match((await mailState(world.api)).lastError, /certificate/i);
    assert.equal(world.server.mails.length, 1);
});

scenario('a wrong login: shown to all organizations and in the log, without the password', async () => {
    const world = await setUp({ mail: { login: { user: 'hub', password: 'right' } }, args: ['--smtp-user=hub'], env: { JUNCTOR_SMTP_PASSWORD: 'mistaken-password' }, organizations: 2 });
    await die(world);
    await pass(world, MINUTE);
    for (const owner of world.hub.owners) assert.match((await mailState(world.hub.client(owner))).lastError, /login|log in|535/i);
    assert.match(world.hub.log, /level=error.*a mail could not be sent/);
    assert.ok(!world.hub.log.includes('mistaken-password'));
    assert.equal(world.server.mails.length, 0);
    world.server.login.password = 'mistaken-password';
    await pass(world, 2 * MINUTE);
    assert.equal(world.server.mails.length, 1);
    for (const owner of world.hub.owners) assert.equal((await mailState(world.hub.client(owner))).lastError, null);
});

scenario('whatever a mail server says of one person, the others hear, and nobody elsewhere sees it', async () => {
    const world = await setUp({ organizations: 2 });
    const api = world.hub.client(world.hub.owners[1]);
    const other = await addEndpoint(world, 'Elsewhere', { api });
    for (const reply of [[421, `4.7.0 <${ANN}> try later`], [530, `5.7.1 <${ANN}>: relaying needs authentication`]]) {
        world.server.refuse = ({ step, address }) => (step === 'rcpt' && address === ANN ? reply : undefined);
        await die(world, other);
        await pass(world, 15 * MINUTE);
        assert.equal(world.server.to('owner1@example.org').length, 1, String(reply));
        assert.equal((await mailState(api)).lastError, null);
        assert.match((await mailState(world.api)).lastError, new RegExp(`${reply[0]}`));
        world.server.refuse = () => undefined;
        await pass(world, 60 * MINUTE);
        assert.equal(world.server.to(ANN).length, 1, String(reply));
        world.server.mails.length = 0;
    }
});

scenario('what people call things makes no header and no element; line ends are refused before', async () => {
    const world = await setUp();
    const lines = 'Shop\r\nBcc: eve@example.org';
    const path = `/api/v1/webhooks/${world.hook.id}`;
    const [ann] = await world.api.all('/api/v1/users');
    for (const place of [path, '/api/v1/organization', `/api/v1/users/${ann.id}`]) expectProblem(await world.api.patch(place, { name: lines }), 422, 'invalid');
    const name = '<b>Shop</b> =?utf-8?q?Bcc=3A_eve?= "a" <eve@example.org>,';
    for (const place of [path, '/api/v1/organization']) expect(await world.api.patch(place, { name }), 200);
    const annHerself = await logIn(world.hub, ANN);
    expect(await annHerself.patch(`/api/v1/users/${ann.id}`, { name }), 200);
    world.receiver.script = () => 410;
    await world.send();
    await world.hub.settled();
    await pass(world, MINUTE);
    const [mail] = world.server.mails;
    assert.deepEqual(mail.to, [ANN]);
    assert.equal(mail.subject, `Junctor: 1 endpoint of ${name} is disabled`);
    assert.deepEqual(mail.parsed.to.value, [{ address: ANN, name }]);
    assert.equal(mail.parsed.headers.get('bcc'), undefined);
    assert.ok(mail.text.includes(name));
    assert.ok(!mail.html.includes('<b>') && mail.html.includes('&lt;b&gt;Shop'));
});

scenario('a test by hand: to oneself, with what the server said; 409 where no mails go', async () => {
    const world = await setUp();
    await add(world.api, BOB);
    const bob = await logIn(world.hub, BOB);
    const good = expect(await bob.post('/api/v1/organization/test-mail'), 202).json;
    assert.deepEqual([good.to, good.sent, good.reply, good.error], [BOB, true, 250, null]);
    assert.match(world.server.to(BOB)[0].text, /This is a test/);
    world.server.refuse = ({ step }) => (step === 'rcpt' ? [550, '5.7.1 not from you'] : undefined);
    const bad = expect(await bob.post('/api/v1/organization/test-mail'), 202).json;
    assert.deepEqual([bad.sent, bad.reply], [false, 550]);
    assert.match(bad.error, /not from you/);
    expect(await world.api.post('/api/v1/organization/test-mail'), 401, 403);
    const without = await startHub({ clock: true });
    expectProblem(await (await logIn(without, ANN)).post('/api/v1/organization/test-mail'), 409, 'conflict');
});

scenario('a stop does not wait for a mail server that says nothing', async () => {
    const world = await setUp();
    const ann = await logIn(world.hub, ANN);
    world.server.hang = 'mail';
    const connections = world.server.connections;
    const test = ann.post('/api/v1/organization/test-mail').catch((error) => error);
    await die(world);
    await world.hub.advance(MINUTE);
    await until('both are under way', () => world.server.connections >= connections + 2);
    const busy = expectProblem(await ann.post('/api/v1/organization/test-mail'), 409, 'conflict');
    assert.match(busy.json.detail, /Another test mail/);
    assert.equal((await world.hub.stop('SIGTERM', 9000)).code, 0);
    await test;
});

scenario('without a mail server the hub runs as before, and collects nothing; wrong settings are named at the start', async () => {
    const hub = await startHub({ clock: true });
    const world = await addEndpoint({ hub }, 'Shop');
    await die(world);
    assert.deepEqual(await mailState(world.api), { configured: false, lastSentAt: null, lastErrorAt: null, lastError: null });
    assert.deepEqual(await mailMetrics(hub), {});
    const server = await startMailServer();
    after(() => server.close());
    await hub.stop();
    for (const [args, wrong] of [
        [['--smtp-url=http://mail.example', '--mail-from=a@b.example'], /smtp-url.*smtp:\/\//],
        [[`--smtp-url=${server.url}`, '--mail-from=nobody'], /mail-from.*no address/],
        [[`--smtp-url=${server.url}`], /smtp-url is set and mail-from is not/],
        [['--mail-from=a@b.example'], /mail-from is set and smtp-url is not/],
        [['--smtp-user=hub'], /smtp-user.* is set and smtp-url is not/],
    ]) {
        const end = await hub.cli(['serve', '--data', hub.data, '--listen', '127.0.0.1:0', ...args]);
        assert.notEqual(end.code, 0);
        assert.match(end.stderr, wrong);
    }
    hub.args = [`--smtp-url=${server.url}`, '--mail-from=a@b.example'];
    await hub.start();
    await pass(world, 60 * MINUTE);
    assert.equal(server.mails.length, 0, 'what was before is not told');
    await die(world);
    await pass(world, MINUTE);
    assert.match(server.mails[0].subject, /1 delivery of Acme died/);
});
