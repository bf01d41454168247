// Customers, and what their history tells: each occurrence, and what became of each export.
import assert from 'node:assert/strict';
import { after } from 'node:test';

import { startFileServer } from '../lib/ftp.mjs';
import { makeCampaign, makeProfile, makeRoute } from '../lib/fixtures.mjs';
import { expect, expectProblem } from '../lib/http.mjs';
import { scenario, startHub } from '../lib/hub.mjs';
import { startReceiver } from '../lib/receiver.mjs';
import { until } from '../lib/wait.mjs';

const MASKED = '(masked)';

async function setUp(options) {
    const hub = await startHub({ clock: true, ...options });
    const api = hub.client();
    const receiver = await startReceiver();
    after(() => receiver.close());
    const campaign = await makeCampaign(api, 'Lander');
    const order = async (changes = {}) => expect(await api.post('/api/v1/orders', { campaignId: campaign.id, state: 'complete', customer: { firstName: 'Ann', emailAddress: 'Ann@Example.org' }, lines: [{ sku: 'A', price: '10.00' }], ...changes }), 201).json;
    const history = (id, query) => api.all(`/api/v1/customers/${id}/history`, query);
    return { hub, api, receiver, campaign, order, history };
}

scenario('customers: one for each e-mail address, newest first, with what their newest order says', async () => {
    const { hub, api, order } = await setUp({ organizations: 2 });
    const first = await order();
    const same = await order({ customer: { firstName: 'Anna', lastName: 'Lee', emailAddress: 'ann@example.ORG', phoneNumber: '555' } });
    const nameless = await order({ customer: {} });
    assert.equal(same.customerId, first.customerId);
    const rows = await api.all('/api/v1/customers');
    assert.deepEqual(rows.map((row) => row.id), [nameless.customerId, first.customerId]);
    assert.deepEqual([rows[1].email, rows[1].firstName, rows[1].lastName, rows[1].phoneNumber, rows[1].newestOrderId, rows[1].number], ['ann@example.org', 'Anna', 'Lee', '555', same.id, 1]);
    assert.deepEqual([rows[0].email, rows[0].firstName, rows[0].contactId], [null, null, null]);
    assert.deepEqual(await api.all('/api/v1/customers', { limit: 1 }), rows);
    assert.deepEqual(expect(await api.get(`/api/v1/customers/${first.customerId}`), 200).json, rows[1]);
    assert.deepEqual((await api.all('/api/v1/customers?email=ANN@example.org')).map((row) => row.id), [first.customerId]);
    for (const email of ['an', 'nobody@example.org']) assert.deepEqual(expect(await api.get(`/api/v1/customers?email=${email}`), 200).json.data, []);
    const theirs = hub.client(hub.owners[1]);
    assert.deepEqual(await theirs.all('/api/v1/customers'), []);
    for (const path of ['', '/history']) expectProblem(await theirs.get(`/api/v1/customers/${first.customerId}${path}`), 404, 'not_found');
});

scenario('S1.70 S1.71 a message for each export leads to the exact request; beside it what happened to the orders', async () => {
    const { api, receiver, order, history } = await setUp();
    const profile = await makeProfile(api, `${receiver.url}/in.php`, { name: 'Call centre', mappings: [{ exportName: 'first_name', field: 'firstName' }, { exportName: 'header:X-Api-Key', static: 'hush-hush' }, { exportName: 'header:Content-Type', static: 'application/json' }] });
    await makeRoute(api, profile.id, 'new_sale');
    await makeRoute(api, profile.id, 'all_refunds');
    const made = await order();
    expect(await api.post(`/api/v1/orders/${made.id}/changes`, { type: 'refund', amount: '4.00' }), 201);
    const other = await order({ customer: { firstName: 'Bob', emailAddress: 'bob@example.org' } });
    const told = await until('both are delivered', async () => {
        const rows = await history(made.customerId);
        return rows.filter((row) => row.state === 'delivered').length === 2 && rows;
    });
    assert.deepEqual(told.map((row) => [row.kind, row.message, row.orderId]), [
        ['event', 'Partial refunds', made.id],
        ['export', 'Export profile “Call centre” (All refunds): delivered', made.id],
        ['event', 'All refunds', made.id],
        ['export', 'Export profile “Call centre” (New Sale): delivered', made.id],
        ['event', 'New Sale', made.id],
    ]);
    assert.deepEqual(await history(made.customerId, { limit: 2 }), told);
    const detail = expect(await api.get(told[3].href), 200).json;
    assert.deepEqual([detail.id, detail.exportProfileId, detail.webhookId, detail.orderId, detail.customerType, detail.file], [told[3].deliveryId, profile.id, null, made.id, 'new_sale', null]);
    const [{ request }] = detail.attempts;
    const [sent] = receiver.requests;
    assert.deepEqual([request.method, request.url, request.body], ['POST', `${receiver.url}/in.php`, sent.body.toString()]);
    assert.equal(request.body, '{"first_name":"Ann"}');
    assert.equal(sent.headers['x-api-key'], 'hush-hush');
    assert.deepEqual([request.headers['X-Api-Key'], request.headers['Content-Type']], [MASKED, 'application/json']);
    assert.equal(expect(await api.get(told[4].href), 200).json.type, 'order.new_sale');
    assert.deepEqual((await history(other.customerId)).map((row) => row.orderId), [other.id, other.id]);
});

