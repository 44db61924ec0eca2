// VERSION (vfio-user specification, "VFIO_USER_VERSION"): u16 major, u16 minor, then JSON with a NUL at its end.

import { PAGE_SIZE, VfioError } from '@vfio-ts/core';
import { DEFAULT_MAX_DATA_XFER_SIZE, DEFAULT_MAX_MSG_FDS, MAX_MSG_FDS_LIMIT } from '../protocol.ts';

/** Bytes before the JSON text. */
export const VERSION_SIZE = 4;

/** What one side says about itself; a key it does not say is absent. */
export interface Capabilities {
  /** Descriptors it takes in a message. */
  readonly maxMsgFds?: number;
  /** Bytes of data it takes in a message. */
  readonly maxDataXferSize?: number;
  /** DMA mappings it makes at most. */
  readonly maxDmaMaps?: number;
  /** Bit mask of the page sizes of its memory. */
  readonly pgsizes?: number;
  readonly migration?: MigrationCapability;
  /** Commands of the server go over a second socket: the client can, the server does. */
  readonly twinSocket?: boolean;
  /** In a reply: which of its descriptors is that socket. */
  readonly twinSocketFd?: number;
  /** It knows REGION_WRITE_MULTI. */
  readonly writeMultiple?: boolean;
}

/** What one side says about migration. */
export interface MigrationCapability {
  /** Bytes for each bit of a dirty bitmap. */
  readonly pgsize?: number;
  /** Bytes of the longest dirty bitmap. */
  readonly maxBitmapSize?: number;
}

/** A VERSION message, either way. */
export interface VersionMessage {
  readonly major: number;
  readonly minor: number;
  readonly capabilities: Capabilities;
}

/** The limits of a peer, with the defaults for what it did not say. */
export interface PeerLimits {
  readonly maxMsgFds: number;
  readonly maxDataXferSize: number;
}

/** Fills in the defaults of the specification. */
export function peerLimits(capabilities: Capabilities): PeerLimits {
  return {
    maxMsgFds: capabilities.maxMsgFds ?? DEFAULT_MAX_MSG_FDS,
    maxDataXferSize: capabilities.maxDataXferSize ?? DEFAULT_MAX_DATA_XFER_SIZE,
  };
}

/**
 * Reads the payload of a VERSION. Without JSON, with `{}` and without `capabilities` nothing is said.
 *
 * @throws `EINVAL` no NUL at the end, no JSON, or a known key with a value of another kind or out of range
 */
export function decodeVersion(payload: Uint8Array): VersionMessage {
  if (payload.length < VERSION_SIZE) throw refuse('payload is shorter than its fixed part');
  const view = new DataView(payload.buffer, payload.byteOffset, payload.length);
  return {
    major: view.getUint16(0, true),
    minor: view.getUint16(2, true),
    capabilities: payload.length === VERSION_SIZE ? {} : parse(payload.subarray(VERSION_SIZE)),
  };
}

/** Opposite of {@link decodeVersion}; always with JSON, for QEMU reads its own request again when there is none. */
export function encodeVersion(message: VersionMessage): Uint8Array {
  const text = new TextEncoder().encode(JSON.stringify({ capabilities: toJson(message) }));
  const payload = new Uint8Array(VERSION_SIZE + text.length + 1);
  const view = new DataView(payload.buffer);
  view.setUint16(0, message.major, true);
  view.setUint16(2, message.minor, true);
  payload.set(text, VERSION_SIZE);
  return payload;
}

function toJson({ capabilities }: VersionMessage): Record<string, unknown> {
  const { maxMsgFds, maxDataXferSize, maxDmaMaps, pgsizes, migration } = capabilities;
  return {
    max_msg_fds: maxMsgFds,
    max_data_xfer_size: maxDataXferSize,
    max_dma_maps: maxDmaMaps,
    pgsizes,
    migration: migration && {
      pgsize: migration.pgsize,
      max_bitmap_size: migration.maxBitmapSize,
    },
    twin_socket:
      capabilities.twinSocket === true
        ? { supported: true, fd_index: capabilities.twinSocketFd }
        : undefined,
    write_multiple: capabilities.writeMultiple,
  };
}

