// SPDX-License-Identifier: MIT
// bench/lines.mjs: what is measured of receiving, and all lines together; see `run`.
import { BenchHub, buildPeer, cpuBetween, cpuByThread, median, memory, newPort, peerProgram, percentile, sleep, startNginx, startSink, until, wrk } from './machine.mjs';
import { deliveryLines } from './lines-delivery.mjs';
import { orderLines } from './lines-orders.mjs';
import { versusLines } from './lines-versus.mjs';
import { finish, format, notes, options, perEvent, row, runLines, say } from './report.mjs';
import { run } from '../test/lib/processes.mjs';

let shared = null;
// The reference runs as long as the program does.
const reference = async () => (shared ??= await startNginx());

async function ingest(connections, name, least, stretch) {
    const nginx = await reference();
    const hub = await BenchHub.start();
    const path = await hub.event();
    await hub.people(path);
    await hub.webhook(`http://127.0.0.1:${newPort()}/down`);
    await wrk({ port: hub.port, path, connections, seconds: 2 });
    const ratios = [];
    const figures = [];
    for (let i = 0; i < options.runs; i++) {
        const base = await wrk({ port: nginx.port, connections, seconds: options.seconds });
        const before = cpuByThread(hub.pid);
        const ours = await wrk({ port: hub.port, path, connections, seconds: options.seconds });
        ours.cpu = cpuBetween(before, cpuByThread(hub.pid), ours.good);
        ratios.push(ours.rate / base.rate);
        figures.push({ base, ours });
        say(`  ${name}: run ${i + 1}: ${format(ours.rate)}/s against ${format(base.rate)}/s = ${(ours.rate / base.rate).toFixed(3)}; p50 ${ours.p50} µs, p99 ${ours.p99} µs, ${ours.status} refused`);
    }
    const ledger = await hub.ledger();
    notes.push(`${name}: CPU µs an event: ${perEvent(figures.at(-1).ours.cpu)}; rows: ${ledger.events} events, ${ledger.deliveries} deliveries; ${Math.round(hub.size() / 1e6)} MB; ${memory(hub.pid).toFixed(0)} MB of memory`);
    await hub.stop();
    row(`durable ingest by webhook, one endpoint whose receiver is down, ${connections} connections, against nginx`, {
        value: median(ratios), least, stretch,
        measured: `${format(median(figures.map((one) => one.ours.rate)))}/s, p50 ${format(median(figures.map((one) => one.ours.p50)))} µs, p99 ${format(median(figures.map((one) => one.ours.p99)))} µs`,
        reference: `${format(median(figures.map((one) => one.base.rate)))}/s`,
    });
}

// Load for `seconds`, with the backlog looked at once a second. `share` of the requests wait 2 ms.
async function wholeRun(hub, path, sink, { connections, seconds, share }) {
    const begun = await hub.ledger();
    const cpu = cpuByThread(hub.pid);
    const backlog = [];
    let peak = 0;
    const watching = setInterval(async () => {
        try {
            backlog.push((await hub.ledger()).pending);
            peak = Math.max(peak, memory(hub.pid));
        } catch {
            // the next one
        }
    }, 1000);
    const load = await wrk({ port: hub.port, path, connections, seconds, env: { BENCH_DELAY: String(share) } });
    clearInterval(watching);
    const ended = await hub.ledger();
    const delivered = ended.delivered - begun.delivered;
    const rest = backlog.slice(Math.floor(backlog.length / 3));
    const growth = rest.length > 1 ? rest.at(-1) - rest[0] : 0;
    const result = { load, delivered, rate: delivered / load.seconds, growth, pending: ended.pending, backlog, peak, cpu: cpuBetween(cpu, cpuByThread(hub.pid), Math.max(1, delivered)) };
    const drained = Date.now();
    await until('the backlog is delivered', async () => (await hub.ledger()).pending === 0, { timeout: 300000, every: 100 });
    result.drain = (Date.now() - drained) / 1000;
    return result;
}

