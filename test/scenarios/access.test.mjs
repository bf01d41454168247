// Users, roles, sessions: log in and out, CSRF, rates, the last owner, the audit trail.
import assert from 'node:assert/strict';
import { before } from 'node:test';

import { expect, expectProblem } from '../lib/http.mjs';
import { PASSWORD, filesUnder, readText, scenario, startHub } from '../lib/hub.mjs';

const HOUR = 3600000;
let hub;
let api;
let next = 0;

before(async () => {
    hub = await startHub({ clock: true, organizations: 2 });
    api = hub.client();
});

const login = (email, password = PASSWORD, more = {}) => hub.anonymous.post('/api/v1/session', { email, password, ...more });

// A client with the session's cookie, which adds the CSRF token where it is needed.
async function session(email, password = PASSWORD) {
    const answer = expect(await login(email, password), 200, 201);
    const cookie = answer.setCookies[0].split(';')[0];
    return api.with({ key: undefined, headers: { cookie, 'x-csrf-token': answer.json.csrfToken }, answer, cookie });
}

async function makeUser(role, changes = {}) {
    const email = `user${++next}@example.org`;
    const made = expect(await api.post('/api/v1/users', { email, name: `User ${next}`, password: PASSWORD, role, ...changes }), 201).json;
    return { ...made, email };
}

