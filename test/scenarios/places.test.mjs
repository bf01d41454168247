// Many endpoints at one host, or behind one proxy: they share its connections, and one that cannot use
// its turn passes it on.
import assert from 'node:assert/strict';
import { after } from 'node:test';

import { TEXT, makeEvent, makeWebhook, sendApi } from '../lib/fixtures.mjs';
import { expect } from '../lib/http.mjs';
import { scenario, startHub } from '../lib/hub.mjs';
import { startReceiver } from '../lib/receiver.mjs';
import { until } from '../lib/wait.mjs';

const CONNECTIONS = 256; // of a courier to one host
const OTHERS = 3;

const atPath = (receiver, start) => receiver.requests.filter((one) => one.path.startsWith(start));

scenario('endpoints that were told to wait do not keep those behind them from their host', async () => {
    const hub = await startHub({ clock: true, args: ['--couriers', '1'] });
    const receiver = await startReceiver();
    after(() => receiver.close());
    const api = hub.client();
    for (const alias of ['busy', 'other']) {
        await makeEvent(api, { alias, fields: [TEXT] });
        const count = alias === 'busy' ? CONNECTIONS : OTHERS;
        for (let i = 0; i < count; i++) await makeWebhook(api, `${receiver.url}/${alias}/${i}`, { eventTypes: [`custom_event.${alias}`] });
    }
    const kept = [];
    const really = receiver.answer.bind(receiver);
    receiver.answer = (socket, what, received) => {
        const busy = received.path.startsWith('/busy');
        const answer = () => void really(socket, busy ? { status: 429, headers: { 'Retry-After': '3600' } } : what, received);
        if (busy) kept.push(answer);
        else answer();
    };
    const send = async (alias) => expect(await sendApi(api, alias, { email: 'a@example.org', text: alias }), 201);
    // Each of the busy ones has an attempt under way, and one more delivery that waits for the host.
    await send('busy');
    await receiver.waitFor(CONNECTIONS);
    await send('busy');
    await send('other');
    assert.equal(atPath(receiver, '/other').length, 0, 'the host has no connection for them');
    const answerAll = () => {
        for (const answer of kept.splice(0)) answer();
    };
    answerAll();
    await until('the others have been delivered', () => atPath(receiver, '/other').length === OTHERS, { timeout: 10000 });
    await until('nothing is under way', async () => {
        answerAll(); // what went before its own endpoint was told to wait
        return (await hub.clockState()).busy === 0;
    });
    await hub.checkLedger();
});
