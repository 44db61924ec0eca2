import { readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test as base, vi } from 'vitest';
import { dataOf, records } from '../../src/dasd/track-image.ts';
import type { TrackStore } from '../../src/dasd/track-store.ts';
import { createVolume } from '../../src/image/create.ts';
import type { CreateVolumeOptions } from '../../src/image/create.ts';
import { DISK_MODELS, geometryOf } from '../../src/image/models.ts';
import { openImage } from '../../src/image/open.ts';
import { readVtoc } from '../../src/image/vtoc.ts';
import { inFolder } from './support.ts';
import type { InFolder } from './support.ts';

const test = base.extend<InFolder>(inFolder);

async function shape(store: TrackStore, track: number): Promise<string[]> {
  const found = [...records(await store.read(track))];
  return found.map(({ number, keyLength, dataLength }) => `${number} ${keyLength}/${dataLength}`);
}

const LABELS = ['0 0/8', '1 4/24', '2 4/144', '3 4/80'];
const numbered = (from: number, to: number, sizes: string): string[] =>
  Array.from({ length: to - from + 1 }, (_, at) => `${from + at} ${sizes}`);

test('an empty volume has labels, a VTOC of one cylinder, and empty tracks', async ({ folder }) => {
  const path = join(folder, 'new.ckd');
  await createVolume(path, { model: 2, serial: 'abc' });
  const store = await openImage(path, { isReadOnly: true });
  expect(store.geometry.cylinders).toBe(2);
  expect(await readVtoc(store)).toEqual({
    serial: 'ABC',
    owner: 'VFIO-TS',
    label: 'VOL1',
    datasets: [],
  });
  expect(await shape(store, 0)).toEqual(LABELS);
  expect(await shape(store, 1)).toEqual(['0 0/8', ...numbered(1, 50, '44/96')]);
  expect(await shape(store, 14)).toEqual(['0 0/8', ...numbered(1, 50, '44/96')]);
  for (let track = 15; track < 30; track += 1) expect(await shape(store, track)).toEqual(['0 0/8']);
  await store.close();
});

test('a volume for Linux has blocks of 4096 on all tracks', async ({ folder }) => {
  const path = join(folder, 'new.ckd');
  await createVolume(path, { model: 2, serial: 'LNX001', format: 'linux' });
  const store = await openImage(path, { isReadOnly: true });
  expect(await shape(store, 0)).toEqual([...LABELS, ...numbered(4, 12, '0/4096')]);
  expect(await shape(store, 1)).toEqual(['0 0/8', ...numbered(1, 12, '44/96')]);
  for (let track = 2; track < 30; track += 1) {
    expect(await shape(store, track)).toEqual(['0 0/8', ...numbered(1, 12, '0/4096')]);
  }
  await store.close();
});

test('the DSCB of free space has all behind the VTOC', async ({ folder }) => {
  const path = join(folder, 'new.ckd');
  await createVolume(path, { model: 50, serial: 'LNX001', format: 'linux' });
  const store = await openImage(path, { isReadOnly: true });
  const image = await store.read(1);
  const dscb = [...records(image)][2];
  const key = image.subarray(dscb?.keyOffset, dscb?.dataOffset);
  expect([...key.subarray(0, 9)]).toEqual([5, 5, 5, 5, 0, 2, 0, 49, 13]);
  expect(dscb === undefined ? 0 : dataOf(image, dscb)[0]).toBe(0xf5);
  await store.close();
});

test('a volume in several files has as many cylinders in each as wanted', async ({ folder }) => {
  const path = join(folder, 'new.ckd');
  await createVolume(path, { model: 5, serial: 'SPLIT', cylindersPerFile: 2 });
  expect((await readdir(folder)).toSorted()).toEqual(['new_1.ckd', 'new_2.ckd', 'new_3.ckd']);
  const cylinder = 15 * 56832;
  const sizes = await Promise.all([1, 2, 3].map((part) => stat(join(folder, `new_${part}.ckd`))));
  expect(sizes.map(({ size }) => size - 512)).toEqual([2 * cylinder, 2 * cylinder, cylinder]);
  const store = await openImage(path, { isReadOnly: true });
  expect(store.geometry.cylinders).toBe(5);
  await store.close();
});

