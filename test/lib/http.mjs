// A small HTTP client that shows everything: status, headers as sent, bytes.
import assert from 'node:assert/strict';
import http from 'node:http';
import https from 'node:https';

export class Response {
    constructor(status, rawHeaders, bytes) {
        this.status = status;
        this.rawHeaders = rawHeaders;
        this.bytes = bytes;
        this.headers = {};
        for (let i = 0; i < rawHeaders.length; i += 2) {
            const name = rawHeaders[i].toLowerCase();
            this.headers[name] = name in this.headers ? `${this.headers[name]}, ${rawHeaders[i + 1]}` : rawHeaders[i + 1];
        }
        this.setCookies = [];
        for (let i = 0; i < rawHeaders.length; i += 2)
            if (rawHeaders[i].toLowerCase() === 'set-cookie') this.setCookies.push(rawHeaders[i + 1]);
    }

    get text() {
        return this.bytes.toString();
    }

    get json() {
        try {
            return JSON.parse(this.text);
        } catch {
            throw new Error(`not JSON: ${this.status} ${this.text.slice(0, 500)}`);
        }
    }

    // The slug of a problem, as in "/problems/invalid".
    get problem() {
        return this.json.type?.split('/').pop();
    }

    get codes() {
        return (this.json.errors ?? []).map((error) => `${error.field ?? error.pointer}:${error.code}`);
    }
}

// `body`: a string or bytes as they are, anything else as JSON.
export function request(base, method, path, { body, headers = {}, agent, timeout = 30000, tls, onRequest } = {}) {
    const url = new URL(path, base);
    const all = { ...headers };
    let bytes;
    if (body !== undefined) {
        const raw = typeof body === 'string' || Buffer.isBuffer(body);
        bytes = Buffer.from(raw ? body : JSON.stringify(body));
        if (!('content-type' in all)) all['content-type'] = 'application/json';
        if (all['content-type'] === null) delete all['content-type'];
        all['content-length'] = bytes.length;
    } else if (method !== 'GET' && method !== 'HEAD') {
        all['content-length'] = 0;
    }
    const client = url.protocol === 'https:' ? https : http;
    return new Promise((resolve, reject) => {
        const sent = client.request(
            // The path as it was written: URL would tidy up what a test means to send.
            { host: url.hostname, port: url.port, method, path, headers: all, agent, ...tls },
            (answer) => {
                const chunks = [];
                answer.on('data', (chunk) => chunks.push(chunk));
                answer.on('end', () => resolve(new Response(answer.statusCode, answer.rawHeaders, Buffer.concat(chunks))));
                answer.on('error', reject);
            },
        );
        onRequest?.(sent);
        sent.setTimeout(timeout, () => sent.destroy(new Error(`no answer to ${method} ${path} within ${timeout} ms`)));
        sent.on('error', reject);
        sent.end(bytes);
    });
}

// Calls an API with a key. A connection that was kept and has been closed by the hub meanwhile is no
// fault: requests here are never repeated silently, so each client may ask for fresh connections.
export class Client {
    constructor(base, { key, headers = {}, fresh = false, tls } = {}) {
        this.base = base;
        this.key = key;
        this.headers = headers;
        this.tls = tls;
        this.agent = fresh ? new http.Agent({ keepAlive: false }) : undefined;
    }

    with(changes) {
        return Object.assign(new Client(this.base), this, changes);
    }

    request(method, path, body, { headers = {}, ...rest } = {}) {
        const authorization = this.key === undefined ? {} : { authorization: `Bearer ${this.key}` };
        return request(this.base, method, path, {
            body,
            agent: this.agent ?? false,
            tls: this.tls,
            ...rest,
            headers: { ...authorization, ...this.headers, ...headers },
        });
    }

    get(path, options) {
        return this.request('GET', path, undefined, options);
    }

    post(path, body, options) {
        return this.request('POST', path, body, options);
    }

    put(path, body, options) {
        return this.request('PUT', path, body, options);
    }

    patch(path, body, options) {
        return this.request('PATCH', path, body, options);
    }

    delete(path, options) {
        return this.request('DELETE', path, undefined, options);
    }

    // All pages of a list.
    async all(path, { limit = 200, most = 100000 } = {}) {
        const rows = [];
        let cursor = null;
        do {
            const join = path.includes('?') ? '&' : '?';
            const page = expect(await this.get(`${path}${join}limit=${limit}${cursor ? `&cursor=${encodeURIComponent(cursor)}` : ''}`), 200);
            assert.ok(Array.isArray(page.json.data), `no data in ${page.text.slice(0, 200)}`);
            rows.push(...page.json.data);
            cursor = page.json.next;
        } while (cursor && rows.length < most);
        return rows;
    }
}

// The response, if it has one of the statuses; else an error that shows it.
export function expect(response, ...statuses) {
    if (!statuses.includes(response.status)) {
        assert.fail(`expected ${statuses.join(' or ')}, got ${response.status}: ${response.text.slice(0, 1000)}`);
    }
    return response;
}

// A refusal as RFC 9457 says it, with a sentence for people; returns the response.
export function expectProblem(response, status, slug) {
    expect(response, status);
    assert.match(response.headers['content-type'] ?? '', /^application\/problem\+json/, response.text.slice(0, 300));
    const problem = response.json;
    assert.equal(typeof problem.title, 'string');
    assert.equal(problem.status, status);
    assert.ok(typeof problem.type === 'string' && problem.type.length > 0, 'a problem has a type');
    if (slug) assert.equal(response.problem, slug, response.text.slice(0, 500));
    for (const error of problem.errors ?? []) {
        for (const member of ['pointer', 'field', 'code', 'message'])
            assert.equal(typeof error[member], 'string', `errors[].${member} in ${response.text}`);
    }
    return response;
}