scenario('S1.70 S1.71 of a row of a file a message leads to what was written for that customer', async (t) => {
    const { hub, api, order, history } = await setUp();
    const files = await startFileServer('sftp');
    t.after(() => files.close());
    const mappings = [{ exportName: 'Name, first', field: 'firstName' }, { exportName: 'order', field: 'clientOrderId' }, { exportName: 'order status', field: 'orderStatus' }];
    const profiles = {};
    for (const [name, more] of Object.entries({ Day: { type: 'csv' }, Upload: { type: 'ftp', protocol: 'sftp', host: '127.0.0.1', port: files.port, user: files.user, password: files.password, hostKey: files.hostKeys.ed25519 } })) {
        profiles[name] = expect(await api.post('/api/v1/export-profiles', { name, mappings, ...more }), 201).json;
        await makeRoute(api, profiles[name].id);
    }
    const first = await order({ clientOrderId: 'C-1' });
    const second = await order({ clientOrderId: 'C-2', customer: { firstName: 'Bob "B"', emailAddress: 'bob@example.org' } });
    const rows = { [first.customerId]: 'Ann,C-1,COMPLETE\r\n', [second.customerId]: '"Bob ""B""",C-2,COMPLETE\r\n' };
    const check = async (state, carrier) => {
        for (const [customer, row] of Object.entries(rows)) for (const [name, { id }] of Object.entries(profiles)) {
            const message = (await history(customer)).find((one) => one.message.includes(`“${name}”`));
            const { file, ...detail } = expect(await api.get(message.href), 200).json;
            assert.deepEqual([detail.exportProfileId, detail.state], [id, name === 'Day' ? 'delivered' : state]);
            const [listed] = await api.all(`/api/v1/export-profiles/${id}/files`);
            assert.deepEqual(file, { name: listed.name, href: listed.href, header: '"Name, first",order,order status\r\n', row, deliveryId: name === 'Day' ? null : carrier });
            assert.ok(expect(await api.get(file.href), 200).text.includes(file.row));
        }
    };
    await check('pending', null);
    await order({ clientOrderId: 'C-2', state: 'complete', customer: { firstName: 'Robert', emailAddress: 'bob@example.org' } });
    await hub.advance(25 * 3600000);
    const uploads = () => api.all(`/api/v1/export-profiles/${profiles.Upload.id}/deliveries`);
    await until('it is uploaded', async () => (await uploads()).every((one) => one.state === 'delivered'));
    await check('delivered', (await uploads()).find((one) => one.attemptCount === 1).id);
});

scenario('a message of a failed upload has no status of HTTP', async (t) => {
    const { hub, api, order, history } = await setUp();
    const files = await startFileServer('ftps');
    t.after(() => files.close());
    const { id } = expect(await api.post('/api/v1/export-profiles', { name: 'Upload', type: 'ftp', protocol: 'ftps', host: '127.0.0.1', port: files.port, user: files.user, password: files.password, mappings: { a: '[firstName]' } }), 201).json;
    await makeRoute(api, id);
    const { customerId } = await order();
    await hub.advance(25 * 3600000);
    await until('it has failed', async () => (await api.all(`/api/v1/export-profiles/${id}/deliveries`))[0].attemptCount === 1);
    const [{ message, href }] = (await history(customerId)).filter((row) => row.kind === 'export');
    assert.match(message, /: attempt 1 failed, the next is due at 20/);
    assert.match(expect(await api.get(href), 200).json.attempts[0].error, /certificate/);
});

