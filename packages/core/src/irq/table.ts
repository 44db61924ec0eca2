// The interrupt indexes of one device, with the semantics of vfio-pci (drivers/vfio/pci/vfio_pci_intrs.c) for PCI and
// those of its single-event indexes (ERR, REQ) for all others.

import type { IrqInfo, IrqSetRequest } from '../access.ts';
import { VfioError } from '../errno.ts';
import {
  VFIO_IRQ_INFO_AUTOMASKED,
  VFIO_IRQ_INFO_EVENTFD,
  VFIO_IRQ_INFO_MASKABLE,
  VFIO_PCI_INTX_IRQ_INDEX,
  VFIO_PCI_MSIX_IRQ_INDEX,
} from '../uapi.ts';
import type { IrqDefinition } from './definition.ts';
import { IrqLine } from './line.ts';
import { prepareIrqSet, refuseIrqSet, type PreparedIrqSet } from './set.ts';

const IRQ_INFO_SIZE = 16;

/** Called when the guest masks or unmasks; see `VfioDeviceOps.irqMask`. */
export type IrqMaskHook = (index: number, start: number, count: number, masked: boolean) => void;

interface IrqIndex {
  readonly index: number;
  readonly flags: number;
  readonly lines: readonly IrqLine[];
  /** `exclusive`: INTx, MSI and MSI-X, of which one is enabled at a time. */
  readonly kind: 'exclusive' | 'event';
  enabled: boolean;
}

/** A device's interrupts by index. */
export class IrqTable {
  readonly #base: number;
  readonly #pci: boolean;
  readonly #indexes = new Map<number, IrqIndex>();

  /**
   * @param base - indexes below this exist even when nothing is set up there (5 for PCI)
   * @param pci - INTx, MSI and MSI-X exclude each other
   */
  constructor(base: number, pci: boolean) {
    this.#base = base;
    this.#pci = pci;
  }

  /** Number of indexes a user should ask for. */
  get count(): number {
    let count = this.#base;
    while (this.#indexes.has(count)) count++;
    return count;
  }

  /** @throws `EINVAL` not a count; `EBUSY` index set up before */
  setup(index: number, { count, flags = VFIO_IRQ_INFO_EVENTFD }: IrqDefinition): void {
    if (!Number.isSafeInteger(index) || index < 0 || !Number.isSafeInteger(count) || count <= 0) {
      throw new VfioError('EINVAL', 'setupIrq', `irq ${index}: count ${count} is not positive`);
    }
    if (this.#indexes.has(index)) {
      throw new VfioError('EBUSY', 'setupIrq', `irq ${index} is set up already`);
    }
    const kind = this.#pci && index <= VFIO_PCI_MSIX_IRQ_INDEX ? 'exclusive' : 'event';
    const lines = Array.from({ length: count }, () => new IrqLine());
    this.#indexes.set(index, { index, flags, lines, kind, enabled: false });
  }

  /**
   * Answer to `VFIO_DEVICE_GET_IRQ_INFO`.
   *
   * @throws `EINVAL` argsz below 16, no such index
   */
  info(index: number, argsz: number): IrqInfo {
    if (argsz < IRQ_INFO_SIZE) {
      throw new VfioError('EINVAL', 'getIrqInfo', `argsz ${argsz} is below ${IRQ_INFO_SIZE}`);
    }
    if (!(index >= 0 && index < this.count)) {
      throw new VfioError('EINVAL', 'getIrqInfo', `no irq index ${index}`);
    }
    const irq = this.#indexes.get(index);
    const [flags, count] = irq === undefined ? [0, 0] : [irq.flags, irq.lines.length];
    return { argsz: IRQ_INFO_SIZE, flags, index, count };
  }

  /**
   * Carries out a `VFIO_DEVICE_SET_IRQS`; a refused one changes nothing.
   *
   * @throws `EINVAL`, `ENOTTY`
   */
  set(request: IrqSetRequest, maskHook?: IrqMaskHook): void {
    const numIrqs = this.#indexes.get(request.index)?.lines.length ?? 0;
    const prepared = prepareIrqSet(request, numIrqs, this.count);
    const irq = this.#indexes.get(prepared.index);
    if (irq === undefined) refuseIrqSet('EINVAL', `no irq index ${prepared.index}`);
    if (prepared.action === 'trigger') this.#setTrigger(irq, prepared);
    else this.#setMask(irq, prepared, maskHook);
  }

  /**
   * The device raises an interrupt.
   *
   * @throws `EINVAL` no such index or subindex
   */
  trigger(index: number, subindex: number): void {
    const [irq, line] = this.#line(index, subindex, 'triggerIrq');
    line.deliver(isAutomasked(irq));
  }

  /**
   * The device holds its INTx up or lets it go.
   *
   * @throws `EINVAL` the device has no INTx
   */
  setLevel(asserted: boolean): void {
    const [irq, line] = this.#line(VFIO_PCI_INTX_IRQ_INDEX, 0, 'setIntx');
    if (line.asserted === asserted) return;
    line.asserted = asserted;
    if (asserted) line.deliver(isAutomasked(irq));
    else line.pending = false;
  }

  /** Whether anybody would be told. */
  isEnabled(index: number, subindex: number): boolean {
    return (this.#indexes.get(index)?.lines[subindex]?.signal ?? null) !== null;
  }

  /** Drops every signal and mask, at the last close. */
  clear(): void {
    for (const irq of this.#indexes.values()) disable(irq);
  }

  #line(index: number, subindex: number, op: string): readonly [IrqIndex, IrqLine] {
    const irq = this.#indexes.get(index);
    const line = irq?.lines[subindex];
    if (irq === undefined || line === undefined) {
      throw new VfioError('EINVAL', op, `irq ${index} has no subindex ${subindex}`);
    }
    return [irq, line];
  }

  #setTrigger(irq: IrqIndex, { index, start, count, data }: PreparedIrqSet): void {
    const lines = irq.lines.slice(start, start + count);
    if (data.type === 'eventfd') {
      if (irq.kind === 'exclusive') this.#checkExclusive(irq);
      irq.enabled = true;
      data.signals.forEach((signal, i) => lines[i]?.assign(signal));
    } else if (count === 0) {
      disable(irq);
    } else {
      const chosen = lines.filter((_, i) => data.type === 'none' || data.bools[i] !== 0);
      const loopBack = irq.kind === 'exclusive' ? irq.enabled : lines[0]?.signal !== null;
      if (!loopBack) refuseIrqSet('EINVAL', `irq ${index} is not enabled`);
      for (const line of chosen) line.deliver(isAutomasked(irq));
    }
  }

  #checkExclusive(irq: IrqIndex): void {
    for (const other of this.#indexes.values()) {
      if (other !== irq && other.kind === 'exclusive' && other.enabled) {
        refuseIrqSet('EINVAL', `irq ${other.index} is enabled, ${irq.index} cannot be`);
      }
    }
  }

