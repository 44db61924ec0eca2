// vfio-ts list: devices that are active or defined, with mdevctl's options and in its forms.

import type { Command } from '@commander-js/extra-typings';
import { activeDevices } from '../daemon/control-client.ts';
import type { DeviceStatus } from '../daemon/protocol.ts';
import { describeDamage } from '../daemon/service.ts';
import { stateRemark } from '../daemon/status-text.ts';
import type { Choose, CommandHost } from '../host.ts';
import { definitionFromObject, definitionObject } from '../mdev/definition.ts';
import { plain, type Output, type Styler } from '../output.ts';
import { placesOf } from '../places.ts';
import type { StoredDefinition } from '../store/definition-store.ts';
import { dumpList, listLines, type ListedDevice } from '../store/listing.ts';
import { EXIT } from '../usage.ts';
import { uuidArgument } from './arguments.ts';
import { openStore } from './store-options.ts';

const EXAMPLES = `
Examples:
  vfio-ts list
  vfio-ts list --defined --verbose
  vfio-ts list --defined --uuid 83b8f4f2-509f-382f-3c1e-e6bfe0fa1001 --dumpjson`;

interface ListArguments {
  readonly defined?: boolean | undefined;
  readonly dumpjson?: boolean | undefined;
  readonly json?: boolean | undefined;
  readonly parent?: string | undefined;
  readonly uuid?: string | undefined;
  readonly verbose?: boolean | undefined;
}

/** Adds the command. */
export function addList(program: Command, host: CommandHost, choose: Choose): void {
  program
    .command('list')
    .summary('list devices that are active, or those that are defined')
    .description('Lists devices that are active, or those that are defined.')
    .option('-d, --defined', 'those that are defined, active or not')
    .option('--dumpjson', "as mdevctl's list --dumpjson; of one UUID its definition alone")
    .option('--json', 'one line of JSON, a list of devices with their states and sockets')
    .option('-p, --parent <parent>', 'only those of this parent')
    .option('-u, --uuid <uuid>', 'only this one', uuidArgument)
    .option('-v, --verbose', 'with their attributes')
    .addHelpText('after', EXAMPLES)
    .action((options) => choose(() => list(options, host.output)));
}

/** A device, and what is known of it. */
interface KnownDevice {
  readonly stored: StoredDefinition;
  readonly isDefined: boolean;
  readonly status: DeviceStatus | undefined;
}

async function list(options: ListArguments, output: Output): Promise<number> {
  const { defined, dumpjson, json, parent, uuid, verbose } = options;
  const statuses = await activeDevices(placesOf().control);
  const { definitions, damaged } = await openStore().load();
  for (const damage of damaged) output.note(`vfio-ts: ${describeDamage(damage)}`);
  const known = (defined === true ? definitions : statuses.map((status) => ofStatus(status))).map(
    (stored) => knownDevice(stored, definitions, statuses),
  );
  const listed = known.filter(
    ({ stored }) =>
      (parent === undefined || stored.parent === parent) &&
      (uuid === undefined || stored.uuid === uuid),
  );
  if (json === true) {
    output.print(JSON.stringify(listed.map((device) => flat(device))));
  } else if (dumpjson === true) {
    const isThere = ({ status }: KnownDevice): boolean =>
      defined === true || status?.state === 'running';
    const dumped = listed.filter((one) => isThere(one)).map((one) => listedDevice(one, options));
    output.print(JSON.stringify(dumpList(dumped, uuid !== undefined), undefined, 2));
  } else {
    const { style = plain } = output;
    const devices = listed.map((one) => listedDevice(one, options, style));
    for (const line of listLines(devices, verbose === true)) output.print(line);
  }
  return EXIT.OK;
}

function ofStatus({ uuid, parent, definition }: DeviceStatus): StoredDefinition {
  return { uuid, parent, definition: definitionFromObject(definition) };
}

function knownDevice(
  stored: StoredDefinition,
  definitions: readonly StoredDefinition[],
  statuses: readonly DeviceStatus[],
): KnownDevice {
  const isSame = (one: { readonly uuid: string; readonly parent: string }): boolean =>
    one.uuid === stored.uuid && one.parent === stored.parent;
  const inStore = definitions.find((one) => isSame(one));
  const { uuid, parent, definition } = stored;
  // As with mdevctl, when a device starts is what its definition says now.
  const start = inStore?.definition.start ?? 'manual';
  return {
    stored: { uuid, parent, definition: { ...definition, start } },
    isDefined: inStore !== undefined,
    status: statuses.find((one) => isSame(one)),
  };
}

function listedDevice(
  { stored, isDefined, status }: KnownDevice,
  { defined }: ListArguments,
  style: Styler = plain,
): ListedDevice {
  const remarks: string[] = [];
  if (status?.state === 'running' && defined === true) remarks.push(style('green', 'active'));
  if (isDefined && defined !== true) remarks.push('defined');
  if (status !== undefined && status.state !== 'running') {
    const colour = status.state === 'failed' ? 'red' : 'yellow';
    remarks.push(style(colour, stateRemark(status)));
  }
  return { ...stored, remarks };
}

function flat({ stored, isDefined, status }: KnownDevice): object {
  return {
    uuid: stored.uuid,
    parent: stored.parent,
    ...definitionObject(stored.definition),
    defined: isDefined,
    active: status?.state === 'running',
    ...(status !== undefined && {
      state: status.state,
      socket: status.socket,
      driver: status.driver,
      pid: status.pid,
      reason: status.reason,
    }),
  };
}
