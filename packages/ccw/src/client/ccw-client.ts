// Runs channel programs on any ccw device, in this process or behind a socket.

import {
  PAGE_SIZE,
  VFIO_DMA_MAP_FLAG_READ,
  VFIO_DMA_MAP_FLAG_WRITE,
  VFIO_IRQ_SET_ACTION_TRIGGER,
  VFIO_IRQ_SET_DATA_EVENTFD,
  VfioError,
  type Clock,
  type EventSignal,
  type MakeSignal,
  type MemoryBackend,
  type SharedMemory,
  type SignalPair,
  type Timer,
  type VfioAccess,
} from '@vfio-ts/core';
import { decodeIrb, IRB_SIZE, type Irb } from '../architecture/irb.ts';
import { encodeOrb, ORB_FORMAT_CONTROL, ORB_PREFETCH_CONTROL } from '../architecture/orb.ts';
import { decodeSchib, SCHIB_SIZE, type Schib } from '../architecture/schib.ts';
import {
  encodeScsw,
  SCSW_CCW_FORMAT,
  SCSW_FUNCTION_CONTROL,
  SCSW_PREFETCH,
  SCSW_START_FUNCTION,
  SCSW_START_PENDING,
  SCSW_STATUS_PENDING,
} from '../architecture/scsw.ts';
import * as layout from '../driver/layout.ts';
import { assembleChain, type AssembledChain, type Chain } from './chain.ts';

/** What a client works with. */
export interface CcwClientOptions {
  readonly memory: MemoryBackend;
  readonly clock: Clock;
  /** By which the device says that a status is there; the client looks from time to time without. */
  readonly makeSignal?: MakeSignal;
  /**
   * Called with the device status nobody has asked for, attention for example; needs `makeSignal`. Equal ones that come
   * before it is called are one.
   */
  readonly attention?: (deviceStatus: number) => void;
  /** Where guest memory for programs and data is, a page address; 1 MiB when left out. */
  readonly iova?: number;
  /** Bytes of it; 1 MiB when left out. */
  readonly size?: number;
  /** Milliseconds a program may take; 30 s when left out. */
  readonly timeout?: number;
}

/** How a program ended. */
export interface ChainResult {
  readonly irb: Irb;
  /** What each command has read, as much as there was room for; empty for those that read nothing. */
  readonly data: readonly Uint8Array[];
  /** Index of the command that was the last. */
  readonly last: number;
}

const START_FLAGS = SCSW_CCW_FORMAT | SCSW_PREFETCH;
const FIRST_LOOK_MS = 1;
const NO_SCSW = { programAddress: 0, deviceStatus: 0, subchannelStatus: 0, count: 0 };

interface Waiting {
  readonly done: PromiseWithResolvers<Irb>;
  readonly timers: Timer[];
}

/** A user of a ccw device that runs one program after the other. */
export class CcwClient implements AsyncDisposable {
  readonly #access: VfioAccess;
  readonly #options: CcwClientOptions;
  readonly #memory: SharedMemory;
  readonly #iova: number;
  #signal: SignalPair | undefined;
  #waiting: Waiting | undefined;
  #isRunning = false;
  #isSignalled = false;
  #isLooking = false;
  #isClosed = false;

  private constructor(
    access: VfioAccess,
    options: CcwClientOptions,
    memory: SharedMemory,
    iova: number,
  ) {
    this.#access = access;
    this.#options = options;
    this.#memory = memory;
    this.#iova = iova;
  }

  /**
   * Maps memory for programs and asks for the interrupt. The device stays the caller's, who closes it after the client.
   *
   * @throws what `mapDma` and `setIrqs` give
   */
  static async open(access: VfioAccess, options: CcwClientOptions): Promise<CcwClient> {
    const { iova = 0x10_0000, size = 0x10_0000 } = options;
    const bytes = Math.ceil(size / PAGE_SIZE) * PAGE_SIZE;
    const memory = options.memory.alloc('ccw-client', bytes);
    const client = new CcwClient(access, options, memory, iova);
    const flags = VFIO_DMA_MAP_FLAG_READ | VFIO_DMA_MAP_FLAG_WRITE;
    try {
      await access.mapDma({ iova, size: bytes, flags, memory });
      await client.#watch();
      return client;
    } catch (error) {
      memory.close();
      throw error;
    }
  }

