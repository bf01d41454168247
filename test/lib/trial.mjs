// One endpoint that is being tried, and one beside it to which nothing happens: both want the same
// events. What the first saw, what the hub says of it, and that the other got everything meanwhile.
import assert from 'node:assert/strict';

import { TEXT, deliveryOf, makeEvent, makeWebhook, sendApi } from './fixtures.mjs';
import { expect } from './http.mjs';
import { startReceiver } from './receiver.mjs';
import { until } from './wait.mjs';

let count = 0;

export class Trial {
    // `url` makes the endpoint's URL of its receiver's; `webhook` holds what else it is to be; `integration`
    // is whose event it becomes.
    static async begin(hub, { integration, receiver = {}, webhook = {}, url = (tried) => `${tried.url}/in` }) {
        const trial = new Trial();
        trial.hub = hub;
        trial.api = hub.client();
        trial.alias = `trial${++count}`;
        trial.tried = await startReceiver(receiver);
        trial.other = await startReceiver();
        trial.sent = [];
        await makeEvent(trial.api, { alias: trial.alias, name: `Trial ${count}`, integration, fields: [TEXT] });
        const eventTypes = [`custom_event.${trial.alias}`];
        trial.hook = await makeWebhook(trial.api, url(trial.tried), { eventTypes, ...webhook });
        trial.otherHook = await makeWebhook(trial.api, `${trial.other.url}/other`, { eventTypes });
        return trial;
    }

    // Each event goes to both.
    async send(events = 3, text = 'x') {
        for (let i = 0; i < events; i++)
            this.sent.push(expect(await sendApi(this.api, this.alias, { email: 'trial@example.org', text: `${this.sent.length} ${text}` }), 201).json.id);
        return this;
    }

    async details(hook = this.hook) {
        const rows = (await this.api.all(`/api/v1/webhooks/${hook.id}/deliveries`)).reverse();
        const details = [];
        while (details.length < rows.length) details.push(...await Promise.all(rows.slice(details.length, details.length + 50).map((row) => deliveryOf(this.api, row.id))));
        return details;
    }

    async webhook() {
        return expect(await this.api.get(`/api/v1/webhooks/${this.hook.id}`), 200).json;
    }

    // All deliveries to the tried endpoint, oldest first, once each has so many attempts.
    async attempted(times = 1, options = {}) {
        return until(`${times} attempts each`, async () => {
            const details = await this.details();
            return details.length === this.sent.length && details.every((one) => one.attempts.length >= times) && details;
        }, { timeout: 20000, ...options });
    }

    // The other endpoint has all that was sent: each once, at the first attempt.
    async othersWentThrough() {
        const details = await until('the other endpoint has everything', async () => {
            const all = await this.details(this.otherHook);
            return all.length === this.sent.length && all.every((one) => one.state === 'delivered') && all;
        });
        assert.ok(details.every((one) => one.attempts.length === 1));
        assert.deepEqual(this.other.requests.map((received) => received.json.data.id).sort(), [...this.sent].sort());
        assert.deepEqual(this.other.requests.map((received) => received.id).sort(), details.map((one) => one.id).sort());
    }

    // The next attempts' times come, one after the other, until all is delivered.
    async untilDelivered() {
        return until('all is delivered', async () => {
            await this.hub.settled();
            const details = await this.details();
            if (details.every((one) => one.state === 'delivered')) return details;
            assert.ok(!details.some((one) => one.state === 'dead' || one.state === 'dropped'), JSON.stringify(details.map((one) => [one.state, one.reason])));
            const { now } = await this.hub.clockState();
            const due = details.filter((one) => one.nextAttemptAt).map((one) => Date.parse(one.nextAttemptAt));
            // What is due already waits for its breaker.
            const ahead = Math.max(...due) - now;
            await this.hub.advance(ahead > 0 ? ahead : 60000);
            return false;
        }, { timeout: 30000, every: 0 });
    }

