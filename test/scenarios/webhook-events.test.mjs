// Custom events through a webhook: no key, forgiving, by JSON Pointer.
import assert from 'node:assert/strict';
import { before } from 'node:test';

import { EMAIL, TEXT, bodyOfSize, ledgerOf, makeEvent, sendWebhook } from '../lib/fixtures.mjs';
import { expect, expectProblem, request } from '../lib/http.mjs';
import { scenario, startHub } from '../lib/hub.mjs';

let hub;
let api;
let organization;

before(async () => {
    hub = await startHub({ organizations: 2 });
    api = hub.client();
    organization = hub.owners[0].organizationId;
    await makeEvent(api, {
        context: 'webhook',
        alias: 'webhook-event-example',
        fields: [{ id: 'phone', name: 'Phone', type: 'phone', defaultCountryCode: 'ES' }, { id: 'name', name: 'Name', type: 'text' }, TEXT],
    });
    await makeEvent(api, {
        context: 'webhook',
        alias: 'nested',
        primary: { ...EMAIL, jsonPointerPath: '/who/mail' },
        fields: [
            { id: 'deep', name: 'Deep', type: 'text', jsonPointerPath: '/a/b/0/c~1d' },
            { id: 'tilde', name: 'Tilde', type: 'text', jsonPointerPath: '/m~0n' },
            { id: 'dash', name: 'Dash', type: 'text', jsonPointerPath: '/list/-' },
            { id: 'whole', name: 'Whole', type: 'text', jsonPointerPath: '' },
            { id: 'leading', name: 'Leading zero', type: 'text', jsonPointerPath: '/list/01' },
            { id: 'second', name: 'Second', type: 'integer', jsonPointerPath: '/list/1' },
            { id: 'plain', name: 'No pointer', type: 'text' },
        ],
    });
    await makeEvent(api, {
        context: 'webhook',
        alias: 'typed',
        fields: [
            { id: 'count', name: 'Count', type: 'integer' }, { id: 'total', name: 'Total', type: 'decimal' },
            { id: 'paid', name: 'Paid', type: 'boolean' }, { id: 'day', name: 'Day', type: 'date' }, TEXT,
            { id: 'must', name: 'Must', type: 'integer', required: true },
        ],
    });
    await makeEvent(api, { alias: 'of-the-api' });
});

const send = (alias, body, options) => sendWebhook(api, organization, alias, body, options);

async function accepted(alias, body, options) {
    const answer = await send(alias, body, options);
    assert.ok(answer.status >= 200 && answer.status < 300, `${answer.status}: ${answer.text}`);
    return expect(await api.get(`/api/v1/events/${answer.json.id}`), 200).json;
}

scenario('S2.10 S2.37 S2.41 S2.44 the example of the document: no key, 2xx with an id, all values kept', async () => {
    const body = '{\n"email": "john.doe@example.org",\n"phone": "+34666777888",\n"name": "Hi there!"\n}';
    const answer = await request(hub.url, 'POST', `/${organization}/custom-events/alias/webhook-event-example`, { body, agent: false });
    assert.ok(answer.status >= 200 && answer.status < 300, answer.text);
    assert.match(answer.json.id, /^evt_/);
    const event = expect(await api.get(`/api/v1/events/${answer.json.id}`), 200).json;
    assert.deepEqual(event.data.fields, { email: 'john.doe@example.org', phone: '+34666777888', name: 'Hi there!' });
});

scenario('S2.39 unknown organization or alias 404, of another context 404, GET 405', async () => {
    const body = { email: 'a@b.org' };
    expectProblem(await sendWebhook(api, '00000000-0000-4000-8000-000000000000', 'webhook-event-example', body), 404, 'not_found');
    expectProblem(await sendWebhook(api, 'no-uuid', 'webhook-event-example', body), 404, 'not_found');
    expectProblem(await sendWebhook(api, hub.owners[1].organizationId, 'webhook-event-example', body), 404, 'not_found');
    expectProblem(await send('no-such', body), 404, 'not_found');
    expectProblem(await send('of-the-api', body), 404, 'not_found');
    for (const method of ['GET', 'HEAD', 'PUT', 'DELETE']) {
        const answer = await hub.anonymous.request(method, `/${organization}/custom-events/alias/webhook-event-example`);
        expect(answer, 405);
        assert.match(answer.headers.allow ?? '', /POST/);
    }
});

