// SPDX-License-Identifier: MIT
// bench/lines-delivery.mjs: what is measured of delivering: what bad endpoints cost the good ones, and
// how fast a backlog goes; see `run`.
import { Authority } from '../test/lib/certificates.mjs';
import { NameServer } from '../test/lib/dns.mjs';
import { expect } from '../test/lib/http.mjs';
import { Receiver } from '../test/lib/receiver.mjs';
import { BenchHub, binary, cpuBetween, cpuByThread, median, memory, newPort, paced, silentUrl, sinkUrl, sleep, startReceivers, startSilent, startSink, startSinks, syncedAppends, until, wrk } from './machine.mjs';
import { format, notes, options, perEvent, row, say } from './report.mjs';

// Bench hubs answer for at most so long for a backlog.
const DRAIN = { timeout: 600000, every: 20 };

const drained = (hub, i = 0, left = 0) => until('the backlog is delivered', async () => (await hub.ledger(i)).pending <= left, DRAIN);

// Deliveries a second under full load, its backlog included: the whole way's highest rate.
export async function maximum(hub, path, load = {}) {
    const before = (await hub.ledger()).delivered;
    const begun = performance.now();
    await wrk({ port: hub.port, path, seconds: options.seconds, ...load });
    await drained(hub);
    return ((await hub.ledger()).delivered - before) / ((performance.now() - begun) / 1000);
}

// So many pending deliveries of a receiver that is down, by one event an organization's endpoint.
async function backlog(hub, path, events, i = 0) {
    for (;;) {
        const { pending } = await hub.ledger(i);
        if (pending >= events) return pending;
        const left = events - pending;
        const load = await wrk({ port: hub.port, path, connections: 256, seconds: Math.max(1, Math.min(30, Math.round(left / 40000))) });
        say(`  filling: ${pending + load.good} pending, ${format(load.rate)}/s`);
    }
}

const wholly = (load) => {
    if (load.lost > 0 || load.doubled > 0 || load.refused > 0) say(`  ${load.lost} lost, ${load.doubled} doubled, ${load.refused} refused`);
    return load;
};

// `runs` paced runs before `disturb` and after it; two rows of their medians.
async function beside({ name, what, hub, path, aliases, sinkPort, rate, disturb, throughput }) {
    const runs = async (label) => {
        const loads = [];
        const before = cpuByThread(hub.pid);
        for (let i = 0; i < options.runs; i++) {
            const load = wholly(await paced({ hub, path, aliases, sinkPort, rate, seconds: options.seconds }));
            loads.push(load);
            say(`  ${name}: ${label}: ${format(load.rate)}/s of ${format(rate)}/s, p50 ${load.p50} µs, p99 ${load.p99} µs, the answers' p99 ${load.acknowledged_p99} µs, late by p99 ${load.late_p99} µs`);
        }
        const events = loads.reduce((sum, load) => sum + load.sent, 0);
        notes.push(`${name}, ${label}: CPU µs an event: ${perEvent(cpuBetween(before, cpuByThread(hub.pid), events))}`);
        const lost = loads.reduce((sum, load) => sum + load.lost + load.doubled, 0);
        return { rate: median(loads.map((load) => load.rate)), p50: median(loads.map((load) => load.p50)), p99: median(loads.map((load) => load.p99)), lost };
    };
    await paced({ hub, path, aliases, sinkPort, rate, seconds: options.seconds });
    const alone = await runs('alone');
    const undo = await disturb();
    const disturbed = await runs('beside');
    await undo();
    if (alone.lost + disturbed.lost > 0) throw new Error(`${name}: ${alone.lost + disturbed.lost} events were lost or doubled`);
    if (throughput) row(`${what}: deliveries a second, against without`, { value: disturbed.rate / alone.rate, least: throughput, measured: `${format(disturbed.rate)}/s`, reference: `${format(alone.rate)}/s` });
    row(`${what}: p99 from receiving to the receiver, against without`, { value: disturbed.p99 / alone.p99, unit: '×', least: 1.5, better: 'less', measured: `${format(disturbed.p99)} µs, p50 ${format(disturbed.p50)} µs`, reference: `${format(alone.p99)} µs, p50 ${format(alone.p50)} µs` });
}

const HEALTHY = 50;
const DEAD = 200;
const DEAD_PENDING = 100;

