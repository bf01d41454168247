// New signing secrets: both sign for a while, and receivers that verify as their libraries do notice nothing.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { after } from 'node:test';
import standard from 'standardwebhooks';
import svix from 'svix';

import { TEXT, makeEvent, makeWebhook, sendApi, waitDelivery } from '../lib/fixtures.mjs';
import { expect, expectProblem } from '../lib/http.mjs';
import { Hub, crashBinary, filesUnder, scenario, startHub } from '../lib/hub.mjs';
import { startReceiver } from '../lib/receiver.mjs';
import { until } from '../lib/wait.mjs';

const HOUR = 3600 * 1000;
const secretOf = (size) => `whsec_${randomBytes(size).toString('base64')}`;

// Verified as receivers do it. The libraries hold the timestamp against the clock; the hub's may be days
// ahead, so they are given the hub's.
function verifies(secret, received) {
    const payload = received.body.toString();
    const { headers } = received;
    const asSvix = { 'svix-id': headers['webhook-id'], 'svix-timestamp': headers['webhook-timestamp'], 'svix-signature': headers['webhook-signature'] };
    const real = Date.now;
    Date.now = () => Number(headers['webhook-timestamp']) * 1000;
    try {
        const verdicts = [() => new standard.Webhook(secret).verify(payload, headers), () => new svix.Webhook(secret).verify(payload, asSvix)].map((verify) => {
            try {
                verify();
                return true;
            } catch (error) {
                assert.match(error.message, /No matching signature found/, error.message);
                return false;
            }
        });
        assert.equal(verdicts[0], verdicts[1], 'both libraries agree');
        return verdicts[0];
    } finally {
        Date.now = real;
    }
}

const signaturesOf = (received) => received.headers['webhook-signature'].split(' ');

async function setUp(options = {}, webhook = {}) {
    const hub = options.hub ?? (await startHub({ clock: true, ...options }));
    const api = hub.client();
    const receiver = await startReceiver();
    after(() => receiver.close());
    await makeEvent(api, { alias: 'order', fields: [TEXT] });
    const hook = await makeWebhook(api, receiver.url, { eventTypes: ['custom_event.order'], ...webhook });
    const rotate = async (body = {}) => expect(await api.post(`/api/v1/webhooks/${hook.id}/rotate-secret`, body), 200).json;
    const show = async () => expect(await api.get(`/api/v1/webhooks/${hook.id}`), 200).json;
    // The next delivery as it arrives.
    const next = async () => {
        const { count } = receiver;
        expect(await sendApi(api, 'order', { email: 'r@example.org' }), 201);
        await receiver.waitFor(count + 1);
        return receiver.requests.at(-1);
    };
    return { hub, api, receiver, hook, rotate, show, next };
}

scenario('during the overlap receivers verify with the old and with the new secret, afterwards with the new one only', async () => {
    const { hub, api, hook, rotate, show, next } = await setUp();
    assert.deepEqual((await show()).oldSecrets, []);
    const { now } = await hub.clockState();
    const rotated = await rotate();
    assert.notEqual(rotated.secret, hook.secret);
    assert.match(rotated.secret, /^whsec_[A-Za-z0-9+/]{43}=$/);
    const ends = Date.parse(rotated.secrets.oldUntil);
    assert.equal(rotated.secrets.signing, 2);
    assert.ok(ends >= now + 24 * HOUR && ends < now + 24 * HOUR + 60000, rotated.secrets.oldUntil);
    const shown = await show();
    assert.deepEqual(shown.oldSecrets, [{ until: rotated.secrets.oldUntil }]);
    assert.ok(!('secret' in shown) && !JSON.stringify(shown).includes('whsec_'), 'shown once');
    const during = await next();
    assert.deepEqual([verifies(hook.secret, during), verifies(rotated.secret, during), verifies(secretOf(32), during)], [true, true, false]);
    const [first] = signaturesOf(during);
    assert.ok(verifies(rotated.secret, { ...during, headers: { ...during.headers, 'webhook-signature': first } }), 'the new one comes first');
    await hub.advance(ends - (await hub.clockState()).now - 5000);
    assert.ok(verifies(hook.secret, await next()), 'until its last seconds');
    await hub.advance(5000);
    const afterwards = await next();
    assert.deepEqual([verifies(hook.secret, afterwards), verifies(rotated.secret, afterwards), signaturesOf(afterwards).length], [false, true, 1]);
    assert.deepEqual((await show()).oldSecrets, []);
    expect(await api.patch(`/api/v1/webhooks/${hook.id}`, { name: 'Later' }), 200);
    const last = await next();
    assert.deepEqual([verifies(hook.secret, last), verifies(rotated.secret, last)], [false, true]);
});

