// The picture of a vGPU: a client that programs the display, and the commands that look at it.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { PAGE_SIZE, VFIO_DMA_MAP_FLAG_READ, VFIO_DMA_MAP_FLAG_WRITE } from '@vfio-ts/core';
import { MemfdBackend } from '@vfio-ts/vfio-user';
import { decode } from 'fast-png';
import { expect, test } from 'vitest';
import { attach, printed, ready, run, temporaryFolder } from '../support.ts';

const PAGES = 4;
const RAM = 0x10_0000;
/** Where the low graphics memory of the first vGPU is, and the entries for it. */
const LOW = 128 * 2 ** 20;
const ENTRIES = 8 * 2 ** 20 + (LOW / PAGE_SIZE) * 8;

/** 64x32 pixels from the start of the low graphics memory on pipe A. */
const MODE: readonly (readonly [offset: number, value: number])[] = [
  [0x6_001c, (63 << 16) | 31],
  [0x6_0000, (79 << 16) | 63],
  [0x6_000c, (39 << 16) | 31],
  [0x6_0400, 0x9100_0000],
  [0x7_0008, 0x8000_0000],
  [0x7_0180, 0x8400_0000],
  [0x7_0188, 4],
  [0x7_0190, (31 << 16) | 63],
  [0x7_019c, LOW],
];

test('screenshot shows the frame buffer in the guest’s memory', { timeout: 60_000 }, async () => {
  using folder = temporaryFolder();
  const png = join(folder.path, 'screen.png');
  const served = run('serve', 'gvt:i915-GVTg_V5_8', '--json');
  const { socket = '' } = await ready(served);
  await using client = await attach(socket);

  const memory = new MemfdBackend().alloc('guest', PAGES * PAGE_SIZE);
  const flags = VFIO_DMA_MAP_FLAG_READ | VFIO_DMA_MAP_FLAG_WRITE;
  await client.mapDma({ iova: RAM, size: memory.size, flags, memory });
  memory.bytes.set([0x11, 0x22, 0x33, 0], (5 * 64 + 7) * 4);
  const entries = BigUint64Array.from({ length: PAGES }, (_, i) => BigInt(RAM + i * PAGE_SIZE + 1));
  await client.write(0, ENTRIES, new Uint8Array(entries.buffer));
  for (const [offset, value] of MODE) {
    // One after the other, as a driver does.
    // oxlint-disable-next-line no-await-in-loop
    await client.write(0, offset, new Uint8Array(Uint32Array.of(value).buffer));
  }
  expect(await printed(run('screenshot', socket, png))).toEqual([`64x32 in ${png}`]);
  const { width, height, data, channels } = decode(readFileSync(png));
  expect([width, height]).toEqual([64, 32]);
  const at = (5 * 64 + 7) * channels;
  expect([...data.subarray(at, at + 3)]).toEqual([0x33, 0x22, 0x11]);
  memory.close();
});
