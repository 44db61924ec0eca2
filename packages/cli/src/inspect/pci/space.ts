// A whole configuration space: header, and the lists of capabilities followed as lspci follows them.

import { CAP_EXPRESS, CAP_PCIX, CAPABILITIES, type CapabilityKind } from './capabilities.ts';
import { EXTENDED_CAPABILITIES } from './extended-capabilities.ts';
import { bits, digits, PciBytes, type Facts } from './facts.ts';
import { decodeHeader, type PciHeaderReport } from './header.ts';

/** A capability. */
export interface PciCapabilityReport {
  readonly id: number;
  readonly name: string;
  readonly offset: number;
  readonly facts: Facts;
}

/** The same in extended space. */
export interface PciExtendedCapabilityReport extends PciCapabilityReport {
  readonly version: number;
}

/** What keeps a list from having an end: it comes back to itself, there is nothing, or it leads out of what can be read. */
export type ListFault = 'looped' | 'broken' | 'cut off';

/** All of it. */
export interface PciSpaceReport extends PciHeaderReport {
  readonly capabilities: readonly PciCapabilityReport[];
  readonly extendedCapabilities: readonly PciExtendedCapabilityReport[];
  readonly fault?: ListFault;
  /** Of the extended ones. */
  readonly extendedFault?: ListFault;
}

const STATUS_CAP_LIST = 0x10;
const CONVENTIONAL = 0x100;
/** Where the list begins, by header type; CardBus bridges have it elsewhere, and nobody has them. */
const FIRST: Readonly<Record<number, number>> = { 0: 0x34, 1: 0x34 };

interface List<T> {
  readonly found: readonly T[];
  readonly fault?: ListFault;
}

/** Decodes whatever is there; any bytes will do. @param sizes - of the regions 0 to 6, bytes */
export function decodeSpace(bytes: Uint8Array, sizes: readonly number[]): PciSpaceReport {
  const space = new PciBytes(bytes);
  const header = decodeHeader(space, sizes);
  const list = capabilities(space, FIRST[header.headerType], bytes.length);
  const isExpress = list.found.some(({ id }) => id === CAP_EXPRESS || id === CAP_PCIX);
  const extended = extendedCapabilities(space, isExpress ? bytes.length : 0);
  return {
    ...header,
    capabilities: list.found,
    extendedCapabilities: extended.found,
    ...(list.fault !== undefined && { fault: list.fault }),
    ...(extended.fault !== undefined && { extendedFault: extended.fault }),
  };
}

function capabilities(
  space: PciBytes,
  first: number | undefined,
  size: number,
): List<PciCapabilityReport> {
  const found: PciCapabilityReport[] = [];
  if (first === undefined || (space.u16(6) & STATUS_CAP_LIST) === 0) return { found };
  const seen = new Set<number>();
  for (let offset = space.u8(first) & ~3; offset !== 0; offset = space.u8(offset + 1) & ~3) {
    if (offset >= size) return { found, fault: 'cut off' };
    if (seen.has(offset)) return { found, fault: 'looped' };
    seen.add(offset);
    const id = space.u8(offset);
    if (id === 0xff) return { found, fault: 'broken' };
    found.push({ offset, ...decoded(CAPABILITIES[id], id, space.at(offset)) });
  }
  return { found };
}

/** An empty list is one whose first entry is empty; wherever an entry is, it is taken. */
function extendedCapabilities(space: PciBytes, size: number): List<PciExtendedCapabilityReport> {
  const found: PciExtendedCapabilityReport[] = [];
  const seen = new Set<number>();
  for (let offset = CONVENTIONAL; offset !== 0 && offset < size;) {
    const header = space.u32(offset);
    if (header === 0 || header === 0xffff_ffff) break;
    if (seen.has(offset)) return { found, fault: 'looped' };
    seen.add(offset);
    const [id, version] = [bits(header, 0, 16), bits(header, 16, 4)];
    found.push({ offset, version, ...decoded(EXTENDED_CAPABILITIES[id], id, space.at(offset)) });
    offset = (header >>> 20) & ~3;
  }
  return { found };
}

function decoded(
  kind: CapabilityKind | undefined,
  id: number,
  cap: PciBytes,
): Pick<PciCapabilityReport, 'id' | 'name' | 'facts'> {
  const name = kind?.name ?? `Unknown ${digits(id, 2)}`;
  return { id, name, facts: kind?.decode?.(cap) ?? {} };
}
