// A real mail server (npm's smtp-server) that keeps what it takes, read by npm's mailparser.
//
//   const server = await startMailServer({ tls: 'starttls', login: { user: 'hub', password: 'secret' } });
//   server.url, server.ca      smtp://127.0.0.1:PORT or smtps://…, and the file of its certificate
//   server.refuse = ({ step, address }) => (step === 'rcpt' && address === 'bob@example.org' ? [450, 'greylisted'] : undefined)
//   const [mail] = await server.waitFor(1, { to: 'ann@example.org' })
//
// Steps are connect, login, mail, rcpt and data; what is not refused is taken. `hang = step` says
// nothing there until it is set to something else.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { simpleParser } from 'mailparser';
import { SMTPServer } from 'smtp-server';

import { runSync, temporaryFolder } from './processes.mjs';
import { until } from './wait.mjs';

// For localhost and 127.0.0.1, or for `names`; it is its own authority.
export function makeCertificate(names = 'IP:127.0.0.1,DNS:localhost') {
    const folder = temporaryFolder('mail');
    const [key, cert] = [join(folder, 'key.pem'), join(folder, 'cert.pem')];
    const made = runSync('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2', '-subj', '/CN=mail', '-addext', `subjectAltName=${names}`, '-keyout', key, '-out', cert]);
    assert.equal(made.code, 0, made.stderr);
    return { key, cert };
}

function refusal([code, text]) {
    return Object.assign(new Error(text), { responseCode: code });
}

async function bytesOf(stream) {
    const chunks = [];
    for await (const chunk of stream) chunks.push(chunk);
    return Buffer.concat(chunks);
}

export class MailServer {
    // tls: 'none', 'starttls' (offered) or 'first' (as smtps has it). login: demanded when given.
    constructor({ tls = 'none', login, certificate } = {}) {
        Object.assign(this, { tls, login });
        this.certificate = tls === 'none' ? undefined : (certificate ?? makeCertificate());
        this.refuse = () => undefined;
        this.hang = undefined;
        this.mails = [];
        this.connections = 0;
    }

    get url() {
        return `${this.tls === 'first' ? 'smtps' : 'smtp'}://127.0.0.1:${this.port}`;
    }

    get ca() {
        return this.certificate?.cert;
    }

    async listen(port = 0) {
        this.server = new SMTPServer({
            secure: this.tls === 'first',
            ...(this.certificate && { key: readFileSync(this.certificate.key), cert: readFileSync(this.certificate.cert) }),
            disabledCommands: [...(this.tls === 'starttls' ? [] : ['STARTTLS']), ...(this.login ? [] : ['AUTH'])],
            allowInsecureAuth: true,
            authOptional: !this.login,
            disableReverseLookup: true,
            onConnect: (session, done) => void this.step('connect', session, undefined, done, () => this.connections++),
            onAuth: (auth, session, done) => void this.step('login', session, auth.username, done, () => this.checkLogin(auth)),
            onMailFrom: ({ address }, session, done) => void this.step('mail', session, address, done),
            onRcptTo: ({ address }, session, done) => void this.step('rcpt', session, address, done),
            onData: (stream, session, done) => void this.take(stream, session, done),
        });
        // Clients that break off or do not trust the certificate are what tests are about.
        this.server.on('error', () => {});
        await new Promise((done, fail) => {
            this.server.server.once('error', fail);
            this.server.listen(port, '127.0.0.1', done);
        });
        this.port = this.server.server.address().port;
        this.server.server.unref();
        return this;
    }

    checkLogin({ username, password }) {
        if (username !== this.login.user || password !== this.login.password) throw refusal([535, '5.7.8 who are you']);
        return { user: username };
    }

    async step(step, session, address, done, run = () => undefined) {
        try {
            while (this.hang === step) await new Promise((next) => setTimeout(next, 5).unref());
            const refused = this.refuse({ step, address, session });
            if (refused) throw refusal(refused);
            done(null, run());
        } catch (error) {
            done(error);
        }
    }

    async take(stream, session, done) {
        const raw = await bytesOf(stream);
        const to = session.envelope.rcptTo.map(({ address }) => address);
        const mail = { raw: raw.toString('latin1'), from: session.envelope.mailFrom.address, to, secure: session.secure, user: session.user, at: Date.now() };
        const parsed = await simpleParser(raw);
        Object.assign(mail, { parsed, subject: parsed.subject, text: parsed.text, html: parsed.html, id: parsed.messageId });
        await this.step('data', session, to[0], done, () => void this.mails.push(mail));
    }

    to(address) {
        return this.mails.filter((mail) => mail.to.includes(address));
    }

    async waitFor(count, { to, timeout = 15000 } = {}) {
        const wanted = () => (to ? this.to(to) : this.mails);
        await until(`${count} mails${to ? ` to ${to}` : ''}`, () => wanted().length >= count, { timeout, every: 5 });
        return wanted();
    }

    // Refuses connections until up().
    async down() {
        for (const connection of this.server.connections) connection.close();
        await new Promise((done) => this.server.close(done));
    }

    async up() {
        await this.listen(this.port);
    }

    async close() {
        this.hang = undefined;
        await this.down();
    }
}

export async function startMailServer(options) {
    return new MailServer(options).listen();
}
