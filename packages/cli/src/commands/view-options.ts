// The command line of `vfio-ts view`.

import type { Command } from '@commander-js/extra-typings';
import type { Choose, CommandHost } from '../host.ts';
import { UsageError } from '../usage.ts';
import { portArgument } from './arguments.ts';

const EXAMPLES = `
The address that is printed ends with a token: whoever knows it may look. A device that is not served yet, or ends, is
shown as soon as it is there again.

Examples:
  vfio-ts view
  vfio-ts view 83b8f4f2-509f-382f-3c1e-e6bfe0fa1001
  vfio-ts view /run/a.sock /run/b.sock --port 8080
  vfio-ts view /run/a.sock --vnc 5900 --vnc-password-file ~/.vfio-ts-vnc`;

/** Adds the command. */
export function addView(program: Command, host: CommandHost, choose: Choose): void {
  program
    .command('view')
    .summary('show what devices show, on a page in the browser')
    .description(
      'Serves a page with the picture of a device, or of several, until SIGINT or SIGTERM.',
    )
    .argument('[device...]', 'UUIDs or sockets; all devices of the daemon when left out')
    .option('--port <port>', 'TCP port of the page; any that is free when left out', portArgument)
    .option('--host <address>', 'address of the page, for this machine alone', '127.0.0.1')
    .option('--vnc <port>', 'TCP port for VNC clients, too, of one device; 0 for any', portArgument)
    .option('--vnc-password-file <file>', 'what they have to know: 8 bytes of its first line')
    .option('--json', 'one line {"url"} when ready, {"url","vnc"} with --vnc', false)
    .addHelpText('after', EXAMPLES)
    .action((devices, options) => {
      if ((options.vnc === undefined) !== (options.vncPasswordFile === undefined)) {
        throw new UsageError('--vnc and --vnc-password-file go together');
      }
      if (options.vnc !== undefined && devices.length !== 1) {
        throw new UsageError('--vnc is for one device');
      }
      choose(async () => {
        const { view } = await import('./view.ts');
        return await view({ devices, ...options }, host.output, host.untilStopped());
      });
    });
}