const grows = (result) => result.growth > Math.max(200, result.load.good * 0.005);

async function whole() {
    const nginx = await reference();
    const hub = await BenchHub.start();
    const sink = await startSink();
    const path = await hub.event();
    await hub.people(path);
    await hub.webhook(sink.url);
    const probe = options.quick ? 4 : 10;
    const long = options.quick ? 10 : 60;
    // The hardest load under which the backlog does not grow.
    let share = 0;
    let result = await wholeRun(hub, path, sink, { connections: 64, seconds: probe, share });
    say(`  whole: full load: ${format(result.load.rate)}/s in, ${format(result.rate)}/s delivered, backlog ${result.pending} (growth ${result.growth}), drained in ${result.drain.toFixed(1)} s`);
    if (grows(result)) {
        let [low, high] = [0, 1];
        for (let step = 0; step < (options.quick ? 3 : 5); step++) {
            share = (low + high) / 2;
            result = await wholeRun(hub, path, sink, { connections: 64, seconds: probe, share });
            say(`  whole: ${share.toFixed(3)} of the requests wait: ${format(result.load.rate)}/s in, ${format(result.rate)}/s delivered, backlog ${result.pending} (growth ${result.growth})`);
            if (grows(result)) low = share;
            else high = share;
        }
        share = high;
    }
    const ratios = [];
    const results = [];
    for (let i = 0; i < (options.quick ? 1 : Math.max(1, Math.ceil(options.runs / 5))); i++) {
        const base = await wrk({ port: nginx.port, connections: 64, seconds: options.seconds });
        result = await wholeRun(hub, path, sink, { connections: 64, seconds: long, share });
        // What a short look took for bearable may not be so for longer.
        for (let lighter = 0; grows(result) && lighter < 5 && !options.quick; lighter++) {
            say(`  whole: ${share.toFixed(3)} of the requests wait: in ${long} s the backlog grew by ${result.growth}`);
            share += 0.04;
            result = await wholeRun(hub, path, sink, { connections: 64, seconds: long, share });
        }
        results.push(result);
        ratios.push(result.rate / base.rate);
        say(`  whole: ${long} s: ${format(result.rate)}/s delivered, ${format(result.load.rate)}/s in, against ${format(base.rate)}/s; backlog by second: ${result.backlog.join(' ')}`);
    }
    await hub.checkLedger();
    notes.push(`whole: CPU µs an event: ${perEvent(result.cpu)}; backlog grew by ${result.growth}; p99 of the answers ${result.load.p99} µs; memory at most ${result.peak.toFixed(0)} MB; doctor --ledger exact`);
    const worst = results.some(grows);
    row('whole way, sustained, backlog not growing, against the same nginx figure', {
        value: worst ? 0 : median(ratios), least: 0.08, stretch: 0.2, measured: `${format(median(results.map((one) => one.rate)))}/s for ${long} s${worst ? ' (the backlog grew)' : ''}`,
    });
    await sink.stop();
    await hub.stop();
}

async function latency() {
    const hub = await BenchHub.start();
    const path = await hub.event();
    await hub.people(path);
    const port = newPort();
    await hub.webhook(`http://127.0.0.1:${port}/`);
    const p99 = [];
    const p50 = [];
    const acknowledged = [];
    for (let i = 0; i < options.runs; i++) {
        const result = await run(peerProgram, ['pace', String(hub.port), path, String(port), '100', String(options.quick ? 5 : 15)], { timeout: 60000 });
        if (result.code !== 0) throw new Error(`pace: ${result.stderr}`);
        const lines = result.stdout.trim().split('\n').map((line) => line.split(' ').map(Number));
        const lost = lines.filter((line) => line[2] < 0).length;
        if (lost > 0) say(`  latency: ${lost} events did not arrive`);
        p99.push(percentile(lines.map((line) => (line[2] < 0 ? 1e9 : line[2])), 0.99) / 1000);
        p50.push(percentile(lines.map((line) => line[2]), 0.5) / 1000);
        acknowledged.push(percentile(lines.map((line) => line[1]), 0.99) / 1000);
        say(`  latency: run ${i + 1}: p50 ${p50.at(-1)} ms, p99 ${p99.at(-1)} ms; answered within p99 ${acknowledged.at(-1)} ms`);
    }
    row('receive to first byte at the receiver, idle, 100 events a second, p99', { value: median(p99), unit: ' ms', least: 5, stretch: 2, better: 'less', measured: `p50 ${median(p50).toFixed(2)} ms; the answer: p99 ${median(acknowledged).toFixed(2)} ms` });
    await hub.stop();
}

