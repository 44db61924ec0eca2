// The real tools of Hercules as the judge of image files.

import { spawnSync } from 'node:child_process';
import { inFolder } from './support.ts';
import type { InFolder } from './support.ts';

const HOW_TO = 'the tools of Hercules are missing: apt-get install hercules';
const missing = spawnSync('dasdls', [], { stdio: 'ignore' }).error !== undefined;
const required = process.env['VFIO_TS_REQUIRE_CLIENTS'] === '1';

/** Runs a tool in the folder of the test and gives what it printed, as Latin-1. */
export type HerculesTool = (name: string, ...args: readonly string[]) => string;

/** What a test with Hercules has. */
export interface WithHercules extends InFolder {
  readonly hercules: HerculesTool;
}

interface Context extends InFolder {
  readonly skip: (condition: boolean, reason: string) => void;
}

/** Finds the tools: the test is skipped without them, and fails where clients are required. */
export const withHercules = {
  ...inFolder,
  hercules: async (
    { skip, folder }: Context,
    use: (tool: HerculesTool) => Promise<void>,
  ): Promise<void> => {
    if (missing && required) throw new Error(HOW_TO);
    skip(missing, HOW_TO);
    // What a tool did is seen in what it has printed and made: dasdcat ends with 1 also when all went well.
    await use((name, ...args) => {
      const { stdout, signal } = spawnSync(name, args, { cwd: folder, encoding: 'latin1' });
      if (signal !== null) throw new Error(`${name} died of ${signal}`);
      return stdout;
    });
  },
};
