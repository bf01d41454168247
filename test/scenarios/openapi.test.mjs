// The OpenAPI document, held against the running program both ways; and from it a walk over
// route × scope × role × other organization, and generated requests that never get a 5xx.
import assert from 'node:assert/strict';
import { after, before } from 'node:test';
import { Validator } from '@seriousme/openapi-schema-validator';
import Ajv2020 from 'ajv/dist/2020.js';
import formats from 'ajv-formats';

import { EMAIL, PLUGIN_SECRET, TEXT, makeCampaign, makeEvent, makeIntegration, makePlugin, makeProduct, makeProfile, makeRoute, makeSku, makeWebhook, sendApi, sendWebhook } from '../lib/fixtures.mjs';
import { Client, expect, expectProblem } from '../lib/http.mjs';
import { PASSWORD, scenario, startHub } from '../lib/hub.mjs';
import { startMailServer } from '../lib/mail.mjs';
import { exchange } from '../lib/raw.mjs';
import { startReceiver } from '../lib/receiver.mjs';
import { until } from '../lib/wait.mjs';

const METHODS = ['get', 'post', 'put', 'patch', 'delete'];
const ROLES = ['viewer', 'editor', 'admin', 'owner'];

let hub;
let api; // the owner's key of the first organization
let theirs; // of the second
let document;
let operations;
let ajv;
let world; // one of each object, in the first organization
let sessions; // by role
let counter = 0;

before(async () => {
    const mail = await startMailServer();
    after(() => mail.close());
    hub = await startHub({ organizations: 2, clock: true, args: [`--smtp-url=${mail.url}`, '--mail-from=junctor@hub.example'] });
    api = hub.client();
    theirs = hub.client(hub.owners[1]);
    document = expect(await hub.anonymous.get('/api/openapi.json'), 200).json;
    operations = Object.entries(document.paths).flatMap(([path, item]) =>
        METHODS.filter((method) => item[method]).map((method) => ({ ...item[method], method: method.toUpperCase(), path, parameters: [...(item.parameters ?? []), ...(item[method].parameters ?? [])].map(follow) })),
    );
    ajv = new Ajv2020({ strict: false, allErrors: true });
    formats(ajv);
    ajv.addSchema(document, 'doc');
    world = await makeWorld();
    sessions = Object.fromEntries(await Promise.all(ROLES.map(async (role) => [role, await makeSession(role)])));
});

function follow(node) {
    if (!node?.$ref) return node;
    return node.$ref.slice(2).split('/').reduce((at, step) => at[step.replaceAll('~1', '/').replaceAll('~0', '~')], document);
}

async function makeWorld() {
    const integration = await makeIntegration(api, 'World');
    const definition = await makeEvent(api, { integration: integration.id, alias: 'world', fields: [TEXT] });
    await makeEvent(api, { integration: integration.id, alias: 'world-hook', context: 'webhook', fields: [TEXT] });
    const webhook = await makeWebhook(api, 'http://127.0.0.1:9/', { eventTypes: ['custom_event.world'] });
    const event = expect(await sendApi(api, 'world', { email: 'world@example.org' }), 201).json;
    await sendWebhook(api, hub.owners[0].organizationId, 'world-hook', {});
    const key = expect(await api.post('/api/v1/api-keys', { name: 'world', scopes: ['contacts:read'] }), 201).json;
    const user = expect(await api.post('/api/v1/users', { email: 'world@example.org', name: 'World', password: PASSWORD, role: 'viewer' }), 201).json;
    const [contact] = await api.all('/api/v1/contacts');
    const [delivery] = await until('a delivery', async () => {
        const rows = await api.all(`/api/v1/webhooks/${webhook.id}/deliveries`);
        return rows.length > 0 && rows;
    });
    const recovery = expect(await api.post(`/api/v1/webhooks/${webhook.id}/recover`, { since: '2020-01-01T00:00:00Z' }), 202).json;
    const campaign = await makeCampaign(api, 'World');
    const product = await makeProduct(api, 'World');
    const sku = await makeSku(api, campaign.id, 'world', { productId: product.id });
    const order = expect(await api.post('/api/v1/orders', { campaignId: campaign.id, state: 'complete', lines: [{ sku: 'world', price: '10.00' }] }), 201).json;
    const plugin = expect(await makePlugin(api, campaign.id), 201).json;
    const profile = await makeProfile(api, 'http://127.0.0.1:9/');
    const route = await makeRoute(api, profile.id);
    return { profile: profile.id, route: route.id, plugin: plugin.id, campaign: campaign.id, product: product.id, sku: sku.id, order: order.id, customer: order.customerId, integration: integration.id, definition: definition.id, webhook: webhook.id, event: event.id, key: key.id, user: user.id, contact: contact.id, delivery: delivery.id, recovery: recovery.id };
}

async function makeSession(role) {
    const email = `walker-${role}@example.org`;
    expect(await api.post('/api/v1/users', { email, name: role, password: PASSWORD, role }), 201);
    return logIn(email);
}

async function logIn(email, at = hub) {
    const answer = expect(await at.anonymous.post('/api/v1/session', { email, password: PASSWORD }), 200, 201);
    return new Client(at.url, { headers: { cookie: answer.setCookies[0].split(';')[0], 'x-csrf-token': answer.json.csrfToken } });
}

// ── what a path's {parameters} stand for ──

