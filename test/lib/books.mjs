// The sender's book, the receiver's book and the ledger, compared entry by entry.
//
// Each event carries a number of its own in the field `n`, so that what arrives can be traced.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import http from 'node:http';

import { sleep } from './wait.mjs';

// What was sent, and what was said to it.
export class SenderBook {
    constructor() {
        this.acknowledged = new Map(); // n → event id
        this.refused = new Map(); // n → status: the hub said no, so it must not be there
        this.unknown = new Set(); // no answer came: it may be there or not
        this.next = 1;
    }
}

const loads = new Set();

// Ends what a test that failed has left running.
export function endLoads() {
    for (const load of loads) load.stopped = true;
}

// Sends events until stop() by `connections` at once; survives hubs that go away.
export class Load {
    constructor({ book, port, path, headers = {}, connections = 16, people = 50, pad = 200, make }) {
        Object.assign(this, { book, port, path, headers, connections, people, pad, make });
        this.stopped = false;
        this.latencies = [];
        this.agent = new http.Agent({ keepAlive: true, maxSockets: connections });
    }

    begin() {
        loads.add(this);
        this.done = Promise.all(Array.from({ length: this.connections }, () => this.worker()));
        return this;
    }

    async stop() {
        this.stopped = true;
        await this.done;
        loads.delete(this);
        this.agent.destroy();
    }

    // `n` stays the sender's own number when it is given.
    async worker() {
        while (!this.stopped) {
            const n = this.book.next++;
            await this.send(n);
        }
    }

    body(n) {
        return this.make ? this.make(n) : JSON.stringify({ email: `person${n % this.people}@example.org`, n, pad: 'p'.repeat(this.pad) });
    }

    send(n) {
        const body = Buffer.from(this.body(n));
        const begun = performance.now();
        return new Promise((done) => {
            const note = (status, text) => {
                this.latencies.push(performance.now() - begun);
                if (status >= 200 && status < 300) {
                    this.book.acknowledged.set(n, JSON.parse(text).id);
                    done();
                } else if (status) {
                    this.book.refused.set(n, status);
                    sleep(status === 503 || status === 429 ? 20 : 0).then(done);
                } else {
                    this.book.unknown.add(n);
                    sleep(20).then(done);
                }
            };
            const sent = http.request(
                { host: '127.0.0.1', port: this.port, method: 'POST', path: this.path, agent: this.agent, headers: { ...this.headers, 'content-type': 'application/json', 'content-length': body.length } },
                (answer) => {
                    let text = '';
                    answer.setEncoding('utf8');
                    answer.on('data', (data) => (text += data));
                    answer.on('end', () => note(answer.complete ? answer.statusCode : 0, text));
                    answer.on('error', () => note(0));
                },
            );
            let over = false;
            sent.setTimeout(30000, () => sent.destroy());
            sent.on('error', () => {
                if (over) return;
                over = true;
                note(0);
            });
            sent.on('response', () => (over = true));
            sent.end(body);
        });
    }
}

// What arrived: webhook-id → {n, hash of the bytes, count}.
export class ReceiverBook {
    constructor(receiver) {
        this.byId = new Map();
        this.byNumber = new Map();
        this.faults = [];
        receiver.onRequest = (received) => this.note(received);
    }

    note(received) {
        const id = received.id;
        const hash = createHash('sha256').update(received.body).digest('base64');
        const known = this.byId.get(id);
        if (known) {
            known.count++;
            if (known.hash !== hash) this.faults.push(`${id} came again with other bytes`);
            return;
        }
        let body;
        try {
            body = received.json;
        } catch {
            this.faults.push(`${id}: not JSON: ${received.body.subarray(0, 100)}`);
            return;
        }
        const n = body.data?.fields?.n;
        const event = body.data?.id;
        this.byId.set(id, { n, event, hash, count: 1 });
        if (n === undefined) return;
        const other = this.byNumber.get(n);
        if (other !== undefined && other !== id) this.faults.push(`event ${n} came under two ids: ${other} and ${id}`);
        this.byNumber.set(n, id);
    }

    get repeats() {
        return [...this.byId.values()].reduce((sum, entry) => sum + entry.count - 1, 0);
    }
}

// Every acknowledged event has been delivered, under one id, with one content; what was refused has
// not. Returns what is missing still, if anything.
export function missing(sender, receiver) {
    return [...sender.acknowledged.keys()].filter((n) => !receiver.byNumber.has(n));
}

export function compareBooks(sender, receiver) {
    assert.deepEqual(receiver.faults, [], 'faults at the receiver');
    const lost = missing(sender, receiver);
    assert.equal(lost.length, 0, `acknowledged and not delivered: ${lost.slice(0, 20)} … (${lost.length} of ${sender.acknowledged.size})`);
    for (const [n, status] of sender.refused) assert.ok(!receiver.byNumber.has(n), `event ${n} was refused with ${status} and yet delivered`);
    for (const [n, event] of sender.acknowledged) {
        const arrived = receiver.byId.get(receiver.byNumber.get(n));
        assert.equal(arrived.event, event, `event ${n} was acknowledged as ${event} and arrived as ${arrived.event}`);
    }
    const sent = new Set([...sender.acknowledged.keys(), ...sender.unknown]);
    for (const n of receiver.byNumber.keys()) assert.ok(sent.has(n), `event ${n} arrived and was never sent, or was refused`);
}

// Figures that add up.
export function checkEquations(ledger) {
    for (const member of ['events', 'wanted', 'notWanted', 'occurrences', 'deliveries', 'delivered', 'pending', 'dead', 'dropped', 'rejected'])
        assert.ok(Number.isInteger(ledger[member]) && ledger[member] >= 0, `ledger.${member}: ${JSON.stringify(ledger)}`);
    assert.equal(ledger.events, ledger.wanted + ledger.notWanted, `events = wanted + notWanted: ${JSON.stringify(ledger)}`);
    assert.equal(ledger.deliveries, ledger.delivered + ledger.pending + ledger.dead + ledger.dropped, `deliveries = delivered + pending + dead + dropped: ${JSON.stringify(ledger)}`);
    return ledger;
}
