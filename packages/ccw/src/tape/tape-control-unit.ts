// A 3490 control unit with one drive, whose tapes are AWSTAPE files. IBM 3490 Hardware Reference, GA32-0127; Linux
// drivers/s390/char/tape_34xx.c and tape_std.c.

import { VfioError } from '@vfio-ts/core';
import type { CommandEnd, ControlUnit, DeviceCommand } from '../channel/control-unit.ts';
import { DEVICE_STATUS } from '../channel/control-unit.ts';
import { CONTROL, SUPERVISOR } from './commands/control.ts';
import { MOTION } from './commands/motion.ts';
import { TRANSFER } from './commands/transfer.ts';
import { Drive, TAPE_NORMAL, TapeChain } from './drive.ts';
import type { TapeCommandTable } from './drive.ts';
import type { MountOptions, TapeHost } from './open-tape.ts';
import { TapeCheck } from './sense.ts';
import type { TapeCheckKind } from './sense.ts';
import { TapeVolume } from './tape-volume.ts';

/** What a drive is told of itself. */
export interface TapeOptions extends Omit<TapeHost, 'name'> {
  /** For log lines; `tape` when left out. */
  readonly name?: string;
  /** Up to 12 letters and digits; 1 when left out. */
  readonly serial?: string;
  /** 0 to FF; 0 when left out. */
  readonly unitAddress?: number;
}

/** The tape in a drive. */
export interface MountedTape {
  readonly path: string;
  readonly isReadOnly: boolean;
  /** Number of the next block. */
  readonly block: number;
}

const SENSE = 0x04;
const READ_SUBSYSTEM_DATA = 0x3e;
const NONE = new Uint8Array(0);
const COMMANDS: TapeCommandTable = { ...TRANSFER, ...MOTION, ...CONTROL };

/** A drive that has become ready; Linux takes no other status for it. */
const READY = DEVICE_STATUS.ATTENTION | DEVICE_STATUS.DEVICE_END | DEVICE_STATUS.UNIT_EXCEPTION;

function closed(name: string): VfioError {
  return new VfioError('ENODEV', 'mount', `${name} is closed`);
}

/**
 * A tape drive. Tapes are mounted and unmounted while the guest runs.
 *
 * What a chain writes is in the file before its final status; what a chain with a tape mark writes, and all before a
 * Rewind or Synchronize, is durable as well.
 *
 * @throws `EINVAL` a unit address that no drive has
 */
export class TapeControlUnit implements ControlUnit {
  readonly name: string;
  readonly #host: TapeHost;
  readonly #drive: Drive;
  /** Settles when all commands and mounts so far have ended. */
  #turn: Promise<unknown> = Promise.resolve();
  #isMounting = false;
  #isClosed = false;
  #listener: ((status: number) => void) | undefined = undefined;

  constructor({ name = 'tape', serial = '1', unitAddress = 0, ...host }: TapeOptions) {
    if (!Number.isInteger(unitAddress) || unitAddress < 0 || unitAddress > 0xff) {
      throw new VfioError('EINVAL', 'TapeControlUnit', `unit address ${unitAddress}`);
    }
    this.name = name;
    this.#host = { ...host, name };
    this.#drive = new Drive({ serial, unitAddress });
  }

  /** The tape in the drive; `undefined` where there is none. */
  get mounted(): MountedTape | undefined {
    const { volume } = this.#drive;
    if (volume === undefined) return undefined;
    return { path: volume.path, isReadOnly: volume.isReadOnly, block: volume.block };
  }

  /** What the guest shows on the drive's display, two messages of 8 characters; nothing at first. */
  get display(): string {
    return this.#drive.display;
  }

