// Seed 1, which orders a profile sends, row by row: campaigns, products, several routes, test cards.
import assert from 'node:assert/strict';
import { before } from 'node:test';

import { checkEquations } from '../lib/books.mjs';
import { ledgerOf, makeCampaign, makePlugin, makeProduct, makeRoute } from '../lib/fixtures.mjs';
import { expect } from '../lib/http.mjs';
import { scenario } from '../lib/hub.mjs';
import { MINUTE, PERSON, PROFILES, Shop, parametersOf } from '../lib/exports.mjs';

let shop;
let other;

before(async () => {
    shop = await Shop.start();
    other = await makeCampaign(shop.api, 'Other');
});

const typesOf = async (profile) => (await shop.sent(profile)).map((one) => Object.fromEntries(parametersOf(one)).type);

scenario('S1.6 an order paid with the test card matches, and is not sent: the delivery says why', async () => {
    const profile = await shop.profile(['new_sale', 'all_refunds']);
    const order = await shop.order({ testCard: true });
    assert.equal(await shop.count(profile), 0);
    const delivery = await shop.delivery(profile);
    assert.deepEqual([delivery.state, delivery.reason, delivery.attemptCount], ['dropped', 'skipped: test card', 0]);
    await shop.change(order, { type: 'refund' });
    const real = await shop.order();
    assert.deepEqual((await shop.sent(profile)).map((one) => Object.fromEntries(parametersOf(one)).order), [`${real.orderId}`]);
    checkEquations(await ledgerOf(shop.api));
});

scenario('S1.39 a route is a customer type, in some campaigns, with some products', async () => {
    const [byCampaign, byProduct, byBoth] = [
        await shop.profile('new_sale', { routes: { campaignIds: [shop.campaign.id] } }),
        await shop.profile('new_sale', { routes: { productIds: [shop.club.id] } }),
        await shop.profile('new_sale', { routes: { campaignIds: [other.id], productIds: [shop.club.id] } }),
    ];
    const club = { lines: [{ productId: shop.club.id }] };
    const counts = async () => [await shop.count(byCampaign), await shop.count(byProduct), await shop.count(byBoth)];
    for (const [order, expected] of [
        [{}, [1, 0, 0]],
        [{ campaignId: other.id }, [1, 0, 0]],
        [club, [2, 1, 0]],
        [{ campaignId: other.id, ...club }, [2, 2, 1]],
        [{ lines: [] }, [3, 2, 1]],
    ]) {
        await shop.order(order);
        assert.deepEqual(await counts(), expected, JSON.stringify(order));
    }
});

scenario('S1.39 the product that counts is that of the line that something has happened to', async () => {
    const profile = await shop.profile('cancel', { routes: { productIds: [shop.product.id] } });
    const clubs = await shop.profile('cancel', { routes: { productIds: [shop.club.id] } });
    const order = await shop.order({ lines: [{ productId: shop.product.id }, { productId: shop.club.id }] });
    await shop.change(order, { type: 'cancel', productId: shop.club.id });
    assert.deepEqual([await shop.count(profile), await shop.count(clubs)], [0, 1]);
});

scenario('S1.67 Partial in campaign 1 alone: a partial in campaign 2 is not sent', async () => {
    const profile = await shop.profile('partial', { routes: { campaignIds: [shop.campaign.id] } });
    await shop.order({ state: 'partial', campaignId: other.id });
    assert.equal(await shop.count(profile), 0);
    await shop.order({ state: 'partial' });
    assert.equal(await shop.count(profile), 1);
});

scenario('S1.68 several routes of a profile are an OR; two that ask for the same send once', async () => {
    const profile = await shop.profile('partial', { routes: { campaignIds: [shop.campaign.id] } });
    await makeRoute(shop.api, profile.id, 'partial', { productIds: [shop.product.id] });
    await makeRoute(shop.api, profile.id, 'decline', { campaignIds: [other.id] });
    await makeRoute(shop.api, profile.id, 'lead');
    const order = await shop.order({ state: 'partial' }); // both of Partial
    assert.deepEqual(await typesOf(profile), ['PARTIAL']);
    await shop.order({ state: 'partial', campaignId: other.id, lines: [{ productId: shop.product.id }] }); // by its product
    await shop.order({ state: 'partial', campaignId: other.id, lines: [] }); // no Partial, but a Lead
    await shop.order({ state: 'declined', campaignId: other.id });
    await shop.order({ state: 'declined' });
    assert.deepEqual(await typesOf(profile), ['PARTIAL', 'PARTIAL', 'LEAD', 'DECLINE']);
    assert.equal((await shop.deliveries(profile)).length, 4);
    assert.equal(order.occurrences.length, 2);
});

scenario('B10 different types of one occurrence are sent apart, told apart by [customerType]', async () => {
    const profile = await shop.profile(['new_sale', 'subscription_started', 'all_refunds', 'partial_refunds', 'full_refunds']);
    const order = await shop.order({ lines: [{ productId: shop.club.id }] });
    await shop.change(order, { type: 'refund', amount: '2.00' });
    await shop.change(order, { type: 'refund' });
    assert.deepEqual(await typesOf(profile), ['SALE', 'SUBSCRIPTION', 'REFUND', 'PARTIAL_REFUND', 'REFUND', 'FULL_REFUND']);
});

