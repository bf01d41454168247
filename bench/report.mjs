// SPDX-License-Identifier: MIT
// bench/report.mjs: what was asked for on the command line, and the table that comes of it; see `run`.
import { writeFileSync } from 'node:fs';

const wanted = [];
export const options = { runs: 5, seconds: 8, events: null, against: null, json: null, quick: false };
for (let i = 2; i < process.argv.length; i++) {
    const argument = process.argv[i];
    if (argument === '--quick') Object.assign(options, { quick: true, runs: 1, seconds: 3 });
    else if (argument === '--runs') options.runs = Number(process.argv[++i]);
    else if (argument === '--seconds') options.seconds = Number(process.argv[++i]);
    else if (argument === '--events') options.events = Number(process.argv[++i]);
    else if (argument === '--against') options.against = process.argv[++i];
    else if (argument === '--json') options.json = process.argv[++i];
    else wanted.push(argument);
}
options.events ??= options.quick ? 50000 : 1000000;

const rows = [];
const failures = [];
export const notes = [];
export const say = (text) => process.stderr.write(`${text}\n`);

export const format = (value) => (value === undefined ? '?' : value >= 1000 ? Math.round(value).toLocaleString('en') : value.toPrecision(3));
export const perEvent = (cpu) => Object.entries(cpu).filter(([, micros]) => micros >= 0.05).map(([name, micros]) => `${name} ${micros.toFixed(1)}`).join(', ');

// `better`: 'more' is at least `least`; 'less' is at most `least`.
export function row(name, { value, unit = '', least, stretch, better = 'more', measured, reference }) {
    const good = value === undefined ? null : better === 'more' ? value >= least : value <= least;
    rows.push({ name, value, unit, least, stretch, better, good, measured, reference });
    say(`  ${name}: ${format(value)}${unit} (${better === 'more' ? 'at least' : 'at most'} ${least}${unit}) ${good ? '' : '← not reached'}`);
}

function table() {
    const head = ['what', 'got', 'must', 'stretch', 'figures'];
    const body = rows.map((one) => [
        one.name,
        `${format(one.value)}${one.unit}${one.good ? '' : ' ✗'}`,
        `${one.better === 'more' ? '≥' : '≤'} ${one.least}${one.unit}`,
        one.stretch === undefined ? '' : `${one.stretch}${one.unit}`,
        [one.measured, one.reference && `reference ${one.reference}`].filter(Boolean).join('; '),
    ]);
    return [head, head.map(() => '---'), ...body].map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}

// Those that were named, or all but the `long` ones.
export async function runLines(lines, long) {
    const unknown = wanted.filter((name) => !(name in lines));
    if (unknown.length > 0) {
        say(`bench/run: there is no line ${unknown.join(', ')}; there are ${Object.keys(lines).join(', ')}`);
        process.exit(2);
    }
    for (const name of wanted.length > 0 ? wanted : Object.keys(lines).filter((one) => !long.includes(one))) {
        say(`${name}:`);
        try {
            await lines[name]();
        } catch (error) {
            failures.push(`${name}: ${error.stack}`);
            say(`  ${error.stack}`);
        }
    }
}

export function finish() {
    console.log(`\n${table()}\n`);
    for (const note of notes) console.log(`- ${note}`);
    for (const failure of failures) console.log(`- FAILED ${failure.split('\n')[0]}`);
    if (options.json) writeFileSync(options.json, JSON.stringify({ rows, notes, failures }, null, 2));
    process.exit(failures.length > 0 || rows.some((one) => one.good === false) ? 1 : 0);
}
