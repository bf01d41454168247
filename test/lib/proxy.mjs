// A forward proxy: requests in absolute form, tunnels by CONNECT, Basic credentials. It looks names up
// in `names` alone, and notes whatever it is asked in `asked`: {method, target, headers}.
//
// `script` may have it misbehave; it gets what was asked, and answers with
//   undefined        it does its work
//   a status         it answers that itself
//   {reset: true}    it cuts the connection
//   {hang: true}     it never answers
//   {raw: bytes}     exactly these bytes, then the end
import http from 'node:http';
import https from 'node:https';
import net from 'node:net';

const HOP_BY_HOP = ['connection', 'keep-alive', 'proxy-authorization', 'proxy-connection', 'te', 'trailer', 'transfer-encoding', 'upgrade'];

export class Proxy {
    // `credentials`: "user:password", without which it answers 407; `tls`: {key, cert} of an https proxy.
    constructor({ credentials = null, names = {}, tls = null } = {}) {
        Object.assign(this, { credentials, names, tls });
        this.asked = [];
        this.connections = 0;
        this.sockets = new Set();
        this.script = () => undefined;
    }

    async listen(port = 0) {
        this.server = this.tls ? https.createServer(this.tls) : http.createServer();
        this.server.on('request', (asked, answer) => this.forward(asked, answer));
        this.server.on('connect', (asked, socket) => this.tunnel(asked, socket));
        this.server.on('connection', (socket) => {
            this.connections++;
            this.keep(socket);
        });
        await new Promise((done, fail) => {
            this.server.once('error', fail);
            this.server.listen(port, '127.0.0.1', done);
        });
        this.port = this.server.address().port;
        this.server.unref();
        return this;
    }

    get url() {
        return this.urlOf();
    }

    // `user`: "user:password@", as it stands in the URL.
    urlOf({ user = '', host = '127.0.0.1' } = {}) {
        return `${this.tls ? 'https' : 'http'}://${user}${host}:${this.port}`;
    }

    keep(socket) {
        this.sockets.add(socket);
        socket.unref();
        socket.on('error', () => socket.destroy());
        socket.on('close', () => this.sockets.delete(socket));
    }

    // What to do instead of its work, if anything.
    note({ method, url, headers }) {
        const asked = { method, target: url, headers };
        this.asked.push(asked);
        const wanted = `Basic ${Buffer.from(this.credentials ?? '').toString('base64')}`;
        const instead = this.script(asked);
        return instead === undefined && this.credentials !== null && headers['proxy-authorization'] !== wanted ? 407 : instead;
    }

    misbehave(instead, socket) {
        if (instead.hang) return;
        if (instead.reset) return void socket.resetAndDestroy();
        socket.end(instead.raw);
    }

    forward(asked, answer) {
        const instead = this.note(asked);
        if (typeof instead === 'object') return void this.misbehave(instead, asked.socket);
        const refuse = (status) => asked.resume().on('end', () => answer.writeHead(status, status === 407 ? { 'Proxy-Authenticate': 'Basic realm="proxy"' } : {}).end(`${status} of the proxy`));
        if (instead !== undefined) return void refuse(instead);
        if (!/^http:\/\//.test(asked.url)) return void refuse(400);
        const url = new URL(asked.url);
        const host = this.addressOf(url.hostname);
        if (host === null) return void refuse(502);
        const headers = Object.fromEntries(Object.entries(asked.headers).filter(([name]) => !HOP_BY_HOP.includes(name)));
        const sent = http.request({ host, port: url.port || 80, method: asked.method, path: url.pathname + url.search, headers, agent: false }, (back) => {
            answer.writeHead(back.statusCode, back.headers);
            back.pipe(answer);
        });
        sent.on('error', () => answer.headersSent ? answer.destroy() : answer.writeHead(502).end());
        asked.pipe(sent);
    }

    tunnel(asked, socket) {
        const instead = this.note(asked);
        if (typeof instead === 'object') return void this.misbehave(instead, socket);
        const refuse = (status) => socket.end(`HTTP/1.1 ${status} Whatever\r\n${status === 407 ? 'Proxy-Authenticate: Basic realm="proxy"\r\n' : ''}Content-Length: 0\r\n\r\n`);
        if (instead !== undefined) return void refuse(instead);
        const [, name, port] = /^(.*):(\d+)$/.exec(asked.url);
        const host = this.addressOf(name);
        if (host === null) return void refuse(502);
        const target = net.connect(Number(port), host);
        this.keep(target);
        target.once('error', () => refuse(502));
        target.once('connect', () => {
            socket.write('HTTP/1.1 200 Connection established\r\nX-Proxy: tunnel\r\n\r\n');
            target.pipe(socket);
            socket.pipe(target);
        });
        socket.on('close', () => target.destroy());
        target.on('close', () => socket.destroy());
    }

    // Null: there is no such name.
    addressOf(host) {
        const address = this.names[host] ?? host;
        return net.isIP(address) ? address : null;
    }

    // Cuts what is open; listen(port) has it back.
    async close() {
        for (const socket of this.sockets) socket.destroy();
        await new Promise((done) => this.server.close(done));
    }
}

export async function startProxy(options) {
    return new Proxy(options).listen();
}
