// Migration of a device, as whoever has both ends does it: in this process, over sockets, or one of each.
//
// Concepts: until the new device has been told to run, the old one owns the state, and whatever happens it goes on
// running. The new device takes the stream as it comes and checks all of it before it changes. The order of the end is
// what keeps two devices from running at once: the old one stands before the new one is told to run.

import type { Awaitable } from '../access.ts';
import { joined, type Failure } from '../cleanup.ts';
import { isErrno, VfioError } from '../errno.ts';
import {
  getMigrationFlags,
  getMigrationState,
  reportDmaLogging,
  setMigrationState,
  startDmaLogging,
  stopDmaLogging,
  type FeatureAccess,
} from '../feature/client.ts';
import type { MigrationState } from '../ops.ts';
import { VFIO_DEVICE_FLAGS_RESET, VFIO_MIGRATION_PRE_COPY } from '../uapi.ts';
import {
  migrateSettings,
  type MigrateOptions,
  type MigratePhase,
  type MigrateProgress,
  type MigrateResult,
  type MigrateSettings,
  type MigrateSource,
  type MigrateTarget,
} from './options.ts';

/**
 * Moves the state of a running device to another one, which is to be running, fresh and of the same type.
 *
 * What goes wrong is in the result, never thrown, except for options that make no sense.
 *
 * @throws `EINVAL` an option, or both are one device; nothing has been done then
 */
export async function migrate(
  source: MigrateSource,
  target: MigrateTarget,
  options: MigrateOptions = {},
): Promise<MigrateResult> {
  const settings = migrateSettings(options);
  if (Object.is(source, target)) throw new VfioError('EINVAL', 'migrate', 'a device to itself');
  return new Migration(source, target, options, settings).run();
}

class Migration {
  readonly #source: MigrateSource;
  readonly #target: MigrateTarget;
  readonly #options: MigrateOptions;
  readonly #settings: MigrateSettings;
  readonly #buffer: Uint8Array;
  /** What is to be undone when it is given up. */
  readonly #touched = { source: false, target: false, guest: false, logging: false };
  readonly #cancelled = new VfioError('ECANCELED', 'migrate', 'it was cancelled');
  #phase: MigratePhase = 'check';
  #bytes = 0;
  #stopBytes = 0;
  #passes = 0;

  constructor(
    source: MigrateSource,
    target: MigrateTarget,
    options: MigrateOptions,
    settings: MigrateSettings,
  ) {
    this.#source = source;
    this.#target = target;
    this.#options = options;
    this.#settings = settings;
    this.#buffer = new Uint8Array(settings.chunkSize);
  }

