// Killing the hub while export profiles are at work; then their books are compared, entry by entry.
//
//   node test/crash/exports.mjs POINT [KILLS]           at a named point of a test build (10)
//   node test/crash/exports.mjs random [CYCLES]         kill −9 at random moments (20)
//
// JUNCTOR_CRASH_BINARY chooses the program, as in cycles.mjs.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { pathToFileURL } from 'node:url';

import { checkEquations } from '../lib/books.mjs';
import { HOUR, MINUTE, PERSON, PROFILES, Shop, parametersOf } from '../lib/exports.mjs';
import { ledgerOf, makeRoute } from '../lib/fixtures.mjs';
import { slow, startFileServer } from '../lib/ftp.mjs';
import { expect } from '../lib/http.mjs';
import { crashBinary, sqliteOf } from '../lib/hub.mjs';
import { sleep, until } from '../lib/wait.mjs';

export const HOT = ['before-commit', 'after-commit', 'before-hand-over', 'after-hand-over', 'after-send', 'prepare', 'prepared', 'fix', 'fixed'];
export const STEPS = ['backfill', 'backfilled', 'settle', 'settled'];

const DELAY = 10; // minutes
const COLUMNS = { type: '[customerType]', order: '[orderId]', name: '[fullName]' };
export const SMALL = ['--max-courier-memory', '1048576', '--couriers', '16'];
const TYPES = ['new_sale', 'all_refunds'];
const random = (most) => 1 + Math.floor(Math.random() * most);
const digestOf = (bytes) => createHash('sha256').update(bytes).digest('base64');

// Sales, and a refund of every third, by ids of their own: what is not answered is sent again, until it is.
class Orders {
    constructor(shop) {
        Object.assign(this, { shop, told: new Set(), next: 1, stopped: true });
    }

    async post(path, body) {
        for (;;) {
            const answer = await this.shop.api.post(path, body, { timeout: 5000 }).catch(() => null);
            if (answer !== null && answer.status !== 503) return expect(answer, 200, 201).json;
            await sleep(20);
        }
    }

    async make() {
        const number = this.next++;
        const body = { campaignId: this.shop.campaign.id, clientOrderId: `L-${number}`, state: 'complete', customer: { ...PERSON, emailAddress: `p${number % 7}@example.org` }, lines: [{ sku: 'neuro-1', qty: 2, price: '94.00' }] };
        const order = await this.post('/api/v1/orders', body);
        this.told.add(`SALE ${order.orderId}`);
        if (number % 3 !== 0) return;
        await this.post(`/api/v1/orders/${order.id}/changes`, { id: 'all', type: 'refund' });
        this.told.add(`REFUND ${order.orderId}`);
    }

    async many(count) {
        for (let i = 0; i < count; i += 10) await Promise.all(Array.from({ length: Math.min(10, count - i) }, () => this.make()));
    }

    begin(workers = 6) {
        this.stopped = false;
        this.done = Promise.all(Array.from({ length: workers }, async () => {
            while (!this.stopped) await this.make();
        }));
    }

    async stop() {
        this.stopped = true;
        await this.done;
    }
}

export class World {
    // `kinds`: the profiles, of those below, all with a route for sales; of postbacks, for refunds too.
    static async make({ kinds, columns = COLUMNS, args = [] }) {
        const world = new World();
        const files = kinds.some((kind) => kind.startsWith('ftp')) ? await startFileServer('ftp') : null;
        const server = files && { type: 'ftp', protocol: 'ftp', host: '127.0.0.1', port: files.port, user: files.user, password: files.password };
        const settings = {
            now: {}, later: { delayMinutes: DELAY }, sweeps: { mode: 'compatible', delayMinutes: 1 },
            csv: { type: 'csv' }, csvLater: { type: 'csv', delayMinutes: DELAY }, ftp: server, ftpLater: { ...server, directory: 'later', delayMinutes: DELAY },
        };
        const shop = await Shop.start({ program: crashBinary, name: 'crash-exports', args });
        Object.assign(world, { shop, hub: shop.hub, api: shop.api, files, columns, orders: new Orders(shop), profiles: [] });
        expect(await shop.api.patch('/api/v1/organization', { timeZone: 'UTC' }), 200);
        for (const kind of kinds) await world.profile(settings[kind].type ? 'new_sale' : TYPES, { mappings: columns, ...settings[kind] });
        // One request in thirty fails at its first attempt.
        const failed = new Set();
        shop.receiver.script = ({ id }) => {
            const odd = id.charCodeAt(id.length - 1) % 30 === 0 && !failed.has(id);
            if (odd) failed.add(id);
            return odd ? 500 : 200;
        };
        return world;
    }

