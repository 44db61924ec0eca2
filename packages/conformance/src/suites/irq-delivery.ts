// Interrupts as they are delivered: who is signalled, when, and how often.

/* oxlint-disable no-await-in-loop -- a guest does one thing after the other */

import {
  VFIO_IRQ_INFO_AUTOMASKED,
  VFIO_IRQ_INFO_MASKABLE,
  VFIO_IRQ_SET_ACTION_MASK,
  VFIO_IRQ_SET_ACTION_UNMASK,
  VFIO_IRQ_SET_DATA_BOOL,
  VFIO_IRQ_SET_DATA_NONE,
  VFIO_PCI_ERR_IRQ_INDEX,
  VFIO_PCI_INTX_IRQ_INDEX,
  VFIO_PCI_MSIX_IRQ_INDEX,
  type ErrnoCode,
} from '@vfio-ts/core';
import { expect } from 'vitest';
import { outcome, refused } from '../assert.ts';
import type { DeviceHarness } from '../harness.ts';
import { hooksOf } from '../probe/hooks.ts';
import {
  assign,
  countOf,
  disabling,
  implementedIrqs,
  MASK_NONE,
  TRIGGER_BOOL,
  TRIGGER_EVENTFD,
  TRIGGER_NONE,
  UNMASK_NONE,
} from '../probe/irqs.ts';
import type { TestSignal } from '../session.ts';
import { declareSuite, type SuiteOptions, type SuiteTests } from '../suite.ts';

const NONE = VFIO_IRQ_SET_DATA_NONE;
const BOOL = VFIO_IRQ_SET_DATA_BOOL;
const MASK = VFIO_IRQ_SET_ACTION_MASK;
const UNMASK = VFIO_IRQ_SET_ACTION_UNMASK;