scenario('a message says what has become of its export: waiting, failed, delivered, dropped', async () => {
    const { hub, api, receiver, order, history } = await setUp();
    receiver.script = () => 500;
    const failing = await makeProfile(api, receiver.url, { name: 'Failing', retry: { delaysSeconds: [60], retries: 1, jitterPercent: 0 } });
    const later = await makeProfile(api, receiver.url, { name: 'Later', delayMinutes: 60 });
    for (const { id } of [failing, later]) await makeRoute(api, id);
    const made = await order();
    const messages = async () => Object.fromEntries((await history(made.customerId)).filter((row) => row.kind === 'export').map((row) => [row.message.match(/“(.*)”/)[1], row.message.split('): ')[1]]));
    const first = await until('it has failed', async () => {
        const now = await messages();
        return /^attempt 1 failed \(HTTP 500\), the next is due at 20/.test(now.Failing) && now;
    });
    assert.match(first.Later, /^waiting, due at 20/);
    await hub.advance(60000);
    await until('it is dead', async () => /^given up behind 2 attempts: /.test((await messages()).Failing));
    expect(await api.delete(`/api/v1/export-profiles/${later.id}`), 204);
    await until('it is dropped', async () => /^not sent: /.test((await messages()).Later));
    receiver.script = () => 200;
    const dead = (await history(made.customerId)).find((row) => row.state === 'dead');
    expect(await api.post(`${dead.href}/resend`), 202);
    await until('it is delivered', async () => (await messages()).Failing === 'delivered');
    const test = await order({ testCard: true, customer: { firstName: 'Tess', emailAddress: 't@example.org' } });
    assert.ok((await history(test.customerId)).some((row) => row.state === 'dropped' && /not sent: skipped: test card$/.test(row.message)));
});

scenario('what stands behind a dead export is listed by its order, and is recovered', async () => {
    const { api, hub, receiver, order } = await setUp();
    receiver.script = () => 500;
    const profile = await makeProfile(api, receiver.url, { retry: { delaysSeconds: [1], retries: 1, jitterPercent: 0 } });
    for (const type of ['new_sale', 'all_refunds']) await makeRoute(api, profile.id, type);
    const path = `/api/v1/export-profiles/${profile.id}`;
    const made = await order();
    await until('it is dead', async () => {
        await hub.advance(1000);
        return (await api.all(`${path}/deliveries`)).some((row) => row.state === 'dead');
    });
    const [dead] = await api.all(`${path}/deliveries?state=dead`);
    assert.deepEqual([dead.exportProfileId, dead.webhookId], [profile.id, null]);
    assert.deepEqual((await api.all(`${path}/paused-subjects`)).map(({ orderId, contactId, deliveryId }) => ({ orderId, contactId, deliveryId })), [{ orderId: made.id, contactId: null, deliveryId: dead.id }]);
    expect(await api.post(`/api/v1/orders/${made.id}/changes`, { type: 'refund' }), 201);
    const [behind] = await api.all(`${path}/deliveries?state=pending`);
    assert.match(behind.reason, /about the same order.*GET \/api\/v1\/export-profiles\/\{id\}\/paused-subjects/);
    receiver.script = () => 200;
    const recovery = expect(await api.post(`${path}/recover`, { deliveryIds: [dead.id] }), 202).json;
    assert.deepEqual([recovery.exportProfileId, recovery.webhookId], [profile.id, null]);
    await until('both are delivered', async () => {
        await hub.advance(1000);
        return (await api.all(`${path}/deliveries?state=delivered`)).length === 2;
    });
    assert.equal(expect(await api.get(`/api/v1/recoveries/${recovery.id}`), 200).json.exportProfileId, profile.id);
    assert.deepEqual((await api.all(`${path}/recoveries`)).map((row) => row.id), [recovery.id]);
    assert.deepEqual((await api.all(`${path}/paused-subjects`)), []);
    await hub.checkLedger();
});

