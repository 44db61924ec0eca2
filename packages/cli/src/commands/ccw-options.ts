// The command line of `vfio-ts ccw`: volumes for DASDs, and what passes through channel devices that are served.

import { Option, type Command } from '@commander-js/extra-typings';
import type { Choose, CommandHost } from '../host.ts';
import { UsageError } from '../usage.ts';

const EXAMPLES = `
Examples:
  vfio-ts ccw init --model 3390-3 work.ckd WORK01
  vfio-ts ccw init --cylinders 100 --format linux linux.ckd LNX001
  vfio-ts ccw ls work.ckd
  vfio-ts serve ccw:dasd --set image=linux.ckd --socket /run/dasd.sock
  vfio-ts ccw trace /run/dasd.sock`;

const INIT_EXAMPLES = `
Examples:
  vfio-ts ccw init work.ckd WORK01
  vfio-ts ccw init --cylinders 100 --format linux linux.ckd LNX001
  vfio-ts ccw init --model 3390-9 --cylinders-per-file 2519 big.ckd BIG001`;

const LS_EXAMPLES = `
Examples:
  vfio-ts ccw ls work.ckd
  vfio-ts ccw ls work.ckd --json`;

const TRACE_EXAMPLES = `
Examples:
  vfio-ts ccw trace /run/dasd.sock
  vfio-ts ccw trace 83b8f4f2-509f-382f-3c1e-e6bfe0fa1001 --json`;

/** Adds the commands. */
export function addCcw(program: Command, host: CommandHost, choose: Choose): void {
  const ccw = program
    .command('ccw')
    .summary('make and list volumes of DASDs, watch channel programs')
    .description('Makes and lists volumes of DASDs, and shows channel programs as they run.')
    .addHelpText('after', EXAMPLES);
  ccw
    .command('init')
    .description('Makes an empty volume: label, VTOC, and all tracks formatted.')
    .argument('<file>', 'a new one; nothing is ever replaced')
    .argument('<volser>', 'serial number of the volume: 1 to 6 letters, digits, @, # or $')
    .option('--model <model>', '3390-1 to 3390-54, or 3380-A to 3380-K; 3390-3 when left out')
    .option('--cylinders <n>', 'a 3390 with so many cylinders in place of a model')
    .option(
      '--cylinders-per-file <n>',
      'several files, named _1, _2 and so on; tools of Hercules take at most 2519 of a 3390',
    )
    .addOption(
      new Option('--format <format>', 'linux has blocks of 4096 bytes, as dasdfmt leaves them')
        .choices(['empty', 'linux'] as const)
        .default('empty' as const),
    )
    .addHelpText('after', INIT_EXAMPLES)
    .action((file, serial, { model, cylinders, cylindersPerFile: part, format }) => {
      if (model !== undefined && cylinders !== undefined) {
        throw new UsageError('--model says what --cylinders says: give one of both');
      }
      const size =
        cylinders === undefined ? (model ?? '3390-3') : cylinderCount('--cylinders', cylinders);
      const cylindersPerFile =
        part === undefined ? undefined : cylinderCount('--cylinders-per-file', part);
      choose(async () => {
        const { ccwInit } = await import('./ccw-init.ts');
        return await ccwInit({ file, serial, model: size, cylindersPerFile, format }, host);
      });
    });
  ccw
    .command('ls')
    .description('Lists the table of contents (VTOC) of a volume.')
    .argument('<file>', 'a CKD image, or the first of several')
    .option('--json', 'one line of JSON', false)
    .addHelpText('after', LS_EXAMPLES)
    .action((file, { json }) =>
      choose(async () => {
        const { ccwLs } = await import('./ccw-ls.ts');
        return await ccwLs({ file, json }, host.output);
      }),
    );
  ccw
    .command('trace')
    .description('Prints channel programs as they end, from now on.')
    .argument('<device>', 'its UUID or socket; its programs are told beside that, in SOCKET.trace')
    .option('--json', 'as they are told, a line of JSON each', false)
    .addHelpText('after', TRACE_EXAMPLES)
    .action((named, { json }) =>
      choose(async () => {
        const { ccwTrace } = await import('./ccw-trace.ts');
        return await ccwTrace({ named, json }, host);
      }),
    );
}

function cylinderCount(option: string, text: string): number {
  const count = Number(text);
  if (/^\d+$/u.test(text) && count > 0) return count;
  throw new UsageError(`${option} takes a number, not ${text}`);
}
