// Seed 0, the plugin for Konnektive, row by row: those of its rows that no other file has under their
// number alone (plugins.test.mjs, postbacks.test.mjs and once.test.mjs have the rest; those about export
// profiles are with the exports).
import assert from 'node:assert/strict';
import { before } from 'node:test';

import { makeCampaign, makePlugin, makeProduct, makeSku, makeWebhook } from '../lib/fixtures.mjs';
import { expect, expectProblem } from '../lib/http.mjs';
import { filesUnder, readText, scenario, startHub } from '../lib/hub.mjs';

const SECRET = 'hush-hush-Konnektive-7';
const PATH = '/api/v1/plugins/webhooks/konnektive';
const HEADERS = { 'X-Webhook-Secret': SECRET };

let hub;
let api;
let organizationId;
let next = 0;

before(async () => {
    hub = await startHub({ organizations: 2 });
    api = hub.client();
    organizationId = hub.owners[0].organizationId;
});

// A plugin instance with a campaign of its own.
async function instance(changes) {
    const campaign = await makeCampaign(api, `Campaign ${++next}`);
    const plugin = expect(await makePlugin(api, campaign.id, { secret: SECRET, importUnknownSkus: true, ...changes }), 201).json;
    return { campaign, plugin, ids: { organizationId, pluginInstanceId: plugin.id } };
}

const fresh = () => `${2794150 + ++next}`;
const sale = (orderId, sku, more) => ({ orderId, customerType: 'SALE', orderStatus: 'COMPLETE', product1_sku: sku, product1_price: '9.00', ...more });
const post = async (body, path = PATH, headers = HEADERS) => hub.anonymous.post(path, body, { headers });
const ordersOf = async ({ campaign }) => api.all(`/api/v1/orders?campaignId=${campaign.id}`);
const skusOf = async ({ campaign }) => api.all(`/api/v1/skus?campaignId=${campaign.id}`);
const query = (values) => new URLSearchParams(values).toString();

scenario('S0.7 the secret as a query parameter of the copied URL', async () => {
    const one = await instance();
    const url = new URL(one.plugin.webhookUrl);
    const copied = `${url.pathname}${url.search}`;
    expect(await post(sale(fresh(), 'a'), `${copied}&secret=${SECRET}`, {}), 200);
    expect(await hub.anonymous.get(`${copied}&${query({ ...sale(fresh(), 'a'), secret: SECRET })}`), 200);
    expectProblem(await post(sale(fresh(), 'a'), `${copied}&secret=${SECRET.toUpperCase()}`, {}), 401, 'unauthenticated');
    expectProblem(await post(sale(fresh(), 'a'), `${copied}&secret=`, {}), 401, 'unauthenticated');
    assert.equal((await ordersOf(one)).length, 2);
});

scenario('S0.9 an unknown SKU is imported once with the flag, and not at all without it', async () => {
    const on = await instance();
    const off = await instance({ importUnknownSkus: false });
    for (let i = 0; i < 3; i++) expect(await post({ ...sale(fresh(), 'neuro-1'), ...on.ids }), 200);
    assert.deepEqual((await skusOf(on)).map((sku) => [sku.sku, sku.imported]), [['neuro-1', true]]);
    assert.equal((await ordersOf(on)).length, 3);
    expect(await post({ ...sale(fresh(), 'neuro-1'), ...off.ids }), 200);
    assert.deepEqual(await skusOf(off), []);
    const [order] = await ordersOf(off);
    assert.deepEqual(order.lines.map((line) => [line.sku, line.skuId, line.productId]), [['neuro-1', null, null]], 'stored, the line unmatched');
});

scenario('S0.10 an imported SKU is plain text: linked to no product, and shown as such', async () => {
    const one = await instance();
    expect(await post({ ...sale(fresh(), 'plain-1'), ...one.ids }), 200);
    const [sku] = await skusOf(one);
    assert.deepEqual([sku.type, sku.productId, sku.imported], ['text', null, true]);
    assert.deepEqual(expect(await api.get(`/api/v1/skus/${sku.id}`), 200).json, sku);
    assert.ok((await api.all('/api/v1/skus?type=text')).some((row) => row.id === sku.id));
    assert.ok(!(await api.all('/api/v1/skus?type=linked')).some((row) => row.id === sku.id));
    assert.equal((await ordersOf(one))[0].lines[0].skuId, sku.id);
});

scenario('S0.15 the copied URL has exactly organizationId and pluginInstanceId of that instance', async () => {
    const [one, two] = [await instance(), await instance()];
    for (const { plugin } of [one, two]) assert.deepEqual([...new URL(plugin.webhookUrl).searchParams], [['organizationId', organizationId], ['pluginInstanceId', plugin.id]]);
    const url = new URL(two.plugin.webhookUrl);
    expect(await post(sale(fresh(), 'a'), `${url.pathname}${url.search}`), 200);
    assert.deepEqual([(await ordersOf(one)).length, (await ordersOf(two)).length], [0, 1]);
});

