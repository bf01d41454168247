// What one event may cost, in allocations and SQL statements: a change that costs more fails here.
import assert from 'node:assert/strict';
import { after } from 'node:test';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { Load, SenderBook } from '../lib/books.mjs';
import { ledgerOf, makeEvent, makeWebhook } from '../lib/fixtures.mjs';
import { binary, root, scenario, startHub } from '../lib/hub.mjs';
import { runSync, temporaryFolder } from '../lib/processes.mjs';
import { startReceiver } from '../lib/receiver.mjs';
import { until } from '../lib/wait.mjs';

const folder = temporaryFolder('count');
const library = join(folder, 'count.so');
const built = runSync('cc', ['-shared', '-fPIC', '-O1', '-o', library, join(root, 'test/lib/count.c'), '-ldl']);
const skip = built.code !== 0 ? `no compiler: ${built.stderr}` : /lib[at]san/.test(runSync('ldd', [binary]).stdout) ? 'a sanitized program counts otherwise' : false;

const NAMES = ['malloc', 'calloc', 'realloc', 'free', 'bytes', 'step', 'reset', 'prepare'];

function counts(file) {
    const bytes = readFileSync(file);
    return Object.fromEntries(NAMES.map((name, i) => [name, Number(bytes.readBigInt64LE(i * 8))]));
}

// Costs of one of `events` between two looks.
function each(before, after_, events) {
    const cost = Object.fromEntries(NAMES.map((name) => [name, (after_[name] - before[name]) / events]));
    cost.allocations = cost.malloc + cost.calloc + cost.realloc;
    return cost;
}

async function measure({ deliver }) {
    const file = join(folder, `counts-${deliver}`);
    writeFileSync(file, Buffer.alloc(64));
    const hub = await startHub({ env: { LD_PRELOAD: library, COUNT_FILE: file } });
    const api = hub.client();
    const receiver = await startReceiver({ keep: false });
    after(() => receiver.close());
    if (!deliver) await receiver.down();
    await makeEvent(api, { alias: 'load', context: 'webhook', fields: [{ id: 'n', name: 'N', type: 'integer' }, { id: 'pad', name: 'P', type: 'text' }] });
    await makeWebhook(api, receiver.url, { eventTypes: ['custom_event.load'] });
    const book = new SenderBook();
    const load = new Load({ book, port: hub.port, path: `/${hub.owners[0].organizationId}/custom-events/alias/load`, connections: 128, pad: 900 }).begin();
    await until('it is warm', () => book.acknowledged.size > 1000);
    const before = [counts(file), (await ledgerOf(api)).events];
    await until('enough events', () => book.acknowledged.size > 5000, { timeout: 30000 });
    const after_ = [counts(file), (await ledgerOf(api)).events];
    await load.stop();
    return each(before[0], after_[0], after_[1] - before[1]);
}

// Budgets: what was measured when they were set, and some room: the fewer events a transaction has,
// the more of its own costs falls on each. See docs/performance.md.
const BUDGETS = {
    received: { allocations: 30, step: 12, prepare: 0.05 },
    delivered: { allocations: 60, step: 13, prepare: 0.05 },
};

for (const [name, deliver] of [['received', false], ['delivered', true]])
    scenario(`an event that is ${name} stays within its budget of allocations and SQL statements`, { skip }, async (t) => {
        const cost = await measure({ deliver });
        t.diagnostic(`${name}: ${Object.entries(cost).map(([what, much]) => `${what} ${much.toFixed(2)}`).join(', ')}`);
        for (const [what, most] of Object.entries(BUDGETS[name])) assert.ok(cost[what] <= most, `${what}: ${cost[what].toFixed(2)}, at most ${most}`);
    });
