// Plugin instances: what an organization sets up before another system's postbacks come.
import assert from 'node:assert/strict';
import { before } from 'node:test';

import { makeCampaign, makePlugin } from '../lib/fixtures.mjs';
import { expect, expectProblem } from '../lib/http.mjs';
import { PASSWORD, filesUnder, readText, scenario, startHub } from '../lib/hub.mjs';

const SECRET = 'hush-hush-hush 4711';
// The keys of seed 0, in their order.
const MAPPED = ['country', 'product1_qty', 'orderId', 'state', 'product1_sku', 'shipAddress2', 'address2', 'firstName', 'shipState', 'phoneNumber', 'customerType', 'shipCountry', 'organizationId',
    'product1_name', 'orderStatus', 'postalCode', 'product1_price', 'shipAddress1', 'city', 'lastName', 'shipCity', 'address1', 'emailAddress', 'shipPostalCode', 'pluginInstanceId'];

let hub;
let api;
let theirs;
let campaign;

before(async () => {
    hub = await startHub({ organizations: 2 });
    api = hub.client();
    theirs = hub.client(hub.owners[1]);
    campaign = await makeCampaign(api, 'Main');
});

const make = async (changes) => expect(await makePlugin(api, campaign.id, { secret: SECRET, ...changes }), 201).json;

async function session(role) {
    const email = `plugins-${role}@example.org`;
    expect(await api.post('/api/v1/users', { email, name: role, password: PASSWORD, role }), 201);
    const answer = expect(await hub.anonymous.post('/api/v1/session', { email, password: PASSWORD }), 200, 201);
    return api.with({ key: undefined, headers: { cookie: answer.setCookies[0].split(';')[0], 'x-csrf-token': answer.json.csrfToken } });
}

const wrongField = (answer, field) => assert.ok(expectProblem(answer, 422, 'invalid').json.errors.some((error) => error.field === field), answer.text);

scenario('S0.1 who has the right makes instances; who has not is refused', async () => {
    const editor = await session('editor');
    const viewer = await session('viewer');
    const made = expect(await makePlugin(editor, campaign.id), 201).json;
    expectProblem(await makePlugin(viewer, campaign.id), 403);
    expectProblem(await makePlugin(hub.anonymous, campaign.id), 401);
    expect(await viewer.get(`/api/v1/plugins/${made.id}`), 200);
    expectProblem(await viewer.patch(`/api/v1/plugins/${made.id}`, { name: 'x' }), 403);
    expectProblem(await viewer.delete(`/api/v1/plugins/${made.id}`), 403);
    const reader = expect(await api.post('/api/v1/api-keys', { name: 'r', scopes: ['plugins:read'] }), 201).json.key;
    expect(await api.with({ key: reader }).get('/api/v1/plugins'), 200);
    expectProblem(await makePlugin(api.with({ key: reader }), campaign.id), 403);
    const writer = expect(await api.post('/api/v1/api-keys', { name: 'w', scopes: ['plugins:write'] }), 201).json.key;
    expect(await makePlugin(api.with({ key: writer }), campaign.id), 201);
});

scenario('S0.3 an instance needs a secret', async () => {
    for (const secret of [undefined, null, '', 'short', 7, 'x'.repeat(201), 'with\na line', ' a space in front', 'a space behind ', 'ümläuts everywhere'])
        wrongField(await makePlugin(api, campaign.id, { secret }), 'secret');
    const made = await make({ secret: 'x'.repeat(200) });
    for (const secret of [null, '', 'short']) wrongField(await api.patch(`/api/v1/plugins/${made.id}`, { secret }), 'secret');
});

scenario('S0.4 an instance needs a name', async () => {
    for (const name of [undefined, null, '', '   ', 5]) wrongField(await makePlugin(api, campaign.id, { name }), 'name');
    const made = await make({ name: 'Shop one' });
    assert.ok((await api.all('/api/v1/plugins')).some((row) => row.id === made.id && row.name === 'Shop one'));
});

scenario('S0.5 the secret is sealed in the store, and nothing shows it', async () => {
    const made = await make();
    const changed = `${SECRET} changed`;
    const answers = [made, expect(await api.get(`/api/v1/plugins/${made.id}`), 200).json, await api.all('/api/v1/plugins')];
    answers.push(expect(await api.patch(`/api/v1/plugins/${made.id}`, { secret: changed }), 200).json);
    answers.push(expect(await api.get('/api/v1/audit?limit=20'), 200).json);
    assert.ok(!JSON.stringify(answers).includes('hush-hush'));
    assert.ok(!hub.log.includes('hush-hush'));
    for (const path of filesUnder(hub.data)) assert.ok(!readText(path).includes('hush-hush'), path);
});

