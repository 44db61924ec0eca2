// The command line of `vfio-ts stats`.

import type { Command } from '@commander-js/extra-typings';
import type { Choose, CommandHost } from '../host.ts';
import { stats } from './stats.ts';

/** Adds the command. */
export function addStats(program: Command, host: CommandHost, choose: Choose): void {
  program
    .command('stats')
    .summary('say what has passed through a device that is being served')
    .description('Says what has passed through a device: messages, errors, latencies.')
    .argument('<socket>', "the device's; the statistics are beside it, in SOCKET.stats")
    .option('--json', 'as it is told, in one line of JSON', false)
    .action((socket, { json }) => choose(() => stats({ socket, json }, host.output)));
}
