// Export profiles as they are set up: bodies field by field, secrets, routes, and what they would make
// of an order. What they send is in exports.test.mjs.
import assert from 'node:assert/strict';
import { after, before } from 'node:test';

import { makeCampaign, makeProduct, makeProfile, makeRoute, makeSku, makeWebhook } from '../lib/fixtures.mjs';
import { HOUR, Shop } from '../lib/exports.mjs';
import { expect, expectProblem } from '../lib/http.mjs';
import { PASSWORD, filesUnder, readText, scenario, startHub } from '../lib/hub.mjs';
import { startReceiver } from '../lib/receiver.mjs';
import { until } from '../lib/wait.mjs';

const PATH = '/api/v1/export-profiles';
const URL_ = 'https://crm.example/partials.php';
// The mapping of the plugin's guide, key by key.
const GUIDE = {
    country: '[country]', product1_qty: '[product1_qty]', orderId: '[orderId]', state: '[state]', product1_sku: '[product1_sku]', shipAddress2: '[shipAddress2]', address2: '[address2]',
    firstName: '[firstName]', shipState: '[shipState]', phoneNumber: '[phoneNumber]', customerType: '[customerType]', shipCountry: '[shipCountry]', organizationId: 'your-org-id',
    product1_name: '[product1_name]', orderStatus: '[orderStatus]', postalCode: '[postalCode]', product1_price: '[product1_price]', shipAddress1: '[shipAddress1]', city: '[city]',
    lastName: '[lastName]', shipCity: '[shipCity]', address1: '[address1]', emailAddress: '[emailAddress]', shipPostalCode: '[shipPostalCode]', pluginInstanceId: 'your-plugin-instance-id',
};

let hub;
let api;
let theirs;
let receiver;
let campaign;
let product;

before(async () => {
    hub = await startHub({ organizations: 2 });
    api = hub.client();
    theirs = hub.client(hub.owners[1]);
    receiver = await startReceiver();
    campaign = await makeCampaign(api, 'Spring');
    product = await makeProduct(api, 'Serum', { price: '29.40' });
});

after(() => receiver.close());

const body = (changes = {}) => ({ name: 'Call centre', type: 'postback', url: URL_, mappings: [{ exportName: 'order', field: 'orderId' }], ...changes });
const create = (changes) => api.post(PATH, body(changes));
const make = async (changes) => expect(await create(changes), 201).json;
const read = async (id) => expect(await api.get(`${PATH}/${id}`), 200).json;
const change = async (id, changes) => expect(await api.patch(`${PATH}/${id}`, changes), 200).json;

function refused(answer, field, pattern = /./) {
    const { errors } = expectProblem(answer, 422, 'invalid').json;
    const found = errors.find((error) => error.field === field || error.pointer === `/${field}` || error.pointer.startsWith(`/${field}/`));
    assert.ok(found, `${field} is not named: ${answer.text}`);
    assert.match(found.message, pattern);
    return found;
}

async function importOrder(changes = {}) {
    return expect(await api.post('/api/v1/orders', { campaignId: campaign.id, state: 'complete', customer: { firstName: 'Ann', lastName: 'Lee & Söhne', emailAddress: `a${Math.random()}@x.org`, country: 'US' }, lines: [{ productId: product.id, qty: 2, price: '58.80' }], ...changes }), 201).json;
}

const preview = async (id, orderId, more = {}) => expect(await api.post(`${PATH}/${id}/preview`, { orderId, ...more }), 200).json;
const explain = async (id, orderId, more = {}) => expect(await api.post(`${PATH}/${id}/explain`, { orderId, ...more }), 200).json;

async function session(role) {
    const email = `exports-${role}@example.org`;
    expect(await api.post('/api/v1/users', { email, name: role, password: PASSWORD, role }), 201);
    const answer = expect(await hub.anonymous.post('/api/v1/session', { email, password: PASSWORD }), 200, 201);
    return api.with({ key: undefined, headers: { cookie: answer.setCookies[0].split(';')[0], 'x-csrf-token': answer.json.csrfToken } });
}

// ── profiles ──

scenario('S0.2 who is no admin makes and changes no export profiles, and may look at them', async () => {
    const { id } = await make();
    const route = await makeRoute(api, id);
    const admin = await session('admin');
    expect(await admin.post(PATH, body()), 201);
    for (const role of ['editor', 'viewer']) {
        const client = await session(role);
        const answers = [await client.post(PATH, body()), await client.patch(`${PATH}/${id}`, { name: 'x' }), await client.delete(`${PATH}/${id}`), await client.post(`${PATH}/${id}/routes`, { customerType: 'lead' }), await client.patch(`${PATH}/${id}/routes/${route.id}`, {}), await client.delete(`${PATH}/${id}/routes/${route.id}`)];
        for (const answer of answers) expectProblem(answer, 403);
        expect(await client.get(`${PATH}/${id}`), 200);
    }
    expectProblem(await hub.anonymous.post(PATH, body()), 401);
    for (const [scopes, wanted] of [[['exports:read'], 403], [['exports:write'], 201], [['webhooks:write', 'orders:write'], 403]]) {
        const { key } = expect(await api.post('/api/v1/api-keys', { name: 'k', scopes }), 201).json;
        assert.equal((await api.with({ key }).post(PATH, body())).status, wanted, scopes.join());
    }
});

scenario('S0.18 S0.20 S0.21 S0.27 S1.8 S1.10 S1.11 S1.41 a profile is in the list at once, is read whole, changed, and outlives a restart', async () => {
    const settings = { name: 'Ünïcode ☎', delayMinutes: 5, mode: 'compatible', allStrings: true, guardCells: true, order: 'strict', onDead: 'continue', concurrency: 2, ratePerMinute: 60, retry: { firstSeconds: 5, capSeconds: 50, retries: 3, jitterPercent: 0 }, timeoutMs: 5000 };
    const made = await make(settings);
    assert.match(made.id, /^exp_/);
    for (const [name, value] of Object.entries(settings)) assert.deepEqual(made[name], value, name);
    assert.deepEqual([made.type, made.url, made.status, made.routeCount, made.counts.deliveries], ['postback', URL_, 'active', 0, 0]);
    for (const name of ['protocol', 'host', 'port', 'directory', 'user', 'password', 'hostKey', 'pciDocument']) assert.equal(made[name], null, name);
    assert.ok(!('delayMs' in made) && !('headers' in made) && !('method' in made));
    assert.deepEqual((await api.all(PATH)).find((row) => row.id === made.id), made);
    const changed = await change(made.id, { name: 'Other', url: 'http://crm.example/b', delayMinutes: 0, mode: 'native' });
    assert.deepEqual([changed.name, changed.url, changed.delayMinutes, changed.mode, changed.concurrency], ['Other', 'http://crm.example/b', 0, 'native', 2]);
    assert.ok(changed.warnings.some((text) => /in clear/.test(text)));
    await hub.restart();
    assert.deepEqual(await read(made.id), changed);
    await hub.checkLedger();
});

