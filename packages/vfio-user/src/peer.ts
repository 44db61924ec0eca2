// What known clients get wrong, chosen by what they say in VERSION.

import type { VersionMessage } from './messages/version.ts';

/** How a client behaves where the specification leaves room or the client breaks it. */
export interface PeerProfile {
  readonly name: 'qemu' | 'rust' | 'libvfio-user' | 'generic';
  /** A failed access or unmap gets a normal reply, reads all ones, and a log line. */
  readonly waitsAfterError: boolean;
}

/** The known profiles, by name. */
export const PEER_PROFILES: Readonly<Record<PeerProfile['name'], PeerProfile>> = {
  qemu: { name: 'qemu', waitsAfterError: false },
  // Reads a fixed number of bytes without a look at the error flag; the rest would never come, and the VMM hang.
  rust: { name: 'rust', waitsAfterError: true },
  'libvfio-user': { name: 'libvfio-user', waitsAfterError: false },
  generic: { name: 'generic', waitsAfterError: false },
};

/** Recognises a client by the keys and numbers of its VERSION. */
export function detectPeer({ minor, capabilities }: VersionMessage): PeerProfile {
  const { maxMsgFds, maxDmaMaps, pgsizes, migration, twinSocket } = capabilities;
  const saysPages = pgsizes !== undefined || maxDmaMaps !== undefined;
  if (minor === 0 && saysPages) return PEER_PROFILES.qemu;
  if (minor === 1 && maxMsgFds === 1 && !saysPages && migration?.pgsize !== undefined) {
    return PEER_PROFILES.rust;
  }
  if (twinSocket !== undefined && !saysPages) return PEER_PROFILES['libvfio-user'];
  return PEER_PROFILES.generic;
}
