// The command line of `vfio-ts demo`.

import { InvalidArgumentError, type Command } from '@commander-js/extra-typings';
import type { Choose, CommandHost } from '../host.ts';
import { demo } from './demo.ts';

/** Adds the command. */
export function addDemo(program: Command, host: CommandHost, choose: Choose): void {
  program
    .command('demo')
    .summary('show two displays: an embedded guest draws on one, the other waits for a machine')
    .description('Two displays: an embedded guest draws on one, the other waits for a machine.')
    .option('--frames <n>', 'ends after so many frames', count)
    .action(({ frames }) => choose(() => demo({ frames }, host.output, host.untilStopped())));
}

function count(text: string): number {
  if (!/^[1-9]\d*$/u.test(text)) throw new InvalidArgumentError('it is no number above 0.');
  return Number(text);
}
