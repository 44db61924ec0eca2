import assert from 'node:assert/strict';
import { describe, expect, onTestFinished, test } from 'vitest';
import { VfioError, type DmaBacking, type LogLevel } from '@vfio-ts/core';
import { Counters } from '../../src/stats/counters.ts';
import { countingHost } from '../../src/stats/counting-host.ts';
import { Latency } from '../../src/stats/latency.ts';
import { VfioUserServer } from '../../src/server.ts';
import { createTransportPair } from '../../src/transport-pair.ts';
import { FakeDevice } from './support/fake-device.ts';
import { FdTable } from './support/fake-fd.ts';
import { FakeClock, FakeLogger, sessionHost } from './support/hosts.ts';
import { bytesOf, dmaMap, irqSet, regionAccess, u16, u64, version } from './support/payloads.ts';
import { Wire, WirePeer } from './support/wire.ts';

const PAGE = 0x1000;
const NONE = new Uint8Array(0);
const NO_REPLY = 0x10;

/** A device whose callbacks take as long as a test says, and one client. */
function timed(): { server: VfioUserServer; peer: WirePeer; took: number[] } {
  const clock = new FakeClock();
  const took: number[] = [];
  const wait = (): void => clock.advance(took.shift() ?? 0);
  const logger = new FakeLogger();
  const device = new FakeDevice(new FdTable(), logger);
  const pair = createTransportPair({ delivery: 'manual' });
  const server = new VfioUserServer({
    device: {
      name: 'slow',
      open() {
        const open = device.open();
        const { read, reset } = open.access;
        const access = {
          ...open.access,
          read: (...args: Parameters<typeof read>) => (wait(), read(...args)),
          reset: () => (wait(), reset()),
        };
        return { ...open, access };
      },
    },
    source: { start: (accept) => accept(pair.ends[0]), close: () => undefined },
    host: sessionHost,
    logger,
    clock,
  });
  server.listen();
  const peer = new WirePeer(pair, pair.ends[1]);
  peer.ok(1, version(0, 2, '{}'));
  onTestFinished(() => server.close());
  return { server, peer, took };
}

/** The times of one command. */
const of = (server: VfioUserServer, command: string) =>
  server.stats().total.commands[command]?.latency ?? assert.fail(`no ${command}`);

/** Lines of the fake logger, by component. */
const lines = (wire: Wire, level: LogLevel): string[] =>
  wire.logger.lines.filter((line) => line.level === level).map((line) => line.component);