async function idempotency() {
    const hub = await BenchHub.start();
    const path = await hub.event();
    await hub.people(path);
    const ratios = [];
    const rates = [[], []];
    for (let i = 0; i < options.runs; i++) {
        // Both build their header in the same way, so that the client costs the same.
        const without = await wrk({ port: hub.port, path, seconds: options.seconds, env: { BENCH_HEADER: 'X-Request-Mark', BENCH_SEED: `a${i}` } });
        const fresh = await wrk({ port: hub.port, path, seconds: options.seconds, env: { BENCH_HEADER: 'Idempotency-Key', BENCH_SEED: `b${i}-${Date.now()}` } });
        ratios.push(fresh.rate / without.rate);
        rates[0].push(without.rate);
        rates[1].push(fresh.rate);
        say(`  idempotency: run ${i + 1}: ${format(fresh.rate)}/s with, ${format(without.rate)}/s without a key = ${ratios.at(-1).toFixed(3)}`);
    }
    row('ingest with a fresh Idempotency-Key on each event, against without', { value: median(ratios), least: 0.6, stretch: 0.8, measured: `${format(median(rates[1]))}/s`, reference: `${format(median(rates[0]))}/s` });
    await hub.stop();
}

async function prune() {
    const hub = await BenchHub.start({ clock: true, args: ['--retention', '1d'] });
    const path = await hub.event();
    await hub.people(path);
    const target = options.quick ? 100000 : 1000000;
    await fill(hub, path, target);
    const quiet = [];
    const busy = [];
    for (let i = 0; i < (options.quick ? 1 : 3); i++) quiet.push((await wrk({ port: hub.port, path, seconds: options.seconds })).p99);
    const before = (await hub.ledger()).events;
    // The newest of the old: when it is gone, all of them are.
    const [last] = (await hub.client().get('/api/v1/events?limit=1')).json.data;
    await hub.advance(2 * 86400000);
    const begun = Date.now();
    for (let done = false; !done && Date.now() - begun < 600000; ) {
        const load = await wrk({ port: hub.port, path, seconds: Math.min(options.seconds, 5) });
        busy.push(load.p99);
        done = (await hub.client().get(`/api/v1/events/${last.id}`)).status === 404;
        say(`  prune: p99 ${load.p99} µs at ${format(load.rate)}/s, ${Math.round((Date.now() - begun) / 1000)} s since, ${done ? 'done' : 'still pruning'}`);
    }
    row('ingest p99 while rows are pruned, against without', { value: median(busy) / median(quiet), unit: '×', least: 1.5, better: 'less', measured: `${format(median(busy))} µs, ${before} events gone in ${Math.round((Date.now() - begun) / 1000)} s`, reference: `${format(median(quiet))} µs` });
    await hub.stop();
}

// Load until so many events are stored.
async function fill(hub, path, target, people = 10000) {
    for (;;) {
        const { events } = await hub.ledger();
        if (events >= target) return;
        const load = await wrk({ port: hub.port, path, connections: 256, seconds: target - events > 1000000 ? 30 : 5, env: { BENCH_PEOPLE: String(people) } });
        say(`  filling: ${events + load.good} events, ${format(load.rate)}/s`);
    }
}

