// Custom events through the public API: every answer there is.
import assert from 'node:assert/strict';
import { before } from 'node:test';

import { EMAIL, TEXT, bodyOfSize, ledgerOf, makeEvent, sendApi } from '../lib/fixtures.mjs';
import { expect, expectProblem, request } from '../lib/http.mjs';
import { scenario, startHub } from '../lib/hub.mjs';

let hub;
let api;
let key;

const options = [{ id: 'red', label: 'Red' }, { id: 'blue', label: 'Blue' }];
const fields = [
    TEXT,
    { id: 'count', name: 'Count', type: 'integer' },
    { id: 'total', name: 'Total', type: 'decimal' },
    { id: 'day', name: 'Day', type: 'date' },
    { id: 'paid', name: 'Paid', type: 'boolean' },
    { id: 'cc', name: 'Copy', type: 'email' },
    { id: 'phone', name: 'Phone', type: 'phone', defaultCountryCode: 'ES' },
    { id: 'color', name: 'Color', type: 'radio', options },
    { id: 'tags', name: 'Tags', type: 'checkbox', options },
];

before(async () => {
    hub = await startHub();
    api = hub.client();
    await makeEvent(api, { alias: 'order', fields });
    await makeEvent(api, { alias: 'strict', fields: [{ ...TEXT, required: true }] });
    await makeEvent(api, { alias: 'a-hook', context: 'webhook' });
    key = async (scopes) => api.with({ key: expect(await api.post('/api/v1/api-keys', { name: scopes.join(), scopes }), 201).json.key });
});

const whole = {
    email: 'john.doe@example.org', text: 'Hi there!', count: 3, total: 149.95, day: '2026-11-21T10:00:00Z', paid: true,
    cc: 'copy@example.org', phone: '+34666777888', color: 'red', tags: ['red', 'blue'],
};

async function eventCount() {
    return (await ledgerOf(api)).events;
}

scenario('S2.1 S2.4 S2.45 C2 a valid event is 201 with its id, and can be read', async () => {
    const sent = expect(await sendApi(api, 'order', whole), 201);
    assert.match(sent.json.id, /^evt_/);
    assert.match(sent.headers['content-type'], /^application\/json/);
    const event = expect(await api.get(`/api/v1/events/${sent.json.id}`), 200).json;
    assert.equal(event.type, 'custom_event.order');
    assert.deepEqual(event.data.fields, { ...whole, day: event.data.fields.day });
    assert.equal(event.data.event.alias, 'order');
    assert.equal(event.data.contact.email, 'john.doe@example.org');
});

scenario('S2.4 401 without a key, or with one that is not known', async () => {
    const before = await eventCount();
    for (const authorization of [undefined, '', 'Bearer', 'Bearer ', 'Bearer nonsense', 'ApiKey nonsense', 'ApiKey a:b', 'Basic dXNlcjpwYXNz', 'Bearer ' + 'x'.repeat(5000), `Token ${api.key}`, api.key]) {
        const answer = await request(hub.url, 'POST', '/custom-events/alias/order?createContact=true', { body: whole, agent: false, headers: authorization === undefined ? {} : { authorization } });
        expectProblem(answer, 401, 'unauthenticated');
        assert.ok(answer.headers['www-authenticate'], 'a 401 names the scheme');
    }
    assert.equal(await eventCount(), before, 'nothing stored');
});

scenario('S2.4 S2.33 403 without the scope; custom_events:write is enough to send and not enough to read contacts', async () => {
    const reader = await key(['contacts:read', 'events:read']);
    expectProblem(await sendApi(reader, 'order', whole), 403, 'forbidden');
    const writer = await key(['custom_events:write']);
    expect(await sendApi(writer, 'order', whole), 201);
    expectProblem(await writer.get('/api/v1/contacts'), 403, 'forbidden');
    expect(await reader.get('/api/v1/contacts'), 200);
});

