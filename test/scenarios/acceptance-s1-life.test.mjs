// Seed 1, which customer type fires when, row by row, and one order through its whole life against a
// profile for each of the 23.
import assert from 'node:assert/strict';
import { before } from 'node:test';

import { checkEquations } from '../lib/books.mjs';
import { ledgerOf } from '../lib/fixtures.mjs';
import { scenario } from '../lib/hub.mjs';
import { Shop, parametersOf } from '../lib/exports.mjs';

let shop;

before(async () => (shop = await Shop.start()));

const CLUB = () => [{ productId: shop.club.id, price: '12.00' }];
const PLAIN = { lines: [{ sku: 'neuro-1', price: '10.00' }] };

// A step imports an order (`state`), or changes the one that the steps before have made. The number is how
// often its customer type fires by it.
const ROWS = [
    ['S1.44', 'partial', 'any incomplete order, with a product or without', [[{ state: 'partial', lines: [] }, 1], [{ state: 'partial', lines: [], again: true }, 0], [{ state: 'partial' }, 1], [{ state: 'complete' }, 0], [{ state: 'declined' }, 0]]],
    ['S1.45', 'lead', 'an incomplete order without a product', [[{ state: 'partial', lines: [] }, 1], [{ state: 'partial' }, 0], [{ state: 'complete' }, 0]]],
    ['S1.46', 'abandoned_cart', 'an incomplete order with a product', [[{ state: 'partial', lines: [] }, 0], [{ state: 'partial', again: true }, 1], [{ state: 'partial' }, 1], [{ state: 'complete' }, 0]]],
    ['S1.47', 'new_sale', 'a sale that was billed, and no decline', [[{ state: 'declined' }, 0], [{ state: 'complete', again: true }, 1], [{ state: 'complete', again: true }, 0], [{ state: 'complete' }, 1], [{ type: 'refund' }, 0], [{ state: 'partial' }, 0], [{ type: 'sale' }, 1]]],
    ['S1.48', 'upsell', 'an upsell of an order', [[{ state: 'complete' }, 0], [{ type: 'upsell', lines: [{ sku: 'extra', price: '5.00' }] }, 1], [{ state: 'complete', lines: [{ sku: 'a', price: '1.00' }, { sku: 'b', price: '2.00', upsell: true }] }, 1]]],
    ['S1.49', 'subscription_started', 'a sale with a product that recurs', [[{ state: 'complete' }, 0], [{ state: 'partial', club: true }, 0], [{ state: 'complete', club: true }, 1], [{ type: 'rebill' }, 0]]],
    ['S1.50', 'pre_billing', 'the mail before a bill was sent, before the bill', [[{ state: 'complete', club: true }, 0], [{ type: 'rebill' }, 0], [{ type: 'prebill_sent' }, 1], [{ type: 'rebill' }, 0]]],
    ['S1.51', 'recurring_order', 'a bill of a subscription', [[{ state: 'complete', club: true }, 0], [{ type: 'prebill_sent' }, 0], [{ type: 'rebill' }, 1], [{ type: 'rebill' }, 1], [{ type: 'rebill_declined' }, 0]]],
    ['S1.52', 'decline', 'a declined order, and no declined bill', [[{ state: 'complete', club: true }, 0], [{ type: 'rebill_declined' }, 0], [{ state: 'declined' }, 1], [{ state: 'partial' }, 0], [{ type: 'decline' }, 1]]],
    ['S1.53', 'rebill_decline', 'a declined bill, and no declined sale', [[{ state: 'declined' }, 0], [{ state: 'complete', club: true }, 0], [{ type: 'rebill_declined' }, 1]]],
    ['S1.54', 'recycle_failed', 'the last try of a bill has failed', [[{ state: 'complete', club: true }, 0], [{ type: 'rebill_declined' }, 0], [{ type: 'recycle_failed' }, 1]]],
    ['S1.55', 'cancel', 'a purchase that recurs is cancelled', [[{ state: 'complete', club: true }, 0], [{ type: 'pause' }, 0], [{ type: 'cancel' }, 1]]],
    ['S1.56', 'pause', 'a purchase that recurs is paused', [[{ state: 'complete', club: true }, 0], [{ type: 'pause' }, 1], [{ type: 'reactivate' }, 0]]],
    ['S1.57', 'reactivate', 'a purchase that recurs goes on', [[{ state: 'complete', club: true }, 0], [{ type: 'cancel' }, 0], [{ type: 'reactivate' }, 1]]],
    ['S1.58', 'all_refunds', 'a partial refund and a full one', [[{ state: 'complete' }, 0], [{ type: 'refund', amount: '4.00' }, 1], [{ type: 'refund' }, 1]]],
    ['S1.59', 'partial_refunds', 'less than all of the total', [[{ state: 'complete' }, 0], [{ type: 'refund', amount: '4.00' }, 1], [{ type: 'refund', amount: '1.00' }, 1], [{ type: 'refund' }, 0], [{ state: 'complete' }, 0], [{ type: 'refund' }, 0]]],
    ['S1.60', 'full_refunds', 'all of the total, by two partial ones too', [[{ state: 'complete', ...PLAIN }, 0], [{ type: 'refund', amount: '4.00' }, 0], [{ type: 'refund', amount: '6.00' }, 1], [{ state: 'complete' }, 0], [{ type: 'refund' }, 1]]],
    ['S1.61', 'chargeback', 'an order is charged back', [[{ state: 'complete' }, 0], [{ type: 'refund', amount: '1.00' }, 0], [{ type: 'chargeback' }, 1]]],
    ['S1.62', 'fulfillment_shipped', 'a parcel is shipped', [[{ state: 'complete' }, 0], [{ type: 'shipped', trackingNumber: '1Z' }, 1], [{ type: 'delivered' }, 0]]],
    ['S1.63', 'fulfillment_delivered', 'a parcel is delivered', [[{ state: 'complete' }, 0], [{ type: 'shipped', trackingNumber: '1Z' }, 0], [{ type: 'delivered' }, 1]]],
    ['S1.64', 'rma_issued', 'an RMA number is assigned', [[{ state: 'complete' }, 0], [{ type: 'rma_issued', rmaNumber: 'R-1' }, 1], [{ type: 'rma_received' }, 0]]],
    ['S1.65', 'rma_received', 'the return has come', [[{ state: 'complete' }, 0], [{ type: 'rma_issued', rmaNumber: 'R-1' }, 0], [{ type: 'rma_received' }, 1]]],
    ['S1.66', 'qa_pending', 'an order enters QA', [[{ state: 'complete' }, 0], [{ state: 'qa_pending' }, 1], [{ type: 'qa_approved' }, 0], [{ state: 'complete' }, 0], [{ type: 'qa_pending' }, 1]]],
];

