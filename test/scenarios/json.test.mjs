// JSON as senders get it wrong: each answer is clear, nothing is stored, nothing breaks.
import assert from 'node:assert/strict';
import { before } from 'node:test';

import { TEXT, ledgerOf, makeEvent, sendApi, sendWebhook } from '../lib/fixtures.mjs';
import { expect, expectProblem } from '../lib/http.mjs';
import { scenario, startHub } from '../lib/hub.mjs';

let hub;
let api;
let organization;

before(async () => {
    hub = await startHub();
    api = hub.client();
    organization = hub.owners[0].organizationId;
    await makeEvent(api, { alias: 'strict', fields: [TEXT, { id: 'n', name: 'N', type: 'integer' }, { id: 'd', name: 'D', type: 'decimal' }] });
    await makeEvent(api, { alias: 'loose', context: 'webhook', fields: [TEXT, { id: 'any', name: 'Any', type: 'text', jsonPointerPath: '/deep' }, { id: 'd', name: 'D', type: 'decimal' }] });
});

const E = '"email":"j@example.org"';
const malformed = {
    empty: '', blank: '   \n', 'a word': 'nonsense', 'a lone brace': '{', 'a missing brace': `{${E}`, 'a missing quote': '{"email":"x}', 'single quotes': "{'email':'x'}",
    'a name without quotes': '{email:"x"}', 'a trailing comma': `{${E},}`, 'a leading comma': `{,${E}}`, 'two commas': `{${E},,"text":"x"}`, 'two documents': `{${E}}{${E}}`, 'text behind': `{${E}} x`,
    'a comment': `{${E}/* c */}`, 'a line comment': `{${E}} // c`, 'a missing colon': '{"email" "x"}', 'a missing value': '{"email":}', 'NaN': `{${E},"n":NaN}`, Infinity: `{${E},"n":Infinity}`, '-Infinity': `{${E},"n":-Infinity}`,
    'a plus sign': `{${E},"n":+1}`, 'a leading zero': `{${E},"n":01}`, 'a lone dot': `{${E},"d":1.}`, 'a leading dot': `{${E},"d":.5}`, 'an exponent without digits': `{${E},"d":1e}`, hexadecimal: `{${E},"n":0x10}`,
    'True': `{${E},"text":True}`, 'undefined': `{${E},"text":undefined}`, 'a raw newline in a text': `{${E},"text":"a\nb"}`, 'a raw tab in a text': `{${E},"text":"a\tb"}`, 'a raw NUL': `{${E},"text":"a\0b"}`,
    'a bad escape': `{${E},"text":"\\x41"}`, 'a short \\u': `{${E},"text":"\\u12"}`, 'a lone high surrogate': `{${E},"text":"\\ud800"}`, 'a lone low surrogate': `{${E},"text":"\\udc00"}`, 'surrogates the wrong way round': `{${E},"text":"\\udc00\\ud800"}`,
    'a byte order mark': `\ufeff{${E}}`, 'an unfinished array': `{${E},"text":[1,2}`, 'crossed brackets': `{${E},"text":[{]}}`,
    'invalid UTF-8': Buffer.concat([Buffer.from(`{${E},"text":"`), Buffer.from([0xff]), Buffer.from('"}')]),
    'a cut UTF-8 character': Buffer.concat([Buffer.from(`{${E},"text":"`), Buffer.from([0xe2, 0x82]), Buffer.from('"}')]),
    'overlong UTF-8': Buffer.concat([Buffer.from(`{${E},"text":"`), Buffer.from([0xc0, 0xaf]), Buffer.from('"}')]),
    'UTF-8 of a surrogate': Buffer.concat([Buffer.from(`{${E},"text":"`), Buffer.from([0xed, 0xa0, 0x80]), Buffer.from('"}')]),
    'UTF-16': Buffer.from(`{${E}}`, 'utf16le'),
};

scenario('invalid JSON of every kind is 400, on both inlets and on the management API, and stores nothing', async () => {
    const before = await ledgerOf(api);
    for (const [name, body] of Object.entries(malformed)) {
        for (const [where, answer] of [['api', await sendApi(api, 'strict', body)], ['webhook', await sendWebhook(api, organization, 'loose', body)], ['management', await api.post('/api/v1/integrations', body)]]) {
            assert.equal(answer.status, 400, `${name} (${where}): ${answer.status} ${answer.text.slice(0, 300)}`);
            expectProblem(answer, 400, 'malformed');
        }
    }
    const after = await ledgerOf(api);
    assert.equal(after.events, before.events);
    assert.equal(after.rejected, before.rejected + 2 * Object.keys(malformed).length);
});

scenario('U+0000 in a text, or in a name, is 422', async () => {
    expectProblem(await sendApi(api, 'strict', `{${E},"text":"a\\u0000b"}`), 422, 'invalid');
    const loose = await sendWebhook(api, organization, 'loose', `{${E},"text":"a\\u0000b"}`);
    assert.ok([422, 200, 201, 202].includes(loose.status), loose.text); // dropped and noted, or refused
    if (loose.status < 300) assert.ok(!('text' in (await api.get(`/api/v1/events/${loose.json.id}`)).json.data.fields));
    expectProblem(await sendApi(api, 'strict', '{"email":"a\\u0000@example.org"}'), 422, 'invalid');
    expectProblem(await api.post('/api/v1/integrations', '{"name":"a\\u0000b"}'), 422, 'invalid');
    expectProblem(await sendApi(api, 'strict', `{${E},"te\\u0000xt":"x"}`), 422, 'invalid');
});

