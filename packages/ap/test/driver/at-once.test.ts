import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Administrator } from '../support/administrator.ts';
import { ADAPTERS, configText, DOMAINS, MACHINE, Model, type Numbers } from './model.ts';
import { matrix } from './steps.ts';

interface Write {
  readonly n: number;
  readonly file: string;
  readonly text: string;
}

const n = fc.integer({ min: 1, max: 3 });
const write: fc.Arbitrary<Write> = fc.oneof(
  fc.record({ n, file: fc.constant('ap_config'), text: matrix.map(configText) }),
  fc.record({
    n,
    file: fc.constantFrom('assign_adapter', 'unassign_adapter'),
    text: fc.constantFrom(...ADAPTERS).map(String),
  }),
  fc.record({
    n,
    file: fc.constantFrom('assign_domain', 'unassign_domain'),
    text: fc.constantFrom(...DOMAINS).map(String),
  }),
);

/** Queues of the devices, those that guests reach in particular; none may be in it twice. */
function owned(machine: Administrator, what: 'matrix' | 'guestMasks'): string[] {
  return [1, 2, 3].flatMap((device) => {
    const { adapters, domains } = machine.mdev(device)[what];
    const numbers: Numbers = { adapters: [...adapters], domains: [...domains], controlDomains: [] };
    return Model.queues(numbers);
  });
}

test('writes that come all at once, while guests come and go, never share a queue', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(write, { minLength: 10, maxLength: 40, size: 'max' }),
      fc.array(fc.constantFrom(0, 2, 5), { maxLength: 40 }),
      async (writes, answers) => {
        await using machine = await Administrator.of(MACHINE);
        await Promise.all([1, 2, 3].map((device) => machine.create(device)));
        // Queues that take their time, so that there is something to come in between.
        for (const [at, code] of answers.entries()) {
          machine.queue(at % 2 === 0 ? 5 : 6, at % 3 === 0 ? 4 : 0x47).script.tapq.push(code);
        }
        const check = (): void => {
          for (const what of ['matrix', 'guestMasks'] as const) {
            const queues = owned(machine, what);
            expect(queues.length).toBe(new Set(queues).size);
          }
        };
        await Promise.all(
          writes.map(async ({ n: device, file, text }, at) => {
            const guest = at % 4 === 0 && !machine.mdev(device).isOpen && machine.open(device);
            await Promise.allSettled([machine.write(device, file, text)]);
            check();
            if (guest !== false) await guest.close();
            check();
          }),
        );
      },
    ),
    { numRuns: 60 },
  );
});
