// Receivers that misbehave below HTTP: their certificates, their names, and connections that they
// close when they are used again.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before } from 'node:test';

import { checkEquations } from '../lib/books.mjs';
import { Authority } from '../lib/certificates.mjs';
import { NameServer } from '../lib/dns.mjs';
import { ledgerOf, makeIntegration } from '../lib/fixtures.mjs';
import { expect } from '../lib/http.mjs';
import { binary, scenario, startHub } from '../lib/hub.mjs';
import { startReceiver } from '../lib/receiver.mjs';
import { failsThenRecovers, withTrial } from '../lib/trial.mjs';
import { until } from '../lib/wait.mjs';

const HOUR = 3600000;
const DAY = 24 * HOUR;

const authority = new Authority();
const good = authority.issue('good');
let trusting; // null: this system lets nobody replace its authorities
let names;
let hub;
let integration;

before(async () => {
    trusting = authority.trustedBy(binary);
    names = await new NameServer({ 'good.example.org': ['127.0.0.1'] }).listen();
    hub = await startHub({ program: trusting ?? binary, clock: true, args: ['--name-servers', names.address, '--attempt-timeout', '10s', '--connect-timeout', '8s', '--stop-grace', '100ms'] });
    integration = (await makeIntegration(hub.client())).id;
});

after(() => names.close());

const trial = (options, body) => withTrial(hub, { integration, ...options }, body);

