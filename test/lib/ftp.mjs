// Real file servers (file-server says which), each in a folder of its own.
//
//   const server = await startFileServer('sftp');        ftp, ftps, ftps-implicit or sftp
//   server.port, server.user, server.password            on 127.0.0.1
//   server.ca, server.hostKeys                           the file of its certificate; {ed25519: 'SHA256:…', ecdsa, rsa}
//   server.list('a/b'), server.read('a/b/c.csv')         what lies there; null: nothing
//   await server.holds('.c.csv.part', 100000)            waits until a file has so many bytes
//   await server.kill(); await server.start()            at once, with all that is under way; again, at the same port
//   server.freeze(); server.thaw()
//
// How it behaves is its `directives`, in force from the next start on: lines of ProFTPD's
// configuration, or what the functions below make of them:
//
//   await server.restart(slow(100), deny('RNTO'))
import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, readdirSync, statSync } from 'node:fs';
import net from 'node:net';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { removeFolder, runSync, start, temporaryFolder } from './processes.mjs';
import { until } from './wait.mjs';

const PROGRAM = join(dirname(fileURLToPath(import.meta.url)), 'file-server');

// Uploads go at so many KiB a second. Not of SFTP.
export const slow = (kibibytes) => `TransferRate STOR ${kibibytes}`;
// Whoever says these commands is refused.
export const deny = (...commands) => ['<Limit ' + commands.join(' ') + '>', 'DenyAll', '</Limit>'];
// There is room for files of so many bytes.
export const room = (bytes) => `MaxStoreFileSize ${bytes} B`;
// Nothing that is there may be overwritten.
export const once = () => 'AllowOverwrite off';

const running = new Set();

process.on('exit', () => {
    for (const server of running) server.signal('SIGKILL');
});

async function freePort() {
    const server = net.createServer();
    await new Promise((done) => server.listen(0, '127.0.0.1', done));
    const { port } = server.address();
    await new Promise((done) => server.close(done));
    return port;
}

function takesConnections(port) {
    return new Promise((done) => {
        const socket = net.connect(port, '127.0.0.1');
        socket.once('connect', () => (socket.destroy(), done(true)));
        socket.once('error', () => done(false));
    });
}

const orNull = (read) => {
    try {
        return read();
    } catch (error) {
        if (error.code === 'ENOENT') return null;
        throw error;
    }
};

export class FileServer {
    constructor(kind, ...directives) {
        Object.assign(this, { kind, directives: directives.flat(), user: 'hub', password: 'secret' });
        this.folder = temporaryFolder(kind);
        this.files = join(this.folder, 'files');
        mkdirSync(this.files);
    }

    async start() {
        this.port ??= await freePort();
        this.process = start(PROGRAM, [this.kind, this.folder, String(this.port), ...this.directives], { detached: true, stdio: 'inherit' });
        running.add(this);
        this.process.ended.then(() => (this.over = true));
        this.over = false;
        await until(`a ${this.kind} server`, () => {
            assert.ok(!this.over, `it ended: ${orNull(() => readFileSync(join(this.folder, 'output'), 'utf8'))}; tools/setup test brings it`);
            return takesConnections(this.port);
        }, { timeout: 20000 });
        return this;
    }

    // To all its processes: a session is one of its own.
    signal(name) {
        try {
            process.kill(-this.process.pid, name);
        } catch (error) {
            if (error.code !== 'ESRCH') throw error;
        }
    }

    async kill() {
        this.signal('SIGKILL');
        await this.process.ended;
        running.delete(this);
    }

    async restart(...directives) {
        await this.kill();
        this.directives = directives.flat();
        return this.start();
    }

    freeze() {
        this.signal('SIGSTOP');
    }

    thaw() {
        this.signal('SIGCONT');
    }

    get ca() {
        return join(this.folder, 'cert');
    }

    get hostKeys() {
        const keys = readdirSync(this.folder).filter((name) => /^host_[a-z0-9]+$/.test(name));
        return Object.fromEntries(keys.map((name) => [name.slice(5), runSync('ssh-keygen', ['-l', '-E', 'sha256', '-f', join(this.folder, name)]).stdout.split(' ')[1]]));
    }

    read(path) {
        return orNull(() => readFileSync(join(this.files, path)));
    }

    list(path = '') {
        return orNull(() => readdirSync(join(this.files, path)).sort());
    }

    async holds(path, bytes) {
        await until(`${bytes} bytes of ${path}`, () => (orNull(() => statSync(join(this.files, path)).size) ?? 0) >= bytes, { every: 5 });
    }

    async close() {
        await this.kill();
        removeFolder(this.folder);
    }
}

export async function startFileServer(kind, ...directives) {
    return new FileServer(kind, ...directives).start();
}