scenario('B11 a partial that has become a sale within the delay is dropped, and says so; the sale goes', async () => {
    const profile = await shop.profile(['partial', 'lead', 'abandoned_cart', 'new_sale'], { delayMinutes: 20 });
    const order = await shop.order({ state: 'partial' });
    const stays = await shop.order({ state: 'partial' });
    await shop.hub.advance(10 * MINUTE);
    await shop.order({ clientOrderId: order.clientOrderId });
    await shop.hub.advance(20 * MINUTE);
    const sent = (await shop.sent(profile)).map((one) => parametersOf(one).map(([, value]) => value).join(' '));
    assert.deepEqual(sent.sort(), [`ABANDONED_CART ${stays.orderId}`, `PARTIAL ${stays.orderId}`, `SALE ${order.orderId}`].sort());
    const dropped = (await shop.deliveries(profile)).filter((row) => row.state === 'dropped');
    assert.deepEqual(dropped.map((row) => [row.eventType, row.reason]).sort(), [['order.abandoned_cart', 'converted'], ['order.partial', 'converted']]);
    checkEquations(await ledgerOf(shop.api));
    await shop.hub.checkLedger();
});

scenario('B12 repeated calls of a lead are one Partial', async () => {
    const profile = await shop.profile('partial');
    const clientOrderId = 'B12-1';
    for (const city of ['A', 'B', 'C']) await shop.order({ clientOrderId, state: 'partial', customer: { ...PERSON, city } });
    assert.equal(await shop.count(profile), 1);
});

scenario('S1.74 nor is anything sent to files of a test order: sale, refund or bill', async () => {
    const types = ['new_sale', 'all_refunds', 'recurring_order', 'pre_billing', 'chargeback', 'fulfillment_shipped'];
    const ftp = { type: 'ftp', protocol: 'ftp', host: '127.0.0.1', port: 2121, user: 'u', password: 'p' };
    const profiles = [await shop.profile(types), await shop.profile(types, { type: 'csv' }), await shop.profile(types, ftp)];
    const order = await shop.order({ testCard: true, lines: [{ productId: shop.club.id }] });
    for (const type of ['prebill_sent', 'rebill', 'refund', 'chargeback']) await shop.change(order, { type });
    await shop.change(order, { type: 'shipped', trackingNumber: '1Z' });
    for (const profile of profiles) {
        await shop.hub.settled();
        const rows = await shop.deliveries(profile);
        assert.deepEqual([...new Set(rows.map((row) => `${row.state}: ${row.reason}`))], ['dropped: skipped: test card'], profile.type);
        assert.deepEqual(rows.map((row) => row.eventType).sort(), types.map((type) => `order.${type}`).sort());
    }
    assert.equal(await shop.count(profiles[0]), 0);
    const told = expect(await shop.api.post(`${PROFILES}/${profiles[1].id}/explain`, { orderId: order.id }), 200).json;
    assert.deepEqual(told.reasons.map((reason) => reason.code), ['test_card']);
});

scenario('S1.6 B14 a postback that says the test card\'s number makes a test order, and what comes of it later stays one', async () => {
    const profile = await shop.profile(['new_sale', 'all_refunds', 'fulfillment_shipped']);
    const secret = 'a secret of the sender';
    const plugin = expect(await makePlugin(shop.api, shop.campaign.id, { secret }), 201).json;
    const { pathname, search } = new URL(plugin.webhookUrl);
    const post = async (body) => expect(await shop.hub.anonymous.post(`${pathname}${search}`, body, { headers: { 'X-Webhook-Secret': secret } }), 200);
    const sale = { customerType: 'SALE', orderStatus: 'COMPLETE', product1_sku: 'neuro-1', product1_price: '94.00' };
    await post({ ...sale, orderId: '7001', cardNumber: '0000000000000000' });
    await post({ orderId: '7001', customerType: 'FULFILLMENT', fulfillmentStatus: 'SHIPPED', trackingNumber: '1Z' });
    await post({ orderId: '7001', customerType: 'REFUND', refundAmount: '94.00' });
    await post({ ...sale, orderId: '7002', cardNumber: '4111111111111111' });
    assert.deepEqual(await typesOf(profile), ['SALE']);
    const dropped = (await shop.deliveries(profile)).filter((row) => row.state === 'dropped');
    assert.deepEqual(dropped.map((row) => row.eventType).sort(), ['order.all_refunds', 'order.fulfillment_shipped', 'order.new_sale']);
    assert.ok(dropped.every((row) => row.reason === 'skipped: test card'));
});

scenario('S1.48 an upsell is about the line that has come, not about those before it', async () => {
    const shop = await Shop.start(); // of its own: what others have made would come, too
    const second = await makeProduct(shop.api, 'Other', { price: '9.00' });
    const profiles = [];
    for (const product of [shop.product, second]) profiles.push(await shop.profile('upsell', { routes: { productIds: [product.id] } }));
    const order = await shop.order();
    const counts = async () => [await shop.count(profiles[0]), await shop.count(profiles[1])];
    await shop.change(order, { id: 'u1', type: 'upsell', lines: [{ productId: shop.product.id }] });
    assert.deepEqual(await counts(), [1, 0]);
    await shop.change(order, { id: 'u2', type: 'upsell', lines: [{ productId: second.id }] });
    assert.deepEqual(await counts(), [1, 1]);
    await shop.change(order, { id: 'u3', type: 'upsell', lines: [{ productId: second.id }, { productId: shop.product.id }] });
    assert.deepEqual(await counts(), [2, 2], 'of several that come together it is about all');
});
