// Definitions of custom events: contexts, aliases, fields, and every refusal.
import assert from 'node:assert/strict';
import { before } from 'node:test';

import { EMAIL, TEXT, makeEvent, makeIntegration, makeWebhook, sendApi, sendWebhook } from '../lib/fixtures.mjs';
import { expect, expectProblem } from '../lib/http.mjs';
import { scenario, startHub } from '../lib/hub.mjs';

let hub;
let api;
let path;
let next = 0;

before(async () => {
    hub = await startHub();
    api = hub.client();
    path = `/api/v1/integrations/${(await makeIntegration(api)).id}/events`;
});

const definition = (changes = {}) => ({ context: 'api', name: 'An event', alias: `alias-${++next}`, fields: [EMAIL], ...changes });

function field(changes) {
    return { id: 'f', name: 'F', type: 'text', required: false, isPrimaryKey: false, ...changes };
}

async function refused(body, where, code, slug = 'invalid') {
    const answer = expectProblem(await api.post(path, body), 422, slug);
    const errors = answer.json.errors ?? [];
    if (where !== undefined)
        assert.ok(errors.some((error) => error.pointer === where && (!code || error.code === code)), `no error at ${where} (${code ?? 'any code'}) for ${JSON.stringify(body).slice(0, 300)}: ${answer.text}`);
    return answer;
}

scenario('S2.3 S2.21 the context must be given; api and webhook are made alike; web is not available yet', async () => {
    await refused(definition({ context: undefined }), '/context', 'required');
    await refused(definition({ context: 'ftp' }), '/context');
    await refused(definition({ context: null }), '/context');
    await refused(definition({ context: 3 }), '/context');
    await refused(definition({ context: 'web' }), undefined, undefined, 'context_not_available');
    for (const context of ['api', 'webhook']) {
        const made = expect(await api.post(path, definition({ context })), 201).json;
        assert.equal(made.context, context);
        assert.match(made.id, /^def_/);
    }
});

scenario('S2.3 the context is immutable', async () => {
    const made = expect(await api.post(path, definition()), 201).json;
    expectProblem(await api.patch(`${path}/${made.id}`, { context: 'webhook' }), 422);
    assert.equal(expect(await api.get(`${path}/${made.id}`), 200).json.context, 'api');
});

scenario('S2.28 name and alias are required, the alias is unique in the organization', async () => {
    await refused(definition({ name: undefined }), '/name', 'required');
    await refused(definition({ name: '' }), '/name');
    await refused(definition({ alias: undefined }), '/alias', 'required');
    for (const alias of ['', ' ', 'a b', 'a/b', 'ä', '?', '.', '-x', 'x'.repeat(101), 'a\u0000b', 7]) await refused(definition({ alias }), '/alias');
    expect(await api.post(path, definition({ alias: 'taken' })), 201);
    const again = await api.post(path, definition({ alias: 'taken' }));
    assert.ok([409, 422].includes(again.status), again.text);
    const elsewhere = await makeIntegration(api, 'Elsewhere');
    const other = await api.post(`/api/v1/integrations/${elsewhere.id}/events`, definition({ alias: 'taken' }));
    assert.ok([409, 422].includes(other.status), other.text);
});

scenario('S2.6 S2.12 exactly one primary key, which is a required e-mail, in both contexts', async () => {
    for (const context of ['api', 'webhook']) {
        await refused(definition({ context, fields: [] }), '/fields');
        await refused(definition({ context, fields: undefined }), '/fields');
        await refused(definition({ context, fields: [field({ type: 'email' })] }), '/fields');
        await refused(definition({ context, fields: [{ ...EMAIL, required: false }] }), '/fields/0/required');
        await refused(definition({ context, fields: [EMAIL, { ...EMAIL, id: 'email2' }] }), '/fields/1/isPrimaryKey');
        await refused(definition({ context, fields: [field({ isPrimaryKey: true, required: true })] }), '/fields/0/isPrimaryKey');
        await refused(definition({ context, fields: [EMAIL, field({ isPrimaryKey: true, required: true })] }));
    }
});

