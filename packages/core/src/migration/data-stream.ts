// What the user of a migration session holds: the counterpart of the data_fd.

import { VfioError } from '../errno.ts';
import type { MigrationState, MigrationStream, PrecopyInfo } from '../ops.ts';
import type { DataDirection } from './states.ts';

/**
 * The data of one migration session. Dead (`ENODEV`) from the moment the device leaves the states that
 * carry it, whoever still holds it.
 */
export class MigrationDataStream {
  readonly direction: DataDirection;
  readonly #state: () => MigrationState;
  #stream: MigrationStream | undefined;

  /**
   * @internal
   * @param state - gives the device's state, after it has closed this stream if the state demands it
   */
  constructor(direction: DataDirection, stream: MigrationStream, state: () => MigrationState) {
    this.direction = direction;
    this.#stream = stream;
    this.#state = state;
  }

  /** Whether the session still lives. */
  get isOpen(): boolean {
    return this.#stream !== undefined;
  }

  /**
   * Fills `into` from the device's state.
   *
   * @returns bytes; 0 at the end
   * @throws `ENODEV` the session is over; `EINVAL` a stream to write to; `ENOMSG` temporary end in PRE_COPY;
   * `EIO` the driver gave a count that cannot be; and what the driver throws
   */
  read(into: Uint8Array): number {
    const stream = this.#live('migrationRead');
    if (this.direction !== 'save' || stream.read === undefined) {
      throw new VfioError('EINVAL', 'migrationRead', 'the stream is one to write to');
    }
    return plausible('migrationRead', stream.read(into), into.length);
  }

  /**
   * Opposite direction of {@link MigrationDataStream.read}.
   *
   * @returns bytes taken
   */
  write(from: Uint8Array): number {
    const stream = this.#live('migrationWrite');
    if (this.direction !== 'restore' || stream.write === undefined) {
      throw new VfioError('EINVAL', 'migrationWrite', 'the stream is one to read from');
    }
    return plausible('migrationWrite', stream.write(from), from.length);
  }

  /**
   * How much there is before the device must stop. Counterpart of `VFIO_MIG_GET_PRECOPY_INFO`.
   *
   * @throws `ENODEV` the session is over; `EINVAL` not in PRE_COPY or PRE_COPY_P2P; `ENOTTY` the driver has none
   */
  precopyInfo(): PrecopyInfo {
    const state = this.#state();
    const stream = this.#live('precopyInfo');
    if (state !== 'PRE_COPY' && state !== 'PRE_COPY_P2P') {
      throw new VfioError('EINVAL', 'precopyInfo', `the device is in ${state}`);
    }
    if (stream.precopyInfo === undefined) {
      throw new VfioError('ENOTTY', 'precopyInfo', 'the driver does not tell');
    }
    return stream.precopyInfo();
  }

  /** @internal Tells whether this is the driver's `stream`. */
  wraps(stream: MigrationStream): boolean {
    return this.#stream === stream;
  }

  /** @internal Ends the stream. A second call does nothing. What the driver's `close` throws comes out. */
  close(): void {
    const stream = this.#stream;
    // Dead before the driver hears of it: its close may look at this object.
    this.#stream = undefined;
    stream?.close?.();
  }

  #live(op: string): MigrationStream {
    if (this.#stream !== undefined) this.#state();
    if (this.#stream === undefined) {
      throw new VfioError('ENODEV', op, 'the migration session is over');
    }
    return this.#stream;
  }
}

function plausible(op: string, count: number, limit: number): number {
  if (Number.isInteger(count) && count >= 0 && count <= limit) return count;
  throw new VfioError('EIO', op, `the driver says it moved ${count} of ${limit} bytes`);
}