    // Nothing is lost, doubled or altered: one delivery an event; of each, the receiver saw `seen(delivery)`
    // whole requests (a number, or the least and the most), all of the same bytes, which are what the
    // attempts show.
    async balance(seen = (delivery) => delivery.attempts.length) {
        const details = await this.details();
        assert.deepEqual(details.map((one) => one.eventId), this.sent);
        const byId = groupById(this.tried.requests);
        const strangers = [...byId.keys()].filter((id) => !details.some((one) => one.id === id));
        assert.deepEqual(strangers, [], 'only what is known here was sent');
        for (const delivery of details) {
            const requests = byId.get(delivery.id) ?? [];
            const [least, most = least] = [seen(delivery)].flat();
            assert.ok(requests.length >= least && requests.length <= most, `${delivery.id}: the receiver saw ${requests.length} requests, expected ${least} to ${most} for ${delivery.attempts.length} attempts`);
            assert.equal(delivery.attemptCount, delivery.attempts.length);
            assert.deepEqual(delivery.attempts.map((attempt) => attempt.number), delivery.attempts.map((_, i) => i + 1));
            assert.equal(new Set([...requests.map((received) => received.body.toString()), ...delivery.attempts.map((attempt) => attempt.request.body)]).size, 1, 'the same bytes each time');
            const twin = this.other.requests.find((received) => received.json.data.id === delivery.eventId);
            assert.deepEqual(JSON.parse(delivery.attempts[0].request.body).data, twin.json.data);
        }
    }

    async end() {
        for (const hook of [this.hook, this.otherHook]) expect(await this.api.delete(`/api/v1/webhooks/${hook.id}`), 204);
        await this.tried.close();
        await this.other.close();
    }
}

function groupById(requests) {
    const byId = new Map();
    for (const received of requests) byId.set(received.id, [...(byId.get(received.id) ?? []), received]);
    return byId;
}

// Runs `body` with a trial, and takes its endpoints away at the end, so that nothing of it meets the
// next one on the same hub.
export async function withTrial(hub, options, body) {
    const trial = await Trial.begin(hub, options);
    try {
        await body(trial);
    } finally {
        await trial.end();
    }
}

// What is shown of an answer; `want` holds what is to be compared, null: that there is none.
export function checkResponse(response, want, where) {
    if (want === null) return assert.equal(response, null, where);
    assert.ok(response !== null, `${where}: no response is shown`);
    for (const [member, value] of Object.entries(want)) {
        if (value instanceof RegExp) assert.match(String(response[member]), value, `${where}: ${member}`);
        else assert.deepEqual(response[member], value, `${where}: ${member} of ${JSON.stringify(response).slice(0, 300)}`);
    }
}

// A receiver that fails at first and is well afterwards. Of its first attempts the reason (`error`) and
// the answer (`response`) are checked; `seen`: whole requests that each of them brings. `begin` and
// `recover` get the receiver and the trial.
export async function failsThenRecovers(hub, { trial: options, begin = () => {}, recover = () => {}, error, response = null, seen = 1, interrupted = 0, text }) {
    await withTrial(hub, options, async (trial) => {
        const { tried } = trial;
        await begin(tried, trial);
        await trial.send(3, text);
        await trial.othersWentThrough();
        for (const delivery of await trial.attempted(1)) {
            const [attempt] = delivery.attempts;
            assert.deepEqual([delivery.state, delivery.attempts.length, delivery.lastStatus], ['pending', 1, response?.status ?? null]);
            assert.match(attempt.error, error);
            assert.equal(attempt.manual, false);
            checkResponse(attempt.response, response, attempt.error);
            assert.equal(Date.parse(delivery.nextAttemptAt), (await hub.clockState()).now + 5000);
        }
        assert.deepEqual([tried.count, tried.interrupted], [3 * seen, interrupted]);
        tried.interrupt = null;
        tried.answers({ status: 200, body: 'at last' });
        if (await recover(tried, trial) === false) return;
        for (const delivery of await trial.untilDelivered()) {
            assert.deepEqual([delivery.attempts.length, delivery.lastStatus, delivery.attempts[1].error], [2, 200, null]);
            checkResponse(delivery.attempts[1].response, { status: 200, body: 'at last', truncated: false }, 'the second attempt');
        }
        await trial.balance(() => seen + 1);
    });
}
