// A guest of an ap device that is a program: RSA and random numbers as promises.

import {
  isErrno,
  VfioError,
  type Clock,
  type MakeSignal,
  type MemoryBackend,
  type VfioAccess,
} from '@vfio-ts/core';
import { AP_RESPONSE } from '../hardware/status.ts';
import { AP_PORT_COMPLETION_IRQ, AP_PORT_IRQ_INDEX, AP_PORT_SLOT_COUNT } from '../port/layout.ts';
import { Dispatcher } from './dispatcher.ts';
import { ApResponseError } from './errors.ts';
import { GuestMemory, MESSAGE_ROOM } from './guest-memory.ts';
import { Indicators } from './indicators.ts';
import {
  issueOne,
  qci,
  rapq,
  tapq,
  zapq,
  type Instruction,
  type InstructionResult,
} from './instructions.ts';
import {
  decodeConfiguration,
  decodeQueueInfo,
  type ApConfiguration,
  type ApQueueInfo,
} from './machine.ts';
import { checkPort, PortInstructions } from './port.ts';
import { decodeRandomReply, encodeRandom, LARGEST_RANDOM } from './random-messages.ts';
import { Request, type Question } from './request.ts';
import {
  decodeRsaReply,
  encodeCrt,
  encodeModExpo,
  type CrtOperation,
  type ModExpo,
} from './rsa-messages.ts';
import { watchIrqs, type ApWatch } from './signals.ts';

/** How a client uses a device. */
export interface ApClientOptions {
  /** Where memory comes from that the device can reach. Over the wire it has to have a descriptor. */
  readonly memory: MemoryBackend;
  readonly clock: Clock;
  /** Guest address for the client's memory, of which it uses 200 KiB. 4 GiB when left out. */
  readonly iova?: number;
  /** Lets the device tell of replies and of changes. Without it the client looks by the clock. */
  readonly makeSignal?: MakeSignal;
  /** Milliseconds between looks while something is under way: 50 when left out, 1 without `makeSignal`. */
  readonly interval?: number;
  /** Milliseconds that a request may take; 30000 when left out. */
  readonly timeout?: number;
  /** Somebody wants the device back. */
  readonly onRequest?: () => void;
}

/** Where and how long a request is tried. */
export interface ApRequestOptions {
  /** The only queue that may do it, `adapter << 8 | domain`; any of the right mode when left out. */
  readonly apqn?: number;
  /** Milliseconds; those of the client when left out. */
  readonly timeout?: number;
}

const IOVA = 2 ** 32;
const INTERVAL_WITH_SIGNALS = 50;
const INTERVAL_WITHOUT = 1;
const TIMEOUT = 30_000;
/** Interrupts of the device itself (Linux include/uapi/linux/vfio.h). */
const REQ_IRQ_INDEX = 0;
const CFG_CHG_IRQ_INDEX = 1;

/**
 * A client of an ap device with an instruction port. Requests are promises, as many at once as one likes; each ends
 * once, with a result or with an error: `ApReplyError` and `ApCcaError` where a card refuses it, `ApResponseError`
 * where its queue does, `ECANCELED` where a reset has dropped it or the client was closed, `ENODEV` where no queue
 * can do it, `ETIMEDOUT`, and what the device's access gives where it cannot be reached.
 */
export class ApClient implements AsyncDisposable {
  readonly #clock: Clock;
  readonly #timeout: number;
  readonly #dispatcher: Dispatcher;
  readonly #resources: AsyncDisposableStack;

  private constructor(
    options: ApClientOptions,
    dispatcher: Dispatcher,
    resources: AsyncDisposableStack,
  ) {
    this.#clock = options.clock;
    this.#timeout = options.timeout ?? TIMEOUT;
    this.#dispatcher = dispatcher;
    this.#resources = resources;
  }

  /**
   * Begins to use a device, which stays the caller's.
   *
   * @throws `ENODEV` it has no instruction port; and what its access gives
   */
  static async open(access: VfioAccess, options: ApClientOptions): Promise<ApClient> {
    const { clock, memory: backend, iova = IOVA, makeSignal } = options;
    const { interval = makeSignal === undefined ? INTERVAL_WITHOUT : INTERVAL_WITH_SIGNALS } =
      options;
    await checkPort(access);
    await using undo = new AsyncDisposableStack();
    const memory = await GuestMemory.map(access, backend, iova, AP_PORT_SLOT_COUNT);
    undo.defer(() => memory.unmap());
    const instructions = new PortInstructions(access, memory, clock, Math.min(interval, 1));
    const indicators = makeSignal === undefined ? undefined : new Indicators(memory);
    const dispatcher = new Dispatcher({ instructions, clock, interval, indicators });
    if (makeSignal !== undefined) {
      undo.use(await watchIrqs(access, makeSignal, watchesOf(instructions, dispatcher, options)));
    }
    await dispatcher.scan();
    return new ApClient(options, dispatcher, undo.move());
  }

  /** The queues that are known, as TAPQ has told of them. */
  get queues(): readonly ApQueueInfo[] {
    return this.#dispatcher.queues.map(({ info }) => info);
  }

