// Seed 1, what goes into files, row by row.
import assert from 'node:assert/strict';

import { checkEquations } from '../lib/books.mjs';
import { ledgerOf, makeRoute } from '../lib/fixtures.mjs';
import { slow, startFileServer } from '../lib/ftp.mjs';
import { expect, expectProblem } from '../lib/http.mjs';
import { freePort, readText, scenario, sqliteOf } from '../lib/hub.mjs';
import { HOUR, MINUTE, PERSON, PROFILES, Shop, parametersOf } from '../lib/exports.mjs';
import { until } from '../lib/wait.mjs';

const COLUMNS = [{ exportName: 'order', field: 'orderId' }, { exportName: 'Name, whole', field: 'fullName' }, { exportName: 'list', static: '400' }];
const HEADER = 'order,"Name, whole",list\r\n';
const rowOf = (order) => `${order.orderId},Ann Lee,400\r\n`;

const filesOf = (shop, profile) => shop.api.all(`${PROFILES}/${profile.id}/files`);
const textOf = async (shop, file) => expect(await shop.api.get(file.href), 200).text;

const dayOf = (at) => new Intl.DateTimeFormat('sv-SE', { timeZone: 'America/New_York' }).format(new Date(at));

// The account's day, as the hub's clock has it.
async function today(shop) {
    return dayOf((await shop.hub.clockState()).now);
}

// Days have 23 or 25 hours, too.
async function untilMidnight(shop) {
    const { now } = await shop.hub.clockState();
    const minute = now - (now % MINUTE);
    let at = minute + HOUR;
    while (dayOf(at) === dayOf(now)) at += HOUR;
    while (dayOf(at - MINUTE) !== dayOf(now)) at -= MINUTE;
    return at - now;
}

// To a moment behind the account's next midnight, when the day before is closed.
async function nextDay(shop) {
    await shop.hub.advance((await untilMidnight(shop)) + 6 * MINUTE);
}

const server = (at, more = {}) => ({ type: 'ftp', protocol: at.kind, host: '127.0.0.1', port: at.port, user: at.user, password: at.password, hostKey: at.hostKeys.ed25519, ...more });

scenario('S1.1 Postback, CSV and FTP: each is made, and each delivers', async (t) => {
    const files = await startFileServer('sftp');
    t.after(() => files.close());
    const shop = await Shop.start();
    const postback = await shop.profile('new_sale', { mappings: COLUMNS });
    const csv = await shop.profile('new_sale', { type: 'csv', mappings: COLUMNS });
    const ftp = await shop.profile('new_sale', server(files, { mappings: COLUMNS }));
    const order = await shop.order();
    assert.deepEqual(parametersOf(await shop.only(postback)).map(([, value]) => value), [`${order.orderId}`, 'Ann Lee', '400']);
    const [kept] = await filesOf(shop, csv);
    assert.equal(await textOf(shop, kept), HEADER + rowOf(order));
    assert.equal((await shop.delivery(csv)).state, 'delivered');
    await shop.hub.settled();
    assert.deepEqual([files.list(), (await shop.delivery(ftp)).state], [[], 'pending'], 'its day is not over');
    await nextDay(shop);
    await until('it is uploaded', async () => (await shop.delivery(ftp)).state === 'delivered');
    const [sent] = await filesOf(shop, ftp);
    assert.deepEqual([files.list(), sent.state], [[sent.name], 'uploaded']);
    assert.equal(files.read(sent.name).toString(), HEADER + rowOf(order));
    await shop.hub.checkLedger();
});

