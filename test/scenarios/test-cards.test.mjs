// Which cards are test cards is the account's choice: what is paid with one is not exported.
import assert from 'node:assert/strict';

import { checkEquations } from '../lib/books.mjs';
import { ledgerOf, makePlugin } from '../lib/fixtures.mjs';
import { expect, expectProblem } from '../lib/http.mjs';
import { scenario, startHub } from '../lib/hub.mjs';
import { HOUR, PERSON, Shop } from '../lib/exports.mjs';

const ORGANIZATION = '/api/v1/organization';
const ZEROS = '0000000000000000';
const LISTED = '4242 4242-4242 4242';
const UNLISTED = '5105105105105100';
const LOGIN = { loginId: 'a-page', password: 'a password of it' };
const HEADERS = { 'X-Webhook-Secret': 'hush-hush-Konnektive-7' };

const cardsOf = async (api) => expect(await api.get(ORGANIZATION), 200).json.testCards;
const choose = async (api, testCards) => expect(await api.patch(ORGANIZATION, { testCards }), 200).json.testCards;

scenario('B14 the account\'s test cards: zeros at first, any list after that, kept over a restart, and not in the audit trail', async () => {
    const hub = await startHub({ organizations: 2 });
    const api = hub.client();
    assert.deepEqual(await cardsOf(api), [ZEROS]);
    assert.deepEqual(await choose(api, [LISTED, ' 0000-0000-0000-0000 ', '4242424242424242']), ['4242424242424242', ZEROS], 'digits alone, each once');
    expect(await api.patch(ORGANIZATION, { name: 'Acme' }), 200);
    await hub.restart();
    assert.deepEqual(await cardsOf(api), ['4242424242424242', ZEROS]);
    assert.deepEqual(await cardsOf(hub.client(hub.owners[1])), [ZEROS], 'each account has its own');
    const audit = (await api.all('/api/v1/audit')).find((entry) => entry.detail.testCards !== undefined);
    assert.deepEqual([audit.action, audit.detail], ['organization.update', { testCards: '(sealed)' }]);
    const fifty = Array.from({ length: 50 }, (_, i) => `${400000000000 + i}${'0'.repeat(i % 8)}`);
    assert.deepEqual(await choose(api, fifty), fifty, '12 to 19 digits');
    assert.deepEqual(await choose(api, []), []);
});

scenario('B14 what is no list of card numbers is refused by its field, and changes nothing', async () => {
    const hub = await startHub();
    const api = hub.client();
    const good = '4242424242424242';
    for (const [testCards, pointer] of [
        [null, ''], ['', ''], [good, ''], [{}, ''], [Array(51).fill(good), ''], [[good, 4242424242424242], '/1'], [[null], '/0'], [[''], '/0'],
        [[good, '4'.repeat(11)], '/1'], [['4'.repeat(20)], '/0'], [['4242.4242.4242.4242'], '/0'], [['424242424242424x'], '/0'], [['------------'], '/0'],
        [['4242,4242,4242,4242'], '/0'], [['٤٢٤٢٤٢٤٢٤٢٤٢٤٢٤٢'], '/0'], [['4242\t424242424242'], '/0'],
    ]) {
        const { errors } = expectProblem(await api.patch(ORGANIZATION, { name: 'Changed', testCards }), 422, 'invalid').json;
        assert.deepEqual(errors.map((one) => one.pointer), [`/testCards${pointer}`], JSON.stringify(testCards));
        assert.ok(!JSON.stringify(errors).includes('424'), 'a number is not said again');
    }
    const two = expectProblem(await api.patch(ORGANIZATION, { testCards: ['1', good, 'x'] }), 422).json.errors;
    assert.deepEqual(two.map((one) => [one.pointer, one.code]), [['/testCards/0', 'format'], ['/testCards/2', 'format']]);
    const { name, testCards } = expect(await api.get(ORGANIZATION), 200).json;
    assert.deepEqual([name, testCards], ['Acme', [ZEROS]]);
});

