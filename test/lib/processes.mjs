// Starts programs and makes sure that each of them is ended, by its id, whatever happens to the test.
import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const running = new Set();
const folders = new Set();

function endAll() {
    for (const child of running) {
        try {
            child.kill('SIGKILL');
        } catch {
            // it has ended by itself
        }
    }
    for (const folder of folders) rmSync(folder, { recursive: true, force: true, maxRetries: 3 });
}

process.on('exit', endAll);
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
    process.on(signal, () => {
        endAll();
        process.exit(1);
    });
}

// A folder that goes with this process; JUNCTOR_TEST_TMP chooses where (a disk, or a tmpfs).
export function temporaryFolder(name = 'test') {
    const folder = mkdtempSync(join(process.env.JUNCTOR_TEST_TMP ?? tmpdir(), `junctor-${name}-`));
    if (!process.env.JUNCTOR_TEST_KEEP) folders.add(folder);
    return folder;
}

export function removeFolder(folder) {
    folders.delete(folder);
    if (!process.env.JUNCTOR_TEST_KEEP) rmSync(folder, { recursive: true, force: true, maxRetries: 3 });
}

// Like spawn(); `child.ended` resolves with {code, signal}.
export function start(program, args, options = {}) {
    const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'], ...options });
    running.add(child);
    child.ended = new Promise((resolve) => {
        child.once('error', (error) => {
            running.delete(child);
            resolve({ code: -1, signal: null, error });
        });
        child.once('close', (code, signal) => {
            running.delete(child);
            resolve({ code, signal });
        });
    });
    return child;
}

// Runs a program to its end; never throws.
export async function run(program, args, { env, input, timeout = 60000, cwd, ...rest } = {}) {
    const child = start(program, args, { ...rest, env, cwd, stdio: [input === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe'] });
    const out = [];
    const err = [];
    child.stdout.on('data', (data) => out.push(data));
    child.stderr.on('data', (data) => err.push(data));
    if (input !== undefined) child.stdin.end(input);
    const timer = setTimeout(() => child.kill('SIGKILL'), timeout);
    const { code, signal, error } = await child.ended;
    clearTimeout(timer);
    return { code, signal, stdout: Buffer.concat(out).toString(), stderr: (error ? String(error) : '') + Buffer.concat(err).toString() };
}

export function runSync(program, args, options = {}) {
    const result = spawnSync(program, args, { encoding: 'utf8', timeout: 30000, ...options });
    return { code: result.status ?? -1, stdout: result.stdout ?? '', stderr: result.stderr ?? '' };
}