const KINDS = [
    [/^\/api\/v1\/integrations\/\{\w+\}\/events\/\{(\w+)\}/, 'definition', 1],
    [/^\/api\/v1\/integrations\/\{\w+\}/, 'integration', 0],
    [/^\/api\/v1\/plugins\/\{\w+\}/, 'plugin', 0],
    [/^\/api\/v1\/webhooks\/\{\w+\}/, 'webhook', 0],
    [/^\/api\/v1\/export-profiles\/\{\w+\}\/routes\/\{(\w+)\}/, 'route', 1],
    [/^\/api\/v1\/export-profiles\/\{\w+\}/, 'profile', 0],
    [/^\/api\/v1\/deliveries\/\{\w+\}/, 'delivery', 0],
    [/^\/api\/v1\/recoveries\/\{\w+\}/, 'recovery', 0],
    [/^\/api\/v1\/events\/\{\w+\}/, 'event', 0],
    [/^\/api\/v1\/contacts\/\{\w+\}/, 'contact', 0],
    [/^\/api\/v1\/api-keys\/\{\w+\}/, 'key', 0],
    [/^\/api\/v1\/users\/\{\w+\}/, 'user', 0],
    [/^\/api\/v1\/campaigns\/\{\w+\}/, 'campaign', 0],
    [/^\/api\/v1\/products\/\{\w+\}/, 'product', 0],
    [/^\/api\/v1\/skus\/\{\w+\}/, 'sku', 0],
    [/^\/api\/v1\/orders\/\{\w+\}/, 'order', 0],
    [/^\/api\/v1\/customers\/\{\w+\}/, 'customer', 0],
];

const PREFIXES = { definition: 'def', integration: 'int', webhook: 'whk', delivery: 'dlv', recovery: 'rcv', event: 'evt', contact: 'con', key: 'key', user: 'usr', campaign: 'cmp', product: 'prd', sku: 'sku', order: 'ord', customer: 'cus', plugin: 'plg', profile: 'exp', route: 'rte' };

function fill(path, ids) {
    if (path === '/{organizationId}/custom-events/alias/{alias}') return `/${ids.organization ?? hub.owners[0].organizationId}/custom-events/alias/${ids.alias ?? 'world-hook'}`;
    if (path === '/custom-events/alias/{alias}') return `/custom-events/alias/${ids.alias ?? 'world'}`;
    let index = 0;
    return path.replace(/\{\w+\}/g, () => {
        const found = KINDS.find(([pattern, , at]) => at === index && pattern.test(path));
        index++;
        assert.ok(found, `what does ${path} stand for? Add it to KINDS`);
        return ids[found[1]];
    });
}

// What a postback says in its path, and in its query whatever the path does not say.
function fillPostback(path, { organization = hub.owners[0].organizationId, plugin, secret = PLUGIN_SECRET, order = true }) {
    const values = { organizationId: organization, pluginInstanceId: plugin, secret };
    const query = new URLSearchParams(order ? { orderId: `${++counter}` } : {});
    for (const [name, value] of Object.entries(values)) if (!path.includes(`{${name}}`)) query.set(name, value);
    return `${path.replace(/\{(\w+)\}/g, (_, name) => encodeURIComponent(values[name]))}?${query}`;
}

const nobodies = Object.fromEntries(Object.entries(PREFIXES).map(([kind, prefix]) => [kind, `${prefix}_0000000000001`]));
nobodies.organization = '00000000-0000-4000-8000-000000000000';
nobodies.alias = 'nobody-has-this';

const nameOf = (operation) => `${operation.method} ${operation.path}`;
const isInlet = (operation) => operation.path.includes('/custom-events/');
const isPostback = (operation) => operation.path.includes('/webhooks/konnektive');
const hasId = (operation) => operation.path.includes('{');
const ruleOf = (operation) => ({ scope: operation['x-scope'] ?? null, role: operation['x-role'] ?? null });
const isOpen = (operation) => Array.isArray(operation.security) && (operation.security.length === 0 || operation.security.some((one) => Object.keys(one).length === 0));
const takesBody = (operation) => operation.requestBody !== undefined;

// A body that is accepted, fresh each time.
function goodBody(operation) {
    const n = ++counter;
    const bodies = {
        'POST /api/v1/integrations': { name: `walk ${n}` },
        'PATCH /api/v1/integrations/{}': { description: `walk ${n}` },
        'POST /api/v1/integrations/{}/events': { context: 'api', name: 'Walk', alias: `walk-${n}`, fields: [EMAIL] },
        'PATCH /api/v1/integrations/{}/events/{}': { name: `Walk ${n}` },
        'POST /api/v1/campaigns': { name: `walk ${n}` },
        'PATCH /api/v1/campaigns/{}': { name: `walk ${n}` },
        'POST /api/v1/products': { name: `walk ${n}`, price: '29.40' },
        'PATCH /api/v1/products/{}': { price: 29.4 },
        'POST /api/v1/skus': { campaignId: world.campaign, sku: `walk ${n}`, productId: null },
        'PATCH /api/v1/skus/{}': {},
        'POST /api/v1/orders': { campaignId: world.campaign, state: 'complete', lines: [{ sku: 'walk', price: '5.00' }] },
        'POST /api/v1/orders/{}/changes': { type: 'shipped', trackingNumber: `walk ${n}` },
        'POST /api/v1/plugins': { type: 'konnektive', name: `Walk ${n}`, secret: 'walk walk walk', campaignId: world.campaign },
        'PATCH /api/v1/plugins/{}': { name: `Walk ${n}` },
        'POST /api/v1/export-profiles': { name: 'Walk', type: 'postback', url: 'http://127.0.0.1:9/', mappings: { order: '[orderId]' } },
        'PATCH /api/v1/export-profiles/{}': { name: `Walk ${n}` },
        'POST /api/v1/export-profiles/{}/routes': { customerType: 'lead' },
        'PATCH /api/v1/export-profiles/{}/routes/{}': { campaignIds: [world.campaign] },
        'POST /api/v1/export-profiles/{}/preview': { orderId: world.order },
        'POST /api/v1/export-profiles/{}/explain': { orderId: world.order },
        'POST /api/v1/export-profiles/{}/recover': { since: '2020-01-01T00:00:00Z' },
        'POST /api/v1/webhooks': { name: 'Walk', url: 'http://127.0.0.1:9/', eventTypes: ['custom_event.never'] },
        'PATCH /api/v1/webhooks/{}': { name: `Walk ${n}` },
        'POST /api/v1/webhooks/{}/rotate-secret': { overlapHours: 0 },
        'POST /api/v1/webhooks/{}/filter-test': { data: { fields: { total: 1 } }, filter: { all: [{ field: 'fields.total', operator: 'exists' }] } },
        'POST /api/v1/webhooks/{}/recover': { since: '2020-01-01T00:00:00Z' },
        'POST /api/v1/deliveries/{}/resend': { render: false },
        'POST /api/v1/retry-preview': { retry: { policy: 'postback' } },
        'POST /api/v1/api-keys': { name: `walk ${n}`, scopes: ['contacts:read'] },
        'POST /api/v1/users': { email: `walk${n}@example.org`, name: 'Walk', password: PASSWORD, role: 'viewer' },
        'PATCH /api/v1/users/{}': { name: `Walk ${n}` },
        'PATCH /api/v1/organization': { name: `Acme ${n}` },
        'POST /api/v1/session': { email: hub.owners[0].email, password: PASSWORD },
        'POST /test/clock': { advanceMs: 0 },
        'POST /custom-events/alias/{}': { email: 'world@example.org' },
        'POST /{}/custom-events/alias/{}': { email: 'world@example.org' },
    };
    const name = nameOf(operation).replace(/\{\w+\}/g, '{}');
    if (!takesBody(operation)) return undefined;
    if (isPostback(operation)) return { firstName: 'Walk' };
    assert.ok(name in bodies, `no good body for ${name}: add one`);
    return bodies[name];
}

