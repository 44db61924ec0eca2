import fc from 'fast-check';
import { expect, test } from 'vitest';
import { apqnOf } from '../../src/bus/names.ts';
import { ApMask } from '../../src/bus/mask.ts';
import { AP_RESPONSE } from '../../src/hardware/status.ts';
import { RecordingDriver, testBus, type TestBus } from './support.ts';

const ADAPTERS = [1, 2, 3];
const DOMAINS = [4, 5];

/** A driver that knows which queues it has. */
class CountingDriver extends RecordingDriver {
  readonly has: Set<string> = new Set();

  override probe(queue: { readonly name: string } & Parameters<RecordingDriver['probe']>[0]): void {
    super.probe(queue);
    if (this.has.has(queue.name)) throw new Error(`${queue.name} was probed twice`);
    this.has.add(queue.name);
  }

  override remove(queue: Parameters<RecordingDriver['remove']>[0]): Promise<void> {
    if (!this.has.delete(queue.name)) throw new Error(`${queue.name} was never probed`);
    return super.remove(queue);
  }
}

const adapter = fc.constantFrom(...ADAPTERS);
const domain = fc.constantFrom(...DOMAINS);
const sign = fc.constantFrom('+', '-');
const command = fc.oneof(
  fc.tuple(sign, adapter).map(([s, n]) => ['apmask', `${s}${n}`] as const),
  fc.tuple(sign, domain).map(([s, n]) => ['aqmask', `${s}${n}`] as const),
  fc.uniqueArray(adapter).map((list) => ['adapters', list] as const),
  fc.uniqueArray(domain).map((list) => ['domains', list] as const),
  fc.tuple(adapter, domain).map(([a, d]) => ['unbind', apqnOf(a, d)] as const),
  fc.tuple(adapter, domain).map(([a, d]) => ['bind', apqnOf(a, d)] as const),
  fc.tuple(adapter, fc.constantFrom(0, 1, 3, 4)).map((pair) => ['respond', pair] as const),
);

type Command = typeof command extends fc.Arbitrary<infer T> ? T : never;

/** Does a command. What is refused changes nothing, which the invariants show. */
async function act({ bus, cards }: TestBus, [verb, what]: Command): Promise<void> {
  switch (verb) {
    case 'apmask':
      return await bus.storeApmask(what);
    case 'aqmask':
      return await bus.storeAqmask(what);
    case 'adapters':
      return await bus.configure({ config: { adapters: ApMask.of(...what) } });
    case 'domains':
      return await bus.configure({ config: { usageDomains: ApMask.of(...what) } });
    case 'bind':
      return await bus.bind('vfio_ap', bus.queue(what)?.name ?? '').catch(() => undefined);
    case 'unbind': {
      const queue = bus.queue(what);
      return await bus.unbind(queue?.driver ?? '', queue?.name ?? '').catch(() => undefined);
    }
    case 'respond':
      cards.get(what[0])?.respond(what[1]);
      return await bus.scan();
  }
}

/** Queues that the machine and its cards say are there. */
function expected({ bus, cards }: TestBus): string[] {
  const { adapters, usageDomains } = bus.config;
  return ADAPTERS.filter((a) => adapters.has(a)).flatMap((a) =>
    DOMAINS.filter((d) => {
      const answer = cards.get(a)?.queue(d)?.responseCode;
      return usageDomains.has(d) && answer !== AP_RESPONSE.Q_NOT_AVAIL;
    }).map((d) => `0${a}.000${d}`),
  );
}

test('after any change every queue that is there has at most the driver of its party', async () => {
  const commands = fc.array(command, { minLength: 1, maxLength: 15 });
  await fc.assert(
    fc.asyncProperty(commands, async (list) => {
      const made = await testBus({ adapters: ADAPTERS, domains: DOMAINS });
      const { bus } = made;
      const driver = new CountingDriver();
      await bus.registerDriver(driver);
      for (const one of list) {
        // oxlint-disable-next-line no-await-in-loop
        await act(made, one);
        expect(bus.queues.map(({ name }) => name)).toEqual(expected(made));
        const bound = bus.queues.filter((queue) => queue.driver === 'vfio_ap');
        expect(new Set(bound.map(({ name }) => name))).toEqual(driver.has);
        const wrong = bus.queues.filter((queue) => {
          const party = bus.ownedByDefDrv(queue.adapter, queue.domain) ? 'cex4queue' : 'vfio_ap';
          return queue.driver !== undefined && queue.driver !== party;
        });
        expect(wrong).toEqual([]);
      }
      await bus.close();
      expect(driver.has.size).toBe(0);
    }),
    { numRuns: 60 },
  );
});
