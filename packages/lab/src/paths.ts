import { homedir } from 'node:os';
import { join } from 'node:path';

/** Environment variables as `process.env` has them. */
export type Env = Readonly<Record<string, string | undefined>>;

/** Where everything lies in the lab's cache folder. All absolute. */
export interface LabPaths {
  readonly root: string;
  /** Finished results, one folder a step. */
  readonly qemu: string;
  readonly kernel: string;
  readonly backports: string;
  readonly initramfs: string;
  readonly font: string;
  readonly s390: string;
  readonly igt: string;
  /** Results under way; nothing in here survives the next setup. */
  readonly tmp: string;
  /** The private package manager: lists, and packages until their step is finished. */
  readonly apt: string;
  /** Held by the setup that is running. */
  readonly lock: string;
}

/** The cache folder: `VFIO_TS_LAB_DIR`, or `vfio-ts/lab` in the user's cache. */
export function labDir(env: Env = process.env): string {
  const own = env['VFIO_TS_LAB_DIR'];
  if (own !== undefined && own !== '') return own;
  const cache = env['XDG_CACHE_HOME'];
  const base = cache !== undefined && cache !== '' ? cache : join(homedir(), '.cache');
  return join(base, 'vfio-ts', 'lab');
}

/** The layout below a cache folder. */
export function labPaths(root: string = labDir()): LabPaths {
  return {
    root,
    qemu: join(root, 'qemu'),
    kernel: join(root, 'kernel'),
    backports: join(root, 'backports'),
    initramfs: join(root, 'initramfs'),
    font: join(root, 'font'),
    s390: join(root, 's390'),
    igt: join(root, 'igt'),
    tmp: join(root, 'tmp'),
    apt: join(root, 'apt'),
    lock: join(root, 'lock'),
  };
}