scenario('what nobody says is as usual: order by subject, tried without end, native, no delay', async () => {
    const made = await make();
    assert.deepEqual([made.order, made.onDead, made.retry, made.mode, made.delayMinutes, made.allStrings, made.guardCells], ['subject', 'pause', { policy: 'postback' }, 'native', 0, false, false]);
    assert.deepEqual((await make({ mappings: undefined })).mappings, []);
});

scenario('S1.13 any name, and the same one twice', async () => {
    for (const name of ['日本 🚀 <b>', 'x'.repeat(200), 'x'.repeat(200)]) assert.equal((await make({ name })).name, name);
});

scenario('S0.19 S1.9 S1.12 S1.14 S1.16 bad values are named, each by its field', async () => {
    const wrong = {
        name: [undefined, null, '', '  ', 7, 'x'.repeat(201), 'a\nb'],
        type: [undefined, null, '', 'Postback', 'email', 3],
        delayMinutes: [-1, 1.5, 'x', '5', 10081, null],
        mode: ['', 'sweep', null, 1],
        allStrings: [null, 'true', 0],
        guardCells: [null, 'yes', 1],
        pciDocument: [7, 'x'.repeat(2001)],
        order: ['random', null],
        retry: [{}, { policy: 'never' }, null],
        concurrency: [0, 65],
        proxy: ['ftp://x/', 'http://10.0.0.1/'],
        unknown: [1],
        headers: [[{ name: 'X-A', value: 'b' }]],
        delayMs: [5],
        method: ['PUT'],
        status: ['paused'],
    };
    for (const [field, values] of Object.entries(wrong)) for (const value of values) refused(await create({ [field]: value }), field);
    const { id } = await make();
    for (const [field, values] of Object.entries({ ...wrong, type: [null, 'csv', 'ftp'], name: wrong.name.slice(1), status: ['held', 'deleted', '', null] }))
        for (const value of values) refused(await api.patch(`${PATH}/${id}`, { [field]: value }), field);
    refused(await api.patch(`${PATH}/${id}`, { type: 'csv' }), 'type', /cannot be changed/);
    assert.equal((await change(id, { type: 'postback' })).type, 'postback');
    expectProblem(await api.post(PATH, []), 422);
});