/** Statements 74 to 81, for devices with `irqs`. */
export function irqDeliverySuite<T extends object>(
  harness: DeviceHarness<T>,
  options: SuiteOptions = {},
): void {
  if (!harness.supports.irqs) return;
  declareSuite('interrupt delivery', harness, options, (tests) => {
    const { test } = tests;
    const { trigger, setIntx } = hooksOf(harness);
    const disable = disabling(harness);
    const notMaskable = harness.signalsOnly === true ? 'EINVAL' : 'ENOTTY';
    const isEvent = (index: number): boolean =>
      harness.supports.pci && index >= VFIO_PCI_ERR_IRQ_INDEX;

    test('[74] each trigger of the device signals its own irq exactly once', async (t) => {
      const { access, device, session } = await t.open();
      for (const { index, count } of await implementedIrqs(access)) {
        const signals = Array.from({ length: count }, () => session.signal());
        await assign(access, index, 0, signals);
        for (let subindex = 0; subindex < count; subindex++) {
          trigger(device, index, subindex);
          const counts = await Promise.all(signals.map((signal) => countOf(session, signal)));
          expect([index, ...counts]).toEqual([index, ...signals.map((_, i) => +(i <= subindex))]);
        }
        await access.setIrqs(disable(index));
      }
    });

    test('[74] three triggers of a message are three signals', async (t) => {
      const { access, device, session } = await t.open();
      for (const { index, flags } of await implementedIrqs(access)) {
        if ((flags & VFIO_IRQ_INFO_AUTOMASKED) !== 0) continue;
        const signal = session.signal();
        await assign(access, index, 0, [signal]);
        for (let i = 0; i < 3; i++) trigger(device, index, 0);
        expect([index, await countOf(session, signal)]).toEqual([index, 3]);
        await access.setIrqs(disable(index));
      }
    });

    test('[74] some irqs of an index can be assigned, the others stay silent', async (t) => {
      const { access, device, session } = await t.open();
      for (const { index, count } of await implementedIrqs(access)) {
        if (count < 2) continue;
        const signal = session.signal();
        await assign(access, index, count - 1, [signal]);
        for (let subindex = 0; subindex < count; subindex++) trigger(device, index, subindex);
        expect([index, await countOf(session, signal)]).toEqual([index, 1]);
        await access.setIrqs(disable(index));
      }
    });

    test('[75] a trigger that nobody listens to is no error', async (t) => {
      const { access, device } = await t.open();
      for (const { index, count } of await implementedIrqs(access)) {
        for (let subindex = 0; subindex < count; subindex++) trigger(device, index, subindex);
      }
    });

    for (const [what, stop] of [
      [
        'de-assigned',
        (index: number) => ({
          ...disable(index),
          flags: TRIGGER_EVENTFD,
          count: 1,
          signals: [null],
        }),
      ],
      ['disabled', disable],
    ] as const) {
      test(`[75] an irq that was ${what} is silent, its signal given back`, async (t) => {
        const { access, device, session } = await t.open();
        for (const { index } of await implementedIrqs(access)) {
          const signal = session.signal();
          await assign(access, index, 0, [signal]);
          await access.setIrqs(stop(index));
          trigger(device, index, 0);
          expect([index, await countOf(session, signal)]).toEqual([index, 0]);
          expect(signal.isReleased?.() ?? true).toBe(true);
          await access.setIrqs(disable(index));
        }
      });
    }

    test('[75] disabling an index that is disabled changes nothing', async (t) => {
      const { access, session } = await t.open();
      for (const { index } of await implementedIrqs(access)) {
        const codes = ['ok', 'EINVAL'];
        expect(codes).toContain(await outcome(() => access.setIrqs(disable(index))));
        await assign(access, index, 0, [session.signal()]);
        await access.setIrqs(disable(index));
      }
    });

    test('[76] after a re-assign only the new signal counts and the old one is given back', async (t) => {
      const { access, device, session } = await t.open();
      for (const { index } of await implementedIrqs(access)) {
        const old = session.signal();
        const next = session.signal();
        await assign(access, index, 0, [old]);
        await assign(access, index, 0, [next]);
        trigger(device, index, 0);
        expect([index, await countOf(session, old)]).toEqual([index, 0]);
        expect([index, await countOf(session, next)]).toEqual([index, 1]);
        expect(old.isReleased?.() ?? true).toBe(true);
        expect(next.isReleased?.() ?? false).toBe(false);
        await access.setIrqs(disable(index));
      }
    });

    if (harness.signalsOnly === true) {
      signalsOnly(tests);
    } else {
      test('[77] a loop-back without data signals all that are named', async (t) => {
        const { access, session } = await t.open();
        for (const { index, count } of await implementedIrqs(access)) {
          const signals = Array.from({ length: count }, () => session.signal());
          await assign(access, index, 0, signals);
          await access.setIrqs({ flags: TRIGGER_NONE, index, start: count - 1, count: 1 });
          const counts = await Promise.all(signals.map((signal) => countOf(session, signal)));
          expect([index, ...counts]).toEqual([index, ...signals.map((_, i) => +(i === count - 1))]);
          await access.setIrqs(disable(index));
        }
      });

      test('[77] a loop-back with bools signals those that are set', async (t) => {
        const { access, session } = await t.open();
        for (const { index, count } of await implementedIrqs(access)) {
          const signals = Array.from({ length: count }, () => session.signal());
          const bools = Uint8Array.from(signals, (_, i) => +(i % 2 === 0));
          await assign(access, index, 0, signals);
          await access.setIrqs({ flags: TRIGGER_BOOL, index, start: 0, count, bools });
          const counts = await Promise.all(signals.map((signal) => countOf(session, signal)));
          expect([index, ...counts]).toEqual([index, ...bools]);
          await access.setIrqs(disable(index));
        }
      });
    }

    test('[77] a loop-back of an index that is not enabled is refused', async (t) => {
      const { access } = await t.open();
      for (const { index } of await implementedIrqs(access)) {
        await refused('EINVAL', () =>
          access.setIrqs({ flags: TRIGGER_NONE, index, start: 0, count: 1 }),
        );
        const bools = Uint8Array.of(1);
        const one = { flags: TRIGGER_BOOL, index, start: 0, count: 1, bools };
        // The single-event indexes of vfio-pci look at the bool first, then for somebody to tell.
        const codes = isEvent(index) ? ['EINVAL', 'ok'] : ['EINVAL'];
        expect(codes).toContain(await outcome(() => access.setIrqs(one)));
      }
    });

    if (harness.supports.pci) {
      test('[78] INTx, MSI and MSI-X exclude each other', async (t) => {
        const { access, device, session } = await t.open();
        const irqs = (await implementedIrqs(access)).filter(
          ({ index }) => index <= VFIO_PCI_MSIX_IRQ_INDEX,
        );
        for (const { index } of irqs) {
          const signal = session.signal();
          await assign(access, index, 0, [signal]);
          for (const other of irqs.filter((irq) => irq.index !== index)) {
            const more = session.signal();
            await refused('EINVAL', () => assign(access, other.index, 0, [more]));
            expect(more.isReleased?.() ?? false).toBe(false);
            more.close();
          }
          trigger(device, index, 0);
          expect([index, await countOf(session, signal)]).toEqual([index, 1]);
          await access.setIrqs(disable(index));
        }
      });

      for (const [what, start, count] of [
        ['start 1', 1, 1],
        ['count 0', 0, 0],
        ['count 2', 0, 2],
      ] as const) {
        test(`[79] INTx is neither masked nor unmasked with ${what}`, async (t) => {
          const { access } = await t.open();
          for (const flags of [MASK_NONE, UNMASK_NONE]) {
            const index = VFIO_PCI_INTX_IRQ_INDEX;
            await refused('EINVAL', () => access.setIrqs({ flags, index, start, count }));
          }
        });
      }
    }

    test('[79] an auto-masked irq is signalled once until it is unmasked', async (t) => {
      const { access, device, session } = await t.open();
      for (const { index, flags } of await implementedIrqs(access)) {
        if ((flags & VFIO_IRQ_INFO_AUTOMASKED) === 0) continue;
        const signal = session.signal();
        const one = { index, start: 0, count: 1 };
        await assign(access, index, 0, [signal]);
        trigger(device, index, 0);
        trigger(device, index, 0);
        expect(await countOf(session, signal)).toBe(1);
        // What came while it was masked is delivered, once.
        await access.setIrqs({ ...one, flags: UNMASK_NONE });
        expect(await countOf(session, signal)).toBe(2);
        await access.setIrqs({ ...one, flags: UNMASK_NONE });
        expect(await countOf(session, signal)).toBe(2);
        await access.setIrqs(disable(index));
      }
    });

    for (const [what, data] of [
      ['no data', { flags: NONE }],
      ['bools', { flags: BOOL, bools: Uint8Array.of(1) }],
    ] as const) {
      test(`[79] a maskable irq masked with ${what} waits for the unmask`, async (t) => {
        const { access, device, session } = await t.open();
        for (const { index, flags } of await implementedIrqs(access)) {
          if ((flags & VFIO_IRQ_INFO_MASKABLE) === 0) continue;
          const signal = session.signal();
          const one = { ...data, index, start: 0, count: 1 };
          await assign(access, index, 0, [signal]);
          await access.setIrqs({ ...one, flags: data.flags | MASK });
          trigger(device, index, 0);
          expect([index, await countOf(session, signal)]).toEqual([index, 0]);
          await access.setIrqs({ ...one, flags: data.flags | UNMASK });
          expect([index, await countOf(session, signal)]).toEqual([index, 1]);
          await access.setIrqs(disable(index));
        }
      });
    }

    if (setIntx !== undefined) {
      test('[79] INTx is a level: while it is up, each unmask signals again', async (t) => {
        const { access, device, session } = await t.open();
        const signal = session.signal();
        const unmask = { flags: UNMASK_NONE, index: VFIO_PCI_INTX_IRQ_INDEX, start: 0, count: 1 };
        await assign(access, VFIO_PCI_INTX_IRQ_INDEX, 0, [signal]);
        setIntx(device, true);
        expect(await countOf(session, signal)).toBe(1);
        await access.setIrqs(unmask);
        expect(await countOf(session, signal)).toBe(2);
        setIntx(device, false);
        await access.setIrqs(unmask);
        expect(await countOf(session, signal)).toBe(2);
        setIntx(device, true);
        expect(await countOf(session, signal)).toBe(3);
        setIntx(device, false);
      });
    }

    test('[80] an index that is not maskable refuses to be masked', async (t) => {
      const { access } = await t.open();
      for (const { index, flags } of await implementedIrqs(access)) {
        if ((flags & VFIO_IRQ_INFO_MASKABLE) !== 0) continue;
        for (const request of [MASK_NONE, UNMASK_NONE]) {
          const codes: readonly ErrnoCode[] = isEvent(index) ? ['ENOTTY', 'EINVAL'] : [notMaskable];
          await refused(codes, () => access.setIrqs({ flags: request, index, start: 0, count: 1 }));
        }
      }
    });

    test('[81] at close every signal is given back and nothing is signalled any more', async (t) => {
      const { access, device, session } = await t.open();
      const signals: TestSignal[] = [];
      const seen = new Set<string>();
      for (const { index, count } of await implementedIrqs(access)) {
        // Of those that exclude each other, one.
        const kind = harness.supports.pci && index <= VFIO_PCI_MSIX_IRQ_INDEX ? 'irq' : `${index}`;
        if (seen.has(kind)) continue;
        seen.add(kind);
        const own = Array.from({ length: count }, () => session.signal());
        signals.push(...own);
        await assign(access, index, 0, own);
      }
      await session.close();
      expect(signals.map((signal) => signal.isReleased?.() ?? true)).not.toContain(false);
      trigger(device, 0, 0);
      expect(signals.map((signal) => signal.count())).toEqual(signals.map(() => 0));
    });

    test('[81] after a reopen nothing is enabled or masked', async (t) => {
      const { access, session, vdev, device } = await t.open();
      for (const { index, flags } of await implementedIrqs(access)) {
        if ((flags & VFIO_IRQ_INFO_MASKABLE) === 0) continue;
        await access.setIrqs({ flags: MASK_NONE, index, start: 0, count: 1 });
      }
      const [first] = await implementedIrqs(access);
      if (first !== undefined) await assign(access, first.index, 0, [session.signal()]);
      await session.close();
      const again = await t.connect(vdev);
      for (const { index } of await implementedIrqs(again.access)) {
        const one = { flags: TRIGGER_NONE, index, start: 0, count: 1 };
        await refused('EINVAL', () => again.access.setIrqs(one));
        const signal = again.signal();
        await assign(again.access, index, 0, [signal]);
        trigger(device, index, 0);
        expect([index, await countOf(again, signal)]).toEqual([index, 1]);
        await again.access.setIrqs(disable(index));
      }
    });
  });
}

/** An index that takes signals only refuses all that others do with them. */
function signalsOnly<T extends object>({ test, harness }: SuiteTests<T>): void {
  const { trigger } = hooksOf(harness);
  for (const [what, request] of [
    ['firing without data', { flags: TRIGGER_NONE, count: 1 }],
    ['firing with bools', { flags: TRIGGER_BOOL, count: 1, bools: Uint8Array.of(1) }],
    ['disabling without data', { flags: TRIGGER_NONE, count: 0 }],
  ] as const) {
    test(`[77] ${what} is refused, and nothing changes`, async (t) => {
      const { access, device, session } = await t.open();
      for (const { index } of await implementedIrqs(access)) {
        const signal = session.signal();
        await assign(access, index, 0, [signal]);
        await refused('EINVAL', () => access.setIrqs({ ...request, index, start: 0 }));
        expect([index, await countOf(session, signal)]).toEqual([index, 0]);
        trigger(device, index, 0);
        expect([index, await countOf(session, signal)]).toEqual([index, 1]);
      }
    });
  }
}