scenario('nesting: 64 levels are read, 65 are 400, a hundred thousand too', async () => {
    const nested = (levels) => `{${E},"deep":${'['.repeat(levels - 1)}${']'.repeat(levels - 1)}}`;
    expect(await sendWebhook(api, organization, 'loose', nested(64)), 200, 201, 202);
    expectProblem(await sendWebhook(api, organization, 'loose', nested(65)), 400, 'malformed');
    for (const levels of [1000, 100000]) {
        expectProblem(await sendWebhook(api, organization, 'loose', nested(levels)), 400, 'malformed');
        expectProblem(await sendWebhook(api, organization, 'loose', '['.repeat(levels)), 400, 'malformed');
        expectProblem(await sendWebhook(api, organization, 'loose', '{"a":'.repeat(levels)), 400, 'malformed');
        expectProblem(await api.post('/api/v1/integrations', '['.repeat(levels)), 400, 'malformed');
    }
});

scenario('numbers at the edges: as they are, or refused, never changed', async () => {
    for (const n of ['9223372036854775807', '-9223372036854775808', '0', '-0']) {
        const sent = expect(await sendApi(api, 'strict', `{${E},"n":${n}}`), 201);
        const text = (await api.get(`/api/v1/events/${sent.json.id}`)).text;
        assert.match(text.replace(/\s/g, ''), new RegExp(`"n":-?${n.replace('-', '')}`));
    }
    for (const n of ['9223372036854775808', '1e400', '-1e400', '1'.repeat(400), '0.5', '1e-5']) expectProblem(await sendApi(api, 'strict', `{${E},"n":${n}}`), 422, 'invalid');
    for (const d of ['149.95', '0.1', '1e-7', '123456789012.5']) {
        const sent = expect(await sendApi(api, 'strict', `{${E},"d":${d}}`), 201);
        assert.equal((await api.get(`/api/v1/events/${sent.json.id}`)).json.data.fields.d, Number(d));
    }
    // What no double holds is infinite to nearly all that would receive it.
    const before = await ledgerOf(api);
    for (const d of ['1e400', '-1e400', '1e309', '9'.repeat(400), '1.8e308']) {
        const wrong = expectProblem(await sendApi(api, 'strict', `{${E},"d":${d}}`), 422, 'invalid');
        assert.deepEqual(wrong.json.errors.map((error) => [error.pointer, error.code]), [['/d', 'range']]);
    }
    assert.equal((await ledgerOf(api)).events, before.events);
    expect(await sendApi(api, 'strict', `{${E},"d":1.7976931348623157e308}`), 201);
    const loose = expect(await sendWebhook(api, organization, 'loose', `{${E},"d":1e400,"text":"stays"}`), 200, 201, 202);
    const { data, notes } = expect(await api.get(`/api/v1/events/${loose.json.id}`), 200).json;
    assert.ok(!('d' in data.fields) && data.fields.text === 'stays', JSON.stringify(data.fields));
    assert.ok(JSON.stringify(notes).includes('"d"'), JSON.stringify(notes));
});

scenario('a key that comes twice is refused or one of both counts, the same for all', async () => {
    const answers = [];
    for (let i = 0; i < 3; i++) answers.push(await sendApi(api, 'strict', '{"email":"first@example.org","email":"second@example.org"}'));
    assert.equal(new Set(answers.map((answer) => answer.status)).size, 1);
    assert.ok([201, 400, 422].includes(answers[0].status), answers[0].text);
});

scenario('a body of many keys, of one long text, of long names: within the caps, quickly', async () => {
    const many = JSON.stringify(Object.fromEntries([['email', 'j@example.org'], ...Array.from({ length: 30000 }, (_, i) => [`k${i}`, i])]));
    const begun = performance.now();
    expect(await sendWebhook(api, organization, 'loose', many), 200, 201, 202);
    expectProblem(await sendApi(api, 'strict', many), 422, 'invalid');
    expectProblem(await sendApi(api, 'strict', `{${E},"${'k'.repeat(500000)}":1}`), 422, 'invalid');
    const collide = JSON.stringify(Object.fromEntries([['email', 'j@example.org'], ...Array.from({ length: 15000 }, (_, i) => [`${'x'.repeat(i % 7)}${(i * 65537) >>> 0}`, i])]));
    expect(await sendWebhook(api, organization, 'loose', collide), 200, 201, 202);
    assert.ok(performance.now() - begun < 4000 * Number(process.env.JUNCTOR_SLOW ?? 1), `${performance.now() - begun} ms`);
    const errors = expectProblem(await sendApi(api, 'strict', many), 422).json;
    assert.ok(errors.errors.length <= 50, 'at most 50 errors are listed');
});

scenario('unknown members and wrong types of the management API are named', async () => {
    for (const [path, body] of [
        ['/api/v1/integrations', { name: 'x', unknown: 1 }],
        ['/api/v1/webhooks', { name: 'x', url: 'https://example.org', eventTypes: ['*'], unknown: 1 }],
        ['/api/v1/api-keys', { name: 'x', scopes: ['*'], unknown: 1 }],
    ]) {
        const answer = expectProblem(await api.post(path, body), 422, 'invalid');
        assert.ok(answer.json.errors.some((error) => error.pointer === '/unknown'), answer.text);
        for (const wrong of ['[]', '5', '"x"', 'null', 'true']) expectProblem(await api.post(path, wrong), 422);
        expectProblem(await api.post(path, JSON.stringify(body), { headers: { 'content-type': 'text/plain' } }), 415, 'unsupported_media_type');
    }
});