scenario('S1.22 the columns are named by the export names', async () => {
    const shop = await Shop.start();
    const names = ['first name', 'a,b', 'say "x"', 'ö', '=1'];
    const profile = await shop.profile('new_sale', { type: 'csv', mappings: [...names.map((exportName) => ({ exportName, static: 'v' })), { exportName: 'header:X', static: 'no column' }] });
    await shop.order();
    const [file] = await filesOf(shop, profile);
    assert.equal(await textOf(shop, file), 'first name,"a,b","say ""x""",ö,=1\r\nv,v,v,v,v\r\n');
    const answer = expect(await shop.api.get(file.href), 200);
    assert.match(answer.headers['content-type'], /^text\/csv/);
    assert.ok(answer.headers['content-disposition'].includes(file.name));
});

scenario('S1.69 B15 a file a day for each route: header, all rows of that day, none lost or doubled', async () => {
    const shop = await Shop.start();
    const profile = await shop.profile([], { type: 'csv', mappings: COLUMNS, name: 'Call centre / ☎' });
    const all = await makeRoute(shop.api, profile.id, 'new_sale');
    const some = await makeRoute(shop.api, profile.id, 'new_sale', { productIds: [shop.club.id] });
    const lines = { [all.id]: {}, [some.id]: {} };
    for (let day = 0; day < 3; day++) {
        const name = await today(shop);
        const made = await Promise.all(Array.from({ length: 40 }, async (_, i) => [i % 4 === 0, await shop.order(i % 4 === 0 ? { lines: [{ productId: shop.club.id }] } : {})]));
        if (day === 1) await shop.hub.restart();
        lines[all.id][name] = made.map(([, order]) => rowOf(order));
        lines[some.id][name] = made.filter(([club]) => club).map(([, order]) => rowOf(order));
        await shop.order({ state: 'partial' });
        await shop.order({ testCard: true });
        await nextDay(shop);
    }
    const files = await filesOf(shop, profile);
    assert.equal(files.length, 6);
    for (const file of files) {
        assert.equal(new Set(files.map((one) => one.name)).size, 6);
        assert.match(file.name, /^[\w.-]+\.csv$/, 'safe anywhere');
        assert.ok(file.name.includes(file.day) && file.name.includes(file.routeId), file.name);
        const expected = lines[file.routeId][file.day];
        const [header, ...rows] = (await textOf(shop, file)).split(/(?<=\r\n)/);
        assert.equal(header, HEADER);
        assert.deepEqual(rows.sort(), expected.sort());
        assert.deepEqual([file.rows, file.state], [expected.length, 'closed']);
    }
    // They stay as they were.
    await shop.update(profile, { mappings: [{ exportName: 'other', static: 'x' }] });
    const texts = await Promise.all(files.map((file) => textOf(shop, file)));
    await shop.order();
    assert.deepEqual(await Promise.all(files.map((file) => textOf(shop, file))), texts);
    const open = (await filesOf(shop, profile)).find((file) => !files.some((one) => one.name === file.name));
    assert.equal(await textOf(shop, open), 'other\r\nx\r\n');
    checkEquations(await ledgerOf(shop.api));
    await shop.hub.checkLedger();
});

scenario('B15 the columns of a day are those of its first row', async () => {
    const shop = await Shop.start();
    const profile = await shop.profile('new_sale', { type: 'csv', mappings: COLUMNS });
    const first = await shop.order();
    await shop.update(profile, { mappings: [{ exportName: 'other', static: 'x' }] });
    const second = await shop.order();
    const [file] = await filesOf(shop, profile);
    assert.equal(await textOf(shop, file), HEADER + rowOf(first) + rowOf(second));
    await nextDay(shop);
    await shop.order();
    const [next] = await filesOf(shop, profile);
    assert.equal(await textOf(shop, next), 'other\r\nx\r\n');
});

scenario('cells that begin with = + - @ are kept as they are, and guarded where that is asked for', async () => {
    const shop = await Shop.start();
    const mappings = ['=1+1', '+1', '-1', '@x', 'x'].map((value, i) => ({ exportName: `n${i}`, static: value }));
    for (const [guardCells, row] of [[false, '=1+1,+1,-1,@x,x\r\n'], [true, "'=1+1,'+1,'-1,'@x,x\r\n"]]) {
        const profile = await shop.profile('new_sale', { type: 'csv', mappings, guardCells });
        await shop.order();
        const [file] = await filesOf(shop, profile);
        assert.equal(await textOf(shop, file), `n0,n1,n2,n3,n4\r\n${row}`);
    }
});

