// MSI-X capability (PCI Local Bus 3.0, 6.8.2). Table and pending bits lie in memory BARs, which are the
// device's own.

import { hex } from '../../arguments.ts';
import { VfioError } from '../../errno.ts';
import { get16, get32 } from '../bytes.ts';
import type { PciConfigSpace } from '../config-space.ts';
import { PciRegisters } from '../register-block.ts';
import type { PciCapability, PciChangeCause } from '../register-block.ts';
import * as regs from '../registers.ts';

const LENGTH = 12;

/** What an MSI-X capability offers. */
export interface PciMsixOptions {
  readonly offset?: number;
  /** 1 to 2048. */
  readonly vectors: number;
  /** Memory BAR that holds the table, 16 bytes for each vector. */
  readonly tableBar: number;
  /** Where in it, a multiple of 8. */
  readonly tableOffset: number;
  /** Memory BAR that holds the pending bits, 8 bytes for each 64 vectors. */
  readonly pbaBar: number;
  /** Where in it, a multiple of 8. */
  readonly pbaOffset: number;
  /** The guest, a reset or a restore changed the enable or the mask bit. */
  onChange?(now: PciMsixState, before: PciMsixState, cause: PciChangeCause): void;
}

/** An MSI-X capability as the guest has programmed it. */
export interface PciMsixState {
  readonly enabled: boolean;
  /** All vectors are masked, whatever the table says. */
  readonly masked: boolean;
  readonly vectors: number;
  readonly tableBar: number;
  readonly tableOffset: number;
  readonly pbaBar: number;
  readonly pbaOffset: number;
}

/**
 * Makes an MSI-X capability.
 *
 * @throws `EINVAL` number of vectors, BAR or offset not possible; when it is put into a space: table or
 * pending bits are not inside a memory BAR, or overlap
 */
export function msixCapability(options: PciMsixOptions): PciCapability {
  const op = 'msixCapability';
  const { vectors, tableBar, tableOffset, pbaBar, pbaOffset } = options;
  if (!Number.isInteger(vectors) || vectors < 1 || vectors > regs.PCI_MSIX_FLAGS_QSIZE + 1) {
    throw new VfioError('EINVAL', op, `${vectors} vectors are not 1 to 2048`);
  }
  const parts = [
    {
      name: 'table',
      bar: tableBar,
      start: tableOffset,
      length: vectors * regs.PCI_MSIX_ENTRY_SIZE,
    },
    { name: 'pba', bar: pbaBar, start: pbaOffset, length: Math.ceil(vectors / 64) * 8 },
  ] as const;
  for (const { name, bar, start } of parts) {
    if (!Number.isInteger(bar) || bar < 0 || bar > 5) {
      throw new VfioError('EINVAL', op, `${name}: there is no bar ${bar}`);
    }
    if (!Number.isInteger(start) || start < 0 || start >= 2 ** 32 || start % 8 !== 0) {
      throw new VfioError('EINVAL', op, `${name}: offset ${hex(start)} is not possible`);
    }
  }
  const registers = new PciRegisters(LENGTH)
    .set16(regs.PCI_MSIX_FLAGS, vectors - 1, {
      rw: regs.PCI_MSIX_FLAGS_ENABLE | regs.PCI_MSIX_FLAGS_MASKALL,
    })
    .set32(regs.PCI_MSIX_TABLE, tableOffset + tableBar)
    .set32(regs.PCI_MSIX_PBA, pbaOffset + pbaBar);
  return {
    id: regs.PCI_CAP_ID_MSIX,
    ...(options.offset !== undefined && { offset: options.offset }),
    registers,
    check(space) {
      for (const { name, bar, start, length } of parts) {
        const size = space.memoryBarSize(bar);
        if (size === undefined || start + length > size) {
          const where = `${hex(length)} bytes at ${hex(start)}`;
          throw new VfioError('EINVAL', op, `${name}: ${where} are not inside memory bar ${bar}`);
        }
      }
      const [table, pba] = parts;
      const apart =
        table.start + table.length <= pba.start || pba.start + pba.length <= table.start;
      if (table.bar === pba.bar && !apart) {
        throw new VfioError('EINVAL', op, `table and pba overlap in bar ${table.bar}`);
      }
    },
    onChange({ bytes, before, cause }) {
      options.onChange?.(decodeMsix(bytes), decodeMsix(before), cause);
    },
  };
}

/** How the guest has programmed MSI-X; `undefined` without the capability. */
export function msixState(config: PciConfigSpace): PciMsixState | undefined {
  const offset = config.findCapability(regs.PCI_CAP_ID_MSIX);
  if (offset === undefined) return undefined;
  const bytes = new Uint8Array(LENGTH);
  config.read(offset, bytes);
  return decodeMsix(bytes);
}

function decodeMsix(bytes: Uint8Array): PciMsixState {
  const flags = get16(bytes, regs.PCI_MSIX_FLAGS);
  const table = get32(bytes, regs.PCI_MSIX_TABLE);
  const pba = get32(bytes, regs.PCI_MSIX_PBA);
  const tableBar = table & regs.PCI_MSIX_TABLE_BIR;
  const pbaBar = pba & regs.PCI_MSIX_PBA_BIR;
  return {
    enabled: (flags & regs.PCI_MSIX_FLAGS_ENABLE) !== 0,
    masked: (flags & regs.PCI_MSIX_FLAGS_MASKALL) !== 0,
    vectors: (flags & regs.PCI_MSIX_FLAGS_QSIZE) + 1,
    tableBar,
    tableOffset: table - tableBar,
    pbaBar,
    pbaOffset: pba - pbaBar,
  };
}
