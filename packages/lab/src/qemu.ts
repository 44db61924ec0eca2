import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import type { Env } from './paths.ts';
import { findProgram } from './process.ts';
import { LIBRARIES, LOADER } from './unpack.ts';

/** How to start a QEMU: the arguments and the environment come in front of the caller's own. */
export interface Qemu {
  readonly command: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
}

/**
 * QEMU in a tree of unpacked packages. It is started through the tree's own loader, so it needs
 * neither root nor a change of root folder, sees the machine's files and sockets as they are, and
 * the process's id is its own.
 */
export function treeQemu(tree: string): Qemu {
  const lib = join(tree, LIBRARIES);
  return {
    command: join(tree, LOADER),
    args: [
      '--library-path',
      `${lib}:${join(lib, 'pulseaudio')}`,
      join(tree, 'usr/bin/qemu-system-x86_64'),
      '-L',
      join(tree, 'usr/share/qemu'),
      '-L',
      join(tree, 'usr/share/seabios'),
    ],
    env: { QEMU_MODULE_DIR: join(lib, 'qemu') },
  };
}

/** The version of a QEMU that runs and has `vfio-user-pci`; undefined for any other. */
export function probeQemu(qemu: Qemu): string | undefined {
  const ask = (...args: readonly string[]): string => {
    const env = { ...process.env, ...qemu.env };
    const { stdout } = spawnSync(qemu.command, [...qemu.args, ...args], { encoding: 'utf8', env });
    return stdout ?? '';
  };
  const version = /version (\d+\.\d+\.\d+)/.exec(ask('--version'))?.[1];
  if (version === undefined || !isRecentEnough(version)) return version;
  return ask('-device', 'vfio-user-pci,help').includes('vfio-user-pci options')
    ? version
    : undefined;
}

/** Whether a QEMU version can have `vfio-user-pci`: 10.1 or newer. */
export function isRecentEnough(version: string): boolean {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  return major > 10 || (major === 10 && minor >= 1);
}

/** Whether a QEMU version can end itself when its parent does: 10.2 or newer. */
export function endsWithParent(version: string): boolean {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  return major > 10 || (major === 10 && minor >= 2);
}

/** A QEMU of the machine, with its version. */
export interface MachineQemu {
  readonly qemu: Qemu;
  readonly version: string;
}

const probed = new Map<string, string | undefined>();

/**
 * The machine's own QEMU if it is recent enough: `VFIO_TS_QEMU`, or `qemu-system-x86_64` in the
 * path. Asked once a process.
 */
export function machineQemu(env: Env = process.env): MachineQemu | undefined {
  const own = env['VFIO_TS_QEMU'];
  const command = own !== undefined && own !== '' ? own : findProgram('qemu-system-x86_64', env);
  if (command === undefined) return undefined;
  const qemu: Qemu = { command, args: [], env: {} };
  if (!probed.has(command)) probed.set(command, probeQemu(qemu));
  const version = probed.get(command);
  return version !== undefined && isRecentEnough(version) ? { qemu, version } : undefined;
}
