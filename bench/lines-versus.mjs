// SPDX-License-Identifier: MIT
// bench/lines-versus.mjs: this program against another one, such as the release before; see `run`. Both
// run at once and are loaded in turns, so that a machine whose speed changes is as fast for the one as
// for the other.
import { existsSync } from 'node:fs';

import { maximum } from './lines-delivery.mjs';
import { BenchHub, binary, cpuBetween, cpuByThread, median, startSink } from './machine.mjs';
import { format, notes, options, perEvent, row, say } from './report.mjs';

async function begin(name, program) {
    const hub = await BenchHub.start({ program });
    const sink = await startSink();
    const path = await hub.event();
    await hub.people(path);
    await hub.webhook(sink.url);
    await maximum(hub, path);
    return { name, hub, sink, path, rates: [], costs: [] };
}

async function load(one) {
    const cpu = cpuByThread(one.hub.pid);
    const before = (await one.hub.ledger()).delivered;
    one.rates.push(await maximum(one.hub, one.path));
    one.costs.push(cpuBetween(cpu, cpuByThread(one.hub.pid), (await one.hub.ledger()).delivered - before));
}

const middle = (costs) => Object.fromEntries(Object.keys(costs[0]).map((thread) => [thread, median(costs.map((cost) => cost[thread]))]));

async function versus() {
    if (!options.against || !existsSync(options.against)) throw new Error('versus: name the other program with --against FILE');
    const ours = await begin('this', binary);
    const other = await begin('the other', options.against);
    for (let i = 0; i < options.runs; i++) {
        for (const one of i % 2 === 0 ? [ours, other] : [other, ours]) await load(one);
        say(`  versus: run ${i + 1}: ${format(ours.rates.at(-1))}/s, the other ${format(other.rates.at(-1))}/s`);
    }
    for (const { name, costs } of [ours, other]) notes.push(`versus, ${name}: CPU µs an event: ${perEvent(middle(costs))}`);
    const ratios = ours.rates.map((rate, i) => rate / other.rates[i]);
    row('whole way, against the other program in turns', { value: median(ratios), least: 0.95, measured: `${format(median(ours.rates))}/s`, reference: `${format(median(other.rates))}/s` });
    for (const { hub, sink } of [ours, other]) {
        await hub.checkLedger();
        await sink.stop();
        await hub.stop();
    }
}

export const versusLines = { versus };
