// Rejections: counted exactly, the first hundred kept, secrets removed.
import assert from 'node:assert/strict';
import { before } from 'node:test';

import { TEXT, ledgerOf, makeEvent, sendApi, sendWebhook } from '../lib/fixtures.mjs';
import { expect } from '../lib/http.mjs';
import { scenario, startHub } from '../lib/hub.mjs';
import { exchange } from '../lib/raw.mjs';

let hub;
let api;
let organization;

before(async () => {
    hub = await startHub({ clock: true, organizations: 2 });
    api = hub.client();
    organization = hub.owners[0].organizationId;
    await makeEvent(api, { alias: 'order', fields: [TEXT] });
    await makeEvent(api, { alias: 'hook', context: 'webhook', fields: [TEXT] });
});

scenario('each refusal of an inlet is kept with its reason, and is in the ledger', async () => {
    const before = await ledgerOf(api);
    const refusals = [
        [422, 'invalid', () => sendApi(api, 'order', { email: 'x' })],
        [404, 'not_found', () => sendApi(api, 'order', { email: 'unknown@example.org' }, { create: false })],
        [404, 'not_found', () => sendApi(api, 'no-such', {})],
        [400, 'malformed', () => sendApi(api, 'order', '{')],
        [415, 'unsupported_media_type', () => sendApi(api, 'order', 'x', { headers: { 'content-type': 'text/plain' } })],
        [413, 'too_large', () => sendApi(api, 'order', 'x'.repeat(524289))],
        [422, 'invalid', () => sendWebhook(api, organization, 'hook', {})],
        [400, 'malformed', () => sendWebhook(api, organization, 'hook', 'nonsense')],
    ];
    for (const [status, , send] of refusals) expect(await send(), status);
    const rows = await api.all('/api/v1/rejections');
    assert.deepEqual(rows.slice(0, refusals.length).map((row) => `${row.status} ${row.reason}`), refusals.map(([status, reason]) => `${status} ${reason}`).reverse());
    for (const row of rows) {
        assert.ok(!Number.isNaN(Date.parse(row.at)), row.at);
        assert.equal(typeof row.inlet, 'string');
    }
    assert.equal((await ledgerOf(api)).rejected, before.rejected + refusals.length);
    assert.equal((await ledgerOf(api)).events, before.events);
});

scenario('of each inlet, reason and minute a hundred are kept, and all are counted', async () => {
    await hub.advance(60000);
    const before = await ledgerOf(api);
    const kept = (await api.all('/api/v1/rejections')).length;
    const answers = await Promise.all(Array.from({ length: 150 }, () => sendApi(api, 'order', { email: 'x' })));
    assert.ok(answers.every((answer) => answer.status === 422));
    assert.equal((await ledgerOf(api)).rejected, before.rejected + 150);
    assert.equal((await api.all('/api/v1/rejections')).length, kept + 100);
    await hub.advance(60000);
    expect(await sendApi(api, 'order', { email: 'x' }), 422);
    assert.equal((await api.all('/api/v1/rejections')).length, kept + 101);
    await hub.checkLedger();
});

scenario('what is kept is at most 4 KiB of the body, and no secret', async () => {
    const made = expect(await api.post('/api/v1/api-keys', { name: 'grep me', scopes: ['custom_events:write'] }), 201).json;
    const body = `{"email":"x","text":"${'b'.repeat(20000)}"}`;
    expect(await sendApi(api.with({ key: made.key }), 'order', body), 422);
    const [row] = expect(await api.get('/api/v1/rejections?limit=1'), 200).json.data;
    assert.ok(typeof row.body === 'string' && row.body.length <= 4096 && row.body.startsWith('{"email":"x"'), JSON.stringify(row).slice(0, 300));
    assert.equal(row.bodyLength ?? row.length, body.length, 'the true length');
    const all = JSON.stringify(await api.all('/api/v1/rejections'));
    assert.ok(!all.includes(made.key) && !all.includes(api.key));
    assert.ok(!hub.log.includes(made.key) && !hub.log.includes(api.key), 'no key in the log');
});

scenario('secrets in a refused body are masked, in whatever form it comes', async () => {
    const key = 'jnk_AbCdEfGhIjKlMnOpQrStUvWxYz0123456789AbCd';
    const bodies = [
        JSON.stringify({ email: 'x', password: 'S3CRET', clientSecret: ['S3CRET'], nested: { 'Card-Number': { no: 'S3CRET' } } }),
        '{"email": "x", "access_token": "S3CRET',
        '{email: x, apiKey: S3CRET}',
        'email=x&password=S3CRET&card%5Bnumber%5D=S3CRET',
        `{"email":"x","text":"${key} 4111 1111 1111 1111"}`,
        Buffer.from([...Buffer.from('{"email":"x\xff","token":"S3CRET'), 0xe2, 0x82]),
        JSON.stringify({ email: 'x', [key]: 1, wrapped: JSON.stringify({ authorization: 'Bearer S3CRET' }) }),
    ];
    for (const body of bodies) {
        const answer = await sendApi(api, 'order', body);
        assert.ok(answer.status === 422 || answer.status === 400, answer.text);
        const [row] = expect(await api.get('/api/v1/rejections?limit=1'), 200).json.data;
        const bytes = Buffer.from(row.body, row.bodyEncoding === 'base64' ? 'base64' : 'utf8').toString('latin1');
        assert.match(bytes, /\(masked\)/, `${body} is kept as ${bytes}`);
        assert.match(bytes, /email/, 'the rest stays');
        assert.doesNotMatch(bytes + JSON.stringify(row), /S3CRET|AbCdEf|4111/, `${body} is kept as ${bytes}`);
    }
    expect(await sendApi(api, `no-${key}`, {}), 404);
    assert.ok(!JSON.stringify(await api.all('/api/v1/rejections')).includes(key), 'nor in the address');
    assert.ok(!hub.log.includes(key));
});

