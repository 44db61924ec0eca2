// Numbers of the vfio-user protocol (QEMU docs/interop/vfio-user.rst), spelled as in libvfio-user's vfio-user.h.

/** Commands of the protocol. */
export const VFIO_USER = {
  VERSION: 1,
  DMA_MAP: 2,
  DMA_UNMAP: 3,
  DEVICE_GET_INFO: 4,
  DEVICE_GET_REGION_INFO: 5,
  DEVICE_GET_REGION_IO_FDS: 6,
  DEVICE_GET_IRQ_INFO: 7,
  DEVICE_SET_IRQS: 8,
  REGION_READ: 9,
  REGION_WRITE: 10,
  DMA_READ: 11,
  DMA_WRITE: 12,
  DEVICE_RESET: 13,
  DIRTY_PAGES: 14,
  REGION_WRITE_MULTI: 15,
  DEVICE_FEATURE: 16,
  MIG_DATA_READ: 17,
  MIG_DATA_WRITE: 18,
} as const;

/** The name of a command, for example `'DMA_MAP'`. */
export type CommandName = keyof typeof VFIO_USER;

const nameOf: ReadonlyMap<number, string> = new Map(
  Object.entries(VFIO_USER).map(([name, command]) => [command, name]),
);

/** The name of a command number, for people; `command 999` where there is none. */
export function commandName(command: number): string {
  return nameOf.get(command) ?? `command ${command}`;
}

/** Major version this package speaks; a peer with another one is refused. */
export const VERSION_MAJOR = 0;
/** Highest minor version this package speaks; a reply carries the lower one of both sides. */
export const VERSION_MINOR = 2;

/** Bytes of data one message may carry when a peer does not say. */
export const DEFAULT_MAX_DATA_XFER_SIZE: number = 1 << 20;
/** Descriptors one message may carry when a peer does not say. */
export const DEFAULT_MAX_MSG_FDS = 1;
/** Most descriptors a peer may say it takes. */
export const MAX_MSG_FDS_LIMIT = 1024;
/**
 * Longest JSON text of a VERSION reply, bytes. QEMU receives the reply into the buffer of its request, 214 bytes
 * with headers and NUL, and gives the device up when more comes.
 */
export const MAX_VERSION_REPLY_JSON = 193;

/** Writes that one REGION_WRITE_MULTI may carry; QEMU sends no more. */
export const MAX_MULTI_WRITES = 200;
/** Bytes that each of them writes at most. */
export const MAX_MULTI_WRITE_SIZE = 8;

/** Bytes that a message carries beside its data at most: the header and the head of a region access. */
export const MESSAGE_OVERHEAD = 32;

/** Opposed to the kernel's flags, these two exist only on the wire: how the server is to use the descriptor. */
export const VFIO_USER_DMA_REGION_MMAP = 4;
/** The server is to use `pread` and `pwrite` on the descriptor. */
export const VFIO_USER_DMA_REGION_FILE_IO = 8;

/** Largest single DMA mapping, 8 TiB; libvfio-user answers `ENOSPC` above. */
export const MAX_DMA_REGION_SIZE: number = 8 * 2 ** 40;

/**
 * What a server accepts from its clients. Nothing a client sends makes memory or descriptors grow beyond these.
 */
export interface Limits {
  /** Descriptors a message may carry, told to the peer; up to `MIN_RECEIVED_FDS` are taken from those who do not listen. */
  readonly maxMsgFds: number;
  /** Bytes of data a message may carry, told to the peer. Longer ones end the connection. */
  readonly maxDataXferSize: number;
  /** DMA mappings a client may have at once; `ENOSPC` above. */
  readonly maxDmaMaps: number;
  /**
   * Of these, mappings that are reached by `pread` and `pwrite` and keep a descriptor each, so that one client
   * cannot use up those of the process; `ENOSPC` above.
   */
  readonly maxFileMaps: number;
  /** Bytes of JSON a VERSION may carry; `EINVAL` above. */
  readonly maxVersionJson: number;
  /** Bytes that may wait for a peer that does not read; above, no more of its messages are taken until all went. */
  readonly pauseAtQueuedBytes: number;
  /** Bytes that may wait for a peer at all; the session ends above. */
  readonly maxQueuedBytes: number;
  /** DMA messages that wait for the client's replies; more wait to be sent. */
  readonly maxDmaMessages: number;
  /** Accesses of the device to memory that takes messages, under way and waiting; another fails with `EAGAIN`. */
  readonly maxDmaAccesses: number;
  /** Bytes of those accesses together, unless it is one alone. */
  readonly maxDmaBytes: number;
  /** Milliseconds without any reply after which such an access fails with `ETIMEDOUT`. */
  readonly dmaTimeout: number;
  /**
   * Milliseconds in which a device has to come to rest, or to be reset; a command that needs it fails with
   * `ETIMEDOUT` then, and a client that is gone is waited for no longer.
   */
  readonly restTimeout: number;
  /** Connections a server holds at once, the ones that are being refused included. */
  readonly maxConnections: number;
  /** Milliseconds in which a new connection has to negotiate; it is closed then. */
  readonly negotiationTimeout: number;
}

/** What applies where an option says nothing. */
export const DEFAULT_LIMITS: Limits = {
  maxMsgFds: 8,
  maxDataXferSize: DEFAULT_MAX_DATA_XFER_SIZE,
  maxDmaMaps: 65535,
  maxFileMaps: 512,
  maxVersionJson: 16384,
  pauseAtQueuedBytes: 1 << 20,
  maxQueuedBytes: 4 << 20,
  maxDmaMessages: 64,
  maxDmaAccesses: 1024,
  maxDmaBytes: 64 << 20,
  dmaTimeout: 5000,
  restTimeout: 30_000,
  maxConnections: 16,
  negotiationTimeout: 5000,
};

/** Descriptors taken of a message at least: cloud-hypervisor sends up to 16, whatever the server says it takes. */
export const MIN_RECEIVED_FDS = 16;

/** Bytes of the longest message that is within limits: data, or the text of a VERSION. */
export function maxMessageSize({ maxDataXferSize, maxVersionJson }: Limits): number {
  return Math.max(maxDataXferSize, maxVersionJson) + MESSAGE_OVERHEAD;
}
