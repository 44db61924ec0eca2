// The command line of `vfio-ts inspect`.

import { Option, type Command } from '@commander-js/extra-typings';
import type { Choose, CommandHost } from '../host.ts';
import { socketOf } from '../places.ts';
import { secondsArgument } from './arguments.ts';
import { inspect } from './inspect.ts';

const EXAMPLES = `
It attaches as a client for a moment, writes nothing and resets nothing. A device that has a client is left alone.

Examples:
  vfio-ts inspect /run/mdpy.sock
  vfio-ts inspect 83b8f4f2-509f-382f-3c1e-e6bfe0fa1001 --json
  vfio-ts inspect --hex /run/mdpy.sock | lspci -vvv -F /dev/stdin`;

/** Adds the command. */
export function addInspect(program: Command, host: CommandHost, choose: Choose): void {
  program
    .command('inspect')
    .summary('say what a device is: regions, configuration space, interrupts')
    .description(
      'Says what any vfio-user device is: regions, PCI configuration space, interrupts, migration.',
    )
    .argument('<device>', 'the UUID of a device that runs, or its socket, of whatever server')
    .addOption(new Option('--json', 'one line of JSON').default(false).conflicts('hex'))
    .addOption(
      new Option('--hex', 'configuration space in the form that lspci -F reads').default(false),
    )
    .addOption(
      new Option('--timeout <seconds>', 'for each answer; 5 when left out').argParser(
        secondsArgument(0.001),
      ),
    )
    .addHelpText('after', EXAMPLES)
    .action((named, { json, hex, timeout = 5000 }) => {
      const form = json ? 'json' : hex ? 'hex' : 'text';
      const args = { named, socket: socketOf(named), form, timeout } as const;
      choose(() => inspect(args, host));
    });
}