scenario('twice rotated: three signatures, each with its own end; they survive a restart and another change', async () => {
    const { hub, api, hook, rotate, show, next } = await setUp();
    const second = await rotate({ overlapHours: 2 });
    const given = secretOf(24);
    const third = await rotate({ overlapHours: 1, secret: given });
    assert.equal(third.secret, given);
    assert.equal(third.secrets.signing, 3);
    expect(await api.patch(`/api/v1/webhooks/${hook.id}`, { name: 'Changed meanwhile' }), 200);
    await hub.restart();
    const all = await next();
    assert.deepEqual([given, second.secret, hook.secret].map((secret) => verifies(secret, all)), [true, true, true]);
    assert.equal(signaturesOf(all).length, 3);
    await hub.advance(HOUR + 60000);
    const later = await next();
    assert.deepEqual([given, second.secret, hook.secret].map((secret) => verifies(secret, later)), [true, false, true]);
    assert.equal((await show()).oldSecrets.length, 1);
    await hub.advance(HOUR);
    const last = await next();
    assert.deepEqual([given, second.secret, hook.secret].map((secret) => verifies(secret, last)), [true, false, false]);
});

scenario('overlapHours 0: the new one alone signs; back to the one before: it signs once', async () => {
    const { hook, rotate, show, next } = await setUp();
    await rotate();
    const alone = await rotate({ overlapHours: 0 });
    assert.deepEqual(alone.secrets, { signing: 1, oldUntil: null });
    assert.deepEqual((await show()).oldSecrets, []);
    const received = await next();
    assert.deepEqual([verifies(hook.secret, received), verifies(alone.secret, received), signaturesOf(received).length], [false, true, 1]);
    const other = await rotate();
    const back = await rotate({ secret: alone.secret });
    assert.deepEqual([back.secret, back.secrets.signing], [alone.secret, 2]);
    const both = await next();
    assert.deepEqual([verifies(alone.secret, both), verifies(other.secret, both), signaturesOf(both).length], [true, true, 2]);
    // Asked again by a caller that never saw the answer.
    const again = await rotate({ secret: alone.secret });
    assert.deepEqual([again.secret, again.secrets], [alone.secret, back.secrets]);
    assert.equal(signaturesOf(await next()).length, 2);
});

scenario('pending deliveries are signed with what is good at the attempt', async () => {
    const { hub, api, receiver, hook, rotate } = await setUp();
    receiver.answers(500, 500, 200);
    expect(await sendApi(api, 'order', { email: 'p@example.org' }), 201);
    await waitDelivery(api, hook.id, (delivery) => delivery.attempts.length === 1);
    const rotated = await rotate({ overlapHours: 1 });
    await hub.advance(6000);
    await waitDelivery(api, hook.id, (delivery) => delivery.attempts.length === 2);
    await hub.advance(HOUR);
    await waitDelivery(api, hook.id, (delivery) => delivery.state === 'delivered');
    const verdicts = receiver.requests.map((received) => [verifies(hook.secret, received), verifies(rotated.secret, received)]);
    assert.deepEqual(verdicts, [[true, false], [true, true], [false, true]]);
    assert.equal(new Set(receiver.requests.map((received) => received.id)).size, 1);
});

