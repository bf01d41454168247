// SPDX-License-Identifier: MIT
// bench/lines-orders.mjs: what is measured of orders and their exports; see `run`.
import { makeCampaign, makePlugin, makeProduct, makeProfile, makeRoute, makeSku } from '../test/lib/fixtures.mjs';
import { expect } from '../test/lib/http.mjs';
import { run, runSync } from '../test/lib/processes.mjs';
import { maximum } from './lines-delivery.mjs';
import { BenchHub, cpuBetween, cpuByThread, median, released, startSink } from './machine.mjs';
import { format, notes, options, perEvent, row, say } from './report.mjs';

const SECRET = 'a secret of the bench';

// The guide's mapping, with the secret in a header: a POST of a form, as Konnektive sends it to a hub.
async function exporting(hub, sink) {
    const client = hub.client();
    const campaign = await makeCampaign(client);
    const product = await makeProduct(client);
    await makeSku(client, campaign.id, 'neuro-1', { productId: product.id });
    const plugin = expect(await makePlugin(client, campaign.id, { secret: SECRET }), 201).json;
    const profile = await makeProfile(client, sink.url, { mappings: { ...plugin.fieldMapping, 'header:X-Webhook-Secret': SECRET } });
    await makeRoute(client, profile.id, 'new_sale', { campaignIds: [campaign.id] });
    const { pathname, search } = new URL(plugin.webhookUrl);
    return `${pathname}${search}`;
}

async function orders() {
    const hub = await BenchHub.start();
    const sink = await startSink();
    const event = await hub.event();
    await hub.people(event);
    await hub.webhook(sink.url, 0, ['custom_event.bench']);
    const postback = await exporting(hub, sink);
    const ways = {
        events: (seconds) => maximum(hub, event, { seconds }),
        orders: (seconds, seed) => maximum(hub, postback, { seconds, script: 'orders.lua', env: { BENCH_SECRET: SECRET, BENCH_SEED: String(seed) } }),
    };
    await ways.orders(2, 100); // the customers are there
    const rates = { events: [], orders: [] };
    for (let i = 0; i < options.runs; i++) {
        for (const [name, way] of Object.entries(ways)) {
            const cpu = cpuByThread(hub.pid);
            const before = (await hub.ledger()).delivered;
            rates[name].push(await way(options.seconds, 101 + i));
            const after = await hub.ledger();
            if (after.dead + after.dropped > 0) throw new Error(`${name}: ${after.dead} dead, ${after.dropped} dropped`);
            notes.push(`orders, ${name}: CPU µs each: ${perEvent(cpuBetween(cpu, cpuByThread(hub.pid), after.delivered - before))}`);
        }
        say(`  orders: run ${i + 1}: ${format(rates.orders.at(-1))}/s from postback to export, ${format(rates.events.at(-1))}/s of events`);
    }
    const ratios = rates.orders.map((rate, i) => rate / rates.events[i]);
    row('postback in, order, occurrence, export out, against the whole way of an event', { value: median(ratios), least: 0.5, measured: `${format(median(rates.orders))}/s`, reference: `${format(median(rates.events))}/s` });
    await sink.stop();
    await hub.stop();
}

async function routes() {
    const made = runSync('cmake', ['--build', released(''), '--target', 'export_bench', '--', '--quiet']);
    if (made.code !== 0) throw new Error(`export_bench: ${made.stdout}${made.stderr}`);
    const figures = { mixed: [], 'one type': [] };
    for (let i = 0; i < options.runs; i++) {
        const result = await run(released('export_bench'), [], { timeout: 60000 });
        for (const name of Object.keys(figures)) figures[name].push(Number(new RegExp(`^${name}: ([0-9.]+) us`, 'm').exec(result.stdout)?.[1] ?? NaN));
    }
    row('matching an order against 1,000 export profiles of 20 routes', { value: median(figures.mixed), unit: ' µs', least: 20, better: 'less', measured: `all 20,000 routes of one type: ${median(figures['one type']).toFixed(0)} µs` });
}

export const orderLines = { orders, routes };
