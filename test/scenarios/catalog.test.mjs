// What is sold: campaigns, products, and the SKUs that other systems have for them.
import assert from 'node:assert/strict';
import { before } from 'node:test';

import { makeCampaign, makeProduct, makeSku } from '../lib/fixtures.mjs';
import { Client, expect, expectProblem } from '../lib/http.mjs';
import { PASSWORD, scenario, startHub } from '../lib/hub.mjs';

const CAMPAIGNS = '/api/v1/campaigns';
const PRODUCTS = '/api/v1/products';
const SKUS = '/api/v1/skus';

let hub;
let api;
let theirs;

before(async () => {
    hub = await startHub({ organizations: 2 });
    api = hub.client();
    theirs = hub.client(hub.owners[1]);
});

// The answer is 422 and names that member alone.
function wrong(answer, field, told) {
    const { errors } = expectProblem(answer, 422, 'invalid').json;
    assert.deepEqual(errors.map((error) => [error.field, error.pointer]), [[field, `/${field}`]], `${told}: ${answer.text}`);
    return errors[0];
}

// ── campaigns ──

scenario('a campaign is made, listed, read, renamed and deleted', async () => {
    const made = await makeCampaign(api, '  Spring sale ');
    assert.match(made.id, /^cmp_/);
    assert.deepEqual(Object.keys(made), ['id', 'number', 'name', 'createdAt', 'updatedAt']);
    assert.equal(made.name, 'Spring sale');
    assert.ok((await api.all(CAMPAIGNS)).some((row) => row.id === made.id));
    assert.deepEqual(expect(await api.get(`${CAMPAIGNS}/${made.id}`), 200).json, made);
    const changed = expect(await api.patch(`${CAMPAIGNS}/${made.id}`, { name: 'Summer sale' }), 200).json;
    assert.deepEqual({ ...changed, updatedAt: made.updatedAt }, { ...made, name: 'Summer sale' });
    assert.equal(expect(await api.patch(`${CAMPAIGNS}/${made.id}`, {}), 200).json.name, 'Summer sale');
    expect(await api.delete(`${CAMPAIGNS}/${made.id}`), 204);
    expectProblem(await api.get(`${CAMPAIGNS}/${made.id}`), 404, 'not_found');
    expectProblem(await api.patch(`${CAMPAIGNS}/${made.id}`, { name: 'x' }), 404, 'not_found');
    expectProblem(await api.delete(`${CAMPAIGNS}/${made.id}`), 404, 'not_found');
});

scenario('numbers are counted up in each organization by itself', async () => {
    const fresh = await startHub({ organizations: 2 });
    const [mine, other] = fresh.owners.map((owner) => fresh.client(owner));
    for (const make of [makeCampaign, makeProduct]) {
        assert.deepEqual([(await make(mine)).number, (await make(mine)).number, (await make(other)).number, (await make(mine)).number], [1, 2, 1, 3]);
    }
    const made = await Promise.all(Array.from({ length: 20 }, () => makeProduct(mine)));
    assert.deepEqual(made.map((row) => row.number).sort((a, b) => a - b), Array.from({ length: 20 }, (_, i) => i + 4), 'twenty at once');
    await fresh.restart();
    assert.equal((await makeCampaign(mine)).number, 4);
    for (const path of [CAMPAIGNS, PRODUCTS]) {
        const newest = expect(await mine.post(path, { name: 'n' }), 201).json;
        expect(await mine.delete(`${path}/${newest.id}`), 204);
        assert.equal(expect(await mine.post(path, { name: 'n' }), 201).json.number, newest.number + 1, 'a number never comes again');
    }
});

scenario('a campaign needs a name, and takes nothing else', async () => {
    for (const body of [{}, { name: '' }, { name: '  ' }, { name: null }, { name: 5 }, { name: ['x'] }, { name: 'x'.repeat(201) }, { name: 'a\nb' }])
        wrong(await api.post(CAMPAIGNS, body), 'name', JSON.stringify(body));
    wrong(await api.post(CAMPAIGNS, { name: 'x', number: 7 }), 'number');
    expectProblem(await api.post(CAMPAIGNS, '[]'), 422);
    expectProblem(await api.post(CAMPAIGNS, '{'), 400, 'malformed');
    const { id } = await makeCampaign(api, 'x'.repeat(200));
    for (const body of [{ name: '' }, { name: null }]) wrong(await api.patch(`${CAMPAIGNS}/${id}`, body), 'name', JSON.stringify(body));
});

// ── products ──

