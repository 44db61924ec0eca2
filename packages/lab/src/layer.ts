// Concepts: the kernel unpacks an initramfs that is several archives one after the other, later ones over earlier ones.
// What only some guests need is such a layer by itself, and a guest's initramfs is put together when it boots.

import { writeFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';
import { writeCpio } from './cpio.ts';
import type { CpioEntry } from './cpio.ts';

/** Writes a layer of an initramfs. */
export function writeLayer(path: string, entries: readonly CpioEntry[]): void {
  writeFileSync(path, gzipSync(writeCpio(entries), { level: 1 }));
}

/** A file of a layer. */
export function fileEntry(path: string, mode: number, data: Uint8Array): CpioEntry {
  return { kind: 'file', path, mode, data };
}

/** The folders above a path, outermost first, as an archive needs them before it. */
export function folderEntries(path: string): CpioEntry[] {
  const names = path.split('/').slice(0, -1);
  return names.map((_, index) => ({
    kind: 'dir',
    path: names.slice(0, index + 1).join('/'),
    mode: 0o755,
  }));
}
