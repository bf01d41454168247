// Seed 1, export profiles as they are made and changed, row by row. What has its row alone in
// export-profiles.test.mjs is not repeated here.
import assert from 'node:assert/strict';
import { before } from 'node:test';

import { makeProfile, makeRoute } from '../lib/fixtures.mjs';
import { expect, expectProblem } from '../lib/http.mjs';
import { scenario } from '../lib/hub.mjs';
import { HOUR, MINUTE, PROFILES, Shop, parametersOf } from '../lib/exports.mjs';

let shop;
let api;

before(async () => {
    shop = await Shop.start();
    api = shop.api;
});

const URL_ = 'https://crm.example/partials.php';
const body = (changes) => ({ name: 'Call centre', type: 'postback', url: URL_, ...changes });
const read = async (profile) => expect(await api.get(`${PROFILES}/${profile.id}`), 200).json;
const fieldsOf = (answer) => expectProblem(answer, 422, 'invalid').json.errors.map((error) => error.field);

scenario('S1.2 a Partial route alone sends partials and nothing else; another profile sends another type', async () => {
    const partials = await shop.profile('partial');
    const sales = await shop.profile('new_sale');
    const order = await shop.order({ state: 'partial', lines: [] });
    await shop.order({ clientOrderId: order.clientOrderId });
    await shop.change(order, { type: 'refund' });
    assert.deepEqual((await shop.sent(partials)).map((one) => parametersOf(one)), [[['type', 'PARTIAL'], ['order', `${order.orderId}`]]]);
    assert.deepEqual((await shop.sent(sales)).map((one) => parametersOf(one)), [[['type', 'SALE'], ['order', `${order.orderId}`]]]);
});

scenario('S1.7 the list of profiles, and the routing of each', async () => {
    const made = await shop.profile(['lead', 'upsell']);
    const row = (await api.all(PROFILES)).find((one) => one.id === made.id);
    assert.deepEqual([row.name, row.type, row.routeCount], ['Profile', 'postback', 2]);
    assert.deepEqual((await api.all(`${PROFILES}/${made.id}/routes`)).map((route) => route.customerType).sort(), ['lead', 'upsell']);
});

scenario('S1.8 a profile is created from the list', async () => {
    const before = (await api.all(PROFILES)).length;
    assert.match(expect(await api.post(PROFILES, body()), 201).json.id, /^exp_/);
    assert.equal((await api.all(PROFILES)).length, before + 1);
});

scenario('S1.9 a name and a type are both required', async () => {
    assert.deepEqual(fieldsOf(await api.post(PROFILES, body({ name: undefined }))), ['name']);
    assert.deepEqual(fieldsOf(await api.post(PROFILES, body({ type: undefined }))), ['type']);
    assert.ok(fieldsOf(await api.post(PROFILES, {})).includes('name'));
});

scenario('S1.10 it is in the list at once', async () => {
    for (let i = 0; i < 5; i++) {
        const made = await makeProfile(api, URL_);
        assert.equal((await api.all(PROFILES, { limit: 1 }))[0].id, made.id);
    }
});

scenario('S1.11 one opened for editing is the one that was made', async () => {
    const [one, other] = [await makeProfile(api, URL_, { name: 'One' }), await makeProfile(api, URL_, { name: 'Other' })];
    for (const made of [one, other]) assert.deepEqual(await read(made), made);
    expectProblem(await api.get(`${PROFILES}/exp_0000000000001`), 404, 'not_found');
});

scenario('S1.12 it has two sections: general settings and field mappings', async () => {
    const opened = await read(await makeProfile(api, URL_, { delayMinutes: 7, mode: 'compatible' }));
    assert.deepEqual([opened.name, opened.type, opened.url, opened.delayMinutes, opened.mode], ['Profile', 'postback', URL_, 7, 'compatible']);
    assert.deepEqual(opened.mappings, [{ exportName: 'order', field: 'orderId' }]);
});

scenario('S1.14 the export type is shown, and cannot be changed', async () => {
    for (const type of ['postback', 'csv']) {
        const made = await makeProfile(api, type === 'csv' ? undefined : URL_, { type });
        assert.equal((await read(made)).type, type);
        const other = type === 'csv' ? 'postback' : 'csv';
        assert.deepEqual(fieldsOf(await api.patch(`${PROFILES}/${made.id}`, { type: other })), ['type']);
        assert.equal((await read(made)).type, type);
    }
});

scenario('S1.15 an absolute http or https URL is required', async () => {
    for (const url of [undefined, '', 'crm.example/x', '/x', 'ftp://crm.example/', 'mailto:a@x.org', 'https://']) assert.deepEqual(fieldsOf(await api.post(PROFILES, body({ url }))), ['url']);
    for (const url of ['http://crm.example/x', 'HTTPS://crm.example']) expect(await api.post(PROFILES, body({ url })), 201);
});

