// What the tests of image files share.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A folder of the test's own. */
export interface InFolder {
  readonly folder: string;
}

/** Makes it, and removes it with all that is in it. */
export const inFolder = {
  // oxlint-disable-next-line no-empty-pattern
  folder: async ({}, use: (folder: string) => Promise<void>): Promise<void> => {
    const folder = mkdtempSync(join(tmpdir(), 'vfio-ts-ccw-'));
    await use(folder);
    rmSync(folder, { recursive: true, force: true });
  },
};
