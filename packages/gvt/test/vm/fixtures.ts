// A stand for each test.

import { readFileSync } from 'node:fs';
import { labForTest, parsePsf } from '@vfio-ts/lab';
import { vi } from 'vitest';
import { DEADLINE, Stand } from './stand.ts';

vi.setConfig({ testTimeout: 4 * DEADLINE, hookTimeout: DEADLINE });

/** What a test context has that the fixture needs. */
interface Skippable {
  readonly skip: (reason: string) => never;
}

/** A {@link Stand} for each test, after which nothing may be left. Skipped, with the reason, where there is no lab. */
export const fixtures = {
  stand: async ({ skip }: Skippable, use: (stand: Stand) => Promise<void>): Promise<void> => {
    const { font } = labForTest({ skip });
    const stand = new Stand(parsePsf(readFileSync(font)));
    await use(stand);
    const left = await stand.end();
    if (left.length > 0) throw new Error(`left behind:\n  ${left.join('\n  ')}`);
  },
};
