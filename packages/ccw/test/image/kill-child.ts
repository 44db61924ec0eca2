// A process that writes tracks, or releases them by a channel command, and dies by SIGKILL at its n-th change of a file.
// What was flushed it says on stdout: a line per flush, with version after version, or with how many releases are over.

import { writeSync } from 'node:fs';
import { DasdControlUnit } from '../../src/dasd/dasd-control-unit.ts';
import type { ImageFile, ImageFiles } from '../../src/image/file.ts';
import { nodeFiles } from '../../src/image/file.ts';
import { openImage } from '../../src/image/open.ts';
import { versionedTrack } from './support-tracks.ts';

const [path = '', at = '0', what = 'writes'] = process.argv.slice(2);
let left = Number(at);

/** Release Allocated Space of cylinders 0 and 1, and of all. */
const RELEASE_TWO = `81002000${'00'.repeat(16)}000100000000000000010001`;
const RELEASE_ALL = `8100${'00'.repeat(22)}`;

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

async function write(): Promise<void> {
  let version = 0;
  for (const tracks of [[0], [1, 2], [0]]) {
    for (const track of tracks) {
      version += 1;
      await store.write(track, versionedTrack(track, version));
    }
    await store.flush();
    writeSync(1, `${version}\n`);
  }
}

/** The first two cylinders, then all of the volume. */
async function release(): Promise<void> {
  const unit = new DasdControlUnit(store);
  for (const [index, order] of [RELEASE_TWO, RELEASE_ALL].entries()) {
    const data = Buffer.from(order, 'hex');
    const command = { code: 0xf7, count: data.length, data, previous: undefined, isChained: false };
    unit.begin();
    const { status } = await unit.execute(command);
    const late = await unit.end(false);
    if (status !== 0x0c || late !== undefined) throw new Error(`release ${index} has failed`);
    writeSync(1, `${index + 1}\n`);
  }
}

await (what === 'releases' ? release() : write());
await store.close();
writeSync(1, 'closed\n');
