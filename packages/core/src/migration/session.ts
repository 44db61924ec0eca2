// Migration of one device, as its user drives it.
//
// Concepts: the driver owns the state (getState is asked, nothing is remembered here) and implements single
// arcs; the session runs whole paths and owns the one data stream, which lives as long as the device is in a
// state that carries it.

import { VfioError } from '../errno.ts';
import type { LeakTracker, Ticket } from '../leaks.ts';
import type {
  MigrationState,
  MigrationStream,
  PrecopyInfo,
  VfioDeviceOps,
  VfioMigrationOps,
} from '../ops.ts';
import { migrationPath } from './arcs.ts';
import { MigrationDataStream } from './data-stream.ts';
import { isMigrationState, isStateSupported, stateData, type DataDirection } from './states.ts';

/** The device a session belongs to. */
export interface MigrationOwner {
  /** The device's callbacks, looked up at each call. */
  readonly ops: () => VfioDeviceOps<object>;
  /** What the callbacks get. */
  readonly self: object;
  /** Hears of the driver's mistakes and of failures nobody else is told. */
  readonly log?: ((message: () => string, error?: unknown) => void) | undefined;
  /** Lists the open stream. @internal */
  readonly tracker?: LeakTracker | undefined;
}

/** Migration of one device, with at most one data stream. */
export class MigrationSession {
  readonly #owner: MigrationOwner;
  #data: { readonly stream: MigrationDataStream; readonly ticket: Ticket } | undefined;
  #moving = false;

  constructor(owner: MigrationOwner) {
    this.#owner = owner;
  }

  /**
   * The state the driver says it is in.
   *
   * @throws `ENOTTY` no migration; `EIO` the driver names no state
   */
  get state(): MigrationState {
    const state: unknown = this.#ops().getState(this.#owner.self);
    if (!isMigrationState(state)) throw this.#driverFault(`getState gave ${String(state)}`);
    return state;
  }

  /** The open data stream. */
  get stream(): MigrationDataStream | undefined {
    return this.#data?.stream;
  }

  /** `VFIO_MIGRATION_*` of the device. */
  get flags(): number {
    return this.#ops().flags;
  }

  /**
   * Takes the device to `target`, all arcs of the way. A failure leaves it in the original state, an
   * intermediate one or ERROR; {@link MigrationSession.state} tells.
   *
   * @returns the data stream, if the last arc opened one
   * @throws `EINVAL` no way leads there, nothing has changed; `ENOTTY` no migration; `EBUSY` called from inside
   * an arc; `EIO` the driver broke the contract; and what the driver throws, unchanged
   */
  setState(target: MigrationState): MigrationDataStream | undefined {
    if (this.#moving) throw new VfioError('EBUSY', 'setState', 'the device is inside an arc');
    const from = this.#settle();
    const path = migrationPath(this.#leavable(from), target, this.flags);
    this.#moving = true;
    try {
      let opened: MigrationDataStream | undefined;
      let current = from;
      for (const next of path) {
        opened = this.#arc(current, next);
        current = next;
      }
      return opened;
    } finally {
      this.#moving = false;
    }
  }

  /**
   * Reads from the stream of the session.
   *
   * @returns bytes; 0 at the end
   * @throws `EINVAL` not in a state with data to read; else as {@link MigrationDataStream.read}
   */
  read(into: Uint8Array): number {
    return this.#carrying('save', 'migrationRead').read(into);
  }

  /**
   * Writes to the stream of the session.
   *
   * @returns bytes taken
   * @throws `EINVAL` not in RESUMING; else as {@link MigrationDataStream.write}
   */
  write(from: Uint8Array): number {
    return this.#carrying('restore', 'migrationWrite').write(from);
  }

  /** @throws `EINVAL` not in PRE_COPY or PRE_COPY_P2P; else as {@link MigrationDataStream.precopyInfo} */
  precopyInfo(): PrecopyInfo {
    return this.#carrying('save', 'precopyInfo').precopyInfo();
  }

  /**
   * Bytes a STOP_COPY would carry now, an estimate.
   *
   * @throws `ENOTTY` no migration; `EIO` the driver gave no count; and what the driver throws
   */
  dataSize(): number {
    const size = this.#ops().getDataSize(this.#owner.self);
    if (Number.isSafeInteger(size) && size >= 0) return size;
    throw this.#driverFault(`getDataSize gave ${size}`);
  }

  /**
   * Ends the session after the driver's `reset` has run, which leaves every state, ERROR too, for RUNNING.
   *
   * @throws `EIO` the driver's reset did not do that; the session has ended all the same
   */
  reset(): void {
    this.end();
    if (this.#owner.ops().migration === undefined) return;
    const { state } = this;
    if (state !== 'RUNNING') throw this.#driverFault(`reset left the device in ${state}`);
  }

  /** Ends the session at the last close; must precede `closeDevice`. Never throws. */
  end(): void {
    this.#quietly(() => this.#close());
  }

  #ops(): VfioMigrationOps<object> {
    const { migration } = this.#owner.ops();
    if (migration === undefined) {
      throw new VfioError('ENOTTY', 'migration', 'the device cannot migrate');
    }
    return migration;
  }

  #leavable(state: MigrationState): MigrationState {
    if (state !== 'ERROR' && !isStateSupported(state, this.flags)) {
      this.#owner.log?.(() => `driver is in ${state}, which its migration flags exclude`);
    }
    return state;
  }

  #arc(from: MigrationState, to: MigrationState): MigrationDataStream | undefined {
    let given: MigrationStream | undefined;
    try {
      given = this.#ops().setState(this.#owner.self, from, to) ?? undefined;
    } catch (error) {
      // The driver's error is the one to come out; the stream follows the state it left behind.
      this.#quietly(() => this.#settle());
      throw error;
    }
    try {
      this.#check(from, to, given);
    } catch (error) {
      this.#discard(given);
      this.#quietly(() => this.#settle());
      throw error;
    }
    this.#settle();
    const direction = stateData(to);
    if (given === undefined || direction === undefined) return undefined;
    return this.#open(direction, given);
  }