scenario('S2.46 S2.47 C3 ApiKey and Bearer in any case, keyId:secret or the secret alone', async () => {
    const made = expect(await api.post('/api/v1/api-keys', { name: 'forms', scopes: ['custom_events:write'] }), 201).json;
    for (const scheme of ['ApiKey', 'apiKey', 'apikey', 'APIKEY', 'Bearer', 'bearer', 'BEARER'])
        for (const value of [made.key, `${made.id}:${made.key}`]) {
            const answer = await request(hub.url, 'POST', '/custom-events/alias/order?createContact=true', { body: whole, agent: false, headers: { authorization: `${scheme} ${value}` } });
            assert.equal(answer.status, 201, `${scheme} ${value.replace(made.key, '…')}: ${answer.text}`);
        }
    const other = expect(await api.post('/api/v1/api-keys', { name: 'other', scopes: ['custom_events:write'] }), 201).json;
    const mixed = await request(hub.url, 'POST', '/custom-events/alias/order', { body: whole, agent: false, headers: { authorization: `ApiKey ${other.id}:${made.key}` } });
    expectProblem(mixed, 401, 'unauthenticated');
});

scenario('S2.7 createContact: an unknown e-mail is 404 and nothing is stored, unless it is true; a known one never matters', async () => {
    const before = await ledgerOf(api);
    for (const [n, query] of ['', '?createContact=false', '?createContact=FALSE', '?other=1'].entries()) {
        const answer = await sendApi(api, 'order', { email: `nobody${n}@example.org` }, { query });
        if (query.includes('FALSE') || query.includes('other')) assert.ok([400, 404, 422].includes(answer.status));
        else expectProblem(answer, 404, 'not_found');
    }
    assert.equal((await ledgerOf(api)).events, before.events);
    assert.equal((await api.all('/api/v1/contacts?email=nobody')).length, 0);
    expect(await sendApi(api, 'order', { email: 'nobody@example.org' }, { query: '?createContact=maybe' }), 400, 422);
    expect(await sendApi(api, 'order', { email: 'somebody@example.org' }), 201);
    for (const query of ['', '?createContact=false', '?createContact=true']) expect(await sendApi(api, 'order', { email: 'Somebody@Example.ORG ' }, { query }), 201);
});

scenario('S2.9 unknown fields are named, all of them, and nothing is stored', async () => {
    const before = await eventCount();
    const answer = expectProblem(await sendApi(api, 'order', { ...whole, extra: 1, 'a/b~c': 2 }), 422, 'invalid');
    assert.deepEqual(answer.json.errors.map((error) => [error.pointer, error.field, error.code]).sort(), [['/a~1b~0c', 'a/b~c', 'unknown'], ['/extra', 'extra', 'unknown']]);
    assert.equal(await eventCount(), before);
});

scenario('S2.9 wrong JSON types and values, for each type of field', async () => {
    const before = await eventCount();
    const wrong = {
        text: [1, true, [], {}],
        count: ['3', 3.5, 1e30, true, [], 9223372036854776000],
        total: ['1.5', true, {}],
        day: ['yesterday', '2026-13-01', '2026-02-30', '2026-01-01T25:00:00Z', 5, true, ''],
        paid: ['true', 1, 0],
        cc: ['no address', 'a@', '@b', 'a b@c.org', 5, ''],
        phone: ['call me', '+', 34666777888, '+34 1'],
        color: ['green', 'Red', ['red'], 5],
        tags: ['red', ['green'], ['red', 'red'], [1], {}],
        email: ['nobody', '', 5, null, 'a@b@c', ['a@b.org'], 'a@b\n.org'],
    };
    for (const [field, values] of Object.entries(wrong))
        for (const value of values) {
            const answer = expectProblem(await sendApi(api, 'order', { ...whole, [field]: value }), 422, 'invalid');
            assert.ok(answer.json.errors.some((error) => error.field === field && error.pointer.startsWith(`/${field}`)), `${field} = ${JSON.stringify(value)}: ${answer.text}`);
        }
    for (const missing of [{}, { text: 'x' }]) {
        const answer = expectProblem(await sendApi(api, 'strict', missing), 422, 'invalid');
        assert.ok(answer.json.errors.some((error) => error.field === 'email' && error.code === 'required'), answer.text);
    }
    const answer = expectProblem(await sendApi(api, 'strict', { email: 'a@b.org' }), 422, 'invalid');
    assert.ok(answer.json.errors.some((error) => error.field === 'text' && error.code === 'required'), answer.text);
    for (const body of ['[]', '"x"', '5', 'null', 'true']) expectProblem(await sendApi(api, 'order', body), 422);
    assert.equal(await eventCount(), before);
});

