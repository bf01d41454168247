// A scripted webhook receiver on the level of sockets: it keeps the bytes exactly as they came, and
// answers, or misbehaves, as told.
//
// An answer is a status, or an object:
//   {status, headers: {…}, body, delay}   an ordinary one, after `delay` ms
//   {hang: true}                          never answers
//   {reset: 'before' | 'mid'}             cuts the connection before the answer, or within it
//   {trickle: ms, body}                   sends the body byte by byte
//   {length: bytes}                       a body of that many bytes
//   {endless: true}                       a chunked body without end
//   {raw: bytes, close: bool}             exactly these bytes
//   {status, closeAfter: true}            answers, then closes the kept connection without a word
//
// `interrupt`, when it is set, is asked whenever bytes have come, before they are looked at: 'reset' or
// 'close' ends the connection there and then, in the middle of a request or before its first byte.
import net from 'node:net';
import tls from 'node:tls';

import { until } from './wait.mjs';

const CRLF2 = Buffer.from('\r\n\r\n');

export class Received {
    constructor(head, body, { connection, at, index }) {
        Object.assign(this, { body, connection, at, index });
        this.head = head; // with the empty line
        const lines = head.slice(0, -4).split('\r\n');
        [this.method, this.path] = lines[0].split(' ');
        this.headerLines = lines.slice(1);
        this.headers = {};
        for (const line of this.headerLines) {
            const colon = line.indexOf(':');
            this.headers[line.slice(0, colon).toLowerCase()] = line.slice(colon + 1).trim();
        }
    }

    get id() {
        return this.headers['webhook-id'];
    }

    get json() {
        return JSON.parse(this.body.toString());
    }
}

export class Receiver {
    // `keep`: whether bodies and heads are kept (not in benches).
    constructor({ keep = true, host = '127.0.0.1' } = {}) {
        this.keep = keep;
        this.host = host;
        this.requests = [];
        this.count = 0;
        this.connections = 0;
        this.sockets = new Set();
        this.script = () => 200;
        this.interrupt = null;
        this.interrupted = 0;
    }

    async listen(port = 0, tlsOptions) {
        this.server = tlsOptions
            ? tls.createServer(tlsOptions, (socket) => this.serve(socket))
            : net.createServer((socket) => this.serve(socket));
        this.scheme = tlsOptions ? 'https' : 'http';
        this.server.on('error', () => {});
        await new Promise((done, fail) => {
            this.server.once('error', fail);
            this.server.listen(port, this.host, 4096, done);
        });
        this.port = this.server.address().port;
        this.server.unref();
        return this;
    }

    get url() {
        return `${this.scheme}://${this.host}:${this.port}`;
    }

    // Answers in order; the last one from then on.
    answers(...list) {
        let next = 0;
        this.script = () => list[Math.min(next++, list.length - 1)];
        return this;
    }

    serve(socket) {
        const connection = ++this.connections;
        let buffered = Buffer.alloc(0);
        let answered = 0;
        this.sockets.add(socket);
        socket.unref?.();
        socket.setNoDelay(true);
        socket.on('close', () => this.sockets.delete(socket));
        socket.on('error', () => {});
        socket.on('data', (data) => {
            buffered = buffered.length ? Buffer.concat([buffered, data]) : data;
            const end = this.interrupt?.({ connection, answered, bytes: buffered.length });
            if (end) {
                this.interrupted++;
                if (end === 'reset') socket.resetAndDestroy();
                else socket.destroy();
                return;
            }
            for (;;) {
                const end = buffered.indexOf(CRLF2);
                if (end < 0) return;
                const head = buffered.subarray(0, end + 4).toString('latin1');
                const length = Number(/\r\ncontent-length:\s*(\d+)/i.exec(head)?.[1] ?? 0);
                if (/\r\nexpect:\s*100-continue/i.test(head) && buffered.length < end + 4 + length) socket.write('HTTP/1.1 100 Continue\r\n\r\n');
                if (buffered.length < end + 4 + length) return;
                const body = Buffer.from(buffered.subarray(end + 4, end + 4 + length));
                buffered = buffered.subarray(end + 4 + length);
                const received = new Received(head, body, { connection, at: Date.now(), index: this.count++ });
                answered++;
                if (this.keep) this.requests.push(received);
                this.onRequest?.(received);
                void this.answer(socket, this.script(received), received);
            }
        });
    }

    async answer(socket, answer, received) {
        if (typeof answer === 'number') answer = { status: answer };
        if (answer.delay) await new Promise((done) => setTimeout(done, answer.delay).unref());
        if (answer.hang) return;
        if (answer.reset === 'before') return void socket.resetAndDestroy();
        if (answer.raw !== undefined) {
            socket.write(answer.raw);
            if (answer.close) socket.end();
            return;
        }
        const status = answer.status ?? 200;
        const headers = Object.entries(answer.headers ?? {}).map(([name, value]) => `${name}: ${value}\r\n`).join('');
        const first = `HTTP/1.1 ${status} ${status === 200 ? 'OK' : 'Whatever'}\r\n${headers}`;
        if (answer.reset === 'mid') {
            socket.write(`${first}Content-Length: 1000\r\n\r\nonly the beginning`);
            setTimeout(() => socket.resetAndDestroy(), 20);
            return;
        }
        if (answer.endless) {
            socket.write(`${first}Transfer-Encoding: chunked\r\n\r\n`);
            const chunk = Buffer.from(`10000\r\n${'x'.repeat(65536)}\r\n`);
            const more = () => {
                while (!socket.destroyed && socket.write(chunk));
            };
            socket.on('drain', more);
            more();
            return;
        }
        if (answer.length) {
            socket.write(`${first}Content-Length: ${answer.length}\r\n\r\n`);
            socket.write(Buffer.alloc(answer.length, 'y'));
            return;
        }
        const body = Buffer.isBuffer(answer.body) ? answer.body : Buffer.from(answer.body ?? '');
        if (answer.trickle) {
            socket.write(`${first}Content-Length: ${body.length}\r\n\r\n`);
            for (const byte of body) {
                if (socket.destroyed) return;
                socket.write(Buffer.of(byte));
                await new Promise((done) => setTimeout(done, answer.trickle).unref());
            }
            return;
        }
        const noBody = status === 204 || status === 304;
        socket.write(Buffer.concat([Buffer.from(`${first}${noBody ? '' : `Content-Length: ${body.length}\r\n`}\r\n`), noBody ? Buffer.alloc(0) : body]));
        if (answer.closeAfter) socket.end();
        received.answeredAt = Date.now();
    }

    // Cuts what is open; refuses what comes until listenAgain().
    async down() {
        for (const socket of this.sockets) socket.destroy();
        await new Promise((done) => this.server.close(done));
    }

    async up() {
        await this.listen(this.port);
    }

    async waitFor(count, { timeout = 15000, filter = () => true } = {}) {
        await until(`${count} requests at the receiver (${this.count} have come)`, () => this.requests.filter(filter).length >= count, { timeout, every: 5 });
        return this.requests.filter(filter);
    }

    async close() {
        for (const socket of this.sockets) socket.destroy();
        await new Promise((done) => this.server.close(done));
    }
}

export async function startReceiver(options) {
    return new Receiver(options).listen(0, options?.tls);
}