scenario('a row\'s day is that of the account\'s clocks and of its due time', async () => {
    const shop = await Shop.start();
    const profile = await shop.profile('new_sale', { type: 'csv', delayMinutes: 60, mappings: COLUMNS });
    await nextDay(shop);
    const day = await today(shop);
    await shop.hub.advance((await untilMidnight(shop)) - 30 * MINUTE); // due behind it
    assert.equal(await today(shop), day);
    await shop.order();
    await shop.hub.advance(HOUR);
    const [file] = await until('it is written', async () => {
        const files = await filesOf(shop, profile);
        return files.length > 0 && files;
    });
    assert.equal(file.day, await today(shop));
    assert.notEqual(file.day, day);
});

for (const killed of [false, true]) scenario(`rows that are due while nothing can be uploaded go into the file of the day they are due, as they are then${killed ? ', behind a kill' : ''}`, async (t) => {
    const files = await startFileServer('sftp');
    t.after(() => files.close());
    const shop = await Shop.start();
    const mappings = [{ exportName: 'order', field: 'orderId' }, { exportName: 'phone', field: 'phoneNumber' }];
    const profile = await shop.profile('new_sale', server(files, { mappings, delayMinutes: 60 }));
    await nextDay(shop);
    await shop.update(profile, { status: 'paused' });
    const day = await today(shop);
    const orders = [];
    for (let i = 0; i < 70; i++) orders.push(await shop.order({ clientOrderId: `late-${i}`, customer: { ...PERSON, phoneNumber: '1' } }));
    await shop.hub.advance(60 * MINUTE);
    const [open] = await until('they are in the file', async () => {
        const made = await filesOf(shop, profile);
        return made.length > 0 && made[0].rows === 70 && made;
    });
    assert.deepEqual([open.day, open.state], [day, 'open']);
    await shop.order({ clientOrderId: 'late-0', customer: { ...PERSON, phoneNumber: '2' } });
    await nextDay(shop);
    await shop.hub.advance(24 * HOUR);
    if (killed) {
        await shop.hub.kill();
        await shop.hub.start();
    }
    await shop.update(profile, { status: 'active' });
    await until('all are delivered', async () => (await shop.deliveries(profile)).every((row) => row.state === 'delivered'));
    const [file, ...others] = await filesOf(shop, profile);
    assert.deepEqual([others, file.day, files.list()], [[], day, [file.name]]);
    assert.deepEqual(files.read(file.name).toString().split('\r\n').sort(), ['order,phone', ...orders.map((order) => `${order.orderId},1`), ''].sort());
    assert.equal((await shop.deliveries(profile)).filter((row) => row.attemptCount > 0).length, 1);
    await shop.hub.settled();
    await shop.hub.checkLedger();
});

scenario('S1.72 B16 a file server that is away has the file when it is back, once, under its whole name', async (t) => {
    const files = await startFileServer('ftps');
    t.after(() => files.close());
    const shop = await Shop.start();
    const profile = await shop.profile('new_sale', server(files, { hostKey: undefined, certificateAuthorities: readText(files.ca), mappings: COLUMNS }));
    const orders = [await shop.order(), await shop.order({ customer: { ...PERSON, firstName: 'Ann' } })];
    await files.kill();
    await nextDay(shop);
    await until('it was tried', async () => (await shop.deliveries(profile)).some((row) => row.attemptCount > 0));
    await shop.hub.restart();
    await files.start();
    await until('it is uploaded', async () => {
        await shop.hub.advance(5 * MINUTE);
        return (await shop.deliveries(profile)).every((row) => row.state === 'delivered');
    });
    const [file] = await filesOf(shop, profile);
    assert.deepEqual(files.list(), [file.name]);
    assert.equal(files.read(file.name).toString(), HEADER + orders.map(rowOf).join(''));
    await shop.hub.checkLedger();
});

