// Polling instead of sleeping.
import { setTimeout as sleep } from 'node:timers/promises';

export { sleep };

// Sanitized programs are slower: JUNCTOR_SLOW=3 triples every patience.
const slow = Number(process.env.JUNCTOR_SLOW ?? 1);

// Calls `probe` until what it returns is truthy, and returns that.
export async function until(what, probe, { timeout = 10000, every = 20 } = {}) {
    const end = Date.now() + timeout * slow;
    let last;
    for (;;) {
        try {
            last = await probe();
            if (last) return last;
        } catch (error) {
            last = error;
        }
        if (Date.now() > end) {
            const seen = last instanceof Error ? last.stack : JSON.stringify(last);
            throw new Error(`waited ${timeout * slow} ms in vain: ${what}; the last seen: ${seen}`);
        }
        await sleep(every);
    }
}