async function call(client, operation, { ids = world, body = goodBody(operation), query = '', headers = {} } = {}) {
    if (isPostback(operation)) {
        const answer = await hub.anonymous.request(operation.method, fillPostback(operation.path, ids) + query.replace('?', '&'), body, { headers });
        checkAnswer(operation, answer);
        return answer;
    }
    const answer = await client.request(operation.method, fill(operation.path, ids) + query, body, { headers });
    checkAnswer(operation, answer);
    return answer;
}

// The answer is one that the document promises, in status, content type and shape.
function checkAnswer(operation, answer) {
    const where = `${nameOf(operation)} → ${answer.status}`;
    const promised = follow(operation.responses[String(answer.status)]);
    assert.ok(promised, `${where} is not in the document: ${answer.text.slice(0, 300)}`);
    const types = Object.keys(promised.content ?? {});
    if (types.length === 0) {
        assert.equal(answer.bytes.length, 0, `${where} has a body: ${answer.text.slice(0, 200)}`);
        return;
    }
    const type = (answer.headers['content-type'] ?? '').split(';')[0].trim();
    assert.ok(types.some((one) => one.split(';')[0].trim() === type), `${where}: ${type} is none of ${types}`);
    if (!/json$/.test(type)) return;
    const at = Object.entries(promised.content).find(([one]) => one.split(';')[0].trim() === type)[1];
    const schema = at.schema;
    if (!schema) return;
    const validate = ajv.compile(rebase(schema));
    assert.ok(validate(answer.json), `${where}: ${JSON.stringify(validate.errors?.slice(0, 3))}: ${answer.text.slice(0, 500)}`);
}

// "#/…" of the document, seen from a schema that stands alone.
function rebase(node) {
    if (Array.isArray(node)) return node.map(rebase);
    if (node && typeof node === 'object') return Object.fromEntries(Object.entries(node).map(([key, value]) => [key, key === '$ref' && value.startsWith('#') ? `doc${value}` : rebase(value)]));
    return node;
}

// ── the document ──

scenario('the document is OpenAPI 3.1, valid by its schema', async () => {
    assert.match(document.openapi, /^3\.1\./);
    const validator = new Validator();
    const result = await validator.validate(structuredClone(document));
    assert.ok(result.valid, JSON.stringify(result.errors?.slice?.(0, 5) ?? result.errors));
    assert.equal(validator.version, '3.1');
});

scenario('the document is complete: ids, words for people, parameters, problems, examples that fit', () => {
    const ids = operations.map((operation) => operation.operationId);
    assert.equal(new Set(ids).size, ids.length, 'operationIds are unique');
    const faults = [];
    for (const operation of operations) {
        const name = nameOf(operation);
        if (!operation.operationId || !operation.summary || !operation.tags?.length) faults.push(`${name} lacks operationId, summary or tags`);
        const inPath = [...operation.path.matchAll(/\{(\w+)\}/g)].map((match) => match[1]);
        const declared = operation.parameters.filter((one) => one.in === 'path').map((one) => one.name);
        if (inPath.sort().join() !== declared.sort().join()) faults.push(`${name}: path parameters ${declared}`);
        for (const one of operation.parameters) {
            if (one.in === 'path' && !one.required) faults.push(`${name}: ${one.name} must be required`);
            if (!one.schema || !one.description) faults.push(`${name}: ${one.name} lacks schema or description`);
        }
        const statuses = Object.keys(operation.responses);
        if (!statuses.some((status) => status.startsWith('2'))) faults.push(`${name} never succeeds`);
        for (const status of statuses) {
            const response = follow(operation.responses[status]);
            if (!response.description) faults.push(`${name} ${status} lacks a description`);
            if (Number(status) >= 400 && !response.content?.['application/problem+json']) faults.push(`${name} ${status} is no problem+json`);
        }
        if (!isOpen(operation) && (!statuses.includes('401') || !statuses.includes('403'))) faults.push(`${name} lacks 401 or 403`);
        if (takesBody(operation) && !['400', '413', '415', '422'].every((status) => statuses.includes(status))) faults.push(`${name} lacks one of 400, 413, 415, 422`);
    }
    for (const [name, schema] of Object.entries(document.components?.schemas ?? {})) {
        const validate = ajv.compile({ $ref: `doc#/components/schemas/${name}` });
        for (const example of [...(schema.examples ?? []), ...(schema.example === undefined ? [] : [schema.example])]) if (!validate(example)) faults.push(`the example of ${name}: ${JSON.stringify(validate.errors[0])}`);
    }
    assert.deepEqual(faults, []);
});