scenario('a product is made, listed, read, changed and deleted', async () => {
    const made = expect(await api.post(PRODUCTS, { name: 'Vitamin C', price: '29.40', recurring: true }), 201).json;
    assert.match(made.id, /^prd_/);
    assert.deepEqual(Object.keys(made), ['id', 'number', 'name', 'price', 'recurring', 'createdAt', 'updatedAt']);
    assert.deepEqual([made.name, made.price, made.recurring], ['Vitamin C', '29.40', true]);
    assert.ok((await api.all(PRODUCTS)).some((row) => row.id === made.id));
    const plain = expect(await api.post(PRODUCTS, { name: 'Plain' }), 201).json;
    assert.deepEqual([plain.price, plain.recurring], ['0.00', false]);
    const changed = expect(await api.patch(`${PRODUCTS}/${made.id}`, { price: 31 }), 200).json;
    assert.deepEqual([changed.name, changed.price, changed.recurring, changed.number], ['Vitamin C', '31.00', true, made.number]);
    const named = expect(await api.patch(`${PRODUCTS}/${made.id}`, { name: 'Vitamin D', recurring: false }), 200).json;
    assert.deepEqual([named.name, named.price, named.recurring], ['Vitamin D', '31.00', false]);
    await hub.restart();
    assert.deepEqual(expect(await api.get(`${PRODUCTS}/${made.id}`), 200).json, named);
    expect(await api.delete(`${PRODUCTS}/${made.id}`), 204);
    for (const answer of [await api.get(`${PRODUCTS}/${made.id}`), await api.patch(`${PRODUCTS}/${made.id}`, {}), await api.delete(`${PRODUCTS}/${made.id}`)])
        expectProblem(answer, 404, 'not_found');
});

scenario('a price is a text or a number with two digits behind the point at most', async () => {
    for (const [price, shown] of [['29.40', '29.40'], ['29.4', '29.40'], ['29', '29.00'], ['0', '0.00'], ['.5', '0.50'], ['10000000000', '10000000000.00']])
        assert.equal(expect(await api.post(PRODUCTS, { name: 'p', price }), 201).json.price, shown);
    for (const [price, shown] of [['29.4', '29.40'], ['0', '0.00'], ['-0', '0.00'], ['7.10', '7.10'], ['7.100', '7.10']])
        assert.equal(expect(await api.post(PRODUCTS, `{"name":"p","price":${price}}`), 201).json.price, shown);
    const { id } = await makeProduct(api);
    for (const price of ['null', '-1', '-0.01', '"-1"', '1.999', '"1.999"', '1e2', '1e400', '10000000000.01', '""', '" "', '"x"', '"$5"', '"1,000.00"', '"1.2.3"', '"1\\u0000"', '"0x10"', '"NaN"', 'true', '[]', '{}', '[1]']) {
        wrong(await api.post(PRODUCTS, `{"name":"p","price":${price}}`), 'price', price);
        wrong(await api.patch(`${PRODUCTS}/${id}`, `{"price":${price}}`), 'price', price);
    }
    assert.equal(expect(await api.get(`${PRODUCTS}/${id}`), 200).json.price, '0.00');
});

scenario('a product needs a name; recurring is true or false; nothing else is taken', async () => {
    for (const body of [{}, { price: '1' }, { name: '' }, { name: null }, { name: 7 }, { name: 'x'.repeat(201) }]) wrong(await api.post(PRODUCTS, body), 'name', JSON.stringify(body));
    for (const recurring of ['true', 1, null, []]) wrong(await api.post(PRODUCTS, { name: 'p', recurring }), 'recurring', String(recurring));
    wrong(await api.post(PRODUCTS, { name: 'p', currency: 'USD' }), 'currency');
});

// ── SKUs ──