scenario('S2.9 good values of each type go through unchanged', async () => {
    const good = {
        text: ['', 'ü€😀', '\u0001\u007f', 'x'.repeat(100000)],
        count: [0, -1, 9007199254740991, -9007199254740991],
        total: [0, -0.5, 149.95, 1e-7, 5, 123456789.123],
        day: ['2026-11-21', '2026-11-21T10:11:12Z', '2026-11-21T10:11:12.123+02:00', '2024-02-29'],
        paid: [true, false],
        cc: ['a@b.org', 'Ünder+tag@sub.example.co.uk'],
        color: ['red', 'blue'],
        tags: [[], ['red'], ['blue', 'red']],
    };
    for (const [field, values] of Object.entries(good))
        for (const value of values) {
            const sent = await sendApi(api, 'order', { email: 'good@example.org', [field]: value });
            assert.equal(sent.status, 201, `${field} = ${JSON.stringify(value).slice(0, 100)}: ${sent.text}`);
            const { data } = expect(await api.get(`/api/v1/events/${sent.json.id}`), 200).json;
            if (field !== 'day') assert.deepEqual(data.fields[field], value, field);
            else assert.equal(new Date(data.fields.day).getTime(), new Date(value).getTime());
        }
    expect(await sendApi(api, 'order', { email: 'good@example.org', phone: '666 777 888' }), 201);
    // Beyond what a double holds, an integer is kept to the digit.
    const sent = expect(await sendApi(api, 'order', '{"email":"good@example.org","count":9223372036854775807,"total":149.95}'), 201);
    assert.match((await api.get(`/api/v1/events/${sent.json.id}`)).text, /9223372036854775807/);
});

scenario('S2.48 the order of keys is irrelevant', async () => {
    for (const body of ['{"email":"o@example.org","text":"a","count":1}', '{"count":1,"text":"a","email":"o@example.org"}']) expect(await sendApi(api, 'order', body), 201);
});

scenario('S2.5 C1 524,288 bytes are accepted, 524,289 are 413', async () => {
    const before = await eventCount();
    expect(await sendApi(api, 'order', bodyOfSize(524288)), 201);
    expectProblem(await sendApi(api, 'order', bodyOfSize(524289)), 413, 'too_large');
    expectProblem(await sendApi(api, 'order', bodyOfSize(2000000)), 413, 'too_large');
    assert.equal(await eventCount(), before + 1);
});

scenario('S2.40 C2 400 malformed JSON, 415 another content type', async () => {
    for (const body of ['', '{', '{"email":}', 'email=a@b.org', '\ufeff{"email":"a@b.org"}', '{"email":"a@b.org"}x']) expectProblem(await sendApi(api, 'order', body), 400, 'malformed');
    for (const type of ['application/json', 'application/json; charset=utf-8', 'Application/JSON ;charset="UTF-8"', 'application/json;charset=UTF8'])
        assert.equal((await sendApi(api, 'order', whole, { headers: { 'content-type': type } })).status, 201, type);
    for (const type of ['text/plain', 'application/x-www-form-urlencoded', 'application/xml', 'application/jsonx', 'json'])
        expectProblem(await sendApi(api, 'order', whole, { headers: { 'content-type': type } }), 415, 'unsupported_media_type');
});

