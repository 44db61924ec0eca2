import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { chooseMirror, parseDeb822Sources, parseOneLineSources } from './sources.ts';
import type { Mirror, Source } from './sources.ts';
import { run } from './process.ts';

// Concepts: a package manager of our own beside the machine's. It has its own lists, its own
// archive folder and an empty package database, so it fetches whole dependency closures of
// another Debian release, needs no root, and leaves the machine alone. It checks signatures and
// sums as ever. Only the network settings and the mirror are the machine's.

/** The Debian release of the guest and of everything that is built. */
export const RELEASE = 'trixie';
/** The release that QEMU and the newer kernel come from. */
export const BACKPORTS_RELEASE = 'trixie-backports';
/** The release that the GPU tests come from: the first that has them. */
export const TESTING_RELEASE = 'forky';

/** The mirror in the machine's own package sources. */
export function machineMirror(etc: string = '/etc/apt'): Mirror {
  const sources: Source[] = [];
  const read = (file: string, parse: (text: string) => Source[]): void => {
    try {
      sources.push(...parse(readFileSync(file, 'utf8')));
    } catch {
      // A source that cannot be read is one we do without.
    }
  };
  let parts: string[] = [];
  try {
    parts = readdirSync(join(etc, 'sources.list.d')).toSorted();
  } catch {
    parts = [];
  }
  read(join(etc, 'sources.list'), parseOneLineSources);
  for (const part of parts) {
    const file = join(etc, 'sources.list.d', part);
    if (part.endsWith('.list')) read(file, parseOneLineSources);
    if (part.endsWith('.sources')) read(file, parseDeb822Sources);
  }
  return chooseMirror(sources);
}

/** The sources file of the private package manager. */
export function sourcesText(mirror: Mirror): string {
  const source = (suite: string, architectures: string, ...more: readonly string[]): string =>
    [
      'Types: deb',
      `URIs: ${mirror.uri}`,
      `Suites: ${suite}`,
      `Architectures: ${architectures}`,
      'Components: main',
      `Signed-By: ${mirror.keyring}`,
      ...more,
      '',
    ].join('\n');
  return [
    source(RELEASE, 'amd64 s390x'),
    source(BACKPORTS_RELEASE, 'amd64'),
    // Its lists end after a week, which a mirror that stands still outlives.
    source(TESTING_RELEASE, 'amd64', 'Check-Valid-Until: no'),
  ].join('\n');
}

/** The preferences file of the private package manager: nothing comes from testing but what is asked for there. */
export const PREFERENCES: string = `Package: *
Pin: release n=${TESTING_RELEASE}
Pin-Priority: 50
`;

/** The configuration file of the private package manager in `dir`; `network` is added as it is. */
export function configText(dir: string, network: string): string {
  const at = (...names: readonly string[]): string => JSON.stringify(join(dir, ...names));
  return `${network}
Dir::Etc::main "/dev/null";
Dir::Etc::parts ${at('empty')};
Dir::Etc::sourcelist "/dev/null";
Dir::Etc::sourceparts ${at('sources')};
Dir::Etc::preferences ${at('preferences')};
Dir::Etc::preferencesparts ${at('empty')};
Dir::Etc::trusted "/dev/null";
Dir::Etc::trustedparts ${at('empty')};
Dir::State ${at('state')};
Dir::State::status ${at('status')};
Dir::Cache ${at('cache')};
Dir::Cache::pkgcache "";
Dir::Cache::srcpkgcache "";
Dir::Log ${at('log')};
APT::Architecture "amd64";
APT::Architectures { "amd64"; "s390x"; };
APT::Install-Recommends "false";
APT::Sandbox::User "root";
Acquire::Languages "none";
Acquire::Retries "3";
Debug::NoLocking "true";
`;
}

/** The machine's lines on proxies, certificates and clocks, out of `apt-config dump Acquire`. */
export function networkConfig(dump: string): string {
  const wanted =
    /^Acquire::(https?|ftp|Check-Date|Check-Valid-Until|ForceIPv[46]|Max-FutureTime)\b/i;
  return dump
    .split('\n')
    .filter((line) => wanted.test(line))
    .join('\n');
}

