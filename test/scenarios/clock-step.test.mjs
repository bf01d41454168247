// The wall clock is stepped an hour back and forth under load: no id is repeated, nothing due is held
// by more than 5 s, no session and no key is revived.
import assert from 'node:assert/strict';
import { after } from 'node:test';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { Load, ReceiverBook, SenderBook, compareBooks, missing } from '../lib/books.mjs';
import { TEXT, ledgerOf, makeEvent, makeWebhook, sendApi } from '../lib/fixtures.mjs';
import { expect, expectProblem } from '../lib/http.mjs';
import { PASSWORD, binary, root, scenario, startHub } from '../lib/hub.mjs';
import { runSync, temporaryFolder } from '../lib/processes.mjs';
import { startReceiver } from '../lib/receiver.mjs';
import { sleep, until } from '../lib/wait.mjs';

const HOUR_S = 3600;
const folder = temporaryFolder('step');
const library = join(folder, 'step.so');
const file = join(folder, 'offset');

function step(seconds) {
    const bytes = Buffer.alloc(8);
    bytes.writeBigInt64LE(BigInt(seconds));
    writeFileSync(file, bytes, { flag: 'r+' });
}

const built = runSync('cc', ['-shared', '-fPIC', '-O1', '-o', library, join(root, 'test/lib/step.c'), '-ldl']);
const sanitized = /__asan_init|__tsan_init/.test(runSync('nm', ['-D', binary]).stdout + runSync('ldd', [binary]).stdout);
const skip = built.code !== 0 ? `no compiler: ${built.stderr}` : sanitized || /lib[at]san/.test(runSync('ldd', [binary]).stdout) ? 'a sanitized program takes no preloaded library' : false;

scenario('the wall clock is stepped ±1 h under load', { skip, timeout: 120000 }, async () => {
    writeFileSync(file, Buffer.alloc(8));
    const hub = await startHub({ env: { LD_PRELOAD: library, STEP_FILE: file } });
    const api = hub.client();
    const receiver = await startReceiver();
    after(() => receiver.close());
    await makeEvent(api, { alias: 'load', context: 'webhook', fields: [{ id: 'n', name: 'N', type: 'integer' }, { id: 'pad', name: 'P', type: 'text' }] });
    await makeEvent(api, { alias: 'late', fields: [TEXT] });
    await makeWebhook(api, receiver.url, { eventTypes: ['custom_event.load'] });
    const flaky = await startReceiver();
    after(() => flaky.close());
    await makeWebhook(api, flaky.url, { eventTypes: ['custom_event.late'] });
    const theirs = new ReceiverBook(receiver);
    const book = new SenderBook();
    const load = new Load({ book, port: hub.port, path: `/${hub.owners[0].organizationId}/custom-events/alias/load`, connections: 8 }).begin();

    // A key that ended, and a session that was ended, before the clock goes back.
    const ended = expect(await api.post('/api/v1/api-keys', { name: 'ended', scopes: ['*'], expiresAt: new Date(Date.now() + 1500).toISOString() }), 201).json;
    const session = expect(await hub.anonymous.post('/api/v1/session', { email: hub.owners[0].email, password: PASSWORD }), 200, 201);
    const logged = api.with({ key: undefined, headers: { cookie: session.setCookies[0].split(';')[0], 'x-csrf-token': session.json.csrfToken } });
    expect(await logged.delete('/api/v1/session'), 204, 200);
    await until('the key has ended', async () => (await api.with({ key: ended.key }).get('/api/v1/contacts')).status === 401);

    for (const offset of [-HOUR_S, 0, HOUR_S, 0, -HOUR_S]) {
        // Its first attempt fails, the second is due in 5 s (±20 %).
        flaky.answers(500, 200);
        const before = flaky.count;
        expect(await sendApi(api, 'late', { email: 'late@example.org' }), 201);
        await flaky.waitFor(before + 1);
        step(offset);
        const stepped = Date.now();
        await flaky.waitFor(before + 2, { timeout: 12000 });
        const waited = Date.now() - stepped;
        assert.ok(waited < 11500, `at ${offset} s it waited ${waited} ms`);
        expectProblem(await api.with({ key: ended.key }).get('/api/v1/contacts'), 401);
        expectProblem(await logged.get('/api/v1/session'), 401);
    }
    await sleep(200);
    await load.stop();
    await until('all are delivered', () => missing(book, theirs).length === 0, { timeout: 20000 });
    compareBooks(book, theirs);
    const ids = [...book.acknowledged.values()];
    assert.equal(new Set(ids).size, ids.length, 'no id twice');
    // A restart while the clock is behind draws no id again.
    await hub.restart();
    const fresh = [];
    for (let i = 0; i < 20; i++) fresh.push(expect(await sendApi(api, 'late', { email: 'late@example.org' }), 201).json.id);
    const highest = ids.reduce((most, id) => (id > most ? id : most));
    for (const id of fresh) assert.ok(id > highest, `${id} is below ${highest}`);
    expectProblem(await api.with({ key: ended.key }).get('/api/v1/contacts'), 401);
    assert.ok((await ledgerOf(api)).events >= ids.length);
    await hub.checkLedger();
});