scenario('S0.8 an instance needs a campaign of its organization', async () => {
    const other = await makeCampaign(theirs, 'Theirs');
    for (const campaignId of [undefined, null, '', 'x', 7, 'cmp_0zzzzzzzzzzzz', 'int_0000000000001', other.id]) wrongField(await makePlugin(api, campaignId), 'campaignId');
    const made = await make();
    assert.equal(made.campaignId, campaign.id);
    wrongField(await api.patch(`/api/v1/plugins/${made.id}`, { campaignId: other.id }), 'campaignId');
    const second = await makeCampaign(api, 'Second');
    assert.equal(expect(await api.patch(`/api/v1/plugins/${made.id}`, { campaignId: second.id }), 200).json.campaignId, second.id);
});

scenario('S0.11 each instance has an id of its own', async () => {
    const one = await make();
    const two = await make();
    assert.match(one.id, /^plg_/);
    assert.notEqual(one.id, two.id);
});

scenario('S0.12 the list shows what an instance is', async () => {
    const made = await make({ name: 'Listed', importUnknownSkus: true });
    const row = (await api.all('/api/v1/plugins')).find((one) => one.id === made.id);
    assert.deepEqual([row.name, row.type, row.campaignId, row.importUnknownSkus], ['Listed', 'konnektive', campaign.id, true]);
    assert.ok(Date.parse(row.createdAt) > 0);
    assert.equal((await make()).importUnknownSkus, false);
});

scenario('S0.13 an instance is read by its id, is changed, outlives a restart, and goes', async () => {
    const made = await make();
    assert.deepEqual(expect(await api.get(`/api/v1/plugins/${made.id}`), 200).json, made);
    expect(await api.patch(`/api/v1/plugins/${made.id}`, { name: 'Renamed', importUnknownSkus: true }), 200);
    await hub.restart();
    const read = expect(await api.get(`/api/v1/plugins/${made.id}`), 200).json;
    assert.deepEqual([read.name, read.importUnknownSkus, read.campaignId], ['Renamed', true, campaign.id]);
    for (const answer of [await theirs.get(`/api/v1/plugins/${made.id}`), await theirs.patch(`/api/v1/plugins/${made.id}`, { name: 'x' }), await theirs.delete(`/api/v1/plugins/${made.id}`)]) expectProblem(answer, 404, 'not_found');
    expect(await api.delete(`/api/v1/plugins/${made.id}`), 204);
    expectProblem(await api.get(`/api/v1/plugins/${made.id}`), 404, 'not_found');
    const actions = (await api.all('/api/v1/audit')).filter((row) => row.object === made.id).map((row) => row.action);
    assert.deepEqual(actions.reverse(), ['plugin.create', 'plugin.update', 'plugin.delete']);
});

scenario('S0.14 S0.15 S0.16 the address to copy has the two ids and nothing else', async () => {
    const made = await make();
    const url = new URL(made.webhookUrl);
    assert.equal(url.origin, new URL(hub.url).origin);
    assert.equal(url.pathname, '/api/v1/plugins/webhooks/konnektive');
    assert.deepEqual([...url.searchParams], [['organizationId', hub.owners[0].organizationId], ['pluginInstanceId', made.id]]);
    assert.equal(made.webhookPath, `${url.origin}${url.pathname}/${hub.owners[0].organizationId}/${made.id}`);
});

scenario('the field mapping is ready to be pasted: the 25 keys, the ids, and a place for the secret', async () => {
    const made = await make();
    assert.deepEqual(Object.keys(made.fieldMapping), [...MAPPED, 'header:X-Webhook-Secret']);
    assert.equal(made.fieldMapping.organizationId, hub.owners[0].organizationId);
    assert.equal(made.fieldMapping.pluginInstanceId, made.id);
    assert.equal(made.fieldMapping['header:X-Webhook-Secret'], 'your-secret-key');
    for (const key of MAPPED.filter((one) => !['organizationId', 'pluginInstanceId'].includes(one))) assert.equal(made.fieldMapping[key], `[${key}]`);
});

scenario('with a public address that is the one to copy; and there are so many instances and no more', async () => {
    const small = await startHub({ args: ['--public-url', 'https://hub.example/', '--max-plugins', '1'] });
    const client = small.client();
    const { id } = await makeCampaign(client, 'Only');
    const made = expect(await makePlugin(client, id), 201).json;
    assert.ok(made.webhookUrl.startsWith('https://hub.example/api/v1/plugins/webhooks/konnektive?'));
    expectProblem(await makePlugin(client, id), 409, 'conflict');
    expect(await client.delete(`/api/v1/plugins/${made.id}`), 204);
    expect(await makePlugin(client, id), 201);
});
