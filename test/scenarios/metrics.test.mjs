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