test('a new file is sparse', async ({ folder }) => {
  const path = join(folder, 'new.ckd');
  await createVolume(path, { model: 100, serial: 'SPARSE' });
  const { blocks, size } = await stat(path);
  expect(size).toBe(512 + 100 * 15 * 56832);
  expect(blocks * 512).toBeLessThan(size / 4);
});

test('progress grows to the number of tracks', async ({ folder }) => {
  const seen: [number, number][] = [];
  await createVolume(join(folder, 'new.ckd'), {
    model: 3,
    serial: 'SEEN',
    onProgress: (done, tracks) => seen.push([done, tracks]),
  });
  expect(seen.at(-1)).toEqual([45, 45]);
  expect(seen).toEqual(seen.toSorted(([a], [b]) => a - b));
});

const TAKEN = ['new.ckd', 'new.ckd.journal'];

test.for(TAKEN)('%s that is there is EEXIST and kept', async (name, { folder }) => {
  await writeFile(join(folder, name), 'mine');
  const path = join(folder, 'new.ckd');
  const onProgress = vi.fn<() => void>();
  const creating = createVolume(path, { model: 1, serial: 'X', onProgress });
  await expect(creating).rejects.toMatchObject({ code: 'EEXIST' });
  expect(onProgress).not.toHaveBeenCalled();
  expect(await readdir(folder)).toEqual([name]);
  expect(await readFile(join(folder, name), 'utf8')).toBe('mine');
});

test('a file that comes while the volume is made is kept, and nothing else is left', async ({
  folder,
}) => {
  const path = join(folder, 'new_2.ckd');
  let isWritten = false;
  const creating = createVolume(join(folder, 'new.ckd'), {
    model: 2,
    serial: 'X',
    cylindersPerFile: 1,
    onProgress: () => {
      if (!isWritten) void writeFile(path, 'mine');
      isWritten = true;
    },
  });
  await expect(creating).rejects.toMatchObject({ code: 'EEXIST' });
  expect(await readdir(folder)).toEqual(['new_2.ckd']);
});

test('an abort leaves nothing behind', async ({ folder }) => {
  const controller = new AbortController();
  const creating = createVolume(join(folder, 'new.ckd'), {
    model: 20,
    serial: 'X',
    signal: controller.signal,
    onProgress: () => controller.abort(),
  });
  await expect(creating).rejects.toMatchObject({ code: 'ECANCELED' });
  expect(await readdir(folder)).toEqual([]);
});

const GOOD: CreateVolumeOptions = { model: 1, serial: 'GOOD' };

const REFUSED: readonly [string, CreateVolumeOptions, string][] = [
  ['an unknown model', { ...GOOD, model: '3390-4' }, 'EINVAL'],
  ['no cylinders', { ...GOOD, model: 0 }, 'EINVAL'],
  ['half a cylinder', { ...GOOD, model: 1.5 }, 'EINVAL'],
  ['too many cylinders', { ...GOOD, model: 65_521 }, 'EINVAL'],
  ['no serial number', { ...GOOD, serial: '' }, 'EINVAL'],
  ['a long serial number', { ...GOOD, serial: 'TOOLONG' }, 'EINVAL'],
  ['a serial number with a blank', { ...GOOD, serial: 'A B' }, 'EINVAL'],
  ['too many files', { ...GOOD, model: 28, cylindersPerFile: 1 }, 'EINVAL'],
  ['files of no cylinders', { ...GOOD, cylindersPerFile: 0 }, 'EINVAL'],
];

test.for(REFUSED)('%s is refused and leaves nothing', async ([, options, code], { folder }) => {
  await expect(createVolume(join(folder, 'new'), options)).rejects.toMatchObject({ code });
  expect(await readdir(folder)).toEqual([]);
});

test('a folder that is not there is ENOENT', async ({ folder }) => {
  const path = join(folder, 'none', 'new');
  await expect(createVolume(path, GOOD)).rejects.toMatchObject({ code: 'ENOENT' });
});

test.each([
  ['3390-1', 1113],
  ['3390-2', 2226],
  ['3390-3', 3339],
  ['3390-9', 10_017],
  ['3390-27', 32_760],
  ['3390-54', 65_520],
])('a %s has %i cylinders', (model, cylinders) => {
  expect(geometryOf(model)).toEqual({
    deviceType: 0x3390,
    cylinders,
    heads: 15,
    trackSize: 56_832,
  });
  expect(DISK_MODELS.get(model)?.cylinders).toBe(cylinders);
});
