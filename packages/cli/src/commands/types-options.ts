// vfio-ts types: what can be made.

import type { Command } from '@commander-js/extra-typings';
import { knownDrivers } from '../drivers/find.ts';
import type { TypeFacts } from '../drivers/driver.ts';
import { typesOf } from '../drivers/types.ts';
import { Waiting, type Choose, type CommandHost } from '../host.ts';
import { plain, type Output } from '../output.ts';
import { tableLines } from '../table.ts';
import { EXIT } from '../usage.ts';

const EXAMPLES = `
Examples:
  vfio-ts types
  vfio-ts types --parent mdpy
  vfio-ts types --dumpjson

Available instances are those of one process: each device that the daemon starts has a process and a parent of
its own.`;

/** A type, and the driver that has it. */
interface ListedType {
  readonly driver: string;
  readonly facts: TypeFacts;
}

interface TypesArguments {
  readonly parent?: string | undefined;
  readonly dumpjson?: boolean | undefined;
  readonly json?: boolean | undefined;
}

/** Adds the command. */
export function addTypes(program: Command, host: CommandHost, choose: Choose): void {
  program
    .command('types')
    .summary('list drivers and the types of devices that they can make')
    .description('Lists drivers and the types of devices that they can make.')
    .option('-p, --parent <parent>', 'only those of this parent')
    .option('--dumpjson', "as mdevctl's types --dumpjson, parents with their types")
    .option('--json', 'one line of JSON, a list of types with their drivers')
    .addHelpText('after', EXAMPLES)
    .action((options) => choose(() => listTypes(options, host)));
}

async function listTypes(
  { parent, dumpjson, json }: TypesArguments,
  host: CommandHost,
): Promise<number> {
  const { output } = host;
  const all: ListedType[] = [];
  {
    using waiting = new Waiting(host);
    waiting.for('looking for drivers');
    const { found, unusable } = await knownDrivers();
    for (const { error } of unusable) output.note(`vfio-ts: ${error.message}`);
    for (const { driver } of found) {
      try {
        // oxlint-disable-next-line no-await-in-loop
        for (const facts of await typesOf(driver)) all.push({ driver: driver.name, facts });
      } catch (error) {
        const fact = error instanceof Error ? error.message : String(error);
        output.note(`vfio-ts: ${driver.name} does not say which types it has: ${fact}`);
      }
    }
  }
  const listed = all.filter(({ facts }) => parent === undefined || facts.parent === parent);
  if (json === true) output.print(JSON.stringify(listed.map((one) => flat(one))));
  else if (dumpjson === true) output.print(JSON.stringify(dump(listed), undefined, 2));
  else for (const line of typesTable(listed, output)) output.print(line);
  return EXIT.OK;
}

function typesTable(types: readonly ListedType[], { style = plain }: Output): string[] {
  if (types.length === 0) return [];
  const rows = types.map(({ driver, facts }) => [
    facts.parent,
    facts.type,
    String(facts.availableInstances),
    facts.deviceApi,
    driver,
    facts.description?.replaceAll(/\s*\n\s*/gu, ', ') ?? facts.name,
  ]);
  const [head = '', ...lines] = tableLines([
    ['PARENT', 'TYPE', 'AVAILABLE', 'API', 'DRIVER', 'DESCRIPTION'],
    ...rows,
  ]);
  return [style('bold', head), ...lines];
}

function flat({ driver, facts }: ListedType): object {
  return { driver, parent: facts.parent, mdev_type: facts.type, ...fields(facts) };
}

function fields({ availableInstances, deviceApi, name, description }: TypeFacts): object {
  return {
    available_instances: availableInstances,
    device_api: deviceApi,
    name,
    ...(description !== undefined && { description }),
  };
}

/** As mdevctl has it: types by name below their parents. */
function dump(types: readonly ListedType[]): unknown {
  const parents = Array.from(
    Map.groupBy(types, ({ facts }) => facts.parent),
    ([parent, ofParent]) => {
      const sorted = ofParent
        .map(({ facts }) => facts)
        .toSorted((a, b) => (a.type < b.type ? -1 : 1));
      return [parent, sorted.map((one) => Object.fromEntries([[one.type, fields(one)]]))] as const;
    },
  );
  return parents.length === 0 ? [] : [Object.fromEntries(parents)];
}
