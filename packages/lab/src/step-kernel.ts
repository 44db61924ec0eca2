import { copyFileSync, mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import type { Apt, OnPercent } from './apt.ts';
import { RELEASE } from './apt.ts';
import { buildModule } from './build-module.ts';
import { runShell } from './process.ts';
import {
  EXERCISER,
  EXERCISER_SOURCE,
  I915_MODULES,
  KERNEL_PACKAGES,
  STOCK_MODULES,
} from './steps.ts';
import { makeDriverLayer, takeModules, XZ } from './stock-modules.ts';
import { findPackage, unpackAll } from './unpack.ts';

const SOURCES = ['mdpy-fb.c', 'mdpy-defs.h'];
const BUILT = ['mdpy-fb', EXERCISER];

/** Where the drivers are in the step's result. */
export const MODULES = 'modules';

/**
 * Makes the kernel's result in `work`: `vmlinuz`, the static `busybox`, and drivers: some as the
 * distribution has them, `mdpy-fb` built from its kernel source and the lab's own exerciser, both
 * against its headers; and the layer with i915. Gives the kernel's release.
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
  const image = findPackage(debs, /^linux-image-\d.*-amd64_/);
  const source = findPackage(debs, /^linux-source-\d/);
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
  copyFileSync(EXERCISER_SOURCE, join(build, `${EXERCISER}.c`));
  symlinkSync('mawk', join(tree, 'usr/bin/awk'));
  writeFileSync(join(build, 'Kbuild'), `obj-m := ${BUILT.map((name) => `${name}.o`).join(' ')}\n`);
  await buildModule(tree, `/usr/src/linux-headers-${release}`, '/build');
  const modules = join(work, MODULES);
  mkdirSync(modules);
  await takeModules({ deb: image, tree, names: STOCK_MODULES, into: modules });
  await makeDriverLayer(work, { deb: image, tree, names: I915_MODULES, release });
  for (const name of BUILT) copyFileSync(join(build, `${name}.ko`), join(modules, `${name}.ko`));
  rmSync(tree, { recursive: true, force: true });
  return { release };
}

/** Takes the driver's files out of the source package, stopping the unpacking once they are there. */
async function takeSources(source: string, tree: string, build: string): Promise<void> {
  const script = `${XZ}
    { dpkg-deb --fsys-tarfile "$1" | tar -xO --wildcards './usr/src/linux-source-*.tar.xz' |
      xz "$2"; } 2>/dev/null |
      tar -x -C "$3" --strip-components=3 --occurrence=1 --wildcards "$4" "$5"`;
  const patterns = SOURCES.map((name) => `*/samples/vfio-mdev/${name}`);
  await runShell(script, [source, tree, build, ...patterns]);
}
