// Concepts: a PciConfigSpace is a live configuration space of header type 0. The guest's accesses go through
// read() and write(), which any offset and length inside the space may use; the device changes what it shows
// with store(). A bit obeys the mask it is in; callbacks run after everything is stored, and are told of a
// change exactly once, whatever caused it.

import { hex } from '../arguments.ts';
import { VfioError } from '../errno.ts';
import { layOutBars, barState } from './bar.ts';
import type { BarLayout, PciBarState } from './bar.ts';
import { callAll, checkRange, get16, get32, put, sameBytes } from './bytes.ts';
import { decodeCommand, describeHeader, tellHeaderChange } from './header.ts';
import type { PciCommand, PciHeaderHooks, PciHeaderOptions } from './header.ts';
import { hexDump } from './hex-dump.ts';
import { findCapabilityIn, layOut } from './layout.ts';
import type { PlacedBlock, PlacedCapability } from './layout.ts';
import { afterWrite, fixedBits } from './register-block.ts';
import type {
  PciCapability,
  PciChangeCause,
  PciDeviceRegisters,
  PciExtendedCapability,
  PciRegisterBlock,
  PciRegisters,
} from './register-block.ts';
import * as regs from './registers.ts';

/** What a configuration space is built from. */
export interface PciConfigOptions extends PciHeaderOptions, PciHeaderHooks {
  /** 256 conventional, 4096 PCI Express; 256 when left out. */
  readonly size?: 256 | 4096;
  /** In the order of their list. */
  readonly capabilities?: readonly PciCapability[];
  /** In the order of their list; only in a space of 4096 bytes. */
  readonly extendedCapabilities?: readonly PciExtendedCapability[];
  /** The device's own registers outside any capability. */
  readonly registers?: readonly PciDeviceRegisters[];
}

/** Configuration space of one PCI function, as its guest sees it. */
export class PciConfigSpace {
  /** Bytes. */
  readonly size: 256 | 4096;
  readonly #bars: readonly BarLayout[];
  readonly #blocks: readonly PlacedBlock[];
  readonly #capabilities: readonly PlacedCapability[];
  readonly #extendedCapabilities: readonly PlacedCapability[];
  /** Initial bytes and masks; never changes. */
  readonly #initial: PciRegisters;
  readonly #value: Uint8Array;
  /** What `onChange` of each block saw last. */
  readonly #seen: Uint8Array;