  #setMask(irq: IrqIndex, set: PreparedIrqSet, maskHook: IrqMaskHook | undefined): void {
    const { index, start, count, data } = set;
    const masked = set.action === 'mask';
    if ((irq.flags & VFIO_IRQ_INFO_MASKABLE) === 0)
      refuseIrqSet('ENOTTY', `irq ${index} cannot be masked`);
    if (this.#pci && index === VFIO_PCI_INTX_IRQ_INDEX && (start !== 0 || count !== 1)) {
      refuseIrqSet('EINVAL', 'INTx has one line: start 0, count 1');
    }
    const lines = irq.lines.slice(start, start + count);
    if (data.type === 'eventfd') {
      this.#setUnmaskSignals(irq, lines, data.signals, masked);
      return;
    }
    const chosen = lines.filter((_, i) => data.type === 'none' || data.bools[i] !== 0);
    for (const line of chosen) {
      if (masked) line.masked = true;
      else line.unmask(isAutomasked(irq));
    }
    if (chosen.length > 0) maskHook?.(index, start, count, masked);
  }

  /** An eventfd by which the client ends the masking without a message, as KVM's resample fd does. */
  #setUnmaskSignals(
    irq: IrqIndex,
    lines: readonly IrqLine[],
    signals: PreparedSignals,
    masked: boolean,
  ): void {
    if (masked) refuseIrqSet('ENOTTY', 'masking by eventfd is not implemented');
    if (signals.some((signal) => signal !== null && signal.watch === undefined)) {
      refuseIrqSet('ENOTTY', 'this host cannot wait for the signal');
    }
    signals.forEach((signal, i) => {
      const line = lines[i];
      line?.assignUnmask(signal);
      signal?.watch?.(() => line?.unmask(isAutomasked(irq)));
    });
  }
}

type PreparedSignals = Extract<PreparedIrqSet['data'], { type: 'eventfd' }>['signals'];

function isAutomasked(irq: IrqIndex): boolean {
  return (irq.flags & VFIO_IRQ_INFO_AUTOMASKED) !== 0;
}

function disable(irq: IrqIndex): void {
  irq.enabled = false;
  for (const line of irq.lines) line.clear();
}
