// Seed 0, its rows about export profiles: what is set up at the sender, and that orders then arrive in the
// hub whose plugin it names.
import assert from 'node:assert/strict';
import { before } from 'node:test';

import { makeCampaign, makePlugin, makeRoute } from '../lib/fixtures.mjs';
import { HOUR, PERSON, PROFILES, Shop, parametersOf } from '../lib/exports.mjs';
import { GUIDE } from '../lib/guide.mjs';
import { expect, expectProblem } from '../lib/http.mjs';
import { scenario, startHub } from '../lib/hub.mjs';
import { until } from '../lib/wait.mjs';

const SECRET = 'hush-hush-Konnektive-28';
const URL_ = 'https://conexus.example/api/v1/plugins/webhooks/konnektive';
const QUESTION = 'Invalid Postback URL: cannot contain a question mark';

let shop;
let api;

before(async () => {
    shop = await Shop.start();
    api = shop.api;
});

const body = (changes) => ({ name: 'Conexus', type: 'postback', url: URL_, mappings: GUIDE, ...changes });
const read = async ({ id }) => expect(await api.get(`${PROFILES}/${id}`), 200).json;

// Another hub with a plugin instance.
async function conexus() {
    const hub = await startHub();
    const client = hub.client();
    const campaign = await makeCampaign(client, 'Incoming');
    const plugin = expect(await makePlugin(client, campaign.id, { secret: SECRET, importUnknownSkus: true }), 201).json;
    return { hub, client, campaign, plugin };
}

scenario('S0.17 export profiles have a place of their own under Admin, Export', async () => {
    const page = expect(await api.get(PROFILES), 200).json;
    assert.ok(Array.isArray(page.data) && 'next' in page);
    expectProblem(await shop.hub.anonymous.get(PROFILES), 401);
});

scenario('S0.18 a profile is created from its list', async () => {
    const made = expect(await api.post(PROFILES, body()), 201).json;
    assert.equal((await api.all(PROFILES)).filter((row) => row.id === made.id).length, 1);
});

scenario('S0.19 Postback is one of three export types; there is no other', async () => {
    for (const [type, more] of [['postback', { url: URL_ }], ['csv', {}], ['ftp', { protocol: 'ftp', host: 'files.example', user: 'u', password: 'p' }]])
        assert.equal(expect(await api.post(PROFILES, { name: 'x', type, ...more }), 201).json.type, type);
    for (const type of ['Postback', 'webhook', '', null]) assert.ok(expectProblem(await api.post(PROFILES, body({ type })), 422, 'invalid').json.errors.some((error) => error.field === 'type'));
});

scenario('S0.20 it is in the list at once, the newest first', async () => {
    const made = expect(await api.post(PROFILES, body({ name: 'Newest' })), 201).json;
    const [first] = expect(await api.get(`${PROFILES}?limit=1`), 200).json.data;
    assert.deepEqual([first.id, first.name], [made.id, 'Newest']);
});

scenario('S0.21 one opened for editing has all that was stored', async () => {
    const settings = { name: 'Whole', delayMinutes: 3, mode: 'compatible', allStrings: true };
    const made = await read(expect(await api.post(PROFILES, body(settings)), 201).json);
    for (const [name, value] of Object.entries({ ...settings, url: URL_ })) assert.equal(made[name], value, name);
    assert.deepEqual(made.mappingObject, GUIDE);
});

scenario('S0.22 the URL copied from Conexus is taken once it has no query', async () => {
    const { plugin } = await conexus();
    const made = expect(await api.post(PROFILES, body()), 201).json;
    expectProblem(await api.patch(`${PROFILES}/${made.id}`, { url: plugin.webhookUrl }), 422, 'invalid');
    const [url] = plugin.webhookUrl.split('?');
    assert.equal(expect(await api.patch(`${PROFILES}/${made.id}`, { url }), 200).json.url, url);
});

scenario('S0.24 one order through the guide\'s mapping: all 25 keys with the right values', async () => {
    const profile = await shop.profile('new_sale', { mappings: GUIDE });
    const order = await shop.order({ customer: { ...PERSON, lastName: 'Lee & Söhne' }, lines: [{ sku: 'neuro-1', name: 'Neuro & Co', qty: 6, price: '282.00' }] });
    const pairs = parametersOf(await shop.only(profile));
    assert.deepEqual(pairs.map(([name]) => name), Object.keys(GUIDE));
    assert.deepEqual(Object.fromEntries(pairs), {
        ...PERSON, lastName: 'Lee & Söhne', orderId: `${order.orderId}`, orderStatus: 'COMPLETE', customerType: 'SALE',
        product1_sku: 'neuro-1', product1_name: 'Neuro & Co', product1_qty: '6', product1_price: '282.00',
        organizationId: 'your-org-id', pluginInstanceId: 'your-plugin-instance-id',
    });
});