scenario('S2.29 S2.30 all nine types of fields, and 200 of them', async () => {
    const options = [{ id: 'a', label: 'A' }, { id: 'b', label: 'B' }];
    const types = ['text', 'integer', 'decimal', 'date', 'boolean', 'email', 'phone', 'radio', 'checkbox'];
    const fields = types.map((type) => field({ id: `f_${type}`, name: type, type, ...(type === 'radio' || type === 'checkbox' ? { options } : {}), ...(type === 'phone' ? { defaultCountryCode: 'ES' } : {}) }));
    const made = expect(await api.post(path, definition({ alias: 'nine', fields: [EMAIL, ...fields] })), 201).json;
    const read = expect(await api.get(`${path}/${made.id}`), 200).json;
    assert.deepEqual(read.fields.map((one) => one.type), ['email', ...types]);
    assert.deepEqual(read.fields.find((one) => one.id === 'f_radio').options, options);
    assert.equal(read.fields.find((one) => one.id === 'f_phone').defaultCountryCode, 'ES');

    const many = Array.from({ length: 199 }, (_, i) => field({ id: `field-${i}`, name: `Field ${i}`, type: types[i % 5] }));
    const big = expect(await api.post(path, definition({ alias: 'many', fields: [EMAIL, ...many] })), 201).json;
    assert.equal(expect(await api.get(`${path}/${big.id}`), 200).json.fields.length, 200);
    const body = { email: 'many@example.org' };
    many.forEach((one, i) => (body[one.id] = { text: 't', integer: i, decimal: i + 0.5, date: '2026-01-02', boolean: true }[one.type]));
    expect(await sendApi(api, 'many', body), 201);
    const over = Array.from({ length: 501 }, (_, i) => field({ id: `x${i}` }));
    await refused(definition({ fields: [EMAIL, ...over] }), '/fields');
});

// The display name of a field is asked for by nothing but eyes: S2.28 has only the event's as required.
scenario('S2.29 a field without a name, and an option without a label, are called by their ids; the document says so', async () => {
    const made = expect(await api.post(path, definition({ fields: [{ ...EMAIL, name: undefined }, { id: 'size', type: 'radio', options: ['s', { id: 'm' }, { id: 'l', label: 'Large' }] }] })), 201).json;
    const [email, size] = expect(await api.get(`${path}/${made.id}`), 200).json.fields;
    assert.deepEqual([email.name, size.name, size.options], [EMAIL.id, 'size', [{ id: 's', label: 's' }, { id: 'm', label: 'm' }, { id: 'l', label: 'Large' }]]);
    const { schemas } = expect(await api.get('/api/openapi.json'), 200).json.components;
    assert.deepEqual([schemas.NewField.required.sort(), schemas.Field.required.sort()], [['id', 'type'], ['id', 'name', 'type']]);
    assert.deepEqual([schemas.NewFieldOption.required, schemas.FieldOption.required.sort()], [['id'], ['id', 'label']]);
});

scenario('S2.30 a phone without a country takes numbers with their calling code only', async () => {
    const phone = field({ id: 'phone', type: 'phone' });
    expect(await api.post(path, definition({ alias: 'abroad', fields: [EMAIL, phone] })), 201);
    expect(await api.post(path, definition({ alias: 'abroad-hook', context: 'webhook', fields: [EMAIL, phone] })), 201);
    expect(await sendApi(api, 'abroad', { email: 'p@example.org', phone: '+34666777888' }), 201);
    const wrong = expectProblem(await sendApi(api, 'abroad', { email: 'p@example.org', phone: '666777888' }), 422, 'invalid');
    assert.deepEqual(wrong.json.errors.map((error) => [error.pointer, error.code]), [['/phone', 'format']]);
    const sent = expect(await sendWebhook(api, hub.owners[0].organizationId, 'abroad-hook', { email: 'p@example.org', phone: '666777888' }), 200, 201, 202);
    assert.ok(!('phone' in expect(await api.get(`/api/v1/events/${sent.json.id}`), 200).json.data.fields), 'dropped, and noted');
});

