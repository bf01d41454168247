// Seed 1, what is sent and how, row by row: field mappings, methods, bodies.
import assert from 'node:assert/strict';
import { before } from 'node:test';

import { expectProblem } from '../lib/http.mjs';
import { scenario } from '../lib/hub.mjs';
import { MINUTE, PERSON, PROFILES, Shop, parametersOf } from '../lib/exports.mjs';

let shop;

before(async () => (shop = await Shop.start()));

const header = (name, value) => ({ exportName: `header:${name}`, static: value });
const field = (exportName, name = exportName) => ({ exportName, field: name });
const fixed = (exportName, value) => ({ exportName, static: value });
const ROWS = [field('first_name', 'firstName'), fixed('list id', '400'), field('order', 'orderId')];

// What comes of a sale through these mappings, and its order.
async function send(mappings, order = {}, changes = {}) {
    const profile = await shop.profile('new_sale', { mappings, ...changes });
    const made = await shop.order(order);
    return { profile, order: made, got: await shop.only(profile) };
}

scenario('S1.3 the URL is the base and a query of the field mappings alone', async () => {
    const { profile, order, got } = await send(ROWS);
    assert.equal(got.path, `${profile.path}?first_name=Ann&list%20id=400&order=${order.orderId}`);
});

scenario('S1.4 the export name and the field are independent', async () => {
    const { got } = await send([field('first_name', 'firstName'), field('firstName', 'lastName'), field('x', 'firstName')]);
    assert.deepEqual(parametersOf(got), [['first_name', 'Ann'], ['firstName', 'Lee'], ['x', 'Ann']]);
});

scenario('S1.5 without a header row: GET, and no body', async () => {
    const { got } = await send(ROWS);
    assert.equal(got.method, 'GET');
    assert.equal(got.body.length, 0);
    for (const name of ['content-length', 'content-type', 'transfer-encoding']) assert.ok(!(name in got.headers), name);
});

scenario('S1.20 a row is added, with its name and a field or a static value', async () => {
    const profile = await shop.profile('new_sale', { mappings: [field('a', 'firstName')] });
    await shop.update(profile, { mappings: [field('a', 'firstName'), fixed('b', 'x')] });
    await shop.order();
    assert.deepEqual(parametersOf(await shop.only(profile)), [['a', 'Ann'], ['b', 'x']]);
    for (const row of [{ field: 'firstName' }, { exportName: 'a' }, { exportName: 'a', field: 'firstName', static: 'x' }])
        expectProblem(await shop.api.patch(`${PROFILES}/${profile.id}`, { mappings: [row] }), 422, 'invalid');
});

scenario('S1.21 the order of the rows is that of query, form, JSON keys and columns', async () => {
    const names = ['z', 'a', 'm', 'B', '10', '2'];
    const rows = names.map((name) => fixed(name, `v${name}`));
    assert.deepEqual(parametersOf((await send(rows)).got).map(([name]) => name), names);
    assert.deepEqual(parametersOf((await send([...rows, header('X-A', '1')])).got).map(([name]) => name), names);
    const json = (await send([header('Content-Type', 'application/json'), ...rows])).got.body.toString();
    assert.equal(json, `{${names.map((name) => `"${name}":"v${name}"`).join()}}`);
    const csv = await shop.profile([], { type: 'csv', mappings: rows });
    assert.equal((await shop.preview(csv, await shop.order())).header, `${names.join()}\r\n`);
});

scenario('S1.23 the value is the order\'s at the time of sending', async () => {
    const profile = await shop.profile('new_sale', { mappings: [field('city'), field('total', 'orderTotal')], delayMinutes: 10 });
    const order = await shop.order();
    await shop.order({ clientOrderId: order.clientOrderId, customer: { city: 'Utica' } });
    assert.equal(await shop.count(profile), 0);
    await shop.hub.advance(10 * MINUTE);
    assert.deepEqual(parametersOf(await shop.only(profile)), [['city', 'Utica'], ['total', '94.00']]);
});

scenario('S1.24 A4 a static value is sent as it is, even when it looks like a field', async () => {
    const values = ['400', '[firstName]', 'Hello [firstName]', '[x]', '', ' '];
    const { got } = await send(values.map((value, i) => fixed(`n${i}`, value)));
    assert.deepEqual(parametersOf(got).map(([, value]) => value), values);
});

