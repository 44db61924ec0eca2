// What each test gets: a core of its own with fake clock, memory and log, the device when it asks for one, and a
// check afterwards that nothing is left.

import {
  registerEmulatedIommuDev,
  unregisterGroupDev,
  VfioCore,
  VfioError,
  type CoreOptions,
  type ErrnoCode,
  type FaultPoint,
  type IommuGroup,
  type ParentDevice,
  type Ref,
  type VfioAccess,
  type VfioDevice,
  type VfioDeviceOps,
} from '@vfio-ts/core';
import { isSettled } from './assert.ts';
import type { DeviceUnderTest, HarnessHost } from './device-under-test.ts';
import { ManualClock, RecordingLogger, TrackedMemory } from './fakes/index.ts';
import { inProcess, InProcessSession } from './in-process.ts';
import { LeakError } from './leak-check.ts';
import type { Connector, Session } from './session.ts';

/** Devices that a test can make at most; the room for more would be made anew for each test. */
export const MAX_DEVICES = 1024;

/** How the fixture of one test differs from the usual. */
export interface ContextOptions {
  /** On top of `trace` and, where the device supports it, `iommufd`. */
  readonly core?: CoreOptions;
  /** The IOMMU group that parents are in. */
  readonly iommuGroup?: IommuGroup;
}

/** A registered device. */
export interface RegisteredDevice<T extends object> {
  readonly ref: Ref<T>;
  readonly device: T;
  readonly vdev: VfioDevice;
}

/** A device in use. */
export interface OpenDevice<T extends object> {
  readonly device: T;
  readonly vdev: VfioDevice;
  readonly session: Session;
  /** The session's. */
  readonly access: VfioAccess;
}

/** The fixture of one test. */
export class TestContext<T extends object> implements HarnessHost {
  readonly harness: DeviceUnderTest<T>;
  readonly clock: ManualClock = new ManualClock();
  readonly logger: RecordingLogger = new RecordingLogger();
  /** Memory of devices; guest memory comes from the session. */
  readonly memory: TrackedMemory;
  readonly core: VfioCore;
  readonly connector: Connector;
  /** Called at each fault point of core; throw to make it fail. */
  fault: ((point: FaultPoint) => void) | undefined = undefined;
  readonly #iommuGroup: IommuGroup | undefined;
  readonly #undo: { readonly what: string; readonly run: () => unknown }[] = [];
  readonly #sessions: Session[] = [];
  readonly #resources: Readonly<Record<string, number>>;
  #parentUsers = 0;

  constructor(harness: DeviceUnderTest<T>, { core, iommuGroup }: ContextOptions = {}) {
    this.harness = harness;
    this.connector = harness.connector ?? inProcess;
    this.memory = new TrackedMemory(undefined, this.connector.deviceMemory);
    this.#iommuGroup = iommuGroup;
    this.core = new VfioCore(this, {
      trace: true,
      maxDevices: MAX_DEVICES,
      iommufd: harness.supports.iommufd,
      fault: (point) => this.fault?.(point),
      ...core,
    });
    this.#resources = this.resources();
  }

  /** A parent whose users are counted; each call makes a new one. */
  parent(name: string): ParentDevice {
    const parent: ParentDevice = {
      name,
      core: this.core,
      get: () => void this.#parentUsers++,
      put: () => void this.#parentUsers--,
    };
    return this.#iommuGroup === undefined ? parent : { ...parent, iommuGroup: this.#iommuGroup };
  }

  /** Devices allocated under parents of this fixture and not released. */
  get parentUsers(): number {
    return this.#parentUsers;
  }

  /** The harness's counters now. */
  resources(): Readonly<Record<string, number>> {
    return this.harness.resources?.(this.core) ?? {};
  }

  /** Allocates a device; the test puts it. */
  create(ops: VfioDeviceOps<T> = this.harness.ops): Ref<T> {
    return this.harness.create(this, ops);
  }

  /** The core device in what `create` gave. */
  vdev(ref: Ref<T>): VfioDevice {
    return this.harness.vdev(ref.device);
  }

  /** Registers as the driver does; the test unregisters. */
  register(vdev: VfioDevice): void {
    if (this.harness.register === undefined) registerEmulatedIommuDev(vdev);
    else this.harness.register(vdev);
  }

