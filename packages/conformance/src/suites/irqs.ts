// SET_IRQS as a request: which are refused, and that a refused one changes nothing.

/* oxlint-disable no-await-in-loop -- a guest does one thing after the other */

import {
  VFIO_IRQ_SET_ACTION_MASK,
  VFIO_IRQ_SET_ACTION_TRIGGER,
  VFIO_IRQ_SET_ACTION_UNMASK,
  VFIO_IRQ_SET_DATA_BOOL,
  VFIO_IRQ_SET_DATA_EVENTFD,
  VFIO_IRQ_SET_DATA_NONE,
  VFIO_PCI_NUM_IRQS,
  type ErrnoCode,
  type IrqSetRequest,
} from '@vfio-ts/core';
import { expect } from 'vitest';
import { refused } from '../assert.ts';
import type { DeviceHarness } from '../harness.ts';
import { hooksOf } from '../probe/hooks.ts';
import {
  assign,
  countOf,
  disabling,
  implementedIrqs,
  irqInfos,
  MASK_NONE,
  TRIGGER_BOOL,
  TRIGGER_EVENTFD,
  TRIGGER_NONE,
  UNMASK_NONE,
} from '../probe/irqs.ts';
import { pathRules } from '../probe/path.ts';
import { declareSuite, type SuiteOptions } from '../suite.ts';

const NONE = VFIO_IRQ_SET_DATA_NONE;
const BOOL = VFIO_IRQ_SET_DATA_BOOL;
const EVENTFD = VFIO_IRQ_SET_DATA_EVENTFD;
const MASK = VFIO_IRQ_SET_ACTION_MASK;
const UNMASK = VFIO_IRQ_SET_ACTION_UNMASK;
const TRIGGER = VFIO_IRQ_SET_ACTION_TRIGGER;
const U32_MAX = 0xffff_ffff;

type BadRequest = readonly [
  what: string,
  request: Partial<IrqSetRequest>,
  codes: readonly ErrnoCode[],
];

/** Statements 70 to 73 and 82. */
export function irqsSuite<T extends object>(
  harness: DeviceHarness<T>,
  options: SuiteOptions = {},
): void {
  if (harness.supports.irqs) withIrqs(harness, options);
  else withoutIrqs(harness, options);
}

function withoutIrqs<T extends object>(harness: DeviceHarness<T>, options: SuiteOptions): void {
  declareSuite('interrupts', harness, options, ({ test }) => {
    for (const [what, flags, count] of [
      ['disabling', TRIGGER_NONE, 0],
      ['firing', TRIGGER_NONE, 1],
      ['masking', MASK_NONE, 1],
      ['unmasking', UNMASK_NONE, 1],
    ] as const) {
      test(`[82] a device without interrupts refuses ${what} one`, async (t) => {
        const { access } = await t.open();
        for (let index = 0; index < VFIO_PCI_NUM_IRQS; index++) {
          await refused('EINVAL', () => access.setIrqs({ flags, index, start: 0, count }));
        }
      });
    }

    test('[82] a device without interrupts refuses signals, which stay with the caller', async (t) => {
      const { access, session } = await t.open();
      const signal = session.signal();
      for (let index = 0; index < VFIO_PCI_NUM_IRQS; index++) {
        await refused('EINVAL', () => assign(access, index, 0, [signal]));
      }
      expect(signal.isReleased?.() ?? false).toBe(false);
      signal.close();
    });
  });
}