scenario('B16 of rows that are committed together one takes the file away, in one attempt', async (t) => {
    const files = await startFileServer('ftp');
    t.after(() => files.close());
    const shop = await Shop.start();
    const profile = await shop.profile('new_sale', server(files, { hostKey: undefined, mappings: COLUMNS }));
    const lines = [];
    for (let day = 0; day < 4; day++) {
        // The others keep the committer busy, so that the first sales wait for one and the same turn.
        const others = Array.from({ length: 30 }, () => shop.order({ state: 'partial' }));
        const orders = await Promise.all(Array.from({ length: 30 }, () => shop.order()));
        await Promise.all(others);
        lines.unshift(orders.map(rowOf).sort());
        await nextDay(shop);
        await until('all are delivered', async () => (await shop.deliveries(profile)).every((row) => row.state === 'delivered'));
        await shop.hub.settled();
    }
    const sent = await filesOf(shop, profile);
    const tried = (await shop.deliveries(profile)).filter((row) => row.attemptCount > 0);
    assert.deepEqual(tried.map((row) => [row.id, row.attemptCount]), sent.map((file) => [file.deliveryId, 1]));
    assert.deepEqual(files.list(), sent.map((file) => file.name).sort());
    for (const [i, file] of sent.entries()) {
        const [header, ...rows] = files.read(file.name).toString().split(/(?<=\r\n)/);
        assert.deepEqual([header, ...rows.sort()], [HEADER, ...lines[i]]);
    }
    await shop.hub.checkLedger();
});

scenario('B16 rows that are sent again by hand at the same time have their file go one time behind another', async (t) => {
    const files = await startFileServer('ftp');
    t.after(() => files.close());
    const shop = await Shop.start();
    const mappings = [...COLUMNS, { exportName: 'pad', static: 'p'.repeat(4000) }];
    const profile = await shop.profile('new_sale', server(files, { hostKey: undefined, mappings }));
    await Promise.all(Array.from({ length: 60 }, () => shop.order()));
    await nextDay(shop);
    await until('all are delivered', async () => (await shop.deliveries(profile)).every((row) => row.state === 'delivered'));
    const [name] = files.list();
    const bytes = files.read(name);
    await files.restart(slow(200));
    const rows = await shop.deliveries(profile);
    expect(await shop.api.post(`/api/v1/deliveries/${rows[0].id}/resend`), 202);
    await files.holds(`.${name}.part`, 30000);
    for (const row of rows.slice(1, 4)) expect(await shop.api.post(`/api/v1/deliveries/${row.id}/resend`), 202);
    const sizes = [];
    await until('the first is through', () => {
        const part = files.read(`.${name}.part`);
        if (part !== null) sizes.push(part.length);
        return part === null;
    }, { every: 5 });
    assert.deepEqual(sizes, sizes.toSorted((a, b) => a - b), 'nobody else wrote it');
    await files.restart();
    await until('all are delivered', async () => {
        await shop.hub.advance(6000);
        return (await shop.deliveries(profile)).every((row) => row.state === 'delivered');
    });
    assert.deepEqual([files.list(), files.read(name)], [[name], bytes]);
    // One that another takes along keeps the attempts it has had.
    await files.restart(slow(200));
    expect(await shop.api.post(`/api/v1/deliveries/${rows[9].id}/resend`), 202);
    await files.holds(`.${name}.part`, 30000);
    expect(await shop.api.post(`/api/v1/deliveries/${rows[0].id}/resend`), 202);
    await until('both are delivered', async () => (await shop.deliveries(profile)).every((row) => row.state === 'delivered'), { timeout: 20000 });
    await shop.hub.settled();
    const first = expect(await shop.api.get(`/api/v1/deliveries/${rows[0].id}`), 200).json;
    assert.ok(first.attempts.length >= 1 && first.attempts.length === first.attemptCount, JSON.stringify(first));
    await shop.hub.checkLedger();
});

