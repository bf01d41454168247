// The account's time zone: how it is chosen, and what local times in postbacks mean by it.
import assert from 'node:assert/strict';

import { makeCampaign, makePlugin } from '../lib/fixtures.mjs';
import { expect, expectProblem } from '../lib/http.mjs';
import { scenario, startHub } from '../lib/hub.mjs';

const SECRET = 'hush-hush-Konnektive-7';
const HEADERS = { 'X-Webhook-Secret': SECRET };

const ORGANIZATION = '/api/v1/organization';

scenario('The account has a time zone: New York at first, any that there is by its name, kept over a restart', async () => {
    const hub = await startHub();
    const api = hub.client();
    const zone = async () => expect(await api.get(ORGANIZATION), 200).json.timeZone;
    assert.equal(await zone(), 'America/New_York');
    for (const wrong of ['Europe/Atlantis', 'europe', '../etc/passwd', 'America', 'UTC/', '', 'x'.repeat(65), null, 5]) {
        const problem = expectProblem(await api.patch(ORGANIZATION, { timeZone: wrong }), 422, 'invalid').json;
        assert.deepEqual(problem.errors.map((one) => one.pointer), ['/timeZone'], `${wrong}`);
    }
    assert.equal(await zone(), 'America/New_York');
    assert.equal(expect(await api.patch(ORGANIZATION, { timeZone: 'Asia/Kolkata' }), 200).json.timeZone, 'Asia/Kolkata');
    expect(await api.patch(ORGANIZATION, { name: 'Acme' }), 200);
    assert.equal(await zone(), 'Asia/Kolkata', 'what is not given stays');
    const audit = expect(await api.get('/api/v1/audit'), 200).json.data.find((entry) => entry.detail.timeZone !== undefined);
    assert.deepEqual([audit.action, audit.detail.timeZone], ['organization.update', 'Asia/Kolkata']);
    await hub.restart();
    assert.equal(await zone(), 'Asia/Kolkata');
    expect(await api.patch(ORGANIZATION, { timeZone: 'UTC' }), 200);
    assert.equal(await zone(), 'UTC');
});

scenario('A postback\'s time without an offset is the account\'s: it says which of two is the newer one', async () => {
    const hub = await startHub({ clock: true });
    const api = hub.client();
    const plugin = expect(await makePlugin(api, (await makeCampaign(api)).id, { secret: SECRET }), 201).json;
    const now = Date.parse(expect(await hub.anonymous.get('/test/clock'), 200).json.now);
    const utc = (ago) => new Date(now - ago * 3600000).toISOString();
    const local = (ago) => utc(ago).slice(0, 19).replace('T', ' '); // what UTC's clocks show
    const send = async (orderId, firstName, more) => expect(await hub.anonymous.post(`/api/v1/plugins/webhooks/konnektive/${hub.owners[0].organizationId}/${plugin.id}`, { orderId, firstName, customerType: 'SALE', ...more }, { headers: HEADERS }), 200);
    const nameAfter = async (orderId) => {
        await send(orderId, 'Local', { dateUpdated: local(20) });
        await send(orderId, 'Exact', { dateUpdatedIso: utc(18) });
        return (await api.all('/api/v1/orders')).find((order) => order.senderOrderId === orderId).customer.firstName;
    };
    assert.equal(await nameAfter('1'), 'Local', 'what New York shows as 20 h ago in UTC is 15 or 16 h ago');
    expect(await api.patch(ORGANIZATION, { timeZone: 'UTC' }), 200);
    assert.equal(await nameAfter('2'), 'Exact', 'in UTC it is 20 h ago');
    expect(await api.patch(ORGANIZATION, { timeZone: 'Asia/Kolkata' }), 200);
    assert.equal(await nameAfter('3'), 'Exact', 'and 25.5 h ago in Kolkata');
});