scenario('S2.30 each wrong field is named', async () => {
    const wrong = [
        [{ id: undefined }, 'id'], [{ id: '' }, 'id'], [{ id: 5 }, 'id'],
        [{ name: 5 }, 'name'],
        [{ type: undefined }, 'type'], [{ type: 'number' }, 'type'], [{ type: 'TEXT' }, 'type'],
        [{ required: 'yes' }, 'required'], [{ isPrimaryKey: 1 }, 'isPrimaryKey'],
        [{ type: 'radio' }, 'options'], [{ type: 'checkbox', options: [] }, 'options'],
        [{ type: 'radio', options: [{ id: 'a', label: 'A' }, { id: 'a', label: 'B' }] }, 'options'],
        [{ type: 'phone', defaultCountryCode: 'Spain' }, 'defaultCountryCode'], [{ type: 'phone', defaultCountryCode: 'XX' }, 'defaultCountryCode'],
    ];
    for (const [changes, member] of wrong) {
        const answer = await refused(definition({ fields: [EMAIL, field(changes)] }));
        assert.ok(answer.json.errors.some((error) => error.pointer.startsWith(`/fields/1/${member}`)), `${JSON.stringify(changes)}: ${answer.text}`);
    }
    for (const [changes, where] of [
        [{ id: 'a\u0000' }, 'id'], [{ name: '\u0000' }, 'name'], [{ type: 'text\u0000' }, 'type'],
        [{ type: 'radio', options: ['a', { id: 'b', label: '\u0000' }] }, 'options/1/label'], [{ 'a\u0000b': 1 }, 'a\u0000b'],
    ])
        await refused(definition({ fields: [EMAIL, field(changes)] }), `/fields/1/${where}`, 'format');
    await refused(definition({ fields: [EMAIL, field({}), field({})] }), '/fields/2/id');
    await refused(definition({ fields: [EMAIL, field({ colour: 1 })] }));
    await refused(definition({ fields: {} }), '/fields');
    await refused(definition({ fields: ['x'] }), '/fields/0');
    await refused({ ...definition(), extra: 1 }, '/extra');
});

scenario('S2.14 C6 pointers are checked when they are saved, and are for webhooks', async () => {
    for (const pointer of ['', '/a/b/0/c~1d', '/~0', '/a/', '/'])
        expect(await api.post(path, definition({ context: 'webhook', fields: [{ ...EMAIL, jsonPointerPath: '/e' }, field({ jsonPointerPath: pointer })] })), 201);
    for (const pointer of ['a', '/a~2', '/a~', 5])
        await refused(definition({ context: 'webhook', fields: [EMAIL, field({ jsonPointerPath: pointer })] }), '/fields/1/jsonPointerPath');
    await refused(definition({ context: 'api', fields: [EMAIL, field({ jsonPointerPath: '/a' })] }), '/fields/1/jsonPointerPath');
});

scenario('S2.31 S2.36 the event is in the list, with alias, context and a URL that works', async () => {
    const hook = expect(await api.post(path, definition({ context: 'webhook', alias: 'copied-hook' })), 201).json;
    const row = (await api.all(path)).find((one) => one.id === hook.id);
    assert.deepEqual([row.alias, row.context, row.url], ['copied-hook', 'webhook', hook.url]);
    assert.ok(hook.url.endsWith(`/${hub.owners[0].organizationId}/custom-events/alias/copied-hook`), hook.url);
    const sent = await hub.anonymous.post(new URL(hook.url).pathname, { email: 'copy@example.org' });
    assert.ok([200, 201, 202].includes(sent.status), sent.text);
    const strict = expect(await api.post(path, definition({ alias: 'copied-api' })), 201).json;
    assert.ok(new URL(strict.url).pathname.endsWith('/custom-events/alias/copied-api'), strict.url);
    expect(await api.post(`${new URL(strict.url).pathname}?createContact=true`, { email: 'copy@example.org' }), 201);
});

scenario('C10 of a field only the name may change; fields may be added and removed, the primary key not', async () => {
    const made = await makeEvent(api, { alias: 'edited', fields: [TEXT] });
    const at = `/api/v1/integrations/${made.integration}/events/${made.id}`;
    const changed = expect(await api.patch(at, { name: 'New name', fields: [{ ...EMAIL, name: 'Mail' }, { ...TEXT, name: 'Renamed' }] }), 200).json;
    assert.deepEqual([changed.name, ...changed.fields.map((one) => one.name)], ['New name', 'Mail', 'Renamed']);
    for (const fields of [
        [{ ...EMAIL, required: false }, TEXT],
        [EMAIL, { ...TEXT, type: 'integer' }],
        [EMAIL, { ...TEXT, required: true }],
        [TEXT],
        [EMAIL, TEXT, field({ id: 'new', required: true })],
    ])
        expectProblem(await api.patch(at, { fields }), 422, 'invalid');
    expect(await api.patch(at, { fields: [EMAIL, TEXT, field({ id: 'new' })] }), 200);
    expect(await sendApi(api, 'edited', { email: 'e@example.org', new: 'x' }), 201);
    expect(await api.patch(at, { fields: [EMAIL] }), 200);
    expectProblem(await sendApi(api, 'edited', { email: 'e@example.org', text: 'x' }), 422);
    expectProblem(await api.patch(at, { alias: '' }), 422);
});

