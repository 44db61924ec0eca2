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
import { checkIrqDefinition, type IrqDefinition } from './definition.ts';
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
  readonly signalsOnly: boolean;
  enabled: boolean;
}

/** A device's interrupts by index. */
export class IrqTable {
  readonly #pci: boolean;
  readonly #indexes = new Map<number, IrqIndex>();
  #count: number;

  /**
   * @param base - indexes below this exist even when nothing is set up there (5 for PCI)
   * @param pci - INTx, MSI and MSI-X exclude each other
   */
  constructor(base: number, pci: boolean) {
    this.#count = base;
    this.#pci = pci;
  }

  /** Number of indexes: the base, or up to the highest that is set up. */
  get count(): number {
    return this.#count;
  }

  /** @throws `EINVAL` no index, not a count, unknown flags, more than PCI has; `EBUSY` index set up before */
  setup(index: number, definition: IrqDefinition): void {
    checkIrqDefinition(index, definition, this.#pci);
    if (this.#indexes.has(index)) {
      throw new VfioError('EBUSY', 'setupIrq', `irq ${index} is set up already`);
    }
    const { count, flags = VFIO_IRQ_INFO_EVENTFD, signalsOnly = false } = definition;
    const kind = this.#pci && index <= VFIO_PCI_MSIX_IRQ_INDEX ? 'exclusive' : 'event';
    const lines = Array.from({ length: count }, () => new IrqLine());
    this.#indexes.set(index, { index, flags, lines, kind, signalsOnly, enabled: false });
    this.#count = Math.max(this.#count, index + 1);
  }

  /**
   * Answer to `VFIO_DEVICE_GET_IRQ_INFO`.
   *
   * @throws `EINVAL` argsz below 16, no such index
   */
  info(index: number, argsz: number): IrqInfo {
    if (!(argsz >= IRQ_INFO_SIZE)) {
      throw new VfioError('EINVAL', 'getIrqInfo', `argsz ${argsz} is below ${IRQ_INFO_SIZE}`);
    }
    if (!(Number.isInteger(index) && index >= 0 && index < this.#count)) {
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
    const prepared = prepareIrqSet(request, numIrqs, this.#count);
    const irq = this.#indexes.get(prepared.index);
    if (irq === undefined) refuseIrqSet('EINVAL', `no irq index ${prepared.index}`);
    if (irq.signalsOnly && (prepared.action !== 'trigger' || prepared.data.type !== 'eventfd')) {
      refuseIrqSet('EINVAL', `irq ${prepared.index} takes signals only`);
    }
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
      data.signals.forEach((signal, i) => lines[i]?.assign(signal, isAutomasked(irq)));
    } else if (count === 0) {
      disable(irq);
    } else {
      if (!canLoopBack(irq, lines)) refuseIrqSet('EINVAL', `irq ${index} is not enabled`);
      lines.forEach((line, i) => {
        if (isChosen(data, i)) line.deliver(isAutomasked(irq));
      });
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
      this.#setUnmaskSignals(irq, set, data.signals, maskHook);
      return;
    }
    lines.forEach((line, i) => {
      if (!isChosen(data, i)) return;
      if (masked) line.masked = true;
      else line.unmask(isAutomasked(irq));
      if (data.type === 'bool') maskHook?.(index, start + i, 1, masked);
    });
    if (data.type === 'none') maskHook?.(index, start, count, masked);
  }

  /** Eventfds by which the client ends the masking without a message, as KVM's resample fd does. */
  #setUnmaskSignals(
    irq: IrqIndex,
    { start, action }: PreparedIrqSet,
    signals: PreparedSignals,
    maskHook: IrqMaskHook | undefined,
  ): void {
    if (action === 'mask') refuseIrqSet('ENOTTY', 'masking by eventfd is not implemented');
    if (signals.some((signal) => signal !== null && signal.watch === undefined)) {
      refuseIrqSet('ENOTTY', 'this host cannot wait for the signal');
    }
    signals.forEach((signal, i) => {
      const line = irq.lines[start + i];
      if (line === undefined || line.unmaskSignal === signal) return;
      line.assignUnmask(signal);
      signal?.watch?.(() => {
        // What was on its way when the signal was replaced comes too late.
        if (line.unmaskSignal !== signal) return;
        line.unmask(isAutomasked(irq));
        maskHook?.(irq.index, start + i, 1, false);
      });
    });
  }
}

type PreparedSignals = Extract<PreparedIrqSet['data'], { type: 'eventfd' }>['signals'];

function isChosen(data: Exclude<PreparedIrqSet['data'], { type: 'eventfd' }>, i: number): boolean {
  return data.type === 'none' || data.bools[i] !== 0;
}

/** An exclusive index has to be enabled, an event to have a listener. */
function canLoopBack(irq: IrqIndex, lines: readonly IrqLine[]): boolean {
  return irq.kind === 'exclusive' ? irq.enabled : lines.some((line) => line.signal !== null);
}

function isAutomasked(irq: IrqIndex): boolean {
  return (irq.flags & VFIO_IRQ_INFO_AUTOMASKED) !== 0;
}

function disable(irq: IrqIndex): void {
  irq.enabled = false;
  for (const line of irq.lines) line.clear();
}
