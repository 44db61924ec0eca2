// What the tests of image files share.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test as base } from 'vitest';

/** A test with a folder of its own. */
export const test = base.extend<{ folder: string }>({
  // oxlint-disable-next-line no-empty-pattern
  folder: async ({}, use) => {
    const folder = mkdtempSync(join(tmpdir(), 'vfio-ts-ccw-'));
    await use(folder);
    rmSync(folder, { recursive: true, force: true });
  },
});