scenario('files are seen by their organization alone', async () => {
    const shop = await Shop.start({ organizations: 2 });
    const profile = await shop.profile('new_sale', { type: 'csv', mappings: COLUMNS });
    await shop.order();
    const [file] = await filesOf(shop, profile);
    const theirs = shop.hub.client(shop.hub.owners[1]);
    for (const path of [`${PROFILES}/${profile.id}/files`, file.href]) expectProblem(await theirs.get(path), 404, 'not_found');
    expectProblem(await shop.api.get(`${PROFILES}/${profile.id}/files/none.csv`), 404, 'not_found');
});

scenario('what files were made of goes with the history: their rows first, then they', { timeout: 120000 }, async () => {
    const shop = await Shop.start({ args: ['--retention', '2d'] });
    const profile = await shop.profile('new_sale', { type: 'csv', mappings: COLUMNS });
    await shop.order();
    const [first] = await filesOf(shop, profile);
    await nextDay(shop);
    await shop.hub.advance(24 * HOUR);
    await shop.order();
    assert.equal((await filesOf(shop, profile)).length, 2);
    await shop.hub.advance(25 * HOUR);
    await until('the first day is gone', async () => (await filesOf(shop, profile)).length === 1, { timeout: 60000 });
    expectProblem(await shop.api.get(first.href), 404);
    const [kept] = await filesOf(shop, profile);
    assert.equal((await textOf(shop, kept)).split('\r\n').length, 3);
    await shop.hub.advance(72 * HOUR);
    await until('nothing is left', async () => (await filesOf(shop, profile)).length === 0, { timeout: 60000 });
    assert.equal(sqliteOf(shop.hub, 'SELECT COUNT(*) FROM exports').trim(), '0');
});

scenario('rows of a file that is to be uploaded say that they go with it', async (t) => {
    const files = await startFileServer('sftp');
    t.after(() => files.close());
    const shop = await Shop.start();
    const profile = await shop.profile('new_sale', server(files, { mappings: COLUMNS }));
    await shop.order();
    await shop.order();
    const [second, first] = await shop.api.all(`${PROFILES}/${profile.id}/deliveries`);
    const [file] = await filesOf(shop, profile);
    assert.deepEqual([first.nextAttemptAt, second.nextAttemptAt], [file.closesAt, null]);
    assert.match(second.reason, /with its file/);
    // Neither goes by itself; made anew, one is a row more of that file, which the first takes along.
    for (const row of [first, second]) assert.match(expectProblem(await shop.api.post(`/api/v1/deliveries/${row.id}/resend`), 409, 'conflict').json.detail, /has closed, at /);
    for (const row of [first, second]) expect(await shop.api.post(`/api/v1/deliveries/${row.id}/resend`, { render: true }), 202);
    await until('they are in the file', async () => (await filesOf(shop, profile))[0].rows === 4);
    await shop.hub.settled();
    const due = async () => (await shop.deliveries(profile)).map((row) => row.nextAttemptAt);
    assert.deepEqual(await due(), [null, null, null, file.closesAt]);
    await shop.hub.restart();
    assert.deepEqual(await due(), [null, null, null, file.closesAt]);
    await nextDay(shop);
    await until('all are delivered', async () => (await shop.deliveries(profile)).every((row) => row.state === 'delivered'));
    assert.equal(files.read(file.name).toString().split('\r\n').length, 6);
    assert.deepEqual((await shop.deliveries(profile)).map((row) => row.attemptCount), [0, 0, 0, 1]);
});

