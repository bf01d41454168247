// The hub is killed while export profiles are at work, at each named point and in the middle of it: each
// order goes out once and in its turn, files are their rows byte for byte, and the books agree. JUNCTOR_KILLS: how often.
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';

import { HOT, SMALL, STEPS, afterUpload, killAt, midUpload, randomKills } from '../crash/exports.mjs';
import { crashBinary, scenario } from '../lib/hub.mjs';

const kills = Math.ceil(Number(process.env.JUNCTOR_KILLS ?? 20) / 2);
const few = Math.ceil(kills / 3);
const options = { timeout: 300000, skip: existsSync(crashBinary) ? false : 'no test build' };

for (const point of HOT)
    scenario(`exports, killed at ${point} ${kills} times under load`, options, async (t) => t.diagnostic(JSON.stringify(await killAt(point, kills))));

for (const point of STEPS)
    scenario(`exports, killed at ${point} ${few} times: each step of it is done once`, options, async (t) => t.diagnostic(JSON.stringify(await killAt(point, few))));

scenario(`a file that the server has and the hub has not noted, ${few} times: it goes again, and is the same`, options, async (t) => t.diagnostic(JSON.stringify(await afterUpload(few))));

scenario(`a file whose upload is under way, ${few} times: no half one has its name`, options, async (t) => t.diagnostic(JSON.stringify(await midUpload(few))));

scenario(`exports, kill -9 at random, ${kills} times under load`, options, async (t) => t.diagnostic(JSON.stringify(await randomKills(kills))));

scenario(`exports, kill -9 at random, ${kills} times while memory does not hold what is due`, options, async (t) => {
    const figures = await randomKills(kills, SMALL);
    t.diagnostic(JSON.stringify(figures));
    assert.ok(figures.fallen > 0, 'profiles fell behind');
});
