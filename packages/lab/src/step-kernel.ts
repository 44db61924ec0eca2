import { copyFileSync, mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import type { Apt, OnPercent } from './apt.ts';
import { RELEASE } from './apt.ts';
import { buildModule } from './build-module.ts';
import { LabError } from './errors.ts';
import { runShell } from './process.ts';
import { KERNEL_PACKAGES } from './steps.ts';
import { unpackAll } from './unpack.ts';

const SOURCES = ['mdpy-fb.c', 'mdpy-defs.h'];

/**
 * Makes the kernel's result in `work`: `vmlinuz`, the static `busybox`, and `mdpy-fb.ko` built
 * from the distribution's kernel source against its headers. Gives the kernel's release.
 */
export async function makeKernel(
  work: string,
  apt: Apt,
  onPercent: OnPercent,
  log: (line: string) => void,
): Promise<Record<string, string>> {
  return apt.withPackages('kernel', KERNEL_PACKAGES, RELEASE, onPercent, (debs) =>
    makeFrom(debs, work, log),
  );
}

async function makeFrom(
  debs: readonly string[],
  work: string,
  log: (line: string) => void,
): Promise<Record<string, string>> {
  const image = find(debs, /^linux-image-\d.*-amd64_/);
  const source = find(debs, /^linux-source-\d/);
  const release = /^linux-image-(.*?)_/.exec(basename(image))?.[1] ?? '';
  log(`kernel: unpacking ${release}, its headers and a compiler`);
  const tree = join(work, 'tree');
  const build = join(tree, 'build');
  const unused = /^(udev|systemd|initramfs-tools|linux-image|linux-source)/;
  const used = debs.filter((deb) => !unused.test(basename(deb)));
  const takeImage = 'dpkg-deb --fsys-tarfile "$1" | tar -xO "./boot/vmlinuz-$2" >"$3"';
  await unpackAll(used, tree);
  await runShell(takeImage, [image, release, join(work, 'vmlinuz')]);
  copyFileSync(join(tree, 'usr/bin/busybox'), join(work, 'busybox'));
  log('kernel: building mdpy-fb from the kernel source package');
  mkdirSync(build, { recursive: true });
  await takeSources(source, tree, build);
  symlinkSync('mawk', join(tree, 'usr/bin/awk'));
  writeFileSync(join(build, 'Kbuild'), 'obj-m := mdpy-fb.o\n');
  await buildModule(tree, `/usr/src/linux-headers-${release}`, '/build');
  copyFileSync(join(build, 'mdpy-fb.ko'), join(work, 'mdpy-fb.ko'));
  rmSync(tree, { recursive: true, force: true });
  return { release };
}

/** Takes the driver's files out of the source package, stopping the unpacking once they are there. */
async function takeSources(source: string, tree: string, build: string): Promise<void> {
  const script = `
    xz() { "$2/usr/lib64/ld-linux-x86-64.so.2" --library-path "$2/usr/lib/x86_64-linux-gnu" \\
      "$2/usr/bin/xz" -dc; }
    { dpkg-deb --fsys-tarfile "$1" | tar -xO --wildcards './usr/src/linux-source-*.tar.xz' |
      xz "$@"; } 2>/dev/null |
      tar -x -C "$3" --strip-components=3 --occurrence=1 --wildcards "$4" "$5"`;
  const patterns = SOURCES.map((name) => `*/samples/vfio-mdev/${name}`);
  await runShell(script, [source, tree, build, ...patterns]);
}

function find(debs: readonly string[], pattern: RegExp): string {
  const deb = debs.find((path) => pattern.test(basename(path)));
  if (deb === undefined) throw new LabError(`the mirror gave no package like ${pattern.source}`);
  return deb;
}
