import { rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Apt, OnPercent } from './apt.ts';
import { BACKPORTS_RELEASE } from './apt.ts';
import { LabError } from './errors.ts';
import { isRecentEnough, probeQemu, treeQemu } from './qemu.ts';
import { QEMU_PACKAGES } from './steps.ts';
import { unpackAll } from './unpack.ts';

/** Makes the QEMU tree in `work`: packages unpacked, nothing installed. Gives its version. */
export async function makeQemu(
  work: string,
  apt: Apt,
  onPercent: OnPercent,
): Promise<Record<string, string>> {
  await apt.withPackages('qemu', QEMU_PACKAGES, BACKPORTS_RELEASE, onPercent, (debs) =>
    unpackAll(debs, work),
  );
  for (const name of ['doc', 'man', 'locale', 'icons']) {
    rmSync(join(work, 'usr', 'share', name), { recursive: true, force: true });
  }
  const version = probeQemu(treeQemu(work));
  if (version === undefined || !isRecentEnough(version)) {
    const found = version === undefined ? 'does not run here' : `is ${version}`;
    throw new LabError(`the mirror's QEMU ${found}; 10.1 or newer with vfio-user-pci is needed`);
  }
  return { version };
}