  /** base^exponent mod modulus, in as many bytes as the modulus. By an accelerator. @throws `EINVAL` and as above */
  async modExpo(operation: ModExpo, options: ApRequestOptions = {}): Promise<Uint8Array> {
    const op = 'modExpo';
    return this.#ask(options, {
      op,
      target: options.apqn ?? 'accelerator',
      message: encodeModExpo(operation),
      decode: (reply) => decodeRsaReply(op, reply, operation.modulus.length),
    });
  }

  /** RSA's private operation, in as many bytes as p and q have together. By an accelerator. @throws as above */
  async crt(operation: CrtOperation, options: ApRequestOptions = {}): Promise<Uint8Array> {
    const op = 'crt';
    const size = operation.p.length + operation.q.length;
    return this.#ask(options, {
      op,
      target: options.apqn ?? 'accelerator',
      message: encodeCrt(operation),
      decode: (reply) => decodeRsaReply(op, reply, size),
    });
  }

  /** Random bytes, by a CCA coprocessor; more than 4096 are several requests. */
  async random(size: number, options: ApRequestOptions = {}): Promise<Uint8Array> {
    const parts: Promise<Uint8Array>[] = [];
    for (let rest = size; rest > 0; rest -= LARGEST_RANDOM) {
      const count = Math.min(rest, LARGEST_RANDOM);
      parts.push(
        this.#request(options, {
          op: 'random',
          target: options.apqn ?? 'cca',
          encode: (domain) => encodeRandom(count, domain),
          decode: (reply) => decodeRandomReply(reply, count),
        }),
      );
    }
    const bytes = new Uint8Array(size);
    for (const [i, part] of (await Promise.all(parts)).entries())
      bytes.set(part, i * LARGEST_RANDOM);
    return bytes;
  }

  /** Sends any message of up to 12 KiB to a queue, for what no method offers. @throws `EINVAL` and as above */
  async send(
    apqn: number,
    message: Uint8Array,
    options: ApRequestOptions = {},
  ): Promise<Uint8Array> {
    if (message.length > MESSAGE_ROOM) {
      throw new VfioError('EINVAL', 'send', `a message of ${message.length} bytes`);
    }
    return this.#ask(options, { op: 'send', target: apqn, message, decode: (reply) => reply });
  }

  /** TAPQ. @throws {@link ApResponseError} */
  async test(apqn: number): Promise<ApQueueInfo> {
    const { gr2 } = await this.#instruct('test', apqn, tapq(apqn));
    return decodeQueueInfo(apqn, gr2);
  }

  /** QCI. */
  async configuration(): Promise<ApConfiguration> {
    const { bytes } = await this.#instruct('configuration', 0, qci());
    return decodeConfiguration(bytes);
  }

  /** Looks what queues there are; those that tell of changes are looked for by themselves. */
  scan(): Promise<void> {
    return this.#dispatcher.scan();
  }

  /** RAPQ: what is under way there ends with `ECANCELED`. @throws {@link ApResponseError} */
  reset(apqn: number): Promise<void> {
    return this.#reset('reset', apqn, rapq(apqn));
  }

  /** ZAPQ, otherwise as {@link ApClient.reset}. */
  zeroize(apqn: number): Promise<void> {
    return this.#reset('zeroize', apqn, zapq(apqn));
  }

  /** Ends everything under way with `ECANCELED`, and gives back what it has of the device. */
  async close(): Promise<void> {
    await this.#dispatcher.end(new VfioError('ECANCELED', 'close', 'the client was closed'));
    try {
      await this.#resources.disposeAsync();
    } catch (error) {
      // Whoever is gone has nothing of ours.
      if (!isErrno(unsuppressed(error), 'ENOTCONN')) throw error;
    }
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #instruct(op: string, apqn: number, instruction: Instruction): Promise<InstructionResult> {
    return this.#dispatcher.errand(async (instructions) => {
      const result = await issueOne(instructions, instruction);
      const { responseCode } = result.status;
      if (responseCode !== AP_RESPONSE.NORMAL) throw new ApResponseError(op, apqn, responseCode);
      return result;
    });
  }

  #reset(op: string, apqn: number, instruction: Instruction): Promise<void> {
    return this.#dispatcher.errand(async (instructions) => {
      const { status } = await issueOne(instructions, instruction);
      if (status.responseCode !== AP_RESPONSE.NORMAL) {
        throw new ApResponseError(op, apqn, status.responseCode);
      }
      this.#dispatcher.wasReset(apqn);
    });
  }

  #ask(
    options: ApRequestOptions,
    { message, ...rest }: Omit<Question<Uint8Array>, 'encode'> & { readonly message: Uint8Array },
  ): Promise<Uint8Array> {
    return this.#request(options, { ...rest, encode: () => message });
  }

  #request<T>(options: ApRequestOptions, question: Question<T>): Promise<T> {
    const { timeout = this.#timeout } = options;
    const request = new Request(question);
    const late = (): void => {
      request.fail(new VfioError('ETIMEDOUT', question.op, `no reply in ${timeout} ms`));
    };
    request.setTimer(this.#clock.after(timeout, late));
    this.#dispatcher.add(request);
    return request.result;
  }
}

function watchesOf(
  instructions: PortInstructions,
  dispatcher: Dispatcher,
  { onRequest }: ApClientOptions,
): readonly ApWatch[] {
  const replies = { index: AP_PORT_IRQ_INDEX, subindex: 0, fire: () => dispatcher.kick() };
  const completion = {
    index: AP_PORT_IRQ_INDEX,
    subindex: AP_PORT_COMPLETION_IRQ,
    fire: () => instructions.signalled(),
  };
  const change = {
    index: CFG_CHG_IRQ_INDEX,
    subindex: 0,
    // A client that is at its end does not look any more.
    fire: () => void dispatcher.scan().catch(() => undefined),
  };
  const watches = [replies, completion, change];
  return onRequest === undefined
    ? watches
    : [...watches, { index: REQ_IRQ_INDEX, subindex: 0, fire: onRequest }];
}

function unsuppressed(error: unknown): unknown {
  return error instanceof SuppressedError ? unsuppressed(error.error) : error;
}
