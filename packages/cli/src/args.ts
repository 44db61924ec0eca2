// The command line.

import { parseArgs } from 'node:util';
import type { DemoArguments } from './commands/demo.ts';
import type { ServeArguments } from './commands/serve.ts';
import { UsageError } from './usage.ts';

/** What to do. */
export type Command =
  | { readonly name: 'help' }
  | { readonly name: 'version' }
  | { readonly name: 'serve'; readonly args: ServeArguments }
  | { readonly name: 'demo'; readonly args: DemoArguments };

/** The help text. */
export const HELP = `vfio-ts: VFIO devices in TypeScript for real virtual machines

Usage:
  vfio-ts serve DRIVER:TYPE [--socket PATH] [--json]
      Makes a device and serves it over vfio-user until SIGINT or SIGTERM.
      --socket PATH   where the socket is to be; in a new private folder when left out
      --json          one line {"socket","driver","type","uuid"} on standard output when ready
  vfio-ts demo [--frames N]
      Two displays: an embedded guest draws on one, the other waits for a virtual machine.
      --frames N      ends after N frames
  vfio-ts --help
  vfio-ts --version

Drivers and types:
  mdpy-sample     mdpy-vga 640x480, mdpy-xga 1024x768, mdpy-hd 1920x1080

Examples:
  vfio-ts serve mdpy-sample:mdpy-xga --socket /run/mdpy.sock
  vfio-ts serve mdpy-sample:mdpy-hd --json

Exit codes: 0 ended as asked, 1 it could not be done, 2 the command line is wrong`;

/** Reads a command line without the program's name. @throws UsageError */
export function parseCommand(argv: readonly string[]): Command {
  const { values, positionals } = parse(argv);
  const [name, ...operands] = positionals;
  if (values.help) return { name: 'help' };
  if (values.version) return { name: 'version' };
  if (name === undefined) throw new UsageError('say what to do; see vfio-ts --help');
  if (name === 'serve') {
    const [device, ...more] = operands;
    if (device === undefined || more.length > 0) {
      throw new UsageError('serve takes one device, as in serve mdpy-sample:mdpy-xga');
    }
    refuse(name, { frames: values.frames });
    return { name, args: { device, socket: values.socket, json: values.json } };
  }
  if (name === 'demo') {
    if (operands.length > 0) throw new UsageError(`demo takes no ${operands[0]}`);
    refuse(name, { socket: values.socket, json: values.json ? '' : undefined });
    return { name, args: { frames: count(values.frames) } };
  }
  throw new UsageError(`no command ${JSON.stringify(name)}; see vfio-ts --help`);
}

interface Parsed {
  readonly values: {
    readonly help: boolean;
    readonly version: boolean;
    readonly json: boolean;
    readonly socket: string | undefined;
    readonly frames: string | undefined;
  };
  readonly positionals: readonly string[];
}

function parse(argv: readonly string[]): Parsed {
  try {
    const { values, positionals } = parseArgs({
      args: [...argv],
      allowPositionals: true,
      options: {
        help: { type: 'boolean', short: 'h', default: false },
        version: { type: 'boolean', default: false },
        json: { type: 'boolean', default: false },
        socket: { type: 'string' },
        frames: { type: 'string' },
      },
    });
    const { help, version, json, socket, frames } = values;
    return { values: { help, version, json, socket, frames }, positionals };
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
}

/** Options of another command are a mistake, not to be passed over. */
function refuse(name: string, options: Readonly<Record<string, string | undefined>>): void {
  for (const [option, value] of Object.entries(options)) {
    if (value !== undefined) throw new UsageError(`${name} has no option --${option}`);
  }
}

function count(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  if (!/^[1-9]\d*$/u.test(text)) throw new UsageError(`--frames takes a number, not ${text}`);
  return Number(text);
}
