// The control unit on image files.

import { execFileSync } from 'node:child_process';
import { copyFile, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { beforeEach, afterEach, expect, test } from 'vitest';
import { DasdControlUnit } from '../../src/dasd/dasd-control-unit.ts';
import { openImage } from '../../src/image/open.ts';
import { CHAINS } from './hercules/chains.ts';
import { describeTrack, readImage } from './hercules/image-file.ts';
import { dasdinit, requireHercules } from './hercules/machine.ts';
import { get, NORMAL, put, runChain, senseOf } from './support/channel.ts';
import { anyChain } from './support/programs.ts';

let directory = '';

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'ccw-dasd-'));
});

afterEach(async () => {
  await rm(directory, { recursive: true });
});

function newImage(): string {
  const image = join(directory, 'volume.ckd');
  dasdinit('-linux', image, '3390', 'LNX001', '10');
  return image;
}

test('chains on an image file end, read and write as in memory', async (context) => {
  requireHercules(context);
  const image = newImage();
  const memory = await readImage(image);
  const inMemory = new DasdControlUnit(memory);
  // Few tracks are kept, so that most are read from the file.
  const onFile = new DasdControlUnit(await openImage(image, { cacheTracks: 2 }));
  const random = fc.sample(anyChain, { numRuns: 100, seed: 1 });
  for (const chain of [...CHAINS.values(), ...random]) {
    const expected = await runChain(inMemory, chain);
    expect(await runChain(onFile, chain)).toEqual(expected);
  }
  await onFile.close();
  const written = await readImage(image);
  for (const track of memory.tracks.keys()) {
    expect(describeTrack(written, track)).toEqual(describeTrack(memory, track));
  }
});

test('what a chain has written is in the file when the chain is over', async (context) => {
  requireHercules(context);
  const image = newImage();
  const unit = new DasdControlUnit(await openImage(image));
  await runChain(unit, [
    put(0x63, '80c0 1000 0000 00 00 0000 0002 0000 0002'),
    put(0x47, '01 80 00 01 0000 0002 0000 0002 05 ff 1000'),
    put(0x85, new Uint8Array(4096).fill(0x5a)),
  ]);
  // As after a crash: the file and its journal, the device still open.
  const copy = join(directory, 'copy.ckd');
  await copyFile(image, copy);
  const written = describeTrack(await readImage(copy), 2);
  await unit.close();
  expect(written).toEqual(describeTrack(await readImage(image), 2));
  expect(written[6]).toContain('5a5a5a5a');
});

test('writes to an image that was opened read-only are inhibited', async (context) => {
  requireHercules(context);
  const unit = new DasdControlUnit(await openImage(newImage(), { isReadOnly: true }));
  const chain = [
    put(0x63, '80c0 1000 0000 00 00 0000 0002 0000 0002'),
    put(0x47, '01 80 00 01 0000 0002 0000 0002 05 ff 1000'),
  ];
  expect(senseOf(await runChain(unit, chain))).toBe('100204');
  await unit.close();
});

test('what Linux reads of a new volume says that it is one in the compatible layout', async (context) => {
  requireHercules(context);
  const unit = new DasdControlUnit(await openImage(newImage(), { isReadOnly: true }));
  const { status, data } = await runChain(unit, [
    put(0x63, '40c0 0000 0000 00 00 0000 0000 0000 0000'),
    put(0x47, '06 80 00 01 0000 0000 0000 0000 03 0b 0054'),
    get(0x8e, 84, true),
  ]);
  expect(status).toBe(NORMAL);
  // VOL1, and the name of the volume.
  expect(data[0]?.slice(0, 14)).toEqual(
    Uint8Array.from(Buffer.from('e5d6d3f1e5d6d3f1d3d5e7f0f0f1', 'hex')),
  );
  await unit.close();
});

test('dasdls still reads the table of contents of a volume that was written', async (context) => {
  requireHercules(context);
  const image = newImage();
  const unit = new DasdControlUnit(await openImage(image));
  await runChain(unit, [
    put(0x63, '80c0 1000 0000 00 00 0000 0002 0009 000e'),
    put(0x47, '01 80 00 01 0000 0002 0000 0002 05 ff 1000'),
    put(0x85, new Uint8Array(4096)),
  ]);
  await unit.close();
  const listing = execFileSync('dasdls', [image], { encoding: 'utf8', stdio: 'pipe' });
  expect(listing).toContain('LNX001');
});
