// The command line of `vfio-ts serve`.

import { randomUUID } from 'node:crypto';
import { basename } from 'node:path';
import { Option, type Command } from '@commander-js/extra-typings';
import type { DeviceWish, CommandDriver } from '../drivers/driver.ts';
import { findDriver, findDriverOfType } from '../drivers/find.ts';
import { DRIVERS } from '../drivers/index.ts';
import { parseDeviceSpec } from '../drivers/spec.ts';
import { parseSetting, type Setting } from '../mdev/definition.ts';
import { readDefinition } from '../mdev/definition-file.ts';
import { isUuid } from '../mdev/uuid.ts';
import { LOG_LEVELS } from '../output.ts';
import type { Choose, CommandHost } from '../host.ts';
import { UsageError } from '../usage.ts';

const EXAMPLES = `
Examples:
  vfio-ts serve mdpy-sample:mdpy-xga --socket /run/mdpy.sock
  vfio-ts serve ap --set assign_adapter=5 --set assign_domain=4 --json
  vfio-ts serve ./uart.ts
  vfio-ts serve --mdev /etc/mdevctl.d/matrix/83b8f4f2-509f-382f-3c1e-e6bfe0fa1001`;

const OTHER_DRIVERS = [
  'DRIVER is also a path, of a module or a package, or the name of an npm package that brings a driver. Packages are',
  'looked for in the node_modules of this folder and of those above it, then in that beside the definitions',
  '(npm install --prefix ~/.config/vfio-ts PACKAGE, for root /etc/vfio-ts), then beside the command itself;',
  'vfio-ts types lists those that are found.',
] as const;

/** Adds the command. */
export function addServe(program: Command, host: CommandHost, choose: Choose): void {
  program
    .command('serve')
    .summary('make a device and serve it over vfio-user until SIGINT or SIGTERM')
    .description('Makes a device and serves it over vfio-user until SIGINT or SIGTERM.')
    .argument('[driver]', 'DRIVER or DRIVER:TYPE, see below')
    .option('--socket <path>', 'where the socket is to be; in a new private folder when left out')
    .option('--uuid <uuid>', 'of the device; a random one when left out')
    .addOption(
      new Option(
        '--set <name=value>',
        'a setting of the driver, or a file of the device that is written; in their order, repeatable',
      ).argParser((text, before?: readonly Setting[]) => [...(before ?? []), setting(text)]),
    )
    .addOption(
      new Option(
        '--mdev <file>',
        "a definition as mdevctl writes it, in place of DRIVER; several of one driver's by repeating it",
      ).argParser((file, before?: readonly string[]) => [...(before ?? []), file]),
    )
    .option('--json', 'one line {"socket","driver","type","uuid"} for each device when ready')
    .addOption(
      new Option('--log-level <level>', 'info when left out, warn with --json').choices(LOG_LEVELS),
    )
    .option(
      '--log-json',
      'each line of the log as JSON {"time","level","component","message","error"}',
    )
    .addHelpText('after', () => `\n${driversHelp()}\n${EXAMPLES}`)
    .action((device, options) => {
      const { socket, uuid, set, mdev, ...others } = options;
      choose(async () => {
        const given = { uuid, settings: set ?? [] };
        const wanted = await (mdev === undefined
          ? oneDevice(device, given)
          : definedDevices(device, mdev, given));
        if (socket !== undefined && wanted.wishes.length > 1) {
          throw new UsageError('--socket is for one device; several get theirs in a new folder');
        }
        const { serve } = await import('./serve.ts');
        return await serve({ ...wanted, socket, ...others }, host.output, host.untilStopped());
      });
    });
}

interface Given {
  readonly uuid: string | undefined;
  readonly settings: readonly Setting[];
}

interface Wanted {
  readonly driver: CommandDriver;
  readonly wishes: readonly DeviceWish[];
}

async function oneDevice(device: string | undefined, { uuid, settings }: Given): Promise<Wanted> {
  if (device === undefined) {
    throw new UsageError('serve takes a device, as in serve mdpy-sample:mdpy-xga');
  }
  const spec = parseDeviceSpec(device);
  const wishes = [{ type: spec.type, uuid: checkUuid(uuid) ?? randomUUID(), settings }];
  return { driver: await findDriver(spec.driver), wishes };
}

async function definedDevices(
  device: string | undefined,
  files: readonly string[],
  { uuid, settings }: Given,
): Promise<Wanted> {
  if (device !== undefined)
    throw new UsageError(`--mdev says what ${device} says: give one of both`);
  if (uuid !== undefined && files.length > 1) throw new UsageError('--uuid is for one device');
  const wishes = files.map((file) => wishOf(file, { uuid, settings }));
  const drivers = await Promise.all(wishes.map(({ type = '' }) => findDriverOfType(type)));
  const [driver, ...others] = new Set(drivers);
  if (driver === undefined || others.length > 0) {
    throw new UsageError('definitions of several drivers: serve them apart');
  }
  return { driver, wishes };
}

/** What a definition wants; settings of the command line come after those of the file. */
function wishOf(file: string, { uuid, settings }: Given): DeviceWish {
  const { mdevType, attrs } = readDefinition(file);
  const named = basename(file, '.json');
  return {
    type: mdevType,
    uuid: checkUuid(uuid) ?? (isUuid(named) ? named.toLowerCase() : randomUUID()),
    settings: [...attrs, ...settings],
  };
}

function checkUuid(text: string | undefined): string | undefined {
  if (text === undefined || isUuid(text)) return text?.toLowerCase();
  throw new UsageError(`${text} is no UUID: uuidgen makes one, and so does leaving it out`);
}

function setting(text: string): Setting {
  const parsed = parseSetting(text);
  if (parsed === undefined) throw new UsageError(`--set takes NAME=VALUE, not ${text}`);
  return parsed;
}

function driversHelp(): string {
  const width = Math.max(...DRIVERS.map(({ name }) => name.length)) + 2;
  const lines = DRIVERS.flatMap(({ name, help }) =>
    help.map((line, i) => `  ${(i === 0 ? name : '').padEnd(width)}${line}`),
  );
  return ['Drivers, types and settings:', ...lines, '', ...OTHER_DRIVERS].join('\n');
}
