// A process that writes tracks and dies by SIGKILL at its n-th change of a file. What was flushed it says on stdout:
// a line per flush, with version after version.

import { writeSync } from 'node:fs';
import type { ImageFile, ImageFiles } from '../../src/image/file.ts';
import { nodeFiles } from '../../src/image/file.ts';
import { openImage } from '../../src/image/open.ts';
import { versionedTrack } from './support-tracks.ts';

const [path = '', at = '0'] = process.argv.slice(2);
let left = Number(at);

function isTime(): boolean {
  left -= 1;
  return left === 0;
}

function die(): void {
  process.kill(process.pid, 'SIGKILL');
}

function mortal(file: ImageFile): ImageFile {
  return {
    path: file.path,
    fd: file.fd,
    facts: () => file.facts(),
    read: (into, position) => file.read(into, position),
    async write(pieces, position) {
      if (isTime()) {
        const all = Buffer.concat(pieces);
        await file.write([all.subarray(0, Math.ceil(all.length / 2))], position);
        die();
      }
      await file.write(pieces, position);
    },
    sync: () => file.sync(),
    close: () => file.close(),
  };
}

const files: ImageFiles = {
  open: async (name, mode) => mortal(await nodeFiles.open(name, mode)),
  syncFolder: (name) => nodeFiles.syncFolder(name),
  realPath: (name) => nodeFiles.realPath(name),
  async remove(name) {
    if (isTime()) die();
    await nodeFiles.remove(name);
  },
};

const store = await openImage(path, { files, journalSize: 1000 });
let version = 0;
for (const tracks of [[0], [1, 2], [0]]) {
  for (const track of tracks) {
    version += 1;
    await store.write(track, versionedTrack(track, version));
  }
  await store.flush();
  writeSync(1, `${version}\n`);
}
await store.close();
writeSync(1, 'closed\n');