scenario('S1.26 the examples of the guide: first name, date created, a static value', async () => {
    const { order, got } = await send([field('first', 'firstName'), field('created', 'dateCreated'), fixed('list', '400')]);
    const values = Object.fromEntries(parametersOf(got));
    assert.deepEqual([values.first, values.list], ['Ann', '400']);
    // The account's zone is New York.
    const local = new Intl.DateTimeFormat('sv-SE', { timeZone: 'America/New_York', dateStyle: 'short', timeStyle: 'medium' }).format(new Date(order.createdAt));
    assert.equal(values.created, local);
});

scenario('S1.27 all mappings are sent each time, and preview is what is sent', async () => {
    const kinds = [[], [header('X-Key', 'v')], [header('Content-Type', 'application/json')], [header('httpMethod', 'PUT')], [header('httpMethod', 'POST'), header('Content-Type', 'application/json')]];
    const rows = [...ROWS, field('mail', 'emailAddress'), fixed('odd', 'a+b&c=d/é?'), field('nothing', 'product9_sku')];
    for (const kind of kinds) {
        const { profile, order, got } = await send([...rows, ...kind]);
        const shown = await shop.preview(profile, order);
        assert.deepEqual([got.method, `${shop.receiver.url}${got.path}`, got.body.toString()], [shown.method, shown.url, shown.body ?? '']);
        for (const [name, value] of Object.entries(shown.headers)) assert.equal(got.headers[name.toLowerCase()], value, name);
        assert.equal(got.headers['content-type'], Object.entries(shown.headers).find(([name]) => /^content-type$/i.test(name))?.[1]);
    }
});

scenario('S1.28 the URL of the guide\'s example, to the byte', async () => {
    const { profile, order, got } = await send([field('first_name', 'firstName'), field('order_date', 'orderDate'), fixed('list_id', '400'), field('email_address', 'emailAddress'), field('campaign_number', 'campaignId')]);
    const date = new Intl.DateTimeFormat('sv-SE', { timeZone: 'America/New_York', dateStyle: 'short', timeStyle: 'medium' }).format(new Date(order.createdAt));
    assert.equal(got.path, `${profile.path}?first_name=Ann&order_date=${encodeURIComponent(date)}&list_id=400&email_address=ann%40x.org&campaign_number=1`);
});

scenario('S1.29 &, =, space, +, % and all of UTF-8 arrive as they were', async () => {
    const odd = 'a&b=c d+e%41 %2B ö€🚀 "\'/?#;,';
    const rows = [fixed(odd, '1'), field('last', 'lastName'), fixed('s', odd)];
    const order = { customer: { ...PERSON, lastName: odd } };
    for (const kind of [[], [header('X-Key', 'v')]]) {
        const { got } = await send([...rows, ...kind], order);
        assert.deepEqual(parametersOf(got), [[odd, '1'], ['last', odd], ['s', odd]], got.path);
    }
    const { got } = await send([...rows, header('Content-Type', 'application/json')], order);
    assert.deepEqual(got.json, { [odd]: '1', last: odd, s: odd });
});

scenario('S1.30 a header row makes it a POST with that header', async () => {
    const { got } = await send([...ROWS, header('X-Key', 'v 1'), { exportName: 'HEADER:X-Other', static: 'w' }]);
    assert.deepEqual([got.method, got.headers['x-key'], got.headers['x-other']], ['POST', 'v 1', 'w']);
});

scenario('S1.31 then what is no header is in the body, and the URL has no query', async () => {
    const { profile, order, got } = await send([...ROWS, header('X-Key', 'v')]);
    assert.equal(got.path, profile.path);
    assert.deepEqual(parametersOf(got), [['first_name', 'Ann'], ['list id', '400'], ['order', `${order.orderId}`]]);
    assert.ok(!got.body.toString().includes('X-Key'));
});

scenario('S1.32 Content-Type application/json, in any case and with a charset: one JSON object', async () => {
    for (const type of ['Application/JSON', 'application/json', 'APPLICATION/JSON; charset=UTF-8']) {
        const { order, got } = await send([{ exportName: 'header:content-type', static: type }, ...ROWS]);
        assert.equal(got.headers['content-type'], type);
        assert.deepEqual(got.json, { first_name: 'Ann', 'list id': '400', order: order.orderId });
    }
});