async function dead() {
    const hub = await BenchHub.start({ organizations: 2 });
    const sinkPort = newPort();
    const path = await hub.endpoints(HEALTHY, (n) => sinkUrl(n, sinkPort));
    let sinks = await startSinks(sinkPort, HEALTHY);
    await hub.people(`${path}0`);
    await drained(hub);
    const most = await maximum(hub, `${path}0`);
    await sinks.stop();
    say(`  dead: the whole way's highest rate is ${format(most)}/s`);
    await beside({
        name: 'dead', what: `${HEALTHY} endpoints at half of the highest rate, beside ${DEAD} that never answer`,
        hub, path, aliases: HEALTHY, sinkPort, rate: most / 2, throughput: 0.9,
        disturb: async () => {
            const silentPort = newPort();
            const silent = await startSilent(silentPort, DEAD);
            const event = await hub.event('dead', 1);
            for (let n = 0; n < DEAD; n++) await hub.webhook(silentUrl(n, silentPort), 1, ['custom_event.dead']);
            for (let n = 0; n < DEAD_PENDING; n++) expect(await hub.client(1).post(event, { email: 'dead@example.org', n }), 200, 201, 202);
            const { pending } = await hub.ledger(1);
            if (pending !== DEAD * DEAD_PENDING) throw new Error(`${pending} pending deliveries to dead endpoints`);
            return async () => {
                const after = await hub.ledger(1);
                notes.push(`dead: ${after.pending} of ${DEAD * DEAD_PENDING} still pending, ${memory(hub.pid).toFixed(0)} MB of memory`);
                await silent.stop();
            };
        },
    });
    await hub.stop();
}

async function deafNames() {
    const names = await new NameServer().listen();
    names.ttl = 1;
    const hub = await BenchHub.start({ organizations: 2, args: ['--name-servers', names.address] });
    const sinkPort = newPort();
    const aliases = 10;
    for (let n = 0; n < aliases; n++) names.names[`n${n}.example.org`] = [`127.0.1.${n + 1}`];
    names.names['deaf.example.org'] = 'hang';
    const path = await hub.endpoints(aliases, (n) => `http://n${n}.example.org:${sinkPort}/`);
    await beside({
        name: 'deaf-names', what: '1,000 deliveries a second to names, beside one whose server never answers',
        hub, path, aliases, sinkPort, rate: 1000,
        disturb: async () => {
            const event = await hub.event('deaf', 1);
            await hub.webhook(`http://deaf.example.org:${sinkPort}/`, 1, ['custom_event.deaf']);
            const before = names.questions.length;
            // Each failure is followed by the next attempt, until the breaker says otherwise.
            const send = setInterval(() => hub.client(1).post(event, { email: 'deaf@example.org' }).catch(() => {}), 100);
            await until('it is asked for', () => names.questions.slice(before).some((question) => question.name === 'deaf.example.org'));
            return async () => {
                clearInterval(send);
                notes.push(`deaf-names: ${names.questions.filter((question) => question.name === 'deaf.example.org').length} questions without an answer, ${(await hub.ledger(1)).pending} deliveries wait`);
            };
        },
    });
    await hub.stop();
    names.close();
}

// Those that were tried while the receiver was down wait for their own time.
const LEFT = 50;

async function outage() {
    const hub = await BenchHub.start({ organizations: 2 });
    const path = await hub.event();
    await hub.people(path);
    let sink = await startSink();
    const hook = await hub.webhook(sink.url);
    const most = await maximum(hub, path);
    await sink.stop();
    const pending = await backlog(hub, path, options.events);
    const livePort = newPort();
    const livePath = await hub.endpoints(1, () => sinkUrl(0, livePort), 1);
    const seconds = Math.max(2, Math.min(options.seconds, Math.floor(pending / 30000)));
    const quiet = wholly(await paced({ hub, path: livePath, sinkPort: livePort, rate: 1000, seconds, connections: 32 }));
    let peak = memory(hub.pid);
    const watching = setInterval(() => (peak = Math.max(peak, memory(hub.pid))), 50);
    sink = await startSink(sink.port);
    // One that is sent by hand finds that the endpoint is back; else the breaker's next probe would, in up
    // to 15 minutes.
    const [newest] = expect(await hub.client().get(`/api/v1/webhooks/${hook.id}/deliveries?limit=1`), 200).json.data;
    const before = (await hub.ledger()).pending;
    const begun = performance.now();
    expect(await hub.client().post(`/api/v1/deliveries/${newest.id}/resend`), 200, 202);
    let end = 0;
    const draining = drained(hub, 0, LEFT).then(() => (end = performance.now()));
    const live = [];
    while (end === 0) {
        const load = wholly(await paced({ hub, path: livePath, sinkPort: livePort, rate: 1000, seconds, connections: 32 }));
        if (end === 0 || live.length === 0) live.push(load);
        say(`  outage: live: p50 ${load.p50} µs, p99 ${load.p99} µs, max ${load.max} µs; ${(await hub.ledger()).pending} pending`);
    }
    await draining;
    clearInterval(watching);
    const rate = (before - LEFT) / ((end - begun) / 1000);
    notes.push(`outage: live traffic before: p99 ${format(quiet.p99)} µs`);
    const events = pending.toLocaleString('en');
    row(`memory at most while ${events} pending deliveries go out after an outage`, { value: peak, unit: ' MB', least: 200, better: 'less' });
    row(`${events} pending deliveries after an outage, against the whole way's highest rate`, { value: rate / most, least: 0.8, measured: `${format(rate)}/s, ${((end - begun) / 1000).toFixed(1)} s`, reference: `${format(most)}/s` });
    row('live traffic meanwhile, 1,000 a second, p99 from receiving to the receiver', { value: median(live.map((load) => load.p99)) / 1000, unit: ' ms', least: 50, better: 'less', measured: `${live.length} runs of ${seconds} s` });
    await sink.stop();
    await hub.stop();
}

