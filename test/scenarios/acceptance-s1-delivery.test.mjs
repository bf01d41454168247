// Seed 1, when and how surely it is sent, row by row: sweeps, retries, outages, the customer's history.
import assert from 'node:assert/strict';

import { checkEquations } from '../lib/books.mjs';
import { ledgerOf, makeRoute } from '../lib/fixtures.mjs';
import { expect } from '../lib/http.mjs';
import { freePort, scenario, sqliteOf } from '../lib/hub.mjs';
import { HOUR, MINUTE, PERSON, PROFILES, Shop, parametersOf } from '../lib/exports.mjs';
import { until } from '../lib/wait.mjs';

const ordersOf = async (shop, profile) => (await shop.sent(profile)).map((one) => Number(Object.fromEntries(parametersOf(one)).order));

scenario('S1.17 every 15 minutes what has happened since the last time: at 1 and 14 go at 15, at 16 at 30; each once', async () => {
    const shop = await Shop.start();
    const profile = await shop.profile('new_sale', { mode: 'compatible' });
    const sent = [];
    let minute = 0;
    const goTo = async (to) => {
        await shop.hub.advance((to - minute) * MINUTE);
        minute = to;
    };
    for (const [at, due] of [[1, 15], [14, 15], [16, 30]]) {
        await goTo(at);
        sent.push([(await shop.order()).orderId, due]);
    }
    // The first two were due at 15: they have gone by 16.
    assert.deepEqual((await ordersOf(shop, profile)).sort(), [sent[0][0], sent[1][0]]);
    await shop.hub.advance(14 * MINUTE - 1);
    assert.equal(await shop.count(profile), 2);
    await shop.hub.advance(1);
    assert.deepEqual((await ordersOf(shop, profile))[2], sent[2][0]);
    await shop.hub.advance(HOUR);
    assert.equal(await shop.count(profile), 3);
});

scenario('S1.17 nothing goes between two sweeps', async () => {
    const shop = await Shop.start();
    const profile = await shop.profile('new_sale', { mode: 'compatible' });
    await shop.hub.advance(MINUTE);
    await shop.order();
    await shop.hub.advance(14 * MINUTE - 1);
    assert.equal(await shop.count(profile), 0);
    await shop.hub.advance(1);
    assert.equal(await shop.count(profile), 1);
});

scenario('S1.18 with a delay of 5 every 20 minutes: sent by 20, and not before 5', async () => {
    const shop = await Shop.start();
    const profile = await shop.profile('new_sale', { mode: 'compatible', delayMinutes: 5 });
    await shop.hub.advance(1);
    await shop.order(); // due at 5: the sweep of 20 takes it
    await shop.hub.advance(5 * MINUTE);
    assert.equal(await shop.count(profile), 0);
    await shop.hub.advance(15 * MINUTE - 2);
    assert.equal(await shop.count(profile), 0);
    await shop.hub.advance(1);
    assert.equal(await shop.count(profile), 1);
    await shop.hub.advance(19 * MINUTE);
    await shop.order(); // at 39, due at 44: that of 60
    await shop.hub.advance(20 * MINUTE);
    assert.equal(await shop.count(profile), 1);
    await shop.hub.advance(MINUTE);
    assert.equal(await shop.count(profile), 2);
});

