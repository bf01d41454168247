// Hubs under test: each with a data directory and a port of its own.
//
//   JUNCTOR_BINARY   the program; build/release/junctor, or build/dev/junctor, when it is not set
//   JUNCTOR_SLOW     factor for every time-out (sanitized programs)
//   JUNCTOR_TEST_KEEP, JUNCTOR_TEST_TMP   see processes.mjs
import assert from 'node:assert/strict';
import { cpSync, existsSync, readFileSync, readdirSync } from 'node:fs';
import net from 'node:net';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { after, test } from 'node:test';

import { endLoads } from './books.mjs';
import { Client, expect, request } from './http.mjs';
import { removeFolder, run, runSync, start, temporaryFolder } from './processes.mjs';
import { until } from './wait.mjs';

export const root = resolve(dirname(fileURLToPath(import.meta.url)), '../..');

function firstThere(paths) {
    return paths.map((path) => join(root, path)).find((path) => existsSync(path)) ?? join(root, paths[0]);
}

export const binary = resolve(process.env.JUNCTOR_BINARY ?? firstThere(['build/release/junctor', 'build/dev/junctor', 'build/crash/junctor']));
export const crashBinary = resolve(process.env.JUNCTOR_CRASH_BINARY ?? firstThere(['build/crash/junctor', 'build/dev/junctor']));

export const PASSWORD = 'a password for tests only';

// Below the ports that the system hands out to clients, so that nobody takes it in between.
export async function freePort() {
    for (let tries = 0; tries < 200; tries++) {
        const port = 12000 + Math.floor(Math.random() * 20000);
        const free = await new Promise((done) => {
            const probe = net.createServer();
            probe.once('error', () => done(false));
            probe.listen(port, '127.0.0.1', () => probe.close(() => done(true)));
        });
        if (free) return port;
    }
    throw new Error('no free port found');
}

const milliseconds = (time) => (typeof time === 'string' ? Date.parse(time) : time);

const hubs = new Set();

export class Hub {
    constructor({ program = binary, args = [], env = {}, clock = false, egress = '127.0.0.0/8', name = 'hub', dir, scheme = 'http' } = {}) {
        Object.assign(this, { program, args, env, clock, egress, scheme });
        this.dir = dir ?? temporaryFolder(name);
        this.owners = [];
        this.log = '';
        hubs.add(this);
    }

    get data() {
        return join(this.dir, 'data');
    }

    get url() {
        return `${this.scheme}://127.0.0.1:${this.port}`;
    }

    get environment() {
        const clean = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('JUNCTOR_')));
        return { ...clean, ...this.env };
    }

    cli(args, options = {}) {
        return run(this.program, args, { env: this.environment, ...options });
    }

    // One organization more, with its owner. No hub may run.
    async init(organization = 'Acme', email = `owner${this.owners.length}@example.org`) {
        const made = await this.cli(['init', '--data', this.data, '--organization', organization, '--email', email, '--password', PASSWORD, '--json']);
        assert.equal(made.code, 0, `junctor init: ${made.stderr}${made.stdout}`);
        const owner = { ...JSON.parse(made.stdout), email, password: PASSWORD, organization };
        this.owners.push(owner);
        return owner;
    }

    // Starts it; returns when it is ready, or throws when it ends before.
    async start({ args = [], env = {}, ready = true, timeout = 30000, listen } = {}) {
        this.port ??= await freePort();
        const all = ['serve', '--data', this.data, '--listen', listen ?? `127.0.0.1:${this.port}`];
        if (this.egress) all.push('--allow-egress', this.egress);
        if (this.clock) all.push('--test-clock');
        this.process = start(this.program, [...all, ...this.args, ...args], { env: { ...this.environment, ...env } });
        this.log += `--- ${this.program} ${[...all, ...this.args, ...args].join(' ')}\n`;
        const take = (data) => {
            this.log += data;
            if (this.log.length > 4e6) this.log = this.log.slice(-2e6);
        };
        this.process.stderr.on('data', take);
        this.process.stdout.on('data', take);
        this.end = null;
        this.process.ended.then((end) => {
            this.end = end;
            this.log += `--- ended: ${JSON.stringify(end)}\n`;
        });
        if (ready) await this.ready(timeout);
        return this;
    }

    async ready(timeout = 30000) {
        await until('the hub is ready', async () => {
            if (this.end) return true;
            const answer = await request(this.url, 'GET', '/readyz', { agent: false, timeout: 2000, tls: { rejectUnauthorized: false } });
            return answer.status === 200;
        }, { timeout });
        if (this.end) throw new Error(`the hub ended at its start: ${JSON.stringify(this.end)}\n${this.tail()}`);
    }

    get running() {
        return this.process !== undefined && this.end === null;
    }

    // Ends it; returns {code, signal}.
    async stop(signal = 'SIGTERM', timeout = 30000) {
        if (!this.process) return null;
        if (this.end === null) this.process.kill(signal);
        const timer = setTimeout(() => this.process.kill('SIGKILL'), timeout);
        const end = await this.process.ended;
        clearTimeout(timer);
        return end;
    }

    kill() {
        return this.stop('SIGKILL');
    }

    async restart(options) {
        await this.stop();
        return this.start(options);
    }

    client(owner = this.owners[0], options = {}) {
        return new Client(this.url, { key: owner?.apiKey, ...options });
    }

    // Without any key.
    get anonymous() {
        return new Client(this.url);
    }

    // Moves the test clock; returns the time it is now, in milliseconds.
    async advance(advanceMs) {
        const answer = expect(await request(this.url, 'POST', '/test/clock', { body: { advanceMs }, agent: false, timeout: 60000 }), 200);
        return milliseconds(answer.json.now);
    }

    async clockState() {
        const { now, busy } = expect(await request(this.url, 'GET', '/test/clock', { agent: false }), 200).json;
        return { now: milliseconds(now), busy };
    }

    // Until nothing is under way any more.
    async settled(timeout = 20000) {
        let idle = 0;
        await until('the hub is idle', async () => {
            const { busy } = await this.clockState();
            idle = busy === 0 || busy === false ? idle + 1 : 0;
            return idle >= 2;
        }, { timeout, every: 10 });
    }

    // `junctor doctor --ledger`; the hub may run or not.
    async checkLedger() {
        const result = await this.cli(['doctor', '--data', this.data, '--ledger'], { timeout: 120000 });
        // A small disk is wrong to doctor, and may be what a test is about.
        const wrong = result.stdout.split('\n').filter((line) => /^wrong/.test(line) && !/^wrong +disk/.test(line));
        const agreed = /^fine +ledger/m.test(result.stdout) && wrong.length === 0;
        assert.ok(agreed && (result.code === 0 || /^wrong +disk/m.test(result.stdout)), `doctor --ledger:\n${result.stdout}${result.stderr}`);
        return result;
    }

    tail(lines = 60) {
        return this.log.split('\n').slice(-lines).join('\n');
    }

    // What sanitizers had to say, and a find of the sweep: there is none without a fault.
    get complaints() {
        return this.log.split('\n').filter((line) => /ERROR: \w+Sanitizer|runtime error:|WARNING: ThreadSanitizer|Assertion .* failed|assertion failed|in the store and not in memory/i.test(line));
    }

    async remove() {
        hubs.delete(this);
        await this.stop('SIGKILL');
        removeFolder(this.dir);
    }
}