scenario('the routes that the outside relies on are there', () => {
    const names = new Set(operations.map((operation) => nameOf(operation).replace(/\{\w+\}/g, '{}')));
    for (const name of [
        'POST /custom-events/alias/{}', 'POST /{}/custom-events/alias/{}',
        'POST /api/v1/session', 'GET /api/v1/session', 'DELETE /api/v1/session',
        'GET /api/v1/users', 'POST /api/v1/users', 'PATCH /api/v1/users/{}', 'DELETE /api/v1/users/{}',
        'GET /api/v1/integrations', 'POST /api/v1/integrations', 'GET /api/v1/integrations/{}', 'PATCH /api/v1/integrations/{}', 'DELETE /api/v1/integrations/{}',
        'GET /api/v1/integrations/{}/events', 'POST /api/v1/integrations/{}/events', 'GET /api/v1/integrations/{}/events/{}', 'PATCH /api/v1/integrations/{}/events/{}', 'DELETE /api/v1/integrations/{}/events/{}',
        'GET /api/v1/api-keys', 'POST /api/v1/api-keys', 'DELETE /api/v1/api-keys/{}',
        'GET /api/v1/campaigns', 'POST /api/v1/campaigns', 'GET /api/v1/campaigns/{}', 'PATCH /api/v1/campaigns/{}', 'DELETE /api/v1/campaigns/{}',
        'GET /api/v1/products', 'POST /api/v1/products', 'GET /api/v1/products/{}', 'PATCH /api/v1/products/{}', 'DELETE /api/v1/products/{}',
        'GET /api/v1/orders', 'POST /api/v1/orders', 'GET /api/v1/orders/{}', 'POST /api/v1/orders/{}/changes',
        'GET /api/v1/customers', 'GET /api/v1/customers/{}', 'GET /api/v1/customers/{}/history',
        'GET /api/v1/skus', 'POST /api/v1/skus', 'GET /api/v1/skus/{}', 'PATCH /api/v1/skus/{}', 'DELETE /api/v1/skus/{}',
        'GET /api/v1/contacts', 'GET /api/v1/contacts/{}', 'GET /api/v1/contacts/{}/activity',
        'GET /api/v1/plugins', 'POST /api/v1/plugins', 'GET /api/v1/plugins/{}', 'PATCH /api/v1/plugins/{}', 'DELETE /api/v1/plugins/{}',
        'GET /api/v1/webhooks', 'POST /api/v1/webhooks', 'GET /api/v1/webhooks/{}', 'PATCH /api/v1/webhooks/{}', 'DELETE /api/v1/webhooks/{}', 'POST /api/v1/webhooks/{}/ping', 'GET /api/v1/webhooks/{}/deliveries',
        'GET /api/v1/export-profiles', 'POST /api/v1/export-profiles', 'GET /api/v1/export-profiles/{}', 'PATCH /api/v1/export-profiles/{}', 'DELETE /api/v1/export-profiles/{}', 'GET /api/v1/export-fields',
        'GET /api/v1/export-profiles/{}/routes', 'POST /api/v1/export-profiles/{}/routes', 'GET /api/v1/export-profiles/{}/routes/{}', 'PATCH /api/v1/export-profiles/{}/routes/{}', 'DELETE /api/v1/export-profiles/{}/routes/{}',
        'POST /api/v1/export-profiles/{}/preview', 'POST /api/v1/export-profiles/{}/explain', 'GET /api/v1/export-profiles/{}/deliveries',
        'GET /api/v1/deliveries/{}', 'POST /api/v1/deliveries/{}/resend',
        'POST /api/v1/webhooks/{}/recover', 'GET /api/v1/webhooks/{}/recoveries', 'GET /api/v1/recoveries/{}', 'POST /api/v1/recoveries/{}/cancel',
        'GET /api/v1/events', 'GET /api/v1/events/{}', 'GET /api/v1/rejections', 'GET /api/v1/ledger', 'GET /api/v1/audit',
        ...['landers/clicks/import', 'leads/import', 'order/import', 'upsale/import', 'order/update', 'order/cancel', 'order/refund', 'order/qa', 'purchase/update', 'purchase/cancel', 'fulfillment/update', 'order/query', 'customer/query', 'customer/history', 'campaign/query', 'product/query'].flatMap((path) => [`GET /${path}/`, `POST /${path}/`]),
        'GET /healthz', 'GET /readyz', 'GET /metrics', 'GET /api/openapi.json', 'GET /test/clock', 'POST /test/clock',
    ])
        assert.ok(names.has(name), name);
});

scenario('each path takes the methods of the document and no others', async () => {
    for (const path of Object.keys(document.paths)) {
        const documented = METHODS.filter((method) => document.paths[path][method]).map((method) => method.toUpperCase());
        for (const method of ['GET', 'POST', 'PUT', 'PATCH', 'DELETE']) {
            if (documented.includes(method)) continue;
            const answer = expectProblem(await api.request(method, isPostback({ path }) ? fillPostback(path, world) : fill(path, world), method === 'GET' || method === 'DELETE' ? undefined : {}), 405, 'method_not_allowed');
            const allowed = (answer.headers.allow ?? '').split(',').map((one) => one.trim()).filter((one) => !['HEAD', 'OPTIONS'].includes(one)).sort();
            assert.deepEqual(allowed, [...documented].sort(), `Allow of ${path}`);
        }
    }
});

// ── every documented answer can be provoked ──

