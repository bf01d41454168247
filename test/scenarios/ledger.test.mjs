// The ledger: figures that add up, and agree with a recount.
import assert from 'node:assert/strict';
import { after } from 'node:test';

import { checkEquations } from '../lib/books.mjs';
import { TEXT, ledgerOf, makeEvent, makeWebhook, sendApi, sendWebhook } from '../lib/fixtures.mjs';
import { expect, expectProblem } from '../lib/http.mjs';
import { scenario, sqliteOf, startHub } from '../lib/hub.mjs';
import { startReceiver } from '../lib/receiver.mjs';
import { until } from '../lib/wait.mjs';

scenario('the equations hold at every moment, and the recount agrees', async () => {
    const hub = await startHub({ organizations: 2 });
    const api = hub.client();
    const receiver = await startReceiver();
    after(() => receiver.close());
    receiver.script = (received) => (received.index % 7 === 3 ? 500 : 200);
    for (const alias of ['order', 'refund', 'quiet']) await makeEvent(api, { alias, fields: [TEXT] });
    await makeEvent(api, { alias: 'hook', context: 'webhook' });
    await makeWebhook(api, receiver.url, { eventTypes: ['custom_event.order', 'contact.created'] });
    await makeWebhook(api, receiver.url, { eventTypes: ['custom_event.*'] });
    const doomed = await makeWebhook(api, receiver.url, { eventTypes: ['custom_event.order'] });
    let sent = 0;
    let refused = 0;
    for (let i = 0; i < 40; i++) {
        const alias = ['order', 'refund', 'quiet'][i % 3];
        expect(await sendApi(api, alias, { email: `p${i % 10}@example.org` }), 201);
        sent++;
        if (i % 5 === 0) {
            expect(await sendApi(api, alias, { email: 'x' }), 422);
            refused++;
        }
        if (i % 4 === 0) {
            expect(await sendWebhook(api, hub.owners[0].organizationId, 'hook', { email: 'p1@example.org' }), 200, 201, 202);
            sent++;
        }
        checkEquations(await ledgerOf(api));
    }
    expect(await api.delete(`/api/v1/webhooks/${doomed.id}`), 204);
    const ledger = await until('the ledger has everything', async () => {
        const one = checkEquations(await ledgerOf(api));
        return one.rejected === refused && one;
    });
    assert.deepEqual([ledger.events, ledger.wanted, ledger.notWanted, ledger.occurrences], [sent, sent, 0, 10]);
    await hub.checkLedger();
    await hub.stop();
    await hub.checkLedger();
    await hub.start();
    const again = checkEquations(await ledgerOf(api));
    assert.deepEqual([again.events, again.wanted, again.notWanted, again.occurrences, again.rejected], [sent, sent, 0, 10, refused]);
    const other = await ledgerOf(hub.client(hub.owners[1]));
    assert.ok(Object.values(other).every((value) => typeof value !== 'number' || value === 0), `another organization: ${JSON.stringify(other)}`);
});

scenario('since: counts what happened from then on', async () => {
    const hub = await startHub({ clock: true });
    const api = hub.client();
    await makeEvent(api, { alias: 'order' });
    for (let i = 0; i < 3; i++) expect(await sendApi(api, 'order', { email: 'a@b.org' }), 201);
    await hub.advance(3600000);
    const { now } = await hub.clockState();
    for (let i = 0; i < 2; i++) expect(await sendApi(api, 'order', { email: 'a@b.org' }), 201);
    assert.equal((await ledgerOf(api)).events, 5);
    assert.equal((await ledgerOf(api, new Date(now - 60000).toISOString())).events, 2);
    assert.equal((await ledgerOf(api, new Date(now + 3600000).toISOString())).events, 0);
    for (const since of ['yesterday', '2026-99-99T00:00:00Z', '%00', '5']) expect(await api.get(`/api/v1/ledger?since=${since}`), 400, 422);
});

scenario('doctor --ledger names a difference, and fails', async () => {
    const hub = await startHub();
    const api = hub.client();
    await makeEvent(api, { alias: 'order' });
    expect(await sendApi(api, 'order', { email: 'a@b.org' }), 201);
    const good = await hub.checkLedger();
    assert.equal(good.code, 0);
    await hub.stop();
    sqliteOf(hub, 'DELETE FROM events WHERE id = (SELECT max(id) FROM events)');
    const bad = await hub.cli(['doctor', '--data', hub.data, '--ledger']);
    assert.notEqual(bad.code, 0, bad.stdout + bad.stderr);
    assert.ok((bad.stdout + bad.stderr).length > 10);
});