/** How much of a download is there, for progress. */
export type OnPercent = (percent: number) => void;

/** The private package manager of a lab. */
export class Apt {
  readonly #dir: string;

  constructor(dir: string) {
    this.#dir = dir;
  }

  /** Writes the configuration and fetches the package lists. */
  async update(mirror: Mirror): Promise<void> {
    for (const name of ['empty', 'sources', 'state/lists/partial', 'cache', 'log']) {
      mkdirSync(join(this.#dir, name), { recursive: true });
    }
    const network = networkConfig(await run('apt-config', ['dump', 'Acquire']));
    writeFileSync(join(this.#dir, 'apt.conf'), configText(this.#dir, network));
    writeFileSync(join(this.#dir, 'preferences'), PREFERENCES);
    writeFileSync(join(this.#dir, 'status'), '');
    writeFileSync(join(this.#dir, 'sources', 'lab.sources'), sourcesText(mirror));
    await this.#aptGet('lists.lock', ['-o', 'APT::Update::Error-Mode=any', 'update']);
  }

  /**
   * Downloads packages with everything they depend on, hands the paths of the files to `use`, and
   * removes them. What an earlier, interrupted download has fetched is used; after a failure of
   * `use` everything is fetched anew the next time, since a damaged file may be the reason.
   */
  async withPackages<T>(
    name: string,
    packages: readonly string[],
    release: string,
    onPercent: OnPercent,
    use: (debs: readonly string[]) => Promise<T>,
  ): Promise<T> {
    const archives = this.#archives(name);
    mkdirSync(join(archives, 'partial'), { recursive: true });
    const args = ['install', '--yes', '--download-only', '--target-release', release];
    const options = ['-o', `Dir::Cache::archives=${archives}`, '-o', 'APT::Status-Fd=1'];
    await this.#aptGet(`${name}.lock`, [...options, ...args, ...packages], (line) => {
      const percent = /^dlstatus:[^:]*:([\d.]+):/.exec(line)?.[1];
      if (percent !== undefined) onPercent(Number(percent));
    });
    return this.#use(archives, use);
  }

  /**
   * As {@link withPackages}, but just the packages themselves: for a file that one of them has.
   */
  async withFiles<T>(
    name: string,
    packages: readonly string[],
    release: string,
    use: (debs: readonly string[]) => Promise<T>,
  ): Promise<T> {
    const archives = this.#archives(name);
    mkdirSync(archives, { recursive: true });
    const wanted = packages.map((one) => `${one}/${release}`);
    // It downloads into the folder it runs in.
    await this.#locked(
      `${name}.lock`,
      ['env', `--chdir=${archives}`, 'apt-get', '-q'],
      ['download', ...wanted],
    );
    return this.#use(archives, use);
  }

  async #use<T>(archives: string, use: (debs: readonly string[]) => Promise<T>): Promise<T> {
    const debs = readdirSync(archives).filter((file) => file.endsWith('.deb'));
    try {
      return await use(debs.map((file) => join(archives, file)));
    } finally {
      rmSync(archives, { recursive: true, force: true });
    }
  }

  #archives(name: string): string {
    return join(this.#dir, 'archives', name);
  }

  async #aptGet(
    lock: string,
    args: readonly string[],
    onLine?: (line: string) => void,
  ): Promise<void> {
    await this.#locked(lock, ['apt-get', '-q'], args, onLine);
  }

  /**
   * Runs apt-get under a lock that it keeps itself: the apt-get of a setup that was killed may
   * still be writing, and must have ended before the next begins.
   */
  async #locked(
    lock: string,
    aptGet: readonly string[],
    args: readonly string[],
    onLine?: (line: string) => void,
  ): Promise<void> {
    const held = ['--no-fork', '--exclusive', join(this.#dir, lock)];
    await run('flock', [...held, ...aptGet, ...args], {
      env: { APT_CONFIG: join(this.#dir, 'apt.conf'), LC_ALL: 'C' },
      ...(onLine === undefined ? {} : { onLine }),
    });
  }
}