// What is fresh enough to be deleted.
async function deletable(operation) {
    const ids = { ...world };
    const path = operation.path.replace(/\{\w+\}/g, '{}');
    if (path === '/api/v1/integrations/{}') ids.integration = (await makeIntegration(api)).id;
    if (path === '/api/v1/integrations/{}/events/{}') ids.definition = (await makeEvent(api, { integration: world.integration, alias: `gone-${++counter}` })).id;
    if (path === '/api/v1/campaigns/{}') ids.campaign = (await makeCampaign(api)).id;
    if (path === '/api/v1/products/{}') ids.product = (await makeProduct(api)).id;
    if (path === '/api/v1/skus/{}') ids.sku = (await makeSku(api, world.campaign, `gone ${++counter}`)).id;
    if (path === '/api/v1/plugins/{}') ids.plugin = expect(await makePlugin(api, world.campaign), 201).json.id;
    if (path.startsWith('/api/v1/export-profiles/{}')) ids.profile = (await makeProfile(api, 'http://127.0.0.1:9/')).id;
    if (path === '/api/v1/export-profiles/{}/routes/{}') ids.route = (await makeRoute(api, ids.profile)).id;
    if (path === '/api/v1/webhooks/{}') ids.webhook = (await makeWebhook(api, 'http://127.0.0.1:9/')).id;
    if (path === '/api/v1/api-keys/{}') ids.key = expect(await api.post('/api/v1/api-keys', { name: 'gone', scopes: ['contacts:read'] }), 201).json.id;
    if (path === '/api/v1/users/{}') ids.user = expect(await api.post('/api/v1/users', { email: `gone${++counter}@example.org`, name: 'Gone', password: PASSWORD, role: 'viewer' }), 201).json.id;
    return ids;
}

// A dead delivery that pauses its endpoint.
async function pausing() {
    const receiver = await startReceiver();
    receiver.script = () => 500;
    const webhook = await makeWebhook(api, receiver.url, { eventTypes: ['ping'], order: 'strict', retry: { delaysSeconds: [1] } });
    const { deliveryId } = expect(await api.post(`/api/v1/webhooks/${webhook.id}/ping`), 202).json;
    await until('it is dead', async () => {
        await hub.advance(1000);
        return (await api.get(`/api/v1/deliveries/${deliveryId}`)).json.state === 'dead';
    });
    await receiver.close();
    return deliveryId;
}

// Who may call it with success.
async function rightful(operation) {
    if (operation.path === '/api/v1/session' && operation.method === 'DELETE') return logIn(hub.owners[0].email);
    if (operation.path === '/api/v1/session') return sessions.owner;
    if (operation.path === '/api/v1/release') return (await startHub()).client(); // with one organization
    if (operation.path === '/{organizationId}/custom-events/alias/{alias}') return hub.anonymous;
    const rule = ruleOf(operation);
    return rule.scope === null && rule.role !== null ? sessions.owner : api;
}

scenario('each route answers its success, in the promised shape', async () => {
    for (const operation of operations) {
        const ids = operation.method === 'DELETE' ? await deletable(operation) : { ...world };
        if (operation.path.endsWith('/pass-over')) ids.delivery = await pausing();
        const answer = await call(await rightful(operation), operation, { ids });
        assert.ok(answer.status < 300, `${nameOf(operation)}: ${answer.status} ${answer.text}`);
    }
});

// Statuses that no single request brings about: where they are shown instead.
const NOT_HERE = [
    'POST /api/v1/webhooks 409', // over --max-webhooks: limits
    'POST /api/v1/export-profiles 409', // over --max-export-profiles: export-profiles
    'PATCH /api/v1/export-profiles/{id} 409', // held after a restore: backup
    'POST /api/v1/export-profiles/{id}/routes 409', // over --max-export-routes: export-profiles
    'POST /api/v1/export-profiles/{id}/preview 409', // over 16 MiB: export-profiles
    'POST /api/v1/campaigns 409', // over --max-campaigns: catalog
    'POST /api/v1/products 409', // over --max-products: catalog
    'PATCH /api/v1/webhooks/{id} 409', // held after a restore: backup
];
const ELSEWHERE = { 503: 'faults, limits, torture', 410: 'limits: retention', 408: 'torture', 417: 'torture', 505: 'torture', 500: 'nowhere: it must not happen', 502: '', 504: '' };

