// Both ends at once: the export profile of one hub, with the 25 rows of the guide, against the Konnektive
// plugin of another, through a restart of either.
import assert from 'node:assert/strict';
import http from 'node:http';

import { checkEquations } from '../lib/books.mjs';
import { ledgerOf, makeCampaign, makePlugin, makeProduct, makeProfile, makeRoute, makeSku } from '../lib/fixtures.mjs';
import { expect } from '../lib/http.mjs';
import { scenario, startHub } from '../lib/hub.mjs';
import { sleep, until } from '../lib/wait.mjs';

const ORDERS = 10000;
const AT_ONCE = 32;
const SECRET = 'hush-hush-both-ends';
const PARTS = ['address1', 'address2', 'city', 'state', 'country', 'postalCode'];

// Each order's values are its own, with signs that any of the encodings could spoil.
function orderOf(n, campaignId) {
    const odd = ['&', '=', '+', '%41', 'ö', '€', '🚀', ' ', '"', "'", '/', '?', '#', ';', ','][n % 15];
    const place = (prefix) => Object.fromEntries(PARTS.map((part) => [prefix ? `${prefix}${part[0].toUpperCase()}${part.slice(1)}` : part, part === 'country' ? ['US', 'DE', 'FR'][n % 3] : `${prefix}${part}${odd}${n}`]));
    const price = `${(n % 500) + 1}.${String(n % 100).padStart(2, '0')}`;
    return {
        campaignId, clientOrderId: `BOTH-${n}`, state: 'complete',
        customer: { firstName: `Ann${odd}${n}`, lastName: `${n}${odd}Lee`, emailAddress: `person${n}@example.org`, phoneNumber: `+1 555 ${n}`, ...place(''), ...place('ship') },
        lines: [{ sku: `sku-${n % 50}`, name: `Name ${odd} ${n}`, qty: (n % 9) + 1, price }],
    };
}

// Again until it is taken: the hub may be away for a moment. A client order id is one order.
async function send(client, body) {
    for (let tries = 0; ; tries++) {
        try {
            const answer = await client.post('/api/v1/orders', body);
            if (answer.status !== 503) return expect(answer, 201).json;
        } catch (error) {
            if (error.code === 'ERR_ASSERTION' || tries > 500) throw error;
        }
        await sleep(20);
    }
}

scenario(`${ORDERS} orders through the guide's mapping, and a restart of either side: every field is equal`, { timeout: 240000 }, async () => {
    const [here, there] = [await startHub({ clock: true }), await startHub()];
    const agent = new http.Agent({ keepAlive: true, maxSockets: AT_ONCE });
    const client = here.client().with({ agent });
    const incoming = await makeCampaign(there.client(), 'Incoming');
    const plugin = expect(await makePlugin(there.client(), incoming.id, { secret: SECRET, importUnknownSkus: true }), 201).json;
    const campaign = await makeCampaign(client, 'Outgoing');
    const product = await makeProduct(client, 'Any');
    for (let n = 0; n < 50; n++) await makeSku(client, campaign.id, `sku-${n}`, { productId: product.id });
    const mappings = { ...plugin.fieldMapping, 'header:X-Webhook-Secret': SECRET };
    assert.equal(Object.keys(plugin.fieldMapping).filter((name) => !name.startsWith('header:')).length, 25);
    const profile = await makeProfile(client, plugin.webhookUrl.split('?')[0], { mappings, concurrency: 8 });
    await makeRoute(client, profile.id);

    const numbers = new Map(); // number of an order here → n
    let next = 0;
    const worker = async () => {
        while (next < ORDERS) {
            const n = next++;
            numbers.set(`${(await send(client, orderOf(n, campaign.id))).orderId}`, n);
        }
    };
    const restarts = async () => {
        await until('a third is in', () => next > ORDERS / 3, { timeout: 60000 });
        await there.restart();
        await until('two thirds are in', () => next > (ORDERS * 2) / 3, { timeout: 60000 });
        await here.restart();
    };
    await Promise.all([restarts(), ...Array.from({ length: AT_ONCE }, worker)]);
    assert.equal(numbers.size, ORDERS);
    await until('nothing is pending', async () => {
        await here.advance(60000); // what had failed meanwhile is tried again
        return (await ledgerOf(client)).pending === 0;
    }, { timeout: 60000, every: 200 });

    const arrived = await there.client().all('/api/v1/orders');
    assert.equal(arrived.length, ORDERS);
    const seen = new Set();
    for (const order of arrived) {
        const n = numbers.get(order.senderOrderId);
        const { customer, lines } = orderOf(n, campaign.id);
        seen.add(n);
        assert.deepEqual([order.state, order.campaignId, order.customer], ['complete', incoming.id, customer], `order ${n}`);
        assert.deepEqual(order.lines.map(({ sku, name, qty, price }) => ({ sku, name, qty, price })), lines, `order ${n}`);
    }
    assert.equal(seen.size, ORDERS, 'each is there once');
    const rows = await ledgerOf(client);
    assert.deepEqual([rows.deliveries, rows.delivered, rows.dead, rows.dropped], [ORDERS, ORDERS, 0, 0]);
    checkEquations(rows);
    agent.destroy();
    for (const hub of [here, there]) {
        await hub.stop();
        await hub.checkLedger();
    }
});