scenario('S0.27 an update is kept and used; what was refused is not', async () => {
    const profile = await shop.profile('new_sale', { mappings: GUIDE });
    expectProblem(await api.patch(`${PROFILES}/${profile.id}`, { mappings: { a: '1' }, url: `${profile.url}?x` }), 422, 'invalid');
    await shop.order();
    assert.equal(parametersOf((await shop.sent(profile))[0]).length, 25);
    await shop.update(profile, { mappings: { a: '1' } });
    assert.deepEqual((await read(profile)).mappingObject, { a: '1' });
    await shop.order();
    assert.deepEqual(parametersOf((await shop.sent(profile))[1]), [['a', '1']]);
});

scenario('S0.28 from then on new orders are sent: from the profile of one hub to the plugin of another', async () => {
    const there = await conexus();
    const profile = await shop.profile([], { url: there.plugin.webhookUrl.split('?')[0] });
    await shop.order(); // before
    await shop.hub.advance(25 * HOUR);
    await shop.update(profile, { mappings: { ...there.plugin.fieldMapping, 'header:X-Webhook-Secret': SECRET } });
    await makeRoute(api, profile.id);
    const order = await shop.order({ lines: [{ sku: 'neuro-1', name: 'Neuro & Co', qty: 6, price: '282.00' }] });
    const [arrived] = await until('it is there', async () => {
        const all = await there.client.all('/api/v1/orders');
        return all.length > 0 && all;
    });
    assert.deepEqual([arrived.senderOrderId, arrived.state, arrived.total, arrived.campaignId], [`${order.orderId}`, 'complete', '282.00', there.campaign.id]);
    assert.deepEqual(arrived.lines.map(({ sku, name, qty, price }) => [sku, name, qty, price]), [['neuro-1', 'Neuro & Co', 6, '282.00']]);
    for (const [name, value] of Object.entries(PERSON)) assert.equal(arrived.customer[name], value, name);
    await shop.hub.settled();
    assert.ok((await shop.deliveries(profile)).every((row) => row.state === 'delivered'));
    assert.equal((await there.client.all('/api/v1/orders')).length, 1, 'what was before is not');
});

scenario('S0.29 a question mark in a Postback URL: the message word for word, and nothing is saved', async () => {
    const before = (await api.all(PROFILES)).length;
    const { errors } = expectProblem(await api.post(PROFILES, body({ url: `${URL_}?secret=x` })), 422, 'invalid').json;
    assert.deepEqual(errors.map((error) => [error.field, error.message]), [['url', QUESTION]]);
    assert.equal((await api.all(PROFILES)).length, before);
});

scenario('S0.30 without a query it is saved, with any it is not', async () => {
    expect(await api.post(PROFILES, body()), 201);
    for (const end of ['?secret=x', '?', '?a=b&c=d', '/?', '#?']) assert.equal(expectProblem(await api.post(PROFILES, body({ url: URL_ + end })), 422, 'invalid').json.errors[0].message, QUESTION, end);
});

scenario('S0.31 the five steps of the summary, by the API alone: the first order shows up', async () => {
    const there = await conexus();
    const copied = new URL(there.plugin.webhookUrl);
    const ids = Object.fromEntries(copied.searchParams);
    assert.deepEqual(Object.keys(ids).sort(), ['organizationId', 'pluginInstanceId']);
    const mappings = { ...GUIDE, ...ids, 'header:X-Webhook-Secret': SECRET };
    const profile = expect(await api.post(PROFILES, body()), 201).json;
    await shop.update(profile, { url: `${copied.origin}${copied.pathname}`, mappings });
    await shop.hub.advance(25 * HOUR);
    await makeRoute(api, profile.id);
    const order = await shop.order();
    await until('it is there', async () => (await there.client.all('/api/v1/orders')).some((one) => one.senderOrderId === `${order.orderId}`));
});

scenario('S0.32 the same refusal on an edit', async () => {
    const made = expect(await api.post(PROFILES, body()), 201).json;
    for (const end of ['?secret=x', '?', '?a=b&c=d']) {
        const { errors } = expectProblem(await api.patch(`${PROFILES}/${made.id}`, { url: URL_ + end, name: 'Changed' }), 422, 'invalid').json;
        assert.deepEqual(errors.map((error) => [error.field, error.message]), [['url', QUESTION]]);
    }
    const after = await read(made);
    assert.deepEqual([after.url, after.name], [URL_, 'Conexus']);
});