function withIrqs<T extends object>(harness: DeviceHarness<T>, options: SuiteOptions): void {
  const rules = pathRules(harness);

  /** Requests that no index takes, whatever its state. `count` is that of the index. */
  const malformed = (count: number): readonly BadRequest[] => [
    ['[70] argsz 0', { argsz: 0 }, ['EINVAL']],
    ['[70] argsz 19', { argsz: 19 }, ['EINVAL']],
    ['[70] unknown flag 0x40', { flags: TRIGGER_NONE | 0x40 }, ['EINVAL']],
    ['[70] unknown flag 0x8000', { flags: TRIGGER_NONE | 0x8000 }, ['EINVAL']],
    ['[70] no data type', { flags: TRIGGER }, ['EINVAL']],
    ['[70] two data types', { flags: TRIGGER | NONE | BOOL, bools: new Uint8Array(1) }, ['EINVAL']],
    ['[70] three data types', { flags: TRIGGER | NONE | BOOL | EVENTFD }, ['EINVAL']],
    ['[70] no action', { flags: NONE }, rules.notOneAction],
    ['[70] two actions', { flags: NONE | MASK | UNMASK }, rules.notOneAction],
    ['[70] three actions', { flags: NONE | MASK | UNMASK | TRIGGER }, rules.notOneAction],
    ['[71] start at the count', { start: count }, ['EINVAL']],
    ['[71] start far past the count', { start: U32_MAX }, ['EINVAL']],
    ['[71] one more than there are', { count: count + 1 }, ['EINVAL']],
    ['[71] the last and one more', { start: count - 1, count: 2 }, ['EINVAL']],
    ['[71] start + count past 2^32', { start: 1, count: U32_MAX }, ['EINVAL']],
    ['[73] fewer bools than irqs', { flags: TRIGGER_BOOL, bools: new Uint8Array(0) }, ['EINVAL']],
    ['[71] index past the last', { index: U32_MAX }, ['EINVAL']],
    ...(rules.irqDataFitsArgsz ? noRoom : noIrq),
  ];

  declareSuite('interrupts', harness, options, ({ test }) => {
    const { trigger } = hooksOf(harness);
    const disable = disabling(harness);

    for (const [what, , codes] of malformed(1)) {
      test(`${what} is refused, and nothing changes`, async (t) => {
        const { access, device, session } = await t.open();
        for (const { index, count } of await implementedIrqs(access)) {
          const found = malformed(count).find(([title]) => title === what);
          const request = { flags: TRIGGER_NONE, index, start: 0, count: 1, ...found?.[1] };
          const signal = session.signal();
          // One index after the other: some exclude each other.
          await assign(access, index, 0, [signal]);
          await refused(codes, () => access.setIrqs(request));
          expect([index, await countOf(session, signal)]).toEqual([index, 0]);
          trigger(device, index, 0);
          expect([index, await countOf(session, signal)]).toEqual([index, 1]);
          await access.setIrqs(disable(index));
        }
      });
    }

    test('[71] signals for more irqs than there are stay with the caller', async (t) => {
      const { access, session } = await t.open();
      for (const { index, count } of await implementedIrqs(access)) {
        const signals = Array.from({ length: count + 1 }, () => session.signal());
        await refused('EINVAL', () => assign(access, index, 0, signals));
        for (const signal of signals) {
          expect(signal.isReleased?.() ?? false).toBe(false);
          signal.close();
        }
      }
    });

    test('[72] disabling an index that has no irqs is refused', async (t) => {
      const { access } = await t.open();
      const infos = await irqInfos(access);
      const empty = infos.filter(({ count }) => count === 0).map(({ index }) => index);
      for (const index of [...empty, infos.length]) {
        await refused('EINVAL', () => access.setIrqs(disable(index)));
      }
    });
  });
}

/** Requests that name no irq: in the kernel each index takes them or not by its own rules. */
const noIrq: readonly BadRequest[] = [
  [
    '[70] bools, but no irq (over vfio-user)',
    { flags: TRIGGER_BOOL, count: 0, bools: new Uint8Array(0) },
    ['EINVAL'],
  ],
  ['[70] disabling from another start (over vfio-user)', { start: 1, count: 0 }, ['EINVAL']],
  ['[70] masking no irq (over vfio-user)', { flags: MASK_NONE, count: 0 }, ['EINVAL']],
];

/** Data that argsz has no room for; a socket's messages have a length of their own. */
const noRoom: readonly BadRequest[] = [
  [
    '[73] bools without room for them (in process)',
    { argsz: 20, flags: TRIGGER_BOOL, bools: Uint8Array.of(1) },
    ['EINVAL'],
  ],
  [
    '[73] a signal without room for it (in process)',
    { argsz: 23, flags: TRIGGER_EVENTFD, signals: [null] },
    ['EINVAL'],
  ],
];
