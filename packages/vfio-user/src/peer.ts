// What known clients get wrong, chosen by what they say in VERSION.

import type { DmaLayout } from './messages/dma-access.ts';
import type { VersionMessage } from './messages/version.ts';

/** How a client behaves where the specification leaves room or the client breaks it. */
export interface PeerProfile {
  readonly name: 'qemu' | 'rust' | 'libvfio-user' | 'generic';
  /**
   * A failed access, unmap or question for an irq gets a normal reply and a log line: all ones are read, and there
   * are no interrupts. An access of no bytes has the head of its reply.
   */
  readonly waitsAfterError: boolean;
  /** How DMA_READ and DMA_WRITE are laid out; `'ask'` finds out before the first. */
  readonly dmaLayout: DmaLayout | 'ask';
  /** REGION_WRITE_MULTI is agreed on when the client asks for it. */
  readonly writeMultiple: boolean;
  /** A reply to MIG_DATA_READ has as many bytes as were asked for, whatever its size field counts. */
  readonly wholeMigrationReplies: boolean;
}

const conforming = {
  waitsAfterError: false,
  dmaLayout: 'specified',
  writeMultiple: true,
  wholeMigrationReplies: false,
} as const;

/** The known profiles, by name. */
export const PEER_PROFILES: Readonly<Record<PeerProfile['name'], PeerProfile>> = {
  // DMA messages of QEMU 10 have a layout of their own, those of 11.1 the specified one. A client of 10.1 or 10.2 that
  // agrees on REGION_WRITE_MULTI takes every message for a queued one. No client says of which version it is.
  qemu: { name: 'qemu', ...conforming, dmaLayout: 'ask', writeMultiple: false },
  // Reads a fixed number of bytes without a look at the error flag; the rest would never come, and the VMM hang.
  rust: { name: 'rust', ...conforming, waitsAfterError: true },
  // Its server pads the last piece of a migration stream, and its client takes a shorter reply for a broken connection.
  'libvfio-user': { name: 'libvfio-user', ...conforming, wholeMigrationReplies: true },
  generic: { name: 'generic', ...conforming },
};

/** Recognises a client by the keys and numbers of its VERSION. */
export function detectPeer({ minor, capabilities }: VersionMessage): PeerProfile {
  const { maxMsgFds, maxDataXferSize, maxDmaMaps, pgsizes, migration, twinSocket } = capabilities;
  const saysPages = pgsizes !== undefined || maxDmaMaps !== undefined;
  if (minor === 0 && saysPages) return PEER_PROFILES.qemu;
  if (minor === 1 && maxMsgFds === 1 && !saysPages && migration?.pgsize !== undefined) {
    return PEER_PROFILES.rust;
  }
  // The limits of its sample client, which says nothing else.
  const isSample = minor === 2 && maxMsgFds === 32 && maxDataXferSize === 1024;
  if ((twinSocket !== undefined || isSample) && !saysPages) return PEER_PROFILES['libvfio-user'];
  return PEER_PROFILES.generic;
}
