// What a client has sent, message by message, as a test reads it.

import {
  VFIO_IRQ_SET_ACTION_MASK,
  VFIO_IRQ_SET_ACTION_TRIGGER,
  VFIO_IRQ_SET_ACTION_UNMASK,
  VFIO_IRQ_SET_DATA_BOOL,
  VFIO_IRQ_SET_DATA_EVENTFD,
  VFIO_IRQ_SET_DATA_NONE,
  type VfioError,
} from '@vfio-ts/core';
import type { Fd } from '../../../src/fd.ts';
import { HEADER_NO_REPLY, HEADER_SIZE, messageCommand, messageFlags } from '../../../src/header.ts';
import { decodeIrqSet } from '../../../src/messages/irq.ts';
import { getU64 } from '../../../src/messages/u64.ts';
import { commandName, VFIO_USER } from '../../../src/protocol.ts';
import type { FrameBuffer, FrameHandler, Transport } from '../../../src/transport.ts';

/** One message of the client. */
interface Message {
  readonly command: number;
  /** It wants no reply. */
  readonly posted: boolean;
  readonly view: DataView;
  readonly fds: number;
}

/** A write to a region. */
export interface RegionWrite {
  readonly region: number;
  readonly offset: number;
  readonly count: number;
  readonly posted: boolean;
}

const KEPT = 64;
const INDEXES = ['intx', 'msi', 'msix', 'err', 'req'];
const BITS: readonly (readonly [number, string])[] = [
  [VFIO_IRQ_SET_ACTION_MASK, 'mask'],
  [VFIO_IRQ_SET_ACTION_UNMASK, 'unmask'],
  [VFIO_IRQ_SET_ACTION_TRIGGER, 'trigger'],
  [VFIO_IRQ_SET_DATA_NONE, 'none'],
  [VFIO_IRQ_SET_DATA_BOOL, 'bool'],
  [VFIO_IRQ_SET_DATA_EVENTFD, 'eventfd'],
];

/** The messages of all connections since the last {@link WireLog.clear}. */
export class WireLog {
  #messages: Message[] = [];

  /** Forgets what came. */
  clear(): void {
    this.#messages = [];
  }

  /** Keeps the beginning of a message. */
  add(frame: FrameBuffer, length: number, fds: number): void {
    const { view } = frame;
    this.#messages.push({
      command: messageCommand(view),
      posted: (messageFlags(view) & HEADER_NO_REPLY) !== 0,
      view: new DataView(frame.bytes.slice(0, Math.min(length, HEADER_SIZE + KEPT)).buffer),
      fds,
    });
  }

  /** How often a command came. */
  count(command: number): number {
    return this.#messages.filter((message) => message.command === command).length;
  }

  /** Names of the commands, in order. */
  get commands(): readonly string[] {
    return this.#messages.map(({ command }) => commandName(command));
  }

  /** Every SET_IRQS in words: `msix trigger eventfd 0+1 fds 0`. */
  get irqs(): readonly string[] {
    return this.#of(VFIO_USER.DEVICE_SET_IRQS).map(({ view, fds }) => {
      const { index, flags, start, count } = decodeIrqSet(view, HEADER_SIZE);
      const words = BITS.filter(([bit]) => (flags & bit) !== 0).map(([, word]) => word);
      return [INDEXES[index], ...words, `${start}+${count}`, `fds ${fds}`].join(' ');
    });
  }

  /** Every write to a region but the configuration space. */
  writes(region: number): readonly RegionWrite[] {
    return this.#of(VFIO_USER.REGION_WRITE)
      .map(({ view, posted }) => ({
        offset: getU64(view, HEADER_SIZE),
        region: view.getUint32(HEADER_SIZE + 8, true),
        count: view.getUint32(HEADER_SIZE + 12, true),
        posted,
      }))
      .filter((write) => write.region === region);
  }

  #of(command: number): readonly Message[] {
    return this.#messages.filter((message) => message.command === command);
  }
}

/** A transport whose incoming messages are logged. */
export class LoggedTransport implements Transport {
  readonly #inner: Transport;
  readonly #log: WireLog;

  constructor(inner: Transport, log: WireLog) {
    this.#inner = inner;
    this.#log = log;
  }

  get queuedBytes(): number {
    return this.#inner.queuedBytes;
  }

  start(handler: FrameHandler): void {
    this.#inner.start({
      frame: (frame, length, fds) => {
        this.#log.add(frame, length, fds.length);
        handler.frame(frame, length, fds);
      },
      malformed: (header, fds) => handler.malformed(header, fds),
      closed: (error) => handler.closed(error),
    });
  }

  send(message: Uint8Array, length: number, fds?: readonly Fd[]): void {
    this.#inner.send(message, length, fds);
  }

  pause(paused: boolean): void {
    this.#inner.pause(paused);
  }

  close(error?: VfioError): void {
    this.#inner.close(error);
  }
}
