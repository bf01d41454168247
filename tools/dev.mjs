// tools/dev.mjs: builds the preset dev, runs the hub from it, and does both again whenever a file
// under src/ changes. Where there is a dashboard, its development server runs beside it.
import { spawn } from 'node:child_process';
import { existsSync, readdirSync, watch } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const command = ['build/dev/junctor', 'serve', '--data', 'build/dev-data', '--listen', '127.0.0.1:8080', '--first-run'];
const settleMs = 200; // an editor writes several times, a checkout many

let hub = null;
let running = false;
let again = false;
let timer = null;

const say = (text) => console.error(`dev: ${text}`);
const start = (program, ...args) => spawn(program, args, { cwd: root, stdio: 'inherit' });
const ended = (child) => new Promise((resolve) => child.once('close', resolve).once('error', () => resolve(-1)));

async function stopHub() {
    if (!hub) return;
    const closed = ended(hub);
    const stopping = hub;
    hub = null;
    stopping.kill('SIGTERM');
    await closed;
}

// One build at a time; a change during it asks for another.
async function rebuild() {
    if (running) {
        again = true;
        return;
    }
    running = true;
    do {
        again = false;
        const code = await ended(start('tools/build', 'dev'));
        if (again) continue;
        if (code !== 0) {
            say('the build failed; the hub before it goes on');
            continue;
        }
        await stopHub();
        const started = start(command[0], ...command.slice(1));
        started.once('close', () => {
            if (hub === started) {
                hub = null;
                say('the hub has ended; the next change starts it again');
            }
        });
        hub = started;
    } while (again);
    running = false;
}

function changed(name) {
    if (name && !/\.(c|h|txt|cmake|sql|html|js|css)$/.test(name)) return;
    clearTimeout(timer);
    timer = setTimeout(rebuild, settleMs);
}

// Node.js 18 on Linux watches no trees, so each folder is watched by itself.
function watchTree(folder) {
    watch(folder, (kind, name) => {
        const path = name && join(folder, name);
        if (kind === 'rename' && path && existsSync(path)) watchIfFolder(path);
        changed(name);
    });
    for (const entry of readdirSync(folder, { withFileTypes: true }))
        if (entry.isDirectory()) watchTree(join(folder, entry.name));
}

function watchIfFolder(path) {
    try {
        readdirSync(path);
    } catch {
        return; // a file, or gone already
    }
    watchTree(path);
}

async function stop() {
    clearTimeout(timer);
    const closed = dashboard && dashboard.exitCode === null ? ended(dashboard) : null;
    dashboard?.kill('SIGTERM');
    await stopHub();
    await closed;
    process.exit(0);
}

let dashboard = null;
if (existsSync(join(root, 'dashboard/package.json'))) {
    if (existsSync(join(root, 'dashboard/node_modules'))) dashboard = start('npm', 'run', 'dev', '--prefix', 'dashboard');
    else say('the dashboard is not run: npm ci --prefix dashboard first');
}
process.on('SIGINT', stop);
process.on('SIGTERM', stop);
watchTree(join(root, 'src'));
rebuild();