scenario('S0.22 S0.29 S0.30 S0.32 S1.15 a postback URL is absolute, and has no question mark', async () => {
    const { id } = await make();
    const stays = await read(id);
    const URLS = { '?': /^Invalid Postback URL: cannot contain a question mark$/, '?secret=x': /^Invalid Postback URL: cannot contain a question mark$/, '?a=b&c=d': /^Invalid Postback URL: cannot contain a question mark$/, '#x': /^Invalid Postback URL: cannot contain a fragment \(#\)$/ };
    for (const [end, message] of Object.entries(URLS)) {
        refused(await create({ url: URL_ + end }), 'url', message);
        refused(await api.patch(`${PATH}/${id}`, { url: URL_ + end }), 'url', message);
    }
    for (const url of [undefined, null, '', 7, '/relative', 'crm.example', 'ftp://crm.example/', 'https://', 'https:///x', 'https://crm.example/ä', 'https://a b/', 'https://u:p@crm.example/', `https://crm.example/${'x'.repeat(2048)}`, 'http://10.1.2.3/', 'http://[::1]/', 'http://169.254.169.254/', 'https://256.1.1.1/'])
        refused(await create({ url }), 'url');
    assert.deepEqual(await read(id), stays);
    const copied = `${hub.url.replace(/\/$/, '')}/api/v1/plugins/webhooks/konnektive`;
    assert.equal((await change(id, { url: copied })).url, copied);
});

scenario('an id of another kind or organization is an id of nobody', async () => {
    const { id } = await make();
    const route = await makeRoute(api, id);
    const webhook = await makeWebhook(api, URL_);
    for (const path of [`/api/v1/webhooks/${id}`, `/api/v1/webhooks/${id}/deliveries`, `/api/v1/webhooks/${id}/paused-subjects`, `/api/v1/webhooks/${id}/recoveries`, `${PATH}/${webhook.id}`, `${PATH}/${webhook.id}/deliveries`, `${PATH}/${webhook.id.replace('whk', 'exp')}`, `/api/v1/webhooks/${id.replace('exp', 'whk')}`, `${PATH}/${id}/routes/${id}`])
        expectProblem(await api.get(path), 404, 'not_found');
    expectProblem(await api.delete(`/api/v1/webhooks/${id.replace('exp', 'whk')}`), 404, 'not_found');
    for (const answer of [await theirs.get(`${PATH}/${id}`), await theirs.get(`${PATH}/${id}/routes`), await theirs.get(`${PATH}/${id}/routes/${route.id}`), await theirs.patch(`${PATH}/${id}`, { name: 'x' }), await theirs.delete(`${PATH}/${id}`)]) expectProblem(answer, 404, 'not_found');
    assert.ok((await api.all('/api/v1/webhooks')).every((row) => row.id.startsWith('whk_')));
    expect(await api.delete(`${PATH}/${id}`), 204);
    expectProblem(await api.get(`${PATH}/${id}`), 404, 'not_found');
    expectProblem(await api.get(`${PATH}/${id}/routes`), 404, 'not_found');
    expect(await api.get(`${PATH}/${id}/deliveries`), 200); // its log stays
    const actions = (await api.all('/api/v1/audit')).filter((row) => row.object === id).map((row) => row.action);
    assert.deepEqual(actions.reverse(), ['export_profile.create', 'export_profile.delete']);
});

scenario('pausing and disabling: what stands where one would look, and how to go on', async () => {
    const { id } = await make();
    const paused = await change(id, { status: 'paused' });
    assert.deepEqual([paused.status, paused.sending.state, paused.sending.reason], ['paused', 'stopped', 'The export profile is paused.']);
    assert.ok(paused.warnings.some((text) => /is paused/.test(text)) && paused.warnings.some((text) => /no routes: nothing is sent/.test(text)));
    expectProblem(await api.post(`${PATH}/${id}/recover`, { since: '2020-01-01T00:00:00Z' }), 409);
    assert.equal((await change(id, { status: 'disabled' })).status, 'disabled');
    const answer = expectProblem(await api.post(`${PATH}/${id}/recover`, { since: '2020-01-01T00:00:00Z' }), 409);
    assert.match(answer.json.detail, /The export profile is disabled\..*PATCH \/api\/v1\/export-profiles\/\{id\}/);
    assert.equal((await change(id, { status: 'active' })).sending.state, 'sending');
});

// ── mappings ──

scenario('S0.23 the guide\'s mapping: 25 rows in their order, and the same object again', async () => {
    const made = await make({ mappings: GUIDE });
    assert.deepEqual(made.mappings.map((row) => row.exportName), Object.keys(GUIDE));
    assert.deepEqual(made.mappings[0], { exportName: 'country', field: 'country' });
    assert.deepEqual(made.mappings[12], { exportName: 'organizationId', static: 'your-org-id' });
    assert.deepEqual(JSON.stringify(made.mappingObject), JSON.stringify(GUIDE));
    assert.deepEqual((await make({ mappings: made.mappings })).mappings, made.mappings);
});

scenario('S1.4 S1.20 S1.21 S1.24 S1.26 rows: names are free, their order is kept, a static text may look like a field', async () => {
    const rows = [{ exportName: 'first_name', field: 'firstName' }, { exportName: 'list id', static: '400' }, { exportName: 'First_Name', field: 'FIRSTNAME' }, { exportName: 'literal', static: '[firstName]' }];
    const made = await make({ mappings: rows });
    assert.deepEqual(made.mappings, rows);
    assert.equal(made.mappingObject, null);
    assert.deepEqual((await change(made.id, { mappings: rows.slice(0, 2).reverse() })).mappings, rows.slice(0, 2).reverse());
    assert.deepEqual((await change(made.id, { name: 'x' })).mappings.length, 2);
});

scenario('S1.25 the catalogue: each field with a description; another one is refused', async () => {
    const { data } = expect(await api.get('/api/v1/export-fields'), 200).json;
    assert.ok(data.length > 120);
    for (const field of data) assert.ok(field.description.length > 3 && field.group && field.token === `[${field.name}]`, field.name);
    const byName = Object.fromEntries(data.map((field) => [field.name, field]));
    assert.ok(byName.emailAddress.aliases.includes('email') && byName.orderDate && byName.productN_sku);
    assert.deepEqual([byName.achAccountNumber.sensitive, byName.cardLast4.sensitive], [true, false]);
    // All of them, and their other names, can be mapped.
    const names = data.flatMap((field) => [field.name, ...field.aliases]).map((name) => name.replace('productN', 'product7'));
    const made = await make({ pciDocument: 'PCI-7', mappings: names.map((field, i) => ({ exportName: `n${i}`, field })) });
    assert.equal(made.mappings.length, names.length);
    for (const field of ['firstNam', 'orderID2', 'product0_sku', 'product101_sku', '']) refused(await create({ mappings: [{ exportName: 'a', field }] }), 'mappings/0/field');
    refused(await create({ mappings: { a: '[firstNam]' } }), 'a', /firstName/);
});

scenario('S1.35 bad mappings are named by their row; no other methods than POST, DELETE, PUT, PATCH', async () => {
    const wrong = [[7, 'mappings'], [null, 'mappings'], ['x', 'mappings'], [[7], 'mappings/0'], [[{}], 'mappings/0'], [[{ exportName: 'a' }], 'mappings/0'], [[{ exportName: 'a', field: 'orderId', static: 'x' }], 'mappings/0'], [[{ exportName: '', static: 'x' }], 'mappings/0/exportName'], [[{ exportName: 'x'.repeat(201), static: 'x' }], 'mappings/0/exportName'],
        [[{ exportName: 'a', static: 'x' }, { exportName: 'a', static: 'y' }], 'mappings/1/exportName'], [[{ exportName: 'a', static: 7 }], 'mappings/0/static'], [[{ exportName: 'a', static: 'x'.repeat(4097) }], 'mappings/0/static'], [[{ exportName: 'a', static: 'x', more: 1 }], 'mappings/0'],
        [[{ exportName: 'header:Host', static: 'x' }], 'mappings/0/exportName'], [[{ exportName: 'header:Content-Length', static: '1' }], 'mappings/0/exportName'], [[{ exportName: 'header:X-A', static: 'a\r\nX-B: c' }], 'mappings/0/static'], [[{ exportName: 'header:X-A', field: 'orderId' }], 'mappings/0/field'], [[{ exportName: 'header:bad name', static: 'x' }], 'mappings/0/exportName'],
        [[{ exportName: 'header:httpMethod', static: 'GET' }], 'mappings/0/static'], [[{ exportName: 'header:httpMethodType', static: 'PUT' }], 'mappings/0/static']];
    const { id } = await make();
    for (const [mappings, pointer] of wrong) {
        refused(await create({ mappings }), pointer);
        refused(await api.patch(`${PATH}/${id}`, { mappings }), pointer);
    }
    refused(await create({ url: 'x?', mappings: [7] }), 'mappings/0'); // beside other errors
});

scenario('S1.19 fields of card and bank account data need a PCI document; others never ask', async () => {
    for (const field of ['achAccountNumber', 'achRoutingNumber', 'cardNumber', 'cardSecurityCode']) {
        const mappings = [{ exportName: 'x', field }];
        refused(await create({ mappings }), 'pciDocument');
        const made = await make({ mappings, pciDocument: 'Report of 2026, signed' });
        assert.equal(made.pciDocument, 'Report of 2026, signed');
        assert.ok(made.warnings.some((text) => /always/.test(text)));
        refused(await api.patch(`${PATH}/${made.id}`, { pciDocument: null }), 'pciDocument');
        assert.equal((await change(made.id, { pciDocument: null, mappings: [{ exportName: 'x', field: 'cardLast4' }] })).pciDocument, null);
        refused(await api.patch(`${PATH}/${made.id}`, { mappings }), 'pciDocument');
    }
});

// ── secrets ──

const KEYED = [{ exportName: 'a', field: 'orderId' }, { exportName: 'header:Authorization', static: 'Bearer hush-hush-1' }, { exportName: 'header:X-Api-Key', static: 'hush-hush-2' }, { exportName: 'header:X-Shop', static: 'berlin' }];
const MASKED = '(masked)';

scenario('headers whose name says secret are masked, stay when they come back so, and are sealed in the store', async () => {
    const made = await make({ url: `${receiver.url}/keyed`, mappings: KEYED });
    assert.deepEqual(made.mappings.map((row) => row.static), [undefined, MASKED, MASKED, 'berlin']);
    assert.equal(made.mappingObject['header:Authorization'], MASKED);
    const sent = async () => {
        const { orderId } = await importOrder();
        const request = await until('it is sent', () => receiver.requests.find((one) => one.path.startsWith('/keyed') && one.body.toString() === `a=${orderId}`));
        const { authorization, 'x-api-key': key, 'x-shop': shop } = request.headers;
        return [authorization, key, shop];
    };
    await makeRoute(api, made.id);
    assert.deepEqual(await sent(), ['Bearer hush-hush-1', 'hush-hush-2', 'berlin']);
    const back = await change(made.id, { mappings: [...made.mappings.slice(0, 3), { exportName: 'header:X-Shop', static: 'paris' }] });
    assert.deepEqual(back.mappings.map((row) => row.static), [undefined, MASKED, MASKED, 'paris']);
    assert.deepEqual(await sent(), ['Bearer hush-hush-1', 'hush-hush-2', 'paris']);
    await change(made.id, { mappings: back.mappingObject });
    assert.deepEqual(await sent(), ['Bearer hush-hush-1', 'hush-hush-2', 'paris']);
    const shown = await preview(made.id, (await importOrder()).id);
    assert.equal(shown.headers.Authorization, MASKED);
    expect(await api.delete(`${PATH}/${made.id}`), 204);
    const everything = JSON.stringify([await api.all(PATH), await api.all('/api/v1/audit')]);
    assert.ok(!everything.includes('hush-hush') && !hub.log.includes('hush-hush'));
    for (const path of filesUnder(hub.data)) assert.ok(!readText(path).includes('hush-hush'), path);
});

scenario('a mask that stands for nothing, and secrets that would go to another host, are refused', async () => {
    refused(await create({ mappings: [{ exportName: 'header:X-Api-Key', static: MASKED }] }), 'mappings/0/static');
    refused(await create({ mappings: { 'header:X-Api-Key': MASKED } }), 'mappings/header:X-Api-Key');
    const { id } = await make({ mappings: KEYED });
    refused(await api.patch(`${PATH}/${id}`, { mappings: [{ exportName: 'header:Other-Token', static: MASKED }] }), 'mappings/0/static');
    refused(await api.patch(`${PATH}/${id}`, { mappings: [{ exportName: 'header:X-Api-Key', static: `x${MASKED}` }] }), 'mappings/0/static');
    refused(await api.patch(`${PATH}/${id}`, { url: 'https://elsewhere.example/' }), 'mappings', /another host/);
    refused(await api.patch(`${PATH}/${id}`, { url: 'https://elsewhere.example/', mappings: [{ exportName: 'header:X-Api-Key', static: MASKED }] }), 'mappings/0/static', /another host/);
    refused(await api.patch(`${PATH}/${id}`, { proxy: 'http://proxy.example:3128' }), 'mappings', /another host/);
    await change(id, { url: 'https://crm.example/other/path' });
    await change(id, { url: 'https://elsewhere.example/', mappings: KEYED });
    await change(id, { url: 'https://third.example/', mappings: [{ exportName: 'a', static: MASKED }] }); // no header: a text
});

scenario('auth is that of every endpoint, and no row stands beside it', async () => {
    const auth = { type: 'basic', username: 'u', password: 'hush-hush-9' };
    const made = await make({ auth });
    assert.deepEqual(made.auth, { type: 'basic', username: 'u', password: MASKED });
    const both = [{ exportName: 'header:authorization', static: 'x' }];
    refused(await create({ auth, mappings: both }), 'mappings');
    refused(await api.patch(`${PATH}/${made.id}`, { mappings: both }), 'mappings');
    refused(await api.patch(`${PATH}/${made.id}`, { url: 'https://elsewhere.example/' }), 'auth');
    await change(made.id, { auth: null, mappings: both });
});

// ── file servers ──

const KEY = `SHA256:${'A'.repeat(43)}`;
const server = (changes = {}) => ({ name: 'Files', type: 'ftp', protocol: 'sftp', host: 'files.example', user: 'junctor', password: ' hush-hush-ftp ', directory: 'in/orders', hostKey: KEY, mappings: [{ exportName: 'order', field: 'orderId' }], ...changes });

scenario('S1.1 a profile of a file server: where it goes, and a password that nobody sees', async () => {
    const made = expect(await api.post(PATH, server()), 201).json;
    assert.deepEqual([made.protocol, made.host, made.port, made.directory, made.user, made.password, made.hostKey, made.url], ['sftp', 'files.example', 22, 'in/orders', 'junctor', MASKED, KEY, null]);
    for (const [changes, wanted] of [[{ directory: '/srv/ä b' }, ['sftp', 'files.example', 22, '/srv/ä b']], [{ directory: '', user: 'other' }, ['sftp', 'files.example', 22, null]], [{ directory: 'x', password: MASKED }, ['sftp', 'files.example', 22, 'x']]]) {
        const changed = await change(made.id, changes);
        assert.deepEqual([changed.protocol, changed.host, changed.port, changed.directory], wanted);
        assert.equal(changed.password, MASKED);
    }
    for (const elsewhere of [{ host: 'elsewhere.example' }, { port: 2222 }, { host: 'elsewhere.example', password: MASKED }]) refused(await api.patch(`${PATH}/${made.id}`, elsewhere), 'password', /another host/);
    refused(await api.patch(`${PATH}/${made.id}`, { protocol: 'ftp' }), 'hostKey');
    const moved = await change(made.id, { host: '203.0.114.7', protocol: 'ftps', password: 'hush-hush-2', hostKey: null });
    assert.deepEqual([moved.protocol, moved.host, moved.port], ['ftps', '203.0.114.7', 21]);
    const plain = expect(await api.post(PATH, server({ protocol: 'ftp', hostKey: undefined, host: '2606:4700::1111', password: undefined })), 201).json;
    assert.deepEqual([plain.host, plain.port, plain.password], ['2606:4700::1111', 21, null]);
    assert.ok(plain.warnings.some((text) => /in clear/.test(text)));
    assert.ok(expect(await api.post(PATH, server({ hostKey: undefined })), 201).json.warnings.some((text) => /No host key is pinned/.test(text)));
    const seen = JSON.stringify([await api.all(PATH), await api.all('/api/v1/audit')]);
    assert.ok(!seen.includes('hush-hush-'));
    for (const path of filesUnder(hub.data)) assert.ok(!readText(path).includes('hush-hush-ftp'), path);
});

scenario('bad values of a file server, and members that another type has', async () => {
    const wrong = {
        protocol: [undefined, 'http', '', null], host: [undefined, '', 'a b', 'ftp://x', 'x/y', 'ä.example', '10.0.0.1', 'fd00::1', '256.1.1.1', 'x'.repeat(254), 'u@x'], port: [0, 65536, '22', 1.5], user: [undefined, '', 'a\nb'],
        password: ['a\r\nDELE x', `x${MASKED}`, 7], directory: ['a\nb', '/~/x', 'a/../b', 7], hostKey: ['x', 'MD5:00', 'SHA256:AA', `${KEY}AAAA`], url: [URL_], auth: [{ type: 'bearer', token: 'x' }],
    };
    for (const [field, values] of Object.entries(wrong)) for (const value of values) refused(await api.post(PATH, server({ [field]: value })), field);
    for (const [field, value] of Object.entries({ protocol: 'sftp', host: 'x.example', port: 22, user: 'u', password: 'p', directory: 'd', hostKey: KEY })) {
        refused(await create({ [field]: value }), field);
        refused(await api.post(PATH, { name: 'x', type: 'csv', [field]: value }), field);
    }
    refused(await api.post(PATH, { name: 'x', type: 'csv', url: URL_ }), 'url');
    const csv = expect(await api.post(PATH, { name: 'x', type: 'csv', mappings: KEYED }), 201).json;
    assert.deepEqual([csv.type, csv.url, csv.host], ['csv', null, null]);
    assert.ok(csv.warnings.some((text) => /headers do nothing/.test(text)));
    // Rows of a file go with it: there is no order to choose.
    assert.deepEqual([csv.order, csv.concurrency], ['none', 1]);
    for (const [field, value] of Object.entries({ order: 'subject', concurrency: 2 })) {
        refused(await api.post(PATH, { name: 'x', type: 'csv', [field]: value }), field);
        refused(await api.patch(`${PATH}/${csv.id}`, { [field]: value }), field);
    }
    assert.deepEqual((await change(csv.id, { order: 'none', concurrency: 1 })).order, 'none');
});

// ── routes ──

scenario('S1.39 S1.40 S1.42 S1.43 routes: customer type, campaigns, products; all, some, and unknown ones', async () => {
    const { id } = await make();
    assert.ok((await read(id)).warnings.some((text) => text.includes(`POST ${PATH}/${id}/routes`)));
    const second = await makeCampaign(api, 'Autumn');
    const all = await makeRoute(api, id, 'partial');
    assert.match(all.id, /^rte_/);
    assert.deepEqual([all.customerType, all.campaignIds, all.productIds], ['partial', [], []]);
    const some = await makeRoute(api, id, 'new_sale', { campaignIds: [second.id, campaign.id, second.id], productIds: [product.id] });
    assert.deepEqual(some.campaignIds, [campaign.id, second.id]);
    assert.deepEqual((await api.all(`${PATH}/${id}/routes`)).map((route) => route.id), [some.id, all.id]);
    assert.deepEqual((await api.all(`${PATH}/${id}/routes`, { limit: 1 })).map((route) => route.id), [some.id, all.id]);
    assert.deepEqual(expect(await api.get(`${PATH}/${id}/routes/${some.id}`), 200).json, some);
    const profile = await read(id);
    assert.equal(profile.routeCount, 2);
    assert.ok(!profile.warnings.some((text) => /no routes/.test(text)));
    const changed = expect(await api.patch(`${PATH}/${id}/routes/${some.id}`, { customerType: 'upsell', campaignIds: [] }), 200).json;
    assert.deepEqual(changed, { ...some, customerType: 'upsell', campaignIds: [] });
    await change(id, { name: 'Renamed' }); // routes stay
    await hub.restart();
    assert.deepEqual(expect(await api.get(`${PATH}/${id}/routes/${some.id}`), 200).json, changed);
    expect(await api.delete(`${PATH}/${id}/routes/${all.id}`), 204);
    expectProblem(await api.get(`${PATH}/${id}/routes/${all.id}`), 404, 'not_found');
    assert.deepEqual((await api.all(`${PATH}/${id}/routes`)).map((route) => route.id), [some.id]);
    const actions = (await api.all('/api/v1/audit')).filter((row) => [all.id, some.id].includes(row.object)).map((row) => row.action);
    assert.deepEqual(actions.sort(), ['export_route.create', 'export_route.create', 'export_route.delete', 'export_route.update']);
});

scenario('bad values of a route are named', async () => {
    const { id } = await make();
    const route = await makeRoute(api, id);
    const other = await makeCampaign(theirs, 'Theirs');
    const gone = await makeProduct(api, 'Gone');
    expect(await api.delete(`/api/v1/products/${gone.id}`), 204);
    const wrong = { customerType: [null, '', 'sale', 'New Sale', 7], campaignIds: [null, 'x', [7], ['x'], [other.id], [product.id], ['cmp_0000000000001'], Array(501).fill(campaign.id)], productIds: [['x'], [gone.id], [campaign.id]], unknown: [1] };
    for (const [field, values] of Object.entries(wrong))
        for (const value of values) {
            refused(await api.post(`${PATH}/${id}/routes`, { customerType: 'lead', [field]: value }), field);
            refused(await api.patch(`${PATH}/${id}/routes/${route.id}`, { [field]: value }), field);
        }
    refused(await api.post(`${PATH}/${id}/routes`, {}), 'customerType');
    refused(await api.post(`${PATH}/${id}/routes`, { customerType: 'lead', campaignIds: [campaign.id, other.id] }), 'campaignIds/1', new RegExp(other.id));
});

scenario('caps: profiles, rows of a field map, routes of a profile', async () => {
    const small = await startHub({ args: ['--max-export-profiles', '2', '--max-export-rows', '3', '--max-export-routes', '2'] });
    const client = small.client();
    const rows = (count) => Array.from({ length: count }, (_, i) => ({ exportName: `n${i}`, static: 'x' }));
    refused(await client.post(PATH, body({ mappings: rows(4) })), 'mappings', /at most 3 rows/);
    const [first] = [expect(await client.post(PATH, body({ mappings: rows(3) })), 201).json, expect(await client.post(PATH, body()), 201).json];
    assert.match(expectProblem(await client.post(PATH, body()), 409, 'conflict').json.detail, /2 export profiles.*--max-export-profiles/);
    await makeWebhook(client, URL_); // counted by themselves
    for (let i = 0; i < 2; i++) await makeRoute(client, first.id);
    assert.match(expectProblem(await client.post(`${PATH}/${first.id}/routes`, { customerType: 'lead' }), 409, 'conflict').json.detail, /--max-export-routes/);
    expect(await client.delete(`${PATH}/${first.id}`), 204);
    expect(await client.post(PATH, body()), 201);
});

scenario('what routes name cannot be deleted: they would send nothing from then on', async () => {
    const { id, name } = await make({ name: 'Holder' });
    const held = { campaigns: await makeCampaign(api, 'Held'), products: await makeProduct(api, 'Held') };
    const route = await makeRoute(api, id, 'lead', { campaignIds: [held.campaigns.id], productIds: [held.products.id] });
    for (const [kind, row] of Object.entries(held)) assert.match(expectProblem(await api.delete(`/api/v1/${kind}/${row.id}`), 409, 'conflict').json.detail, new RegExp(name));
    expect(await api.patch(`${PATH}/${id}/routes/${route.id}`, { campaignIds: [], productIds: [] }), 200);
    for (const [kind, row] of Object.entries(held)) expect(await api.delete(`/api/v1/${kind}/${row.id}`), 204);
});

// ── what it would make of an order ──

scenario('S1.3 S1.27 S1.28 S1.29 preview is what is sent: the URL, from the field map alone', async () => {
    const profile = await make({ url: `${receiver.url}/partials.php`, mappings: [{ exportName: 'first_name', field: 'firstName' }, { exportName: 'last name', field: 'lastName' }, { exportName: 'list_id', static: '400' }, { exportName: 'email_address', field: 'emailAddress' }, { exportName: 'campaign_number', static: 'a+b&c=d' }] });
    await makeRoute(api, profile.id);
    const order = await importOrder({ customer: { firstName: 'Ann', lastName: 'Lee & Söhne', emailAddress: 'ann@x.org' } });
    const sent = await until('it is sent', () => receiver.requests.find((one) => one.path.startsWith('/partials.php?') && one.path.includes('=ann%40x.org')));
    const shown = await preview(profile.id, order.id);
    assert.equal(shown.url, `${receiver.url}/partials.php?first_name=Ann&last%20name=Lee%20%26%20S%C3%B6hne&list_id=400&email_address=ann%40x.org&campaign_number=a%2Bb%26c%3Dd`);
    assert.deepEqual([shown.method, shown.headers, shown.body, shown.header, shown.row, shown.warnings.length, shown.customerType], ['GET', {}, null, null, null, 1, 'new_sale']);
    assert.deepEqual([sent.method, sent.path, sent.body.length], ['GET', new URL(shown.url).pathname + new URL(shown.url).search, 0]);
    assert.deepEqual((await preview(profile.id, order.clientOrderId)), shown);
});

scenario('S1.30 S1.31 S1.32 S1.33 preview of bodies: JSON, forms, and which method', async () => {
    const order = await importOrder();
    const rows = [{ exportName: 'id', field: 'orderId' }, { exportName: 'name', field: 'lastName' }];
    const json = await make({ mappings: [...rows, { exportName: 'header:content-type', static: 'Application/JSON; charset=utf-8' }, { exportName: 'header:httpMethod', static: 'put' }, { exportName: 'header:httpMethodType', static: 'POST' }] });
    const shown = await preview(json.id, order.id);
    assert.deepEqual([shown.method, shown.url, shown.headers], ['PUT', URL_, { 'content-type': 'Application/JSON; charset=utf-8' }]);
    assert.deepEqual(JSON.parse(shown.body), { id: order.orderId, name: 'Lee & Söhne' });
    const form = await preview((await make({ mappings: [...rows, { exportName: 'header:X-Key', static: 'v' }] })).id, order.id);
    assert.deepEqual([form.method, form.url, form.body, form.headers['X-Key']], ['POST', URL_, `id=${order.orderId}&name=Lee+%26+S%C3%B6hne`, 'v']);
    const warned = await preview((await make({ mappings: [...rows, { exportName: 'header:Content-Type', static: 'application/json' }, { exportName: 'header:httpMethod', static: 'POST' }] })).id, order.id);
    assert.ok(warned.warnings.some((text) => /go into the URL/.test(text)));
});

scenario('S1.5 S1.30 S1.31 S1.33 S1.34 S1.36 S1.37 S1.38 how it is sent: by the rows of headers, and as preview says', async () => {
    const header = (name, text) => ({ exportName: `header:${name}`, static: text });
    const cases = [
        [[], 'GET', false],
        [[header('X-Key', 'v')], 'POST', true],
        [[header('Content-Type', 'text/plain')], 'POST', true],
        ...['POST', 'DELETE', 'PUT', 'PATCH'].flatMap((method) => [
            [[header('httpMethod', method)], method, false],
            [[header('httpMethod', method), header('httpMethodType', 'GET'), header('X-Key', 'v')], method, false],
            [[header('HTTPMETHOD', method.toLowerCase()), header('httpmethodtype', 'post')], method, true],
        ]),
        [[header('httpMethodType', 'GET')], 'GET', false],
    ];
    const profiles = [];
    for (const [i, [headers]] of cases.entries()) profiles.push(await make({ url: `${receiver.url}/how${i}`, mappings: [{ exportName: 'first', field: 'firstName' }, { exportName: 'list', static: '4 0' }, ...headers] }));
    for (const { id } of profiles) await makeRoute(api, id, 'chargeback');
    const order = await importOrder();
    expect(await api.post(`/api/v1/orders/${order.id}/changes`, { type: 'chargeback' }), 201);
    for (const [i, [headers, method, inBody]] of cases.entries()) {
        const sent = await until(`request ${i}`, () => receiver.requests.find((one) => one.path.split('?')[0] === `/how${i}`));
        const label = JSON.stringify(headers);
        assert.deepEqual([sent.method, sent.path, sent.body.toString()], inBody ? [method, `/how${i}`, 'first=Ann&list=4+0'] : [method, `/how${i}?first=Ann&list=4%200`, ''], label);
        assert.ok(!/httpmethod/i.test(sent.head), label);
        assert.equal(sent.headers['x-key'], headers.some((row) => row.exportName === 'header:X-Key') ? 'v' : undefined, label);
        const shown = await preview(profiles[i].id, order.id);
        assert.deepEqual([shown.method, shown.url, shown.body ?? ''], [sent.method, `${receiver.url}${sent.path}`, sent.body.toString()], label);
    }
});

scenario('S1.22 S1.74 preview of a file\'s row; of an order paid with a test card', async () => {
    const mappings = [{ exportName: 'Last, name', field: 'lastName' }, { exportName: 'sum', static: '=1+1' }];
    const csv = expect(await api.post(PATH, { name: 'x', type: 'csv', mappings }), 201).json;
    const order = await importOrder({ testCard: true });
    const shown = await preview(csv.id, order.id);
    assert.deepEqual([shown.method, shown.url, shown.body, shown.headers, shown.header, shown.row], [null, null, null, {}, '"Last, name",sum\r\n', 'Lee & Söhne,=1+1\r\n']);
    assert.ok(shown.warnings.some((text) => /test card/.test(text)));
    await change(csv.id, { guardCells: true });
    assert.equal((await preview(csv.id, order.id)).row, "Lee & Söhne,'=1+1\r\n");
});

scenario('preview and explain name an order that there is not', async () => {
    const { id } = await make();
    const foreign = expect(await theirs.post('/api/v1/orders', { campaignId: (await makeCampaign(theirs, 'T')).id, state: 'partial', clientOrderId: 'THEIRS-1' }), 201).json;
    for (const what of ['preview', 'explain']) {
        for (const orderId of [undefined, null, '', 7, 'x', 'ord_0000000000001', foreign.id, 'THEIRS-1', 'x'.repeat(201)]) refused(await api.post(`${PATH}/${id}/${what}`, { orderId }), 'orderId');
        refused(await api.post(`${PATH}/${id}/${what}`, { orderId: 'x', customerType: 'sale' }), 'customerType');
    }
});

scenario('an order of which more would be made than 16 MiB is no preview', async () => {
    const large = await startHub({ args: ['--max-export-rows', '5000'] });
    const client = large.client();
    const { id } = expect(await client.post(PATH, body({ mappings: Array.from({ length: 5000 }, (_, i) => ({ exportName: `n${i}`, field: 'customFields' })) })), 201).json;
    const fields = Object.fromEntries([1, 2, 3, 4, 5].map((n) => [`custom${n}`, 'ö'.repeat(500)]));
    const order = expect(await client.post('/api/v1/orders', { campaignId: (await makeCampaign(client, 'Long')).id, state: 'partial', fields }), 201).json;
    expectProblem(await client.post(`${PATH}/${id}/preview`, { orderId: order.id }), 409, 'conflict');
    expect(await client.patch(`${PATH}/${id}`, { mappings: [{ exportName: 'n', field: 'customFields' }] }), 200);
    expect(await client.post(`${PATH}/${id}/preview`, { orderId: order.id }), 200);
});

scenario('S1.67 S1.68 explain: which condition of which route says no', async () => {
    const other = { campaign: await makeCampaign(api, 'Other'), product: await makeProduct(api, 'Other') };
    const { id } = await make({ url: receiver.url });
    const order = await importOrder();
    const nothing = await explain(id, order.id);
    assert.deepEqual([nothing.wouldSend, nothing.routes, nothing.reasons.map((reason) => reason.code), nothing.orderId], [false, [], ['no_routes'], order.id]);
    assert.ok(nothing.customerTypes.includes('new_sale') && !nothing.customerTypes.includes('lead'));
    const routes = [['new_sale', {}, null], ['new_sale', { campaignIds: [campaign.id], productIds: [product.id, other.product.id] }, null], ['new_sale', { campaignIds: [other.campaign.id] }, 'campaign'], ['new_sale', { productIds: [other.product.id] }, 'product'], ['chargeback', {}, 'customer_type']];
    for (const [type, more] of routes) await makeRoute(api, id, type, more);
    const told = await explain(id, order.clientOrderId);
    assert.deepEqual(told.routes.map((route) => [route.customerType, route.refusedBy]), routes.map(([type, , code]) => [type, code]));
    assert.ok(told.routes.every((route) => route.wouldSend === (route.refusedBy === null) && route.message.length > 10));
    assert.match(told.routes[2].message, /Spring/);
    assert.deepEqual([told.wouldSend, told.reasons], [true, []]);
    const asked = await explain(id, order.id, { customerType: 'chargeback' });
    assert.deepEqual(asked.routes.map((route) => route.refusedBy), ['customer_type', 'customer_type', 'customer_type', 'customer_type', null]);
    await change(id, { status: 'paused' });
    const paused = await explain(id, order.id);
    assert.deepEqual([paused.wouldSend, paused.reasons.map((reason) => reason.code)], [false, ['paused']]);
});

scenario('the home of an SFTP server\'s login is not written as ~', async () => {
    const refusal = /without a slash in front is meant from where the login leads/;
    for (const directory of ['~', '~/', '~/exports']) {
        refused(await api.post(PATH, server({ directory })), 'directory', refusal);
        const made = expect(await api.post(PATH, server({ protocol: 'ftp', directory, hostKey: undefined })), 201).json;
        refused(await api.patch(`${PATH}/${made.id}`, { protocol: 'sftp', password: 'x' }), 'directory', refusal);
        await change(made.id, { name: 'Still to be changed' });
    }
    const made = expect(await api.post(PATH, server({ directory: 'x/~' })), 201).json;
    refused(await api.patch(`${PATH}/${made.id}`, { directory: '~' }), 'directory', refusal);
    await change(made.id, { directory: '~x' });
});

scenario('preview says when today\'s file goes on as it was begun', async () => {
    const shop = await Shop.start();
    const begun = { a: '[orderId]', b: '[firstName]' };
    const profile = await shop.profile('new_sale', { type: 'csv', mappings: begun });
    const order = await shop.order();
    const warned = async (more) => (await shop.preview(profile, order, more)).warnings.filter((one) => /from the next file on/.test(one)).length;
    await shop.hub.settled();
    assert.equal(await warned(), 0);
    await shop.update(profile, { guardCells: true });
    assert.equal(await warned(), 1);
    await shop.update(profile, { guardCells: false, mappings: { z: '[lastName]' } });
    assert.deepEqual([await warned(), await warned({ customerType: 'chargeback' })], [1, 0]);
    await shop.update(profile, { mappings: begun });
    assert.equal(await warned(), 0);
    await shop.update(profile, { mappings: { z: '[lastName]' } });
    await shop.hub.advance(25 * HOUR);
    assert.equal(await warned(), 0);
});

scenario('explain: what was more than a day before a route was changed is sent no more, unless it was sent before', async () => {
    const shop = await Shop.start();
    const other = await makeProduct(shop.api, 'Other');
    const route = async (type, more) => {
        const profile = await shop.profile([]);
        return { profile, route: await makeRoute(shop.api, profile.id, type, more) };
    };
    const made = [await route('chargeback'), await route('new_sale', { productIds: [other.id] }), await route('new_sale', { productIds: [shop.product.id] })];
    const order = await shop.order();
    await shop.hub.settled();
    await shop.hub.advance(20 * HOUR);
    const told = async ({ profile }, of) => {
        const { wouldSend, routes, deliveries } = expect(await shop.api.post(`${PATH}/${profile.id}/explain`, { orderId: of.id }), 200).json;
        return [wouldSend, routes[0].refusedBy, deliveries.length];
    };
    const update = async ({ profile, route: { id } }, body) => expect(await shop.api.patch(`${PATH}/${profile.id}/routes/${id}`, body), 200);
    assert.deepEqual([await told(made[0], order), await told(made[1], order), await told(made[2], order)], [[false, 'customer_type', 0], [false, 'product', 0], [true, null, 1]]);
    await shop.hub.advance(20 * HOUR);
    const newer = await shop.order();
    await update(made[0], { customerType: 'new_sale' });
    for (const one of made.slice(1)) await update(one, { productIds: [] });
    await shop.hub.settled();
    assert.deepEqual([await told(made[0], order), await told(made[1], order), await told(made[2], order)], [[false, 'too_old', 0], [false, 'too_old', 0], [true, null, 1]]);
    for (const one of made) assert.deepEqual(await told(one, newer), [true, null, 1]);
});

scenario('explain: a line is of the product that its SKU is linked to now', async () => {
    const { id } = await make();
    for (const type of ['new_sale', 'chargeback']) await makeRoute(api, id, type, { productIds: [product.id] });
    const sku = await makeSku(api, campaign.id, 'plain-text');
    const order = await importOrder({ lines: [{ sku: 'plain-text', price: '5.00' }] });
    const told = async (more) => (await explain(id, order.id, more)).routes.map((route) => route.refusedBy);
    assert.deepEqual([await told(), await told({ customerType: 'chargeback' })], [['product', 'product'], ['customer_type', 'product']]);
    expect(await api.patch(`/api/v1/skus/${sku.id}`, { productId: product.id }), 200);
    assert.deepEqual([await told(), await told({ customerType: 'chargeback' })], [['product', 'customer_type'], ['customer_type', null]], 'the sale was before the link');
    expect(await api.post(`/api/v1/orders/${order.id}/changes`, { id: 'c1', type: 'chargeback' }), 201);
    assert.deepEqual(await told(), ['product', null]);
});

scenario('a line without a name has that of the product its SKU is linked to: in the order, in preview, and as it is sent', async () => {
    const profile = await make({ url: receiver.url, mappings: { name: '[product1_name]', id: '[product1_id]', mark: 'linked-name' } });
    await makeRoute(api, profile.id, 'chargeback');
    const sku = await makeSku(api, campaign.id, 'plain-name');
    const order = await importOrder({ lines: [{ sku: 'plain-name', price: '5.00' }] });
    const previewed = async () => new URL(expect(await api.post(`${PATH}/${profile.id}/preview`, { orderId: order.id, customerType: 'chargeback' }), 200).json.url).searchParams.get('name');
    const named = async () => expect(await api.get(`/api/v1/orders/${order.id}`), 200).json.lines[0].name;
    assert.deepEqual([await previewed(), await named()], ['', null]);
    expect(await api.patch(`/api/v1/skus/${sku.id}`, { productId: product.id }), 200);
    assert.deepEqual([await previewed(), await named()], [product.name, product.name]);
    expect(await api.post(`/api/v1/orders/${order.id}/changes`, { id: 'c1', type: 'chargeback' }), 201);
    const sent = await until('it is sent', async () => receiver.requests.find((one) => one.path.includes('linked-name')));
    assert.deepEqual(Object.fromEntries(new URL(sent.path, 'http://x').searchParams), { name: product.name, id: `${product.number}`, mark: 'linked-name' });
});

scenario('explain and preview: what was about one line of an order is that line\'s', async () => {
    const second = await makeProduct(api, 'Club2');
    const profile = await make({ url: receiver.url, mappings: { price: '[recurringPrice]', purchase: '[purchaseId]', refund: '[refundAmount]', mark: 'one-line' } });
    for (const type of ['cancel', 'recurring_order', 'partial_refunds', 'pause']) await makeRoute(api, profile.id, type, { productIds: [second.id] });
    const order = await importOrder({ lines: [{ productId: product.id, price: '10.00', recurring: true, purchaseId: 'P-1' }, { productId: second.id, price: '20.00', recurring: true, purchaseId: 'P-2' }] });
    const apply = async (id, change) => expect(await api.post(`/api/v1/orders/${order.id}/changes`, { id, ...change }), 201);
    const told = async (more) => (await explain(profile.id, order.id, more)).routes.map((route) => route.refusedBy);
    assert.deepEqual(await told({ customerType: 'cancel' }), [null, 'customer_type', 'customer_type', 'customer_type'], 'it has had none');
    const sent = async (count, type) => {
        const requests = await until(`${count} are sent`, () => {
            const found = receiver.requests.filter((one) => one.path.includes('one-line'));
            return found.length === count && found;
        });
        const previewed = await preview(profile.id, order.id, { customerType: type });
        assert.equal(new URL(previewed.url).search, new URL(requests.at(-1).path, receiver.url).search);
        return Object.fromEntries(new URL(previewed.url).searchParams);
    };
    await apply('r1', { type: 'rebill', productId: product.id });
    assert.deepEqual(await told(), ['customer_type', 'product', 'customer_type', 'customer_type']);
    await apply('r2', { type: 'rebill', productId: second.id });
    assert.deepEqual(await told(), ['customer_type', null, 'customer_type', 'customer_type']);
    const billed = await sent(1, 'recurring_order');
    assert.deepEqual([billed.price, billed.purchase], ['20.00', 'P-2']);
    await apply('f1', { type: 'refund', amount: '3.00' });
    assert.equal((await sent(2, 'partial_refunds')).refund, '3.00');
    await apply('f2', { type: 'refund' });
    assert.equal(new URL((await preview(profile.id, order.id, { customerType: 'partial_refunds' })).url).searchParams.get('refund'), '3.00', 'the full one came later');
    await apply('c1', { type: 'cancel', productId: product.id });
    assert.deepEqual([(await told())[0], (await told({ customerType: 'cancel' }))[0]], ['product', 'product']);
    await apply('c2', { type: 'cancel', productId: second.id });
    assert.equal((await told())[0], null);
    assert.equal((await sent(3, 'cancel')).purchase, 'P-2');
    assert.deepEqual((await explain(profile.id, order.id)).deliveries.map((one) => one.customerType), ['cancel', 'partial_refunds', 'recurring_order']);
});

scenario('explain: an endpoint that does not work is told, there and at what waits for it; what is due goes later', async () => {
    const own = await startHub({ clock: true, name: 'failing' });
    const client = own.client();
    const failing = await startReceiver();
    try {
        const spring = await makeCampaign(client, 'Spring');
        const profile = await makeProfile(client, failing.url);
        await makeRoute(client, profile.id);
        const sell = async () => expect(await client.post('/api/v1/orders', { campaignId: spring.id, state: 'complete', customer: { firstName: 'Ann', lastName: 'Lee', emailAddress: 'a@x.org', country: 'US' }, lines: [{ sku: 'a', price: '1.00' }] }), 201).json;
        const told = async (order) => expect(await client.post(`${PATH}/${profile.id}/explain`, { orderId: order.id }), 200).json;
        const standing = async () => expect(await client.get(`${PATH}/${profile.id}`), 200).json.sending;
        failing.script = () => 500;
        assert.deepEqual((await told(await sell())).reasons, []);
        for (let i = 1; i < 5; i++) await sell();
        await until('five have failed', async () => (await standing()).state === 'waiting');
        const order = await sell();
        const { until: at, reason } = await standing();
        assert.match(reason, /failed several times in a row/);
        const waiting = await told(order);
        assert.deepEqual([waiting.wouldSend, waiting.reasons], [true, [{ code: 'waiting', message: reason, until: at }]]);
        const [listed] = await client.all(`${PATH}/${profile.id}/deliveries`);
        assert.deepEqual(waiting.deliveries.map((one) => [one.id, one.state, one.reason]), [[listed.id, 'pending', reason]]);
        assert.equal(listed.reason, reason);
        failing.script = () => ({ hang: true });
        await own.advance(30000);
        await until('one is tried', async () => (await standing()).state === 'probing');
        const probing = await told(order);
        assert.deepEqual([probing.wouldSend, probing.reasons.map((one) => [one.code, one.until])], [true, [['probing', null]]]);
        assert.match(probing.deliveries[0].reason, /is being tried/);
        expect(await client.patch(`${PATH}/${profile.id}`, { status: 'paused' }), 200);
        const paused = await told(order);
        assert.deepEqual([paused.wouldSend, paused.reasons.map((one) => [one.code, one.until])], [false, [['paused', null]]]);
        assert.equal(paused.deliveries[0].reason, paused.reasons[0].message);
    } finally {
        failing.close();
    }
});

scenario('S1.6 explain: test cards are never exported, and what a profile has made of an order is listed', async () => {
    const profile = await make({ url: receiver.url });
    await makeRoute(api, profile.id);
    const test = await importOrder({ testCard: true });
    const told = await explain(profile.id, test.id);
    assert.deepEqual([told.wouldSend, told.reasons.map((reason) => reason.code)], [false, ['test_card']]);
    const order = await importOrder();
    const [made] = await until('it is delivered', async () => {
        const { deliveries } = await explain(profile.id, order.id);
        return deliveries[0]?.state === 'delivered' && deliveries;
    });
    assert.deepEqual([made.customerType, made.href], ['new_sale', `/api/v1/deliveries/${made.id}`]);
    assert.equal(expect(await api.get(made.href), 200).json.exportProfileId, profile.id);
});