scenario('what is sent is fixed when it is due, though its courier comes later', async () => {
    const shop = await Shop.start();
    const mappings = { order: '[orderId]', phone: '[phoneNumber]', type: '[customerType]' };
    const paused = await shop.profile('new_sale', { mappings, delayMinutes: 10 });
    const sick = await shop.profile('new_sale', { mappings, delayMinutes: 10 });
    const partial = await shop.profile('partial', { mappings, delayMinutes: 10 });
    const phonesOf = async (profile) => (await shop.sent(profile)).map((one) => Object.fromEntries(parametersOf(one)).phone);
    let down = true;
    shop.receiver.script = ({ path }) => (down && path.startsWith(sick.path) ? 500 : 200);
    for (const profile of [paused, partial]) await shop.update(profile, { status: 'paused' });

    const clientOrderId = 'fixed-when-due';
    const withPhone = (state, phoneNumber) => shop.order({ clientOrderId, state, customer: { ...PERSON, phoneNumber } });
    await withPhone('partial', '1');
    await shop.hub.advance(2 * MINUTE);
    await withPhone('complete', '2');
    await shop.hub.advance(7 * MINUTE);
    await shop.hub.settled();
    await withPhone('complete', '3'); // a minute before the partial is due
    await shop.hub.advance(MINUTE);
    await shop.hub.settled();
    // Of one who has bought the partial is not sent, and that is known at once, paused or not.
    assert.deepEqual([(await shop.delivery(partial)).state, (await shop.delivery(partial)).reason], ['dropped', 'converted']);
    await shop.hub.advance(2 * MINUTE);
    await shop.hub.settled();
    await withPhone('complete', '4'); // behind it
    await shop.hub.restart();
    for (const profile of [paused, partial]) await shop.update(profile, { status: 'active' });
    down = false;
    await shop.hub.advance(HOUR);
    assert.deepEqual([await phonesOf(paused), await shop.count(partial)], [['3'], 0]);
    assert.deepEqual([...new Set(await phonesOf(sick))], ['3']);
    assert.equal((await shop.delivery(sick)).state, 'delivered');
    checkEquations(await ledgerOf(shop.api));
    await shop.hub.checkLedger();
});

scenario('what is due while an earlier one about the same order cannot be sent is fixed then, too', async () => {
    const shop = await Shop.start();
    const profile = await shop.profile(['new_sale', 'all_refunds'], { mappings: { type: '[customerType]', phone: '[phoneNumber]' }, delayMinutes: 10 });
    let down = true;
    shop.receiver.script = () => (down ? 500 : 200);
    const clientOrderId = 'behind';
    const order = await shop.order({ clientOrderId, customer: { ...PERSON, phoneNumber: '1' } });
    await shop.change(order, { id: 'all', type: 'refund' });
    await shop.hub.advance(10 * MINUTE);
    await until('the first was tried', async () => shop.receiver.count > 0);
    await shop.hub.settled();
    await shop.order({ clientOrderId, customer: { ...PERSON, phoneNumber: '2' } });
    down = false;
    await shop.hub.advance(HOUR);
    const sent = (await shop.sent(profile)).map((one) => Object.fromEntries(parametersOf(one)));
    assert.deepEqual([...new Set(sent.map((one) => `${one.type} ${one.phone}`))], ['SALE 1', 'REFUND 1']);
});

scenario('an order that cannot be read any more holds up no other that is due', async () => {
    const shop = await Shop.start();
    const profile = await shop.profile('new_sale', { mappings: { order: '[orderId]', phone: '[phoneNumber]' }, delayMinutes: 10 });
    await shop.update(profile, { status: 'paused' });
    const orders = [];
    for (let i = 0; i < 3; i++) orders.push(await shop.order({ clientOrderId: `rotten-${i}`, customer: { ...PERSON, phoneNumber: '1' } }));
    await shop.hub.stop();
    sqliteOf(shop.hub, `UPDATE orders SET data = x'7b' WHERE client_order_id = 'rotten-1'`);
    await shop.hub.start();
    await shop.hub.advance(10 * MINUTE);
    await shop.hub.settled();
    for (const i of [0, 2]) await shop.order({ clientOrderId: `rotten-${i}`, customer: { ...PERSON, phoneNumber: '2' } });
    await shop.update(profile, { status: 'active' });
    await until('both are sent', async () => shop.receiver.count >= 2);
    const sent = shop.receiver.requests.map((one) => Object.fromEntries(parametersOf(one)));
    assert.deepEqual(sent.sort((a, b) => a.order - b.order), [0, 2].map((i) => ({ order: `${orders[i].orderId}`, phone: '1' })));
});

scenario('S1.72 a target that fails ten times and then answers has it on the eleventh attempt, behind a restart of the hub too', async () => {
    const shop = await Shop.start();
    const profile = await shop.profile('new_sale');
    shop.receiver.answers(...Array(10).fill(503), 200);
    const order = await shop.order();
    for (let attempt = 1; attempt <= 11; attempt++) {
        await until(`attempt ${attempt}`, async () => {
            await shop.hub.settled();
            if (shop.receiver.count >= attempt) return true;
            await shop.hub.advance(5 * MINUTE);
            return false;
        });
        assert.equal(shop.receiver.count, attempt);
        const delivery = await until('it is recorded', async () => {
            const shown = await shop.delivery(profile);
            return shown.attemptCount === attempt && shown;
        });
        assert.equal(delivery.state, attempt === 11 ? 'delivered' : 'pending');
        if (attempt === 5) await shop.hub.restart();
        if (attempt === 8) {
            await shop.hub.kill();
            await shop.hub.start();
        }
    }
    assert.deepEqual([...new Set((await shop.sent(profile)).map((one) => one.path))], [`${profile.path}?type=SALE&order=${order.orderId}`], 'the same each time');
    await shop.hub.advance(HOUR);
    assert.equal(await shop.count(profile), 11);
    checkEquations(await ledgerOf(shop.api));
    await shop.hub.checkLedger();
});