  /**
   * Runs a program to its end, whatever that is.
   *
   * @throws `EINVAL` a chain that cannot be written, or longer than the memory; `EBUSY` another one runs; `ETIMEDOUT`;
   * what the device refuses the start with
   */
  async run(chain: Chain): Promise<ChainResult> {
    if (this.#isClosed) throw new VfioError('ENODEV', 'run', 'the client is closed');
    if (this.#isRunning) throw new VfioError('EBUSY', 'run', 'a program is running');
    const program = assembleChain(chain, this.#iova);
    if (program.bytes.length > this.#memory.bytes.length) {
      throw new VfioError('EINVAL', 'run', `${program.bytes.length} bytes do not fit`);
    }
    this.#isRunning = true;
    try {
      this.#memory.bytes.set(program.bytes);
      const irb = await this.#start();
      return this.#result(irb, program);
    } finally {
      this.#isRunning = false;
    }
  }

  /** The subchannel, as the device tells it. */
  async schib(): Promise<Schib> {
    const bytes = new Uint8Array(SCHIB_SIZE);
    await this.#access.read(layout.VFIO_CCW_SCHIB_REGION_INDEX, 0, bytes);
    return decodeSchib(bytes);
  }

  /** HALT SUBCHANNEL: what runs ends with a status. @throws `EBUSY`, `ENODEV` */
  halt(): Promise<void> {
    return this.#async(layout.VFIO_CCW_ASYNC_CMD_HSCH);
  }

  /** CLEAR SUBCHANNEL. @throws `ENODEV` */
  clear(): Promise<void> {
    return this.#async(layout.VFIO_CCW_ASYNC_CMD_CSCH);
  }

  /** Gives the memory back; a program that runs is cleared. A second call does nothing. */
  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#settle(new VfioError('ECANCELED', 'run', 'the client is closed'));
    try {
      if (this.#signal !== undefined) await this.#listen(null);
      await this.#access.unmapDma({ iova: this.#iova, size: this.#memory.size });
    } finally {
      this.#signal?.close();
      this.#memory.close();
    }
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #start(): Promise<Irb> {
    const { clock, timeout = 30_000 } = this.#options;
    const done = Promise.withResolvers<Irb>();
    const late = (): void =>
      this.#settle(new VfioError('ETIMEDOUT', 'run', `no status within ${timeout} ms`));
    this.#waiting = { done, timers: [clock.after(timeout, late)] };
    const region = new Uint8Array(layout.IO_REGION_SIZE);
    const control = ORB_FORMAT_CONTROL | ORB_PREFETCH_CONTROL;
    const orb = { interruptionParameter: 0, key: 0, control, lpm: 0, programAddress: this.#iova };
    region.set(encodeOrb(orb));
    const wanted = SCSW_START_FUNCTION | SCSW_START_PENDING;
    region.set(
      encodeScsw({ ...NO_SCSW, flags: START_FLAGS, control: wanted }),
      layout.IO_SCSW_OFFSET,
    );
    // A failure of the write is the failure of the start: nothing is waited for then.
    done.promise.catch(() => undefined);
    try {
      await this.#access.write(layout.VFIO_CCW_CONFIG_REGION_INDEX, 0, region);
    } catch (error) {
      this.#settle(error);
    }
    if (this.#signal === undefined) await this.#poll(FIRST_LOOK_MS);
    return await done.promise;
  }

  /** Looks once for each signal. */
  async #heard(): Promise<void> {
    this.#isSignalled = true;
    if (this.#isLooking) return;
    this.#isLooking = true;
    let untold: number | undefined;
    try {
      while (this.#isSignalled) {
        this.#isSignalled = false;
        // One after the other: a signal that comes while a look is under way may be that of the status it sees.
        const unsolicited = await this.#look();
        if (untold !== unsolicited) this.#tell(untold);
        untold = unsolicited;
      }
    } finally {
      this.#isLooking = false;
    }
    this.#tell(untold);
  }

  /** Looks from time to time, until the program under way is over. */
  async #poll(again: number): Promise<void> {
    const waiting = this.#waiting;
    if (waiting === undefined) return;
    await this.#look();
    if (this.#waiting !== waiting) return;
    const poll = (): void => void this.#poll(Math.min(2 * again, 50));
    waiting.timers.push(this.#options.clock.after(again, poll));
  }

  /** Takes a status that is there; the result is the device status of one that no program has. */
  async #look(): Promise<number | undefined> {
    const waiting = this.#waiting;
    if (waiting === undefined && this.#options.attention === undefined) return undefined;
    try {
      const bytes = new Uint8Array(IRB_SIZE);
      await this.#access.read(layout.VFIO_CCW_CONFIG_REGION_INDEX, layout.IO_IRB_OFFSET, bytes);
      const irb = decodeIrb(bytes);
      const { control, deviceStatus } = irb.scsw;
      if ((control & SCSW_STATUS_PENDING) === 0) return undefined;
      if ((control & SCSW_FUNCTION_CONTROL) === 0) return deviceStatus;
      // What was seen is not the status of a program that has begun meanwhile.
      if (this.#waiting === waiting) this.#settle(irb);
    } catch (error) {
      if (this.#waiting === waiting) this.#settle(error);
    }
    return undefined;
  }

  #tell(deviceStatus: number | undefined): void {
    if (deviceStatus !== undefined) this.#options.attention?.(deviceStatus);
  }

  /** Ends the wait, with a status or an error. */
  #settle(end: unknown): void {
    const waiting = this.#waiting;
    this.#waiting = undefined;
    if (waiting === undefined) return;
    for (const timer of waiting.timers) timer.cancel();
    if (isIrb(end)) waiting.done.resolve(end);
    else waiting.done.reject(end);
  }

  #result(irb: Irb, { areas }: AssembledChain): ChainResult {
    const { programAddress, count } = irb.scsw;
    const last = (programAddress - this.#iova) / 8 - 1;
    const data = areas.map(({ offset, length, isInput }, i) => {
      if (!isInput || i > last) return new Uint8Array(0);
      const moved = i === last ? Math.max(0, length - count) : length;
      return this.#memory.bytes.slice(offset, offset + moved);
    });
    return { irb, data, last };
  }

  async #watch(): Promise<void> {
    const pair = this.#options.makeSignal?.(() => void this.#heard());
    if (pair === undefined) return;
    try {
      await this.#listen(pair.signal);
      this.#signal = pair;
    } catch (error) {
      pair.signal.close();
      pair.close();
      throw error;
    }
  }

  async #async(command: number): Promise<void> {
    const bytes = new Uint8Array(layout.ASYNC_REGION_SIZE);
    new DataView(bytes.buffer).setUint32(0, command);
    await this.#access.write(layout.VFIO_CCW_ASYNC_CMD_REGION_INDEX, 0, bytes);
  }

  async #listen(signal: EventSignal | null): Promise<void> {
    await this.#access.setIrqs({
      flags: VFIO_IRQ_SET_DATA_EVENTFD | VFIO_IRQ_SET_ACTION_TRIGGER,
      index: layout.VFIO_CCW_IO_IRQ_INDEX,
      start: 0,
      count: 1,
      signals: [signal],
    });
  }
}

function isIrb(value: unknown): value is Irb {
  return typeof value === 'object' && value !== null && 'scsw' in value;
}
