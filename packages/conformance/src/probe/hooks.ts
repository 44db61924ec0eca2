// The harness's hooks as plain functions.

import type { DeviceHarness } from '../harness.ts';

/** The hooks of a harness; those it lacks are `undefined`. */
export interface Hooks<T> {
  readonly snapshot: ((device: T) => Uint8Array) | undefined;
  readonly mutate: ((device: T) => void) | undefined;
  readonly setIntx: ((device: T, asserted: boolean) => void) | undefined;
  /** @throws TypeError the harness says that there are interrupts and cannot raise one */
  readonly trigger: (device: T, index: number, subindex: number) => void;
}

/** The hooks of a harness, good without it. */
export function hooksOf<T extends object>(harness: DeviceHarness<T>): Hooks<T> {
  return {
    snapshot: harness.snapshot?.bind(harness),
    mutate: harness.mutate?.bind(harness),
    setIntx: harness.setIntx?.bind(harness),
    trigger(device, index, subindex) {
      if (harness.triggerIrq === undefined) throw new TypeError('irqs needs triggerIrq');
      harness.triggerIrq(device, index, subindex);
    },
  };
}