scenario('a SKU is plain text until it is linked, and again when it is unlinked', async () => {
    const campaign = await makeCampaign(api);
    const product = await makeProduct(api);
    const made = expect(await api.post(SKUS, { campaignId: campaign.id, sku: ' VITC-30\t' }), 201).json;
    assert.match(made.id, /^sku_/);
    assert.deepEqual({ ...made, id: 0, createdAt: 0, updatedAt: 0 }, { id: 0, campaignId: campaign.id, sku: 'VITC-30', productId: null, type: 'text', imported: false, createdAt: 0, updatedAt: 0 });
    const linked = expect(await api.patch(`${SKUS}/${made.id}`, { productId: product.id }), 200).json;
    assert.deepEqual([linked.productId, linked.type, linked.sku, linked.imported], [product.id, 'linked', 'VITC-30', false]);
    assert.deepEqual(expect(await api.patch(`${SKUS}/${made.id}`, {}), 200).json.productId, product.id);
    await hub.restart();
    assert.equal(expect(await api.get(`${SKUS}/${made.id}`), 200).json.type, 'linked');
    const unlinked = expect(await api.patch(`${SKUS}/${made.id}`, { productId: null }), 200).json;
    assert.deepEqual([unlinked.productId, unlinked.type], [null, 'text']);
    assert.equal((await makeSku(api, campaign.id, 'at once', { productId: product.id })).type, 'linked');
    assert.equal((await makeSku(api, campaign.id, 'null', { productId: null })).type, 'text');
    expect(await api.delete(`${SKUS}/${made.id}`), 204);
    for (const answer of [await api.get(`${SKUS}/${made.id}`), await api.patch(`${SKUS}/${made.id}`, {}), await api.delete(`${SKUS}/${made.id}`)])
        expectProblem(answer, 404, 'not_found');
});

scenario('the text of a SKU: trimmed, 1 to 100 characters, no control characters', async () => {
    const { id } = await makeCampaign(api);
    for (const sku of ['0', 'x'.repeat(100), 'ä'.repeat(100), 'a b', '日本', '" OR 1=1 --']) assert.equal((await makeSku(api, id, sku)).sku, sku);
    for (const sku of ['', ' ', '\t\n', 'x'.repeat(101), 'a\tb', 'a\u0000b', 'a\u0085b', '\u007f', null, 5, true, ['x'], {}]) wrong(await api.post(SKUS, { campaignId: id, sku }), 'sku', JSON.stringify(sku));
    wrong(await api.post(SKUS, { campaignId: id }), 'sku');
    wrong(await api.post(SKUS, { campaignId: id, sku: 'y', imported: true }), 'imported');
    const made = await makeSku(api, id, 'y');
    for (const body of [{ sku: 'z' }, { campaignId: id }, { type: 'text' }]) wrong(await api.patch(`${SKUS}/${made.id}`, body), Object.keys(body)[0]);
});

scenario('the same text in the same campaign is 409; another case or campaign is another SKU', async () => {
    const [one, other] = [await makeCampaign(api), await makeCampaign(api)];
    const first = await makeSku(api, one.id, 'Same');
    for (const sku of ['Same', ' Same ']) {
        const refused = expectProblem(await api.post(SKUS, { campaignId: one.id, sku }), 409, 'conflict');
        assert.deepEqual(refused.codes, ['sku:duplicate']);
    }
    assert.notEqual((await makeSku(api, one.id, 'SAME')).id, first.id);
    assert.notEqual((await makeSku(api, other.id, 'Same')).id, first.id);
    const answers = await Promise.all(Array.from({ length: 8 }, () => api.post(SKUS, { campaignId: one.id, sku: 'at once' })));
    assert.deepEqual(answers.map((answer) => answer.status).sort(), [201, ...Array(7).fill(409)]);
    expect(await api.delete(`${SKUS}/${first.id}`), 204);
    await makeSku(api, one.id, 'Same');
});

scenario('a campaign or product that is unknown, another organization\'s, or no id: 422, and no telling which', async () => {
    const campaign = await makeCampaign(api);
    const sku = await makeSku(api, campaign.id, 'mine');
    const foreign = { campaign: await makeCampaign(theirs), product: await makeProduct(theirs) };
    const told = (error) => [error.code, error.message];
    const unknown = told(wrong(await api.post(SKUS, { campaignId: 'cmp_0000000000001', sku: 'a' }), 'campaignId'));
    for (const campaignId of [foreign.campaign.id, 'x', 'cmp_', foreign.product.id, sku.id]) assert.deepEqual(told(wrong(await api.post(SKUS, { campaignId, sku: 'a' }), 'campaignId', campaignId)), unknown);
    const missing = told(wrong(await api.post(SKUS, { campaignId: campaign.id, sku: 'a', productId: 'prd_0000000000001' }), 'productId'));
    for (const productId of [foreign.product.id, 'x', '', campaign.id]) {
        assert.deepEqual(told(wrong(await api.post(SKUS, { campaignId: campaign.id, sku: 'a', productId }), 'productId', productId)), missing);
        assert.deepEqual(told(wrong(await api.patch(`${SKUS}/${sku.id}`, { productId }), 'productId', productId)), missing);
    }
    for (const body of [{ sku: 'a' }, { sku: 'a', campaignId: null }, { sku: 'a', campaignId: '' }, { sku: 'a', campaignId: 5 }]) wrong(await api.post(SKUS, body), 'campaignId', JSON.stringify(body));
    for (const productId of [5, false, [], {}]) wrong(await api.patch(`${SKUS}/${sku.id}`, { productId }), 'productId', JSON.stringify(productId));
    const both = expectProblem(await api.post(SKUS, { campaignId: 'x', sku: 'a', productId: 'y' }), 422);
    assert.deepEqual(both.codes, ['campaignId:unknown', 'productId:unknown']);
    assert.deepEqual((await api.all(`${SKUS}?campaignId=${campaign.id}`)).map((row) => [row.sku, row.productId]), [['mine', null]]);
    for (const path of [`${CAMPAIGNS}/${foreign.campaign.id}`, `${PRODUCTS}/${foreign.product.id}`]) {
        expectProblem(await api.get(path), 404);
        expectProblem(await api.patch(path, { name: 'x' }), 404);
        expectProblem(await api.delete(path), 404);
    }
    expectProblem(await theirs.patch(`${SKUS}/${sku.id}`, { productId: foreign.product.id }), 404);
});