scenario('a change is used by the very next event, and a deleted event is 404', async () => {
    const made = await makeEvent(api, { alias: 'short-lived', context: 'webhook' });
    const at = `/api/v1/integrations/${made.integration}/events/${made.id}`;
    const organization = hub.owners[0].organizationId;
    assert.ok((await sendWebhook(api, organization, 'short-lived', { email: 'a@b.org' })).status < 300);
    expect(await api.delete(at), 204);
    expectProblem(await sendWebhook(api, organization, 'short-lived', { email: 'a@b.org' }), 404, 'not_found');
    expectProblem(await api.get(at), 404, 'not_found');
    for (let i = 0; i < 10; i++) {
        const again = await makeEvent(api, { alias: `at-once-${i}`, context: 'webhook', integration: made.integration });
        assert.ok((await sendWebhook(api, organization, `at-once-${i}`, { email: 'a@b.org' })).status < 300, 'known at once');
        expect(await api.delete(`/api/v1/integrations/${made.integration}/events/${again.id}`), 204);
        expect(await sendWebhook(api, organization, `at-once-${i}`, { email: 'a@b.org' }), 404);
    }
});

scenario('another alias: subscriptions to the old type follow, in one step; types that nothing has are warned of', async () => {
    const made = await makeEvent(api, { alias: 'old-name', fields: [TEXT] });
    const hook = async (eventTypes) => (await makeWebhook(api, 'http://127.0.0.1:9/', { eventTypes })).id;
    const types = async (id) => expect(await api.get(`/api/v1/webhooks/${id}`), 200).json.eventTypes;
    const exact = await hook(['ping', 'custom_event.old-name', 'contact.created']);
    const both = await hook(['custom_event.new-name', 'custom_event.old-name']);
    const others = await hook(['custom_event.old-name-2', 'custom_event.*']);
    const early = expect(await api.get(`/api/v1/webhooks/${both}`), 200).json;
    assert.equal(early.warnings.filter((text) => text.includes('custom_event.new-name')).length, 1);
    assert.ok(!early.warnings.some((text) => text.includes('old-name')));
    const trail = (await api.all('/api/v1/audit')).length;
    expect(await api.patch(`/api/v1/integrations/${made.integration}/events/${made.id}`, { alias: 'new-name' }), 200);
    assert.deepEqual(await types(exact), ['ping', 'custom_event.new-name', 'contact.created']);
    assert.deepEqual(await types(both), ['custom_event.new-name']);
    assert.deepEqual(await types(others), ['custom_event.old-name-2', 'custom_event.*']);
    const rows = (await api.all('/api/v1/audit')).slice(0, -trail);
    assert.deepEqual(rows.map((row) => `${row.action} ${row.object}`).sort(), [`event.update ${made.id}`, `webhook.update ${exact}`, `webhook.update ${both}`].sort());
    const event = expect(await sendApi(api, 'new-name', { email: 'a@b.org' }), 201).json.id;
    const rowsOf = expect(await api.get(`/api/v1/events/${event}`), 200).json.deliveries.map((row) => row.webhookId);
    assert.deepEqual(rowsOf.sort(), [exact, both, others].sort());
    const warned = expect(await api.get(`/api/v1/webhooks/${others}`), 200).json.warnings;
    assert.ok(warned.some((text) => text.includes('"old-name-2"')), JSON.stringify(warned));
    expect(await api.patch(`/api/v1/integrations/${made.integration}/events/${made.id}`, { name: 'only the name' }), 200);
    assert.equal((await api.all('/api/v1/audit')).length, trail + 4);
});
