// The command line of `vfio-ts demo`.

import { InvalidArgumentError, type Command } from '@commander-js/extra-typings';
import type { Choose, CommandHost } from '../host.ts';
import { portArgument } from './arguments.ts';

const EXAMPLES = `
Examples:
  vfio-ts demo
  vfio-ts demo --vm                  with a Linux console; needs the guest lab, of a clone of the repository

It prints the address of the page, and ends with Ctrl-C.`;

/** Adds the command. */
export function addDemo(program: Command, host: CommandHost, choose: Choose): void {
  program
    .command('demo')
    .summary('show two displays: an embedded guest draws on one, the other waits for a machine')
    .description(
      'Two displays on a page: an embedded guest draws on one, the other waits for a virtual machine.',
    )
    .option('--frames <n>', 'ends after so many frames', count)
    .option('--port <port>', 'TCP port of the page; any that is free when left out', portArgument)
    .option('--vm', 'boots a virtual machine whose console is on the second display', false)
    .addHelpText('after', EXAMPLES)
    .action((options) =>
      choose(async () => {
        const { demo } = await import('./demo.ts');
        return await demo(options, host.output, host.untilStopped());
      }),
    );
}

function count(text: string): number {
  if (!/^[1-9]\d*$/u.test(text)) throw new InvalidArgumentError('it is no number above 0.');
  return Number(text);
}
