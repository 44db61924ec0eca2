// The user's part of the model: guest memory, the memory window of the device, one interrupt.

import {
  isIrqEnabled,
  PAGE_SIZE,
  VFIO_DMA_MAP_FLAG_READ,
  VFIO_DMA_MAP_FLAG_WRITE,
  VFIO_IRQ_INFO_AUTOMASKED,
  VFIO_IRQ_SET_ACTION_TRIGGER,
  VFIO_IRQ_SET_DATA_EVENTFD,
  type DeviceFile,
  type SharedMemory,
} from '@vfio-ts/core';
import { same } from '../assert.ts';
import type { RegisteredDevice, TestContext } from '../context.ts';
import type { RamWindow } from '../device-under-test.ts';
import { InProcessSignal } from '../in-process.ts';
import { disabling } from '../probe/irqs.ts';
import { CELLS, NOTHING, type Plan, type UseStep } from './steps.ts';

/** A mapping of guest memory, in pages. */
export interface Mapped {
  readonly slot: number;
  readonly pages: number;
  readonly memory: SharedMemory;
}

/** What the user of one device has done to it. */
export class UseModel<T extends object> {
  readonly #t: TestContext<T>;
  readonly #device: Omit<RegisteredDevice<T>, 'ref'>;
  readonly #mapped: Set<Mapped>;
  /** What the cells of the memory window hold. */
  #cells: number[] = [];
  /** What they held at the first open, and hold after each reset. */
  #initial: readonly number[] | undefined = undefined;
  #signal: InProcessSignal | undefined = undefined;

  /** @param mapped - of the container, whose users share it */
  constructor(t: TestContext<T>, device: Omit<RegisteredDevice<T>, 'ref'>, mapped: Set<Mapped>) {
    this.#t = t;
    this.#device = device;
    this.#mapped = mapped;
  }

  /** The device was opened for the first time, or again after its last close. */
  opened(file: DeviceFile): void {
    this.#cells = Array.from({ length: CELLS }, (_, cell) => this.#load(file, cell));
    this.#initial ??= [...this.#cells];
  }

  /** The last file was closed: the device has let the signal go. */
  closed(): void {
    this.#letGo();
  }

