import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { CpioEntry } from './cpio.ts';
import { fileEntry, writeLayer } from './layer.ts';
import { MODULES } from './step-kernel.ts';
import { GUEST_FILES, readGuestFile } from './steps.ts';

/** The initramfs, as its step names it. */
export const INITRAMFS = 'initramfs.cpio.gz';

/** The finished steps that an initramfs is made from. */
export interface InitramfsParts {
  readonly kernelDir: string;
  /** The kernel's. */
  readonly release: string;
  /** Path of the console font. */
  readonly font: string;
}

/** Makes the initramfs in `work`. */
export function makeInitramfs(work: string, { kernelDir, release, font }: InitramfsParts): void {
  const modules = `lib/modules/${release}`;
  const dirs = ['bin', 'sbin', 'dev', 'etc', 'lib', 'lib/modules', modules, 'root'];
  const entries: CpioEntry[] = [
    ...dirs.map((path): CpioEntry => ({ kind: 'dir', path, mode: 0o755 })),
    { kind: 'char', path: 'dev/console', mode: 0o600, major: 5, minor: 1 },
    { kind: 'char', path: 'dev/null', mode: 0o666, major: 1, minor: 3 },
    fileEntry('bin/busybox', 0o755, readFileSync(join(kernelDir, 'busybox'))),
    { kind: 'link', path: 'bin/sh', target: 'busybox' },
    ...readdirSync(join(kernelDir, MODULES))
      .toSorted()
      .map((name) =>
        fileEntry(`${modules}/${name}`, 0o644, readFileSync(join(kernelDir, MODULES, name))),
      ),
    { kind: 'link', path: 'lib/modules/mdpy-fb.ko', target: `${release}/mdpy-fb.ko` },
    fileEntry('etc/console.psf', 0o644, readFileSync(font)),
    ...GUEST_FILES.map(({ name, path, mode }) => fileEntry(path, mode, readGuestFile(name))),
  ];
  writeLayer(join(work, INITRAMFS), entries);
}