scenario('S1.72 it is tried without end, at most 15 minutes apart', async () => {
    const shop = await Shop.start();
    const profile = await shop.profile('new_sale');
    shop.receiver.script = () => 500;
    await shop.order();
    for (let day = 0; day < 3; day++) {
        for (let hour = 0; hour < 24; hour++) {
            await shop.hub.settled();
            await shop.hub.advance(HOUR);
        }
        const { state, attemptCount } = await shop.delivery(profile);
        assert.equal(state, 'pending');
        assert.ok(attemptCount >= 24 * (day + 1), `${attemptCount} attempts in ${day + 1} days`);
        const { nextAttemptAt } = await shop.delivery(profile);
        const { now } = await shop.hub.clockState();
        assert.ok(Date.parse(nextAttemptAt) - now <= 15 * MINUTE);
    }
    shop.receiver.script = () => 200;
    await shop.hub.advance(HOUR);
    await shop.hub.settled();
    assert.equal((await shop.delivery(profile)).state, 'delivered');
});

scenario('S1.73 refused, reset, no name, no answer, 5xx: all are tried again; other targets do not notice', async () => {
    const shop = await Shop.start();
    const port = await freePort();
    const sick = {
        refused: await shop.profile('new_sale', { url: `http://127.0.0.1:${port}/` }),
        name: await shop.profile('new_sale', { url: 'http://nobody.invalid/' }),
        reset: await shop.profile('new_sale'),
        late: await shop.profile('new_sale', { timeoutMs: 300 }),
        busy: await shop.profile('new_sale'),
        redirect: await shop.profile('new_sale'),
    };
    const well = await shop.profile('new_sale');
    let down = true;
    shop.receiver.script = ({ path }) => {
        const at = path.split('?')[0];
        if (!down) return 200;
        return { [sick.reset.path]: { reset: 'before' }, [sick.late.path]: { hang: true }, [sick.busy.path]: 503, [sick.redirect.path]: { status: 302, headers: { Location: 'http://127.0.0.1/' } } }[at] ?? 200;
    };
    for (let i = 1; i <= 3; i++) {
        const order = await shop.order();
        await until('the well one has it', async () => shop.receiver.requests.some((one) => one.path === `${well.path}?type=SALE&order=${order.orderId}`));
    }
    for (const [name, profile] of Object.entries(sick)) {
        const attempts = async () => expect(await shop.api.get(`/api/v1/deliveries/${(await shop.deliveries(profile)).at(-1).id}`), 200).json;
        const once = await until(`${name}: an attempt`, async () => {
            const shown = await attempts();
            return shown.attemptCount >= 1 && shown;
        });
        assert.equal(once.state, 'pending', name);
        assert.ok(once.attempts[0].error.length > 0, name);
        assert.equal(once.attempts[0].request.method, 'GET', 'also of what never went out');
        await until(`${name}: another`, async () => {
            await shop.hub.advance(MINUTE);
            return (await attempts()).attemptCount >= 2;
        });
    }
    down = false;
    const { name, refused, ...mended } = sick;
    for (const [label, profile] of Object.entries(mended))
        await until(`${label}: delivered`, async () => {
            await shop.hub.advance(5 * MINUTE);
            return (await shop.deliveries(profile)).every((row) => row.state === 'delivered');
        });
    for (const profile of [name, refused]) assert.ok((await shop.deliveries(profile)).every((row) => row.state === 'pending'));
    assert.equal(await shop.count(well), 3);
});