// The endpoint is disabled while they pile up: one that had failed would wait for its breaker first.
async function restart() {
    const hub = await BenchHub.start();
    const path = await hub.event();
    await hub.people(path);
    const receiver = await new Receiver({ keep: false }).listen(newPort());
    const hook = await hub.webhook(receiver.url);
    const change = (status) => hub.client().patch(`/api/v1/webhooks/${hook.id}`, { status });
    expect(await change('disabled'), 200);
    const pending = await backlog(hub, path, options.events);
    expect(await change('active'), 200);
    await hub.down();
    const times = [];
    for (let i = 0; i < options.runs; i++) {
        const arrived = new Promise((done) => (receiver.onRequest = () => done(performance.now())));
        const begun = performance.now();
        const up = hub.up();
        times.push((await arrived) - begun);
        say(`  restart: the first delivery after ${times.at(-1).toFixed(0)} ms`);
        await up;
        await hub.down();
    }
    row(`from the start with ${pending.toLocaleString('en')} pending deliveries to the first one`, { value: median(times), unit: ' ms', least: 1000, better: 'less' });
    await receiver.close();
    await hub.stop();
}

async function strict() {
    const hub = await BenchHub.start();
    const path = await hub.event();
    await hub.people(path);
    const sink = await startSink();
    await hub.webhook(sink.url, 0, ['*'], { order: 'strict' });
    const ratios = [];
    const rates = [[], []];
    for (let i = 0; i < options.runs; i++) {
        const appends = await syncedAppends(hub.folder, options.seconds);
        await wrk({ port: hub.port, path, connections: 256, seconds: 1 });
        while ((await hub.ledger()).pending < appends * options.seconds) await wrk({ port: hub.port, path, connections: 256, seconds: 1 });
        const before = (await hub.ledger()).delivered;
        const cpu = cpuByThread(hub.pid);
        const begun = performance.now();
        await sleep(options.seconds * 1000);
        const after = await hub.ledger();
        const rate = (after.delivered - before) / ((performance.now() - begun) / 1000);
        notes.push(`strict: CPU µs a delivery: ${perEvent(cpuBetween(cpu, cpuByThread(hub.pid), after.delivered - before))}; each took ${(1e6 / rate).toFixed(0)} µs`);
        if (after.pending === 0) throw new Error('there was not enough to deliver');
        rates[0].push(rate);
        rates[1].push(appends);
        ratios.push(rate / appends);
        say(`  strict: run ${i + 1}: ${format(rate)} deliveries a second, one at a time, against ${format(appends)} synced appends = ${ratios.at(-1).toFixed(3)}`);
        await drained(hub);
    }
    row('deliveries one at a time (strict order), against synced appends to the same disk', { value: median(ratios), least: 0.4, measured: `${format(median(rates[0]))}/s`, reference: `${format(median(rates[1]))}/s` });
    await sink.stop();
    await hub.stop();
}

async function https() {
    const authority = new Authority('Bench authority');
    const program = authority.trustedBy(binary);
    if (!program) throw new Error('https: this system allows no mount namespace in which the authority could be trusted');
    const receivers = await startReceivers(authority.issue('receiver'));
    const hub = await BenchHub.start({ program });
    const hooks = {};
    const paths = {};
    for (const kind of ['plain', 'tls']) {
        paths[kind] = await hub.event(kind);
        hooks[kind] = await hub.webhook(receivers[kind], 0, [`custom_event.${kind}`]);
    }
    await hub.people(paths.plain);
    await drained(hub);
    const rates = { plain: [], tls: [] };
    for (let i = 0; i < options.runs; i++) {
        for (const kind of ['plain', 'tls']) rates[kind].push(await maximum(hub, paths[kind]));
        say(`  https: run ${i + 1}: ${format(rates.tls.at(-1))}/s over TLS, ${format(rates.plain.at(-1))}/s without`);
    }
    row('whole way over HTTPS with kept connections, against HTTP', { value: median(rates.tls.map((rate, i) => rate / rates.plain[i])), least: 0.6, measured: `${format(median(rates.tls))}/s`, reference: `${format(median(rates.plain))}/s` });
    await hub.stop();
    await receivers.stop();
}

export const deliveryLines = { dead, 'deaf-names': deafNames, outage, restart, strict, https };
