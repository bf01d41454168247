// Integrations: what custom events are grouped by.
import assert from 'node:assert/strict';
import { before } from 'node:test';

import { expect, expectProblem } from '../lib/http.mjs';
import { makeEvent, makeIntegration } from '../lib/fixtures.mjs';
import { scenario, startHub } from '../lib/hub.mjs';

let hub;
let api;

before(async () => {
    hub = await startHub();
    api = hub.client();
});

scenario('S2.22 an integration is created, listed and read', async () => {
    const made = await makeIntegration(api, 'ERP');
    assert.match(made.id, /^int_/);
    assert.equal(made.name, 'ERP');
    assert.ok((await api.all('/api/v1/integrations')).some((row) => row.id === made.id));
    assert.equal(expect(await api.get(`/api/v1/integrations/${made.id}`), 200).json.name, 'ERP');
});

scenario('S2.23 the name is required, and has to be a text', async () => {
    for (const body of [{}, { name: '' }, { name: '   ' }, { name: null }, { name: 5 }, { name: ['x'] }, { color: '#ff0000' }]) {
        const answer = expectProblem(await api.post('/api/v1/integrations', body), 422, 'invalid');
        assert.ok(answer.json.errors.some((error) => error.field === 'name' && error.pointer === '/name'), `${JSON.stringify(body)}: ${answer.text}`);
    }
    expectProblem(await api.post('/api/v1/integrations', '[]'), 422);
    expectProblem(await api.post('/api/v1/integrations', '{"name":'), 400, 'malformed');
    expectProblem(await api.post('/api/v1/integrations', { name: 'x', colour: 'red' }), 422, 'invalid');
});

scenario('S2.24 color, description and category are kept, edited, and filter', async () => {
    const made = expect(await api.post('/api/v1/integrations', { name: 'A', color: '#1a2b3c', description: 'Über alles', category: 'erp' }), 201).json;
    assert.deepEqual([made.color, made.description, made.category], ['#1a2b3c', 'Über alles', 'erp']);
    await makeIntegration(api, 'B');
    const found = await api.all('/api/v1/integrations?category=erp');
    assert.deepEqual(found.map((row) => row.id), [made.id]);
    const changed = expect(await api.patch(`/api/v1/integrations/${made.id}`, { description: 'else', category: 'shop' }), 200).json;
    assert.deepEqual([changed.name, changed.color, changed.description, changed.category], ['A', '#1a2b3c', 'else', 'shop']);
    assert.equal((await api.all('/api/v1/integrations?category=erp')).length, 0);
    expectProblem(await api.patch(`/api/v1/integrations/${made.id}`, { color: 'no colour' }), 422, 'invalid');
});

scenario('S2.25 an update persists over a restart', async () => {
    const made = await makeIntegration(api, 'Before');
    expect(await api.patch(`/api/v1/integrations/${made.id}`, { name: 'After' }), 200);
    await hub.restart();
    assert.equal(expect(await api.get(`/api/v1/integrations/${made.id}`), 200).json.name, 'After');
});

scenario('integrations are deleted only when nothing is left in them, or with what is in them', async () => {
    const made = await makeIntegration(api, 'Gone');
    expect(await api.delete(`/api/v1/integrations/${made.id}`), 204);
    expectProblem(await api.get(`/api/v1/integrations/${made.id}`), 404, 'not_found');
    expectProblem(await api.delete(`/api/v1/integrations/${made.id}`), 404, 'not_found');
    const full = await makeIntegration(api, 'Full');
    await makeEvent(api, { integration: full.id, alias: 'still-there' });
    const refused = await api.delete(`/api/v1/integrations/${full.id}`);
    expectProblem(refused, 409, 'conflict');
});

scenario('lists: newest first, pages by cursor, a wrong limit or cursor is refused', async () => {
    const ids = [];
    for (let i = 0; i < 5; i++) ids.push((await makeIntegration(api, `page ${i}`)).id);
    const first = expect(await api.get('/api/v1/integrations?limit=2'), 200).json;
    assert.equal(first.data.length, 2);
    assert.deepEqual(first.data.map((row) => row.id), [ids[4], ids[3]]);
    assert.equal(typeof first.next, 'string');
    const second = expect(await api.get(`/api/v1/integrations?limit=2&cursor=${encodeURIComponent(first.next)}`), 200).json;
    assert.deepEqual(second.data.map((row) => row.id), [ids[2], ids[1]]);
    const all = await api.all('/api/v1/integrations', { limit: 3 });
    assert.equal(new Set(all.map((row) => row.id)).size, all.length, 'no row twice');
    assert.equal(expect(await api.get('/api/v1/integrations?limit=200'), 200).json.next, null);
    for (const query of ['limit=0', 'limit=-1', 'limit=x', 'limit=201', 'limit=', 'cursor=!!!', 'cursor=zzzz'])
        expectProblem(await api.get(`/api/v1/integrations?${query}`), 422);
});

scenario('ids that are none are 404, not an error of the hub', async () => {
    for (const id of ['x', 'int_', 'int_0000000000000', 'evt_0000000000001', '%00', '%ff', '1', 'int_zzzzzzzzzzzzz', 'int_' + 'u'.repeat(400)])
        expectProblem(await api.get(`/api/v1/integrations/${id}`), id.includes('%') ? 400 : 404);
});
