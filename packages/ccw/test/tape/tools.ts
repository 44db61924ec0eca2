// The real tools of Hercules as the judge of tapes.

import { spawnSync } from 'node:child_process';
import { programForTest } from '@vfio-ts/lab';
import { inFolder, type InFolder } from '../image/support.ts';

/** Runs a tool in the folder of the test and gives what it printed, as Latin-1. */
export type Tool = (name: string, ...args: readonly string[]) => string;

/** What a test with tools has. */
export interface WithTools extends InFolder {
  readonly hercules: Tool;
}

interface Context extends InFolder {
  readonly skip: (reason: string) => never;
}

/** Finds the tools: the test is skipped without them, and fails where clients are required. */
export const withTools = {
  ...inFolder,
  hercules: async (
    { folder, skip }: Context,
    use: (tool: Tool) => Promise<void>,
  ): Promise<void> => {
    await use((name, ...args) => {
      const program = programForTest({ skip }, name, 'hercules');
      const { stdout, signal } = spawnSync(program, args, { cwd: folder, encoding: 'latin1' });
      if (signal !== null) throw new Error(`${name} died of ${signal}`);
      return stdout;
    });
  },
};