scenario('a row that comes when its file has closed by another time zone goes into the next', async (t) => {
    const files = await startFileServer('sftp');
    t.after(() => files.close());
    const shop = await Shop.start();
    const profile = await shop.profile('new_sale', server(files, { mappings: COLUMNS }));
    const first = await shop.order();
    await nextDay(shop);
    await until('it is uploaded', async () => (await shop.delivery(profile)).state === 'delivered');
    expect(await shop.api.patch('/api/v1/organization', { timeZone: 'America/Los_Angeles' }), 200);
    const second = await shop.order();
    const made = await filesOf(shop, profile);
    assert.deepEqual(made.map((file) => [file.rows, file.state]), [[1, 'open'], [1, 'uploaded']]);
    await shop.hub.advance(48 * HOUR);
    await until('the second is there', async () => files.list().length === 2);
    assert.deepEqual(files.list().map((name) => files.read(name).toString()).sort(), [HEADER + rowOf(first), HEADER + rowOf(second)].sort());
});

scenario('sent again, a file goes once for all its rows; a row of a csv profile lies here already', async (t) => {
    const files = await startFileServer('sftp');
    t.after(() => files.close());
    const shop = await Shop.start();
    const ftp = await shop.profile('new_sale', server(files, { mappings: COLUMNS }));
    const csv = await shop.profile('new_sale', { type: 'csv', mappings: COLUMNS });
    const orders = [await shop.order(), await shop.order(), await shop.order()];
    await nextDay(shop);
    const states = async (profile) => (await shop.api.all(`${PROFILES}/${profile.id}/deliveries`)).map((delivery) => delivery.state).join(' ');
    await until('all are delivered', async () => (await states(ftp)) === 'delivered delivered delivered');
    const [name] = files.list();
    const bytes = HEADER + orders.map(rowOf).join('');
    assert.equal(files.read(name).toString(), bytes);
    const attempts = async () => (await Promise.all((await shop.api.all(`${PROFILES}/${ftp.id}/deliveries`)).map(async ({ id }) => expect(await shop.api.get(`/api/v1/deliveries/${id}`), 200).json.attemptCount))).reduce((sum, count) => sum + count, 0);
    assert.equal(await attempts(), 1);
    await shop.hub.advance(HOUR);
    expect(await shop.api.post(`${PROFILES}/${ftp.id}/recover`, { states: ['delivered'], since: '2020-01-01T00:00:00Z' }), 202);
    await until('it went once more', async () => (await attempts()) === 2 && (await states(ftp)) === 'delivered delivered delivered');
    assert.deepEqual([files.list(), files.read(name).toString()], [[name], bytes]);
    const [row] = await shop.api.all(`${PROFILES}/${csv.id}/deliveries`);
    expect(await shop.api.post(`/api/v1/deliveries/${row.id}/resend`), 202);
    await until('it is delivered', async () => (await states(csv)) === 'delivered delivered delivered');
    expectProblem(await shop.api.patch(`${PROFILES}/${ftp.id}`, { retry: { delaysSeconds: [1], retries: 1 } }), 422);
    await shop.hub.settled();
    await shop.hub.checkLedger();
});

scenario('a file for a server that is down: no request went out, and none has a method', async () => {
    const shop = await Shop.start();
    const nobody = { kind: 'ftp', port: await freePort(), user: 'u', password: 'p', hostKeys: {} };
    const profile = await shop.profile('new_sale', server(nobody, { mappings: COLUMNS }));
    await shop.order();
    await nextDay(shop);
    const shown = await until('an attempt', async () => {
        const [row] = await shop.deliveries(profile);
        return row.attemptCount > 0 && expect(await shop.api.get(`/api/v1/deliveries/${row.id}`), 200).json;
    });
    const [{ error, request }] = shown.attempts;
    assert.match(error, /refused the connection/);
    assert.equal(request.method, null);
});

