import { lstatSync, readdirSync, readFileSync, realpathSync, rmSync } from 'node:fs';
import { basename, join } from 'node:path';
import type { Apt, OnPercent } from './apt.ts';
import { TESTING_RELEASE } from './apt.ts';
import type { CpioEntry } from './cpio.ts';
import { fileEntry, folderEntries, writeLayer } from './layer.ts';
import { runShell } from './process.ts';
import { IGT_PACKAGES, IGT_TESTS } from './steps.ts';
import { findPackage, LIBRARIES, LOADER, unpackAll } from './unpack.ts';

/** The layer with the GPU tests, as its step names it. */
export const IGT_LAYER = 'igt.cpio.gz';
/** Where the tests are in the guest. */
export const IGT_FOLDER = 'usr/libexec/igt-gpu-tools';

/** Loaded at run time, so no program names it. */
const CANCEL = 'libgcc_s.so.1';

/** Makes the layer with the GPU tests in `work`: the programs and just the libraries they use. Gives their version. */
export async function makeIgt(
  work: string,
  apt: Apt,
  onPercent: OnPercent,
): Promise<Record<string, string>> {
  const tree = join(work, 'tree');
  const version = await apt.withPackages(
    'igt',
    IGT_PACKAGES,
    TESTING_RELEASE,
    onPercent,
    async (debs) => {
      await unpackAll(debs, tree);
      const tests = basename(findPackage(debs, /^igt-gpu-tools-tests_/));
      return tests.split('_')[1] ?? '';
    },
  );
  const tests = readdirSync(join(tree, IGT_FOLDER)).filter(
    (name) => IGT_TESTS.test(name) && lstatSync(join(tree, IGT_FOLDER, name)).isFile(),
  );
  const libraries = await librariesOf(tree, tests);
  const take = (from: string, to: string = from): CpioEntry =>
    fileEntry(to, 0o755, readFileSync(realpathSync(join(tree, from))));
  const entries: CpioEntry[] = [
    ...folderEntries(`${LIBRARIES}/any`),
    ...folderEntries(`${IGT_FOLDER}/any`),
    ...folderEntries('lib64/any'),
    take(LOADER, 'lib64/ld-linux-x86-64.so.2'),
    ...[...libraries, CANCEL].map((name) => take(`${LIBRARIES}/${name}`)),
    ...tests.toSorted().map((name) => take(`${IGT_FOLDER}/${name}`)),
  ];
  writeLayer(join(work, IGT_LAYER), entries);
  rmSync(tree, { recursive: true, force: true });
  return { version, tests: String(tests.length) };
}

/** What the loader of the tree says that programs of it need. @throws LabError when something is not in the tree */
async function librariesOf(tree: string, tests: readonly string[]): Promise<string[]> {
  const script = `
    tree="$1"
    shift
    for test in "$@"; do
      "$tree/${LOADER}" --library-path "$tree/${LIBRARIES}" --list "$tree/${IGT_FOLDER}/$test"
    done`;
  const printed = await runShell(script, [tree, ...tests]);
  const found = printed.matchAll(/^\t(\S+) => \S/gm);
  return [...new Set(Array.from(found, ([, name = '']) => name))].filter(
    (name) => !name.includes('ld-linux'),
  );
}
