// vfio-ts define, undefine and modify: the definitions of devices, with mdevctl's options.

import { randomUUID } from 'node:crypto';
import { InvalidArgumentError, Option, type Command } from '@commander-js/extra-typings';
import { isErrno } from '@vfio-ts/core';
import { activeDevices } from '../daemon/control-client.ts';
import { findDriverOfType } from '../drivers/find.ts';
import type { Choose, CommandHost } from '../host.ts';
import { definitionFromObject, type MdevDefinition } from '../mdev/definition.ts';
import { readDefinition } from '../mdev/definition-file.ts';
import { placesOf } from '../places.ts';
import { changeDefinition, type AttributeChange } from '../store/change.ts';
import { DefinitionStore } from '../store/definition-store.ts';
import { EXIT, isUsageError, UsageError } from '../usage.ts';
import { uuidArgument } from './arguments.ts';

const DEFINE_EXAMPLES = `
Examples:
  vfio-ts define --parent mdpy --type mdpy-xga --auto
  vfio-ts define --uuid 83b8f4f2-509f-382f-3c1e-e6bfe0fa1001 --parent matrix --jsonfile ap.json
  vfio-ts define --uuid 83b8f4f2-509f-382f-3c1e-e6bfe0fa1001     of a device that is active

Nothing is started by it: vfio-ts start does that, and vfio-ts daemon reload for all that are to start by themselves.`;

const UNDEFINE_EXAMPLES = `
Examples:
  vfio-ts undefine --uuid 83b8f4f2-509f-382f-3c1e-e6bfe0fa1001
  vfio-ts undefine --uuid 83b8f4f2-509f-382f-3c1e-e6bfe0fa1001 --parent mdpy

A device that is active runs on: vfio-ts stop ends it.`;

const MODIFY_EXAMPLES = `
Examples:
  vfio-ts modify --uuid 83b8f4f2-509f-382f-3c1e-e6bfe0fa1001 --auto
  vfio-ts modify --uuid 83b8f4f2-509f-382f-3c1e-e6bfe0fa1001 --addattr assign_adapter --value 5
  vfio-ts modify --uuid 83b8f4f2-509f-382f-3c1e-e6bfe0fa1001 --delattr --index 0

A device that is active stays as it is until it is started again, or vfio-ts daemon reload.`;

/** Adds the commands. */
export function addStore(program: Command, { output }: CommandHost, choose: Choose): void {
  program
    .command('define')
    .summary('write the definition of a device, to be started later')
    .description('Writes the definition of a device, to be started later.')
    .option('-u, --uuid <uuid>', 'of the device; a new one is printed when left out', uuidArgument)
    .option('-p, --parent <parent>', 'under which it is; vfio-ts types has those there are')
    .option('-t, --type <type>', 'for example mdpy-xga')
    .option('-a, --auto', 'it is to start with the daemon')
    .addOption(
      new Option('--jsonfile <file>', 'type, start and attributes from a file').conflicts([
        'type',
        'auto',
      ]),
    )
    .addHelpText('after', DEFINE_EXAMPLES)
    .action((options) =>
      choose(async () => {
        const uuid = options.uuid ?? randomUUID();
        const { parent, definition } = await whatToDefine(options);
        await noteUnknownType(definition.mdevType, (line) => output.note(line));
        await openStore().define({ uuid, parent, definition }).catch(advise);
        if (options.uuid === undefined) output.print(uuid);
        return EXIT.OK;
      }),
    );
  program
    .command('undefine')
    .summary('remove the definition of a device')
    .description('Removes the definition of a device, of all parents when none is said.')
    .requiredOption('-u, --uuid <uuid>', 'of the device', uuidArgument)
    .option('-p, --parent <parent>', 'only the definition under this parent')
    .addHelpText('after', UNDEFINE_EXAMPLES)
    .action(({ uuid, parent }) =>
      choose(async () => {
        await openStore().undefine(uuid, parent).catch(advise);
        return EXIT.OK;
      }),
    );
  program
    .command('modify')
    .summary('change the definition of a device')
    .description('Changes the definition of a device.')
    .requiredOption('-u, --uuid <uuid>', 'of the device', uuidArgument)
    .option('-p, --parent <parent>', 'needed where the device is defined for several')
    .option('-t, --type <type>', 'another type')
    .addOption(new Option('-a, --auto', 'it is to start with the daemon').conflicts('manual'))
    .option('-m, --manual', 'it is not to start by itself')
    .addOption(new Option('--addattr <name>', 'adds an attribute').conflicts('delattr'))
    .option('--delattr', 'removes an attribute')
    .option('--value <value>', 'of the attribute to add')
    .option('-i, --index <index>', 'of the attribute; at the end when left out', indexArgument)
    .addHelpText('after', MODIFY_EXAMPLES)
    .action(({ uuid, parent, type, auto, manual, ...attributes }) =>
      choose(async () => {
        const attribute = attributeChange(attributes);
        const change = {
          ...(type !== undefined && { mdevType: type }),
          ...(auto === true && { start: 'auto' as const }),
          ...(manual === true && { start: 'manual' as const }),
          ...(attribute !== undefined && { attribute }),
        };
        if (type !== undefined) await noteUnknownType(type, (line) => output.note(line));
        await openStore()
          .modify(uuid, parent, (definition) => changeDefinition(definition, change))
          .catch(advise);
        return EXIT.OK;
      }),
    );
}