  async run(): Promise<MigrateResult> {
    let lost: Failure | undefined;
    try {
      const flags = await this.#check();
      await this.#startLogging();
      await this.#resume();
      if (this.#settings.preCopy && (flags & VFIO_MIGRATION_PRE_COPY) !== 0) await this.#preCopy();
      await this.#stopCopy();
      lost = await this.#handOver();
    } catch (error) {
      return this.#giveUp(error);
    }
    const states = await this.#states();
    if (lost === undefined) return { outcome: 'migrated', ...this.#progress, ...states };
    return { outcome: 'uncertain', error: lost.error, ...this.#progress, ...states };
  }

  get #progress(): MigrateProgress {
    const [phase, bytes, passes] = [this.#phase, this.#bytes, this.#passes];
    return { phase, bytes, passes, stopBytes: this.#stopBytes };
  }

  /** @returns `VFIO_MIGRATION_*` of the old device */
  async #check(): Promise<number> {
    this.#goOn();
    const flags = await getMigrationFlags(this.#source);
    await expectRunning('old', this.#source);
    this.#goOn();
    await getMigrationFlags(this.#target);
    await expectRunning('new', this.#target);
    return flags;
  }

  async #startLogging(): Promise<void> {
    const { dmaLogging } = this.#options;
    if (dmaLogging === undefined) return;
    this.#goOn();
    try {
      await startDmaLogging(this.#source, dmaLogging.ranges, dmaLogging.pageSize);
      this.#touched.logging = true;
    } catch (error) {
      // Nobody knows then whether it has begun.
      this.#touched.logging = isErrno(error, 'ETIMEDOUT');
      throw error;
    }
  }

  /** Before the old device does anything: a new one that cannot resume is found at no cost. */
  async #resume(): Promise<void> {
    this.#goOn();
    this.#touched.target = true;
    await setMigrationState(this.#target, 'RESUMING');
  }

  async #preCopy(): Promise<void> {
    this.#goOn();
    this.#phase = 'pre-copy';
    this.#touched.source = true;
    await setMigrationState(this.#source, 'PRE_COPY');
    let passBytes = Infinity;
    while (passBytes > this.#settings.threshold && this.#passes < this.#settings.maxPasses) {
      passBytes = await this.#copy();
      this.#passes++;
      await this.#reportDirty(false);
      await this.#options.onProgress?.(this.#progress);
    }
  }

  async #stopCopy(): Promise<void> {
    this.#goOn();
    this.#phase = 'stop-copy';
    const { guest } = this.#options;
    if (guest !== undefined) {
      this.#touched.guest = true;
      await guest.stop();
      this.#goOn();
    }
    this.#touched.source = true;
    await setMigrationState(this.#source, 'STOP_COPY');
    await this.#copy();
    await this.#reportDirty(true);
  }

  /** @returns what went wrong, where a device does not say whether it has changed hands */
  async #handOver(): Promise<Failure | undefined> {
    this.#goOn();
    this.#phase = 'hand-over';
    // Here the new device checks the stream as a whole, and takes it.
    await setMigrationState(this.#target, 'STOP');
    this.#goOn();
    const lost = await moveTo(this.#source, 'STOP');
    if (lost !== undefined || !this.#settings.start) return lost;
    this.#goOn();
    return moveTo(this.#target, 'RUNNING');
  }

  /**
   * Carries the stream to its end, or to its temporary end in pre-copy.
   *
   * @returns bytes
   */
  async #copy(): Promise<number> {
    const before = this.#bytes;
    for (;;) {
      this.#goOn();
      const count = await this.#read();
      if (count === 0) return this.#bytes - before;
      if (this.#bytes + count > this.#settings.maxBytes) {
        const fact = `the stream has more than ${this.#settings.maxBytes} bytes`;
        throw new VfioError('EOVERFLOW', 'migrate', fact);
      }
      await this.#write(this.#buffer.subarray(0, count));
      this.#bytes += count;
      if (this.#phase === 'stop-copy') this.#stopBytes += count;
      await this.#options.onProgress?.(this.#progress);
    }
  }

  async #read(): Promise<number> {
    try {
      return await this.#source.readMigrationData(this.#buffer);
    } catch (error) {
      if (this.#phase === 'pre-copy' && isErrno(error, 'ENOMSG')) return 0;
      throw error;
    }
  }

  async #write(data: Uint8Array): Promise<void> {
    for (let at = 0; at < data.length;) {
      this.#goOn();
      const count = await this.#target.writeMigrationData(data.subarray(at));
      if (count === 0) throw new VfioError('EIO', 'migrate', 'the new device takes nothing more');
      at += count;
    }
  }

  async #reportDirty(isLast: boolean): Promise<void> {
    const { dmaLogging } = this.#options;
    if (dmaLogging === undefined) return;
    const { pageSize } = dmaLogging;
    for (const [range, { iova, length }] of dmaLogging.ranges.entries()) {
      this.#goOn();
      const bitmap = await reportDmaLogging(this.#source, { iova, length, pageSize });
      await dmaLogging.onDirty({ range, pageSize, bitmap, isLast });
    }
    if (!isLast) return;
    await stopDmaLogging(this.#source);
    this.#touched.logging = false;
  }

  /** @throws the cancellation, where the caller has asked for it */
  #goOn(): void {
    if (this.#options.signal?.aborted === true) throw this.#cancelled;
  }

  /** The old device runs on, the new one is as it was; each step is tried whatever became of the others. */
  async #giveUp(error: unknown): Promise<MigrateResult> {
    let failed: Failure | undefined;
    const attempt = async (isNeeded: boolean, step: () => Awaitable<void>): Promise<void> => {
      if (!isNeeded) return;
      try {
        await step();
      } catch (failure) {
        failed = joined(failure, failed);
      }
    };
    const touched = this.#touched;
    await attempt(touched.source, () => setMigrationState(this.#source, 'RUNNING'));
    await attempt(touched.logging, () => stopDmaLogging(this.#source));
    await attempt(touched.target, () => cleanTarget(this.#target));
    const states = await this.#states();
    // The guest last: it uses the device at once.
    const runs = touched.guest && states.source === 'RUNNING';
    await attempt(runs, () => this.#options.guest?.resume());
    const ended = { ...this.#progress, ...states };
    if (error === this.#cancelled) {
      return { outcome: 'cancelled', ...ended, ...(failed && { failures: failed.error }) };
    }
    const both = failed === undefined ? error : new SuppressedError(failed.error, error);
    return { outcome: 'failed', error: both, ...ended };
  }

  async #states(): Promise<Pick<MigrateResult, 'source' | 'target'>> {
    return { source: await stateOf(this.#source), target: await stateOf(this.#target) };
  }
}

async function expectRunning(which: string, access: FeatureAccess): Promise<void> {
  const state = await getMigrationState(access);
  if (state === 'RUNNING') return;
  throw new VfioError('EINVAL', 'migrate', `the ${which} device is in ${state}`);
}

/** A reset ends the session in any state; a device without one is left for its user to close. */
async function cleanTarget(target: MigrateTarget): Promise<void> {
  const { flags } = await target.getInfo();
  if ((flags & VFIO_DEVICE_FLAGS_RESET) !== 0) await target.reset();
}

/**
 * @returns what went wrong, where the device does not answer any more
 * @throws what went wrong, where it answers and is in another state
 */
async function moveTo(access: FeatureAccess, state: MigrationState): Promise<Failure | undefined> {
  try {
    await setMigrationState(access, state);
    return undefined;
  } catch (error) {
    const found = await stateOf(access);
    if (found === undefined) return { error };
    if (found !== state) throw error;
    return undefined;
  }
}

async function stateOf(access: FeatureAccess): Promise<MigrationState | undefined> {
  try {
    return await getMigrationState(access);
  } catch {
    return undefined;
  }
}
