// Contacts: made by events, found by prefix, with what happened to them.
import assert from 'node:assert/strict';
import { before } from 'node:test';

import { TEXT, makeEvent, makeWebhook, sendApi, sendWebhook } from '../lib/fixtures.mjs';
import { expect, expectProblem } from '../lib/http.mjs';
import { scenario, startHub } from '../lib/hub.mjs';
import { startReceiver } from '../lib/receiver.mjs';

let hub;
let api;
let organization;

before(async () => {
    hub = await startHub();
    api = hub.client();
    organization = hub.owners[0].organizationId;
    await makeEvent(api, { alias: 'order', fields: [TEXT] });
    await makeEvent(api, { alias: 'hook', context: 'webhook', fields: [TEXT] });
});

const contactsLike = (prefix) => api.all(`/api/v1/contacts?email=${encodeURIComponent(prefix)}`);

scenario('simultaneous first events of one e-mail make one contact and one contact.created', async () => {
    const receiver = await startReceiver();
    await makeWebhook(api, `${receiver.url}/created`, { eventTypes: ['contact.created'] });
    const rounds = 10;
    for (let round = 0; round < rounds; round++) {
        const emails = [`same${round}@example.org`, `SAME${round}@Example.org`, ` same${round}@example.ORG `];
        const answers = await Promise.all(Array.from({ length: 24 }, (_, i) => (i % 2 ? sendApi(api, 'order', { email: emails[i % 3] }) : sendWebhook(api, organization, 'hook', { email: emails[i % 3] }))));
        for (const answer of answers) assert.ok(answer.status < 300, answer.text);
        const found = await contactsLike(`same${round}@`);
        assert.equal(found.length, 1, JSON.stringify(found));
        const activity = await api.all(`/api/v1/contacts/${found[0].id}/activity`);
        assert.equal(activity.filter((row) => row.type === 'contact.created').length, 1);
        assert.equal(activity.filter((row) => row.type.startsWith('custom_event.')).length, 24);
    }
    const created = await receiver.waitFor(rounds);
    assert.equal(new Set(created.map((received) => received.json.data.contact?.email?.toLowerCase() ?? received.json.data.email.toLowerCase())).size, rounds);
    assert.equal(created.length, rounds);
    await receiver.close();
});

scenario('C4 the e-mail is matched without regard to case, and shown as it first came', async () => {
    expect(await sendApi(api, 'order', { email: '  Ann.Smith@Example.ORG ' }), 201);
    expect(await sendApi(api, 'order', { email: 'ann.smith@example.org' }, { create: false }), 201);
    const [contact] = await contactsLike('ANN.smith');
    assert.equal(contact.email, 'Ann.Smith@Example.ORG');
});

scenario('S2.43 S2.38 the activity shows each event with all values, newest first, by pages', async () => {
    const ids = [];
    for (let i = 0; i < 7; i++) ids.push(expect(await sendApi(api, 'order', { email: 'busy@example.org', text: `value ${i}` }), 201).json.id);
    const [contact] = await contactsLike('busy@');
    const first = expect(await api.get(`/api/v1/contacts/${contact.id}/activity?limit=3`), 200).json;
    assert.deepEqual(first.data.map((row) => row.id), ids.slice(-3).reverse());
    assert.equal(first.data[0].type, 'custom_event.order');
    assert.equal((first.data[0].fields ?? first.data[0].data.fields).text, 'value 6');
    assert.ok(!Number.isNaN(Date.parse(first.data[0].at ?? first.data[0].timestamp)), JSON.stringify(first.data[0]));
    const all = await api.all(`/api/v1/contacts/${contact.id}/activity`, { limit: 2 });
    assert.deepEqual(all.filter((row) => row.type !== 'contact.created').map((row) => row.id), [...ids].reverse());
    const seen = expect(await api.get(`/api/v1/contacts/${contact.id}`), 200).json;
    assert.equal(seen.email, 'busy@example.org');
});

scenario('S2.38 events are listed by type, newest first', async () => {
    const before = (await api.all('/api/v1/events?type=custom_event.order')).length;
    const { id } = expect(await sendApi(api, 'order', { email: 'busy@example.org' }), 201).json;
    const events = await api.all('/api/v1/events?type=custom_event.order');
    assert.equal(events.length, before + 1);
    assert.equal(events[0].id, id);
    assert.ok(events.every((event) => event.type === 'custom_event.order'));
});

scenario('search by the beginning of the e-mail, in any case; wildcards are letters', async () => {
    for (const email of ['pre.one@example.org', 'pre.two@example.org', 'prex@example.org', 'pre_x@example.org', 'pre%x@example.org', 'zpre@example.org'])
        expect(await sendApi(api, 'order', { email }), 201);
    const found = async (prefix) => (await contactsLike(prefix)).map((row) => row.email).sort();
    assert.deepEqual(await found('pre.'), ['pre.one@example.org', 'pre.two@example.org']);
    assert.deepEqual(await found('PRE.T'), ['pre.two@example.org']);
    assert.deepEqual(await found('pre_'), ['pre_x@example.org']);
    assert.deepEqual(await found('pre%'), ['pre%x@example.org']);
    assert.deepEqual(await found("pre'"), []);
    assert.equal((await found('pre')).length, 5);
    assert.deepEqual(await found('pre.one@example.org'), ['pre.one@example.org']);
});

scenario('contacts are listed by pages without repetition while new ones arrive', async () => {
    for (let i = 0; i < 12; i++) expect(await sendApi(api, 'order', { email: `paged${i}@example.org` }), 201);
    const seen = [];
    let cursor = '';
    let n = 0;
    do {
        const page = expect(await api.get(`/api/v1/contacts?limit=5${cursor ? `&cursor=${encodeURIComponent(cursor)}` : ''}`), 200).json;
        seen.push(...page.data.map((row) => row.id));
        cursor = page.next;
        expect(await sendApi(api, 'order', { email: `meanwhile${n++}@example.org` }), 201);
    } while (cursor && n < 100);
    assert.equal(new Set(seen).size, seen.length);
});

scenario('a contact there is not is 404', async () => {
    expectProblem(await api.get('/api/v1/contacts/con_0000000000001'), 404, 'not_found');
    expectProblem(await api.get('/api/v1/contacts/con_0000000000001/activity'), 404, 'not_found');
});
