// Commits that fail, syncs that fail, a disk that is full: no 2xx without the commit, a clear 503,
// recovery without a restart.
import assert from 'node:assert/strict';
import { after } from 'node:test';
import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { Load, ReceiverBook, SenderBook, checkEquations, compareBooks, missing } from '../lib/books.mjs';
import { ledgerOf, makeEvent, makeWebhook, sendWebhook } from '../lib/fixtures.mjs';
import { expect } from '../lib/http.mjs';
import { Hub, crashBinary, scenario } from '../lib/hub.mjs';
import { runSync, temporaryFolder } from '../lib/processes.mjs';
import { startReceiver } from '../lib/receiver.mjs';
import { sleep, until } from '../lib/wait.mjs';

const testBuild = existsSync(crashBinary) ? false : 'no test build';

async function setUp(options = {}) {
    const hub = new Hub({ program: crashBinary, ...options });
    await hub.init();
    await hub.start();
    const receiver = await startReceiver({ keep: false });
    after(() => receiver.close());
    await makeEvent(hub.client(), { alias: 'load', context: 'webhook', fields: [{ id: 'n', name: 'N', type: 'integer' }, { id: 'pad', name: 'P', type: 'text' }] });
    await makeWebhook(hub.client(), receiver.url, { eventTypes: ['custom_event.load'] });
    const book = new SenderBook();
    return { hub, receiver, book, theirs: new ReceiverBook(receiver), load: new Load({ book, port: hub.port, path: `/${hub.owners[0].organizationId}/custom-events/alias/load` }) };
}

async function finish({ hub, book, theirs, load }) {
    await load.stop();
    await until('all acknowledged events are delivered', () => missing(book, theirs).length === 0, { timeout: 30000 });
    compareBooks(book, theirs);
    await until('nothing is pending', async () => (await ledgerOf(hub.client())).pending === 0, { timeout: 20000 });
    const ledger = checkEquations(await ledgerOf(hub.client()));
    assert.ok(ledger.events >= book.acknowledged.size && ledger.events <= book.acknowledged.size + book.unknown.size, JSON.stringify([ledger, book.acknowledged.size, book.unknown.size]));
    await hub.checkLedger();
}

for (const fault of ['commit-fail-before', 'commit-fail-after', 'fsync-fail', 'io-fail'])
    scenario(`${fault}: at commits 1, 7, 40 and 100 after the start, under load`, { skip: testBuild, timeout: 180000 }, async () => {
        for (const at of [1, 7, 40, 100]) {
            const one = await setUp();
            await one.hub.stop();
            one.load.begin();
            await one.hub.start({ env: { JUNCTOR_FAULT: `${fault}:${at}` }, ready: false });
            await one.hub.ready().catch((error) => {
                // A fault while it starts may end it, with its name.
                if (one.hub.running) throw error;
            });
            if (one.hub.running) {
                const before = one.book.acknowledged.size;
                await until('events are accepted again, without a restart', () => one.book.acknowledged.size > before + 300, { timeout: 20000 });
                assert.ok(one.hub.running, one.hub.tail());
            } else {
                await one.hub.start();
            }
            for (const [, status] of one.book.refused) assert.equal(status, 503);
            await finish(one);
            await one.hub.remove();
        }
    });

scenario('io-dead: every write fails from then on: only 503, nothing acknowledged is lost', { skip: testBuild }, async () => {
    const one = await setUp();
    await one.hub.stop();
    await one.hub.start({ env: { JUNCTOR_FAULT: 'io-dead:400' } });
    one.load.begin();
    await until('it refuses', () => one.book.refused.size > 30, { timeout: 20000 });
    const acknowledged = one.book.acknowledged.size;
    await sleep(500);
    assert.equal(one.book.acknowledged.size, acknowledged, 'no 2xx while nothing can be committed');
    assert.ok([...one.book.refused.values()].every((status) => status === 503));
    const answer = expect(await sendWebhook(one.hub.client(), one.hub.owners[0].organizationId, 'load', { email: 'x@example.org' }), 503);
    assert.ok(['store_unavailable', 'busy'].includes(answer.problem), answer.text);
    assert.ok(Number(answer.headers['retry-after']) > 0);
    assert.ok(one.hub.running, 'it goes on answering');
    await one.hub.kill();
    await one.hub.start();
    await finish(one);
});

scenario('a full disk: 503, no 2xx without a commit, and recovery without a restart once there is room', { skip: testBuild, timeout: 180000 }, async (t) => {
    const folder = temporaryFolder('full');
    const place = join(folder, 'small');
    mkdirSync(place);
    const mounted = runSync('mount', ['-t', 'tmpfs', '-o', 'size=40m', 'tmpfs', place]);
    if (mounted.code !== 0) {
        t.skip(`no small file system can be mounted here (${mounted.stderr.trim()})`);
        return;
    }
    after(async () => {
        runSync('umount', ['-l', place]);
        rmSync(folder, { recursive: true, force: true });
    });
    const ballast = join(place, 'ballast');
    writeFileSync(ballast, Buffer.alloc(20 << 20));
    const one = await setUp({ dir: join(place, 'hub'), args: ['--max-history', '10GiB'] });
    one.load.pad = 2000;
    one.receiver.script = () => 200;
    one.load.begin();
    await until('the disk is full', () => one.book.refused.size > 100, { timeout: 60000 });
    assert.ok([...one.book.refused.values()].every((status) => status === 503), JSON.stringify([...new Set(one.book.refused.values())]));
    const refused = await sendWebhook(one.hub.client(), one.hub.owners[0].organizationId, 'load', { email: 'x@example.org' });
    if (refused.status === 503) {
        assert.ok(['store_unavailable', 'backlog_full'].includes(refused.problem), refused.text);
        assert.ok(Number(refused.headers['retry-after']) > 0);
    }
    expect(await one.hub.anonymous.get('/healthz'), 200);
    const before = one.book.acknowledged.size;
    rmSync(ballast);
    await until('it accepts again', () => one.book.acknowledged.size > before + 100, { timeout: 20000 });
    one.load.stopped = true;
    await finish(one);
    await one.hub.remove();
});
