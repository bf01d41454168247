// Certificates of every kind, good and bad, from authorities of our own; and a way to run a program
// that trusts such an authority as it would the system's.
import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { runSync, temporaryFolder } from './processes.mjs';

const DAY = 86400000;
const SYSTEM_BUNDLE = '/etc/ssl/certs/ca-certificates.crt';
const NAMES = 'DNS:localhost,DNS:good.example.org,IP:127.0.0.1';

// YYYYMMDDHHMMSSZ, as `openssl ca` takes it.
const stamp = (time) => `${new Date(time).toISOString().replace(/[-:T]/g, '').slice(0, 14)}Z`;

function openssl(...args) {
    const made = runSync('openssl', args);
    assert.equal(made.code, 0, `openssl ${args[0]}: ${made.stderr}`);
}

const newKey = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];

export class Authority {
    constructor(name = 'Test authority') {
        this.folder = temporaryFolder('authority');
        this.cert = join(this.folder, 'authority.pem');
        this.key = join(this.folder, 'authority.key');
        this.config = join(this.folder, 'config');
        mkdirSync(join(this.folder, 'issued'));
        writeFileSync(join(this.folder, 'index'), '');
        writeFileSync(this.config, `[ca]\ndefault_ca = own\n[own]\ndatabase = ${join(this.folder, 'index')}\nnew_certs_dir = ${join(this.folder, 'issued')}\nrand_serial = yes\ndefault_md = sha256\npolicy = any\nunique_subject = no\ncopy_extensions = copy\n[any]\ncommonName = supplied\n`);
        openssl('req', '-x509', ...newKey, '-days', '2', '-subj', `/CN=${name}`, '-keyout', this.key, '-out', this.cert);
    }

    // {key, cert} as bytes, good from `from` to `to`, in milliseconds from now.
    issue(name, { names = NAMES, from = -DAY, to = DAY } = {}) {
        const [key, request, cert] = ['key', 'csr', 'pem'].map((kind) => join(this.folder, `${name}.${kind}`));
        openssl('req', '-new', ...newKey, '-subj', `/CN=${name}`, '-addext', `subjectAltName=${names}`, '-keyout', key, '-out', request);
        openssl('ca', '-batch', '-notext', '-config', this.config, '-cert', this.cert, '-keyfile', this.key, '-in', request, '-out', cert, '-startdate', stamp(Date.now() + from), '-enddate', stamp(Date.now() + to));
        return { key: readFileSync(key), cert: readFileSync(cert) };
    }

    selfSigned(name, names = NAMES) {
        const [key, cert] = ['key', 'pem'].map((kind) => join(this.folder, `${name}.${kind}`));
        openssl('req', '-x509', ...newKey, '-days', '2', '-subj', `/CN=${name}`, '-addext', `subjectAltName=${names}`, '-keyout', key, '-out', cert);
        return { key: readFileSync(key), cert: readFileSync(cert) };
    }

    // A program that is `program` on a system whose only trusted authority is this one: it has the
    // bundle replaced in a mount namespace of its own. Null where the system allows no such thing.
    trustedBy(program) {
        const mount = `mount --bind ${this.cert} ${SYSTEM_BUNDLE}`;
        if (runSync('unshare', ['-rm', '--', 'sh', '-c', mount]).code !== 0) return null;
        const wrapper = join(this.folder, 'trusting');
        writeFileSync(wrapper, `#!/bin/sh\nexec unshare -rm -- sh -c '${mount} && exec "$0" "$@"' ${program} "$@"\n`, { mode: 0o755 });
        return wrapper;
    }
}
