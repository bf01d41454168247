// Webhook endpoints: made, listed, changed, deleted, pinged.
import assert from 'node:assert/strict';
import { after, before } from 'node:test';

import { TEXT, deliveriesOf, ledgerOf, makeEvent, makeWebhook, sendApi, waitDelivery } from '../lib/fixtures.mjs';
import { expect, expectProblem } from '../lib/http.mjs';
import { scenario, startHub } from '../lib/hub.mjs';
import { startReceiver } from '../lib/receiver.mjs';
import { until } from '../lib/wait.mjs';

let hub;
let api;
let receiver;

before(async () => {
    hub = await startHub();
    api = hub.client();
    receiver = await startReceiver();
    for (const alias of ['order', 'refund']) await makeEvent(api, { alias, fields: [TEXT] });
});
after(() => receiver.close());

const good = (changes) => ({ name: 'Receiver', url: 'https://hooks.example.org/in', eventTypes: ['*'], ...changes });

scenario('S4.6 S4.2 create: 201 with an id and a secret that is shown then only', async () => {
    const made = expect(await api.post('/api/v1/webhooks', good()), 201).json;
    assert.match(made.id, /^whk_/);
    assert.match(made.secret, /^whsec_[A-Za-z0-9+/]{32,}={0,2}$/);
    assert.ok(Buffer.from(made.secret.slice(6), 'base64').length >= 24);
    const read = expect(await api.get(`/api/v1/webhooks/${made.id}`), 200).json;
    assert.equal(read.status, 'active');
    assert.ok('statusReason' in read);
    assert.deepEqual([read.name, read.url, read.eventTypes], ['Receiver', 'https://hooks.example.org/in', ['*']]);
    const everything = read === undefined ? '' : JSON.stringify([read, await api.all('/api/v1/webhooks')]);
    assert.ok(!everything.includes(made.secret.slice(6)), 'the secret is not shown again');
    assert.ok(!hub.log.includes(made.secret.slice(6)), 'nor logged');
});

scenario('S4.7 S4.8 the name is required; the URL is required, absolute, http or https', async () => {
    for (const name of [undefined, '', '  ', 5, null]) {
        const answer = expectProblem(await api.post('/api/v1/webhooks', good({ name })), 422, 'invalid');
        assert.ok(answer.json.errors.some((error) => error.pointer === '/name'), answer.text);
    }
    for (const url of [undefined, '', 'example.org', '/path', 'ftp://example.org/x', 'http://', 'https:///x', 'javascript:alert(1)', 'http://exa mple.org', 'http://example.org:99999/', 'file:///etc/passwd', 'http://a\nb/', 5, null, 'http://[::1', 'https://example.org/\u0000']) {
        const answer = expectProblem(await api.post('/api/v1/webhooks', good({ url })), 422, 'invalid');
        assert.ok(answer.json.errors.some((error) => error.pointer === '/url'), `${url}: ${answer.text}`);
    }
    for (const url of ['http://example.org', 'https://example.org:8443/a/b?c=d&e=%20f', 'HTTPS://EXAMPLE.org/', 'http://[2606:4700::1111]:8080/x'])
        expect(await api.post('/api/v1/webhooks', good({ url })), 201);
});

scenario('S4.22 event types: "*", exact ones, families; what cannot be is refused', async () => {
    for (const eventTypes of [['*'], ['custom_event.order'], ['contact.created', 'ping'], ['custom_event.not-yet-there'], ['custom_event.*']]) expect(await api.post('/api/v1/webhooks', good({ eventTypes })), 201);
    for (const eventTypes of [undefined, [], 'order', ['order'], ['custom_event.'], [5], [''], ['**'], ['custom_event.a b'], null, {}]) {
        const answer = expectProblem(await api.post('/api/v1/webhooks', good({ eventTypes })), 422, 'invalid');
        assert.ok(answer.json.errors.some((error) => error.pointer.startsWith('/eventTypes')), `${JSON.stringify(eventTypes)}: ${answer.text}`);
    }
    const unknown = expectProblem(await api.post('/api/v1/webhooks', good({ eventTypes: ['endpoint.broken'] })), 422, 'invalid');
    const help = expect(await api.get('/api/openapi.json'), 200).json.components.schemas.NewWebhook.properties.eventTypes.description;
    for (const type of ['endpoint.*', 'endpoint.failing', 'delivery.dead']) {
        assert.ok(unknown.text.includes(type) && help.includes(type), `${type}: ${unknown.text} ${help}`);
        expect(await api.post('/api/v1/webhooks', good({ eventTypes: [type] })), 201);
    }
    for (const body of [good({ format: 'xml' }), good({ signing: 'yes' }), { ...good(), extra: 1 }]) expectProblem(await api.post('/api/v1/webhooks', body), 422, 'invalid');
});

