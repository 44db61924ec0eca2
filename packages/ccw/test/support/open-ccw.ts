// A mediated subchannel in use in this process, on fakes, with guest memory.

import {
  CountingSignal,
  ManualClock,
  RecordingLogger,
  TrackedMemory,
} from '@vfio-ts/conformance/fakes';
import {
  allocDevice,
  Container,
  deviceGroup,
  PAGE_SIZE,
  registerEmulatedIommuDev,
  unregisterGroupDev,
  VFIO_DMA_MAP_FLAG_READ,
  VFIO_DMA_MAP_FLAG_WRITE,
  VFIO_IRQ_SET_ACTION_TRIGGER,
  VFIO_IRQ_SET_DATA_EVENTFD,
  VfioCore,
  type DeviceFile,
  type ErrnoCode,
} from '@vfio-ts/core';
import { expect } from 'vitest';
import {
  CcwDevice,
  ccwOps,
  encodeCcw0,
  encodeCcw1,
  encodeOrb,
  encodeScsw,
  IO_IRB_OFFSET,
  IO_REGION_SIZE,
  IRB_SIZE,
  ORB_FORMAT_CONTROL,
  ORB_PREFETCH_CONTROL,
  VFIO_CCW_NUM_IRQS,
  type Ccw,
  type CcwState,
  type Orb,
  type Subchannel,
} from '../../src/index.ts';
import { ScriptedSubchannel } from './scripted-subchannel.ts';
import { noStatus } from './status.ts';

const READ_WRITE = VFIO_DMA_MAP_FLAG_READ | VFIO_DMA_MAP_FLAG_WRITE;
/** Guest memory, bytes, from address 0. */
export const RAM_SIZE: number = 16 * PAGE_SIZE;

export const prefetching: number = ORB_FORMAT_CONTROL | ORB_PREFETCH_CONTROL;

/** What an error of that code has. */
export function errno(code: ErrnoCode): unknown {
  return expect.objectContaining({ code });
}

/** What a subchannel can be made with. */
export interface SubchannelHost {
  readonly clock: ManualClock;
  readonly logger: RecordingLogger;
}

/** A device that is open, over a subchannel of any kind, and its guest. */
export class CcwUser<S extends Subchannel> implements AsyncDisposable {
  readonly clock: ManualClock = new ManualClock();
  readonly logger: RecordingLogger = new RecordingLogger();
  readonly memory: TrackedMemory = new TrackedMemory({ detachOnUnmap: true });
  readonly core: VfioCore;
  readonly subchannel: S;
  readonly device: CcwDevice;
  readonly container: Container;
  readonly file: DeviceFile;
  /** Guest memory. */
  readonly ram: Uint8Array;
  readonly signals: CountingSignal[] = [];
  readonly #undo: (() => unknown)[] = [];

