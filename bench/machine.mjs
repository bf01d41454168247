// SPDX-License-Identifier: MIT
// bench/machine.mjs: the programs of a bench: nginx as the reference, wrk, the peer, hubs; and what
// the kernel says they cost. Own processes only, ended by their ids; loopback only.
import { existsSync, mkdirSync, readFileSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

import { Client, expect, request } from '../test/lib/http.mjs';
import { run, runSync, start, temporaryFolder } from '../test/lib/processes.mjs';
import { sleep, until } from '../test/lib/wait.mjs';
import { makeEvent, makeWebhook } from '../test/lib/fixtures.mjs';

export { sleep, until };

export const root = resolve(dirname(fileURLToPath(import.meta.url)), '..');
export const binary = resolve(process.env.JUNCTOR_BINARY ?? join(root, 'build/release/junctor'));
const here = join(root, 'bench');
const built = join(root, 'build/bench');
// What lies in the folder of the release build.
export const released = (name) => join(root, 'build/release', name);

// Below those that the system gives to connections, of which benches make thousands.
let nextPort = 20000 + (process.pid % 400) * 30;
export const newPort = () => nextPort++;

export function buildPeer() {
    mkdirSync(built, { recursive: true });
    const made = runSync('cc', ['-O2', '-o', join(built, 'peer'), join(here, 'peer.c')]);
    if (made.code !== 0) throw new Error(made.stderr);
}

export const peerProgram = join(built, 'peer');

// ── the reference: nginx with two workers that answers 202 and logs nothing ──

// `servers`: what stands in the http block.
function startServer(folder, servers) {
    writeFileSync(join(folder, 'nginx.conf'), `
daemon off; master_process on; worker_processes 2; pid nginx.pid; error_log logs/error.log crit;
${process.getuid() === 0 ? 'user root;' : ''}
events { worker_connections 4096; }
http {
  access_log off; keepalive_requests 1000000000; keepalive_timeout 600s;
  client_body_temp_path body; proxy_temp_path proxy; fastcgi_temp_path fastcgi; uwsgi_temp_path uwsgi; scgi_temp_path scgi;
  ${servers}
}
`);
    const program = ['/usr/sbin/nginx', '/usr/bin/nginx', '/usr/local/sbin/nginx'].find((path) => existsSync(path)) ?? 'nginx';
    const child = start(program, ['-p', folder, '-c', join(folder, 'nginx.conf')]);
    child.stderr.on('data', (data) => process.stderr.write(data));
    return child;
}

export async function startNginx() {
    const folder = temporaryFolder('nginx');
    const port = newPort();
    mkdirSync(join(folder, 'logs'));
    const child = startServer(folder, `client_max_body_size 8m; server { listen 127.0.0.1:${port} backlog=4096; return 202; }`);
    await until('nginx answers', async () => (await request(`http://127.0.0.1:${port}`, 'POST', '/', { body: '{}', agent: false })).status === 202);
    return { port, pid: child.pid, stop: () => end(child, 'SIGQUIT') };
}

export async function end(child, signal = 'SIGTERM', patience = 15000) {
    child.kill(signal);
    const timer = setTimeout(() => child.kill('SIGKILL'), patience);
    await child.ended;
    clearTimeout(timer);
}

// ── wrk ──

// One run; returns {requests, seconds, rate, p50 …} with times in microseconds.
export async function wrk({ port, path = '/', connections = 64, seconds = 5, env = {}, script = 'events.lua' }) {
    const result = await run('wrk', ['-t1', `-c${connections}`, `-d${seconds}s`, '--timeout', '30s', '-s', join(here, script), `http://127.0.0.1:${port}`], { env: { ...process.env, BENCH_PATH: path, ...env }, timeout: (seconds + 90) * 1000 });
    const line = result.stdout.split('\n').find((one) => one.startsWith('RESULT '));
    if (!line) throw new Error(`wrk: ${result.stdout}${result.stderr}`);
    const figures = JSON.parse(line.slice(7));
    const seconds_ = figures.micros / 1e6;
    return { ...figures, seconds: seconds_, good: figures.requests - figures.status, rate: (figures.requests - figures.status) / seconds_ };
}

// ── what a process costs ──

// Microseconds on the processor since each thread's start, by what the thread is: loop-0 and loop-1
// are one.
export function cpuByThread(pid) {
    const sums = {};
    for (const task of readdirSync(`/proc/${pid}/task`)) {
        try {
            const name = readFileSync(`/proc/${pid}/task/${task}/comm`, 'utf8').trim();
            const micros = Number(readFileSync(`/proc/${pid}/task/${task}/schedstat`, 'utf8').split(' ')[0]) / 1000;
            const kind = name.replace(/-\d+$/, '');
            sums[kind] = (sums[kind] ?? 0) + micros;
        } catch {
            // the thread has ended
        }
    }
    return sums;
}

export function cpuBetween(before, after, events) {
    const each = Object.fromEntries(Object.entries(after).map(([name, micros]) => [name, (micros - (before[name] ?? 0)) / events]));
    each.total = Object.values(each).reduce((sum, one) => sum + one, 0);
    return each;
}

export function memory(pid) {
    const status = readFileSync(`/proc/${pid}/status`, 'utf8');
    return Number(/VmRSS:\s+(\d+)/.exec(status)[1]) / 1024;
}

// ── hubs ──

export class BenchHub {
    static async start({ organizations = 1, clock = false, args = [], program = binary } = {}) {
        const hub = new BenchHub();
        hub.folder = temporaryFolder('bench');
        hub.data = join(hub.folder, 'data');
        hub.program = program;
        hub.options = { clock, args };
        hub.owners = [];
        for (let i = 0; i < organizations; i++) {
            const made = await run(program, ['init', '--data', hub.data, '--organization', `Bench ${i}`, '--email', `bench${i}@example.org`, '--password', 'a password for benches', '--json']);
            if (made.code !== 0) throw new Error(`junctor init: ${made.stderr}`);
            hub.owners.push(JSON.parse(made.stdout));
        }
        await hub.up();
        return hub;
    }

    async up() {
        this.port = newPort();
        const { clock, args } = this.options;
        this.child = start(this.program, ['serve', '--data', this.data, '--listen', `127.0.0.1:${this.port}`, '--allow-egress', '127.0.0.0/8', '--log-level', 'warn', ...(clock ? ['--test-clock'] : []), ...args]);
        this.log = '';
        const take = (data) => (this.log = (this.log + data).slice(-20000));
        this.child.stderr.on('data', take);
        this.child.stdout.on('data', take);
        let gone = null;
        this.child.ended.then((how) => (gone = how));
        await until('the hub is ready', async () => {
            if (gone) return true;
            return (await request(this.url, 'GET', '/readyz', { agent: false })).status === 200;
        }, { timeout: 120000 });
        if (gone) throw new Error(`the hub ended: ${JSON.stringify(gone)} ${this.log}`);
    }

    get url() {
        return `http://127.0.0.1:${this.port}`;
    }

    get pid() {
        return this.child.pid;
    }

    client(i = 0) {
        return new Client(this.url, { key: this.owners[i].apiKey });
    }

    // The path of a new webhook event whose fields are those of events.lua.
    async event(alias = 'bench', i = 0) {
        await makeEvent(this.client(i), {
            context: 'webhook', alias,
            fields: [['n', 'integer'], ['total', 'decimal'], ['currency', 'text'], ['status', 'text'], ['items', 'text'], ['pad', 'text']].map(([id, type]) => ({ id, name: id, type })),
        });
        return `/${this.owners[i].organizationId}/custom-events/alias/${alias}`;
    }

    webhook(url, i = 0, eventTypes = ['*'], more = {}) {
        return makeWebhook(this.client(i), url, { eventTypes, ...more });
    }

    // Events bench0, bench1, … each with an endpoint of its own, `url(n)`; the path that their numbers
    // are put behind.
    async endpoints(count, url, i = 0) {
        let path;
        for (let n = 0; n < count; n++) {
            path = (await this.event(`bench${n}`, i)).replace(/\d+$/, '');
            await this.webhook(url(n), i, [`custom_event.bench${n}`]);
        }
        return path;
    }

    // Sends each prepared body at least once, so that the contacts exist. Each run begins with the
    // first one, so it goes on for longer until it comes through.
    async people(path, count = 10000) {
        for (let seconds = 2; seconds <= 128; seconds *= 2) {
            await wrk({ port: this.port, path, connections: 64, seconds, env: { BENCH_PEOPLE: String(count), BENCH_SIZE: '300' } });
            if ((await this.ledger()).occurrences >= count) return;
        }
        throw new Error('the contacts were not made');
    }

    async ledger(i = 0) {
        return expect(await this.client(i).get('/api/v1/ledger'), 200).json;
    }

    async checkLedger() {
        const result = await run(this.program, ['doctor', '--data', this.data, '--ledger'], { timeout: 600000 });
        if (result.code !== 0) throw new Error(`doctor --ledger: ${result.stdout}${result.stderr}`);
    }

    async advance(advanceMs) {
        return expect(await request(this.url, 'POST', '/test/clock', { body: { advanceMs }, agent: false, timeout: 120000 }), 200).json.now;
    }

    // Bytes of the data directory.
    size() {
        return readdirSync(this.data).reduce((sum, name) => sum + statSync(join(this.data, name)).size, 0);
    }

    // The data stays.
    async down() {
        await end(this.child, 'SIGTERM', 30000);
    }

    async stop() {
        await this.down();
        runSync('rm', ['-rf', this.folder]);
    }
}

export async function startSink(port = newPort()) {
    const child = start(peerProgram, ['sink', String(port)]);
    const sink = { port, url: `http://127.0.0.1:${port}/`, count: 0, stop: () => end(child) };
    let ready;
    const readied = new Promise((done) => (ready = done));
    child.stdout.on('data', (data) => {
        const lines = String(data).trim().split('\n');
        ready();
        const last = Number(lines.at(-1));
        if (Number.isFinite(last)) sink.count = last;
    });
    await readied;
    return sink;
}

// ── the peer as many endpoints: sinks at 127.0.1.1 and behind, silent ones at 127.0.2.1 and behind ──

export const sinkUrl = (i, port) => `http://127.0.1.${i + 1}:${port}/`;
export const silentUrl = (i, port) => `http://127.0.2.${i + 1}:${port}/`;

async function startMany(kind, port, count) {
    const child = start(peerProgram, [kind, String(port), String(count)]);
    let said = '';
    child.stderr.on('data', (data) => (said += data));
    await Promise.race([new Promise((done) => child.stdout.once('data', done)), child.ended]);
    if (child.exitCode !== null) throw new Error(`peer ${kind}: ${said}`);
    return { stop: () => end(child) };
}

export const startSinks = (port, count) => startMany('sinks', port, count);
export const startSilent = (port, count) => startMany('silent', port, count);

// Events at a steady rate; it is their receiver too, at `aliases` addresses.
export async function paced({ hub, path, aliases = 1, sinkPort, rate, seconds, connections = 64 }) {
    const result = await run(peerProgram, ['load', String(hub.port), path, String(aliases), String(sinkPort), String(Math.round(rate)), String(seconds), String(connections)], { timeout: (seconds + 60) * 1000 });
    if (result.code !== 0) throw new Error(`peer load: ${result.stderr}`);
    return JSON.parse(result.stdout);
}

// Appends of 200 bytes, each synced, a second, on the disk where the data directories are.
export async function syncedAppends(folder, seconds) {
    const result = await run(peerProgram, ['append', join(folder, 'appends'), String(seconds)], { timeout: (seconds + 60) * 1000 });
    if (result.code !== 0) throw new Error(`peer append: ${result.stderr}`);
    return Number(result.stdout);
}

// nginx as the receiver, which answers 200 in plain HTTP, and over TLS with the certificate.
export async function startReceivers({ key, cert }) {
    const folder = temporaryFolder('receivers');
    const [plain, tls] = [newPort(), newPort()];
    mkdirSync(join(folder, 'logs'));
    writeFileSync(join(folder, 'key'), key);
    writeFileSync(join(folder, 'cert'), cert);
    const server = (listen, more = '') => `server { listen 127.0.0.1:${listen}; ${more} location / { return 200; } }`;
    const child = startServer(folder, `client_max_body_size 8m; ${server(plain)} ${server(`${tls} ssl`, 'ssl_certificate cert; ssl_certificate_key key;')}`);
    await until('nginx answers', async () => (await request(`http://127.0.0.1:${plain}`, 'POST', '/', { body: '{}', agent: false })).status === 200);
    return { plain: `http://127.0.0.1:${plain}/`, tls: `https://127.0.0.1:${tls}/`, stop: () => end(child, 'SIGQUIT') };
}

export const median = (list) => {
    const sorted = [...list].sort((a, b) => a - b);
    const middle = sorted.length >> 1;
    return sorted.length % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
};

export const percentile = (list, share) => {
    const sorted = [...list].sort((a, b) => a - b);
    return sorted[Math.min(sorted.length - 1, Math.ceil(sorted.length * share) - 1)];
};
