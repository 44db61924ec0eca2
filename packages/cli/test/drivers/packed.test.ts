// A driver of somebody else, in a folder that knows nothing of this repository: everything is installed from packed files.

import { execFileSync } from 'node:child_process';
import {
  cpSync,
  globSync,
  mkdirSync,
  readFileSync,
  realpathSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import {
  connect,
  EventLoop,
  linuxClientHost,
  LinuxClock,
  VfioUserClient,
} from '@vfio-ts/vfio-user';
import { printed, ready, runProgram, temporaryFolder } from '../support.ts';

const PACKAGES = join(import.meta.dirname, '../../..');
const OURS = ['core', 'vfio-user', 'mdpy-sample', 'ap', 'ccw', 'gvt', 'viewer', 'cli'];
const TSC = join(PACKAGES, '../node_modules/.bin/tsc');
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

/** Packs all of them, and unpacks them as an installation does. */
function install(folders: readonly string[], modules: string): void {
  const pack = ['pack', '--silent', '--ignore-scripts', '--pack-destination', modules];
  const tarballs = execFileSync('npm', [...pack, ...folders], { encoding: 'utf8' });
  for (const [i, tarball] of tarballs.trim().split('\n').entries()) {
    const { name } = JSON.parse(readFileSync(join(folders[i] ?? '', 'package.json'), 'utf8'));
    const to = join(modules, name);
    mkdirSync(to, { recursive: true });
    execFileSync('tar', ['-xzf', join(modules, tarball), '-C', to, '--strip-components=1']);
  }
}

/** What comes from the registry, from where the workspace has it. */
function linkForeign(folder: string, modules: string): void {
  const { dependencies = {} } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
  for (const name of Object.keys(dependencies)) {
    const to = join(modules, name);
    if (name.startsWith('@vfio-ts/') || globSync(to).length > 0) continue;
    mkdirSync(dirname(to), { recursive: true });
    symlinkSync(realpathSync(join(folder, 'node_modules', name)), to);
  }
}

test('a driver of another package is compiled, installed, served by its name and used', async () => {
  const folder = temporaryFolder();
  onTestFinished(() => folder[Symbol.dispose]());
  const modules = join(folder.path, 'app/node_modules');
  mkdirSync(modules, { recursive: true });
  const ours = OURS.map((name) => join(PACKAGES, name));
  install(ours, modules);
  for (const one of ours) linkForeign(one, modules);

  // Where its author works: beside the packages of ours, which it has as types and as core.
  const uart = join(folder.path, 'app/uart');
  cpSync(FIXTURE, uart, { recursive: true });
  writeFileSync(join(uart, 'tsconfig.json'), JSON.stringify(TSCONFIG));
  execFileSync(TSC, ['-p', uart], { stdio: 'inherit' });

  // Where it is used: nobody has installed a core there, the driver gets the command's.
  const elsewhere = join(folder.path, 'elsewhere');
  mkdirSync(join(elsewhere, 'node_modules'), { recursive: true });
  install([uart], join(elsewhere, 'node_modules'));

  const main = join(modules, '@vfio-ts/cli/dist/main.js');
  const served = runProgram(main, { cwd: elsewhere }, 'serve', 'vfio-uart', '--json');
  const { socket = '', ...said } = await ready(served);
  expect(said).toMatchObject({ driver: 'vfio-uart', type: 'uart-16550' });
  const host = linuxClientHost(new LinuxClock(), { log: () => undefined });
  await using client = await VfioUserClient.attach(connect(socket, new EventLoop()), { host });
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
}, 180_000);