function parse(bytes: Uint8Array): Capabilities {
  if (bytes.at(-1) !== 0) throw refuse('JSON text does not end in NUL');
  const top = parseObject(bytes.subarray(0, bytes.indexOf(0)));
  const { capabilities } = top;
  if (capabilities === undefined) return {};
  if (!isObject(capabilities)) throw refuse('capabilities is no object');
  return fromJson(capabilities);
}

function parseObject(text: Uint8Array): JsonObject {
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(text));
  } catch (error) {
    throw refuse('text is no JSON', error);
  }
  if (!isObject(value)) throw refuse('JSON is no object');
  return value;
}

function fromJson(json: JsonObject): Capabilities {
  return stripUndefined({
    maxMsgFds: integer(json, 'max_msg_fds', 0, MAX_MSG_FDS_LIMIT),
    maxDataXferSize: integer(json, 'max_data_xfer_size', 0, Number.MAX_SAFE_INTEGER),
    maxDmaMaps: integer(json, 'max_dma_maps', 0, Number.MAX_SAFE_INTEGER),
    pgsizes: integer(json, 'pgsizes', 0, Infinity),
    migration: migrationFromJson(json),
    ...twinSocketFromJson(json),
    writeMultiple: boolean(json, 'write_multiple'),
  });
}

function migrationFromJson(json: JsonObject): MigrationCapability | undefined {
  const migration = object(json, 'migration');
  if (migration === undefined) return undefined;
  const pgsize = integer(migration, 'pgsize', PAGE_SIZE, 2 ** 40);
  if (pgsize !== undefined && !Number.isInteger(Math.log2(pgsize))) {
    throw refuse(`migration.pgsize ${pgsize} is no power of two`);
  }
  const maxBitmapSize = integer(migration, 'max_bitmap_size', 0, Number.MAX_SAFE_INTEGER);
  return stripUndefined({ pgsize, maxBitmapSize });
}

function twinSocketFromJson(json: JsonObject): Partial<Capabilities> {
  const twin = object(json, 'twin_socket');
  if (twin === undefined) return {};
  return stripUndefined({
    twinSocket: boolean(twin, 'supported'),
    twinSocketFd: integer(twin, 'fd_index', 0, MAX_MSG_FDS_LIMIT),
  });
}

interface JsonObject {
  readonly [key: string]: unknown;
  readonly capabilities?: unknown;
}

function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function object(json: JsonObject, key: string): JsonObject | undefined {
  const value = json[key];
  if (value !== undefined && !isObject(value)) throw refuse(`${key} is no object`);
  return value;
}

function boolean(json: JsonObject, key: string): boolean | undefined {
  const value = json[key];
  if (value !== undefined && typeof value !== 'boolean') throw refuse(`${key} is no boolean`);
  return value;
}

function integer(json: JsonObject, key: string, min: number, max: number): number | undefined {
  const value = json[key];
  if (value === undefined) return undefined;
  if (typeof value !== 'number' || !Number.isInteger(value)) throw refuse(`${key} is no integer`);
  if (value < min || value > max) throw refuse(`${key} ${value} is out of range`);
  return value;
}

type Defined<T> = { -readonly [K in keyof T]?: Exclude<T[K], undefined> };

/** Leaves out the keys without a value, so that "not said" looks the same everywhere. */
function stripUndefined<T extends object>(from: T): Defined<T> {
  const to: Defined<T> = {};
  for (const key in from) {
    const value = from[key];
    if (isDefined(value)) to[key] = value;
  }
  return to;
}

function isDefined<V>(value: V): value is Exclude<V, undefined> {
  return value !== undefined;
}

function refuse(fact: string, cause?: unknown): VfioError {
  return new VfioError('EINVAL', 'decodeVersion', fact, cause === undefined ? {} : { cause });
}
