// A process that writes a tape and dies by SIGKILL in the middle of its n-th write. After each mark it says on stdout
// how many blocks and marks are durable.

import { writeSync } from 'node:fs';
import { TapeControlUnit } from '../../src/tape/tape-control-unit.ts';
import { nodeTapeFiles } from '../../src/tape/tape-file.ts';
import type { TapeFile, TapeFiles } from '../../src/tape/tape-file.ts';
import { runTape } from './chains.ts';
import { KILLED_CHAINS } from './kill-chains.ts';

const [path = '', at = '0', half = '0.5'] = process.argv.slice(2);
let left = Number(at);

function mortal(file: TapeFile): TapeFile {
  return {
    path: file.path,
    fd: file.fd,
    facts: () => file.facts(),
    read: (into, position) => file.read(into, position),
    sync: () => file.sync(),
    truncate: (size) => file.truncate(size),
    close: () => file.close(),
    async write(pieces, position) {
      left -= 1;
      if (left > 0) return file.write(pieces, position);
      const all = Buffer.concat(pieces);
      await file.write([all.subarray(0, Math.floor(all.length * Number(half)))], position);
      process.kill(process.pid, 'SIGKILL');
    },
  };
}

const files: TapeFiles = {
  open: async (name, mode) => mortal(await nodeTapeFiles.open(name, mode)),
  syncFolder: (name) => nodeTapeFiles.syncFolder(name),
};

const unit = new TapeControlUnit({ logger: { log: () => undefined }, files });
await unit.mount(path);
for (const { steps, durable } of KILLED_CHAINS) {
  await runTape(unit, steps);
  if (durable !== undefined) writeSync(1, `${durable}\n`);
}
await unit.close();
writeSync(1, 'closed\n');
