// The type 0 configuration header (PCI Local Bus 3.0, 6.1) as a register block of 64 bytes.

import { VfioError } from '../errno.ts';
import type { BarLayout, PciBars, PciBarState, PciRom } from './bar.ts';
import { barState, describeBar } from './bar.ts';
import { callAll, checkUint, get16 } from './bytes.ts';
import { PciRegisters } from './register-block.ts';
import type { PciChangeCause, PciRegisterChange } from './register-block.ts';
import * as regs from './registers.ts';

/** Which bits of the header a guest changes, BARs and ROM aside. */
export interface PciHeaderMasks {
  /** RW bits of the command register. */
  readonly command: number;
  /** RW1C bits of the status register. */
  readonly status: number;
  /** RW bits of the cache line size. */
  readonly cacheLineSize: number;
  /** RW bits of the interrupt line. */
  readonly interruptLine: number;
}

/** What a PCI function has: decode, bus master, error bits and INTx disable; the error status bits. */
export const PCI_HEADER_MASKS: PciHeaderMasks = {
  command:
    regs.PCI_COMMAND_IO |
    regs.PCI_COMMAND_MEMORY |
    regs.PCI_COMMAND_MASTER |
    regs.PCI_COMMAND_PARITY |
    regs.PCI_COMMAND_SERR |
    regs.PCI_COMMAND_INTX_DISABLE,
  status:
    regs.PCI_STATUS_PARITY |
    regs.PCI_STATUS_SIG_TARGET_ABORT |
    regs.PCI_STATUS_REC_TARGET_ABORT |
    regs.PCI_STATUS_REC_MASTER_ABORT |
    regs.PCI_STATUS_SIG_SYSTEM_ERROR |
    regs.PCI_STATUS_DETECTED_PARITY,
  cacheLineSize: 0xff,
  interruptLine: 0xff,
};

/** A header whose BARs and ROM are all a guest can change. */
export const PCI_HEADER_FIXED: PciHeaderMasks = {
  command: 0,
  status: 0,
  cacheLineSize: 0,
  interruptLine: 0,
};

/** What stands in the header. */
export interface PciHeaderOptions {
  readonly vendorId: number;
  readonly deviceId: number;
  /** 0 when left out, as the other fields are. */
  readonly subsystemVendorId?: number;
  readonly subsystemId?: number;
  /** 24 bits: base class, subclass, programming interface. */
  readonly classCode: number;
  readonly revisionId?: number;
  /** Initial command register. */
  readonly command?: number;
  /** Initial status register; `PCI_STATUS_CAP_LIST` is added where there is a capability. */
  readonly status?: number;
  /** 0 none, 1 to 4 = INTA to INTD. */
  readonly interruptPin?: number;
  readonly bars?: PciBars;
  readonly rom?: PciRom;
  /** Overrides of {@link PCI_HEADER_MASKS}. */
  readonly masks?: Partial<PciHeaderMasks>;
}

/** What the device wants to know about its header. */
export interface PciHeaderHooks {
  /** A BAR or the ROM moved, or began or stopped to decode; a guest that sizes a BAR moves it for a moment. */
  onBarChanged?(now: PciBarState, before: PciBarState, cause: PciChangeCause): void;
  /** The command register changed; called before `onBarChanged`. */
  onCommandChanged?(now: PciCommand, before: PciCommand, cause: PciChangeCause): void;
}

/** The command register, decoded. */
export interface PciCommand {
  /** The register itself. */
  readonly value: number;
  readonly io: boolean;
  readonly memory: boolean;
  readonly busMaster: boolean;
  readonly intxDisable: boolean;
}

/** What the header says about decoding, bus mastering and INTx. */
export function decodeCommand(header: Uint8Array): PciCommand {
  const value = get16(header, regs.PCI_COMMAND);
  return {
    value,
    io: (value & regs.PCI_COMMAND_IO) !== 0,
    memory: (value & regs.PCI_COMMAND_MEMORY) !== 0,
    busMaster: (value & regs.PCI_COMMAND_MASTER) !== 0,
    intxDisable: (value & regs.PCI_COMMAND_INTX_DISABLE) !== 0,
  };
}

