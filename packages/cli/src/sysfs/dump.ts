// All files of a driver at one moment, as they would be below /sys: what one process tells, and another shows or
// writes to a folder.

import { VfioError, type SysfsEntry } from '@vfio-ts/core';

/** One entry; paths have no slash at the front. */
export type DumpEntry =
  | { readonly kind: 'directory'; readonly path: string }
  | {
      readonly kind: 'file';
      readonly path: string;
      /** Permission bits. */
      readonly mode: number;
      /** Absent where it can only be written. */
      readonly text?: string;
    }
  | { readonly kind: 'link'; readonly path: string; readonly target: string };

/** A tree, a directory before what is in it. */
export type SysfsDump = readonly DumpEntry[];

/** A tree of files that can be read, `MdevSysfs` for example. */
export interface SysfsView {
  walk(): readonly SysfsEntry[];
  read(path: string): string;
}

/** A tree and where it hangs. */
export interface MountedView {
  /** Path below /sys; `''` for the top. */
  readonly at: string;
  readonly view: SysfsView;
}

/** Reads everything there is. */
export function dumpSysfs(
  views: readonly MountedView[],
  more: readonly DumpEntry[] = [],
): SysfsDump {
  return [...views.flatMap((mounted) => dumpView(mounted)), ...more];
}

function dumpView({ at, view }: MountedView): DumpEntry[] {
  const below = (path: string): string => (at === '' ? path : `${at}/${path}`);
  const dumped = (entry: SysfsEntry): DumpEntry => {
    const path = below(entry.path);
    if (entry.kind === 'directory') return { kind: 'directory', path };
    if (entry.kind === 'link') return { kind: 'link', path, target: below(entry.target) };
    const { kind, mode } = entry;
    if ((mode & 0o444) === 0) return { kind, path, mode };
    return { kind, path, mode, text: view.read(entry.path) };
  };
  return view.walk().map((entry) => dumped(entry));
}

/** Reads what another process has told. @throws `EPROTO` it is no dump */
export function parseDump(told: unknown): SysfsDump {
  if (Array.isArray(told) && told.every((entry) => isEntry(entry))) return told;
  throw new VfioError('EPROTO', 'sysfs', 'what was told is no tree of files');
}

/** A path that leads out of the folder it is to be written to is none. */
function isEntry(value: unknown): value is DumpEntry {
  if (typeof value !== 'object' || value === null) return false;
  if (!('kind' in value && 'path' in value && isInside(value.path))) return false;
  if (value.kind === 'link') return 'target' in value && isInside(value.target);
  if (value.kind === 'directory') return true;
  const hasText = !('text' in value) || typeof value.text === 'string';
  return value.kind === 'file' && 'mode' in value && typeof value.mode === 'number' && hasText;
}

function isInside(path: unknown): path is string {
  if (typeof path !== 'string' || path === '') return false;
  return path.split('/').every((name) => name !== '' && name !== '.' && name !== '..');
}