  /**
   * Puts a tape into the drive, and tells the guest that the drive is ready.
   *
   * @throws `EBUSY` a tape is in it, or another has the file; `EINVAL` no AWSTAPE file, or a capacity that is none;
   * `ENODEV` the control unit is closed; `ENOENT`, `EACCES`, `EROFS`, `EIO`
   */
  async mount(path: string, options: MountOptions = {}): Promise<void> {
    const { capacity = 1, warning = 0 } = options;
    if (this.#isClosed) throw closed(this.name);
    if (!(capacity > 0) || !(warning >= 0)) {
      throw new VfioError('EINVAL', 'mount', `capacity ${capacity}, warning ${warning}`);
    }
    if (this.#drive.volume !== undefined || this.#isMounting) {
      throw new VfioError('EBUSY', 'mount', `${this.name} has a tape`);
    }
    this.#isMounting = true;
    try {
      // Commands do not wait for it: to them the drive is not ready yet.
      const volume = await TapeVolume.open(path, options, this.#host);
      await this.#alone(() => this.#putIn(volume));
    } finally {
      this.#isMounting = false;
    }
  }

  /**
   * Takes the tape out, when the command in progress has ended; all that was written is durable. Nothing where there
   * is none.
   *
   * @throws `EIO` blocks are lost
   */
  unmount(): Promise<void> {
    return this.#alone(() => this.#takeOut());
  }

  begin(): void {
    this.#drive.chain = new TapeChain();
    this.#drive.isAborted = false;
  }

  execute(command: DeviceCommand): Promise<CommandEnd> {
    return this.#alone(() => this.#execute(command));
  }

  abort(): void {
    this.#drive.isAborted = true;
  }

  end(): Promise<CommandEnd | undefined> | undefined {
    return this.#drive.volume === undefined ? undefined : this.#alone(() => this.#end());
  }

  listen(listener: ((status: number) => void) | undefined): void {
    this.#listener = listener;
  }

  reset(): void {
    this.#drive.sense = undefined;
    this.#drive.paths.reset();
    this.#drive.chain = new TapeChain();
  }

  close(): Promise<void> {
    return this.#alone(async () => {
      this.#isClosed = true;
      await this.#takeOut();
    });
  }

  /** Does one thing after the other. */
  #alone<T>(act: () => Promise<T>): Promise<T> {
    const done = this.#turn.then(act);
    this.#turn = done.catch(() => undefined);
    return done;
  }

  async #putIn(volume: TapeVolume): Promise<void> {
    if (this.#isClosed) {
      await volume.close();
      throw closed(this.name);
    }
    this.#drive.volume = volume;
    this.#drive.sense = undefined;
    this.#listener?.(READY);
  }

  async #takeOut(): Promise<void> {
    const { volume } = this.#drive;
    this.#drive.volume = undefined;
    this.#drive.sense = undefined;
    try {
      await volume?.close();
    } catch (error) {
      if (!(error instanceof TapeCheck)) throw error;
      throw new VfioError('EIO', 'unmount', 'blocks are lost', { cause: error });
    }
  }

  async #execute(command: DeviceCommand): Promise<CommandEnd> {
    const drive = this.#drive;
    if (command.code !== SENSE) drive.sense = undefined;
    try {
      return await this.#perform(command);
    } catch (error) {
      return { ...this.#unitCheck(this.#kindOf(error)), taken: 0, data: NONE };
    }
  }

  async #perform(command: DeviceCommand): Promise<CommandEnd> {
    const drive = this.#drive;
    const { chain } = drive;
    const handler = COMMANDS[command.code];
    if (command.code !== READ_SUBSYSTEM_DATA) chain.prepared = undefined;
    const isForbidden = chain.inhibitsSupervisor && SUPERVISOR.has(command.code);
    if (handler === undefined || isForbidden) throw new TapeCheck('commandReject');
    return await handler(drive, command);
  }

  async #end(): Promise<CommandEnd | undefined> {
    const { volume, chain } = this.#drive;
    try {
      await (chain.wantsSync ? volume?.sync() : volume?.flush());
      return undefined;
    } catch (error) {
      return this.#unitCheck(this.#kindOf(error));
    }
  }

  /** The end of a command that failed; the sense data is kept for a Sense. */
  #unitCheck(kind: TapeCheckKind): CommandEnd {
    const sense = this.#drive.buildSense(kind);
    this.#drive.sense = sense;
    return { status: TAPE_NORMAL | DEVICE_STATUS.UNIT_CHECK, sense };
  }

  /** What an exception is to the guest. @throws what is neither the guest's doing nor the file's */
  #kindOf(error: unknown): TapeCheckKind {
    if (error instanceof TapeCheck) return error.kind;
    if (!(error instanceof VfioError)) throw error;
    this.#host.logger.log('error', this.name, () => 'the tape cannot be read', error);
    return 'readFailed';
  }
}
