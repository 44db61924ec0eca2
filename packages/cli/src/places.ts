// Where things are: definitions of devices, sockets of those that run, and the daemon's own.

import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isUuid } from './mdev/uuid.ts';

/** What places depend on. */
export interface Environment {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** User id; 0 for root, whose devices are those of the machine. */
  readonly uid: number;
}

/** The folders of one user. They need not exist. */
export interface Places {
  /**
   * Definitions, `PARENT/UUID` as below `/etc/mdevctl.d`: `VFIO_TS_CONFIG_DIR`, or for root `/etc/vfio-ts`, or
   * `vfio-ts` in the XDG folder for configuration, each with `mdevctl.d` behind it.
   */
  readonly definitions: string;
  /** Packages of drivers for every folder, beside the definitions: `npm install --prefix ~/.config/vfio-ts my-driver`. */
  readonly drivers: string;
  /**
   * Sockets, for their owner alone: `VFIO_TS_RUNTIME_DIR`, or for root `/run/vfio-ts`, or `vfio-ts` in the XDG folder
   * for what lasts as long as a session, or one named by the user in the folder for temporary files.
   */
  readonly runtime: string;
  /** The daemon's socket. */
  readonly control: string;
}

/** That of this process. */
export function processEnvironment(): Environment {
  return { env: process.env, uid: process.getuid?.() ?? 0 };
}

/** The folders of a user. */
export function placesOf({ env, uid }: Environment = processEnvironment()): Places {
  const config = set(env['VFIO_TS_CONFIG_DIR']) ?? configOf(env, uid);
  const runtime = set(env['VFIO_TS_RUNTIME_DIR']) ?? runtimeOf(env, uid);
  return {
    definitions: join(config, 'mdevctl.d'),
    drivers: join(config, 'node_modules'),
    runtime,
    control: join(runtime, 'control.sock'),
  };
}

/** The socket of a device that the daemon runs. */
export function deviceSocket({ runtime }: Pick<Places, 'runtime'>, uuid: string): string {
  return join(runtime, `${uuid.toLowerCase()}.sock`);
}

/** The socket of a device: a UUID stands for one that the daemon runs, everything else is a path. */
export function socketOf(
  uuidOrPath: string,
  environment: Environment = processEnvironment(),
): string {
  return isUuid(uuidOrPath) ? deviceSocket(placesOf(environment), uuidOrPath) : uuidOrPath;
}

function configOf(env: Environment['env'], uid: number): string {
  // What a session of root has in its XDG folders, the service does not see.
  if (uid === 0) return '/etc/vfio-ts';
  return join(absolute(env['XDG_CONFIG_HOME']) ?? join(env['HOME'] ?? '/', '.config'), 'vfio-ts');
}

function runtimeOf(env: Environment['env'], uid: number): string {
  if (uid === 0) return '/run/vfio-ts';
  const base = absolute(env['XDG_RUNTIME_DIR']);
  return base === undefined ? join(tmpdir(), `vfio-ts-${uid}`) : join(base, 'vfio-ts');
}

function set(text: string | undefined): string | undefined {
  return text === '' ? undefined : text;
}

/** The XDG specification has relative paths passed over. */
function absolute(path: string | undefined): string | undefined {
  return path?.startsWith('/') === true ? path : undefined;
}
