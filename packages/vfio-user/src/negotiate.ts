// VERSION on the server's side (vfio-user specification, "VFIO_USER_VERSION").

import {
  PAGE_SIZE,
  VFIO_DEVICE_FEATURE_GET,
  VFIO_DEVICE_FEATURE_MIGRATION,
  VFIO_DEVICE_FEATURE_PROBE,
  VFIO_DEVICE_FLAGS_PCI,
  VfioError,
} from '@vfio-ts/core';
import type { Client } from './call.ts';
import { DmaTable } from './dma-table.ts';
import type { SessionLog } from './log.ts';
import {
  VERSION_SIZE,
  decodeVersion,
  encodeVersion,
  peerLimits,
  type Capabilities,
  type VersionMessage,
} from './messages/version.ts';
import { detectPeer, type PeerProfile } from './peer.ts';
import { VERSION_MAJOR, VERSION_MINOR, type Limits } from './protocol.ts';
import type { OpenDevice, ServedAccess } from './served-device.ts';
import type { TwinSocket } from './twin.ts';

/** What a negotiation ends in. */
export interface Negotiated {
  readonly client: Client;
  /** Payload of the reply. */
  readonly reply: Uint8Array;
  /** The second connection the client has asked for and gets; its descriptor goes with the reply. */
  readonly twin: TwinSocket | undefined;
}

/** What a negotiation may use. */
export interface NegotiationParts {
  /** Opens the device. */
  readonly open: () => OpenDevice;
  /** Makes a second connection; absent where none is offered. @throws `EMFILE` */
  readonly twin?: (() => TwinSocket) | undefined;
  /** Instead of the one that the VERSION suggests. */
  readonly profile?: PeerProfile | undefined;
}

/**
 * Takes the payload of a client's VERSION; opens the device when nothing is wrong with it.
 *
 * @throws `EINVAL` another major version, text that is no good, limits out of range; and what `open` gives
 */
export function negotiate(
  payload: Uint8Array,
  limits: Limits,
  { open, twin: offer, profile: override }: NegotiationParts,
): Negotiated {
  if (payload.length > VERSION_SIZE + limits.maxVersionJson) {
    throw refuse(`${payload.length} bytes are too many`);
  }
  const asked = decodeVersion(payload);
  if (asked.major !== VERSION_MAJOR) throw refuse(`major version ${asked.major}`);
  const device = open();
  try {
    const peer = peerLimits(asked.capabilities);
    const profile = override ?? detectPeer(asked);
    const client: Client = {
      device,
      isPci: (device.access.getInfo().flags & VFIO_DEVICE_FLAGS_PCI) !== 0,
      mappings: new DmaTable(),
      peer,
      profile,
      writeMultiple: asked.capabilities.writeMultiple === true && profile.writeMultiple,
    };
    const wantsTwin = asked.capabilities.twinSocket === true && peer.maxMsgFds > 0;
    // Must be the last that can fail: nobody else closes it then.
    const twin = wantsTwin ? offer?.() : undefined;
    return { client, reply: encodeVersion(answer(asked, limits, client, twin)), twin };
  } catch (error) {
    device.close();
    throw error;
  }
}

/**
 * Opposite of {@link negotiate}. Guest memory goes while the device is still open: its driver is told, and unpins.
 */
export function release({ device, mappings }: Client, log: SessionLog): void {
  mappings.clear();
  for (const step of [() => device.ioas.clear(), () => device.close()]) {
    try {
      step();
    } catch (error) {
      log.write('error', () => 'the device failed to let go', error);
    }
  }
}

/** Few keys, for the text must not get longer than `MAX_VERSION_REPLY_JSON`. */
function answer(
  asked: VersionMessage,
  { maxMsgFds, maxDataXferSize }: Limits,
  { device, writeMultiple }: Client,
  twin: TwinSocket | undefined,
): VersionMessage {
  const capabilities: Capabilities = {
    maxMsgFds,
    maxDataXferSize,
    ...(canMigrate(device.access) && { migration: { pgsize: PAGE_SIZE } }),
    ...(twin && { twinSocket: true, twinSocketFd: 0 }),
    ...(writeMultiple && { writeMultiple }),
  };
  return { major: VERSION_MAJOR, minor: Math.min(VERSION_MINOR, asked.minor), capabilities };
}

function canMigrate(access: ServedAccess): boolean {
  const flags = VFIO_DEVICE_FEATURE_MIGRATION | VFIO_DEVICE_FEATURE_GET | VFIO_DEVICE_FEATURE_PROBE;
  try {
    access.feature({ flags });
    return true;
  } catch {
    return false;
  }
}

function refuse(fact: string): VfioError {
  return new VfioError('EINVAL', 'negotiate', fact);
}