// An initialized hub that runs. `organizations`: how many.
export async function startHub({ organizations = 1, ...options } = {}) {
    const hub = new Hub(options);
    for (let i = 0; i < organizations; i++) await hub.init(i === 0 ? 'Acme' : `Other ${i}`);
    await hub.start(options.startOptions);
    return hub;
}

// Ends them, and fails if one had something to complain of.
export async function endHubs(which = [...hubs]) {
    for (const hub of which) {
        const end = await hub.stop('SIGTERM', 20000);
        if (hub.complaints.length > 0 || end?.signal === 'SIGABRT' || end?.signal === 'SIGSEGV') {
            console.error(hub.tail(200));
            await hub.remove();
            throw new Error(`the hub complained: ${JSON.stringify(end)} ${hub.complaints.join('\n')}`);
        }
        await hub.remove();
    }
}

after(() => endHubs());

export const hasBinary = existsSync(binary);

// A test that shows the hubs' logs when it fails, and ends the hubs that it has started.
export function scenario(name, options, body) {
    if (typeof options === 'function') [options, body] = [{}, options];
    return test(name, { ...options, timeout: (options.timeout ?? 120000) * Number(process.env.JUNCTOR_SLOW ?? 1) }, async (t) => {
        const before = new Set(hubs);
        try {
            await body(t);
        } catch (error) {
            for (const hub of hubs) console.error(`# the hub's log (its end):\n${hub.tail(process.env.JUNCTOR_TEST_LOG ? 2000 : 25)}`);
            throw error;
        } finally {
            endLoads();
            await endHubs([...hubs].filter((hub) => !before.has(hub)));
        }
    });
}

// What sqlite3 prints for a statement on the database of a hub. `copy`: of a copy, so that what a killed
// hub has left stays as it is.
export function sqliteOf(hub, statement, { copy = false } = {}) {
    const folder = copy ? temporaryFolder('sqlite') : hub.data;
    if (copy) cpSync(hub.data, folder, { recursive: true });
    const done = runSync('sqlite3', [filesUnder(folder).find((path) => path.endsWith('.db')), statement]);
    if (copy) removeFolder(folder);
    assert.equal(done.code, 0, done.error?.message ?? done.stderr);
    return done.stdout.trim();
}

export function filesUnder(folder) {
    return readdirSync(folder, { withFileTypes: true }).flatMap((entry) =>
        entry.isDirectory() ? filesUnder(join(folder, entry.name)) : [join(folder, entry.name)],
    );
}

export function readText(path) {
    return readFileSync(path, 'utf8');
}
