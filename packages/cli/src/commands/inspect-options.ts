// The command line of `vfio-ts inspect`.

import { InvalidArgumentError, Option, type Command } from '@commander-js/extra-typings';
import type { Choose, CommandHost } from '../host.ts';
import { socketOf } from '../places.ts';
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
    .addOption(new Option('--timeout <seconds>', 'for each answer').default(5).argParser(secondsOf))
    .addHelpText('after', EXAMPLES)
    .action((named, { json, hex, timeout }) => {
      const form = json ? 'json' : hex ? 'hex' : 'text';
      const args = { named, socket: socketOf(named), form, timeout: timeout * 1000 } as const;
      choose(() => inspect(args, host));
    });
}

function secondsOf(text: string): number {
  const seconds = Number(text);
  if (/^\d+(?:\.\d+)?$/u.test(text) && seconds > 0 && seconds <= 3600) return seconds;
  throw new InvalidArgumentError('it takes seconds, from above 0 to 3600.');
}