const provocations = {
    400: async (operation) => {
        if (takesBody(operation)) return call(await rightful(operation), operation, { body: '{' });
        if (isPostback(operation)) return call(hub.anonymous, operation, { query: '?city=%zz' });
        if (hasId(operation)) {
            const path = operation.path.replace(/\{\w+\}/g, '%zz');
            return check(operation, await (await rightful(operation)).request(operation.method, path));
        }
        return call(await rightful(operation), operation, { query: '?limit=%zz' });
    },
    401: async (operation) => (isPostback(operation) ? call(hub.anonymous, operation, { ids: { ...world, secret: 'a wrong one' } }) : operation.path === '/api/v1/session' && operation.method === 'POST' ? call(hub.anonymous, operation, { body: { email: 'x@example.org', password: 'wrong password' } }) : operation.path.startsWith('/{') ? guarded(operation, 'secret') : call(hub.anonymous, operation)),
    403: async (operation) => {
        if (operation.path.startsWith('/{') || isPostback(operation)) return guarded(operation, 'address');
        const { scope } = ruleOf(operation);
        const key = expect(await api.post('/api/v1/api-keys', { name: 'other', scopes: [scope === 'audit:read' ? 'contacts:read' : 'audit:read'] }), 201).json.key;
        const answer = await call(api.with({ key }), operation);
        return answer.status === 403 ? answer : call(sessions.viewer, operation);
    },
    404: async (operation) => call(await rightful(operation), operation, { ids: nobodies }),
    409: async (operation) => {
        const path = operation.path.replace(/\{\w+\}/g, '{}');
        const specials = {
            'POST /api/v1/organization/test-mail': async () => {
                const without = await startHub();
                return call(await logIn(without.owners[0].email, without), operation);
            },
            'POST /api/v1/users': () => call(api, operation, { body: { email: 'world@example.org', name: 'x', password: PASSWORD, role: 'viewer' } }),
            'DELETE /api/v1/integrations/{}': () => call(api, operation),
            'DELETE /api/v1/campaigns/{}': () => call(api, operation),
            'DELETE /api/v1/products/{}': () => call(api, operation),
            'POST /api/v1/skus': () => call(api, operation, { body: { campaignId: world.campaign, sku: 'world' } }),
            'DELETE /api/v1/users/{}': () => call(theirs, operation, { ids: { ...world, user: hub.owners[1].userId } }),
            'PATCH /api/v1/users/{}': () => call(theirs, operation, { ids: { ...world, user: hub.owners[1].userId }, body: { role: 'viewer' } }),
            'POST /api/v1/integrations/{}/events': () => call(api, operation, { body: { context: 'api', name: 'x', alias: 'world', fields: [EMAIL] } }),
            'PATCH /api/v1/integrations/{}/events/{}': () => call(api, operation, { body: { alias: 'world-hook' } }),
            'POST /api/v1/plugins': async () => {
                // There are as many as there may be.
                const made = [];
                let answer;
                while ((answer = await call(api, operation)).status === 201) made.push(answer.json.id);
                for (const id of made) expect(await api.delete(`/api/v1/plugins/${id}`), 204);
                return answer;
            },
            'POST /api/v1/webhooks/{}/ping': async () => {
                // It has been disabled.
                const receiver = await startReceiver();
                receiver.script = () => 410;
                const { id } = await makeWebhook(api, receiver.url, { eventTypes: ['ping'] });
                expect(await api.post(`/api/v1/webhooks/${id}/ping`), 202);
                await until('it is disabled', async () => (await api.get(`/api/v1/webhooks/${id}`)).json.status === 'disabled');
                await receiver.close();
                return call(api, operation, { ids: { ...world, webhook: id } });
            },
            'POST /api/v1/deliveries/{}/pass-over': () => call(api, operation), // it pauses nothing
            'POST /api/v1/webhooks/{}/rotate-secret': async () => {
                // Five old ones sign.
                const { id } = await makeWebhook(api, 'http://127.0.0.1:9/', { eventTypes: ['ping'] });
                for (let i = 0; i < 5; i++) expect(await api.post(`/api/v1/webhooks/${id}/rotate-secret`, {}), 200);
                return call(api, operation, { ids: { ...world, webhook: id }, body: {} });
            },
            'POST /api/v1/webhooks/{}/recover': async () => {
                // It has been deleted.
                const { id } = await makeWebhook(api, 'http://127.0.0.1:9/', { eventTypes: ['ping'] });
                expect(await api.delete(`/api/v1/webhooks/${id}`), 204);
                return call(api, operation, { ids: { ...world, webhook: id } });
            },
            'POST /api/v1/export-profiles/{}/recover': async () => {
                const { id } = await makeProfile(api, 'http://127.0.0.1:9/');
                expect(await api.delete(`/api/v1/export-profiles/${id}`), 204);
                return call(api, operation, { ids: { ...world, profile: id } });
            },
            'POST /api/v1/deliveries/{}/resend': async () => {
                // Its endpoint is gone.
                const hook = await makeWebhook(api, 'http://127.0.0.1:9/', { eventTypes: ['ping'] });
                const { deliveryId } = expect(await api.post(`/api/v1/webhooks/${hook.id}/ping`), 202).json;
                expect(await api.delete(`/api/v1/webhooks/${hook.id}`), 204);
                return call(api, operation, { ids: { ...world, delivery: deliveryId } });
            },
        };
        return specials[`${operation.method} ${path}`]?.();
    },
    413: async (operation) => call(await rightful(operation), operation, { body: `{"x":"${'x'.repeat(1100000)}"}` }),
    414: async (operation) => raw(operation, `${operation.method} /${'a'.repeat(40000)} HTTP/1.1\r\nHost: x\r\n\r\n`),
    415: async (operation) => call(await rightful(operation), operation, { body: '<x/>', headers: { 'content-type': 'application/xml' } }),
    422: async (operation) => {
        if (isPostback(operation)) return call(hub.anonymous, operation, { ids: { ...world, order: false } });
        if (takesBody(operation)) return call(await rightful(operation), operation, { body: isInlet(operation) ? { email: 'x' } : { unknown: 1 } });
        return call(await rightful(operation), operation, { query: '?nonsense=1' });
    },
    429: async (operation) => {
        if (operation.path === '/api/v1/session' && operation.method === 'POST') {
            let answer;
            for (let i = 0; i < 60 && answer?.status !== 429; i++) answer = await call(hub.anonymous, operation, { body: { email: 'rate@example.org', password: `guess number ${i}` } });
            expect(await hub.anonymous.post('/test/clock', { advanceMs: 3600000 }), 200);
            return answer;
        }
        if (operation.path.endsWith('/test-mail')) {
            let answer;
            for (let i = 0; i < 60 && answer?.status !== 429; i++) answer = await call(sessions.owner, operation);
            expect(await hub.anonymous.post('/test/clock', { advanceMs: 60000 }), 200);
            return answer;
        }
        if (operation.path.startsWith('/{') || isPostback(operation)) return guarded(operation, 'rate');
        const { scope } = ruleOf(operation);
        const key = expect(await api.post('/api/v1/api-keys', { name: 'slow', scopes: [scope ?? '*'], ratePerMinute: 1 }), 201).json.key;
        await call(api.with({ key }), operation, { ids: nobodies });
        return call(api.with({ key }), operation, { ids: nobodies });
    },
    431: async (operation) => raw(operation, `${operation.method} / HTTP/1.1\r\nHost: x\r\nX-Fill: ${'f'.repeat(40000)}\r\n\r\n`),
    508: async (operation) => call(await rightful(operation), operation, { headers: { 'junctor-hops': '9' } }),
};

const check = (operation, answer) => {
    checkAnswer(operation, answer);
    return answer;
};

async function raw(operation, bytes) {
    const { status } = await exchange(hub.port, [bytes], { quiet: 2000 });
    return { status, text: '' };
}