scenario('at most five old ones; wrong requests are refused; the audit trail and the store hold no secret in the clear', async () => {
    const { hub, api, hook, rotate, show, next } = await setUp({ organizations: 2 });
    const path = `/api/v1/webhooks/${hook.id}/rotate-secret`;
    for (const secret of ['', 'whsec_', secretOf(23), secretOf(65), secretOf(32).slice(6), secretOf(32).replace(/=+$/, ''), 'whsec_????????????????????????????????', 7, null]) expectProblem(await api.post(path, { secret }), 422, 'invalid');
    for (const overlapHours of [-1, 169, 1.5, '24', null]) expectProblem(await api.post(path, { overlapHours }), 422, 'invalid');
    expectProblem(await hub.client(hub.owners[1]).post(path, {}), 404);
    const made = [];
    for (let hours = 1; hours <= 5; hours++) made.push((await rotate({ overlapHours: hours, secret: secretOf(hours === 1 ? 64 : 32) })).secret);
    const full = await show();
    assert.equal(full.oldSecrets.length, 5);
    assert.equal(signaturesOf(await next()).length, 6);
    const refused = expectProblem(await api.post(path, {}), 409, 'conflict');
    const soonest = full.oldSecrets.map((old) => old.until).sort()[0];
    assert.ok(refused.json.detail.includes(soonest), `${refused.json.detail} names ${soonest}`);
    await hub.advance(HOUR + 60000);
    made.push((await rotate()).secret);
    assert.equal((await show()).oldSecrets.length, 5);
    const rows = (await api.all('/api/v1/audit')).filter((row) => row.action === 'webhook.rotate_secret');
    assert.equal(rows.length, 6);
    assert.equal(rows.at(-1).detail.secret, '(secret)');
    const audit = JSON.stringify(await api.all('/api/v1/audit'));
    for (const secret of [hook.secret, ...made]) assert.ok(!audit.includes(secret.slice(6)), 'not in the audit trail');
    await hub.stop();
    const { code, stdout } = await hub.cli(['doctor', '--data', hub.data]);
    assert.ok(code === 0 || /^wrong +disk/m.test(stdout), stdout);
    for (const file of filesUnder(hub.data)) {
        const bytes = readFileSync(file);
        for (const secret of [hook.secret, ...made]) for (const form of [secret.slice(6), Buffer.from(secret.slice(6), 'base64')]) assert.ok(!bytes.includes(form), `${file} has a secret in the clear`);
    }
});

scenario('an endpoint that does not sign may rotate, and signs by the new one when it is told to sign', async () => {
    const { api, hook, rotate, next } = await setUp({}, { signing: false });
    const rotated = await rotate();
    assert.equal(rotated.secrets.signing, 0);
    assert.equal((await next()).headers['webhook-signature'], undefined);
    expect(await api.patch(`/api/v1/webhooks/${hook.id}`, { signing: true }), 200);
    const received = await next();
    assert.deepEqual([verifies(rotated.secret, received), verifies(hook.secret, received)], [true, true]);
});

for (const point of ['before-management-commit', 'after-management-commit'])
    scenario(`killed at ${point}: the secret that was answered signs, and one that was not answered does no harm`, { skip: existsSync(crashBinary) ? false : 'no test build' }, async () => {
        const hub = new Hub({ program: crashBinary, name: 'rotation', clock: true });
        await hub.init();
        await hub.start();
        const { api, hook, rotate, show, next } = await setUp({ hub });
        const answered = await rotate();
        const unanswered = secretOf(32);
        // No management commit comes before this rotation's.
        await hub.restart({ env: { JUNCTOR_CRASH: `${point}:1` }, ready: false });
        await hub.ready().catch(() => {});
        const answer = await api.post(`/api/v1/webhooks/${hook.id}/rotate-secret`, { secret: unanswered }, { timeout: 10000 }).catch(() => null);
        assert.equal(answer, null, 'it ended before it could answer');
        await until('it has ended', () => !hub.running);
        await hub.start();
        const received = await next();
        const committed = point.startsWith('after');
        assert.deepEqual([hook.secret, answered.secret, unanswered].map((secret) => verifies(secret, received)), [true, true, committed]);
        assert.equal((await show()).oldSecrets.length, committed ? 2 : 1);
        // Asked again, it is there, whatever became of it.
        const again = await rotate({ secret: unanswered });
        assert.equal(again.secret, unanswered);
        assert.deepEqual([again.secrets.signing, verifies(unanswered, await next())], [3, true]);
        await hub.stop();
        await hub.checkLedger();
    });
