import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { VfioError } from '../../src/errno.ts';
import type { MdevBus } from '../../src/mdev/bus.ts';
import type { MdevDevice, MdevParent } from '../../src/mdev/mdev.ts';
import {
  FakeDriver,
  LARGE,
  makeBus,
  SMALL,
  UUID_A,
  UUID_B,
  UUID_C,
  type FakeHandle,
  type FakeType,
} from './fixture.ts';

const MAX = 2;

type FakeMdev = MdevDevice<FakeType, FakeHandle>;

const create = fc.record({
  op: fc.constant('create' as const),
  uuid: fc.constantFrom(UUID_A, UUID_B, UUID_C, UUID_A.toUpperCase()),
  type: fc.constantFrom('fake-small', 'fake-large'),
  fault: fc.constantFrom(undefined, 'mdev-alloc', 'mdev-add', 'mdev-links', 'probe'),
});
const use = fc.record({
  op: fc.constantFrom('remove' as const, 'get' as const, 'put' as const),
  pick: fc.nat({ max: 7 }),
});
const parents = fc.record({ op: fc.constantFrom('unregister' as const, 'register' as const) });

type StepOf<A> = A extends fc.Arbitrary<infer V> ? V : never;
type Step = StepOf<typeof create> | StepOf<typeof use> | StepOf<typeof parents>;

/** What the bus should know: who lives, and how many references others hold. */
class Model {
  readonly driver: FakeDriver = new FakeDriver('fake', MAX);
  readonly references: Map<FakeMdev, number> = new Map();
  readonly bus: MdevBus;
  readonly leaks: () => number;
  parent: MdevParent<FakeType, FakeHandle> | undefined;
  #failing: string | undefined;

  constructor() {
    const { core, bus } = makeBus({
      fault: (point) => {
        if (point === this.#failing) throw new VfioError('ENOMEM', point, 'injected');
      },
    });
    this.bus = bus;
    this.leaks = () => core.leaks().length;
    bus.registerDriver(this.driver);
  }

  /** Runs a step; gives the code it ended with and the code it should end with. */
  async run(step: Step): Promise<readonly [actual: string, expected: string]> {
    if (step.op === 'create') return await this.#create(step.type, step.uuid, step.fault);
    if ('pick' in step) return await this.#use(step.op, step.pick);
    if (step.op === 'register') {
      this.parent ??= this.bus.registerParent('p0', this.driver, [SMALL, LARGE]);
    } else {
      await this.parent?.unregister();
      this.parent = undefined;
    }
    return ['ok', 'ok'];
  }

  /** Forgets the mdevs that should be released by now. */
  settle(): void {
    for (const [mdev, count] of this.references) {
      if (this.bus.device(mdev.name) !== mdev && count === 0) this.references.delete(mdev);
    }
  }

  mine(): number {
    return [...this.references.keys()].filter((mdev) => mdev.parent === this.parent).length;
  }

  async #create(type: string, uuid: string, fault: string | undefined) {
    const { parent } = this;
    if (parent === undefined) return ['ok', 'ok'] as const;
    const names = [...this.references.keys()].map((mdev) => mdev.name);
    let expected = fault === undefined ? 'ok' : 'ENOMEM';
    if (this.mine() === MAX) expected = 'EUSERS';
    if (names.includes(uuid.toLowerCase())) expected = 'EEXIST';
    this.#failing = fault;
    this.driver.probeError = fault === 'probe' ? new VfioError('ENOMEM', 'probe', '') : undefined;
    const actual = await codeOf(async () => {
      this.references.set(await parent.create(type, uuid), 0);
    });
    return [actual, expected] as const;
  }

  async #use(op: 'remove' | 'get' | 'put', pick: number) {
    const mdev = [...this.references.keys()][pick];
    if (mdev === undefined) return ['ok', 'ok'] as const;
    const count = this.references.get(mdev) ?? 0;
    if (op === 'remove') {
      const expected = this.bus.device(mdev.name) === mdev ? 'ok' : 'EAGAIN';
      return [await codeOf(() => mdev.remove()), expected] as const;
    }
    const change = op === 'get' ? 1 : -1;
    this.references.set(mdev, Math.max(0, count + change));
    return [await codeOf(() => mdev[op]()), count + change < 0 ? 'EINVAL' : 'ok'] as const;
  }
}

async function codeOf(run: () => unknown): Promise<string> {
  try {
    await run();
    return 'ok';
  } catch (error) {
    if (error instanceof VfioError) return error.code;
    throw error;
  }
}

async function check(steps: readonly Step[]): Promise<void> {
  const model = new Model();
  for (const step of steps) {
    // The steps are a sequence.
    // oxlint-disable-next-line no-await-in-loop
    const [actual, expected] = await model.run(step);
    expect(actual).toBe(expected);
    model.settle();
    for (const type of model.parent?.types ?? []) {
      expect(type.availableInstances + model.mine()).toBe(MAX);
    }
    expect(model.leaks()).toBe(model.references.size);
  }
}

test('what is available and what is alive always add up to the limit', async () => {
  expect.hasAssertions();
  const steps = fc.array(fc.oneof({ weight: 4, arbitrary: create }, use, use, parents), {
    maxLength: 40,
  });
  await fc.assert(fc.asyncProperty(steps, check), { numRuns: 300 });
});