scenario('what was in the file of a profile that is deleted before its upload says so', async () => {
    const shop = await Shop.start();
    const nobody = { kind: 'ftp', port: await freePort(), user: 'u', password: 'p', hostKeys: {} };
    const [ftp, csv] = [await shop.profile('new_sale', server(nobody, { mappings: COLUMNS })), await shop.profile('new_sale', { type: 'csv', mappings: COLUMNS })];
    await shop.order();
    await shop.hub.settled();
    const states = async () => [(await filesOf(shop, ftp))[0].state, (await filesOf(shop, csv))[0].state];
    assert.deepEqual(await states(), ['open', 'open']);
    for (const { id } of [ftp, csv]) expect(await shop.api.delete(`${PROFILES}/${id}`), 204);
    assert.deepEqual(await states(), ['abandoned', 'open']);
    await nextDay(shop);
    assert.deepEqual(await states(), ['abandoned', 'closed']);
});

scenario('a row of a file that has lost others to retention is not sent again: by hand, and in bulk', { timeout: 120000 }, async (t) => {
    const files = await startFileServer('ftp');
    t.after(() => files.close());
    const shop = await Shop.start({ args: ['--retention', '1d'] });
    const profile = await shop.profile('new_sale', server(files, { mappings: COLUMNS, hostKey: undefined }));
    await nextDay(shop);
    await shop.order();
    await shop.hub.advance(20 * HOUR);
    await shop.order();
    await nextDay(shop);
    await until('both are delivered', async () => (await shop.deliveries(profile)).filter((row) => row.state === 'delivered').length === 2);
    const [name] = files.list();
    const bytes = files.read(name).toString();
    await shop.hub.advance(10 * HOUR);
    const left = await until('the older one is gone', async () => {
        const rows = await shop.deliveries(profile);
        return rows.length === 1 && rows[0];
    }, { timeout: 60000 });
    const [file] = await filesOf(shop, profile);
    expectProblem(await shop.api.get(file.href), 410);
    expectProblem(await shop.api.post(`/api/v1/deliveries/${left.id}/resend`), 410, 'gone');
    const { id } = expect(await shop.api.post(`${PROFILES}/${profile.id}/recover`, { deliveryIds: [left.id] }), 202).json;
    const recovery = await until('it is over', async () => {
        const now = expect(await shop.api.get(`/api/v1/recoveries/${id}`), 200).json;
        return now.state === 'done' && now;
    });
    assert.deepEqual([recovery.recovered, recovery.skipped.noLongerKept], [0, 1]);
    assert.deepEqual([files.list(), files.read(name).toString(), (await shop.delivery(profile)).attemptCount], [[name], bytes, left.attemptCount]);
    expect(await shop.api.post(`/api/v1/deliveries/${left.id}/resend`, { render: true }), 202);
    await shop.hub.settled();
    await shop.hub.checkLedger();
});

scenario('a file that has lost rows, which is found out when it is to go, is given up, and nothing of it goes', async (t) => {
    const files = await startFileServer('ftp');
    t.after(() => files.close());
    await files.kill();
    const shop = await Shop.start();
    const profile = await shop.profile('new_sale', server(files, { mappings: COLUMNS, hostKey: undefined }));
    await shop.order();
    await shop.order();
    await nextDay(shop);
    const first = async () => (await shop.deliveries(profile)).at(-1);
    await until('it is tried', async () => (await first()).attemptCount > 0);
    await shop.hub.kill();
    sqliteOf(shop.hub, 'DELETE FROM exports WHERE delivery = (SELECT MAX(delivery) FROM exports)');
    await shop.hub.start();
    await files.start();
    await shop.hub.advance(HOUR);
    const { state, reason } = await until('it is over', async () => {
        const row = await first();
        return row.state !== 'pending' && row;
    });
    assert.equal(state, 'dead');
    assert.match(reason, /^Rows of this file are older than what is kept/);
    assert.deepEqual(files.list(), []);
});