/** The definitions of this user. */
export function openStore(): DefinitionStore {
  return new DefinitionStore(placesOf().definitions);
}

interface DefineOptions {
  readonly uuid?: string | undefined;
  readonly parent?: string | undefined;
  readonly type?: string | undefined;
  readonly auto?: boolean | undefined;
  readonly jsonfile?: string | undefined;
}

async function whatToDefine({
  uuid,
  parent,
  type,
  auto = false,
  jsonfile,
}: DefineOptions): Promise<{ readonly parent: string; readonly definition: MdevDefinition }> {
  if (jsonfile !== undefined) {
    if (parent === undefined) throw new UsageError('--jsonfile says no parent: give --parent, too');
    return { parent, definition: readDefinition(jsonfile) };
  }
  const start = auto ? 'auto' : 'manual';
  if (parent !== undefined && type !== undefined) {
    return { parent, definition: { mdevType: type, start, attrs: [] } };
  }
  if (uuid === undefined) {
    const missing = parent === undefined ? '--parent and --type' : '--type';
    throw new UsageError(`define needs ${missing}; vfio-ts types lists what there is`);
  }
  const active = (await activeDevices(placesOf().control)).find((one) => one.uuid === uuid);
  if (active === undefined) {
    throw new UsageError(
      `device ${uuid} is not active, so that --parent and --type are needed; vfio-ts types lists what there is`,
    );
  }
  const { mdevType, attrs } = definitionFromObject(active.definition);
  const definition = { mdevType: type ?? mdevType, start, attrs } as const;
  return { parent: parent ?? active.parent, definition };
}

/** A definition may be for a driver that comes later, so that this is no error. */
async function noteUnknownType(mdevType: string, note: (line: string) => void): Promise<void> {
  try {
    await findDriverOfType(mdevType);
  } catch (error) {
    if (!isUsageError(error)) throw error;
    note(`vfio-ts: no driver here has a type ${mdevType}; vfio-ts types lists those there are`);
  }
}

interface AttributeOptions {
  readonly addattr?: string | undefined;
  readonly delattr?: boolean | undefined;
  readonly value?: string | undefined;
  readonly index?: number | undefined;
}

function attributeChange({
  addattr: name,
  delattr,
  value,
  index,
}: AttributeOptions): AttributeChange | undefined {
  const at = index === undefined ? {} : { index };
  if (delattr === true) {
    if (value === undefined) return { op: 'remove', ...at };
    throw new UsageError('--value is for --addattr');
  }
  if (name === undefined) {
    if (value === undefined && index === undefined) return undefined;
    throw new UsageError('--value and --index are for --addattr NAME or --delattr');
  }
  if (name === '') throw new UsageError('--addattr takes the name of an attribute');
  if (value === undefined) throw new UsageError(`--addattr ${name} needs --value`);
  return { op: 'add', attr: { name, value }, ...at };
}

function indexArgument(text: string): number {
  if (/^\d{1,9}$/u.test(text)) return Number(text);
  throw new InvalidArgumentError('It takes a number from 0 on.');
}

/** Says what to do where the store cannot be changed. */
function advise(error: unknown): never {
  const { definitions } = placesOf();
  if (isErrno(error, 'EACCES') || isErrno(error, 'EPERM')) {
    const next = 'do it as the user who may, or set VFIO_TS_CONFIG_DIR to a folder of your own';
    throw new Error(`${definitions} is not yours to change; ${next}`, { cause: error });
  }
  if (isErrno(error, 'EROFS')) {
    const next = 'set VFIO_TS_CONFIG_DIR to a folder elsewhere';
    throw new Error(`${definitions} is on a file system that is read only; ${next}`, {
      cause: error,
    });
  }
  throw error;
}