scenario('log in: a cookie for this site only, unseen by scripts; who am I; log out', async () => {
    const owner = hub.owners[0];
    const one = await session(owner.email);
    assert.match(one.answer.setCookies[0], /HttpOnly/i);
    assert.match(one.answer.setCookies[0], /SameSite=(Lax|Strict)/i);
    assert.match(one.answer.setCookies[0], /Path=\//i);
    const { json } = one.answer;
    assert.equal(json.user.email, owner.email);
    assert.equal(json.role, 'owner');
    assert.equal(json.organization.id, owner.organizationId);
    const me = expect(await one.get('/api/v1/session'), 200).json;
    assert.equal(me.user.id, owner.userId);
    expect(await one.get('/api/v1/integrations'), 200);
    const ended = expect(await one.delete('/api/v1/session'), 204, 200);
    assert.ok(ended.setCookies.length === 0 || /Max-Age=0|Expires=Thu, 01 Jan 1970/i.test(ended.setCookies[0]));
    expectProblem(await one.get('/api/v1/integrations'), 401, 'unauthenticated');
});

scenario('a wrong password and an unknown address are told apart by nothing', async () => {
    const wrong = expectProblem(await login(hub.owners[0].email, 'not the password'), 401, 'unauthenticated');
    const unknown = expectProblem(await login('nobody@example.org', 'not the password'), 401, 'unauthenticated');
    assert.equal(wrong.json.detail, unknown.json.detail);
    for (const body of [{}, { email: 'x' }, { email: 'x', password: '' }, { email: 5, password: 'x' }, { email: 'a@b.org', password: 'x'.repeat(5000) }]) {
        const answer = await hub.anonymous.post('/api/v1/session', body);
        assert.ok([401, 422].includes(answer.status), `${JSON.stringify(body).slice(0, 100)}: ${answer.text}`);
    }
    assert.ok(!hub.log.includes(PASSWORD) && !hub.log.includes('not the password'));
});

scenario('writes need the CSRF token, reads do not', async () => {
    const one = await session(hub.owners[0].email);
    const without = one.with({ headers: { cookie: one.cookie } });
    expect(await without.get('/api/v1/integrations'), 200);
    expectProblem(await without.post('/api/v1/integrations', { name: 'x' }), 403, 'forbidden');
    expectProblem(await one.with({ headers: { cookie: one.cookie, 'x-csrf-token': 'wrong' } }).post('/api/v1/integrations', { name: 'x' }), 403, 'forbidden');
    const other = await session(hub.owners[0].email);
    expectProblem(await one.with({ headers: { cookie: one.cookie, 'x-csrf-token': other.headers['x-csrf-token'] } }).post('/api/v1/integrations', { name: 'x' }), 403, 'forbidden');
    expect(await one.post('/api/v1/integrations', { name: 'x' }), 201);
});

scenario('attempts to log in are limited, by address and by account, and the next minutes are free again', async () => {
    const victim = await makeUser('viewer');
    const statuses = [];
    for (let i = 0; i < 40 && !statuses.includes(429); i++) statuses.push((await login(victim.email, `guess ${i}`)).status);
    assert.ok(statuses.includes(429), `${statuses}`);
    assert.ok(statuses.indexOf(429) <= 20, `refused only after ${statuses.indexOf(429)} guesses`);
    const refused = expectProblem(await login(victim.email, PASSWORD), 429, 'rate_limited');
    assert.ok(Number(refused.headers['retry-after']) > 0);
    await hub.advance(HOUR);
    expect(await login(victim.email), 200, 201);
});

scenario('roles: viewer reads, editor writes configuration, admin writes users and keys, owner all', async () => {
    const rights = {
        viewer: { read: true, webhooks: false, keys: false, users: false, organization: false },
        editor: { read: true, webhooks: true, keys: false, users: false, organization: false },
        admin: { read: true, webhooks: true, keys: true, users: true, organization: false },
        owner: { read: true, webhooks: true, keys: true, users: true, organization: true },
    };
    for (const [role, may] of Object.entries(rights)) {
        const user = await makeUser(role);
        const one = await session(user.email);
        const doors = {
            read: () => one.get('/api/v1/integrations'),
            webhooks: () => one.post('/api/v1/webhooks', { name: 'n', url: 'https://example.org/', eventTypes: ['ping'] }),
            keys: () => one.post('/api/v1/api-keys', { name: 'n', scopes: ['contacts:read'] }),
            users: () => one.post('/api/v1/users', { email: `by-${role}@example.org`, name: 'n', password: PASSWORD, role: 'viewer' }),
            organization: () => one.patch('/api/v1/organization', { name: 'Acme' }),
        };
        for (const [door, open] of Object.entries(doors)) {
            const answer = await open();
            if (may[door]) assert.ok(answer.status < 300, `${role} may ${door}: ${answer.text}`);
            else expectProblem(answer, 403, 'forbidden');
        }
    }
});

scenario('nobody makes or becomes more than they are', async () => {
    const admin = await session((await makeUser('admin')).email);
    expectProblem(await admin.post('/api/v1/users', { email: 'more@example.org', name: 'n', password: PASSWORD, role: 'owner' }), 403, 'forbidden');
    const viewer = await makeUser('viewer');
    expectProblem(await admin.patch(`/api/v1/users/${viewer.id}`, { role: 'owner' }), 403, 'forbidden');
    const owner = hub.owners[0];
    expectProblem(await admin.patch(`/api/v1/users/${owner.userId}`, { role: 'viewer' }), 403, 'forbidden');
    expectProblem(await admin.delete(`/api/v1/users/${owner.userId}`), 403, 'forbidden');
    const mine = await session(viewer.email);
    expectProblem(await mine.patch(`/api/v1/users/${viewer.id}`, { role: 'admin' }), 403, 'forbidden');
});

scenario('the last owner stays', async () => {
    const other = hub.client(hub.owners[1]);
    const { userId } = hub.owners[1];
    expectProblem(await other.delete(`/api/v1/users/${userId}`), 409, 'conflict');
    expectProblem(await other.patch(`/api/v1/users/${userId}`, { role: 'admin' }), 409, 'conflict');
    const second = expect(await other.post('/api/v1/users', { email: 'second@example.org', name: 'n', password: PASSWORD, role: 'owner' }), 201).json;
    const answers = await Promise.all([other.patch(`/api/v1/users/${userId}`, { role: 'admin' }), other.patch(`/api/v1/users/${second.id}`, { role: 'admin' })]);
    assert.deepEqual(answers.map((answer) => answer.status).sort(), [200, 409], 'two at once: one owner is left');
});

scenario('what an organization calls its people, no other learns', async () => {
    const theirs = hub.client(hub.owners[1]);
    const made = expect(await api.post('/api/v1/users', { email: 'Shared.Person@example.org', name: 'Shared Realname', password: PASSWORD, role: 'viewer' }), 201).json;
    const there = expect(await theirs.post('/api/v1/users', { email: 'shared.person@EXAMPLE.org', name: 'n', password: 'some other password', role: 'editor' }), 201);
    assert.equal(there.json.name, 'n');
    assert.equal(there.json.email, 'shared.person@EXAMPLE.org', 'as it was written here');
    for (const answer of [there, await theirs.get('/api/v1/users'), await theirs.get(`/api/v1/users/${there.json.id}`)])
        assert.ok(!/Realname|Shared\.Person/.test(answer.text), answer.text);
    expect(await theirs.patch(`/api/v1/users/${there.json.id}`, { name: 'theirs' }), 200);
    assert.equal(expect(await api.get(`/api/v1/users/${made.id}`), 200).json.name, 'Shared Realname');
    assert.ok(!(await theirs.get('/api/v1/audit')).text.includes('Realname'));
    const mine = await session('shared.person@example.org');
    assert.equal((await mine.get('/api/v1/session')).json.user.name, 'Shared Realname');
    const { json } = expect(await hub.anonymous.post('/api/v1/session', { email: 'shared.person@example.org', password: PASSWORD, organizationId: hub.owners[1].organizationId }), 200);
    assert.equal(json.user.name, 'theirs');
    expectProblem(await theirs.patch(`/api/v1/users/${there.json.id}`, { password: 'not for them to say' }), 403, 'forbidden');
});

scenario('a deleted user, or a changed role or password, ends or changes the session at once', async () => {
    const user = await makeUser('editor');
    const one = await session(user.email);
    expect(await one.post('/api/v1/integrations', { name: 'x' }), 201);
    expect(await api.patch(`/api/v1/users/${user.id}`, { role: 'viewer' }), 200);
    expectProblem(await one.post('/api/v1/integrations', { name: 'x' }), 403, 'forbidden');
    expect(await one.patch(`/api/v1/users/${user.id}`, { password: 'another password here', currentPassword: PASSWORD }), 200);
    expectProblem(await login(user.email), 401);
    expect(await login(user.email, 'another password here'), 200, 201);
    expect(await api.delete(`/api/v1/users/${user.id}`), 204);
    expectProblem(await one.get('/api/v1/integrations'), 401);
    expectProblem(await login(user.email, 'another password here'), 401);
});

scenario('sessions end by their age, and none is revived by a restart', async () => {
    const one = await session(hub.owners[0].email);
    await hub.restart();
    expect(await one.get('/api/v1/session'), 200);
    const { expiresAt } = (await one.get('/api/v1/session')).json;
    const { now } = await hub.clockState();
    assert.ok(Date.parse(expiresAt) > now);
    await hub.advance(Date.parse(expiresAt) - now + 1000);
    expectProblem(await one.get('/api/v1/session'), 401);
    await hub.restart();
    expectProblem(await one.get('/api/v1/session'), 401);
});

scenario('passwords are stored as Argon2id; what is wrong with a user is named', async () => {
    const user = await makeUser('viewer', { password: 'a very telling password' });
    await hub.stop();
    let argon = false;
    for (const file of filesUnder(hub.data)) {
        const text = readText(file);
        assert.ok(!text.includes('a very telling password'), file);
        argon ||= text.includes('$argon2id$');
    }
    assert.ok(argon, 'there are Argon2id hashes in the store');
    await hub.start();
    for (const [changes, member] of [[{ email: 'x' }, 'email'], [{ email: undefined }, 'email'], [{ password: 'short' }, 'password'], [{ role: 'king' }, 'role'], [{ role: undefined }, 'role'], [{ name: '' }, 'name']]) {
        const answer = expectProblem(await api.post('/api/v1/users', { email: 'w@example.org', name: 'n', password: PASSWORD, role: 'viewer', ...changes }), 422, 'invalid');
        assert.ok(answer.json.errors.some((error) => error.pointer === `/${member}`), answer.text);
    }
    const again = await api.post('/api/v1/users', { email: user.email.toUpperCase(), name: 'n', password: PASSWORD, role: 'viewer' });
    expectProblem(again, 409, 'conflict');
    assert.ok((await api.all('/api/v1/users')).some((row) => row.email === user.email));
});

scenario('each change of configuration has its audit row: who, what, to which, without secrets', async () => {
    const before = (await api.all('/api/v1/audit')).length;
    const made = expect(await api.post('/api/v1/integrations', { name: 'audited' }), 201).json;
    expect(await api.patch(`/api/v1/integrations/${made.id}`, { name: 'again' }), 200);
    expect(await api.delete(`/api/v1/integrations/${made.id}`), 204);
    expectProblem(await api.post('/api/v1/integrations', {}), 422);
    const rows = await api.all('/api/v1/audit');
    assert.equal(rows.length, before + 3, 'what was refused is not in it');
    assert.deepEqual(rows.slice(0, 3).map((row) => row.object), [made.id, made.id, made.id]);
    assert.equal(new Set(rows.slice(0, 3).map((row) => row.action)).size, 3);
    for (const row of rows.slice(0, 3)) {
        assert.match(row.actor, /^(usr|key)_/);
        assert.ok(!Number.isNaN(Date.parse(row.at)));
    }
    assert.ok(!JSON.stringify(rows).includes(PASSWORD));
});