// Both ways in that see a card; each sends an order, and says which it was.
async function waysIn(shop) {
    const plugin = expect(await makePlugin(shop.api, shop.campaign.id, { secret: HEADERS['X-Webhook-Secret'], clientApi: LOGIN }), 201).json;
    const path = `/api/v1/plugins/webhooks/konnektive/${shop.hub.owners[0].organizationId}/${plugin.id}`;
    let number = 0;
    return {
        postback: async (cardNumber) => {
            const orderId = `PB-${++number}`;
            expect(await shop.hub.anonymous.post(path, { orderId, customerType: 'SALE', ...PERSON, product1_sku: 'neuro-1', product1_price: '94.00', cardNumber }, { headers: HEADERS }), 200);
            return (await shop.api.all('/api/v1/orders')).find((order) => order.senderOrderId === orderId);
        },
        client: async (cardNumber) => {
            const form = new URLSearchParams({ ...LOGIN, ...PERSON, campaignId: shop.campaign.number, product1_id: 'neuro-1', paySource: 'CREDITCARD', cardNumber });
            const answer = expect(await shop.hub.anonymous.post('/order/import/', form.toString(), { headers: { 'content-type': 'application/x-www-form-urlencoded' } }), 200).json;
            assert.equal(answer.result, 'SUCCESS', JSON.stringify(answer));
            return { ...(await shop.api.all('/api/v1/orders')).find((order) => order.clientOrderId === answer.message.orderId), said: answer.message };
        },
    };
}

scenario('S1.6 B14 what comes with a listed card is a test order and makes no export, whichever way; with one that is not listed it goes out', async () => {
    const shop = await Shop.start();
    const ways = await waysIn(shop);
    const profile = await shop.profile(['new_sale', 'all_refunds']);
    const csv = await shop.profile('new_sale', { type: 'csv' });
    const wanted = [];
    const tests = [];
    const send = async (way, card, test) => {
        const order = await ways[way](card);
        assert.equal(order.testCard, test, `${way} ${card}`);
        if (order.said) assert.deepEqual([order.said.isTest, order.said.cardType === 'TESTCARD'], [test ? '1' : '0', test]);
        (test ? tests : wanted).push(order);
    };
    for (const way of ['postback', 'client']) {
        await choose(shop.api, [ZEROS]);
        await send(way, ZEROS, true);
        await send(way, LISTED, false);
        await choose(shop.api, [LISTED, '3782 822463 10005']);
        await send(way, '4242424242424242', true);
        await send(way, '4242-4242-4242-4242', true);
        await send(way, '378282246310005', true);
        await send(way, UNLISTED, false);
        await send(way, ZEROS, false);
        await choose(shop.api, []);
        await send(way, ZEROS, false);
    }
    // The flag stays with the order, and what comes of it.
    await shop.change(tests[0], { type: 'refund' });
    await shop.hub.restart();
    await shop.change(tests[2], { type: 'refund' });
    await shop.hub.settled();
    const sent = (await shop.sent(profile)).map((one) => new URLSearchParams(one.path.split('?')[1] ?? one.body.toString()).get('order'));
    assert.deepEqual(sent.sort(), wanted.map((order) => order.senderOrderId ?? `${order.orderId}`).sort());
    for (const one of [profile, csv]) {
        const rows = await shop.deliveries(one);
        const dropped = rows.filter((row) => row.state === 'dropped');
        assert.ok(dropped.every((row) => row.reason === 'skipped: test card' && row.attemptCount === 0), JSON.stringify(dropped[0]));
        assert.deepEqual([dropped.length, rows.filter((row) => row.state === 'delivered').length], [tests.length + (one === profile ? 2 : 0), wanted.length]);
    }
    await shop.hub.advance(HOUR);
    checkEquations(await ledgerOf(shop.api));
    await shop.hub.checkLedger();
});