  /** Holds the outcome of an arc that the driver reported as a success against the contract. */
  #check(from: MigrationState, to: MigrationState, given: MigrationStream | undefined): void {
    const arc = `arc ${from} -> ${to}`;
    const now = this.state;
    if (now !== to) throw this.#driverFault(`${arc} left the device in ${now}`);
    const data = stateData(to);
    if (data === undefined || data === stateData(from)) {
      if (given !== undefined) throw this.#driverFault(`${arc} gave a stream, it opens none`);
      return;
    }
    if (given === undefined) throw this.#driverFault(`${arc} gave no stream`);
    const usable = data === 'save' ? given.read !== undefined : given.write !== undefined;
    if (!usable) {
      throw this.#driverFault(`${arc} gave a stream that cannot ${data}`);
    }
  }

  #open(direction: DataDirection, given: MigrationStream): MigrationDataStream {
    const stream = new MigrationDataStream(direction, given, () => this.#settle());
    const { name } = this.#owner.ops();
    const ticket: Ticket = {
      kind: 'migration-stream',
      describe: () => `${name}: migration data to ${direction}`,
    };
    this.#owner.tracker?.add(ticket);
    this.#data = { stream, ticket };
    return stream;
  }

  /** Asks the state, and closes the stream if that state does not carry it. */
  #settle(): MigrationState {
    const { state } = this;
    if (this.#data !== undefined && this.#data.stream.direction !== stateData(state)) this.#close();
    return state;
  }

  #carrying(direction: DataDirection, op: string): MigrationDataStream {
    const state = this.#settle();
    const stream = this.#data?.stream;
    if (stream === undefined || stream.direction !== direction) {
      throw new VfioError('EINVAL', op, `no data to ${direction} in ${state}`);
    }
    return stream;
  }

  #close(): void {
    const data = this.#data;
    if (data === undefined) return;
    this.#data = undefined;
    this.#owner.tracker?.remove(data.ticket);
    data.stream.close();
  }

  /** Closes what a driver gave in error, or the session's stream when it gave that one again. */
  #discard(given: MigrationStream | undefined): void {
    if (given === undefined) return;
    const own = this.#data?.stream.wraps(given) === true;
    this.#quietly(() => (own ? this.#close() : given.close?.()));
  }

  #quietly(work: () => unknown): void {
    try {
      work();
    } catch (error) {
      this.#owner.log?.(() => 'the end of a migration session failed', error);
    }
  }

  #driverFault(fact: string): VfioError {
    const error = new VfioError('EIO', 'migration', fact);
    this.#owner.log?.(() => `driver breaks the migration contract: ${fact}`, error);
    return error;
  }
}
