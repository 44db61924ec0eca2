// A real driver over a real channel with a scripted control unit, and a client of it in this process.

import {
  CountingSignal,
  ManualClock,
  RecordingLogger,
  TrackedMemory,
} from '@vfio-ts/conformance/fakes';
import {
  Container,
  deviceGroup,
  MdevBus,
  VfioCore,
  type DeviceFile,
  type MakeSignal,
} from '@vfio-ts/core';
import { ChannelSubsystem } from '../../src/channel/subsystem.ts';
import { CcwClient, type CcwClientOptions } from '../../src/client/ccw-client.ts';
import { registerVfioCcw } from '../../src/driver/driver.ts';
import type { ControlUnit } from '../../src/channel/control-unit.ts';

const UUID = '83b8f4f2-509f-382f-3c1e-e6bfe0fa1001';

/** A signal that a client hears at once. */
export const heardAtOnce: MakeSignal = (fire) => {
  const signal = new CountingSignal();
  signal.watch(fire);
  return { signal, close: () => undefined };
};

/** Everything between a client and a control unit. */
export class Path<U extends ControlUnit> implements AsyncDisposable {
  readonly clock: ManualClock;
  readonly logger: RecordingLogger;
  readonly core: VfioCore;
  readonly unit: U;
  readonly file: DeviceFile;
  readonly client: CcwClient;
  readonly #undo: AsyncDisposableStack;

  private constructor(
    parts: Pick<Path<U>, 'clock' | 'logger' | 'core' | 'unit' | 'file' | 'client'>,
    undo: AsyncDisposableStack,
  ) {
    this.clock = parts.clock;
    this.logger = parts.logger;
    this.core = parts.core;
    this.unit = parts.unit;
    this.file = parts.file;
    this.client = parts.client;
    this.#undo = undo;
  }

  static async open<U extends ControlUnit>(
    unit: U,
    options: Partial<CcwClientOptions> = {},
  ): Promise<Path<U>> {
    await using undo = new AsyncDisposableStack();
    const clock = new ManualClock();
    const logger = new RecordingLogger();
    const memory = new TrackedMemory();
    const core = new VfioCore({ clock, logger, memory });
    const bus = new MdevBus(core);
    const subsystem = new ChannelSubsystem({ clock, logger });
    undo.defer(() => subsystem.close());
    const ccw = registerVfioCcw(bus, [subsystem.attach({ unit, deviceNumber: 0x1234 })]);
    undo.defer(() => ccw.unregister());
    const [parent] = bus.parents;
    const vdev = (await parent?.create('vfio_ccw-io', UUID))?.vfioDevice;
    if (vdev === undefined) throw new Error('no device');
    const group = undo.use(deviceGroup(vdev).open());
    const container = undo.use(new Container(core, 'client'));
    group.setContainer(container);
    const file = undo.use(group.openDevice(vdev));
    const client = undo.use(await CcwClient.open(file, { memory, clock, ...options }));
    return new Path({ clock, logger, core, unit, file, client }, undo.move());
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#undo.disposeAsync();
  }
}