scenario('an order\'s exports go one behind another; those of other orders do not wait for them', async () => {
    const shop = await Shop.start();
    const profile = await shop.profile(['new_sale', 'all_refunds']);
    const [stuck, free] = [await shop.order({ state: 'partial' }), await shop.order({ state: 'partial' })];
    const refuse = new Set([`${stuck.orderId}`]);
    shop.receiver.script = ({ path }) => (refuse.has(new URLSearchParams(path.split('?')[1]).get('order')) ? 500 : 200);
    for (const order of [stuck, free]) {
        await shop.order({ clientOrderId: order.clientOrderId });
        await shop.change(order, { type: 'refund' });
    }
    const seen = async () => (await shop.sent(profile)).map((one) => parametersOf(one).map(([, value]) => value).join(' '));
    assert.deepEqual((await seen()).filter((one) => one.endsWith(` ${free.orderId}`)), [`SALE ${free.orderId}`, `REFUND ${free.orderId}`]);
    assert.ok(!(await seen()).includes(`REFUND ${stuck.orderId}`), 'not before its sale');
    refuse.clear();
    await until('they have come', async () => {
        await shop.hub.advance(5 * MINUTE);
        return (await seen()).includes(`REFUND ${stuck.orderId}`);
    });
    const own = (await seen()).filter((one) => one.endsWith(` ${stuck.orderId}`));
    assert.deepEqual(own.at(-1), `REFUND ${stuck.orderId}`);
    assert.equal(own.filter((one) => one.startsWith('REFUND')).length, 1);
    assert.ok((await shop.deliveries(profile)).every((row) => row.state === 'delivered'));
    await shop.hub.checkLedger();
    expect(await shop.api.get(`${PROFILES}/${profile.id}`), 200);
});

scenario('S1.75 B13 a new route sends what has happened in the day before: of 23 hours ago once, of 25 not', async () => {
    const shop = await Shop.start();
    const profile = await shop.profile([]);
    await shop.order(); // 25 hours before
    await shop.hub.advance(2 * HOUR);
    const order = await shop.order();
    const partial = await shop.order({ state: 'partial', lines: [] });
    await shop.order({ testCard: true });
    await shop.hub.advance(23 * HOUR);
    assert.equal(await shop.count(profile), 0, 'a profile without a route matches nothing yet');
    await makeRoute(shop.api, profile.id);
    await until('it has come', async () => (await shop.count(profile)) > 0);
    await shop.hub.settled();
    assert.deepEqual(await ordersOf(shop, profile), [order.orderId]);
    // A later route brings its own; what the profile has sent does not go twice.
    await makeRoute(shop.api, profile.id, 'new_sale', { campaignIds: [shop.campaign.id] });
    await makeRoute(shop.api, profile.id, 'lead');
    await until('the lead has come', async () => (await shop.count(profile)) > 1);
    await shop.hub.advance(HOUR);
    assert.deepEqual(await ordersOf(shop, profile), [order.orderId, partial.orderId]);
    await shop.hub.restart();
    await shop.hub.advance(HOUR);
    assert.equal(await shop.count(profile), 2);
    checkEquations(await ledgerOf(shop.api));
    await shop.hub.checkLedger();
});

const historyOf = (shop, order) => shop.api.all(`/api/v1/customers/${order.customerId}/history`);

scenario('S1.70 B17 the customer\'s history has a message that names the profile, and what has become of it', async () => {
    const shop = await Shop.start();
    const profile = await shop.profile('new_sale', { name: 'Call centre ☎' });
    shop.receiver.answers(500, 200);
    const order = await shop.order();
    const messages = async () => (await historyOf(shop, order)).filter((row) => row.kind === 'export');
    const [first] = await until('the first attempt', async () => {
        const rows = await messages();
        return (await shop.delivery(profile)).attemptCount === 1 && rows;
    });
    assert.match(first.message, /Call centre ☎.*New Sale/);
    assert.equal(first.state, 'pending');
    await shop.hub.advance(HOUR);
    const [last] = await until('it is delivered', async () => {
        const rows = await messages();
        return rows[0].state === 'delivered' && rows;
    });
    assert.deepEqual([last.deliveryId, (await messages()).length], [first.deliveryId, 1]);
});