const CERTIFICATES = {
    'is expired': [() => authority.issue('expired', { from: -2 * DAY, to: -DAY }), /^The certificate of \S+ has expired: renew it on the target's side/],
    'is not valid yet': [() => authority.issue('early', { from: DAY, to: 2 * DAY }), /^The certificate of \S+ is not valid yet: check the clocks/],
    'names another host': [() => authority.issue('elsewhere', { names: 'DNS:elsewhere.example.org' }), /^The certificate of (\S+):\d+ does not name \1: use a host in the URL that it names/],
    'is signed by itself': [() => authority.selfSigned('itself'), /^The certificate of \S+ is self-signed/],
    'comes from an authority that nobody knows': [() => new Authority('Stranger').issue('strange'), /^The certificate of \S+ comes from an authority that is not trusted/],
};
const UNTRUSTED = CERTIFICATES['comes from an authority that nobody knows'][1];

// By address with the system's authorities, by name with the endpoint's own.
const WAYS = {
    '127.0.0.1': { webhook: {}, trusts: () => trusting !== null },
    'good.example.org': { webhook: { certificateAuthorities: String(readFileSync(authority.cert)) }, trusts: () => true },
};

for (const [host, { webhook, trusts }] of Object.entries(WAYS)) {
    const url = (tried) => `https://${host}:${tried.port}/in`;
    for (const [kind, [make, reason]] of Object.entries(CERTIFICATES)) {
        scenario(`the certificate of ${host} ${kind}`, async (t) => {
            if (!trusts()) t.diagnostic('no mount namespace here: another reason comes first');
            await failsThenRecovers(hub, {
                trial: { integration, webhook, receiver: { tls: make() }, url },
                error: trusts() ? reason : new RegExp(`${reason.source}|${UNTRUSTED.source}`),
                recover: (tried) => trusts() && tried.server.setSecureContext(good),
                seen: 0,
            });
        });
    }

    scenario(`a good certificate of ${host} is taken`, async (t) => {
        if (!trusts()) return t.skip('no mount namespace here: its authority cannot be trusted');
        await trial({ webhook, receiver: { tls: good }, url }, async (one) => {
            await one.send(3);
            assert.ok((await one.attempted(1)).every((delivery) => delivery.state === 'delivered' && delivery.attempts.length === 1));
            await one.balance();
        });
    });
}

scenario('https:// to a port that speaks plain HTTP', () => failsThenRecovers(hub, {
    trial: { integration, url: (tried) => `https://127.0.0.1:${tried.port}/in` },
    begin: (tried) => (tried.interrupt = () => 'close'),
    error: /^No TLS connection to 127\.0\.0\.1:\d+ \(.+\): check that the URL's port speaks TLS, or write http:/,
    recover: async (tried, { api, hook }) => expect(await api.patch(`/api/v1/webhooks/${hook.id}`, { url: `${tried.url}/in` }), 200),
    seen: 0, interrupted: 3,
}));

scenario('https:// to a port that answers in plain HTTP', () => failsThenRecovers(hub, {
    trial: { integration, url: (tried) => `https://127.0.0.1:${tried.port}/in` },
    begin: (tried) => tried.server.prependListener('connection', (socket) => socket.once('data', () => socket.end('HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n'))),
    error: /^No TLS connection to 127\.0\.0\.1:\d+: what answers there does not speak TLS; check the URL's port, or write http:/,
    recover: async (tried, { api, hook }) => {
        tried.server.removeAllListeners('connection').on('connection', (socket) => tried.serve(socket));
        expect(await api.patch(`/api/v1/webhooks/${hook.id}`, { url: `${tried.url}/in` }), 200);
    },
    seen: 0,
}));

scenario('http:// to a port that speaks TLS', () => failsThenRecovers(hub, {
    trial: { integration, receiver: { tls: good }, url: (tried) => `http://127.0.0.1:${tried.port}/in` },
    error: /closed the connection without an answer|not HTTP|broke the connection off/,
    recover: async (tried, { api, hook }) => trusting !== null && expect(await api.patch(`/api/v1/webhooks/${hook.id}`, { url: `${tried.url}/in` }), 200),
    seen: 0,
}));

// What a name server has said is kept for a while: by hand, one is sent again until it gets through, and
// uses up no retries.
async function sentAgainUntilItArrives(one, { id }) {
    const before = one.tried.count;
    await until('it arrives', async () => {
        expect(await one.api.post(`/api/v1/deliveries/${id}/resend`), 202, 409);
        await one.hub.settled();
        return one.tried.count > before;
    }, { timeout: 30000, every: 300 });
    await one.untilDelivered();
    await one.balance((delivery) => delivery.attempts.filter((attempt) => attempt.response).length);
}

async function nameFailsThenResolves(name, error) {
    await trial({ url: (tried) => `http://${name}:${tried.port}/in` }, async (one) => {
        await one.send(3);
        await one.othersWentThrough();
        for (const delivery of await one.attempted(1)) {
            assert.deepEqual([delivery.state, delivery.attempts[0].response, delivery.lastStatus], ['pending', null, null]);
            assert.match(delivery.attempts[0].error, error);
        }
        assert.equal(one.tried.count, 0);
        names.names[name] = ['127.0.0.1'];
        await sentAgainUntilItArrives(one, (await one.details())[0]);
    });
}

scenario('there is no such name; later there is', () => nameFailsThenResolves('nowhere.example.org', /^The name nowhere\.example\.org is not known/));

scenario('the name\'s server never answers; later it does', async () => {
    names.names['silent.example.org'] = 'hang';
    await nameFailsThenResolves('silent.example.org', /^The name silent\.example\.org .*answer/);
});

scenario('a name that is public first and private later: refused, and delivered when it is public again', async () => {
    const narrow = await startHub({ name: 'narrow', clock: true, egress: '127.0.0.0/30', args: ['--name-servers', names.address] });
    const integration = (await makeIntegration(narrow.client())).id;
    names.ttl = 0;
    names.names['moves.example.org'] = ['127.0.0.1'];
    await withTrial(narrow, { integration, url: (tried) => `http://moves.example.org:${tried.port}/in` }, async (one) => {
        const inside = await startReceiver({ host: '127.0.0.9', port: one.tried.port });
        one.tried.answers({ status: 200, headers: { Connection: 'close' } });
        await one.send(1);
        assert.equal((await one.attempted(1))[0].state, 'delivered');
        names.names['moves.example.org'] = ['127.0.0.9'];
        const refused = await until('the new address is in use', async () => {
            await one.send(1);
            return (await one.attempted(1)).find((delivery) => delivery.state === 'pending');
        }, { every: 300 });
        await one.othersWentThrough();
        assert.equal(refused.attempts[0].response, null);
        assert.match(refused.attempts[0].error, /127\.0\.0\.9 is loopback.*--allow-egress/);
        names.names['moves.example.org'] = ['127.0.0.2', '127.0.0.1'];
        await sentAgainUntilItArrives(one, refused);
        assert.equal(inside.connections, 0, 'nobody ever called there');
        await inside.close();
    });
});

// A thousand deliveries over connections that end when they should be used again. `seen`: how often
// the receiver may have had the whole request, by the number of attempts.
async function keptConnectionsEnd(begin, seen) {
    await trial({}, async (one) => {
        begin(one.tried);
        await one.send(1000);
        await one.othersWentThrough();
        for (const { attempts } of await one.untilDelivered()) {
            assert.ok(attempts.length <= 2, 'the second attempt has a connection of its own');
            assert.equal(attempts.at(-1).response.status, 200);
            for (const attempt of attempts.slice(0, -1)) {
                assert.equal(attempt.response, null);
                assert.match(attempt.error, /closed a kept connection just as it was used again; the delivery is sent again at once/);
            }
        }
        await one.balance(({ attempts }) => seen(attempts.length));
    });
}

scenario('a target that closes at every answer, a thousand times', () => keptConnectionsEnd((tried) => tried.answers({ status: 200, closeAfter: true }), (attempts) => [1, attempts]));

scenario('a target that says that it closes, and does', () => keptConnectionsEnd((tried) => tried.answers({ status: 200, headers: { Connection: 'close' }, closeAfter: true }), () => 1));

for (const end of ['close', 'reset']) {
    scenario(`a kept connection that ends by a ${end} at the first byte of its next request, a thousand deliveries`, () => keptConnectionsEnd((tried) => {
        tried.interrupt = ({ answered }) => answered > 0 && end;
    }, () => 1));
}

scenario('a kept connection that ends when its next request is whole, a thousand deliveries', () => keptConnectionsEnd((tried) => {
    const used = new Set();
    tried.script = ({ connection }) => {
        if (used.has(connection)) return { reset: 'before' };
        used.add(connection);
        return 200;
    };
}, (attempts) => attempts));

scenario('after all of it the ledger agrees with the rows', async () => {
    checkEquations(await ledgerOf(hub.client()));
    await hub.checkLedger();
});