scenario('what belongs to no organization is neither kept nor counted for one', async () => {
    const before = [await ledgerOf(api), await ledgerOf(hub.client(hub.owners[1]))];
    expect(await sendWebhook(api, '00000000-0000-4000-8000-000000000001', 'hook', {}), 404);
    expect(await sendApi(api.with({ key: 'unknown' }), 'order', {}), 401);
    assert.deepEqual([await ledgerOf(api), await ledgerOf(hub.client(hub.owners[1]))], before);
});

scenario('rejections of one organization are not seen by another', async () => {
    expect(await sendApi(api, 'order', { email: 'only-ours' }), 422);
    assert.ok(!JSON.stringify(await hub.client(hub.owners[1]).all('/api/v1/rejections')).includes('only-ours'));
});

// The hub has just started, so no loop knows the organization yet; and what is refused here never
// reaches the inlet.
scenario('what the server itself refuses on the way to an inlet is a rejection too, before it is answered', async () => {
    const hub = await startHub();
    const organization = hub.owners[0].organizationId;
    await makeEvent(hub.client(), { alias: 'order', fields: [TEXT] });
    await makeEvent(hub.client(), { alias: 'hook', context: 'webhook', fields: [TEXT] });
    const hook = `POST /${organization}/custom-events/alias/hook HTTP/1.1\r\nHost: hub\r\nContent-Type: application/json\r\n`;
    const order = `POST /custom-events/alias/order?createContact=true HTTP/1.1\r\nHost: hub\r\nAuthorization: ApiKey ${hub.owners[0].apiKey}\r\nContent-Type: application/json\r\n`;
    const big = 'x'.repeat(524289);
    const long = `X-Long: ${'y'.repeat(40000)}\r\n\r\n`;
    const requests = [
        ['a body that is stated too large', 413, 'hook', `${hook}Content-Length: 524289\r\n\r\n`, 524289],
        ['a whole body that is too large', 413, 'order', `${order}Content-Length: 524289\r\n\r\n${big}`, 524289],
        ['a chunk that is too large', 413, 'order', `${order}Transfer-Encoding: chunked\r\n\r\n80001\r\n`, 0],
        ['headers that are too long', 431, 'hook', `${hook}${long}`, 0],
        ['headers that are too long behind the key', 431, 'order', `${order}${long}`, 0],
        ['two Hosts', 400, 'hook', `${hook}Host: other\r\nContent-Length: 2\r\n\r\n{}`, 2],
        ['a chunk size that is none', 400, 'order', `${order}Transfer-Encoding: chunked\r\n\r\nzz\r\n`, 0],
        ['an expectation', 417, 'hook', `${hook}Expect: coffee\r\nContent-Length: 2\r\n\r\n`, 2],
        ['an older version', 505, 'hook', hook.replace('HTTP/1.1', 'HTTP/1.2') + '\r\n', 0],
    ];
    for (const [name, status, alias, bytes, length] of requests) {
        await hub.restart();
        const answer = await exchange(hub.port, [bytes], { quiet: 3000 });
        assert.deepEqual([answer.statuses, answer.closed], [[status], true], `${name}: ${answer.text.slice(0, 300)}`);
        const rows = await hub.client().all('/api/v1/rejections');
        assert.deepEqual([rows[0]?.status, rows[0]?.inlet, rows[0]?.bodyLength], [status, `custom_event.${alias}`, length], `${name}: ${JSON.stringify(rows[0])}`);
        assert.ok(answer.text.includes(rows[0].requestId), name);
    }
    assert.equal((await ledgerOf(hub.client())).rejected, requests.length);
    const other = `POST /00000000-0000-4000-8000-000000000001/custom-events/alias/hook HTTP/1.1\r\nHost: hub\r\n`;
    for (const head of [other, order.replace(hub.owners[0].apiKey, 'unknown'), order.replace(/Authorization.*\r\n/, '')])
        assert.deepEqual((await exchange(hub.port, [head + long], { quiet: 3000 })).statuses, [431], head);
    assert.equal((await ledgerOf(hub.client())).rejected, requests.length, 'nobody\'s are not counted');
    await hub.checkLedger();
});