scenario('S1.33 any other Content-Type: a=b&c=d', async () => {
    for (const type of ['text/plain', 'application/x-www-form-urlencoded', 'application/jsonp', 'application/vnd.api+json']) {
        const { order, got } = await send([header('Content-Type', type), ...ROWS]);
        assert.equal(got.headers['content-type'], type);
        assert.equal(got.body.toString(), `first_name=Ann&list+id=400&order=${order.orderId}`);
    }
});

scenario('S1.34 DELETE, PUT and PATCH are sent as such', async () => {
    for (const method of ['DELETE', 'PUT', 'PATCH', 'POST', 'delete']) {
        const { got } = await send([header('httpMethod', method), ...ROWS]);
        assert.equal(got.method, method.toUpperCase());
    }
});

scenario('S1.35 header:httpMethod takes POST, DELETE, PUT and PATCH alone', async () => {
    const body = (method) => ({ name: 'x', type: 'postback', url: shop.receiver.url, mappings: [header('httpMethod', method)] });
    for (const method of ['', 'HEAD', 'OPTIONS', 'post it', '[orderId]']) expectProblem(await shop.api.post(PROFILES, body(method)), 422, 'invalid');
    expectProblem(await shop.api.post(PROFILES, { ...body('PUT'), mappings: [{ exportName: 'header:httpMethod', field: 'orderId' }] }), 422, 'invalid');
    for (const method of ['POST', 'DELETE', 'PUT', 'PATCH']) assert.equal((await shop.api.post(PROFILES, body(method))).status, 201, method);
});

scenario('S1.36 httpMethodType GET, or none: parameters in the URL, and no body', async () => {
    for (const rows of [[header('httpMethod', 'POST')], [header('httpMethod', 'PATCH'), header('httpMethodType', 'GET')], [header('httpMethod', 'POST'), header('Content-Type', 'application/json')]]) {
        const { profile, order, got } = await send([...rows, ...ROWS]);
        assert.equal(got.path, `${profile.path}?first_name=Ann&list%20id=400&order=${order.orderId}`);
        assert.equal(got.body.length, 0);
    }
});

scenario('S1.37 httpMethodType POST: parameters in the body, as JSON or form by the Content-Type', async () => {
    for (const method of ['POST', 'PUT', 'PATCH', 'DELETE']) {
        const rows = [header('httpMethod', method), header('httpMethodType', 'POST'), ...ROWS];
        const form = await send(rows);
        assert.deepEqual([form.got.method, form.got.path, form.got.body.toString()], [method, form.profile.path, `first_name=Ann&list+id=400&order=${form.order.orderId}`]);
        const json = await send([...rows, header('Content-Type', 'application/json')]);
        assert.deepEqual([json.got.method, json.got.path, json.got.json], [method, json.profile.path, { first_name: 'Ann', 'list id': '400', order: json.order.orderId }]);
    }
});

scenario('S1.38 httpMethod and httpMethodType are sent nowhere', async () => {
    for (const place of ['GET', 'POST']) {
        const { got } = await send([header('httpMethod', 'PUT'), header('httpMethodType', place), ...ROWS]);
        const all = `${got.path} ${got.headerLines.join(' ')} ${got.body}`;
        assert.ok(!/httpmethod/i.test(all), all);
    }
});

scenario('B6 B7 numbers are numbers in JSON where the CRM has them so; what is not there is an empty text', async () => {
    const rows = [header('Content-Type', 'application/json'), field('order', 'orderId'), field('campaign', 'campaignId'), field('zip', 'postalCode'), field('sum', 'orderTotal'), field('none', 'product9_name')];
    const { order, got } = await send(rows);
    assert.deepEqual(got.json, { order: order.orderId, campaign: 1, zip: '12207', sum: '94.00', none: '' });
    const strings = await send(rows, {}, { allStrings: true });
    assert.deepEqual(strings.got.json, { order: `${strings.order.orderId}`, campaign: '1', zip: '12207', sum: '94.00', none: '' });
});
