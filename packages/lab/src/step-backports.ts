import { rmSync } from 'node:fs';
import { basename, join } from 'node:path';
import type { Apt, OnPercent } from './apt.ts';
import { BACKPORTS_RELEASE } from './apt.ts';
import { runShell } from './process.ts';
import { BACKPORTS_I915_MODULES, BACKPORTS_PACKAGES } from './steps.ts';
import { makeDriverLayer } from './stock-modules.ts';
import { findPackage, unpackAll } from './unpack.ts';

/** Makes the newer kernel in `work`: `vmlinuz` and the layer with i915. Gives the kernel's release. */
export async function makeBackports(
  work: string,
  apt: Apt,
  onPercent: OnPercent,
): Promise<Record<string, string>> {
  return apt.withPackages(
    'backports',
    BACKPORTS_PACKAGES,
    BACKPORTS_RELEASE,
    onPercent,
    async (debs) => {
      const deb = findPackage(debs, /^linux-modules-\d.*-amd64_/);
      const release = /^linux-modules-(.*?)_/.exec(basename(deb))?.[1] ?? '';
      const tree = join(work, 'tree');
      const used = /^(libc6|liblzma5|xz-utils)_/;
      await unpackAll(
        debs.filter((path) => used.test(basename(path))),
        tree,
      );
      const binary = findPackage(debs, /^linux-binary-\d.*-amd64_/);
      const take = 'dpkg-deb --fsys-tarfile "$1" | tar -xO "./usr/lib/modules/$2/vmlinuz" >"$3"';
      await runShell(take, [binary, release, join(work, 'vmlinuz')]);
      await makeDriverLayer(work, { deb, tree, names: BACKPORTS_I915_MODULES, release });
      rmSync(tree, { recursive: true, force: true });
      return { release };
    },
  );
}
