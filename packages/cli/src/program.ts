// The command line: which commands there are.

import { Command, CommanderError } from '@commander-js/extra-typings';
import { addAp } from './commands/ap-options.ts';
import { addCcw } from './commands/ccw-options.ts';
import { addCompletion } from './commands/completion-options.ts';
import { addDaemon } from './commands/daemon-options.ts';
import { addDemo } from './commands/demo-options.ts';
import { addInspect } from './commands/inspect-options.ts';
import { addList } from './commands/list-options.ts';
import { addRunDevice } from './commands/run-device.ts';
import { addScreenshot } from './commands/screenshot-options.ts';
import { addServe } from './commands/serve-options.ts';
import { addStart } from './commands/start-options.ts';
import { addStats } from './commands/stats-options.ts';
import { addStore } from './commands/store-options.ts';
import { addTypes } from './commands/types-options.ts';
import { addView } from './commands/view-options.ts';
import { errorText } from './errors.ts';
import { nameInErrors, optionDescription } from './help.ts';
import type { Action, Choose, CommandHost } from './host.ts';
import { plain } from './output.ts';
import { EXIT, isUsageError } from './usage.ts';

const EXAMPLES = `
Examples:
  vfio-ts types
  vfio-ts define --parent mdpy --type mdpy-xga --auto && vfio-ts daemon
  vfio-ts serve mdpy-sample:mdpy-xga --socket /run/mdpy.sock
  vfio-ts serve mdpy-sample:mdpy-hd --json
  vfio-ts inspect /run/mdpy.sock
  vfio-ts stats /run/mdpy.sock
  vfio-ts view /run/mdpy.sock
  vfio-ts screenshot /run/mdpy.sock screen.png
  vfio-ts serve ap --set assign_adapter=5 --set assign_domain=4 --socket /run/ap.sock
  vfio-ts ap ls /run/ap.sock
  vfio-ts ccw init --model 3390-3 work.ckd WORK01
  vfio-ts serve ccw:dasd --set image=work.ckd --socket /run/dasd.sock

Exit codes: 0 ended as asked, 1 it could not be done, 2 the command line is wrong`;

/**
 * Reads a command line without the program's name and does what it says.
 *
 * @returns exit code
 */
export async function run(argv: readonly string[], host: CommandHost): Promise<number> {
  let action: Action | undefined;
  const choose: Choose = (chosen) => void (action = chosen);
  const { output } = host;
  const { noteStyle = plain } = output;
  const says = noteStyle('red', 'vfio-ts:');
  const program = new Command('vfio-ts')
    .description('VFIO devices in TypeScript for real virtual machines')
    .version(host.version)
    .exitOverride()
    .configureHelp({ optionDescription })
    .configureOutput({
      writeOut: (text) => output.print(text.trimEnd()),
      writeErr: (text) => output.note(text.trimEnd()),
      outputError: (text, write) => write(text.replace(/^error:/u, says)),
    })
    .addHelpText('after', EXAMPLES);
  addTypes(program, host, choose);
  addStore(program, host, choose);
  addStart(program, host, choose);
  addList(program, host, choose);
  addDaemon(program, host, choose);
  addRunDevice(program, host, choose);
  addServe(program, host, choose);
  addInspect(program, host, choose);
  addStats(program, host, choose);
  addView(program, host, choose);
  addScreenshot(program, host, choose);
  addAp(program, host, choose);
  addCcw(program, host, choose);
  addDemo(program, host, choose);
  addCompletion(program, host, choose);
  nameInErrors(program);
  try {
    program.parse(argv, { from: 'user' });
    return (await action?.()) ?? EXIT.OK;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.OK : EXIT.USAGE;
    output.note(`${says} ${errorText(error)}`);
    return isUsageError(error) ? EXIT.USAGE : EXIT.FAILED;
  }
}
