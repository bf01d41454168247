// Export profiles at work: a hub with a campaign and products, and a receiver at which each profile has a
// path of its own.
import { after } from 'node:test';

import { makeCampaign, makeProduct, makeProfile, makeRoute, makeSku } from './fixtures.mjs';
import { expect } from './http.mjs';
import { startHub } from './hub.mjs';
import { startReceiver } from './receiver.mjs';

export const PROFILES = '/api/v1/export-profiles';
export const MINUTE = 60000;
export const HOUR = 60 * MINUTE;

export const PERSON = {
    firstName: 'Ann', lastName: 'Lee', emailAddress: 'ann@x.org', phoneNumber: '+1 555 0100',
    address1: '1 Main St', address2: 'Apt 2', city: 'Albany', state: 'NY', country: 'US', postalCode: '12207',
    shipAddress1: '9 Dock Rd', shipAddress2: 'Dock 2', shipCity: 'Troy', shipState: 'NJ', shipCountry: 'US', shipPostalCode: '07001',
};

// Name and value of each parameter of a request, in their order: of its query, or of its form.
export function parametersOf(received) {
    const query = received.path.split('?')[1] ?? '';
    return [...new URLSearchParams(query || received.body.toString())];
}

const receivers = [];
after(() => Promise.all(receivers.map((receiver) => receiver.close())));

export class Shop {
    static async start(options = {}) {
        const shop = new Shop();
        shop.hub = await startHub({ clock: true, ...options });
        shop.api = shop.hub.client();
        shop.receiver = await startReceiver();
        shop.profiles = 0;
        shop.orders = 0;
        receivers.push(shop.receiver);
        shop.campaign = await makeCampaign(shop.api, 'Lander');
        shop.product = await makeProduct(shop.api, 'Neuro', { price: '47.00' });
        shop.club = await makeProduct(shop.api, 'Club', { price: '12.00', recurring: true });
        await makeSku(shop.api, shop.campaign.id, 'neuro-1', { productId: shop.product.id });
        return shop;
    }

    // With a route for each of these customer types. New routes send what has happened in the day before:
    // not what other scenarios have made.
    async profile(types, { url, routes = {}, ...changes } = {}) {
        if (this.recent) await this.hub.advance(25 * HOUR);
        this.recent = false;
        const path = `/p${++this.profiles}`;
        const target = changes.type ? undefined : (url ?? `${this.receiver.url}${path}`);
        const made = await makeProfile(this.api, target, { mappings: { type: '[customerType]', order: '[orderId]' }, ...changes });
        for (const type of [types].flat()) await makeRoute(this.api, made.id, type, routes);
        return { ...made, path };
    }

    async order(body = {}) {
        this.recent = true;
        const clientOrderId = `C-${++this.orders}`;
        const lines = [{ sku: 'neuro-1', qty: 2, price: '94.00' }];
        return expect(await this.api.post('/api/v1/orders', { campaignId: this.campaign.id, clientOrderId, state: 'complete', customer: PERSON, lines, ...body }), 201).json;
    }

    async change(of, body) {
        return expect(await this.api.post(`/api/v1/orders/${of.id}/changes`, body), 201).json;
    }

    // What has come for a profile, once the hub has nothing to do any more.
    async sent(profile) {
        await this.hub.settled();
        return this.receiver.requests.filter((received) => received.path.split('?')[0] === profile.path);
    }

    async count(profile) {
        return (await this.sent(profile)).length;
    }

    // The one thing that has come for a profile.
    async only(profile) {
        const all = await this.sent(profile);
        if (all.length !== 1) throw new Error(`${all.length} requests have come for ${profile.path}`);
        return all[0];
    }

    async deliveries(profile) {
        return this.api.all(`${PROFILES}/${profile.id}/deliveries`);
    }

    async delivery(profile) {
        const rows = await this.deliveries(profile);
        if (rows.length !== 1) throw new Error(`${rows.length} deliveries of ${profile.path}`);
        return expect(await this.api.get(`/api/v1/deliveries/${rows[0].id}`), 200).json;
    }

    async preview(profile, order, more = {}) {
        return expect(await this.api.post(`${PROFILES}/${profile.id}/preview`, { orderId: order.id, ...more }), 200).json;
    }

    async update(profile, changes) {
        return expect(await this.api.patch(`${PROFILES}/${profile.id}`, changes), 200).json;
    }
}
