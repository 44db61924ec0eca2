import { copyFile, mkdir, readFile, rename, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test as base } from 'vitest';
import { Journal, journalName } from '../../src/image/journal.ts';
import { encodeJournalHeader, FIRST_ENTRY } from '../../src/image/journal-format.ts';
import { nodeFiles } from '../../src/image/file.ts';
import { openImage } from '../../src/image/open.ts';
import { smallVolume, versionedTrack, versionOf } from './support-tracks.ts';
import { inFolder } from './support.ts';
import type { InFolder } from './support.ts';

const test = base.extend<InFolder>(inFolder);

/** A volume as a crash leaves it: version 7 of track 3 is in the journal, a torn one in the image. */
async function crashed(folder: string): Promise<string> {
  const path = join(folder, 'volume.ckd');
  await writeFile(path, smallVolume(3));
  const store = await openImage(path);
  await store.write(3, versionedTrack(3, 7));
  await store.flush();
  const journal = await readFile(journalName(path));
  await store.close();
  await writeFile(journalName(path), journal);
  const image = await readFile(path);
  image.fill(0x55, 512 + 3 * 1024 + 40, 512 + 3 * 1024 + 200);
  await writeFile(path, image, { flag: 'r+' });
  return path;
}

test('a journal that was left is applied when the image is opened', async ({ folder }) => {
  const path = await crashed(folder);
  const store = await openImage(path);
  expect(versionOf(3, await store.read(3))).toBe(7);
  await store.close();
  await expect(readFile(journalName(path))).rejects.toMatchObject({ code: 'ENOENT' });
});

test('who comes by a symbolic link finds the same journal', async ({ folder }) => {
  const path = await crashed(folder);
  const link = join(folder, 'links', 'other.ckd');
  await mkdir(join(folder, 'links'));
  await symlink(path, link);
  const store = await openImage(link);
  expect(versionOf(3, await store.read(3))).toBe(7);
  await store.close();
  await expect(readFile(journalName(path))).rejects.toMatchObject({ code: 'ENOENT' });
});

test('who only reads sees what the journal has, and changes nothing', async ({ folder }) => {
  const path = await crashed(folder);
  const [image, journal] = [await readFile(path), await readFile(journalName(path))];
  const store = await openImage(path, { isReadOnly: true });
  expect(versionOf(3, await store.read(3))).toBe(7);
  await store.close();
  expect(await readFile(path)).toEqual(image);
  expect(await readFile(journalName(path))).toEqual(journal);
});

for (const isReadOnly of [false, true]) {
  test(`the journal of another image is refused and kept (${isReadOnly})`, async ({ folder }) => {
    const path = await crashed(folder);
    const other = join(folder, 'other.ckd');
    await writeFile(other, smallVolume(3));
    await rename(journalName(path), journalName(other));
    const [image, journal] = [await readFile(other), await readFile(journalName(other))];
    await expect(openImage(other, { isReadOnly })).rejects.toMatchObject({ code: 'EINVAL' });
    expect(await readFile(other)).toEqual(image);
    expect(await readFile(journalName(other))).toEqual(journal);
  });
}

test('an image that has taken the place of the one of the journal is refused', async ({
  folder,
}) => {
  const path = await crashed(folder);
  const copy = join(folder, 'copy.ckd');
  await copyFile(path, copy);
  await rename(copy, path);
  await expect(openImage(path)).rejects.toMatchObject({
    code: 'EINVAL',
    message: expect.stringContaining(journalName(path)),
  });
});

test('a file that is no journal is refused and kept', async ({ folder }) => {
  const path = join(folder, 'volume.ckd');
  await writeFile(path, smallVolume(3));
  await writeFile(journalName(path), 'Dear diary');
  await expect(openImage(path)).rejects.toMatchObject({ code: 'EINVAL' });
  expect(await readFile(journalName(path), 'utf8')).toBe('Dear diary');
});

test('a journal whose headers are both damaged is refused', async ({ folder }) => {
  const path = await crashed(folder);
  const journal = await readFile(journalName(path));
  journal.fill(0x77, 0, FIRST_ENTRY);
  await writeFile(journalName(path), journal);
  await expect(openImage(path)).rejects.toMatchObject({ code: 'EINVAL' });
});

test('an empty journal, as a crash in its making leaves it, is taken over', async ({ folder }) => {
  const path = join(folder, 'volume.ckd');
  await writeFile(path, smallVolume(3));
  await writeFile(journalName(path), '');
  const store = await openImage(path);
  expect(versionOf(3, await store.read(3))).toBe(0);
  await store.close();
});

test('an entry for a track the volume does not have is refused', async ({ folder }) => {
  const path = join(folder, 'volume.ckd');
  await writeFile(path, smallVolume(3));
  const file = await nodeFiles.open(path, 'read');
  const { identity, size } = await file.facts();
  await file.close();
  const left = journalName(path);
  const journal = await Journal.start(nodeFiles, left, `${identity}:${size}`, undefined, 9000);
  await journal.append([{ track: 6, image: versionedTrack(6, 1) }]);
  await journal.close();
  await expect(openImage(path)).rejects.toMatchObject({ code: 'EINVAL' });
});

test('a header fills its slot, so that none of an older one is left', () => {
  const header = encodeJournalHeader({ generation: 1, identity: new Uint8Array(32) });
  expect(header).toHaveLength(FIRST_ENTRY / 2);
});
