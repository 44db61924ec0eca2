// Streams of displays, right and wrong.

import { createHash } from 'node:crypto';
import {
  getMigrationState,
  isErrno,
  setMigrationState,
  VFIO_PCI_CONFIG_REGION_INDEX,
  type DeviceFile,
  type MigrationStream,
  type VfioAccess,
} from '@vfio-ts/core';
import { expect } from 'vitest';
import type { OpenMdpy } from '../support.ts';

/** Reads a stream to its end, or to its next temporary end. */
export function readPass(stream: MigrationStream, chunk = 0x1_0000): Uint8Array {
  const pieces: Uint8Array[] = [];
  for (;;) {
    const into = new Uint8Array(chunk);
    const count = readSome(stream, into);
    if (count === 0) return Buffer.concat(pieces);
    pieces.push(into.subarray(0, count));
  }
}

function readSome(stream: MigrationStream, into: Uint8Array): number {
  try {
    return stream.read?.(into) ?? 0;
  } catch (error) {
    if (isErrno(error, 'ENOMSG')) return 0;
    throw error;
  }
}

/** The state of a running display as a stream. */
export async function save(file: DeviceFile): Promise<Uint8Array> {
  await setMigrationState(file, 'STOP_COPY');
  const image = readPass({ read: (into) => file.readMigrationData(into) });
  await setMigrationState(file, 'RUNNING');
  return image;
}

/** Writes a stream to a running display, or to one in RESUMING, and has it taken; it stands then. */
export async function restore(file: DeviceFile, image: Uint8Array): Promise<void> {
  await setMigrationState(file, 'RESUMING');
  file.writeMigrationData(image);
  await setMigrationState(file, 'STOP');
}

/** What a guest can see of a display, by its user's interface alone; for comparing. */
export interface Seen {
  readonly config: string;
  readonly framebuffer: string;
}

export async function look(access: VfioAccess): Promise<Seen> {
  const config = new Uint8Array(256);
  await access.read(VFIO_PCI_CONFIG_REGION_INDEX, 0, config);
  const { size } = await access.getRegionInfo(0);
  const framebuffer = new Uint8Array(size);
  await access.read(0, 0, framebuffer);
  return {
    config: config.toHex(),
    framebuffer: createHash('sha256').update(framebuffer).digest('hex'),
  };
}

export async function expectState(access: VfioAccess, state: string): Promise<void> {
  expect(await getMigrationState(access)).toBe(state);
}

/** A picture with no two rows alike, and an address in BAR 0. */
export function draw({ device, file }: Pick<OpenMdpy, 'device' | 'file'>, seed = 1): void {
  const { framebuffer, type } = device;
  const pixels = new Uint32Array(
    framebuffer.buffer,
    framebuffer.byteOffset,
    type.width * type.height,
  );
  for (let i = 0; i < pixels.length; i++) pixels[i] = Math.imul(i + seed, 0x9e37_79b1);
  file.write(VFIO_PCI_CONFIG_REGION_INDEX, 0x10, Uint8Array.of(0, 0, 0, 0xe0 + seed));
}
