// Targets that are Node's own servers: http, https and http2. Each request is noted with how it came:
// version, connection, the peer's certificate.
//
// `script` gets what came, and its stream (or socket), and says how it is answered: a status, or an object:
//   {status, headers, body, cut: stream => …}   `cut` is called when half of the body is out
//   {instead: stream => …}                      no answer
// `interrupt`, when it is set, is asked when the head has come: true, and the request goes no further.
import http from 'node:http';
import http2 from 'node:http2';
import https from 'node:https';

import { until } from './wait.mjs';

const SERVERS = {
    http: (options, take) => http.createServer(options, take),
    https: (options, take) => https.createServer(options, take),
    http2: (options, take) => http2.createSecureServer(options, take),
};

// Null: it was cut.
async function read(request) {
    const chunks = [];
    try {
        for await (const chunk of request) chunks.push(chunk);
    } catch {
        return null;
    }
    return Buffer.concat(chunks);
}

export class Target {
    constructor(kind, options) {
        this.kind = kind;
        this.requests = []; // whole ones
        this.begun = new Map(); // delivery id → how many heads have come
        this.connections = 0;
        this.interrupted = 0;
        this.sockets = new Set();
        this.script = () => 200;
        this.interrupt = null;
        this.server = SERVERS[kind](options, (request, response) => void this.take(request, response));
        this.server.on(kind === 'http' ? 'connection' : 'secureConnection', (socket) => {
            socket.number = ++this.connections;
            socket.peer = socket.getPeerCertificate?.()?.subject?.CN ?? null;
            socket.on('error', () => {});
        });
        this.server.on('connection', (socket) => {
            this.sockets.add(socket);
            socket.unref();
            socket.on('error', () => {});
            socket.on('close', () => this.sockets.delete(socket));
        });
        for (const event of ['tlsClientError', 'sessionError']) this.server.on(event, () => {});
    }

    async listen() {
        await new Promise((done, fail) => {
            this.server.once('error', fail);
            this.server.listen(0, '127.0.0.1', done);
        });
        this.port = this.server.address().port;
        this.server.unref();
        return this;
    }

    get url() {
        return this.urlOf('127.0.0.1');
    }

    urlOf(host) {
        return `${this.kind === 'http' ? 'http' : 'https'}://${host}:${this.port}`;
    }

    get count() {
        return this.requests.length;
    }

    async take(request, response) {
        const id = request.headers['webhook-id'];
        this.begun.set(id, (this.begun.get(id) ?? 0) + 1);
        const stream = request.stream ?? request.socket;
        for (const one of [request, response]) one.on('error', () => {});
        request.stream?.on('error', () => {});
        if (this.interrupt?.(stream)) return void this.interrupted++;
        const body = await read(request);
        if (body === null) return;
        const socket = stream.session?.socket ?? stream;
        const [number, peer] = [socket.number, socket.peer];
        const { method, url: path, headers, rawHeaders, httpVersion } = request;
        const received = { id, method, path, headers, rawHeaders, body, httpVersion, peer, connection: number, json: JSON.parse(body) };
        this.requests.push(received);
        this.answer(stream, response, this.script(received, stream));
    }

    answer(stream, response, answer) {
        if (answer.instead) return void answer.instead(stream);
        const { status = 200, headers = {}, body = '', cut } = typeof answer === 'number' ? { status: answer } : answer;
        response.writeHead(status, { ...headers, 'content-length': Buffer.byteLength(body) });
        if (!cut) return void response.end(body);
        response.write(body.slice(0, body.length / 2), () => cut(stream));
    }

    waitFor(count) {
        return until(`${count} requests at the target (${this.count} have come)`, () => this.count >= count && this.requests, { timeout: 20000 });
    }

    async close() {
        for (const socket of this.sockets) socket.destroy();
        await new Promise((done) => this.server.close(done));
    }
}

export async function startTarget(kind = 'http', options = {}) {
    return new Target(kind, options).listen();
}
