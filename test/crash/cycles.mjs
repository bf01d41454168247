// Killing the hub, again and again, and comparing the books afterwards.
//
//   node test/crash/cycles.mjs random [CYCLES]          kill −9 at random moments under load (200)
//   node test/crash/cycles.mjs POINT [KILLS]            at a named point of a test build (20)
//   node test/crash/cycles.mjs all [KILLS]              at every point
//
// JUNCTOR_CRASH_BINARY chooses the program; build/crash/junctor when it is not set.
import assert from 'node:assert/strict';
import { existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

import { Load, ReceiverBook, SenderBook, checkEquations, compareBooks, missing } from '../lib/books.mjs';
import { ledgerOf, makeEvent, makeIntegration, makeWebhook } from '../lib/fixtures.mjs';
import { expect } from '../lib/http.mjs';
import { Hub, crashBinary } from '../lib/hub.mjs';
import { startReceiver } from '../lib/receiver.mjs';
import { sleep, until } from '../lib/wait.mjs';

export const HOT = ['before-commit', 'after-commit', 'before-hand-over', 'after-hand-over', 'after-send'];
export const POINTS = [...HOT, 'before-management-commit', 'after-management-commit', 'migration', 'prune', 'drop', 'recover', 'recovered', 'sort', 'backup'];

const DAY = 86400000;
const random = (most) => 1 + Math.floor(Math.random() * most);

// A hub under load, its receiver, and the books of both sides.
class Setting {
    static async make(hubOptions = {}, { answers, connections = 16, people = 40 } = {}) {
        const one = new Setting();
        one.hub = new Hub({ program: crashBinary, name: 'crash', ...hubOptions });
        await one.hub.init();
        one.receiver = await startReceiver({ keep: false });
        one.theirs = new ReceiverBook(one.receiver);
        one.book = new SenderBook();
        const failed = new Set();
        // One delivery in fifty fails at its first attempt, some answers take a moment.
        one.receiver.script = answers ?? ((received) => {
            const odd = received.id.charCodeAt(received.id.length - 1) % 50 === 0 && !failed.has(received.id);
            if (odd) failed.add(received.id);
            return odd ? 500 : { status: 200, delay: received.index % 3 === 0 ? 5 : 0 };
        });
        await one.hub.start();
        const api = one.hub.client();
        await makeEvent(api, { alias: 'load', context: 'webhook', fields: [{ id: 'n', name: 'N', type: 'integer' }, { id: 'pad', name: 'P', type: 'text' }] });
        one.webhook = await makeWebhook(api, one.receiver.url, { eventTypes: ['custom_event.load', 'contact.created'] });
        one.load = new Load({ book: one.book, port: one.hub.port, path: `/${one.hub.owners[0].organizationId}/custom-events/alias/load`, connections, people });
        return one;
    }

    // Starts it with a crash point; true when it ended there, false when it had to be killed.
    async crash(environment, { patience = 8000, during } = {}) {
        const { hub } = this;
        await hub.start({ env: environment, ready: false });
        const busy = during ? during().catch(() => {}) : null;
        const timer = setTimeout(() => hub.process.kill('SIGKILL'), patience);
        let late = false;
        setTimeout(() => (late = true), patience).unref();
        const end = await hub.process.ended;
        clearTimeout(timer);
        await busy;
        assert.equal(end.signal, 'SIGKILL', `it ended otherwise: ${JSON.stringify(end)}\n${hub.tail(100)}`);
        await hub.checkLedger();
        return !late;
    }

    // Ends the load, lets everything be delivered, and compares.
    async settle({ clock = false } = {}) {
        const { hub, book, theirs } = this;
        if (hub.running) await hub.kill();
        await hub.start();
        await this.load.stop();
        if (clock) for (let i = 0; i < 3; i++) await hub.advance(10 * 60000);
        await this.delivered();
        compareBooks(book, theirs);
        const api = hub.client();
        const ledger = await until('nothing is pending', async () => {
            if (clock) await hub.advance(10 * 60000);
            const one = checkEquations(await ledgerOf(api));
            return one.pending === 0 && one;
        }, { timeout: 60000, every: 100 });
        assert.ok(ledger.events >= book.acknowledged.size, `${ledger.events} events for ${book.acknowledged.size} acknowledged`);
        assert.ok(ledger.events <= book.acknowledged.size + book.unknown.size, `${ledger.events} events for ${book.acknowledged.size} acknowledged and ${book.unknown.size} without an answer`);
        await hub.checkLedger();
        assert.deepEqual(hub.complaints, []);
        return { acknowledged: book.acknowledged.size, unknown: book.unknown.size, refused: book.refused.size, repeats: theirs.repeats };
    }

    // As long as it gets on: behind 200 kills a quarter of a million may wait.
    async delivered() {
        for (let least = Infinity; least > 0; ) {
            const before = least;
            least = await until('more of the acknowledged events is delivered', async () => {
                const { length } = missing(this.book, this.theirs);
                return length === 0 ? { length } : length < before && { length };
            }, { timeout: 60000, every: 100 }).then(({ length }) => length);
        }
    }

    async end() {
        await this.load.stop();
        await this.receiver.close();
        await this.hub.remove();
    }
}

const hits = (struck, kills) => assert.ok(struck >= kills, `the point was reached ${struck} times of ${kills}`);

async function hot(point, kills) {
    const one = await Setting.make();
    await one.hub.kill();
    one.load.begin();
    let struck = 0;
    for (let tries = 0; struck < kills && tries < kills * 2; tries++) if (await one.crash({ JUNCTOR_CRASH: `${point}:${random(60)}` })) struck++;
    hits(struck, kills);
    const figures = await one.settle();
    await one.end();
    return { struck, ...figures };
}

export async function randomKills(cycles, { least = 30, most = 900 } = {}) {
    const one = await Setting.make();
    one.load.begin();
    for (let cycle = 0; cycle < cycles; cycle++) {
        await sleep(least + Math.random() * (most - least));
        await one.hub.kill();
        await one.hub.checkLedger();
        await one.hub.start();
    }
    const figures = await one.settle();
    await one.end();
    return { struck: cycles, ...figures };
}

// Configuration: what was answered with 201 is there; what was not is there wholly or not at all.
async function management(point, kills) {
    const one = await Setting.make();
    await one.hub.kill();
    one.load.begin();
    const made = new Map();
    let struck = 0;
    let name = 0;
    for (let tries = 0; struck < kills && tries < kills * 2; tries++) {
        const before = struck;
        const reached = await one.crash({ JUNCTOR_CRASH: `${point}:${random(12)}` }, {
            during: async () => {
                await one.hub.ready();
                for (;;) {
                    const body = await makeIntegration(one.hub.client(), `made ${++name}`);
                    made.set(body.id, body.name);
                }
            },
        });
        if (reached) struck = before + 1;
    }
    hits(struck, kills);
    const figures = await one.settle();
    const api = one.hub.client();
    const there = new Map((await api.all('/api/v1/integrations')).map((row) => [row.id, row.name]));
    for (const [id, wanted] of made) assert.equal(there.get(id), wanted, `integration ${id} was answered with 201`);
    const audited = new Set((await api.all('/api/v1/audit')).filter((row) => /integration/.test(row.action)).map((row) => row.object));
    for (const id of there.keys()) assert.ok(audited.has(id), `integration ${id} has an audit row of its own transaction`);
    assert.equal(audited.size, there.size, 'no audit row without its integration');
    await one.end();
    return { struck, ...figures };
}

// The first start makes the database: killed in it, the next start goes on.
async function migration(kills) {
    let struck = 0;
    let steps = 4; // until it is known how many there are
    for (let tries = 0; struck < kills && tries < kills * 3; tries++) {
        const at = 1 + (tries % steps);
        const hub = new Hub({ program: crashBinary, name: 'migration' });
        const killed = await hub.cli(['init', '--data', hub.data, '--organization', 'A', '--email', 'a@example.org', '--password', 'a password for tests', '--json'], { env: { ...hub.environment, JUNCTOR_CRASH: `migration:${at}` } });
        if (killed.signal === 'SIGKILL') struck++;
        else if (at === 1) assert.fail(`the first migration was not reached: ${JSON.stringify(killed)}`);
        else steps = at - 1;
        if (killed.code !== 0) await hub.init('A', 'a@example.org');
        else hub.owners.push(JSON.parse(killed.stdout));
        await hub.start();
        expect(await hub.client().get('/api/v1/integrations'), 200);
        await hub.checkLedger();
        await hub.remove();
    }
    hits(struck, kills);
    return { struck };
}

// History is pruned in steps while work is unfinished: none of that goes.
async function prune(kills) {
    const one = await Setting.make({ clock: true, args: ['--retention', '1d'] }, { connections: 8 });
    const { hub } = one;
    await hub.kill();
    one.load.begin();
    let struck = 0;
    for (let tries = 0; struck < kills && tries < kills * 2; tries++) {
        // What is old is made in one run, and pruned at the start of the next.
        await hub.start();
        await sleep(250);
        await hub.advance(2 * DAY);
        await sleep(50);
        await hub.kill();
        if (await one.crash({ JUNCTOR_CRASH: `prune:${random(2)}` }, { patience: 2500 })) struck++;
    }
    hits(struck, kills);
    await hub.start();
    await one.load.stop();
    await until('all are delivered', async () => {
        await hub.advance(10 * 60000);
        return missing(one.book, one.theirs).length === 0;
    }, { timeout: 60000, every: 200 });
    compareBooks(one.book, one.theirs);
    checkEquations(await ledgerOf(hub.client()));
    await hub.checkLedger();
    const figures = { acknowledged: one.book.acknowledged.size, repeats: one.theirs.repeats };
    await one.end();
    return { struck, ...figures };
}

// A deleted webhook's unfinished deliveries are dropped in steps.
async function drop(kills) {
    const one = await Setting.make();
    const api = one.hub.client();
    let struck = 0;
    let deleted = 0;
    for (let tries = 0; struck < kills && tries < kills * 3; tries++) {
        if (!one.hub.running) await one.hub.start();
        const doomed = await makeWebhook(api, 'http://127.0.0.1:9/', { eventTypes: ['custom_event.load'] });
        for (let n = 0; n < 40; n += 8) await Promise.all(Array.from({ length: 8 }, () => one.load.send(one.book.next++)));
        await one.hub.stop();
        const reached = await one.crash({ JUNCTOR_CRASH: 'drop:1' }, {
            patience: 3000,
            during: async () => {
                await one.hub.ready();
                await api.delete(`/api/v1/webhooks/${doomed.id}`);
            },
        });
        if (reached) struck++;
        await one.hub.start();
        const answer = await api.delete(`/api/v1/webhooks/${doomed.id}`);
        assert.ok([204, 404].includes(answer.status), answer.text);
        deleted += 40;
        await until('all of them are dropped', async () => (await ledgerOf(api)).dropped === deleted);
        await one.hub.checkLedger();
    }
    hits(struck, kills);
    const figures = await one.settle();
    await one.end();
    return { struck, ...figures };
}

// Deliveries are sent again in bulk, in steps; killed before the commit of one, or behind it.
async function recovery(point, kills) {
    const one = await Setting.make();
    const { hub, theirs } = one;
    const api = hub.client();
    const hook = `/api/v1/webhooks/${one.webhook.id}`;
    const idle = () => until('all are delivered', async () => {
        const { counts } = expect(await api.get(hook), 200).json;
        return counts.delivered === counts.deliveries && counts;
    }, { timeout: 30000 });
    for (let n = 0; n < 480; n += 16) await Promise.all(Array.from({ length: 16 }, () => one.load.send(one.book.next++)));
    const { deliveries } = await idle();
    let struck = 0;
    for (let tries = 0; struck < kills && tries < kills * 2; tries++) {
        await hub.stop();
        const before = new Map([...theirs.byId].map(([id, entry]) => [id, entry.count]));
        const reached = await one.crash({ JUNCTOR_CRASH: `${point}:${random(3)}` }, {
            patience: 4000,
            during: async () => {
                await hub.ready();
                await api.post(`${hook}/recover`, { since: '2020-01-01T00:00:00Z', states: ['delivered'] });
            },
        });
        if (reached) struck++;
        await hub.start();
        const over = await until('the recovery is over', async () => {
            const [newest] = (await api.get(`${hook}/recoveries`)).json.data;
            return newest.state !== 'running' && newest;
        });
        assert.deepEqual([over.state, over.examined, over.recovered], ['done', deliveries, deliveries]);
        await idle();
        for (const [id, count] of before) assert.ok(theirs.byId.get(id).count > count, `${id} was recovered and did not arrive`);
        await hub.checkLedger();
    }
    hits(struck, kills);
    assert.equal(theirs.byId.size, deliveries);
    const figures = await one.settle();
    await one.end();
    return { struck, ...figures };
}

// The activity of contacts is sorted in the background, 4,096 rows at a time.
async function sort(kills) {
    const one = await Setting.make({}, { people: 3, connections: 48 });
    await one.hub.kill();
    one.load.begin();
    let struck = 0;
    let tries = 0;
    for (; struck < kills && tries < kills * 2; tries++) if (await one.crash({ JUNCTOR_CRASH: 'sort' }, { patience: 12000 })) struck++;
    const figures = await one.settle();
    const api = one.hub.client();
    // Each acknowledged event stands once in the activity of its contact.
    const events = new Set(one.book.acknowledged.values());
    const seen = new Set();
    for (const contact of await api.all('/api/v1/contacts')) {
        for (const row of await api.all(`/api/v1/contacts/${contact.id}/activity`)) {
            assert.ok(!seen.has(row.id), `event ${row.id} stands twice in the activity`);
            seen.add(row.id);
        }
    }
    for (const id of events) assert.ok(seen.has(id), `event ${id} is not in its contact's activity`);
    await one.end();
    hits(struck, kills);
    return { struck, ...figures };
}

// A backup that is killed leaves nothing that could be taken for one, and the hub does not notice.
async function backup(kills) {
    const one = await Setting.make();
    one.load.begin();
    await until('some are in', () => one.book.acknowledged.size > 1500, { timeout: 30000 });
    let struck = 0;
    for (let tries = 0; struck < kills && tries < kills * 4; tries++) {
        const file = join(one.hub.dir, `backup-${tries}.db`);
        const killed = await one.hub.cli(['backup', '--data', one.hub.data, '--to', file], { env: { ...one.hub.environment, JUNCTOR_CRASH: `backup:${1 + (tries % 3)}` }, timeout: 30000 });
        if (killed.signal === 'SIGKILL') struck++;
        else assert.equal(killed.code, 0, killed.stderr);
        if (killed.signal === 'SIGKILL') {
            const other = new Hub({ program: crashBinary, name: 'half' });
            if (existsSync(file)) {
                const restored = await other.cli(['restore', '--data', other.data, '--from', file]);
                assert.notEqual(restored.code, 0, 'half a backup was restored');
            }
            await other.remove();
            const again = await one.hub.cli(['backup', '--data', one.hub.data, '--to', `${file}.again`], { timeout: 60000 });
            assert.equal(again.code, 0, `the next backup: ${again.stderr}`);
            rmSync(`${file}.again`);
        }
        rmSync(file, { force: true });
        assert.ok(one.hub.running);
    }
    hits(struck, kills);
    const figures = await one.settle();
    await one.end();
    return { struck, ...figures };
}

// Slower ones, of chores that are not in the list, are killed less often.
export async function killAt(point, kills) {
    if (['drop', 'sort', 'recover', 'recovered'].includes(point)) kills = Math.ceil(kills / 4);
    if (HOT.includes(point)) return hot(point, kills);
    if (point.endsWith('management-commit')) return management(point, kills);
    if (point.startsWith('recover')) return recovery(point, kills);
    return { migration, prune, drop, sort, backup }[point](kills);
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) {
    const [, , what = 'random', count] = process.argv;
    const points = what === 'all' ? POINTS : [what];
    try {
        for (const point of points) {
            const begun = Date.now();
            const figures = point === 'random' ? await randomKills(Number(count ?? 200)) : await killAt(point, Number(count ?? 20));
            console.log(`${point}: ${JSON.stringify(figures)} in ${((Date.now() - begun) / 1000).toFixed(1)} s`);
        }
    } catch (error) {
        console.error(error);
        process.exit(1); // which ends the hubs too
    }
    process.exit(0);
}