scenario('S1.71 its link leads to the exact request, without what is secret, and to all attempts', async () => {
    const shop = await Shop.start();
    const rows = [{ exportName: 'first', field: 'firstName' }, { exportName: 'header:X-Api-Key', static: 'hush-hush-71' }, { exportName: 'header:X-Source', static: 'junctor' }];
    const posted = await shop.profile('new_sale', { mappings: rows });
    const queried = await shop.profile('new_sale', { mappings: rows.slice(0, 1) });
    shop.receiver.answers(500, 500, 200);
    const order = await shop.order();
    await until('all is delivered', async () => {
        await shop.hub.advance(5 * MINUTE);
        return (await historyOf(shop, order)).filter((row) => row.state === 'delivered').length === 2;
    });
    const links = (await historyOf(shop, order)).filter((row) => row.kind === 'export').map((row) => row.href);
    for (const href of links) {
        const delivery = expect(await shop.api.get(href), 200).json;
        const profile = delivery.exportProfileId === posted.id ? posted : queried;
        const got = (await shop.sent(profile)).at(-1);
        assert.ok(delivery.attempts.length >= 1 && delivery.attempts.every((attempt) => attempt.request.body === got.body.toString()));
        const { request } = delivery.attempts.at(-1);
        assert.deepEqual([request.method, request.url], [got.method, `${shop.receiver.url}${got.path}`]);
        if (profile === posted) assert.deepEqual([request.headers['X-Source'], got.headers['x-api-key']], ['junctor', 'hush-hush-71']);
        assert.ok(!JSON.stringify(delivery).includes('hush-hush-71'));
    }
    assert.equal(links.length, 2);
});

scenario('S1.72 behind a kill every order that was acknowledged goes out: a repeat under the same id, with the same bytes', async () => {
    const shop = await Shop.start();
    const rows = [{ exportName: 'order', field: 'orderId' }, { exportName: 'mail', field: 'emailAddress' }];
    const now = await shop.profile('new_sale', { mappings: rows });
    const later = await shop.profile('new_sale', { mappings: rows, delayMinutes: 1 });
    const file = await shop.profile('new_sale', { type: 'csv', mappings: rows });
    shop.receiver.script = () => ({ status: 200, delay: 5 });
    const acknowledged = [];
    const send = async () => {
        for (let i = 0; i < 40; i++) acknowledged.push(await shop.order());
    };
    const load = Promise.allSettled(Array.from({ length: 8 }, send));
    await until('some have come', () => shop.receiver.count >= 60);
    await shop.hub.kill();
    await load;
    await shop.hub.start();
    await until('all is sent', async () => {
        await shop.hub.advance(MINUTE);
        return (await ledgerOf(shop.api)).pending === 0;
    });
    const orders = (await shop.api.all('/api/v1/orders')).map((order) => `${order.orderId}`);
    for (const order of acknowledged) assert.ok(orders.includes(`${order.orderId}`), 'what was acknowledged is there');
    for (const profile of [now, later]) {
        const seen = new Map();
        for (const one of await shop.sent(profile)) {
            const key = one.path;
            assert.equal(seen.get(key) ?? one.id, one.id, 'a repeat is the same delivery');
            seen.set(key, one.id);
        }
        assert.deepEqual([...seen.keys()].map((path) => new URLSearchParams(path.split('?')[1]).get('order')).sort(), [...orders].sort());
        assert.equal(new Set(seen.values()).size, orders.length);
    }
    const [kept] = await shop.api.all(`${PROFILES}/${file.id}/files`);
    const lines = expect(await shop.api.get(kept.href), 200).text.trim().split('\r\n').slice(1);
    assert.deepEqual(lines.map((line) => line.split(',')[0]).sort(), [...orders].sort(), 'none is lost in the file, or doubled');
    checkEquations(await ledgerOf(shop.api));
    await shop.hub.checkLedger();
});

scenario('S1.75 in compatible mode what is of the day before goes with the next sweep', async () => {
    const shop = await Shop.start();
    const profile = await shop.profile([], { mode: 'compatible' });
    const order = await shop.order();
    await shop.hub.advance(65 * MINUTE);
    await makeRoute(shop.api, profile.id);
    await shop.hub.settled();
    await shop.hub.advance(9 * MINUTE);
    await shop.hub.settled();
    assert.equal(await shop.count(profile), 0, 'the sweeps are at 60 and 75 minutes');
    await shop.hub.advance(2 * MINUTE);
    await shop.hub.settled();
    assert.deepEqual(await ordersOf(shop, profile), [order.orderId]);
});
