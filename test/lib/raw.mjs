// Bytes over a socket, for what no HTTP client would send.
import net from 'node:net';

// Sends `parts` (bytes, or numbers: milliseconds to wait) and reads until the peer closes or `quiet`
// ms pass without anything more. Returns {bytes, statuses, closed}.
export function exchange(port, parts, { quiet = 1500, timeout = 20000, host = '127.0.0.1', half = false } = {}) {
    return new Promise((resolve) => {
        const chunks = [];
        let closed = false;
        let error = null;
        let timer;
        const socket = net.connect(port, host);
        const finish = () => {
            clearTimeout(timer);
            clearTimeout(limit);
            socket.destroy();
            const bytes = Buffer.concat(chunks);
            const statuses = [...bytes.toString('latin1').matchAll(/HTTP\/1\.[01] (\d{3})/g)].map((match) => Number(match[1]));
            resolve({ bytes, text: bytes.toString(), statuses, status: statuses[0], closed, error });
        };
        const limit = setTimeout(finish, timeout);
        const restart = () => {
            clearTimeout(timer);
            timer = setTimeout(finish, quiet);
        };
        socket.setNoDelay(true);
        socket.on('data', (data) => {
            chunks.push(data);
            restart();
        });
        socket.on('error', (problem) => {
            error = problem;
            closed = true;
        });
        socket.on('close', () => {
            closed = true;
            finish();
        });
        socket.on('connect', async () => {
            for (const part of parts) {
                if (typeof part === 'number') await new Promise((done) => setTimeout(done, part));
                else if (!socket.destroyed) socket.write(part);
            }
            if (half && !socket.destroyed) socket.end();
            restart();
        });
    });
}

// A connection that stays open, to be written to by hand.
export function connect(port, host = '127.0.0.1') {
    return new Promise((resolve, reject) => {
        const socket = net.connect(port, host);
        socket.received = Buffer.alloc(0);
        socket.on('data', (data) => {
            socket.received = Buffer.concat([socket.received, data]);
        });
        socket.once('connect', () => resolve(socket));
        socket.once('error', reject);
        socket.on('error', () => {});
    });
}
