// What most scenarios begin with.
import { expect } from './http.mjs';
import { until } from './wait.mjs';

export const EMAIL = { id: 'email', name: 'E-mail', type: 'email', required: true, isPrimaryKey: true };

export const TEXT = { id: 'text', name: 'Text', type: 'text', required: false, isPrimaryKey: false };

export async function makeIntegration(client, name = 'Shop') {
    return expect(await client.post('/api/v1/integrations', { name }), 201).json;
}

// A custom event; `more` may hold context, alias, name, fields (besides the e-mail), integration.
export async function makeEvent(client, { context = 'api', alias = 'order', name = 'Order', fields = [], integration, primary = EMAIL } = {}) {
    const id = integration ?? (await makeIntegration(client)).id;
    const made = expect(await client.post(`/api/v1/integrations/${id}/events`, { context, name, alias, fields: [...(primary ? [primary] : []), ...fields] }), 201).json;
    return { ...made, integration: id };
}

export async function makeWebhook(client, url, { name = 'Receiver', eventTypes = ['*'], ...more } = {}) {
    return expect(await client.post('/api/v1/webhooks', { name, url, eventTypes, ...more }), 201).json;
}

export async function makeCampaign(client, name = 'Campaign') {
    return expect(await client.post('/api/v1/campaigns', { name }), 201).json;
}

export async function makeProduct(client, name = 'Product', more = {}) {
    return expect(await client.post('/api/v1/products', { name, ...more }), 201).json;
}

export async function makeSku(client, campaignId, sku, more = {}) {
    return expect(await client.post('/api/v1/skus', { campaignId, sku, ...more }), 201).json;
}

// An export profile by POST of a postback; `changes` replace its members.
export async function makeProfile(client, url, changes = {}) {
    const body = { name: 'Profile', type: 'postback', url, mappings: { order: '[orderId]' }, ...changes };
    return expect(await client.post('/api/v1/export-profiles', body), 201).json;
}

export async function makeRoute(client, profileId, customerType = 'new_sale', more = {}) {
    return expect(await client.post(`/api/v1/export-profiles/${profileId}/routes`, { customerType, ...more }), 201).json;
}

export const PLUGIN_SECRET = 'a secret of the sender';

export function makePlugin(client, campaignId, changes = {}) {
    return client.post('/api/v1/plugins', { type: 'konnektive', name: 'Konnektive', secret: PLUGIN_SECRET, campaignId, ...changes });
}

export function sendApi(client, alias, body, { create = true, headers = {}, query } = {}) {
    const search = query ?? (create === undefined ? '' : `?createContact=${create}`);
    return client.post(`/custom-events/alias/${alias}${search}`, body, { headers });
}

// Through the public webhook URL, without any key.
export function sendWebhook(client, organizationId, alias, body, { headers = {}, query = '' } = {}) {
    return client.with({ key: undefined }).post(`/${organizationId}/custom-events/alias/${alias}${query}`, body, { headers });
}

export async function deliveriesOf(client, webhookId) {
    return client.all(`/api/v1/webhooks/${webhookId}/deliveries`);
}

export async function deliveryOf(client, id) {
    return expect(await client.get(`/api/v1/deliveries/${id}`), 200).json;
}

// The newest delivery of a webhook, with its attempts, once `when` holds for it.
export async function waitDelivery(client, webhookId, when = (delivery) => delivery.state !== 'pending', options = {}) {
    return until(`a delivery of ${webhookId}`, async () => {
        const rows = expect(await client.get(`/api/v1/webhooks/${webhookId}/deliveries?limit=1`), 200).json.data;
        if (rows.length === 0) return false;
        const delivery = await deliveryOf(client, rows[0].id);
        return when(delivery) && delivery;
    }, options);
}

export async function ledgerOf(client, since) {
    return expect(await client.get(`/api/v1/ledger${since ? `?since=${encodeURIComponent(since)}` : ''}`), 200).json;
}

// A body of exactly `size` bytes for an event with the fields email and text.
export function bodyOfSize(size, email = 'big@example.org') {
    const head = `{"email":"${email}","text":"`;
    const tail = '"}';
    return Buffer.from(head + 'a'.repeat(size - head.length - tail.length) + tail);
}