// An organization's own rules for its webhook addresses.
async function guarded(operation, what) {
    if (!isPostback(operation)) await makeEvent(theirs, { alias: `guarded-${what}`, context: 'webhook' });
    const change = { secret: { webhookSecret: 'open sesame' }, address: { allowedAddresses: ['192.0.2.1'] }, rate: { ratePerMinute: 1 } }[what];
    expect(await theirs.patch('/api/v1/organization', change), 200);
    const ids = { organization: hub.owners[1].organizationId, alias: `guarded-${what}`, plugin: nobodies.plugin };
    await call(hub.anonymous, operation, { ids });
    const answer = await call(hub.anonymous, operation, { ids });
    expect(await theirs.patch('/api/v1/organization', { webhookSecret: null, allowedAddresses: [], ratePerMinute: null }), 200);
    return answer;
}

scenario('each documented answer can be provoked', { timeout: 240000 }, async () => {
    const faults = [];
    for (const operation of operations)
        for (const status of Object.keys(operation.responses)) {
            if (status === 'default' || Number(status) < 300 || status in ELSEWHERE || NOT_HERE.includes(`${nameOf(operation)} ${status}`)) continue;
            const provoke = provocations[status];
            if (!provoke) {
                faults.push(`${nameOf(operation)}: nothing here provokes ${status}`);
                continue;
            }
            try {
                const answer = await provoke(operation);
                if (answer?.status !== Number(status)) faults.push(`${nameOf(operation)}: ${status} is documented, the attempt to provoke it got ${answer?.status} ${answer?.text?.slice(0, 150) ?? ''}`);
            } catch (error) {
                faults.push(`${nameOf(operation)} ${status}: ${error.message}`);
            }
        }
    assert.deepEqual(faults, []);
});

// ── the walk: route × scope × role × other organization ──

scenario('without credentials nothing that is not open answers', async () => {
    for (const operation of operations) {
        if (isOpen(operation) || operation.path.startsWith('/{')) continue;
        for (const client of [hub.anonymous, api.with({ key: 'jnk_unknown' }), hub.anonymous.with({ headers: { cookie: 'junctor_session=unknown' } })]) {
            const answer = expectProblem(await call(client, operation), 401, 'unauthenticated');
            assert.ok(!answer.text.includes(world.integration));
        }
    }
});

scenario('each route has its scope: a key with it alone gets in, one with all others does not', async () => {
    const all = document['x-scopes'] ?? [...new Set(operations.map((operation) => ruleOf(operation).scope).filter(Boolean))];
    const keys = {};
    for (const scope of all) {
        const make = async (scopes) => api.with({ key: expect(await api.post('/api/v1/api-keys', { name: scope, scopes }), 201).json.key });
        keys[scope] = { only: await make([scope]), others: await make(all.filter((one) => one !== scope)) };
    }
    for (const operation of operations) {
        const { scope, role } = ruleOf(operation);
        if (isOpen(operation) || operation.path.startsWith('/{')) continue;
        assert.ok(scope || role, `${nameOf(operation)} names neither scope nor role`);
        if (!scope) {
            expectProblem(await call(api, operation), 403, 'forbidden');
            continue;
        }
        const denied = await call(keys[scope].others, operation);
        assert.equal(denied.status, 403, `${nameOf(operation)} without ${scope}: ${denied.status}`);
        const ids = operation.method === 'DELETE' ? await deletable(operation) : world;
        // Nobody hands on what they have not.
        const body = nameOf(operation) === 'POST /api/v1/api-keys' ? { name: 'same', scopes: [scope] } : goodBody(operation);
        const allowed = await call(keys[scope].only, operation, { ids, body });
        if (/"code":"role"/.test(allowed.text)) continue; // a role worth more than the key: access.test
        if (/"code":"organizations"/.test(allowed.text)) continue; // of all organizations: backup.test
        assert.ok(![401, 403].includes(allowed.status), `${nameOf(operation)} with ${scope}: ${allowed.status} ${allowed.text}`);
    }
});

scenario('each route has its role: those below it are refused, it and those above get in', { timeout: 240000 }, async () => {
    for (const operation of operations) {
        const { role } = ruleOf(operation);
        if (isOpen(operation) || isInlet(operation)) continue;
        for (const [rank, one] of ROLES.entries()) {
            let ids = operation.method === 'DELETE' && operation.path !== '/api/v1/session' ? await deletable(operation) : world;
            // Everyone may change themselves; others is for admins (access.test).
            if (nameOf(operation) === 'PATCH /api/v1/users/{id}') ids = { ...world, user: (await sessions[one].get('/api/v1/session')).json.user.id };
            const client = operation.path === '/api/v1/session' && operation.method === 'DELETE' ? await logIn(`walker-${one}@example.org`) : sessions[one];
            const answer = await call(client, operation, { ids });
            const may = role !== null && rank >= ROLES.indexOf(role);
            if (/"code":"organizations"/.test(answer.text)) continue;
            if (may) assert.ok(![401, 403].includes(answer.status), `${one} at ${nameOf(operation)} (${role}): ${answer.status} ${answer.text}`);
            else expectProblem(answer, 403);
        }
    }
});

