import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import {
  lockRuntimeFolder,
  makeRuntimeFolder,
  removeDeviceSockets,
  removeSocket,
} from '../../src/daemon/runtime-folder.ts';

const [A, B] = ['83b8f4f2-509f-382f-3c1e-e6bfe0fa1001', '83b8f4f2-509f-382f-3c1e-e6bfe0fa1002'];
const uid = process.getuid?.() ?? 0;

function folder(): string {
  const path = mkdtempSync(join(tmpdir(), 'vfio-ts-test-'));
  onTestFinished(() => rmSync(path, { recursive: true }));
  return path;
}

test('the folder is made for its owner alone', () => {
  const path = join(folder(), 'a', 'b');
  makeRuntimeFolder(path, uid);
  expect(statSync(path).mode & 0o777).toBe(0o700);
  makeRuntimeFolder(path, uid);
});

test('a folder of another user, or that others may write to, is refused with what to do', () => {
  const path = folder();
  expect(() => makeRuntimeFolder(path, uid + 1)).toThrow(/belongs to .*VFIO_TS_RUNTIME_DIR/u);
  chmodSync(path, 0o777);
  expect(() => makeRuntimeFolder(path, uid)).toThrow(/others may write .*VFIO_TS_RUNTIME_DIR/u);
});

test('a link in place of the folder is refused', () => {
  const path = folder();
  mkdirSync(join(path, 'real'));
  symlinkSync('real', join(path, 'link'));
  expect(() => makeRuntimeFolder(join(path, 'link'), uid)).toThrow('is no folder');
});

test('a second daemon is refused until the first has gone', () => {
  const path = folder();
  const first = lockRuntimeFolder(path);
  expect(() => lockRuntimeFolder(path)).toThrow(/a daemon runs already .*vfio-ts daemon status/u);
  first[Symbol.dispose]();
  lockRuntimeFolder(path)[Symbol.dispose]();
});

test('sockets of devices are removed, and nothing else', () => {
  const path = folder();
  const keep = ['control.sock', 'daemon.lock', 'mine.sock', `${A}.json`];
  for (const name of [...keep, `${A}.sock`, `${A}.sock.stats`, `${B}.sock`]) {
    writeFileSync(join(path, name), '');
  }
  removeDeviceSockets(path);
  expect(readdirSync(path).toSorted()).toEqual(keep.toSorted());
});

test('a socket is removed with all that is told beside it', () => {
  const path = folder();
  for (const name of [`${A}.sock`, `${A}.sock.stats`, `${A}.sock.rfb`, `${B}.sock`]) {
    writeFileSync(join(path, name), '');
  }
  removeSocket(join(path, `${A}.sock`));
  expect(readdirSync(path)).toEqual([`${B}.sock`]);
});
