// A 3990-6 control unit with one DASD, whose tracks are in a track store. IBM 3990 Storage Control Reference.

import { isErrno, VfioError } from '@vfio-ts/core';
import type { CommandEnd, ControlUnit, DeviceCommand } from '../channel/control-unit.ts';
import { DEVICE_STATUS } from '../channel/control-unit.ts';
import { Chain } from './chain.ts';
import { COMMANDS } from './commands/index.ts';
import { deviceModelOf } from './device-model.ts';
import { UnitCheck } from './sense.ts';
import type { UnitCheckKind } from './sense.ts';
import { runToEnd, wait } from '../channel/steps.ts';
import type { Step } from '../channel/steps.ts';
import { NORMAL_END, Unit } from './unit.ts';
import type { TrackStore } from './track-store.ts';

/** What a DASD is told of itself. */
export interface DasdOptions {
  /** For log lines; `dasd` when left out. */
  readonly name?: string | undefined;
  /** Up to 12 letters and digits; that of the volume, or one made of the address, when left out. */
  readonly serial?: string | undefined;
  /** Subsystem identifier of the control unit, 0 to FFFF; 1 when left out. */
  readonly subsystemId?: number | undefined;
  /** 0 to FF; 0 when left out. */
  readonly unitAddress?: number | undefined;
  /** Offers the Prefix command, which Linux then uses for all it does; not when left out. */
  readonly hasPrefix?: boolean | undefined;
  /**
   * The volume says that it is extent space-efficient (ESE): Linux then takes tracks without records for zeros, formats
   * them when they are written, and may release space; not when left out.
   */
  readonly isSpaceEfficient?: boolean | undefined;
}

const BASIC_SENSE = 0x04;

/** Commands that set up a domain, and are no part of it. */
const LOCATES: ReadonlySet<number> = new Set([0x47, 0x4b, 0xe7]);

/** Commands behind which a search of an identifier, or of a key, still counts. */
const KEEPS_IDENTIFIER: ReadonlySet<number> = new Set([0x31, 0x0e, 0x0d, 0x06, 0x05]);
const KEEPS_KEY: ReadonlySet<number> = new Set([0x29, 0x06, 0x05]);
const KEEPS_HOME_ADDRESS: ReadonlySet<number> = new Set([0x39]);
const KEEPS_WRITTEN: ReadonlySet<number> = new Set([0x15, 0x1d]);

/** Commands that let an index that was passed count: searches, Read Count of one track, Read Sector. */
const KEEPS_INDEX: ReadonlySet<number> = new Set([
  0x31, 0xb1, 0x51, 0xd1, 0x71, 0xf1, 0x29, 0xa9, 0x49, 0xc9, 0x69, 0xe9, 0x12, 0x22,
]);

const SINGLE_TRACK = 0x7f;

function requireRange(what: string, value: number, limit: number): number {
  if (Number.isInteger(value) && value >= 0 && value <= limit) return value;
  throw new VfioError('EINVAL', 'DasdControlUnit', `${what} ${value}`);
}

/**
 * The control unit of one DASD. One guest uses it: reserve and release are answered, and keep nobody out.
 *
 * What a chain writes is in the store, and durable, before its final status.
 *
 * @throws `EINVAL` a device type or option that no such device has
 */
export class DasdControlUnit implements ControlUnit {
  readonly name: string;
  readonly #unit: Unit;
  readonly #store: TrackStore;
  #isClosed = false;
  #listener: ((status: number) => void) | undefined = undefined;

  constructor(store: TrackStore, options: DasdOptions = {}) {
    const { geometry } = store;
    const unitAddress = requireRange('unit address', options.unitAddress ?? 0, 0xff);
    const subsystemId = requireRange('subsystem identifier', options.subsystemId ?? 1, 0xffff);
    const own = `${subsystemId.toString(16)}${unitAddress.toString(16).padStart(2, '0')}`;
    const serial = options.serial ?? (geometry.serial === '' ? own : geometry.serial);
    const { hasPrefix = false, isSpaceEfficient = false } = options;
    this.name = options.name ?? 'dasd';
    this.#store = store;
    const identity = { serial, subsystemId, unitAddress, hasPrefix, isSpaceEfficient };
    this.#unit = new Unit(store, deviceModelOf(geometry), identity);
  }

  begin(): void {
    this.#unit.chain = new Chain(this.#unit.lastTrack);
    this.#unit.arm.forget();
    this.#unit.isAborted = false;
  }