scenario('ids of another organization are ids of nobody, on every route, and nothing is changed or shown', async () => {
    const look = async () => JSON.stringify([
        (await api.get(`/api/v1/integrations/${world.integration}`)).json, (await api.get(`/api/v1/plugins/${world.plugin}`)).json, (await api.get(`/api/v1/webhooks/${world.webhook}`)).json, (await api.get(`/api/v1/users`)).json,
        (await api.get(`/api/v1/integrations/${world.integration}/events/${world.definition}`)).json, (await api.get(`/api/v1/api-keys`)).json,
    ]);
    const before = await look();
    const owner = new Client(hub.url, { key: hub.owners[1].apiKey });
    const session = await logIn(hub.owners[1].email);
    for (const operation of operations) {
        if (isInlet(operation) || isPostback(operation) || operation.path.startsWith('/test') || operation.path === '/api/v1/session' || operation.path === '/api/v1/organization') continue;
        for (const client of [owner, session]) {
            const answer = await call(client, operation);
            if (hasId(operation)) {
                const nobody = await call(client, operation, { ids: nobodies });
                if (ruleOf(operation).scope === null && client === owner) continue;
                expect(answer, 404);
                const strip = (one) => ({ ...one.json, requestId: null });
                assert.deepEqual(strip(answer), strip(nobody), `${nameOf(operation)}: the answer tells that it exists`);
            }
            for (const id of Object.values(world)) assert.ok(!answer.text.includes(id), `${nameOf(operation)} shows ${id} to another organization`);
        }
    }
    assert.equal(await look(), before);
    // A child under another's parent, too.
    const mine = await makeIntegration(theirs, 'mine');
    expectProblem(await theirs.get(`/api/v1/integrations/${mine.id}/events/${world.definition}`), 404);
    const second = await makeIntegration(api, 'second');
    expectProblem(await api.get(`/api/v1/integrations/${second.id}/events/${world.definition}`), 404);
});

// ── generated requests ──

function generator(seed) {
    let state = seed;
    const next = () => {
        state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
        return state / 2 ** 32;
    };
    const pick = (list) => list[Math.floor(next() * list.length)];
    const odd = [null, true, false, 0, -1, 1.5, 1e308, -9007199254740993, '', ' ', 'x', 'x'.repeat(3000), '\u0000', 'ü€😀', '../..', '%00', "' OR 1=1 --", '<script>', '2026-11-21T10:00:00Z', 'a@b.org', 'https://example.org', [], {}, [[]], [null], { a: 1 }, ['*'], [''], Array(300).fill('x')];
    function value(schema, depth = 0) {
        schema = follow(schema) ?? {};
        if (next() < 0.2 || depth > 5) return pick(odd);
        if (schema.enum) return pick(schema.enum);
        const type = Array.isArray(schema.type) ? pick(schema.type) : schema.type;
        if (type === 'object' || schema.properties) {
            const made = {};
            for (const [name, one] of Object.entries(schema.properties ?? {})) if (next() < 0.7) made[name] = value(one, depth + 1);
            if (next() < 0.15) made[String(pick(odd))] = pick(odd);
            return made;
        }
        if (type === 'array') return Array.from({ length: Math.floor(next() * 4) }, () => value(schema.items, depth + 1));
        if (type === 'integer' || type === 'number') return pick([0, 1, 5, 100, -5, 2 ** 31, 2 ** 53, 1e18, 0.5]);
        if (type === 'boolean') return next() < 0.5;
        if (type === 'null') return null;
        const example = schema.examples?.[0] ?? schema.example;
        return next() < 0.5 && example !== undefined ? example : pick(['a', 'name', 'custom_event.x', 'https://example.org/x', 'a@example.org', 'email', 'x'.repeat(250), ...odd.filter((one) => typeof one === 'string')]);
    }
    return { next, pick, value, odd };
}

scenario('generated requests never get a 5xx, and only answers that are documented', { timeout: 240000 }, async () => {
    const rounds = Number(process.env.JUNCTOR_GENERATED ?? 40);
    const seed = Number(process.env.JUNCTOR_SEED ?? Date.now() % 1e9);
    const random = generator(seed);
    for (const operation of operations) {
        if (operation.path === '/test/clock' && operation.method === 'POST') continue;
        if (operation.method === 'PATCH' && ['/api/v1/organization'].includes(operation.path)) continue; // would lock the others out
        for (let round = 0; round < rounds; round++) {
            const schema = Object.values(follow(operation.requestBody)?.content ?? {})[0]?.schema;
            let body = schema ? random.value(schema) : undefined;
            if (schema && random.next() < 0.1) body = JSON.stringify(body).slice(0, -1 - Math.floor(random.next() * 5));
            const ids = random.next() < 0.5 ? world : Object.fromEntries(Object.keys(PREFIXES).map((kind) => [kind, encodeURIComponent(String(random.pick([...random.odd.filter((one) => typeof one === 'string' && one !== '' && one.length < 400), `${PREFIXES[kind]}_zzzzzzzzzzzzz`, world.webhook])))]));
            const query = operation.parameters.filter((one) => one.in === 'query' && random.next() < 0.5).map((one) => `${one.name}=${encodeURIComponent(String(random.next() < 0.5 ? random.value(one.schema) : random.pick(random.odd)))}`).join('&');
            if (operation.method === 'DELETE' && ids === world) continue;
            const path = isPostback(operation) ? fillPostback(operation.path, { ...ids, organization: undefined }) : fill(operation.path, { ...ids, organization: hub.owners[0].organizationId, alias: random.pick(['world', 'world-hook', 'x', encodeURIComponent('ü/ %')]) }) + (query ? `?${query}` : '');
            const told = `seed ${seed}: ${operation.method} ${path} ${JSON.stringify(body)?.slice(0, 600)}`;
            const client = await rightfulOnce(operation);
            const answer = await client.request(operation.method, path, body === undefined ? undefined : typeof body === 'string' ? body : JSON.stringify(body));
            assert.ok(answer.status < 500, `${told}: ${answer.status} ${answer.text}`);
            try {
                checkAnswer(operation, answer);
            } catch (error) {
                error.message = `${told}: ${error.message}`;
                throw error;
            }
        }
    }
    expect(await hub.anonymous.get('/readyz'), 200);
    assert.deepEqual(hub.complaints, []);
    await hub.checkLedger();
});

const rightfulOnes = new Map();
async function rightfulOnce(operation) {
    if (operation.path === '/api/v1/session' && operation.method === 'DELETE') return hub.anonymous;
    if (!rightfulOnes.has(operation)) rightfulOnes.set(operation, await rightful(operation));
    return rightfulOnes.get(operation);
}
