// The BAR sizing protocol (PCI Local Bus 3.0, 6.2.5.1), as firmware and operating systems run it.

/* oxlint-disable no-await-in-loop -- a guest does one thing after the other */

import {
  PCI_BASE_ADDRESS_0,
  PCI_BASE_ADDRESS_MEM_TYPE_64,
  PCI_BASE_ADDRESS_MEM_TYPE_MASK,
  PCI_BASE_ADDRESS_SPACE_IO,
  VFIO_PCI_CONFIG_REGION_INDEX,
  type VfioAccess,
} from '@vfio-ts/core';
import { read32, write32 } from './regions.ts';

/** What sizing a BAR shows. */
export interface SizedBar {
  /** Slot the BAR starts in. */
  readonly index: number;
  readonly isIo: boolean;
  readonly is64: boolean;
  /** Bytes, as the mask says; not a power of two where the mask has holes. */
  readonly size: number;
  /** What the registers held before and hold after the restore, low half first. */
  readonly before: readonly number[];
  readonly after: readonly number[];
  /** What the low half held with all ones written. */
  readonly mask: number;
}

const CONFIG = VFIO_PCI_CONFIG_REGION_INDEX;
const U32 = 2 ** 32;

/** Sizes every BAR there is and restores each. */
export async function sizeBars(access: VfioAccess): Promise<readonly SizedBar[]> {
  const bars: SizedBar[] = [];
  for (let index = 0; index < 6; index++) {
    // A BAR's type says whether the next slot is one of its own.
    const bar = await sizeBar(access, index);
    if (bar === undefined) continue;
    bars.push(bar);
    if (bar.is64) index++;
  }
  return bars;
}

/** Sizes the BAR that starts in a slot; `undefined` where there is none. */
async function sizeBar(access: VfioAccess, index: number): Promise<SizedBar | undefined> {
  const low = PCI_BASE_ADDRESS_0 + 4 * index;
  const first = await read32(access, CONFIG, low);
  const isIo = (first & PCI_BASE_ADDRESS_SPACE_IO) !== 0;
  const type = first & PCI_BASE_ADDRESS_MEM_TYPE_MASK;
  const is64 = !isIo && type === PCI_BASE_ADDRESS_MEM_TYPE_64;
  const registers = is64 ? [low, low + 4] : [low];
  const before = await Promise.all(registers.map((at) => read32(access, CONFIG, at)));
  await Promise.all(registers.map((at) => write32(access, CONFIG, at, U32 - 1)));
  const masks = await Promise.all(registers.map((at) => read32(access, CONFIG, at)));
  await Promise.all(registers.map((at, i) => write32(access, CONFIG, at, before[i] ?? 0)));
  const after = await Promise.all(registers.map((at) => read32(access, CONFIG, at)));
  const [mask = 0, high = U32 - 1] = masks;
  if (mask === 0 && (masks[1] ?? 0) === 0) return undefined;
  const address = BigInt(high) * BigInt(U32) + BigInt(mask - (mask & (isIo ? 3 : 0xf)));
  // The upper half of an I/O BAR may be hardwired to 0.
  const space = isIo && mask < 2 ** 16 ? 2n ** 64n - BigInt(U32) + 2n ** 16n : 2n ** 64n;
  const size = Number(space - address);
  return { index, isIo, is64, size, before, after, mask };
}