  execute(command: DeviceCommand): Promise<CommandEnd> | CommandEnd {
    return runToEnd(this.#execute(command));
  }

  abort(): void {
    this.#unit.isAborted = true;
  }

  end(_isAborted: boolean): Promise<CommandEnd | undefined> | CommandEnd | undefined {
    return runToEnd(this.#end());
  }

  listen(listener: ((status: number) => void) | undefined): void {
    this.#listener = listener;
  }

  reset(): void {
    const unit = this.#unit;
    unit.sense = undefined;
    unit.isReserved = false;
    unit.hasSpecialIntercept = false;
    unit.paths.reset();
  }

  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    await this.#store.close();
  }

  /** Tells the guest that the device's state has changed: unsolicited device end. */
  announce(): void {
    this.#listener?.(DEVICE_STATUS.DEVICE_END);
  }

  *#execute(command: DeviceCommand): Step<CommandEnd> {
    const unit = this.#unit;
    const { chain } = unit;
    if (chain.position === 0 && command.code !== BASIC_SENSE) unit.sense = undefined;
    let end: CommandEnd;
    try {
      end = yield* this.#perform(command);
      this.#forgetSearches(command.code);
      if (!this.#countDomain(command)) end = { ...end, ...this.#unitCheck('domainIncomplete') };
    } catch (error) {
      const { kind, taken } = checkOf(error);
      end = { taken, ...this.#unitCheck(kind) };
    }
    chain.position += 1;
    return end;
  }

  *#perform(command: DeviceCommand): Step<CommandEnd> {
    const { code } = command;
    const { chain } = this.#unit;
    const handler = COMMANDS[code];
    if (handler === undefined) throw new UnitCheck('invalidCommand');
    if (this.#isClosed && code !== BASIC_SENSE) throw new UnitCheck('interventionRequired');
    const { onlyFollowers } = chain;
    if (onlyFollowers !== undefined && !onlyFollowers.includes(code)) {
      throw new UnitCheck('invalidSequence');
    }
    chain.onlyFollowers = undefined;
    if (!KEEPS_INDEX.has(code)) chain.hasPassedIndex = false;
    const end = handler(this.#unit, command);
    return 'status' in end ? end : yield* end;
  }

  /** What a search has found is good for the next command, and behind some for the one after. */
  #forgetSearches(code: number): void {
    const { chain } = this.#unit;
    const single = code & SINGLE_TRACK;
    if (!KEEPS_HOME_ADDRESS.has(single)) chain.isHomeAddressEqual = false;
    if (!KEEPS_IDENTIFIER.has(single)) chain.isIdentifierEqual = false;
    if (!KEEPS_KEY.has(single)) chain.isKeyEqual = false;
    if (!KEEPS_WRITTEN.has(code)) chain.hasWrittenCount = false;
  }

  /** Whether the chain goes on as long as its domain does. */
  #countDomain({ code, isChained }: DeviceCommand): boolean {
    const { chain } = this.#unit;
    const { domain } = chain;
    if (domain === undefined || LOCATES.has(code)) return true;
    domain.left -= 1;
    if (domain.left > 0) return isChained;
    chain.domain = undefined;
    return true;
  }

  *#end(): Step<CommandEnd | undefined> {
    const { arm } = this.#unit;
    try {
      yield* arm.writeBack();
      if (arm.takeWritten()) yield* wait(this.#store.flush());
      return undefined;
    } catch (error) {
      return this.#unitCheck(checkOf(error).kind);
    } finally {
      arm.forget();
    }
  }

  /** The end of a command that failed; the sense data is kept for the next chain. */
  #unitCheck(kind: UnitCheckKind): CommandEnd {
    const unit = this.#unit;
    const sense = unit.buildSense(kind);
    unit.sense = sense;
    return { status: NORMAL_END | DEVICE_STATUS.UNIT_CHECK, sense };
  }
}

/**
 * What an exception is to the guest.
 *
 * @throws what is neither the guest's doing nor the store's
 */
function checkOf(error: unknown): { readonly kind: UnitCheckKind; readonly taken: number } {
  if (error instanceof UnitCheck) return error;
  if (isErrno(error, 'EROFS')) return { kind: 'writeInhibited', taken: 0 };
  if (error instanceof VfioError) return { kind: 'equipmentCheck', taken: 0 };
  throw error;
}