for (const [row, type, label, steps] of ROWS) {
    scenario(`${row} ${type}: ${label}`, async () => {
        const profile = await shop.profile(type);
        let order;
        let fired = 0;
        for (const [i, [{ again, club, ...step }, times]] of steps.entries()) {
            if (step.state) order = await shop.order({ ...step, ...(club && { lines: CLUB() }), ...(again && { clientOrderId: order.clientOrderId }) });
            else await shop.change(order, { id: `${i}`, ...step });
            fired += times;
            assert.equal(await shop.count(profile), fired, `step ${i}: ${JSON.stringify(step)}`);
            // The same once more is the same, and not another.
            if (!step.state) await shop.change(order, { id: `${i}`, ...step });
        }
        assert.equal(await shop.count(profile), fired);
    });
}

const LIFE = [
    [{ state: 'partial', lines: [] }, ['partial', 'lead']],
    [{ state: 'partial', lines: [] }, []],
    [{ state: 'partial' }, ['abandoned_cart']],
    [{ id: 'd1', type: 'decline', reason: 'Card Declined' }, ['decline']],
    [{ state: 'complete' }, ['new_sale', 'subscription_started']],
    [{ state: 'complete' }, []],
    [{ id: 'u1', type: 'upsell', lines: [{ sku: 'extra', price: 50 }] }, ['upsell']],
    [{ id: 'p1', type: 'prebill_sent' }, ['pre_billing']],
    [{ id: 'r1', type: 'rebill' }, ['recurring_order']],
    [{ id: 'r1', type: 'rebill' }, []],
    [{ id: 'r2', type: 'rebill_declined' }, ['rebill_decline']],
    [{ id: 'f1', type: 'recycle_failed' }, ['recycle_failed']],
    [{ id: 'a1', type: 'reactivate' }, ['reactivate']],
    [{ id: 's1', type: 'pause' }, ['pause']],
    [{ id: 'a2', type: 'reactivate' }, ['reactivate']],
    [{ id: 'c1', type: 'cancel' }, ['cancel']],
    [{ id: 't1', type: 'shipped', trackingNumber: '1Z9' }, ['fulfillment_shipped']],
    [{ id: 't2', type: 'delivered' }, ['fulfillment_delivered']],
    [{ id: 'm1', type: 'rma_issued', rmaNumber: 'R-1' }, ['rma_issued']],
    [{ id: 'm2', type: 'rma_received' }, ['rma_received']],
    [{ id: 'q1', type: 'qa_pending' }, ['qa_pending']],
    [{ id: 'q2', type: 'qa_approved' }, []],
    [{ id: 'x1', type: 'refund', amount: '6.00' }, ['all_refunds', 'partial_refunds']],
    [{ id: 'x1', type: 'refund', amount: '6.00' }, []],
    [{ id: 'x2', type: 'refund', amount: '6.00' }, ['all_refunds', 'partial_refunds']],
    [{ id: 'x3', type: 'refund' }, ['all_refunds', 'full_refunds']],
    [{ id: 'b1', type: 'chargeback' }, ['chargeback']],
];