  /** What a step on an open file has to give. */
  plan(step: UseStep, file: DeviceFile): Plan {
    switch (step.op) {
      case 'reset':
        return [this.#t.harness.supports.reset ? 'ok' : 'EINVAL', () => this.#reset(file)];
      case 'map': {
        const isTaken = this.#touched(step).length > 0;
        return [isTaken ? 'EEXIST' : 'ok', () => this.#map(file, step)];
      }
      case 'unmap':
        return [this.#isCut(step) ? 'EINVAL' : 'ok', () => this.#unmap(file, step)];
      case 'dma':
        return this.#dma(step);
      case 'store':
      case 'load':
        return ['ok', () => this.#window(file, step)];
      case 'assign':
      case 'disable':
      case 'trigger':
        return ['ok', () => this.#irq(file, step.op)];
    }
  }

  async #reset(file: DeviceFile): Promise<void> {
    await file.reset();
    this.#cells = [...(this.#initial ?? [])];
    const index = irqIndex(file);
    // Whether interrupts survive a reset is the driver's choice.
    if (index !== undefined && !isIrqEnabled(this.#device.vdev, index, 0)) this.#letGo();
  }

  #map(file: DeviceFile, { slot, pages }: Range): void {
    const memory = this.#t.memory.alloc('guest', pages * PAGE_SIZE);
    const flags = VFIO_DMA_MAP_FLAG_READ | VFIO_DMA_MAP_FLAG_WRITE;
    try {
      file.mapDma({ iova: slot * PAGE_SIZE, size: pages * PAGE_SIZE, flags, memory });
      this.#mapped.add({ slot, pages, memory });
    } catch (error) {
      memory.close();
      throw error;
    }
  }

  #unmap(file: DeviceFile, range: Range): void {
    const gone = this.#touched(range);
    const size = gone.reduce((sum, { pages }) => sum + pages * PAGE_SIZE, 0);
    const request = { iova: range.slot * PAGE_SIZE, size: range.pages * PAGE_SIZE };
    same(file.unmapDma(request).size, size);
    for (const mapped of gone) {
      this.#mapped.delete(mapped);
      mapped.memory.close();
    }
  }

  /** The device writes a byte to guest memory and reads it back. */
  #dma({ slot, value }: Extract<UseStep, { op: 'dma' }>): Plan {
    const { dma } = this.#t.harness;
    if (dma === undefined) return NOTHING;
    const [mapped] = this.#touched({ slot, pages: 1 });
    const iova = slot * PAGE_SIZE + 1;
    const act = (): void => {
      dma.write(this.#device.device, iova, Uint8Array.of(value));
      const back = new Uint8Array(1);
      dma.read(this.#device.device, iova, back);
      same(back[0], value);
      if (mapped !== undefined) same(mapped.memory.bytes[iova - mapped.slot * PAGE_SIZE], value);
    };
    return [mapped === undefined ? 'EINVAL' : 'ok', act];
  }

  #window(file: DeviceFile, step: Extract<UseStep, { op: 'store' | 'load' }>): void {
    const { ram } = this.#t.harness;
    if (ram === undefined) return;
    if (step.op === 'load') {
      same(this.#load(file, step.cell), this.#cells[step.cell]);
    } else {
      file.write(ram.region, offsetOf(ram, step.cell), Uint8Array.of(step.value));
      this.#cells[step.cell] = step.value;
    }
  }

  #load(file: DeviceFile, cell: number): number {
    const { ram } = this.#t.harness;
    const into = new Uint8Array(1);
    if (ram !== undefined) file.read(ram.region, offsetOf(ram, cell), into);
    return into[0] ?? 0;
  }

  #irq(file: DeviceFile, op: 'assign' | 'disable' | 'trigger'): void {
    const index = irqIndex(file);
    if (index === undefined) return;
    const action = VFIO_IRQ_SET_ACTION_TRIGGER;
    if (op === 'trigger') {
      const before = this.#signal?.count() ?? 0;
      this.#t.harness.triggerIrq?.(this.#device.device, index, 0);
      if (this.#signal !== undefined) same(this.#signal.count(), before + 1);
    } else if (op === 'assign') {
      const signals = [new InProcessSignal()];
      const flags = VFIO_IRQ_SET_DATA_EVENTFD | action;
      file.setIrqs({ flags, index, start: 0, count: 1, signals });
      this.#letGo();
      [this.#signal] = signals;
    } else {
      file.setIrqs(disabling(this.#t.harness)(index));
      this.#letGo();
    }
  }

  /** The device has closed the signal it had, once. */
  #letGo(): void {
    if (this.#signal !== undefined) same(this.#signal.closed, 1);
    this.#signal = undefined;
  }

  #touched({ slot, pages }: Range): readonly Mapped[] {
    return [...this.#mapped].filter((it) => it.slot < slot + pages && slot < it.slot + it.pages);
  }

  /** Whether an unmap would leave a part of a mapping. */
  #isCut(range: Range): boolean {
    const end = range.slot + range.pages;
    return this.#touched(range).some((it) => it.slot < range.slot || it.slot + it.pages > end);
  }
}

type Range = Pick<Mapped, 'slot' | 'pages'>;

/** Where a cell is in its region: the first and the last byte of the window, and some between. */
function offsetOf({ offset, length }: RamWindow, cell: number): number {
  return offset + Math.floor(((length - 1) * cell) / (CELLS - 1));
}

/** An interrupt that its own delivery does not mask. */
function irqIndex(file: DeviceFile): number | undefined {
  for (let index = 0; index < file.getInfo().numIrqs; index++) {
    const { count, flags } = file.getIrqInfo(index);
    if (count > 0 && (flags & VFIO_IRQ_INFO_AUTOMASKED) === 0) return index;
  }
  return undefined;
}