scenario('S1.16 the delay is a whole number of minutes, and none below 0', async () => {
    for (const delayMinutes of [-1, 'x', '5', 1.5]) assert.deepEqual(fieldsOf(await api.post(PROFILES, body({ delayMinutes }))), ['delayMinutes']);
    const profile = await shop.profile('new_sale', { delayMinutes: 3 });
    await shop.order();
    await shop.hub.advance(3 * MINUTE - 1);
    assert.equal(await shop.count(profile), 0);
    await shop.hub.advance(1);
    assert.equal(await shop.count(profile), 1);
});

scenario('S1.19 a sensitive field is mapped with a PCI document alone; others never ask', async () => {
    for (const field of ['achAccountNumber', 'achRoutingNumber', 'achAccountType', 'cardNumber']) {
        const mappings = [{ exportName: 'a', field }];
        assert.deepEqual(fieldsOf(await api.post(PROFILES, body({ mappings }))), ['pciDocument']);
        const made = expect(await api.post(PROFILES, body({ mappings, pciDocument: 'AOC 2026' })), 201).json;
        assert.equal(made.pciDocument, 'AOC 2026');
        expectProblem(await api.patch(`${PROFILES}/${made.id}`, { pciDocument: null }), 422, 'invalid');
    }
    expect(await api.post(PROFILES, body({ mappings: ['cardLast4', 'cardType', 'paySource', 'orderId'].map((field) => ({ exportName: field, field })) })), 201);
});

scenario('S1.40 without a route nothing is sent, and the profile says so', async () => {
    const profile = await shop.profile([]);
    const said = async () => (await read(profile)).warnings.filter((text) => /no routes/.test(text)).length;
    assert.equal(await said(), 1);
    await shop.order();
    await shop.order({ state: 'partial' });
    assert.deepEqual(await shop.deliveries(profile), []);
    await shop.hub.advance(25 * HOUR);
    await makeRoute(api, profile.id);
    assert.equal(await said(), 0);
    const order = await shop.order();
    assert.deepEqual(parametersOf((await shop.sent(profile)).at(-1)), [['type', 'SALE'], ['order', `${order.orderId}`]]);
});

scenario('S1.41 an update is used from then on, and outlives a restart', async () => {
    const own = await Shop.start();
    const profile = await own.profile('new_sale');
    await own.order();
    assert.deepEqual((await own.sent(profile)).map((one) => one.method), ['GET']);
    await own.update(profile, { name: 'Renamed', mappings: [{ exportName: 'header:X-Key', static: 'v' }, { exportName: 'o', field: 'orderId' }] });
    const changed = expect(await own.api.get(`${PROFILES}/${profile.id}`), 200).json;
    await own.hub.restart();
    assert.deepEqual({ ...expect(await own.api.get(`${PROFILES}/${profile.id}`), 200).json }, changed);
    const order = await own.order();
    const got = (await own.sent(profile))[1];
    assert.deepEqual([got.method, got.headers['x-key'], got.body.toString()], ['POST', 'v', `o=${order.orderId}`]);
});

scenario('S1.42 a route is made, read, changed and removed under its profile', async () => {
    const profile = await shop.profile([]);
    const path = `${PROFILES}/${profile.id}/routes`;
    const route = await makeRoute(api, profile.id, 'lead', { campaignIds: [shop.campaign.id] });
    assert.match(route.id, /^rte_/);
    assert.deepEqual(expect(await api.get(path), 200).json.data, [route]);
    expect(await api.patch(`${path}/${route.id}`, { customerType: 'new_sale' }), 200);
    await shop.order();
    assert.equal(await shop.count(profile), 1);
    expect(await api.delete(`${path}/${route.id}`), 204);
    await shop.order();
    assert.equal(await shop.count(profile), 1);
});

scenario('S1.43 none chosen is all; an unknown campaign or product is refused', async () => {
    const profile = await shop.profile([]);
    const path = `${PROFILES}/${profile.id}/routes`;
    const all = expect(await api.post(path, { customerType: 'new_sale', campaignIds: [], productIds: [] }), 201).json;
    assert.deepEqual([all.campaignIds, all.productIds], [[], []]);
    await shop.order();
    assert.equal(await shop.count(profile), 1);
    for (const [name, id] of [['campaignIds', 'cmp_0000000000001'], ['productIds', 'prd_0000000000001']]) {
        const { errors } = expectProblem(await api.post(path, { customerType: 'lead', [name]: [id] }), 422, 'invalid').json;
        assert.ok(errors[0].pointer.startsWith(`/${name}`) && errors[0].message.includes(id), JSON.stringify(errors));
    }
    const several = expect(await api.post(path, { customerType: 'lead', campaignIds: [shop.campaign.id], productIds: [shop.product.id, shop.club.id] }), 201).json;
    assert.deepEqual(several.productIds.sort(), [shop.product.id, shop.club.id].sort());
});