    async profile(types, settings) {
        const made = await this.shop.profile(types, settings);
        this.profiles.push(made);
        return made;
    }

    // Starts it so that it ends at the point; true when it ended there, false when it had to be killed.
    async crash(point, during, patience = 8000) {
        const { hub } = this;
        if (hub.running) await hub.kill();
        await hub.start({ env: { JUNCTOR_CRASH: point }, ready: false });
        let late = false;
        const timer = setTimeout(() => {
            late = true;
            hub.process.kill('SIGKILL');
        }, patience);
        const busy = hub.ready().then(during).catch((error) => {
            if (error instanceof assert.AssertionError) throw error;
        });
        const end = await hub.process.ended;
        clearTimeout(timer);
        await busy;
        assert.equal(end.signal, 'SIGKILL', `it ended otherwise: ${JSON.stringify(end)}\n${hub.tail(100)}`);
        await hub.checkLedger();
        return !late;
    }

    // How often profiles have fallen behind since it started: then memory does not hold all that is due.
    async fallen() {
        const { text } = await this.api.get('/metrics');
        return Number(/^junctor_outlets_fallen_behind_total (\d+)$/m.exec(text)[1]);
    }

    // Behind midnight, when the day before has closed.
    async nextDay() {
        const { now } = await this.hub.clockState();
        await this.hub.advance(24 * HOUR - (now % (24 * HOUR)) + 6 * MINUTE);
    }

    async settle() {
        const { hub, api } = this;
        if (!hub.running) await hub.start();
        await this.orders.stop();
        await hub.advance((DELAY + 16) * MINUTE);
        await hub.settled(60000);
        await this.nextDay();
        await until('nothing is pending', async () => {
            await hub.advance(20 * MINUTE);
            return checkEquations(await ledgerOf(api)).pending === 0;
        }, { timeout: 60000, every: 50 });
        await hub.settled(60000);
    }

    // What has come for a profile, if it is one of postbacks: each order under one id, which is the
    // delivery's, with the same bytes each time.
    checkReceived(profile, deliveries) {
        const seen = new Map();
        for (const received of this.shop.receiver.requests.filter(({ path }) => path.split('?')[0] === profile.path)) {
            const digest = digestOf(`${received.method} ${received.path}\n${received.body}`);
            const { type, order } = Object.fromEntries(parametersOf(received));
            const known = seen.get(received.id) ?? { digest, what: `${type} ${order}`, count: 0 };
            assert.equal(digest, known.digest, `${received.id} came again with other bytes`);
            known.count++;
            seen.set(received.id, known);
        }
        assert.deepEqual([...seen.keys()].sort(), deliveries.map((row) => row.id).sort());
        const told = [...seen.values()].map(({ what }) => what);
        this.compare(profile, told);
        // First arrivals of one order, in theirs.
        for (const [i, what] of told.entries()) if (what.startsWith('REFUND')) assert.ok(told.indexOf(what.replace('REFUND', 'SALE')) < i, `${profile.path}: ${what} overtook its sale`);
        return [...seen.values()].reduce((sum, { count }) => sum + count - 1, 0);
    }

    // What a profile is to tell, each once.
    wanted(profile) {
        return [...this.orders.told].filter((what) => profile.type === 'postback' || what.startsWith('SALE'));
    }

    compare(profile, told) {
        assert.equal(new Set(told).size, told.length, `${profile.path}: something went out twice`);
        assert.deepEqual([...told].sort(), this.wanted(profile).sort(), profile.path);
    }