describe('the counters of a server', () => {
  test('are nothing before the first client', () => {
    using wire = new Wire();
    expect(wire.server.stats()).toMatchObject({
      device: 'fake',
      connections: 0,
      turnedAway: 0,
      sessions: [],
      total: { messages: 0, bytesReceived: 0, bytesSent: 0, errors: {}, commands: {} },
    });
  });

  test('have messages and bytes, with those of commands without reply', () => {
    using wire = new Wire();
    const peer = wire.attach();
    const before = wire.server.stats().total;
    peer.ok(9, regionAccess(0, 0, 4));
    peer.send(10, regionAccess(0, 0, 4, Uint8Array.of(1, 2, 3, 4)), [], NO_REPLY);
    const { total } = wire.server.stats();
    expect(total.messages - before.messages).toBe(2);
    expect(total.bytesReceived - before.bytesReceived).toBe(32 + 36);
    expect(total.bytesSent - before.bytesSent).toBe(36);
    expect(total.commands).toMatchObject({
      VERSION: { messages: 1, errors: 0 },
      REGION_READ: { messages: 1, errors: 0 },
      REGION_WRITE: { messages: 1, errors: 0 },
    });
  });

  test('have errors by their names and by their commands', () => {
    using wire = new Wire();
    const peer = wire.attach();
    peer.code(9, regionAccess(6, 0, 4));
    peer.code(13, NONE);
    wire.device.fail = { op: 'read', error: new TypeError('a bug') };
    peer.code(9, regionAccess(0, 0, 4));
    peer.code(999, NONE);
    const { errors, commands } = wire.server.stats().total;
    expect(errors).toEqual({ EINVAL: 2, EIO: 1 });
    expect(commands).toMatchObject({
      REGION_READ: { messages: 2, errors: 2 },
      DEVICE_RESET: { messages: 1, errors: 0 },
      unknown: { messages: 1, errors: 1 },
    });
  });

  test('have what a client without a reply was refused', () => {
    using wire = new Wire();
    const peer = wire.attach();
    peer.send(10, regionAccess(6, 0, 1, Uint8Array.of(1)), [], NO_REPLY);
    expect(wire.server.stats().total.errors).toEqual({ EINVAL: 1 });
  });

  test('have descriptors and interrupts', () => {
    using wire = new Wire();
    const peer = wire.attach();
    using event = wire.fds.eventfd();
    peer.ok(8, irqSet(0x24, 2, 0, 1), [event]);
    wire.device.signals.get('2/0')?.signal();
    wire.device.signals.get('2/0')?.signal();
    expect(event.file.count).toBe(2);
    expect(wire.server.stats().total).toMatchObject({ fdsReceived: 1, fdsSent: 0, irqs: 2 });
  });

  test('have the bytes of DMA by messages, and those of the messages', async () => {
    using wire = new Wire();
    const peer = wire.attach();
    peer.ok(2, dmaMap(0, PAGE));
    const { bytesSent } = wire.server.stats().total;
    const reading = wire.device.ioas.rwAsync(0x10, new Uint8Array(4), false);
    peer.deliver();
    const [request = assert.fail('no DMA_READ')] = peer.replies.splice(0);
    const reply = bytesOf(u64(0x10), u64(4), 7);
    peer.raw(bytesOf(u16(request.id), u16(11), 16 + reply.length, 1, 0, reply));
    await reading;
    const { total } = wire.server.stats();
    expect(total).toMatchObject({ dmaBytesRead: 4, dmaBytesWritten: 0 });
    expect(total.bytesSent - bytesSent).toBe(32);
    expect(total.commands['DMA_READ']).toMatchObject({ messages: 1, errors: 0 });
  });

  test('have the bytes of DMA through a file', () => {
    const counters = new Counters(performance);
    const backing: DmaBacking = {
      kind: 'file',
      read: () => undefined,
      write(_offset, from) {
        if (from.length > 8) throw new VfioError('EFAULT', 'write', 'too long');
      },
      revoke: () => undefined,
    };
    const host = countingHost({ ...sessionHost, clientMemory: () => backing }, counters);
    using fd = new FdTable().memory('ram', PAGE);
    const memory = { offset: 0, size: PAGE, readable: true, writable: true, fileIo: true };
    const counted = host.clientMemory(fd, memory);
    assert(counted.kind === 'file');
    counted.read(0, new Uint8Array(5));
    counted.write(0, new Uint8Array(7));
    expect(() => counted.write(0, new Uint8Array(9))).toThrow('EFAULT');
    expect(counters.snapshot()).toMatchObject({ dmaBytesRead: 5, dmaBytesWritten: 7 });
  });

  test('stay when the client goes, and its session does not', () => {
    using wire = new Wire();
    const first = wire.attach();
    first.ok(9, regionAccess(0, 0, 4));
    first.close();
    const second = wire.attach();
    second.ok(9, regionAccess(0, 0, 4));
    const { connections, sessions, total } = wire.server.stats();
    expect(connections).toBe(2);
    expect(sessions).toHaveLength(1);
    expect(sessions[0]?.traffic.commands['REGION_READ']?.messages).toBe(1);
    expect(total.commands['REGION_READ']?.messages).toBe(2);
  });

  test('have how things are now of each session', () => {
    using wire = new Wire();
    const peer = wire.attach('{"capabilities":{"pgsizes":4096}}', 0);
    wire.connect();
    using memory = wire.fds.memory('ram', 3 * PAGE);
    peer.ok(2, dmaMap(0, PAGE), [memory]);
    peer.ok(2, dmaMap(PAGE, 2 * PAGE), [memory]);
    const state = { mappings: 2, mappedBytes: 3 * PAGE, queuedBytes: 0 };
    expect(wire.server.stats().sessions).toMatchObject([
      { name: 'fake#0', state: 'running', peer: 'qemu', ...state },
      { name: 'fake#1', state: 'negotiating', peer: null, mappings: 0, mappedBytes: 0 },
    ]);
  });

  test('count connections that are turned away', () => {
    using wire = new Wire({ maxConnections: 1 });
    wire.attach();
    expect(wire.connect().isClosed || wire.server.stats().turnedAway === 1).toBe(true);
    expect(wire.server.stats()).toMatchObject({ connections: 1, turnedAway: 1 });
  });

  test('are plain data that does not change any more', () => {
    using wire = new Wire();
    const peer = wire.attach();
    const stats = wire.server.stats();
    const text = JSON.stringify(stats);
    peer.ok(9, regionAccess(0, 0, 4));
    expect(JSON.stringify(stats)).toBe(text);
    expect(JSON.parse(text)).toEqual(stats);
  });
});

