// The command line of `vfio-ts stats`.

import { Option, type Command } from '@commander-js/extra-typings';
import type { Choose, CommandHost } from '../host.ts';
import { socketOf } from '../places.ts';
import { secondsArgument } from './arguments.ts';
import { stats } from './stats.ts';

const EXAMPLES = `
Examples:
  vfio-ts stats /run/mdpy.sock
  vfio-ts stats --watch 83b8f4f2-509f-382f-3c1e-e6bfe0fa1001
  vfio-ts stats --prometheus /run/mdpy.sock > /var/lib/prometheus/node-exporter/mdpy.prom`;

/** Adds the command. */
export function addStats(program: Command, host: CommandHost, choose: Choose): void {
  program
    .command('stats')
    .summary('say what has passed through a device that is being served')
    .description('Says what has passed through a device: messages, errors, latencies.')
    .argument('<device>', 'the UUID of a device that runs, or its socket')
    .addOption(
      new Option('--json', 'as it is told, in one line of JSON')
        .default(false)
        .conflicts(['histogram', 'prometheus']),
    )
    .addOption(
      new Option('--prometheus', 'in the text format of Prometheus')
        .default(false)
        .conflicts(['histogram', 'watch']),
    )
    .option('--histogram', 'also how long commands took, as bars', false)
    .addOption(
      new Option(
        '--watch [seconds]',
        'what has passed since the last time and its histograms, again and again, each second when left out',
      )
        .preset('1')
        .argParser(secondsArgument(0.1)),
    )
    .addHelpText('after', EXAMPLES)
    .action((named, { json, prometheus, histogram, watch }) => {
      const form = json ? 'json' : prometheus ? 'prometheus' : 'table';
      const interval = typeof watch === 'number' ? watch : undefined;
      const args = { named, socket: socketOf(named), form, histogram, watch: interval } as const;
      choose(() => stats(args, host));
    });
}