    // Its rows and its files, of the store, of the API and of the server, are the same bytes.
    async checkFiles(profile) {
        const files = await this.api.all(`${PROFILES}/${profile.id}/files`);
        const header = `${Object.keys(this.columns).join(',')}\r\n`;
        const told = [];
        for (const file of files) {
            const text = expect(await this.api.get(file.href), 200).text;
            const hex = sqliteOf(this.hub, `SELECT hex(x.content) FROM exports x JOIN export_files f ON f.id = x.file WHERE f.name = '${file.name}' ORDER BY x.delivery`);
            const rows = hex.split('\n').map((row) => Buffer.from(row, 'hex').toString());
            assert.equal(text, header + rows.join(''), file.name);
            assert.deepEqual([file.rows, file.bytes], [rows.length, Buffer.byteLength(text)], file.name);
            told.push(...rows.map((row) => row.split(',').slice(0, 2).join(' ')));
            if (profile.type !== 'ftp') continue;
            assert.equal(file.state, 'uploaded');
            assert.equal(this.files.read(`${profile.directory ?? ''}/${file.name}`)?.toString(), text, `${profile.directory} ${file.name} ${this.files.list()} ${this.files.list('later')}`);
        }
        this.compare(profile, told);
        if (profile.type !== 'ftp') return;
        const there = this.files.list(profile.directory ?? '').filter((name) => name !== 'later');
        assert.deepEqual(there, files.map((file) => file.name).sort(), 'no file beside them, and no part of one');
    }

    async check() {
        let repeats = 0;
        for (const profile of this.profiles) {
            const deliveries = await this.shop.deliveries(profile);
            assert.deepEqual(deliveries.filter((row) => row.state !== 'delivered'), [], profile.path);
            assert.equal(new Set(deliveries.map((row) => row.eventId)).size, deliveries.length, 'one delivery an event');
            assert.equal(deliveries.length, this.wanted(profile).length, profile.path);
            if (profile.type === 'postback') repeats += this.checkReceived(profile, deliveries);
            else await this.checkFiles(profile);
        }
        await this.hub.checkLedger();
        assert.deepEqual(this.hub.complaints, []);
        return { told: this.orders.told.size, repeats };
    }

    async end() {
        await this.hub.remove();
        await this.files?.close();
    }
}

const hits = (struck, kills) => assert.ok(struck >= kills, `the point was reached ${struck} times of ${kills}`);

// Under load; what is delayed falls due in the middle of it.
async function hot(point, kills) {
    const world = await World.make({ kinds: ['now', 'later', 'sweeps', 'csv', 'csvLater', 'ftp', 'ftpLater'] });
    await world.orders.many(40);
    world.orders.begin();
    let struck = 0;
    for (let tries = 0; struck < kills && tries < kills * 2; tries++)
        if (await world.crash(`${point}:${random(40)}`, async () => {
            for (;;) {
                await world.hub.advance((DELAY + 1) * MINUTE);
                await sleep(100);
            }
        })) struck++;
    hits(struck, kills);
    await world.settle();
    const figures = await world.check();
    await world.end();
    return { struck, ...figures };
}

// A route is made: what was sold in the day before goes out, in steps of 64 orders.
async function backfill(point, kills) {
    const world = await World.make({ kinds: ['now'] });
    await world.orders.many(200);
    const settings = [{ mappings: COLUMNS }, { mappings: COLUMNS, delayMinutes: DELAY }, { mappings: COLUMNS, type: 'csv' }];
    let struck = 0;
    for (let tries = 0; struck < kills && tries < kills * 2; tries++) {
        if (!world.hub.running) await world.hub.start();
        world.shop.recent = false;
        const profile = await world.profile([], settings[tries % settings.length]);
        world.orders.begin(2);
        if (await world.crash(`${point}:${random(3)}`, () => makeRoute(world.api, profile.id))) struck++;
        await world.hub.start();
        const routes = await world.api.all(`${PROFILES}/${profile.id}/routes`);
        assert.equal(routes.length, 1, 'it was committed before the first step');
        if (profile.type === 'postback') await makeRoute(world.api, profile.id, 'all_refunds');
        await sleep(50);
        await world.orders.stop();
    }
    hits(struck, kills);
    await world.settle();
    const figures = await world.check();
    await world.end();
    return { struck, ...figures };
}

