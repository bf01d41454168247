// In step and behind: the boundary between what memory holds and what is read from the store is
// crossed 1,000 times under load, with kills, in each order; then the books are compared entry by
// entry.
//
//   JUNCTOR_CROSSINGS   how often, over all orders
import assert from 'node:assert/strict';
import { after } from 'node:test';

import { Load, ReceiverBook, SenderBook, checkEquations, compareBooks } from '../lib/books.mjs';
import { deliveriesOf, ledgerOf, makeEvent, makeWebhook } from '../lib/fixtures.mjs';
import { scenario, startHub } from '../lib/hub.mjs';
import { startReceiver } from '../lib/receiver.mjs';
import { sleep, until } from '../lib/wait.mjs';

const CROSSINGS = Number(process.env.JUNCTOR_CROSSINGS ?? 1000);
const ORDERS = ['none', 'subject', 'strict'];
const KILLS = 6; // for each order
const PEOPLE = 12;
const FIELDS = [{ id: 'n', name: 'N', type: 'integer' }, { id: 'pad', name: 'P', type: 'text' }];

// A receiver with a gate: shut, it takes requests and keeps their answers back.
class Gate {
    constructor(receiver) {
        this.kept = [];
        this.shut = false;
        const answer = receiver.answer.bind(receiver);
        receiver.answer = (socket, what, received) => {
            if (this.shut) this.kept.push(() => answer(socket, what, received));
            else void answer(socket, what, received);
        };
    }

    open() {
        this.shut = false;
        for (const go of this.kept.splice(0)) go();
    }
}

async function makeWorld(order) {
    // Sixteen couriers share 1 MiB: a few dozen deliveries are all that an endpoint may hold.
    const hub = await startHub({ args: ['--max-courier-memory', '1048576', '--couriers', '16'] });
    const receiver = await startReceiver({ keep: false });
    after(() => receiver.close());
    const api = hub.client();
    await makeEvent(api, { alias: 'load', context: 'webhook', fields: FIELDS });
    const hook = await makeWebhook(api, receiver.url, { eventTypes: ['custom_event.load'], order });
    const world = { hub, receiver, hook, gate: new Gate(receiver), theirs: new ReceiverBook(receiver), book: new SenderBook(), arrivals: [] };
    const note = receiver.onRequest;
    receiver.onRequest = (received) => {
        note(received);
        world.arrivals.push({ id: received.id, n: received.json.data.fields.n });
    };
    world.load = new Load({
        book: world.book,
        port: hub.port,
        path: `/${hub.owners[0].organizationId}/custom-events/alias/load`,
        connections: PEOPLE,
        make: (n) => JSON.stringify({ email: `person${n % PEOPLE}@example.org`, n, pad: 'p'.repeat(1500) }),
    });
    return world;
}

// How often outlets have fallen behind and come in step since this process began.
async function crossings(world) {
    const { text } = await world.hub.client().get('/metrics');
    const figure = (name) => Number(new RegExp(`^${name} (\\d+)$`, 'm').exec(text)[1]);
    return { fallen: figure('junctor_outlets_fallen_behind_total'), come: figure('junctor_outlets_come_in_step_total'), behind: figure('junctor_outlets_behind') };
}

// Each fall is followed by a coming in step; a hub that starts with work begins behind.
async function inStep(world) {
    const { fallen, come } = await crossings(world);
    return come - fallen === world.start;
}

// After a start, when nothing is to be sent: from here on the two figures go in turn.
async function settleStart(world) {
    await until('it is in step', async () => (await crossings(world)).behind === 0, { every: 50, timeout: 30000 });
    const { fallen, come } = await crossings(world);
    world.start = come - fallen;
}

// Sends while the gate is shut until memory has let go, then lets all go until it is in step again.
async function cross(world) {
    const { load, gate } = world;
    gate.shut = true;
    load.stopped = false;
    load.begin();
    await until('it has fallen behind', async () => !(await inStep(world)), { every: 3, timeout: 30000 });
    gate.open();
    await sleep(5); // the load goes on while it catches up
    load.stopped = true;
    await load.done;
    await until('it is in step', () => inStep(world), { every: 3, timeout: 30000 });
}

// In which an order is asked for, the first arrivals of a line come in the order of their ids, which
// is that of the commits.
function checkOrder(world, order) {
    const first = new Map();
    for (const { id, n } of world.arrivals) if (!first.has(id)) first.set(id, n);
    const lines = new Map();
    for (const [id, n] of first) {
        const line = order === 'strict' ? 'all' : `person${n % PEOPLE}`;
        if (!lines.has(line)) lines.set(line, []);
        lines.get(line).push(id);
    }
    for (const [line, ids] of lines) assert.deepEqual(ids, [...ids].sort(), `${order}: ${line}`);
    return first;
}

for (const order of ORDERS) {
    scenario(`${order}: nothing lost, doubled or overtaken over ${Math.round(CROSSINGS / ORDERS.length)} crossings and ${KILLS} kills`, { timeout: 600000 }, async () => {
        const world = await makeWorld(order);
        const { hub } = world;
        world.start = 0;
        const wanted = Math.ceil(CROSSINGS / ORDERS.length);
        const killAt = new Set(Array.from({ length: KILLS }, (_, i) => Math.floor(((i + 1) * wanted) / (KILLS + 1))));
        for (let i = 0; i < wanted; i++) {
            await cross(world);
            if (!killAt.has(i)) continue;
            // In the middle of it: behind, with attempts under way.
            world.gate.shut = true;
            world.load.stopped = false;
            world.load.begin();
            await until('it has fallen behind', async () => !(await inStep(world)), { every: 3, timeout: 30000 });
            await sleep(Math.random() * 60);
            assert.ok(world.gate.kept.length > 0, 'attempts are under way at the kill');
            const down = hub.stop('SIGKILL');
            world.load.stopped = true;
            await world.load.done;
            await down;
            world.gate.open();
            await hub.start();
            await until('all is delivered', async () => (await ledgerOf(hub.client())).pending === 0, { timeout: 60000, every: 20 });
            await sleep(700); // the figure of those behind is half a second old at most
            await settleStart(world);
        }
        await until('nothing is pending', async () => (await ledgerOf(hub.client())).pending === 0, { timeout: 60000, every: 50 });
        compareBooks(world.book, world.theirs);
        const ledger = checkEquations(await ledgerOf(hub.client()));
        assert.equal(ledger.delivered, world.theirs.byId.size, 'as many as have arrived');
        assert.ok(world.theirs.repeats <= KILLS * 12, `${world.theirs.repeats} repeats: more than were under way at the kills`);
        if (order !== 'none') checkOrder(world, order);
        // Entry by entry: what the hub says it delivered is what arrived.
        const rows = await deliveriesOf(hub.client(), world.hook.id);
        assert.deepEqual(rows.map((row) => row.id).sort(), [...world.theirs.byId.keys()].sort());
        assert.ok(rows.every((row) => row.state === 'delivered'));
        await hub.checkLedger();
        assert.deepEqual(hub.complaints, []);
    });
}