scenario('C2 404 for an alias there is not, or of another context; 405 for other methods', async () => {
    expectProblem(await sendApi(api, 'no-such', whole), 404, 'not_found');
    expectProblem(await sendApi(api, 'a-hook', { email: 'a@b.org' }), 404, 'not_found');
    expectProblem(await sendApi(api, 'ORDER', whole), 404, 'not_found');
    expectProblem(await sendApi(api, '%00', whole), 400);
    for (const method of ['GET', 'PUT', 'DELETE', 'PATCH']) {
        const answer = expectProblem(await api.request(method, '/custom-events/alias/order'), 405, 'method_not_allowed');
        assert.match(answer.headers.allow ?? '', /POST/);
    }
});

scenario('C2 429 with X-RateLimit-* and Retry-After at a key\'s limit', async () => {
    const made = expect(await api.post('/api/v1/api-keys', { name: 'slow', scopes: ['custom_events:write'], ratePerMinute: 5 }), 201).json;
    const slow = api.with({ key: made.key });
    const answers = [];
    for (let i = 0; i < 7; i++) answers.push(await sendApi(slow, 'order', whole));
    assert.deepEqual(answers.slice(0, 5).map((answer) => answer.status), [201, 201, 201, 201, 201]);
    assert.deepEqual(answers.slice(0, 5).map((answer) => answer.headers['x-ratelimit-remaining']), ['4', '3', '2', '1', '0']);
    assert.equal(answers[0].headers['x-ratelimit-limit'], '5');
    assert.ok(Number(answers[0].headers['x-ratelimit-reset']) > Date.now() / 1000 - 60);
    const refused = expectProblem(answers[5], 429, 'rate_limited');
    assert.ok(Number(refused.headers['retry-after']) >= 1 && Number(refused.headers['retry-after']) <= 60, refused.headers['retry-after']);
    expect(answers[6], 429);
    expect(await sendApi(api, 'order', whole), 201);
});

scenario('S2.49 a contact is not changed by the fields of its events', async () => {
    expect(await sendApi(api, 'order', { email: 'kept@example.org', text: 'a new name' }), 201);
    const [contact] = await api.all('/api/v1/contacts?email=kept');
    expect(await sendApi(api, 'order', { email: 'KEPT@example.org', text: 'another' }), 201);
    const [again] = await api.all('/api/v1/contacts?email=kept');
    assert.equal(again.id, contact.id);
    assert.equal(again.email, 'kept@example.org', 'C4, C8: the primary key is never rewritten');
});

scenario('what leaves open what is meant is refused: headers and parameters that come twice, other encodings', async () => {
    const body = { email: 'twice@example.org' };
    const json = 'application/json';
    const refusals = [
        [400, /Authorization/, { authorization: [`Bearer ${api.key}`, `Bearer ${api.key}`] }],
        [400, /Idempotency-Key/, { 'idempotency-key': ['a', 'b'] }],
        [400, /Content-Type/, { 'content-type': [json, json] }],
        [415, /uncompressed/, { 'content-encoding': 'gzip' }],
        [415, /uncompressed/, { 'content-encoding': 'identity, br' }],
        [415, /utf-8/, { 'content-type': `${json}; charset=iso-8859-1` }],
        [415, /utf-8/, { 'content-type': `${json}; x=1; Charset="UTF-16"` }],
    ];
    for (const [status, words, headers] of refusals)
        assert.match(expectProblem(await sendApi(api, 'order', body, { headers }), status).json.detail, words, JSON.stringify(headers));
    for (const headers of [{ 'content-encoding': 'identity' }, { 'content-type': `${json};charset=UTF-8` }, { 'content-type': `${json}; charset="utf-8"; x=1` }])
        expect(await sendApi(api, 'order', body, { headers }), 201);
    for (const query of ['?createContact=1', '?createContact=', '?createContact', '?createContact=true&createContact=true', '?createContact=true&x=1&create%43ontact=false', '?createContact=%zz']) {
        const answer = expectProblem(await sendApi(api, 'order', body, { query }), 400, 'malformed');
        assert.equal(answer.json.errors[0].field, 'createContact', query);
    }
    expect(await sendApi(api, 'order', body, { query: '?utm_source=x&createContact=true&utm_source=y' }), 201);
});