scenario('S4.9 several webhooks: each gets its own delivery of what it wants, and nothing else', async () => {
    const hooks = {
        all: await makeWebhook(api, `${receiver.url}/all`, { eventTypes: ['*'] }),
        order: await makeWebhook(api, `${receiver.url}/order`, { eventTypes: ['custom_event.order'] }),
        refund: await makeWebhook(api, `${receiver.url}/refund`, { eventTypes: ['custom_event.refund'] }),
        contact: await makeWebhook(api, `${receiver.url}/contact`, { eventTypes: ['contact.created'] }),
    };
    const { id } = expect(await sendApi(api, 'order', { email: 'several@example.org' }), 201).json;
    await receiver.waitFor(4, { filter: (received) => ['/all', '/order', '/contact'].includes(received.path) });
    const at = (path) => receiver.requests.filter((received) => received.path === path);
    assert.deepEqual([at('/all').length, at('/order').length, at('/refund').length, at('/contact').length], [2, 1, 0, 1]);
    assert.equal(at('/order')[0].json.data.id, id);
    assert.notEqual(at('/order')[0].id, at('/all').find((received) => received.json.type === 'custom_event.order').id, 'a webhook-id for each delivery');
    assert.equal((await deliveriesOf(api, hooks.refund.id)).length, 0);
    for (const hook of Object.values(hooks)) expect(await api.delete(`/api/v1/webhooks/${hook.id}`), 204);
});

scenario('edit: the change is used by the next delivery', async () => {
    const hook = await makeWebhook(api, `${receiver.url}/before`, { eventTypes: ['custom_event.order'] });
    const changed = expect(await api.patch(`/api/v1/webhooks/${hook.id}`, { name: 'New', url: `${receiver.url}/after`, eventTypes: ['custom_event.refund'] }), 200).json;
    assert.deepEqual([changed.name, changed.url, changed.eventTypes], ['New', `${receiver.url}/after`, ['custom_event.refund']]);
    expect(await sendApi(api, 'order', { email: 'edit@example.org' }), 201);
    expect(await sendApi(api, 'refund', { email: 'edit@example.org' }), 201);
    await receiver.waitFor(1, { filter: (received) => received.path === '/after' });
    assert.equal(receiver.requests.filter((received) => received.path === '/before').length, 0);
    for (const wrong of [{ url: 'nonsense' }, { name: '' }, { eventTypes: [] }, { id: 'x' }]) expectProblem(await api.patch(`/api/v1/webhooks/${hook.id}`, wrong), 422, 'invalid');
    assert.equal(expect(await api.get(`/api/v1/webhooks/${hook.id}`), 200).json.name, 'New');
    expect(await api.delete(`/api/v1/webhooks/${hook.id}`), 204);
});

scenario('ping sends one, to this webhook only, without body or content type', async () => {
    const hook = await makeWebhook(api, `${receiver.url}/ping`, { eventTypes: ['custom_event.refund'] });
    await makeWebhook(api, `${receiver.url}/other`, { eventTypes: ['ping'] });
    const before = await ledgerOf(api);
    const answer = await api.post(`/api/v1/webhooks/${hook.id}/ping`);
    assert.ok([200, 201, 202].includes(answer.status), answer.text);
    const [received] = await receiver.waitFor(1, { filter: (one) => one.path === '/ping' });
    assert.equal(received.json.type, 'ping');
    assert.equal(receiver.requests.filter((one) => one.path === '/other').length, 0);
    const delivery = await waitDelivery(api, hook.id);
    assert.deepEqual([delivery.eventType, delivery.state], ['ping', 'delivered']);
    const ledger = await ledgerOf(api);
    assert.equal(ledger.deliveries, before.deliveries + 1);
    expectProblem(await api.post('/api/v1/webhooks/whk_0000000000001/ping'), 404, 'not_found');
});

scenario('delete: unfinished deliveries become dropped with a reason, and the log stays', async () => {
    const down = await startReceiver();
    down.script = () => 500;
    const hook = await makeWebhook(api, `${down.url}/gone`, { eventTypes: ['custom_event.refund'] });
    const before = await ledgerOf(api);
    for (let i = 0; i < 5; i++) expect(await sendApi(api, 'refund', { email: 'drop@example.org' }), 201);
    await down.waitFor(5);
    expect(await api.delete(`/api/v1/webhooks/${hook.id}`), 204);
    expectProblem(await api.delete(`/api/v1/webhooks/${hook.id}`), 404, 'not_found');
    assert.ok(!(await api.all('/api/v1/webhooks')).some((row) => row.id === hook.id));
    await until('all are dropped', async () => (await ledgerOf(api)).dropped === before.dropped + 5);
    await hub.checkLedger();
    await down.close();
});