scenario('SKUs are listed by campaign, product, type and text, page by page', async () => {
    const campaigns = [await makeCampaign(api), await makeCampaign(api)];
    const product = await makeProduct(api);
    const made = [];
    for (let i = 0; i < 12; i++) made.push(await makeSku(api, campaigns[i % 2].id, `list-${i >> 1}`, i % 3 === 0 ? { productId: product.id } : {}));
    await makeSku(theirs, (await makeCampaign(theirs)).id, 'list-0');
    const ids = new Set(made.map((row) => row.id));
    const newest = (keep) => made.filter(keep).map((row) => row.id).reverse();
    const cases = [
        ['', () => true],
        [`campaignId=${campaigns[0].id}`, (row) => row.campaignId === campaigns[0].id],
        [`productId=${product.id}`, (row) => row.productId !== null],
        ['type=linked', (row) => row.productId !== null],
        ['type=text', (row) => row.productId === null],
        ['sku=list-0', (row) => row.sku === 'list-0'],
        ['sku=%20list-0%20', (row) => row.sku === 'list-0'],
        ['sku=LIST-0', () => false],
        [`sku=list-0&campaignId=${campaigns[1].id}`, (row) => row.id === made[1].id],
        [`type=text&campaignId=${campaigns[1].id}`, (row) => row.campaignId === campaigns[1].id && row.productId === null],
        [`type=linked&campaignId=${campaigns[1].id}&productId=${product.id}`, (row) => row.campaignId === campaigns[1].id && row.productId !== null],
        [`type=text&productId=${product.id}`, () => false],
        [`campaignId=${(await makeCampaign(theirs)).id}`, () => false],
        ['campaignId=cmp_0000000000001', () => false],
    ];
    for (const [query, keep] of cases)
        for (const limit of [1, 4, 200]) {
            const rows = await api.all(`${SKUS}?${query}`, { limit });
            assert.deepEqual(rows.map((row) => row.id).filter((id) => ids.has(id)), newest(keep), `${query} by ${limit}`);
            if (query.includes('Id=') || query.includes('sku=')) assert.equal(rows.length, newest(keep).length, query);
        }
    for (const query of ['campaignId=x', `campaignId=${product.id}`, `productId=${campaigns[0].id}`, 'type=plain', 'imported=true', 'cursor=x', `cursor=${product.id}`, 'limit=0', 'limit=201']) expectProblem(await api.get(`${SKUS}?${query}`), 422, 'invalid');
});

scenario('campaigns and products are listed newest first, page by page', async () => {
    for (const [path, make] of [[CAMPAIGNS, makeCampaign], [PRODUCTS, makeProduct]]) {
        const ids = [];
        for (let i = 0; i < 5; i++) ids.unshift((await make(api)).id);
        const first = expect(await api.get(`${path}?limit=2`), 200).json;
        assert.deepEqual(first.data.map((row) => row.id), ids.slice(0, 2));
        const second = expect(await api.get(`${path}?limit=3&cursor=${first.next}`), 200).json;
        assert.deepEqual(second.data.map((row) => row.id), ids.slice(2));
        const all = await api.all(path, { limit: 3 });
        assert.equal(new Set(all.map((row) => row.id)).size, all.length);
        for (const query of ['limit=0', 'limit=x', 'cursor=x', 'name=x']) expectProblem(await api.get(`${path}?${query}`), 422, 'invalid');
    }
});

// ── what stays ──

