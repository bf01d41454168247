// A scripted name server on UDP: {"name": ["127.0.0.1", "::1"]}, or 'hang', or a function of the
// question number that returns either. Names that are not in it do not exist.
import dgram from 'node:dgram';

function readName(message, at) {
    const labels = [];
    while (message[at] !== 0) {
        labels.push(message.subarray(at + 1, at + 1 + message[at]).toString('latin1'));
        at += 1 + message[at];
    }
    return { name: labels.join('.').toLowerCase(), end: at + 1 };
}

function addressBytes(address) {
    if (!address.includes(':')) return Buffer.from(address.split('.').map(Number));
    const [head, tail = null] = address.split('::');
    const words = (part) => (part ? part.split(':').flatMap((word) => (word.includes('.') ? [...addressBytes(word)] : [parseInt(word, 16) >> 8, parseInt(word, 16) & 255])) : []);
    const front = words(head);
    const back = tail === null ? [] : words(tail);
    return Buffer.from([...front, ...Array(16 - front.length - back.length).fill(0), ...back]);
}

export class NameServer {
    constructor(names = {}) {
        this.names = names;
        this.questions = [];
        this.ttl = 1;
    }

    async listen() {
        this.socket = dgram.createSocket('udp4');
        this.socket.on('message', (message, peer) => this.answer(message, peer));
        await new Promise((done) => this.socket.bind(0, '127.0.0.1', done));
        this.socket.unref();
        this.port = this.socket.address().port;
        return this;
    }

    get address() {
        return `127.0.0.1:${this.port}`;
    }

    answer(message, peer) {
        const { name, end } = readName(message, 12);
        const type = message.readUInt16BE(end);
        this.questions.push({ name, type, at: Date.now() });
        let found = this.names[name];
        if (typeof found === 'function') found = found(this.questions.filter((question) => question.name === name && question.type === type).length);
        if (found === 'hang') return;
        const wanted = (found ?? []).filter((address) => (type === 28) === address.includes(':') && (type === 1 || type === 28));
        const head = Buffer.alloc(12);
        message.copy(head, 0, 0, 2);
        head.writeUInt16BE(0x8180 | (found ? 0 : 3), 2);
        head.writeUInt16BE(1, 4);
        head.writeUInt16BE(wanted.length, 6);
        const records = wanted.map((address) => {
            const bytes = addressBytes(address);
            const record = Buffer.alloc(12);
            record.writeUInt16BE(0xc00c, 0);
            record.writeUInt16BE(type, 2);
            record.writeUInt16BE(1, 4);
            record.writeUInt32BE(this.ttl, 6);
            record.writeUInt16BE(bytes.length, 10);
            return Buffer.concat([record, bytes]);
        });
        this.socket.send(Buffer.concat([head, message.subarray(12, end + 4), ...records]), peer.port, peer.address);
    }

    close() {
        this.socket.close();
    }
}
