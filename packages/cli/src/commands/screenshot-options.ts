// The command line of `vfio-ts screenshot`.

import type { Command } from '@commander-js/extra-typings';
import type { Choose, CommandHost } from '../host.ts';
import { socketOf } from '../places.ts';

const EXAMPLES = `
Examples:
  vfio-ts screenshot 83b8f4f2-509f-382f-3c1e-e6bfe0fa1001 screen.png
  vfio-ts screenshot /run/mdpy.sock screen.png`;
const TIMEOUT_MS = 10_000;

/** Adds the command. */
export function addScreenshot(program: Command, host: CommandHost, choose: Choose): void {
  program
    .command('screenshot')
    .summary('write what a device shows to a PNG')
    .description('Writes what a device shows now to a PNG.')
    .argument('<device>', 'the UUID of a device that runs, or its socket')
    .argument('<file>', 'where the PNG goes; an old one is replaced at once')
    .addHelpText('after', EXAMPLES)
    .action((named, file) => {
      const args = { named, socket: socketOf(named), file, timeout: TIMEOUT_MS };
      choose(async () => {
        const { screenshot } = await import('./screenshot.ts');
        return await screenshot(args, host.output);
      });
    });
}
