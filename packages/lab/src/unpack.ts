import { mkdirSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { run } from './process.ts';

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
