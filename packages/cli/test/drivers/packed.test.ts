// A driver of somebody else, in a folder that knows nothing of this repository: npm installs everything, ours from
// packed files.

import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { attach, printed, ready, runProgram, temporaryFolder } from '../support.ts';
import { install, pack, packWithDependencies } from './npm.ts';

const ROOT = join(import.meta.dirname, '../../../..');
const TSC = join(ROOT, 'node_modules/.bin/tsc');
const FIXTURE = join(import.meta.dirname, 'uart');

const TSCONFIG = {
  compilerOptions: {
    target: 'esnext',
    module: 'nodenext',
    strict: true,
    skipLibCheck: false,
    types: [],
    rootDir: 'src',
    outDir: 'dist',
  },
  include: ['src'],
};

test('a driver of another package is compiled, installed, served by its name and used', async (ctx) => {
  const folder = temporaryFolder();
  onTestFinished(() => folder[Symbol.dispose]());
  const within = (name: string): string => {
    const path = join(folder.path, name);
    mkdirSync(path);
    return path;
  };
  const tarballs = within('tarballs');
  const ours = await packWithDependencies(ctx, ROOT, '@vfio-ts/cli', tarballs);
  const core = ours.filter((file) => file.includes('vfio-ts-core'));
  expect(core).toHaveLength(1);

  // Where its author works: beside the packages of ours, which it has as types.
  const app = within('app');
  await install(ctx, app, ours);
  const uart = join(app, 'uart');
  cpSync(FIXTURE, uart, { recursive: true });
  writeFileSync(join(uart, 'tsconfig.json'), JSON.stringify(TSCONFIG));
  execFileSync(TSC, ['-p', uart], { stdio: 'inherit' });

  // Where it is used: with a core that it asks for, and in place of which it gets the command's.
  const elsewhere = within('elsewhere');
  await install(ctx, elsewhere, [await pack(ctx, uart, tarballs), ...core]);

  const main = join(app, 'node_modules/@vfio-ts/cli/dist/main.js');
  const listed = await printed(runProgram(main, { cwd: elsewhere }, 'types', '--json'));
  expect(JSON.parse(listed.join('\n'))).toContainEqual(
    expect.objectContaining({ driver: 'vfio-uart', mdev_type: 'uart-16550' }),
  );

  const served = runProgram(main, { cwd: elsewhere }, 'serve', 'vfio-uart', '--json');
  const { socket = '', ...said } = await ready(served);
  expect(said).toMatchObject({ driver: 'vfio-uart', type: 'uart-16550' });
  await using client = await attach(socket);
  const ids = new Uint8Array(4);
  await client.read(7, 0, ids);
  expect(ids.toHex()).toBe('34127856');
  await client.write(0, 7, Uint8Array.of(0x5a));
  const scratch = new Uint8Array(1);
  await client.read(0, 7, scratch);
  expect(scratch.toHex()).toBe('5a');
  await client.close();

  const [files = ''] = await printed(runProgram(main, {}, 'inspect', socket, '--json'));
  expect(JSON.parse(files)).toMatchObject({ pci: { vendorId: 0x1234, deviceId: 0x5678 } });
  served.child.kill('SIGINT');
  expect(await served.ended).toEqual([0, null]);
  // Nothing is left, which a core that is not the command's could not be asked.
  expect(served.errors()).toBe('');
}, 300_000);