scenario('what an export waits for is told in one way: by its delivery, by the history, and by explain', async () => {
    const { api, hub, receiver, order, history } = await setUp();
    receiver.script = () => 500;
    const profile = await makeProfile(api, receiver.url, { name: 'One', retry: { delaysSeconds: [1], retries: 1, jitterPercent: 0 } });
    const paused = await makeProfile(api, receiver.url, { name: 'Two' });
    for (const type of ['new_sale', 'all_refunds']) await makeRoute(api, profile.id, type);
    await makeRoute(api, paused.id);
    expect(await api.patch(`/api/v1/export-profiles/${paused.id}`, { status: 'paused' }), 200);
    const made = await order();
    const listed = (state) => api.all(`/api/v1/export-profiles/${profile.id}/deliveries?state=${state}`);
    const [dead] = await until('it is dead', async () => {
        await hub.advance(1000);
        const rows = await listed('dead');
        return rows.length === 1 && rows;
    });
    expect(await api.post(`/api/v1/orders/${made.id}/changes`, { type: 'refund' }), 201);
    await hub.advance(3600000);
    const [behind] = await listed('pending');
    const messages = async () => (await history(made.customerId)).filter((row) => row.state === 'pending').map((row) => row.message);
    assert.match(behind.reason, /about the same order/);
    assert.deepEqual(await messages(), [`Export profile “One” (All refunds): waiting: ${behind.reason}`, 'Export profile “Two” (New Sale): waiting: The export profile is paused.']);
    const told = async () => expect(await api.post(`/api/v1/export-profiles/${profile.id}/explain`, { orderId: made.id }), 200).json;
    const { wouldSend, reasons: [reason, ...others] } = await told();
    assert.deepEqual([wouldSend, reason.code, others], [false, 'paused_subject', []]);
    assert.ok(reason.message.includes(dead.id));
    const another = await order();
    assert.deepEqual(expect(await api.post(`/api/v1/export-profiles/${profile.id}/explain`, { orderId: another.id }), 200).json.reasons.filter(({ code }) => code === 'paused_subject'), []);
    receiver.script = () => 200;
    expect(await api.post(`/api/v1/deliveries/${dead.id}/pass-over`), 200);
    assert.deepEqual([(await told()).wouldSend, (await told()).reasons.map(({ code }) => code)], [true, []]);
});

scenario('sending an export again sends the same; rendered anew, the order and the field map as they are now', async () => {
    const { api, receiver, order } = await setUp();
    const profile = await makeProfile(api, receiver.url, { mappings: { name: '[firstName]' } });
    await makeRoute(api, profile.id);
    const made = await order({ clientOrderId: 'C-1' });
    const path = `/api/v1/export-profiles/${profile.id}`;
    const [first] = await until('it is delivered', async () => {
        const rows = await api.all(`${path}/deliveries?state=delivered`);
        return rows.length === 1 && rows;
    });
    expect(await api.patch(path, { mappings: { first: '[firstName]', last: '[lastName]' } }), 200);
    await order({ clientOrderId: 'C-1', customer: { firstName: 'Anna', lastName: 'Lee', emailAddress: 'Ann@Example.org' } });
    const again = expect(await api.post(`/api/v1/deliveries/${first.id}/resend`), 202).json;
    assert.deepEqual([again.id, again.exportProfileId, again.webhookId], [first.id, profile.id, null]);
    await receiver.waitFor(2);
    await until('that is over', async () => expect(await api.get(`/api/v1/deliveries/${first.id}`), 200).json.state === 'delivered');
    const anew = expect(await api.post(`/api/v1/deliveries/${first.id}/resend`, { render: true }), 202).json;
    assert.deepEqual([anew.renderedFrom, anew.exportProfileId], [first.id, profile.id]);
    await receiver.waitFor(3);
    assert.deepEqual(receiver.requests.map((sent) => sent.path), ['/?name=Ann', '/?name=Ann', '/?first=Anna&last=Lee']);
    await until('it is delivered', async () => expect(await api.get(`/api/v1/deliveries/${anew.id}`), 200).json.state === 'delivered');
    assert.equal(expect(await api.get(`/api/v1/deliveries/${anew.id}`), 200).json.orderId, made.id);
});
