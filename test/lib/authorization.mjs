// A real authorization server (oidc-provider) on a loopback port, that can go away and come back.
import http from 'node:http';
import Provider from 'oidc-provider';

// Without what it has to say of defaults that are not meant for production.
function quietly(make) {
    const { info, warn } = console;
    console.info = console.warn = () => {};
    try {
        return make();
    } finally {
        Object.assign(console, { info, warn });
    }
}

export class AuthorizationServer {
    // `clients`: {id: {secret, method: 'client_secret_basic' | 'client_secret_post'}}. They may have
    // the scope orders, and not the scope everything.
    constructor({ clients, life = 1000 }) {
        this.fetches = 0;
        this.provider = quietly(() => new Provider('http://127.0.0.1', {
            clients: Object.entries(clients).map(([id, { secret, method }]) => ({ client_id: id, client_secret: secret, token_endpoint_auth_method: method, grant_types: ['client_credentials'], redirect_uris: [], response_types: [], scope: 'orders' })),
            scopes: ['orders', 'everything'],
            features: { clientCredentials: { enabled: true }, devInteractions: { enabled: false } },
            ttl: { ClientCredentials: life },
        }));
    }

    async listen(port = 0) {
        const answer = this.provider.callback();
        this.server = http.createServer((request, response) => {
            this.fetches++;
            answer(request, response);
        });
        await new Promise((done, fail) => this.server.once('error', fail).listen(port, '127.0.0.1', done));
        this.server.unref();
        this.port = this.server.address().port;
        return this;
    }

    get tokenUrl() {
        return `http://127.0.0.1:${this.port}/token`;
    }

    // What a token says, or undefined for one that is not of this server.
    async find(authorization = '') {
        const [, token] = /^Bearer (\S+)$/.exec(authorization) ?? [];
        return token && (await this.provider.ClientCredentials.find(token));
    }

    async close() {
        this.server.closeAllConnections();
        await new Promise((done) => this.server.close(done));
    }

    up() {
        return this.listen(this.port);
    }
}