// A file has been uploaded: its rows are delivered with it, in steps of 256.
async function settling(point, kills) {
    const world = await World.make({ kinds: ['ftp', 'csv'] });
    let struck = 0;
    for (let tries = 0; struck < kills && tries < kills * 2; tries++) {
        if (!world.hub.running) await world.hub.start();
        await world.orders.many(300);
        if (await world.crash(`${point}:${random(2)}`, () => world.nextDay(), 15000)) struck++;
    }
    hits(struck, kills);
    await world.settle();
    const figures = await world.check();
    await world.end();
    return { struck, ...figures };
}

// The server has the whole file, and the hub has not noted it.
export async function afterUpload(kills) {
    const world = await World.make({ kinds: ['ftp'] });
    for (let i = 0; i < kills; i++) {
        if (!world.hub.running) await world.hub.start();
        await world.hub.advance(MINUTE);
        await world.hub.settled(); // what had come there has come again
        await world.orders.many(30);
        assert.ok(await world.crash('after-send:1', () => world.nextDay()), 'the file was sent');
        assert.equal(world.files.list().length, i + 1, world.files.list().join());
    }
    await world.settle();
    const figures = await world.check();
    for (const file of await world.api.all(`${PROFILES}/${world.profiles[0].id}/files`)) {
        const { attemptCount } = expect(await world.api.get(`/api/v1/deliveries/${file.deliveryId}`), 200).json;
        assert.equal(attemptCount, 1, 'the attempt that was not noted is not counted');
    }
    await world.end();
    return figures;
}

// Killed in the middle of a transfer.
export async function midUpload(kills) {
    const columns = { ...COLUMNS, pad: 'p'.repeat(4000) };
    const world = await World.make({ kinds: ['ftp'], columns });
    for (let i = 0; i < kills; i++) {
        if (!world.hub.running) await world.hub.start();
        await world.orders.many(100);
        await world.files.restart(slow(200));
        await world.nextDay();
        const [file] = await world.api.all(`${PROFILES}/${world.profiles[0].id}/files`);
        await world.files.holds(`.${file.name}.part`, 50000 + 50000 * i);
        await world.hub.kill();
        await world.hub.checkLedger();
        assert.equal(world.files.read(file.name), null, 'no half file under its name');
        await world.files.restart();
    }
    await world.settle();
    const figures = await world.check();
    await world.end();
    return figures;
}

// Anything, at any moment. `args`: of the hub.
export async function randomKills(cycles, args) {
    const world = await World.make({ kinds: ['now', 'later', 'sweeps', 'csv', 'csvLater', 'ftp', 'ftpLater'], args });
    world.orders.begin(args ? 16 : 6);
    let fallen = 0;
    for (let cycle = 0; cycle < cycles; cycle++) {
        const jumps = (async () => {
            await sleep(Math.random() * 200);
            if (cycle % 4 === 3) await world.nextDay();
            else await world.hub.advance((DELAY + 1) * MINUTE);
        })().catch(() => {});
        await sleep(30 + Math.random() * 600);
        fallen += await world.fallen();
        await world.hub.kill();
        await jumps;
        await world.hub.checkLedger();
        await world.hub.start();
    }
    await world.settle();
    const figures = await world.check();
    await world.end();
    return { struck: cycles, fallen, ...figures };
}

export async function killAt(point, kills) {
    if (HOT.includes(point)) return hot(point, kills);
    return (point.startsWith('backfill') ? backfill : settling)(point, kills);
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) {
    const [, , what = 'random', count] = process.argv;
    const begun = Date.now();
    const named = { random: randomKills, small: (cycles) => randomKills(cycles, SMALL), afterUpload, midUpload };
    try {
        const figures = what in named ? await named[what](Number(count ?? 20)) : await killAt(what, Number(count ?? 10));
        console.log(`${what}: ${JSON.stringify(figures)} in ${((Date.now() - begun) / 1000).toFixed(1)} s`);
    } catch (error) {
        console.error(error);
        process.exit(1); // which ends the hubs too
    }
    process.exit(0);
}