  /**
   * Lays out and fills the space. Bytes and masks are copied; callbacks are looked up at each call.
   *
   * @throws `EINVAL` something does not fit its register, its place or its masks; `ENOSPC` no room for a
   * capability
   */
  constructor(options: PciConfigOptions) {
    const op = 'PciConfigSpace';
    const { size = regs.PCI_CFG_SPACE_SIZE, bars = {}, rom } = options;
    const { capabilities = [], extendedCapabilities = [], registers = [] } = options;
    if (size !== regs.PCI_CFG_SPACE_SIZE && size !== regs.PCI_CFG_SPACE_EXP_SIZE) {
      throw new VfioError('EINVAL', op, `size ${hex(size)} is neither 0x100 nor 0x1000`);
    }
    this.size = size;
    this.#bars = layOutBars(op, bars, rom);
    const header: PciRegisterBlock = {
      registers: describeHeader(op, options, this.#bars),
      onChange: (change) => tellHeaderChange(this.#bars, options, change),
    };
    const layout = layOut(op, size, header, { capabilities, extendedCapabilities, registers });
    this.#initial = layout.space;
    this.#blocks = layout.blocks;
    this.#capabilities = layout.capabilities;
    this.#extendedCapabilities = layout.extendedCapabilities;
    this.#value = layout.space.bytes.slice();
    this.#seen = layout.space.bytes.slice();
    const memoryBarSize = (index: number): number | undefined =>
      this.#bars.find((bar) => bar.index === index && bar.kind === 'memory')?.size;
    for (const capability of capabilities) capability.check?.({ memoryBarSize });
  }

  /**
   * Reads `into.length` bytes from `offset`.
   *
   * @throws `EINVAL` the range is not inside the space
   */
  read(offset: number, into: Uint8Array): void {
    checkRange('pciConfigRead', offset, into.length, this.size);
    into.set(this.#value.subarray(offset, offset + into.length));
  }

  /**
   * Writes as the guest does: bits a guest cannot change are ignored.
   *
   * @throws `EINVAL` the range is not inside the space; what a callback threw, with everything stored and
   * every other callback called
   */
  write(offset: number, from: Uint8Array): void {
    checkRange('pciConfigWrite', offset, from.length, this.size);
    if (from.length === 0) return;
    const end = offset + from.length;
    const touched = this.#blocks.filter((at) => at.offset < end && offset < at.offset + at.length);
    const adjusted = touched.map((at) => this.#adjusted(at, offset, from));
    for (let i = 0; i < from.length; i++) {
      this.#value[offset + i] = afterWrite(
        this.#initial,
        offset + i,
        this.#value[offset + i] ?? 0,
        from[i] ?? 0,
      );
    }
    touched.forEach((at, i) => {
      const bytes = adjusted[i];
      if (bytes !== undefined) this.#value.set(bytes, at.offset);
    });
    const calls = touched.map((at) => () => this.#tellChange(at, 'write'));
    for (const at of touched) {
      if (at.block.onWrite === undefined) continue;
      const first = Math.max(offset, at.offset);
      const data = from.slice(first - offset, at.offset + at.length - offset);
      calls.push(() => at.block.onWrite?.({ start: first - at.offset, data }));
    }
    callAll(calls);
  }

  /**
   * Reads one byte.
   *
   * @throws `EINVAL` not inside the space
   */
  read8(offset: number): number {
    checkRange('pciConfigRead', offset, 1, this.size);
    return this.#value[offset] ?? 0;
  }

  /**
   * Reads two bytes.
   *
   * @throws `EINVAL` not inside the space
   */
  read16(offset: number): number {
    checkRange('pciConfigRead', offset, 2, this.size);
    return get16(this.#value, offset);
  }

  /**
   * Reads four bytes, unsigned.
   *
   * @throws `EINVAL` not inside the space
   */
  read32(offset: number): number {
    checkRange('pciConfigRead', offset, 4, this.size);
    return get32(this.#value, offset);
  }

  /**
   * Changes what the space shows, from the device's side: any bit that is not fixed, without callbacks.
   *
   * @throws `EINVAL` the range is not inside the space, or a fixed bit would change
   */
  store(offset: number, from: Uint8Array): void {
    const op = 'pciConfigStore';
    checkRange(op, offset, from.length, this.size);
    for (let i = 0; i < from.length; i++) {
      const change = (from[i] ?? 0) ^ (this.#value[offset + i] ?? 0);
      if (change & fixedBits(this.#initial, offset + i)) {
        throw new VfioError('EINVAL', op, `byte ${hex(offset + i)} has fixed bits that differ`);
      }
    }
    // A guest's change that its callback has not seen yet stays one: only the stored bits count as seen.
    for (let i = 0; i < from.length; i++) {
      const at = offset + i;
      const change = (from[i] ?? 0) ^ (this.#value[at] ?? 0);
      this.#value[at] = from[i] ?? 0;
      this.#seen[at] = ((this.#seen[at] ?? 0) & ~change) | ((from[i] ?? 0) & change);
    }
  }

  /** Shows or hides a pending INTx interrupt in the status register. */
  setIntxStatus(asserted: boolean): void {
    const status = new Uint8Array(2);
    const others = this.read16(regs.PCI_STATUS) & ~regs.PCI_STATUS_INTERRUPT;
    put(status, 0, 2, others | (asserted ? regs.PCI_STATUS_INTERRUPT : 0));
    this.store(regs.PCI_STATUS, status);
  }

  /**
   * Returns every register to its initial value.
   *
   * @throws what a callback threw, with the reset done and every other callback called
   */
  reset(): void {
    this.#value.set(this.#initial.bytes);
    this.#tellAll('reset');
  }

  /** The guest-visible state: the bytes of the space, a copy. */
  save(): Uint8Array {
    return this.#value.slice();
  }

  /**
   * Takes over a state that {@link PciConfigSpace.save} gave for a space built alike.
   *
   * @throws `EINVAL` another length, a fixed bit differs, or a value no write could have stored: nothing
   * has changed; what a callback threw, with the state restored and every other callback called
   */
  restore(state: Uint8Array): void {
    const op = 'pciConfigRestore';
    if (state.length !== this.size) {
      throw new VfioError('EINVAL', op, `${hex(state.length)} bytes, not ${hex(this.size)}`);
    }
    const initial = this.#initial.bytes;
    const differs = state.findIndex(
      (byte, i) => ((byte ^ (initial[i] ?? 0)) & fixedBits(this.#initial, i)) !== 0,
    );
    if (differs !== -1) {
      throw new VfioError('EINVAL', op, `byte ${hex(differs)} is not of this device`);
    }
    for (const { offset, length, block } of this.#blocks) {
      const next = state.slice(offset, offset + length);
      block.adjust?.(next, initial.slice(offset, offset + length));
      if (!sameBytes(next, state.subarray(offset, offset + length))) {
        throw new VfioError('EINVAL', op, `block at ${hex(offset)} has a value it cannot hold`);
      }
    }
    this.#value.set(state);
    this.#tellAll('restore');
  }

  /** The BARs that exist in order of their slots, then the ROM. */
  bars(): PciBarState[] {
    return this.#bars.map((bar) => barState(this.#value, bar));
  }

  /** A BAR by the slot it starts in, or the ROM as `VFIO_PCI_ROM_REGION_INDEX`; `undefined` if none. */
  bar(index: number): PciBarState | undefined {
    const layout = this.#bars.find((bar) => bar.index === index);
    return layout && barState(this.#value, layout);
  }

  /** The command register. */
  command(): PciCommand {
    return decodeCommand(this.#value);
  }

  /**
   * Finds a capability. Counterpart of `pci_find_capability()` and `pci_find_next_capability()`.
   *
   * @param id - `PCI_CAP_ID_*`
   * @param after - offset of a capability; only later ones in the list are looked at
   * @returns its offset
   * @throws `EINVAL` there is no capability at `after`
   */
  findCapability(id: number, after?: number): number | undefined {
    return findCapabilityIn(this.#capabilities, id, after);
  }

  /**
   * Finds an extended capability. Counterpart of `pci_find_ext_capability()` and
   * `pci_find_next_ext_capability()`.
   *
   * @param id - `PCI_EXT_CAP_ID_*`
   * @param after - offset of an extended capability; only later ones in the list are looked at
   * @returns its offset
   * @throws `EINVAL` there is no capability at `after`
   */
  findExtCapability(id: number, after?: number): number | undefined {
    return findCapabilityIn(this.#extendedCapabilities, id, after);
  }

  /**
   * Writes the space as `lspci -F` reads it.
   *
   * @param slot - address of the function; `00:00.0` when left out
   */
  hexDump(slot = '00:00.0'): string {
    return hexDump(this.#value, slot, `${hexId(this, 0)}:${hexId(this, 2)}`);
  }

  /** A block as its own rule would have it after a write; `undefined` where masks say it all. */
  #adjusted(at: PlacedBlock, offset: number, from: Uint8Array): Uint8Array | undefined {
    if (at.block.adjust === undefined) return undefined;
    const before = this.#value.slice(at.offset, at.offset + at.length);
    const next = before.map((byte, i) => {
      const written = from[at.offset + i - offset];
      return written === undefined ? byte : afterWrite(this.#initial, at.offset + i, byte, written);
    });
    at.block.adjust(next, before.slice());
    return next.map((byte, i) => {
      const fixed = fixedBits(this.#initial, at.offset + i);
      return (byte & ~fixed) | ((before[i] ?? 0) & fixed);
    });
  }

  #tellAll(cause: PciChangeCause): void {
    callAll(this.#blocks.map((at) => () => this.#tellChange(at, cause)));
  }

  /** Compares with what was seen last, so that a callback which changes the space itself is told once. */
  #tellChange({ offset, length, block }: PlacedBlock, cause: PciChangeCause): void {
    const bytes = this.#value.slice(offset, offset + length);
    const before = this.#seen.slice(offset, offset + length);
    if (sameBytes(bytes, before)) return;
    this.#seen.set(bytes, offset);
    block.onChange?.({ bytes, before, cause });
  }
}

function hexId(config: PciConfigSpace, offset: number): string {
  return config.read16(offset).toString(16).padStart(4, '0');
}
