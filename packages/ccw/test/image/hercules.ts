// The real tools of Hercules as the judge of image files and tapes.

import { spawnSync } from 'node:child_process';
import { programForTest } from '@vfio-ts/lab';
import type { SkippableTest } from '@vfio-ts/lab';
import { inFolder } from './support.ts';
import type { InFolder } from './support.ts';

/** Runs a tool in the folder of the test and gives what it printed, as Latin-1. */
export type HerculesTool = (name: string, ...args: readonly string[]) => string;

/** What a test with Hercules has. */
export interface WithHercules extends InFolder {
  readonly hercules: HerculesTool;
}

type Context = InFolder & Pick<SkippableTest, 'skip'>;

/** Finds the tools: the test is skipped without them, and fails where clients are required. */
export const withHercules = {
  ...inFolder,
  hercules: async (
    { skip, folder }: Context,
    use: (tool: HerculesTool) => Promise<void>,
  ): Promise<void> => {
    // What a tool did is seen in what it has printed and made: dasdcat ends with 1 also when all went well.
    await use((name, ...args) => {
      const program = programForTest({ skip }, name, 'hercules');
      const { stdout, signal } = spawnSync(program, args, { cwd: folder, encoding: 'latin1' });
      if (signal !== null) throw new Error(`${name} died of ${signal}`);
      return stdout;
    });
  },
};