scenario('a campaign with SKUs and a product with linked ones stay until they have none', async () => {
    const campaign = await makeCampaign(api);
    const product = await makeProduct(api);
    const sku = await makeSku(api, campaign.id, 'holds', { productId: product.id });
    assert.match(expectProblem(await api.delete(`${CAMPAIGNS}/${campaign.id}`), 409, 'conflict').json.detail, /SKUs/);
    assert.match(expectProblem(await api.delete(`${PRODUCTS}/${product.id}`), 409, 'conflict').json.detail, /holds/);
    expect(await api.patch(`${SKUS}/${sku.id}`, { productId: null }), 200);
    expect(await api.delete(`${PRODUCTS}/${product.id}`), 204);
    expectProblem(await api.delete(`${CAMPAIGNS}/${campaign.id}`), 409, 'conflict');
    expect(await api.delete(`${SKUS}/${sku.id}`), 204);
    expect(await api.delete(`${CAMPAIGNS}/${campaign.id}`), 204);
});

scenario('over --max-campaigns and --max-products: 409, until one is deleted', async () => {
    const small = await startHub({ organizations: 2, args: ['--max-campaigns', '2', '--max-products', '3'] });
    const [mine, other] = small.owners.map((owner) => small.client(owner));
    for (const [path, make, most] of [[CAMPAIGNS, makeCampaign, 2], [PRODUCTS, makeProduct, 3]]) {
        const made = [];
        for (let i = 0; i < most; i++) made.push(await make(mine));
        assert.match(expectProblem(await mine.post(path, { name: 'more' }), 409, 'conflict').json.detail, /--max-/);
        await make(other);
        expect(await mine.delete(`${path}/${made[0].id}`), 204);
        assert.equal((await make(mine)).number, most + 1);
        expectProblem(await mine.post(path, { name: 'more' }), 409, 'conflict');
    }
});

// ── who may ──

scenario('viewers read, editors write; keys by catalog:read and catalog:write; the audit trail has it', async () => {
    const campaign = await makeCampaign(api);
    const paths = { [CAMPAIGNS]: () => ({ name: 'n' }), [PRODUCTS]: () => ({ name: 'n' }), [SKUS]: (name) => ({ campaignId: campaign.id, sku: name }) };
    const clients = {};
    for (const role of ['viewer', 'editor']) {
        const email = `${role}@catalog.example`;
        expect(await api.post('/api/v1/users', { email, name: role, password: PASSWORD, role }), 201);
        const answer = expect(await hub.anonymous.post('/api/v1/session', { email, password: PASSWORD }), 200);
        clients[role] = new Client(hub.url, { headers: { cookie: answer.setCookies[0].split(';')[0], 'x-csrf-token': answer.json.csrfToken } });
    }
    for (const scope of ['catalog:read', 'catalog:write', 'integrations:write'])
        clients[scope] = api.with({ key: expect(await api.post('/api/v1/api-keys', { name: scope, scopes: [scope] }), 201).json.key });
    const may = { viewer: [true, false], editor: [true, true], 'catalog:read': [true, false], 'catalog:write': [false, true], 'integrations:write': [false, false] };
    for (const [who, [read, write]] of Object.entries(may))
        for (const [path, body] of Object.entries(paths)) {
            const [listed, made] = [await clients[who].get(path), await clients[who].post(path, body(who))];
            if (read) expect(listed, 200);
            else expectProblem(listed, 403, 'forbidden');
            if (write) expect(made, 201);
            else expectProblem(made, 403, 'forbidden');
        }
    const { cookie } = clients.editor.headers;
    expectProblem(await new Client(hub.url, { headers: { cookie } }).post(CAMPAIGNS, { name: 'n' }), 403, 'forbidden');
    const product = await makeProduct(api);
    const sku = await makeSku(api, campaign.id, 'audited');
    expect(await api.patch(`${SKUS}/${sku.id}`, { productId: product.id }), 200);
    expect(await api.delete(`${SKUS}/${sku.id}`), 204);
    expect(await api.patch(`${PRODUCTS}/${product.id}`, { price: '1.50' }), 200);
    expect(await api.delete(`${PRODUCTS}/${product.id}`), 204);
    const actions = (await api.get('/api/v1/audit?limit=6')).json.data.map((row) => [row.action, row.object]).reverse();
    assert.deepEqual(actions, [['product.create', product.id], ['sku.create', sku.id], ['sku.update', sku.id], ['sku.delete', sku.id], ['product.update', product.id], ['product.delete', product.id]]);
});