describe('latencies', () => {
  test('are taken of every reset', () => {
    const { server, peer, took } = timed();
    took.push(2, 4, 6);
    for (let i = 0; i < 3; i++) peer.ok(13, NONE);
    expect(of(server, 'DEVICE_RESET')).toMatchObject({ timed: 3, mean: 4000, max: 6000 });
  });

  test('are taken of the first register access and then of every 64th', () => {
    const { server, peer, took } = timed();
    took.push(...Array.from({ length: 130 }, (_, i) => (i % 64 === 0 ? 3 : 1000)));
    for (let i = 0; i < 130; i++) peer.ok(9, regionAccess(0, 0, 4));
    expect(of(server, 'REGION_READ')).toMatchObject({ timed: 3, mean: 3000, max: 3000 });
  });

  test('are taken of commands that fail', () => {
    const { server, peer, took } = timed();
    took.push(5);
    peer.code(9, regionAccess(6, 0, 4));
    expect(of(server, 'REGION_READ')).toMatchObject({ timed: 1, max: 5000 });
  });
});

describe('a histogram', () => {
  test('is empty without times', () => {
    const empty = { timed: 0, mean: 0, p50: 0, p99: 0, max: 0, buckets: [] };
    expect(new Latency().snapshot()).toEqual(empty);
  });

  test.each([
    ['nothing', 0, 0.128],
    ['less than the first limit', 0.0001, 0.128],
    ['the first limit', 0.000128, 0.256],
    ['3 microseconds', 0.003, 4.096],
    ['1 ms', 1, 1048.576],
    ['4 s', 4000, 4294.967296e3],
    ['a minute', 60_000, null],
    ['a day', 86_400_000, null],
  ])('puts %s into its bucket', (_what, milliseconds, upTo) => {
    const latency = new Latency();
    latency.record(milliseconds);
    expect(latency.snapshot().buckets).toEqual([{ upTo, count: 1 }]);
  });

  test('has a median and a 99th percentile', () => {
    const latency = new Latency();
    for (let i = 0; i < 98; i++) latency.record(0.003);
    latency.record(1);
    latency.record(7);
    const { p50, p99, max } = latency.snapshot();
    expect([p50, p99, max]).toEqual([4.096, 1048.576, 7000]);
  });

  test('has no percentile above its longest time', () => {
    const latency = new Latency();
    latency.record(0.003);
    expect(latency.snapshot()).toMatchObject({ p50: 3, p99: 3, max: 3 });
  });
});

describe('the log of a session', () => {
  test('names the session, and the kind of client once that is known', () => {
    using wire = new Wire();
    const peer = wire.connect();
    peer.code(9, regionAccess(0, 0, 4));
    const other = wire.attach('{"capabilities":{"pgsizes":4096}}', 0);
    other.code(9, regionAccess(6, 0, 4));
    expect(lines(wire, 'debug')).toEqual(['fake#0', 'fake#1 qemu']);
  });

  test('is quiet below the level of the server', () => {
    using wire = new Wire();
    wire.server.logLevel = 'error';
    const peer = wire.attach();
    peer.code(9, regionAccess(6, 0, 4));
    wire.device.fail = { op: 'reset', error: new TypeError('a bug') };
    peer.code(13, NONE);
    expect(wire.logger.lines.map(({ level }) => level)).toEqual(['error']);
  });

  test('of a session there is already follows the level of the server', () => {
    using wire = new Wire();
    const peer = wire.attach();
    wire.server.logLevel = 'warn';
    wire.logger.lines.length = 0;
    peer.code(9, regionAccess(6, 0, 4));
    expect(wire.logger.lines).toEqual([]);
  });

  test('has a level of its own', () => {
    using wire = new Wire();
    wire.server.logLevel = 'warn';
    const peer = wire.attach();
    assert(wire.server.attached !== undefined);
    wire.server.attached.log.level = 'debug';
    peer.code(9, bytesOf(0));
    expect(lines(wire, 'debug')).toEqual(['fake#0 generic']);
  });
});