  /** Allocates a device that is put at the end. */
  allocated(ops?: VfioDeviceOps<T>): Ref<T> {
    const ref = this.create(ops);
    this.defer('put', () => ref.put());
    return ref;
  }

  /** Allocates and registers a device; unregistered and put at the end unless the test did. */
  registered(ops?: VfioDeviceOps<T>): RegisteredDevice<T> {
    const ref = this.allocated(ops);
    const { device } = ref;
    const vdev = this.harness.vdev(device);
    this.register(vdev);
    this.deferUnregister(vdev);
    return { ref, device, vdev };
  }

  /** Unregisters a registered device at the end, unless the test did. */
  deferUnregister(vdev: VfioDevice): void {
    this.defer('unregister', () => this.#unregister(vdev));
  }

  /** Opens a registered device by the harness's connector; closed at the end. */
  async connect(vdev: VfioDevice): Promise<Session> {
    const session = await this.connector.connect(vdev);
    this.#sessions.push(session);
    this.defer('close', () => session.close());
    return session;
  }

  /** Opens a registered device by the kernel's path; closed at the end. */
  openInProcess(vdev: VfioDevice): InProcessSession {
    const session = new InProcessSession(vdev);
    this.#sessions.push(session);
    this.defer('close', () => session.close());
    return session;
  }

  /** Allocates, registers and opens a device; everything is undone at the end. */
  async open(ops?: VfioDeviceOps<T>): Promise<OpenDevice<T>> {
    const { device, vdev } = this.registered(ops);
    const session = await this.connect(vdev);
    return { device, vdev, session, access: session.access };
  }

  /** Makes the next passage of a fault point of core fail. */
  failAt(point: FaultPoint, code: ErrnoCode): void {
    this.fault = (passed) => {
      if (passed !== point) return;
      this.fault = undefined;
      throw new VfioError(code, point, 'made to fail');
    };
  }

  /** Runs `run` at the end of the test, the last one first. */
  defer(what: string, run: () => unknown): void {
    this.#undo.push({ what, run });
  }

  /**
   * Undoes everything and checks that nothing is left.
   *
   * @throws LeakError
   */
  async finish(): Promise<void> {
    const left = [...(await this.abandon())];
    for (const { kind, what, stack } of this.core.leaks()) {
      left.push(`${kind} ${what}${stack === undefined ? '' : `, made at\n${stack}`}`);
    }
    left.push(...this.memory.alive.map((what) => `memory: ${what}`));
    left.push(...this.#sessions.toReversed().flatMap((session) => session.leaks()));
    left.push(...this.logger.at('error').map(({ message }) => `logged as an error: ${message}`));
    if (this.#parentUsers !== 0) left.push(`${this.#parentUsers} users of the parent`);
    if (this.clock.pending !== 0) left.push(`${this.clock.pending} timers`);
    const now = this.resources();
    for (const [name, count] of Object.entries(this.#resources)) {
      if (now[name] !== count) left.push(`${name}: ${String(now[name])}, was ${count}`);
    }
    if (left.length > 0) throw new LeakError(left);
  }

  /** Undoes everything, whatever fails; gives a line for each failure. */
  async abandon(): Promise<readonly string[]> {
    const failures: string[] = [];
    for (let next = this.#undo.pop(); next !== undefined; next = this.#undo.pop()) {
      try {
        // Each step stands on the one before it.
        // oxlint-disable-next-line no-await-in-loop
        await next.run();
      } catch (error) {
        failures.push(`${next.what} failed: ${String(error)}`);
      }
    }
    return failures;
  }

  async #unregister(vdev: VfioDevice): Promise<void> {
    if (vdev.state !== 'registered') return;
    const done = unregisterGroupDev(vdev);
    // Whoever still holds the device now holds it for ever: a test must not hang on it.
    if (!(await isSettled(done))) throw new VfioError('EBUSY', 'unregister', 'still in use');
    await done;
  }
}

/**
 * Runs the body of one test in a fixture of its own.
 *
 * @throws what the body throws; `LeakError` when that is nothing but something is left
 */
export async function withContext<T extends object>(
  harness: DeviceUnderTest<T>,
  options: ContextOptions | undefined,
  body: (t: TestContext<T>) => void | Promise<void>,
): Promise<void> {
  const t = new TestContext(harness, options);
  try {
    await body(t);
  } catch (error) {
    await t.abandon();
    throw error;
  }
  await t.finish();
}
