// The command line of `vfio-ts ap`: what somebody who has crypto adapters served wants to know.

import { Option, type Command } from '@commander-js/extra-typings';
import { apTable } from '../drivers/ap/table.ts';
import type { Choose, CommandHost } from '../host.ts';
import { readSysfs } from '../sysfs/told.ts';
import { writeTree } from '../sysfs/write-tree.ts';
import { EXIT } from '../usage.ts';

const EXAMPLES = `
Examples:
  vfio-ts ap ls /run/ap.sock
  vfio-ts ap export /tmp/sys /run/ap.sock && SYSFS_ROOT=/tmp/sys lszcrypt -V`;

const LS_EXAMPLES = `
Examples:
  vfio-ts ap ls /run/ap.sock
  vfio-ts ap ls 83b8f4f2-509f-382f-3c1e-e6bfe0fa1001 --json`;

const EXPORT_EXAMPLES = `
Examples:
  vfio-ts ap export /tmp/sys /run/ap.sock && SYSFS_ROOT=/tmp/sys lszcrypt -V`;

/** Adds the commands. */
export function addAp(program: Command, host: CommandHost, choose: Choose): void {
  const { output } = host;
  const ap = program
    .command('ap')
    .summary('look at crypto adapters that are being served')
    .description('Looks at crypto adapters that are being served.')
    .addHelpText('after', EXAMPLES);
  ap.command('ls')
    .description('Shows who has which queue: adapters down, domains across.')
    .argument('<device>', 'its UUID or socket; its files are told beside that, in SOCKET.sysfs')
    .addOption(
      new Option('--json', 'all files as they are told, in one line of JSON').default(false),
    )
    .addHelpText('after', LS_EXAMPLES)
    .action((named, { json }) =>
      choose(async () => {
        const dump = await readSysfs(named);
        if (json) output.print(JSON.stringify(dump));
        else for (const line of apTable(dump)) output.print(line);
        return EXIT.OK;
      }),
    );
  ap.command('export')
    .description(
      'Writes the files of the bus and its devices to a folder, for tools that take one.',
    )
    .argument('<folder>', 'a new or an empty one')
    .argument('<device>', 'its UUID or socket')
    .addHelpText('after', EXPORT_EXAMPLES)
    .action((folder, named) =>
      choose(async () => {
        const dump = await readSysfs(named);
        writeTree(dump, folder);
        const files = dump.filter(({ kind }) => kind === 'file').length;
        output.print(`${files} files in ${folder}; SYSFS_ROOT=${folder} lszcrypt lists them`);
        return EXIT.OK;
      }),
    );
}