scenario('S0.16 its path is /api/v1/plugins/webhooks/konnektive, and that is where postbacks come', async () => {
    const one = await instance();
    assert.equal(new URL(one.plugin.webhookUrl).pathname, PATH);
    expect(await post({ ...sale(fresh(), 'a'), ...one.ids }), 200);
    expectProblem(await post({ ...sale(fresh(), 'a'), ...one.ids }, '/api/v1/plugins/webhooks/shopify'), 404, 'not_found');
    expectProblem(await hub.anonymous.delete(PATH, { headers: HEADERS }), 405);
});

scenario('S0.25 the mapped ids lead to the right instance, from the body of a POST and from the query of a GET', async () => {
    const [one, two] = [await instance(), await instance()];
    expect(await post({ ...sale(fresh(), 'a'), ...one.ids }), 200);
    expect(await post(query({ ...sale(fresh(), 'a'), ...two.ids }), PATH, { ...HEADERS, 'content-type': 'application/x-www-form-urlencoded' }), 200);
    expect(await hub.anonymous.get(`${PATH}?${query({ ...sale(fresh(), 'a'), ...two.ids })}`, { headers: HEADERS }), 200);
    assert.deepEqual([(await ordersOf(one)).length, (await ordersOf(two)).length], [1, 2]);
    const none = expectProblem(await post(sale(fresh(), 'a')), 400, 'malformed').json;
    assert.deepEqual(none.errors.map((error) => error.field), ['organizationId']);
});

scenario('S0.33 the secret is in no answer, log, event, rejection, delivery or file', async () => {
    const one = await instance();
    const hook = await makeWebhook(api, 'http://127.0.0.1:9/', { eventTypes: ['order.*', 'order_postback'] });
    const answers = [];
    const send = async (...args) => answers.push(await post(...args));
    await send({ ...sale(fresh(), 'a'), ...one.ids, secret: SECRET }, PATH, {});
    await send({ ...sale(fresh(), 'a'), ...one.ids }, `${PATH}?secret=${SECRET}`, {});
    await send(sale(fresh(), 'a'), `${PATH}/${organizationId}/${one.plugin.id}/${SECRET}`, {});
    await send({ ...sale(fresh(), 'a'), ...one.ids, product1_price: 'a lot' }, PATH, { Authorization: `Bearer ${SECRET}` });
    for (const answer of answers) expect(answer, 200);
    // Refused, but the secret is right: what is kept of it has none.
    await send({ ...one.ids, secret: SECRET }, PATH, {});
    expectProblem(answers.at(-1), 422, 'invalid');
    await send(`{"secret":"${SECRET}",`, PATH, { ...HEADERS, 'content-type': 'application/json' });
    expectProblem(answers.at(-1), 400, 'malformed');
    const shown = [answers.map((answer) => answer.text), one.plugin];
    for (const path of ['/api/v1/events', '/api/v1/rejections', '/api/v1/orders', '/api/v1/audit', '/api/v1/plugins', `/api/v1/webhooks/${hook.id}/deliveries`]) shown.push(await api.all(path));
    for (const event of await api.all('/api/v1/events')) shown.push(expect(await api.get(`/api/v1/events/${event.id}`), 200).json);
    for (const delivery of await api.all(`/api/v1/webhooks/${hook.id}/deliveries`)) shown.push(expect(await api.get(`/api/v1/deliveries/${delivery.id}`), 200).json);
    assert.ok(!JSON.stringify(shown).includes(SECRET));
    assert.ok(!hub.log.includes(SECRET), 'the log');
    for (const file of filesUnder(hub.data)) assert.ok(!readText(file).includes(SECRET), file);
});

scenario('S0.34 linking an imported SKU turns lines that are there and lines to come into the product; unlinking turns them back', async () => {
    const one = await instance();
    const product = await makeProduct(api, 'Neuro', { price: '47.00' });
    expect(await post({ ...sale(fresh(), 'neuro-9'), ...one.ids }), 200);
    const [sku] = await skusOf(one);
    const products = async () => (await ordersOf(one)).map((order) => order.lines[0].productId);
    assert.deepEqual(await products(), [null]);
    expect(await api.patch(`/api/v1/skus/${sku.id}`, { productId: product.id }), 200);
    assert.deepEqual(await products(), [product.id]);
    expect(await post({ ...sale(fresh(), 'NEURO-9'), ...one.ids }), 200);
    assert.deepEqual(await products(), [product.id, product.id]);
    expect(await api.patch(`/api/v1/skus/${sku.id}`, { productId: null }), 200);
    assert.deepEqual(await products(), [null, null]);
    assert.equal((await skusOf(one)).length, 1);
    // The same text in another campaign is another SKU.
    const other = await instance();
    await makeSku(api, other.campaign.id, 'neuro-9', { productId: product.id });
    assert.deepEqual(await products(), [null, null]);
});
