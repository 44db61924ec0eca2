// Signals whose every call is counted, and a table with all the indexes of a PCI device.
import type { EventSignal, IrqSetRequest } from '../../src/index.ts';
import { IrqTable, type IrqMaskHook } from '../../src/irq/table.ts';

export const NONE = 1;
export const BOOL = 2;
export const EVENTFD = 4;
export const MASK = 8;
export const UNMASK = 0x10;
export const TRIGGER = 0x20;

export const INTX = 0;
export const MSI = 1;
export const MSIX = 2;
export const ERR = 3;
export const REQ = 4;

/** A signal that counts. */
export class Signal implements EventSignal {
  signals = 0;
  closes = 0;
  fire: () => void = () => {};

  signal(): void {
    this.signals++;
  }

  close(): void {
    this.closes++;
  }

  watch(fire: () => void): void {
    this.fire = fire;
  }
}

/** INTx (maskable, auto-masked), 4 MSI, 8 MSI-X, ERR and REQ. */
export function pciTable(): IrqTable {
  const table = new IrqTable(5, true);
  table.setup(INTX, { count: 1, flags: 7 });
  table.setup(MSI, { count: 4 });
  table.setup(MSIX, { count: 8 });
  table.setup(ERR, { count: 1 });
  table.setup(REQ, { count: 1 });
  return table;
}

/** Assigns signals from `start` on. */
export function enable(
  table: IrqTable,
  index: number,
  signals: readonly (EventSignal | null)[],
  start = 0,
): void {
  table.set({ flags: EVENTFD | TRIGGER, index, start, count: signals.length, signals });
}

/** A request without data. */
export function bare(
  table: IrqTable,
  flags: number,
  index: number,
  start: number,
  count: number,
  hook?: IrqMaskHook,
): void {
  const request: IrqSetRequest = { flags: flags | NONE, index, start, count };
  table.set(request, hook);
}

export function bools(
  table: IrqTable,
  flags: number,
  index: number,
  values: readonly number[],
  hook?: IrqMaskHook,
): void {
  const request = {
    flags: flags | BOOL,
    index,
    start: 0,
    count: values.length,
    bools: Uint8Array.from(values),
  };
  table.set(request, hook);
}