scenario('delete while delivered ones are sent again: they stay delivered, with all attempts', async () => {
    const target = await startReceiver();
    const hook = await makeWebhook(api, `${target.url}/again`, { eventTypes: ['custom_event.refund'], concurrency: 2 });
    const { dropped } = await ledgerOf(api);
    for (let i = 0; i < 6; i++) expect(await sendApi(api, 'refund', { email: 'again@example.org' }), 201);
    await until('all are delivered', async () => (await deliveriesOf(api, hook.id)).every((row) => row.state === 'delivered'));
    const ids = (await deliveriesOf(api, hook.id)).map((row) => row.id);
    target.script = (received) => ({ status: received.index % 2 === 0 ? 200 : 500, delay: 400 });
    expect(await api.post(`/api/v1/webhooks/${hook.id}/recover`, { deliveryIds: ids }), 202);
    await target.waitFor(8);
    expect(await api.delete(`/api/v1/webhooks/${hook.id}`), 204);
    const read = async () => Promise.all(ids.map(async (id) => expect(await api.get(`/api/v1/deliveries/${id}`), 200).json));
    await until('all have ended', async () => {
        const rows = await read();
        return rows.every((row) => row.state !== 'pending') && rows.reduce((sum, row) => sum + row.attempts.length, 0) === target.count;
    });
    for (const row of await read()) assert.deepEqual([row.state, row.reason, row.attemptCount], ['delivered', null, row.attempts.length], row.id);
    assert.equal((await ledgerOf(api)).dropped, dropped);
    await hub.checkLedger();
    await target.close();
});

scenario('delete while attempts are under way: what the receiver took is delivered, the rest is dropped', async () => {
    const slow = await startReceiver();
    slow.script = (received) => ({ status: received.index % 2 === 0 ? 200 : 500, delay: 400 });
    const hook = await makeWebhook(api, `${slow.url}/slow`, { eventTypes: ['custom_event.refund'] });
    const before = await ledgerOf(api);
    for (let i = 0; i < 20; i++) expect(await sendApi(api, 'refund', { email: 'slow@example.org' }), 201);
    await slow.waitFor(8);
    const ids = (await api.all(`/api/v1/webhooks/${hook.id}/deliveries`)).map((row) => row.id);
    assert.equal(ids.length, 20);
    expect(await api.delete(`/api/v1/webhooks/${hook.id}`), 204);
    const read = async () => Promise.all(ids.map(async (id) => expect(await api.get(`/api/v1/deliveries/${id}`), 200).json));
    await until('all have ended', async () => {
        const rows = await read();
        return rows.every((row) => row.state !== 'pending') && rows.reduce((sum, row) => sum + row.attempts.length, 0) === slow.requests.length && slow.requests.length >= 8;
    });
    const rows = await read();
    for (const row of rows) {
        assert.equal(row.attemptCount, row.attempts.length, row.id);
        assert.equal(row.lastStatus, row.attempts.at(-1)?.response.status ?? null, row.id);
        assert.equal(row.state, row.attempts.some((attempt) => attempt.response.status === 200) ? 'delivered' : 'dropped', row.id);
        assert.equal(row.state === 'dropped', /deleted/.test(row.reason ?? ''), row.reason);
    }
    const delivered = rows.filter((row) => row.state === 'delivered').length;
    assert.ok(delivered >= 4, `${delivered} delivered`);
    assert.ok(rows.some((row) => row.state === 'dropped' && row.attemptCount === 1), 'one that failed stays dropped');
    assert.equal((await ledgerOf(api)).dropped - before.dropped, 20 - delivered);
    await hub.checkLedger();
    await slow.close();
});

scenario('events that nobody wants are counted as such', async () => {
    const quiet = await startHub({ name: 'quiet' });
    const client = quiet.client();
    await makeEvent(client, { alias: 'order' });
    expect(await sendApi(client, 'order', { email: 'a@b.org' }), 201);
    const ledger = await ledgerOf(client);
    assert.deepEqual([ledger.events, ledger.wanted, ledger.notWanted, ledger.occurrences, ledger.deliveries], [1, 0, 1, 1, 0]);
    await quiet.checkLedger();
});