  constructor(make: (host: SubchannelHost) => S) {
    const { clock, logger, memory } = this;
    const subchannel = make(this);
    this.subchannel = subchannel;
    this.core = new VfioCore({ clock, logger, memory }, { trace: true });
    const ccw = allocDevice(CcwDevice, 'vdev', this.core.parent('sch'), ccwOps, subchannel);
    this.device = ccw.device;
    const { vdev } = this.device;
    registerEmulatedIommuDev(vdev);
    const group = deviceGroup(vdev).open();
    this.container = new Container(this.core, 'guest');
    group.setContainer(this.container);
    this.file = group.openDevice(vdev);
    const ram = memory.alloc('ram', RAM_SIZE);
    this.ram = ram.bytes;
    this.file.mapDma({ iova: 0, size: RAM_SIZE, flags: READ_WRITE, memory: ram });
    for (let index = 0; index < VFIO_CCW_NUM_IRQS; index++) this.#listen(index);
    this.#undo.push(
      () => this.file.close(),
      () => group.close(),
      () => this.container.close(),
      () => ram.close(),
      () => unregisterGroupDev(vdev),
      () => ccw.put(),
    );
  }

  #listen(index: number): void {
    const signal = new CountingSignal();
    this.signals.push(signal);
    const flags = VFIO_IRQ_SET_DATA_EVENTFD | VFIO_IRQ_SET_ACTION_TRIGGER;
    this.file.setIrqs({ flags, index, start: 0, count: 1, signals: [signal] });
  }

  /** Signals of an interrupt index so far. */
  count(index: number): number {
    return this.signals[index]?.count() ?? 0;
  }

  /** Writes CCWs of format 1 to guest memory. */
  ccws(at: number, ccws: readonly Partial<Ccw>[]): void {
    ccws.forEach((ccw, i) => this.ram.set(encodeCcw1(withDefaults(ccw)), at + 8 * i));
  }

  /** Writes CCWs of format 0 to guest memory. */
  ccws0(at: number, ccws: readonly Partial<Ccw>[]): void {
    ccws.forEach((ccw, i) => this.ram.set(encodeCcw0(withDefaults(ccw)), at + 8 * i));
  }

  /** Starts a program, as a user does. */
  start(orb: Partial<Orb> = {}, control = 0x4000): void {
    this.file.write(0, 0, ioRequest(orb, control));
  }

  /** Starts a no-operation at 0x1000. */
  startNoop(): void {
    this.ccws(0x1000, [{ command: 0x03 }]);
    this.start({ programAddress: 0x1000 });
  }

  /** Reads a part of a region. */
  read(region: number, offset: number, length: number): Uint8Array {
    const into = new Uint8Array(length);
    this.file.read(region, offset, into);
    return into;
  }

  /** The IRB in the region, as the user's handler reads it. */
  irb(): Uint8Array {
    return this.read(0, IO_IRB_OFFSET, IRB_SIZE);
  }

  /** Writes a command of the async region. */
  async(command: number): void {
    const from = new Uint8Array(8);
    new DataView(from.buffer).setUint32(0, command);
    this.file.write(1, 0, from);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    // Each step stands on the one before it.
    for (const undo of this.#undo) await undo();
    expectNothingLeft(this);
  }
}

/** The same over a subchannel that does what it is told. */
export class OpenCcw extends CcwUser<ScriptedSubchannel> {
  constructor(subchannel: ScriptedSubchannel = new ScriptedSubchannel()) {
    super(() => subchannel);
  }

  /** Brings the device into a state of its machine. */
  enter(state: CcwState): void {
    switch (state) {
      case 'IDLE':
        break;
      case 'CP_PENDING':
        this.startNoop();
        break;
      case 'NOT_OPER':
        this.subchannel.unplug();
        this.subchannel.isGone = false;
        break;
      case 'STANDBY':
        this.file.close();
        break;
      case 'CP_PROCESSING':
        throw new Error('only while a start is executed');
    }
    if (this.device.state !== state) throw new Error(`in ${this.device.state}, not ${state}`);
    this.subchannel.calls.length = 0;
  }
}

function expectNothingLeft({ core, memory, clock }: CcwUser<Subchannel>): void {
  expect(core.leaks()).toEqual([]);
  expect(memory.alive).toEqual([]);
  expect(clock.pending).toBe(0);
}

/** The bytes a user writes to the I/O region. */
export function ioRequest(orb: Partial<Orb>, control: number, returnCode = 0): Uint8Array {
  const bytes = new Uint8Array(IO_REGION_SIZE);
  const full = {
    interruptionParameter: 0,
    key: 0,
    control: prefetching,
    lpm: 0,
    programAddress: 0x1000,
    ...orb,
  };
  bytes.set(encodeOrb(full), 0);
  bytes.set(encodeScsw({ ...noStatus, control }), 12);
  new DataView(bytes.buffer).setInt32(120, returnCode);
  return bytes;
}

function withDefaults(ccw: Partial<Ccw>): Ccw {
  return { command: 0x03, flags: 0, count: 0, address: 0, ...ccw };
}
