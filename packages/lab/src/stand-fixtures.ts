// What tests with guests have around them, as vitest wants it.

import { readFileSync } from 'node:fs';
import { labForTest } from './for-test.ts';
import { parsePsf, type ConsoleFont } from './psf.ts';

/** Devices and guests of one test. */
export interface GuestStand {
  /** Ends everything; gives what is left that should not be. */
  end(): Promise<readonly string[]>;
}

/** What a test's context has that the fixture needs: a test may be skipped before it has begun. */
interface Skippable {
  readonly skip: (reason: string) => never;
}

/** For `test.extend`. */
export interface StandFixtures<S extends GuestStand> {
  readonly stand: (context: Skippable, use: (stand: S) => Promise<void>) => Promise<void>;
}

/**
 * A stand for each test, after which nothing may be left. Skipped, with the reason, where there is no lab.
 *
 * @param create - is given the font of the guests' consoles
 */
export function standFixtures<S extends GuestStand>(
  create: (font: ConsoleFont) => S,
): StandFixtures<S> {
  return {
    stand: async ({ skip }, use) => {
      const { font } = labForTest({ skip });
      const stand = create(parsePsf(readFileSync(font)));
      await use(stand);
      const left = await stand.end();
      if (left.length > 0) throw new Error(`left behind:\n  ${left.join('\n  ')}`);
    },
  };
}
