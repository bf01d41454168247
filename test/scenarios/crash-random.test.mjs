// kill -9 at random moments under load: 20 cycles here, 200 by `node test/crash/cycles.mjs random`.
import { existsSync } from 'node:fs';

import { randomKills } from '../crash/cycles.mjs';
import { crashBinary, scenario } from '../lib/hub.mjs';

const cycles = Number(process.env.JUNCTOR_CYCLES ?? 20);

scenario(`kill -9 at random, ${cycles} cycles under load`, { timeout: 600000, skip: existsSync(crashBinary) ? false : 'no test build' }, async (t) => {
    t.diagnostic(JSON.stringify(await randomKills(cycles)));
});
