// A DASD and its guest in this process: programs that lie in guest memory are started by writes, and their ends are
// heard as signals.

import {
  Container,
  deviceGroup,
  MdevBus,
  VFIO_DMA_MAP_FLAG_READ,
  VFIO_DMA_MAP_FLAG_WRITE,
  VFIO_IRQ_SET_ACTION_TRIGGER,
  VFIO_IRQ_SET_DATA_EVENTFD,
  VfioCore,
  type DeviceFile,
  type SharedMemory,
} from '@vfio-ts/core';
import { CachedReader, linuxHost } from '@vfio-ts/vfio-user';
import { ChannelSubsystem } from '../../src/channel/subsystem.ts';
import { DasdControlUnit } from '../../src/dasd/dasd-control-unit.ts';
import { registerVfioCcw } from '../../src/driver/driver.ts';
import { cachedFiles } from '../../src/image/file.ts';
import { openImage } from '../../src/image/open.ts';
import { checkIrb, ioRequest, IRB_BYTES, MEMORY_SIZE } from './program.ts';

/** The guest. */
export class InProcess implements AsyncDisposable {
  readonly memory: SharedMemory;
  readonly #file: DeviceFile;
  readonly #undo: AsyncDisposableStack;
  readonly #irb = new Uint8Array(IRB_BYTES);
  readonly #request = ioRequest(0);
  #isSignalled = false;
  #waiting: (() => void) | undefined;

  private constructor(file: DeviceFile, memory: SharedMemory, undo: AsyncDisposableStack) {
    this.memory = memory;
    this.#file = file;
    this.#undo = undo;
    const signal = {
      signal: () => {
        this.#isSignalled = true;
        this.#waiting?.();
      },
      close: () => undefined,
    };
    const flags = VFIO_IRQ_SET_DATA_EVENTFD | VFIO_IRQ_SET_ACTION_TRIGGER;
    file.setIrqs({ flags, index: 0, start: 0, count: 1, signals: [signal] });
  }

  static async open(image: string): Promise<InProcess> {
    await using undo = new AsyncDisposableStack();
    const host = linuxHost();
    const core = new VfioCore(host);
    const subsystem = new ChannelSubsystem(host);
    undo.defer(() => subsystem.close());
    const files = cachedFiles(new CachedReader());
    const unit = new DasdControlUnit(await openImage(image, { files }));
    const ccw = registerVfioCcw(new MdevBus(core), [
      subsystem.attach({ unit, deviceNumber: 0x1000 }),
    ]);
    undo.defer(() => ccw.unregister());
    const uuid = '83b8f4f2-509f-382f-3c1e-e6bfe0fa1001';
    const mdev = await ccw.parents[0]?.create('vfio_ccw-io', uuid);
    if (mdev === undefined) throw new Error('no parent');
    const { vdev } = mdev.instance.device;
    const group = undo.use(deviceGroup(vdev).open());
    const container = undo.use(new Container(core, 'guest'));
    group.setContainer(container);
    const file = undo.use(group.openDevice(vdev));
    const memory = core.memory.alloc('guest', MEMORY_SIZE);
    undo.defer(() => memory.close());
    const flags = VFIO_DMA_MAP_FLAG_READ | VFIO_DMA_MAP_FLAG_WRITE;
    file.mapDma({ iova: 0, size: MEMORY_SIZE, flags, memory });
    return new InProcess(file, memory, undo.move());
  }

  /** Runs the program at address 0 to its IRB. @throws Error it ended otherwise than well */
  run(): Promise<void> | void {
    this.#isSignalled = false;
    this.#file.write(0, 0, this.#request);
    if (this.#isSignalled) this.#take();
    else return this.#later();
  }

  async #later(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#waiting = resolve;
    await promise;
    this.#waiting = undefined;
    this.#take();
  }

  #take(): void {
    this.#file.read(0, 24, this.#irb);
    checkIrb(this.#irb);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#undo.disposeAsync();
  }
}
