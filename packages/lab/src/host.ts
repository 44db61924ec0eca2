import { existsSync } from 'node:fs';
import { LabError } from './errors.ts';
import { findProgram, isRoot, run } from './process.ts';
import type { Mirror } from './sources.ts';

interface Need {
  readonly what: string;
  readonly package: string;
}

function missingOnHost(mirror: Mirror): Need[] {
  const programs: Need[] = [
    { what: 'apt-get', package: 'apt' },
    { what: 'apt-config', package: 'apt' },
    { what: 'dpkg-deb', package: 'dpkg' },
    { what: 'tar', package: 'tar' },
    { what: 'flock', package: 'util-linux' },
    { what: 'unshare', package: 'util-linux' },
    { what: 'chroot', package: 'coreutils' },
  ];
  const missing = programs.filter(({ what }) => findProgram(what) === undefined);
  if (!existsSync(mirror.keyring)) {
    missing.push({ what: mirror.keyring, package: 'debian-archive-keyring' });
  }
  return missing;
}

/**
 * Sees to it that the machine has what the setup uses; as root missing packages are installed.
 * @throws LabError that names the command to run when this user may not install.
 */
export async function prepareHost(mirror: Mirror, log: (line: string) => void): Promise<void> {
  if (process.platform !== 'linux' || process.arch !== 'x64') {
    throw new LabError(
      `the guest lab runs on Linux on x86-64, not on ${process.platform} on ${process.arch}`,
    );
  }
  const missing = missingOnHost(mirror);
  if (missing.length === 0) return;
  const what = missing.map((need) => need.what).join(', ');
  const packages = [...new Set(missing.map((need) => need.package))];
  if (findProgram('apt-get') === undefined) {
    throw new LabError(
      `the setup works with Debian's package manager, and ${what} is not on this machine`,
      'Run it on Debian or Ubuntu, or in a container of one.',
    );
  }
  if (!isRoot()) {
    throw new LabError(
      `${what} is not on this machine, and this user may not install packages`,
      `Run: sudo apt-get install ${packages.join(' ')}`,
    );
  }
  log(`host: installing ${packages.join(' ')}`);
  await run('apt-get', ['-q', 'update']);
  await run('apt-get', ['-q', 'install', '--yes', '--no-install-recommends', ...packages]);
  if (missingOnHost(mirror).length > 0) {
    throw new LabError(
      `${what} is still not on this machine after installing ${packages.join(' ')}`,
    );
  }
}
