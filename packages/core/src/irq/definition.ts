// Interrupt indexes as a driver sets them up.

import { hex, isObject } from '../arguments.ts';
import { VfioError } from '../errno.ts';
import {
  VFIO_IRQ_INFO_AUTOMASKED,
  VFIO_IRQ_INFO_EVENTFD,
  VFIO_IRQ_INFO_MASKABLE,
  VFIO_IRQ_INFO_NORESIZE,
  VFIO_PCI_ERR_IRQ_INDEX,
  VFIO_PCI_INTX_IRQ_INDEX,
  VFIO_PCI_MSI_IRQ_INDEX,
  VFIO_PCI_MSIX_IRQ_INDEX,
  VFIO_PCI_REQ_IRQ_INDEX,
} from '../uapi.ts';

/** One interrupt index. */
export interface IrqDefinition {
  /** Subindexes. */
  readonly count: number;
  /** `VFIO_IRQ_INFO_*`; `VFIO_IRQ_INFO_EVENTFD` when left out. */
  readonly flags?: number;
  /**
   * A request can give signals and take them back; all others are `EINVAL`, also those that fire or disable the index.
   * The indexes of vfio_ap are so.
   */
  readonly signalsOnly?: boolean;
}

/** Subindexes an index of a PCI device has at most. */
const PCI_COUNT_MAX: ReadonlyMap<number, number> = new Map([
  [VFIO_PCI_INTX_IRQ_INDEX, 1],
  [VFIO_PCI_MSI_IRQ_INDEX, 32],
  [VFIO_PCI_MSIX_IRQ_INDEX, 2048],
  [VFIO_PCI_ERR_IRQ_INDEX, 1],
  [VFIO_PCI_REQ_IRQ_INDEX, 1],
]);
const INFO_FLAGS =
  VFIO_IRQ_INFO_EVENTFD |
  VFIO_IRQ_INFO_MASKABLE |
  VFIO_IRQ_INFO_AUTOMASKED |
  VFIO_IRQ_INFO_NORESIZE;
/** More than any device has; lines are made at set-up. */
const COUNT_MAX = 0xffff;

/**
 * Checks a definition before anything is set up.
 *
 * @param pci - the indexes are those of a PCI device
 * @throws `EINVAL` and says what is wrong
 */
export function checkIrqDefinition(index: number, irq: IrqDefinition, pci: boolean): void {
  const fact = wrongWithIrq(index, irq, pci);
  if (fact === undefined) return;
  throw new VfioError('EINVAL', 'setupIrq', `irq ${String(index)}: ${fact}`);
}

function wrongWithIrq(index: number, irq: IrqDefinition, pci: boolean): string | undefined {
  if (!isObject(irq)) return 'no definition';
  const { count, flags = VFIO_IRQ_INFO_EVENTFD } = irq;
  if (!Number.isInteger(index) || index < 0 || index > 0xffff_fffe) return 'no natural number';
  if (!Number.isInteger(count) || count <= 0) return `count ${String(count)} is not positive`;
  const most = (pci ? PCI_COUNT_MAX.get(index) : undefined) ?? COUNT_MAX;
  if (count > most) return `count ${count} is above ${most}`;
  const known = Number.isInteger(flags) && flags >= 0 && flags <= INFO_FLAGS;
  return known ? undefined : `flags ${hex(flags)} are unknown`;
}
