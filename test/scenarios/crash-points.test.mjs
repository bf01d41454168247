// The hub is killed at each named point, twenty times under load; the books are compared afterwards.
import { existsSync } from 'node:fs';

import { POINTS, killAt } from '../crash/cycles.mjs';
import { crashBinary, scenario } from '../lib/hub.mjs';

const kills = Number(process.env.JUNCTOR_KILLS ?? 20);

for (const point of POINTS)
    scenario(`kill at ${point}, ${kills} times: nothing acknowledged is lost, repeats only under the same id with the same bytes`, { timeout: 300000, skip: existsSync(crashBinary) ? false : 'no test build' }, async (t) => {
        t.diagnostic(JSON.stringify(await killAt(point, kills)));
    });
