// vfio-ts daemon: runs devices, and commands for the one that runs.

import { Option, type Command } from '@commander-js/extra-typings';
import { askDaemon } from '../daemon/control-client.ts';
import { runDaemon } from '../daemon/daemon.ts';
import { installUnits } from '../daemon/install.ts';
import { reloadLines, statusLines } from '../daemon/status-text.ts';
import { Waiting, type Choose, type CommandHost } from '../host.ts';
import { LOG_LEVELS } from '../output.ts';
import { placesOf, processEnvironment } from '../places.ts';
import { EXIT } from '../usage.ts';

const EXAMPLES = `
Examples:
  vfio-ts daemon                     in the foreground, until SIGINT or SIGTERM
  vfio-ts daemon install             as a service of systemd, of this user or, for root, of the machine
  vfio-ts daemon reload              after define, undefine and modify; SIGHUP does the same

Each device has a process of its own. One that ends by itself is started again, after 0.1 s at first and 30 s at
most. Sockets are UUID.sock in $XDG_RUNTIME_DIR/vfio-ts, or in /run/vfio-ts for root.`;

const STATUS_EXAMPLES = `
Examples:
  vfio-ts daemon status
  vfio-ts daemon status --json

Each device with its state, for how long it has been running, how often it was started again, and its socket.`;

const RELOAD_EXAMPLES = `
Examples:
  vfio-ts daemon reload
  vfio-ts define --parent mdpy --type mdpy-xga --auto && vfio-ts daemon reload

What is not defined any more runs on until vfio-ts stop.`;

const INSTALL_EXAMPLES = `
Examples:
  vfio-ts daemon install
  vfio-ts daemon install --to /tmp/units         to look at them first`;

/** Adds the commands. */
export function addDaemon(program: Command, host: CommandHost, choose: Choose): void {
  const { output, version, onReload } = host;
  const daemon = program
    .command('daemon')
    .summary('run devices: all that are to start by themselves, and others as they are asked for')
    .description(
      'Runs all devices that are to start by themselves, and others as they are asked for.',
    )
    .addOption(new Option('--log-level <level>', 'info when left out').choices(LOG_LEVELS))
    .option('--log-json', 'each line of the log as JSON, those of devices with {"device"}')
    .addHelpText('after', EXAMPLES)
    .action(({ logLevel = 'info', logJson = false }) =>
      choose(() => {
        const environment = processEnvironment();
        const places = placesOf(environment);
        const options = { places, environment, output, logLevel, logJson, version, onReload };
        return runDaemon(options, host.untilStopped());
      }),
    );
  daemon
    .command('status')
    .description('Says what the daemon runs.')
    .option('--json', 'one line of JSON')
    .addHelpText('after', STATUS_EXAMPLES)
    .action(({ json }) =>
      choose(async () => {
        const status = await askDaemon(placesOf().control, { verb: 'status' });
        if (json === true) output.print(JSON.stringify(status));
        else for (const line of statusLines(status, output.style)) output.print(line);
        return EXIT.OK;
      }),
    );
  daemon
    .command('reload')
    .description(
      'Has the daemon read the definitions again: it starts what is to start, starts again what has changed, and leaves alone all else.',
    )
    .option('--json', 'one line of JSON')
    .addHelpText('after', RELOAD_EXAMPLES)
    .action(({ json }) =>
      choose(async () => {
        using waiting = new Waiting(host);
        waiting.for('waiting for devices to be ready');
        const result = await askDaemon(placesOf().control, { verb: 'reload' });
        if (json === true) output.print(JSON.stringify(result));
        else for (const line of reloadLines(result)) output.print(line);
        return EXIT.OK;
      }),
    );
  daemon
    .command('install')
    .description('Writes the units of a service of systemd, and says how to start it.')
    .option(
      '--to <folder>',
      "of units; systemd's of this user or, for root, of the machine when left out",
    )
    .addHelpText('after', INSTALL_EXAMPLES)
    .action(({ to }) =>
      choose(async () => {
        for (const line of installUnits(processEnvironment(), to)) output.print(line);
        return EXIT.OK;
      }),
    );
}