scenario('S2.11 C1 524,288 bytes are accepted, 524,289 are 413, chunked too', async () => {
    const before = (await ledgerOf(api)).events;
    assert.ok((await send('webhook-event-example', bodyOfSize(524288))).status < 300);
    expectProblem(await send('webhook-event-example', bodyOfSize(524289)), 413, 'too_large');
    const chunked = (size) => request(hub.url, 'POST', `/${organization}/custom-events/alias/webhook-event-example`, {
        agent: false,
        headers: { 'content-type': 'application/json', 'transfer-encoding': 'chunked', 'content-length': undefined },
        onRequest: (sent) => {
            const body = bodyOfSize(size);
            sent.removeHeader('content-length');
            for (let at = 0; at < body.length; at += 50000) sent.write(body.subarray(at, at + 50000));
        },
    });
    assert.ok((await chunked(524288)).status < 300);
    const over = await chunked(524289).catch((error) => ({ status: 413, cut: error }));
    assert.equal(over.status, 413);
    assert.equal((await ledgerOf(api)).events, before + 2);
});

scenario('S2.13 the contact is always made; createContact has no effect', async () => {
    await accepted('webhook-event-example', { email: 'fresh@example.org' }, { query: '?createContact=false' });
    assert.equal((await api.all('/api/v1/contacts?email=fresh@')).length, 1);
});

scenario('S2.14 C6 pointers: escapes, indexes, "-", the whole document, no pointer', async () => {
    const body = { who: { mail: 'ptr@example.org' }, a: { b: [{ 'c/d': 'found' }] }, 'm~n': 'tilde', list: ['x', '7'], plain: { an: ['object'] }, ignored: 1 };
    const { fields } = (await accepted('nested', body)).data;
    assert.equal(fields.email, 'ptr@example.org');
    assert.equal(fields.deep, 'found');
    assert.equal(fields.tilde, 'tilde');
    assert.ok(!('dash' in fields), '"-" never matches');
    assert.ok(!('leading' in fields), 'an index has no leading zero');
    assert.equal(fields.second, 7, 'coerced');
    assert.deepEqual(JSON.parse(fields.whole), body, 'the whole document as JSON text');
    assert.deepEqual(JSON.parse(fields.plain), body.plain, 'an object in a text field is JSON text');
    assert.ok(!('ignored' in fields));
    const few = (await accepted('nested', { who: { mail: 'ptr@example.org' } })).data.fields;
    assert.deepEqual(Object.keys(few).sort(), ['email', 'whole'], 'a missing path is an absent field');
});

scenario('S2.15 unknown fields are no error and are not stored as fields', async () => {
    const event = await accepted('webhook-event-example', { email: 'u@example.org', unknown: { x: [1] }, name: 'n' });
    assert.deepEqual(event.data.fields, { email: 'u@example.org', name: 'n' });
});

scenario('C5 values are coerced where they can be; else the field is dropped and noted', async () => {
    const event = await accepted('typed', { email: 'c@example.org', count: '12', total: '149.95', paid: 'true', must: '5', text: 12.5, day: '2026-01-02' });
    assert.deepEqual({ ...event.data.fields, day: null }, { email: 'c@example.org', count: 12, total: 149.95, paid: true, must: 5, text: '12.5', day: null });
    const dropped = await accepted('typed', { email: 'c@example.org', count: 'twelve', paid: 'perhaps', day: 'someday', must: 1 });
    assert.deepEqual(Object.keys(dropped.data.fields).sort(), ['email', 'must']);
    assert.deepEqual((dropped.notes ?? []).map((note) => note.field).sort(), ['count', 'day', 'paid'], JSON.stringify(dropped));
});

scenario('S2.12 a missing or invalid e-mail is 422, and kept as a rejection', async () => {
    for (const body of [{}, { name: 'x' }, { email: 'nobody' }, { email: null }, { email: '' }, { email: {} }]) {
        const answer = expectProblem(await send('webhook-event-example', body), 422, 'invalid');
        assert.ok(answer.json.errors.some((error) => error.field === 'email'), answer.text);
    }
    const rejections = await api.all('/api/v1/rejections');
    assert.ok(rejections.some((row) => row.status === 422 && row.reason === 'invalid' && JSON.stringify(row).includes('webhook-event-example')), JSON.stringify(rejections.slice(0, 2)));
});

