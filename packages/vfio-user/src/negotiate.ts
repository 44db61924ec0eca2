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

/** What a negotiation ends in. */
export interface Negotiated {
  readonly client: Client;
  /** Payload of the reply. */
  readonly reply: Uint8Array;
}

/**
 * Takes the payload of a client's VERSION; opens the device when nothing is wrong with it.
 *
 * @param profile - instead of the one that the VERSION suggests
 * @throws `EINVAL` another major version, text that is no good, limits out of range; and what `open` gives
 */
export function negotiate(
  payload: Uint8Array,
  limits: Limits,
  open: () => OpenDevice,
  profile?: PeerProfile,
): Negotiated {
  if (payload.length > VERSION_SIZE + limits.maxVersionJson) {
    throw refuse(`${payload.length} bytes are too many`);
  }
  const asked = decodeVersion(payload);
  if (asked.major !== VERSION_MAJOR) throw refuse(`major version ${asked.major}`);
  const device = open();
  try {
    return {
      client: {
        device,
        isPci: (device.access.getInfo().flags & VFIO_DEVICE_FLAGS_PCI) !== 0,
        mappings: new DmaTable(),
        peer: peerLimits(asked.capabilities),
        profile: profile ?? detectPeer(asked),
      },
      reply: encodeVersion(answer(asked, limits, device.access)),
    };
  } catch (error) {
    device.close();
    throw error;
  }
}

/** Few keys, for the text must not get longer than `MAX_VERSION_REPLY_JSON`. */
function answer(asked: VersionMessage, limits: Limits, access: ServedAccess): VersionMessage {
  const { maxMsgFds, maxDataXferSize } = limits;
  const capabilities: Capabilities = { maxMsgFds, maxDataXferSize };
  return {
    major: VERSION_MAJOR,
    minor: Math.min(VERSION_MINOR, asked.minor),
    capabilities: canMigrate(access)
      ? { ...capabilities, migration: { pgsize: PAGE_SIZE } }
      : capabilities,
  };
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