scenario('S1.44–66 one order through its whole life: 23 profiles, each fires once for each occurrence', async () => {
    const own = await Shop.start();
    const types = ROWS.map(([, type]) => type);
    assert.equal(types.length, 23);
    const profiles = Object.fromEntries(await Promise.all(types.map(async (type) => [type, await own.profile(type)])));
    const fired = Object.fromEntries(types.map((type) => [type, 0]));
    const cart = [{ sku: 'neuro-1', qty: 6, price: '282.00' }, { productId: own.club.id, price: '12.00' }];
    let order;
    for (const [step, expected] of LIFE) {
        if (step.state) order = await own.order({ clientOrderId: 'F5A8CD676F', lines: cart, ...step });
        else await own.change(order, step);
        for (const type of expected) fired[type]++;
        await own.hub.settled();
        const seen = Object.fromEntries(await Promise.all(types.map(async (type) => [type, await own.count(profiles[type])])));
        assert.deepEqual(seen, fired, JSON.stringify(step));
    }
    assert.ok(Object.values(fired).every((count) => count > 0), 'all 23 have fired');
    // Each tells what it is, and of which order.
    const wire = { new_sale: 'SALE', partial: 'PARTIAL', upsell: 'UPSELL', fulfillment_shipped: 'FULFILLMENT', rebill_decline: 'REBILL_DECLINE' };
    for (const [type, name] of Object.entries(wire)) assert.deepEqual(parametersOf((await own.sent(profiles[type]))[0]), [['type', name], ['order', `${order.orderId}`]]);
    const states = (await Promise.all(types.map((type) => own.deliveries(profiles[type])))).flat().map((row) => row.state);
    assert.deepEqual([...new Set(states)], ['delivered']);
    assert.equal(states.length, Object.values(fired).reduce((sum, count) => sum + count));
    checkEquations(await ledgerOf(own.api));
    await own.hub.checkLedger();
});
