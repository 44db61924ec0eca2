// vfio-ts start and stop: devices of the daemon, with mdevctl's options.

import { Option, type Command } from '@commander-js/extra-typings';
import { askDaemon } from '../daemon/control-client.ts';
import type { StartRequest } from '../daemon/protocol.ts';
import { Waiting, type Choose, type CommandHost } from '../host.ts';
import { readDefinition } from '../mdev/definition-file.ts';
import { placesOf } from '../places.ts';
import { EXIT, UsageError } from '../usage.ts';
import { uuidArgument } from './arguments.ts';

const EXAMPLES = `
Examples:
  vfio-ts start 83b8f4f2-509f-382f-3c1e-e6bfe0fa1001                 one that is defined
  vfio-ts start --parent mdpy --type mdpy-xga                        one that is not; its UUID is printed
  vfio-ts start --parent mdpy --jsonfile display.json --json

The daemon runs it: vfio-ts daemon. Without one: vfio-ts serve.`;

const STOP_EXAMPLES = `
Examples:
  vfio-ts stop 83b8f4f2-509f-382f-3c1e-e6bfe0fa1001

It stays defined, and starts with the daemon again where it is to: vfio-ts modify --manual, or vfio-ts undefine.`;

interface StartArguments {
  readonly uuid: string | undefined;
  readonly parent?: string | undefined;
  readonly type?: string | undefined;
  readonly jsonfile?: string | undefined;
  readonly json?: boolean | undefined;
}

/** Adds the commands. */
export function addStart(program: Command, host: CommandHost, choose: Choose): void {
  program
    .command('start')
    .summary('start a device that is defined, or one that is said here')
    .description('Starts a device that is defined, or one that is said here.')
    .argument('[uuid]', 'of the device, as with --uuid', uuidArgument)
    .option('-u, --uuid <uuid>', 'of the device; a new one is printed when left out', uuidArgument)
    .option(
      '-p, --parent <parent>',
      'needed where the device is defined for several, or not at all',
    )
    .option('-t, --type <type>', 'of a device that is not defined')
    .addOption(
      new Option('--jsonfile <file>', 'type and attributes of one that is not defined').conflicts(
        'type',
      ),
    )
    .option('--json', 'one line {"socket","driver","type","uuid"} when it is ready')
    .addHelpText('after', EXAMPLES)
    .action((named, { uuid, ...options }) =>
      choose(() => start({ ...options, uuid: oneUuid(named, uuid) }, host)),
    );
  program
    .command('stop')
    .summary('stop a device')
    .description('Stops a device: its clients are told, its socket is removed.')
    .argument('[uuid]', 'of the device, as with --uuid', uuidArgument)
    .option('-u, --uuid <uuid>', 'of the device', uuidArgument)
    .addHelpText('after', STOP_EXAMPLES)
    .action((named, options) =>
      choose(async () => {
        const uuid = oneUuid(named, options.uuid);
        if (uuid === undefined)
          throw new UsageError('stop needs the UUID of a device: vfio-ts list');
        using waiting = new Waiting(host);
        waiting.for('waiting for the device to end');
        await askDaemon(placesOf().control, { verb: 'stop', uuid });
        return EXIT.OK;
      }),
    );
}

async function start(
  { uuid, parent, type, jsonfile, json }: StartArguments,
  host: CommandHost,
): Promise<number> {
  if (uuid === undefined && parent === undefined) {
    throw new UsageError(
      'start needs the UUID of a device that is defined, or --parent and --type',
    );
  }
  if (uuid === undefined && type === undefined && jsonfile === undefined) {
    throw new UsageError('start needs --type or --jsonfile where no UUID is given');
  }
  const request: StartRequest = {
    verb: 'start',
    ...(uuid !== undefined && { uuid }),
    ...(parent !== undefined && { parent }),
    ...(type !== undefined && { type }),
    ...(jsonfile !== undefined && { definition: readDefinition(jsonfile) }),
  };
  using waiting = new Waiting(host);
  waiting.for('waiting for the device to be ready');
  const { output } = host;
  const started = await askDaemon(placesOf().control, request);
  const { socket, driver } = started;
  if (json === true) {
    output.print(JSON.stringify({ socket, driver, type: started.type, uuid: started.uuid }));
    return EXIT.OK;
  }
  if (uuid === undefined) output.print(started.uuid);
  output.note(`${started.type} ${started.uuid} is on ${socket}`);
  return EXIT.OK;
}

function oneUuid(named: string | undefined, option: string | undefined): string | undefined {
  if (named === undefined || option === undefined || named === option) return named ?? option;
  throw new UsageError(`${named} and --uuid ${option} are two devices: give one`);
}