scenario('S2.40 malformed JSON is 400; a document that is no object finds nothing', async () => {
    for (const body of ['', '{', 'x', '{"email":"a@b.org"']) expectProblem(await send('webhook-event-example', body), 400, 'malformed');
    for (const body of ['[]', '5', '"a@b.org"', 'null']) expectProblem(await send('webhook-event-example', body), 422);
    const type = await send('webhook-event-example', 'email=a%40b.org', { headers: { 'content-type': 'application/x-www-form-urlencoded' } });
    assert.ok([415, 200, 201, 202].includes(type.status), type.text);
    expectProblem(await send('webhook-event-example', '<x/>', { headers: { 'content-type': 'application/xml' } }), 415, 'unsupported_media_type');
});

scenario('C7 the organization may ask webhook senders for a secret header, and for their address', async () => {
    const other = hub.client(hub.owners[1]);
    await makeEvent(other, { context: 'webhook', alias: 'guarded' });
    const post = (headers = {}) => sendWebhook(other, hub.owners[1].organizationId, 'guarded', { email: 'a@b.org' }, { headers });
    assert.ok((await post()).status < 300);
    expect(await other.patch('/api/v1/organization', { webhookSecret: 'open sesame' }), 200);
    expectProblem(await post(), 401, 'unauthenticated');
    expectProblem(await post({ 'x-webhook-secret': 'open sesam' }), 401, 'unauthenticated');
    assert.ok((await post({ 'x-webhook-secret': 'open sesame' })).status < 300);
    assert.ok(!(await other.get('/api/v1/organization')).text.includes('open sesame'), 'the secret is not shown');
    expect(await other.patch('/api/v1/organization', { webhookSecret: null, allowedAddresses: ['192.0.2.0/24'] }), 200);
    expectProblem(await post(), 403, 'forbidden');
    expect(await other.patch('/api/v1/organization', { allowedAddresses: ['127.0.0.0/8'] }), 200);
    assert.ok((await post()).status < 300);
});

scenario('a member that comes twice: the last counts, with a note, the e-mail included', async () => {
    await makeEvent(api, { alias: 'twice', context: 'webhook', fields: [TEXT, { id: 'deep', name: 'D', type: 'text', jsonPointerPath: '/a/deep' }] });
    const raw = '{"email":"first@example.org","text":"x","a":{"deep":"1"},"email":"last@example.org","a":{"deep":"2"}}';
    const { id } = expect(await sendWebhook(api, organization, 'twice', raw), 201).json;
    const event = expect(await api.get(`/api/v1/events/${id}`), 200).json;
    assert.equal(event.data.contact.email, 'last@example.org');
    assert.equal(event.data.fields.deep, '2');
    assert.deepEqual(event.notes.map((note) => `${note.field} ${note.code}`).sort(), ['deep duplicate', 'email duplicate']);
    assert.equal(event.raw, raw);
    for (const headers of [{ 'content-encoding': 'deflate' }, { 'content-type': 'text/plain; charset=latin1' }])
        expectProblem(await sendWebhook(api, organization, 'twice', raw, { headers }), 415, 'unsupported_media_type');
    expect(await sendWebhook(api, organization, 'twice', raw, { query: '?anything=1&anything=2&createContact=maybe' }), 201);
});

scenario('the organization\'s id in the address is taken in any case of its letters', async () => {
    await makeEvent(api, { alias: 'any-case', context: 'webhook' });
    for (const id of [organization.toUpperCase(), organization.replace(/[a-f]/, (letter) => letter.toUpperCase())])
        expect(await sendWebhook(api, id, 'any-case', { email: 'case@example.org' }), 201);
});

scenario('an e-mail with a space or something invisible in it is none', async () => {
    await makeEvent(api, { alias: 'unseen', context: 'webhook' });
    for (const character of ['\u200b', '\ufeff', '\u00ad', '\u3000', '\u2060', '\u180e', '\u00a0', '\u0085', '\u{e0001}', '\u2066', '\u115f'])
        expectProblem(await sendWebhook(api, organization, 'unseen', { email: `a${character}b@example.org` }), 422, 'invalid');
    for (const email of ['\u00e4@example.org', '\u65e5\u672c@example.org', 'a@\u00e4.example'])
        expect(await sendWebhook(api, organization, 'unseen', { email }), 201);
});
