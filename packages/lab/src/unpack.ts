import { mkdirSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { basename } from 'node:path';
import { LabError } from './errors.ts';
import { run } from './process.ts';

/** The loader of programs in an unpacked tree, by which they run with {@link LIBRARIES} of the tree. */
export const LOADER = 'usr/lib64/ld-linux-x86-64.so.2';
export const LIBRARIES = 'usr/lib/x86_64-linux-gnu';

/** Unpacks packages over each other into a folder, without installing them. */
export async function unpackAll(debs: readonly string[], dir: string): Promise<void> {
  mkdirSync(dir, { recursive: true });
  const queue = debs.values();
  const worker = async (): Promise<void> => {
    const { value: deb } = queue.next();
    if (deb === undefined) return;
    await run('dpkg-deb', ['--extract', deb, dir]);
    await worker();
  };
  await Promise.all(Array.from({ length: Math.min(4, availableParallelism()) }, worker));
}

/** The package whose file name is like a pattern. @throws LabError if there is none */
export function findPackage(debs: readonly string[], pattern: RegExp): string {
  const deb = debs.find((path) => pattern.test(basename(path)));
  if (deb === undefined) throw new LabError(`the mirror gave no package like ${pattern.source}`);
  return deb;
}