/**
 * Describes the header.
 *
 * @param bars - as `layOutBars` placed them
 * @throws `EINVAL` a field does not fit its register, a mask overlaps what it must not
 */
export function describeHeader(
  op: string,
  options: PciHeaderOptions,
  bars: readonly BarLayout[],
): PciRegisters {
  const masks = { ...PCI_HEADER_MASKS, ...options.masks };
  const { subsystemVendorId = 0, subsystemId = 0, revisionId = 0 } = options;
  const { command = 0, status = 0, interruptPin = 0 } = options;
  checkUint(op, 'vendor id', options.vendorId, 16);
  checkUint(op, 'device id', options.deviceId, 16);
  checkUint(op, 'subsystem vendor id', subsystemVendorId, 16);
  checkUint(op, 'subsystem id', subsystemId, 16);
  checkUint(op, 'class code', options.classCode, 24);
  checkUint(op, 'revision id', revisionId, 8);
  checkUint(op, 'command', command, 16);
  checkUint(op, 'status', status, 16);
  checkUint(op, 'command mask', masks.command, 16);
  checkUint(op, 'status mask', masks.status, 16);
  checkUint(op, 'cache line size mask', masks.cacheLineSize, 8);
  checkUint(op, 'interrupt line mask', masks.interruptLine, 8);
  checkUint(op, 'interrupt pin', interruptPin, 8);
  if (interruptPin > 4) {
    throw new VfioError('EINVAL', op, `interrupt pin ${interruptPin} is not 0 to 4`);
  }
  if (masks.status & (regs.PCI_STATUS_CAP_LIST | regs.PCI_STATUS_INTERRUPT)) {
    throw new VfioError('EINVAL', op, 'capability list and interrupt status are not for the guest');
  }
  const header = new PciRegisters(regs.PCI_STD_HEADER_SIZEOF)
    .set16(regs.PCI_VENDOR_ID, options.vendorId)
    .set16(regs.PCI_DEVICE_ID, options.deviceId)
    .set16(regs.PCI_COMMAND, command, { rw: masks.command })
    .set16(regs.PCI_STATUS, status, { rw1c: masks.status, volatile: regs.PCI_STATUS_INTERRUPT })
    .set32(regs.PCI_CLASS_REVISION, ((options.classCode << 8) | revisionId) >>> 0)
    .set8(regs.PCI_CACHE_LINE_SIZE, 0, { rw: masks.cacheLineSize })
    .set16(regs.PCI_SUBSYSTEM_VENDOR_ID, subsystemVendorId)
    .set16(regs.PCI_SUBSYSTEM_ID, subsystemId)
    .set8(regs.PCI_INTERRUPT_LINE, 0, { rw: masks.interruptLine })
    .set8(regs.PCI_INTERRUPT_PIN, interruptPin);
  for (const bar of bars) describeBar(header, bar);
  return header;
}

/** Calls the hooks whose part of the header changed, command first, then BARs in order. */
export function tellHeaderChange(
  bars: readonly BarLayout[],
  hooks: PciHeaderHooks,
  { bytes, before, cause }: PciRegisterChange,
): void {
  const calls: (() => void)[] = [];
  if (get16(bytes, regs.PCI_COMMAND) !== get16(before, regs.PCI_COMMAND)) {
    calls.push(() => hooks.onCommandChanged?.(decodeCommand(bytes), decodeCommand(before), cause));
  }
  for (const bar of bars) {
    const now = barState(bytes, bar);
    const old = barState(before, bar);
    if (now.address === old.address && now.enabled === old.enabled) continue;
    calls.push(() => hooks.onBarChanged?.(now, old, cause));
  }
  callAll(calls);
}
