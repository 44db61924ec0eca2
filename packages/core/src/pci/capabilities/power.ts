// Power management capability (PCI Bus Power Management Interface 1.2, 3.2).

import { checkUint, get16, put } from '../bytes.ts';
import type { PciConfigSpace } from '../config-space.ts';
import { PciRegisters } from '../register-block.ts';
import type { PciCapability, PciChangeCause } from '../register-block.ts';
import * as regs from '../registers.ts';

/** Power state of a function. */
export type PciPowerState = 'D0' | 'D1' | 'D2' | 'D3hot';

/** By the number in the register. */
const STATES: readonly PciPowerState[] = ['D0', 'D1', 'D2', 'D3hot'];

/** What a power management capability offers. */
export interface PciPmOptions {
  readonly offset?: number;
  /** D1 is supported. */
  readonly d1?: boolean;
  /** D2 is supported. */
  readonly d2?: boolean;
  /** States from which PME# is signalled: bit 0 D0, 1 D1, 2 D2, 3 D3hot, 4 D3cold. */
  readonly pmeSupport?: number;
  /** Registers keep their values from D3hot to D0; true when left out. */
  readonly noSoftReset?: boolean;
  /** The guest, a reset or a restore changed the power state. */
  onPowerState?(now: PciPowerState, before: PciPowerState, cause: PciChangeCause): void;
}

/**
 * Makes a power management capability, version 3. A write of a state that is not supported leaves the state
 * alone.
 *
 * @throws `EINVAL` `pmeSupport` does not fit 5 bits
 */
export function pmCapability(options: PciPmOptions = {}): PciCapability {
  const { d1 = false, d2 = false, pmeSupport = 0, noSoftReset = true } = options;
  checkUint('pmCapability', 'pme support', pmeSupport, 5);
  const pme = pmeSupport === 0 ? 0 : 1;
  const registers = new PciRegisters(regs.PCI_PM_SIZEOF)
    .set16(
      regs.PCI_PM_PMC,
      3 |
        (d1 ? regs.PCI_PM_CAP_D1 : 0) |
        (d2 ? regs.PCI_PM_CAP_D2 : 0) |
        (pmeSupport << regs.PCI_PM_CAP_PME_SHIFT),
    )
    .set16(regs.PCI_PM_CTRL, noSoftReset ? regs.PCI_PM_CTRL_NO_SOFT_RESET : 0, {
      rw: regs.PCI_PM_CTRL_STATE_MASK | (pme * regs.PCI_PM_CTRL_PME_ENABLE),
      rw1c: pme * regs.PCI_PM_CTRL_PME_STATUS,
    });
  return {
    id: regs.PCI_CAP_ID_PM,
    ...(options.offset !== undefined && { offset: options.offset }),
    registers,
    adjust(next, before) {
      const state = stateOf(next);
      if ((state !== 'D1' || d1) && (state !== 'D2' || d2)) return;
      const kept = get16(before, regs.PCI_PM_CTRL) & regs.PCI_PM_CTRL_STATE_MASK;
      const others = get16(next, regs.PCI_PM_CTRL) & ~regs.PCI_PM_CTRL_STATE_MASK;
      put(next, regs.PCI_PM_CTRL, 2, others | kept);
    },
    onChange({ bytes, before, cause }) {
      const now = stateOf(bytes);
      const old = stateOf(before);
      if (now !== old) options.onPowerState?.(now, old, cause);
    },
  };
}

/** The power state a function is in; `undefined` without a power management capability. */
export function pmState(config: PciConfigSpace): PciPowerState | undefined {
  const offset = config.findCapability(regs.PCI_CAP_ID_PM);
  if (offset === undefined) return undefined;
  const bytes = new Uint8Array(regs.PCI_PM_SIZEOF);
  config.read(offset, bytes);
  return stateOf(bytes);
}

function stateOf(bytes: Uint8Array): PciPowerState {
  return STATES[get16(bytes, regs.PCI_PM_CTRL) & regs.PCI_PM_CTRL_STATE_MASK] ?? 'D0';
}
