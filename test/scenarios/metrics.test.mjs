// /metrics as a Prometheus parser reads it, and that its figures are those of the ledger.
import assert from 'node:assert/strict';
import { after } from 'node:test';
import parse from 'parse-prometheus-text-format';

import { TEXT, ledgerOf, makeEvent, makeWebhook, sendApi } from '../lib/fixtures.mjs';
import { expect } from '../lib/http.mjs';
import { scenario, startHub } from '../lib/hub.mjs';
import { startReceiver } from '../lib/receiver.mjs';
import { until } from '../lib/wait.mjs';

const read = async (hub) => {
    const answer = expect(await hub.client().get('/metrics'), 200);
    assert.match(answer.headers['content-type'], /^text\/plain; *version=0\.0\.4/);
    return { text: answer.text, families: parse(answer.text) };
};

const sum = (families, pattern) => families.filter((family) => pattern.test(family.name)).flatMap((family) => family.metrics).reduce((total, metric) => total + Number(metric.value ?? 0), 0);

scenario('every family has help and type, counters end in _total, names begin with junctor_, nothing comes twice', async () => {
    const hub = await startHub();
    const { text, families } = await read(hub);
    assert.ok(families.length >= 10, `${families.length} families`);
    assert.equal(new Set(families.map((family) => family.name)).size, families.length);
    for (const family of families) {
        assert.match(family.name, /^(junctor|process)_[a-z0-9_]+$/);
        assert.ok(family.help?.length > 5, `${family.name} has help`);
        assert.ok(['COUNTER', 'GAUGE', 'HISTOGRAM', 'SUMMARY'].includes(family.type), `${family.name}: ${family.type}`);
        if (family.type === 'COUNTER') assert.match(family.name, /_total$/);
        assert.ok(family.metrics.length > 0 || family.type !== 'COUNTER');
    }
    assert.ok(text.endsWith('\n'));
    const lines = text.split('\n').filter((line) => line && !line.startsWith('#')).map((line) => line.replace(/ [^ ]+$/, ''));
    assert.equal(new Set(lines).size, lines.length, 'no sample twice');
});

scenario('events, deliveries and attempts are counted', async () => {
    const hub = await startHub();
    const api = hub.client();
    const receiver = await startReceiver();
    after(() => receiver.close());
    receiver.answers(200, 500, 200);
    await makeEvent(api, { alias: 'order', fields: [TEXT] });
    await makeWebhook(api, receiver.url, { eventTypes: ['custom_event.order'] });
    for (let i = 0; i < 10; i++) expect(await sendApi(api, 'order', { email: 'm@example.org' }), 201);
    for (let i = 0; i < 3; i++) expect(await sendApi(api, 'order', { email: 'x' }), 422);
    await until('ten attempts', () => receiver.count >= 10);
    await until('they are in the ledger', async () => (await ledgerOf(api)).delivered === 9);
    const { families, text } = await read(hub);
    assert.ok(sum(families, /event.*_total$/) >= 10, text);
    assert.ok(sum(families, /attempt.*_total$/) >= 10, text);
    assert.ok(sum(families, /http_requests.*_total$/) >= 13, text);
});

scenario('deliveries by state, the age of the oldest, attempts by result and by phase; labels are few', async () => {
    const hub = await startHub({ clock: true });
    const api = hub.client();
    const receiver = await startReceiver();
    after(() => receiver.close());
    await makeEvent(api, { alias: 'order', fields: [TEXT] });
    await makeWebhook(api, receiver.url, { eventTypes: ['custom_event.order'], retry: { delaysSeconds: [60] } });
    await makeWebhook(api, 'http://127.0.0.1:9/', { name: 'Nobody', eventTypes: ['custom_event.order'], retry: { delaysSeconds: [60] } });
    receiver.answers(200, 500, 301, 404, 200);
    for (let i = 0; i < 5; i++) {
        expect(await sendApi(api, 'order', { email: 'm@example.org' }), 201);
        await receiver.waitFor(i + 1);
    }
    await hub.settled();
    await hub.advance(30000);
    const one = (families, name, labels) => {
        const family = families.find((each) => each.name === name);
        assert.ok(family, name);
        return Number(family.metrics.find((metric) => Object.entries(labels).every(([key, value]) => metric.labels?.[key] === value)).value);
    };
    const { families, text } = await read(hub);
    const states = Object.fromEntries(['pending', 'delivered', 'dead', 'dropped'].map((state) => [state, one(families, 'junctor_deliveries', { state })]));
    assert.deepEqual(states, { pending: 8, delivered: 2, dead: 0, dropped: 0 });
    assert.equal(Number(families.find((each) => each.name === 'junctor_oldest_pending_seconds').metrics[0].value), 30);
    const results = (result) => one(families, 'junctor_attempt_results_total', { result });
    assert.deepEqual(['delivered', 'server_error', 'redirect', 'client_error', 'connect', 'timeout'].map(results), [2, 1, 1, 1, 5, 0]);
    const histogram = families.find((each) => each.name === 'junctor_attempt_seconds');
    assert.equal(histogram.type, 'HISTOGRAM');
    const counts = Object.fromEntries([...text.matchAll(/^junctor_attempt_seconds_count\{phase="(\w+)"\} (\d+)$/gm)].map(([, phase, count]) => [phase, Number(count)]));
    assert.ok(counts.connect >= 1 && counts.connect <= 10);
    assert.deepEqual(counts, { name: 0, connect: counts.connect, tls: 0, first_byte: 5, whole: 10 });
    const bounds = [...text.matchAll(/^junctor_attempt_seconds_bucket\{phase="whole",le="([^"]+)"\} (\d+)$/gm)];
    assert.equal(bounds.at(-1)[1], '+Inf');
    assert.ok(bounds.every(([, , count], i) => i === 0 || Number(count) >= Number(bounds[i - 1][2])), 'buckets add up');
    for (let i = 0; i < 30; i++) await makeWebhook(api, `http://127.0.0.1:9/${i}`, { name: `n${i}`, eventTypes: ['custom_event.order'] });
    const before = (await read(hub)).text.split('\n').length;
    expect(await sendApi(api, 'order', { email: 'm@example.org' }), 201);
    await hub.settled();
    assert.equal((await read(hub)).text.split('\n').length, before, 'endpoints make no series');
});
