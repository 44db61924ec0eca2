// One message on its way through a handler.

import type { Logger } from '@vfio-ts/core';
import type { DmaRequests } from './dma-requests.ts';
import type { DmaRange, DmaTable } from './dma-table.ts';
import type { Fd } from './fd.ts';
import type { IoSignals } from './io-signals.ts';
import type { MessageFds } from './message-fds.ts';
import type { PeerLimits } from './messages/version.ts';
import type { PeerProfile } from './peer.ts';
import type { Limits } from './protocol.ts';
import type { DataWindow, ReplyBuffer } from './reply-buffer.ts';
import type { OpenDevice } from './served-device.ts';
import type { SessionHost } from './session-host.ts';
import type { FrameBuffer } from './transport.ts';

/** A range a client has mapped, and what it was mapped from. */
export interface ClientMapping extends DmaRange {
  readonly flags: number;
  /** Where in the file the range starts. */
  readonly offset: number;
  /** Which file; `undefined` when the client's memory has none. */
  readonly file: string | undefined;
}

/** One client that has negotiated. */
export interface Client {
  readonly device: OpenDevice;
  /** The device is a PCI device, whose irq indexes have the meanings of vfio-pci. */
  readonly isPci: boolean;
  readonly mappings: DmaTable<ClientMapping>;
  /** What the client takes. */
  readonly peer: PeerLimits;
  readonly profile: PeerProfile;
  /** Both sides take REGION_WRITE_MULTI. */
  readonly writeMultiple: boolean;
}

/** Descriptors that a client's mappings keep open. */
export interface KeptFiles {
  count: number;
}

/** The message that is being handled: one object for a session's whole life. */
export interface Call {
  readonly client: Client;
  /** Reaches what the client maps without a descriptor. */
  readonly dma: DmaRequests;
  readonly host: SessionHost;
  readonly limits: Limits;
  readonly logger: Logger;
  /** The message; its payload starts at offset 16. */
  readonly request: FrameBuffer;
  /** Bytes of payload, at least the handler's `minPayload`. */
  readonly payloadLength: number;
  readonly fds: MessageFds;
  /** Where the reply is built; its payload starts at offset 16. */
  readonly reply: ReplyBuffer;
  /** Data of a region access in the request and in the reply. */
  readonly requestData: DataWindow;
  readonly replyData: DataWindow;
  readonly keptFiles: KeptFiles;
  /** Eventfds by which the client tells the device of writes. */
  readonly ioSignals: IoSignals;
  /** Go out with the reply, stay their owners'. */
  replyFds: readonly Fd[];
}

/** What handles one command. */
export interface CommandHandler {
  /** Payloads shorter than this are refused with `EINVAL`. */
  readonly minPayload: number;
  /** Does it all or throws; returns the bytes of payload it has put into the reply. */
  readonly handle: (call: Call) => number;
  /**
   * What has to be over before `handle`: the device comes to rest, or a reset ends. `undefined` when it is. What is
   * not wanted any more when the device has come to rest at last must not be begun.
   */
  readonly settle?: (call: Call, isWanted: () => boolean) => Promise<void> | undefined;
  /** The reply for a client that cannot take an error, when `handle` threw. */
  readonly standIn?: (call: Call) => number;
}

/** A command and its handler. */
export type HandlerEntry = readonly [command: number, handler: CommandHandler];