async function memoryLine() {
    const hub = await BenchHub.start();
    await sleep(2000);
    const idle = memory(hub.pid);
    const path = await hub.event();
    await hub.people(path);
    const sink = await startSink();
    await hub.webhook(sink.url);
    let peak = 0;
    const watching = setInterval(() => (peak = Math.max(peak, memory(hub.pid))), 200);
    for (const connections of [64, 256, 1000]) await wrk({ port: hub.port, path, connections, seconds: options.quick ? 4 : 15 });
    clearInterval(watching);
    await until('the backlog is delivered', async () => (await hub.ledger()).pending === 0, { timeout: 300000, every: 200 });
    await sleep(options.quick ? 20000 : 60000);
    const after = memory(hub.pid);
    row('memory, idle after start', { value: idle, unit: ' MB', least: 25, better: 'less' });
    row('memory, at full load (64, 256 and 1,000 connections, whole way)', { value: peak, unit: ' MB', least: 120, better: 'less' });
    row('memory, a minute after', { value: after, unit: ' MB', least: 60, better: 'less' });
    await sink.stop();
    await hub.stop();
}

async function flood() {
    const hub = await BenchHub.start({ organizations: 2 });
    const flooded = await hub.event('flood', 0);
    const quiet = await hub.event('quiet', 1);
    await hub.people(flooded);
    const ratios = [];
    const alone = [];
    const beside = [];
    for (let i = 0; i < options.runs; i++) {
        const one = await wrk({ port: hub.port, path: quiet, connections: 32, seconds: options.seconds });
        const [, two] = await Promise.all([
            wrk({ port: hub.port, path: flooded, connections: 256, seconds: options.seconds + 2 }),
            sleep(1000).then(() => wrk({ port: hub.port, path: quiet, connections: 32, seconds: options.seconds })),
        ]);
        alone.push(one.p99);
        beside.push(two.p99);
        ratios.push(two.p99 / one.p99);
        say(`  flood: run ${i + 1}: p99 ${one.p99} µs alone (${format(one.rate)}/s), ${two.p99} µs beside a flood (${format(two.rate)}/s, ${two.status} refused)`);
    }
    row('p99 of an organization while another floods, against without', { value: median(ratios), unit: '×', least: 2, better: 'less', measured: `${format(median(beside))} µs`, reference: `${format(median(alone))} µs` });
    await hub.stop();
}

async function millions() {
    const rates = {};
    const target = options.quick ? 300000 : 10000000;
    const seconds = options.quick ? 5 : 60;
    for (const stored of [0, target]) {
        const hub = await BenchHub.start({ args: ['--max-history', '200GiB'] });
        const path = await hub.event();
        await hub.people(path, 100000);
        if (stored) await fill(hub, path, stored, 100000);
        await wrk({ port: hub.port, path, seconds, env: { BENCH_PEOPLE: '100000' } });
        const before = cpuByThread(hub.pid);
        const load = await wrk({ port: hub.port, path, seconds, env: { BENCH_PEOPLE: '100000' } });
        rates[stored] = load.rate;
        notes.push(`${stored} events stored: ${format(load.rate)}/s, p99 ${load.p99} µs, CPU µs an event: ${perEvent(cpuBetween(before, cpuByThread(hub.pid), load.good))}, ${Math.round(hub.size() / 1e6)} MB`);
        if (stored) {
            const begun = performance.now();
            await hub.ledger();
            notes.push(`the ledger at ${stored} events answers in ${(performance.now() - begun).toFixed(1)} ms`);
        }
        await hub.stop();
    }
    row(`ingest with ${target.toLocaleString('en')} events stored, against empty`, { value: rates[target] / rates[0], least: 0.75, stretch: 0.9, measured: `${format(rates[target])}/s`, reference: `${format(rates[0])}/s` });
}

const lines = {
    ingest64: () => ingest(64, 'ingest64', 0.18, 0.28),
    ingest256: () => ingest(256, 'ingest256', 0.22, 0.41),
    whole, latency, idempotency, prune, memory: memoryLine, flood, millions,
};

buildPeer();
await runLines({ ...lines, ...deliveryLines, ...orderLines, ...versusLines }, ['millions', 'outage', 'restart', 'versus']);
await shared?.stop();
finish();
