// Clients that come and are gone at once, at any point. What the server holds afterwards is what it held before.
//
//   VFIO_TS_SOAK=1       10,000 attachments and 1,000 cut messages; a tenth and a fifth of that when left out
//   VFIO_TS_SOAK_SEED    the seed that a run printed

import { describe, expect, test } from 'vitest';
import fc from 'fast-check';
import { VfioUserClient } from '../../src/client.ts';
import { connect } from '../../src/connect.ts';
import { EventFd } from '../../src/eventfd.ts';
import { OwnedFd, type Fd } from '../../src/fd.ts';
import { LinuxClock } from '../../src/host.ts';
import { linuxClientHost } from '../../src/linux-host.ts';
import { MemfdMemory } from '../../src/memfd.ts';
import * as libc from '../../src/native/libc.ts';
import { turns, until } from '../native/support.ts';
import {
  bytesOf,
  dmaMap,
  dmaUnmap,
  irqSet,
  regionAccess,
  u16,
  version,
} from '../wire/support/payloads.ts';
import { PAGE, Served } from '../wire/support/served.ts';
import { census, table, type Census } from './census.ts';

const isLong = process.env['VFIO_TS_SOAK'] === '1';
const ATTACHMENTS = isLong ? 10_000 : 1000;
const CUTS = isLong ? 1000 : 200;
const WARM_UP = 100;
const TIMEOUT = isLong ? 3_600_000 : 120_000;
/** Garbage that is not collected yet, and code compiled meanwhile. */
const MAX_HEAP_GROWTH = 4 << 20;
/** What the allocator of the process keeps. */
const MAX_PAGES_GROWTH = (64 << 20) / 4096;

const memory = new MemfdMemory('guest', 16 * PAGE);
const unsealed = new OwnedFd(libc.memfdCreate('unsealed'));
libc.ftruncate(unsealed.number, 16 * PAGE);
const event = EventFd.create();
const [EVENTFD, TRIGGER] = [4, 0x20];

interface Message {
  readonly command: number;
  readonly payload: Uint8Array;
  readonly fds: readonly Fd[];
}

function message(command: number, payload: Uint8Array, fds: readonly Fd[] = []): Message {
  return { command, payload, fds };
}

/** A client's life, in messages. */
const LIFE: readonly Message[] = [
  message(1, version(0, 2, '{"capabilities":{"max_msg_fds":8}}')),
  message(2, dmaMap(0, PAGE), [memory.fd]),
  message(2, dmaMap(PAGE, PAGE, 3, PAGE), [unsealed]),
  message(4, bytesOf(16, 0, 0, 0)),
  message(5, bytesOf(96, 0, 2, 0, new Uint8Array(16))),
  message(6, bytesOf(1024, 0, 0, 0)),
  message(8, irqSet(EVENTFD | TRIGGER, 2, 0, 4), [event.fd, event.fd, event.fd, event.fd]),
  message(8, irqSet(EVENTFD | 0x10, 0, 0, 1), [event.fd]),
  message(9, regionAccess(2, PAGE, 0x4000)),
  message(10, regionAccess(0, 0, 4, bytesOf(5))),
  message(10, regionAccess(2, PAGE, 0x8000, new Uint8Array(0x8000))),
  message(3, dmaUnmap(0, PAGE)),
  message(13, new Uint8Array(0)),
];

/** Counts before and after, says both, and holds them against each other. */
async function soak(
  served: Served,
  name: string,
  count: number,
  cycle: (i: number) => Promise<void>,
): Promise<void> {
  const leaks = served.core.leaks().length;
  const repeat = async (times: number): Promise<Census> => {
    for (let i = 0; i < times; i++) {
      // oxlint-disable-next-line no-await-in-loop -- one after the other
      await cycle(i);
      served.logger.lines.length = 0;
    }
    // oxlint-disable-next-line no-await-in-loop
    await until(() => served.server.connections === 0);
    return census();
  };
  const before = await repeat(WARM_UP);
  const after = await repeat(count);
  process.stdout.write(table(`${name}, ${count} times`, before, after));
  expect(served.core.leaks()).toHaveLength(leaks);
  expect(served.clock.timers).toBe(0);
  expect(after.descriptors).toBe(before.descriptors);
  expect(after.sharedMappings).toBe(before.sharedMappings);
  expect(after.pages - before.pages).toBeLessThan(MAX_PAGES_GROWTH);
  expect(after.heap - before.heap).toBeLessThan(MAX_HEAP_GROWTH);
}

async function isServed(served: Served): Promise<boolean> {
  await using client = await served.client();
  const into = new Uint8Array(4);
  await client.read(0, 0x20, into);
  return into.every((byte) => byte === 0x20);
}

describe('a server', () => {
  test(
    'holds nothing of clients that attached and were gone',
    async () => {
      await using served = new Served({}, { turn: 0 });
      const host = linuxClientHost(new LinuxClock(), served.logger);
      await soak(served, 'attach and kill', ATTACHMENTS, async (i) => {
        await until(() => served.server.attached === undefined);
        const transport = connect(served.path, served.loop);
        const client = await VfioUserClient.attach(transport, { host });
        await client.mapDma({ iova: 0, size: PAGE, flags: 3, memory });
        await client.request(2, dmaMap(PAGE, PAGE), [unsealed]);
        await client.request(8, irqSet(EVENTFD | TRIGGER, 2, 0, 1), [event.fd]);
        if (i % 2 === 0) (await client.getRegionIoFds(0))[Symbol.dispose]();
        await client.write(0, 0, bytesOf(5));
        client.postWrite(2, PAGE, new Uint8Array(64));
        // As a kernel closes what a killed process had open: nothing is said before.
        transport.close();
        await client.close();
      });
      expect(await isServed(served)).toBe(true);
    },
    TIMEOUT,
  );

  test(
    'holds nothing of clients that were gone at any byte of any message',
    async () => {
      const given = Number(process.env['VFIO_TS_SOAK_SEED'] ?? Number.NaN);
      const seed = Number.isSafeInteger(given) ? given : Math.trunc(Math.random() * 0x7fffffff);
      process.stdout.write(`VFIO_TS_SOAK_SEED=${seed}\n`);
      const cuts = fc.sample(
        fc.tuple(fc.nat(LIFE.length - 1), fc.double({ min: 0, max: 1, noNaN: true })),
        {
          seed,
          numRuns: CUTS + WARM_UP,
        },
      );
      let next = 0;
      await using served = new Served({}, { turn: 0 });
      await soak(served, 'kill at a byte of a message', CUTS, async () => {
        const [last = 0, part = 0] = cuts[next++] ?? [];
        await until(() => served.server.attached === undefined);
        const transport = connect(served.path, served.loop);
        transport.start({
          frame: (_frame, _length, fds) => fds.forEach((fd) => fd.close()),
          malformed: () => undefined,
          closed: () => undefined,
        });
        for (const [id, { command, payload, fds }] of LIFE.slice(0, last + 1).entries()) {
          const size = 16 + payload.length;
          const bytes = bytesOf(u16(id), u16(command), size, 0, 0, payload);
          const length = id === last ? Math.max(1, Math.floor(part * size)) : size;
          if (transport.isOpen) transport.send(bytes, length, fds);
        }
        if (next % 2 === 0) await turns(1);
        transport.close();
        // A connection that nobody has accepted yet takes a place of the backlog, where connect would wait.
        await turns(3);
      });
      expect(await isServed(served)).toBe(true);
    },
    TIMEOUT,
  );
});
