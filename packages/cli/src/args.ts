// The command line.

import { parseArgs } from 'node:util';
import type { LogLevel } from '@vfio-ts/core';
import type { DemoArguments } from './commands/demo.ts';
import type { ServeArguments } from './commands/serve.ts';
import type { StatsArguments } from './commands/stats.ts';
import { isLogLevel, LOG_LEVELS } from './output.ts';
import { UsageError } from './usage.ts';

/** What to do. */
export type Command =
  | { readonly name: 'help' }
  | { readonly name: 'version' }
  | { readonly name: 'serve'; readonly args: ServeArguments }
  | { readonly name: 'stats'; readonly args: StatsArguments }
  | { readonly name: 'demo'; readonly args: DemoArguments };

/** The help text. */
export const HELP = `vfio-ts: VFIO devices in TypeScript for real virtual machines

Usage:
  vfio-ts serve DRIVER:TYPE [--socket PATH] [--json] [--log-level LEVEL] [--log-json]
      Makes a device and serves it over vfio-user until SIGINT or SIGTERM.
      --socket PATH   where the socket is to be; in a new private folder when left out
      --json          one line {"socket","driver","type","uuid"} on standard output when ready
      --log-level LEVEL
                      debug, info, warn or error; info when left out, warn with --json
      --log-json      each line of the log as JSON {"time","level","component","message","error"}
  vfio-ts stats SOCKET [--json]
      Says what has passed through a device that is being served: messages, errors, latencies.
      SOCKET          the device's; the statistics are beside it, in SOCKET.stats
      --json          as it is told, in one line of JSON
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
  vfio-ts stats /run/mdpy.sock

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
    const { socket, json, logJson } = values;
    const log = { logLevel: level(values.logLevel), ...(logJson && { logJson }) };
    return { name, args: { device, socket, json, ...log } };
  }
  if (name === 'stats') {
    const [socket, ...more] = operands;
    if (socket === undefined || more.length > 0) {
      throw new UsageError('stats takes one socket, as in stats /run/mdpy.sock');
    }
    refuse(name, { frames: values.frames, socket: values.socket, ...logOptions(values) });
    return { name, args: { socket, json: values.json } };
  }
  if (name === 'demo') {
    if (operands.length > 0) throw new UsageError(`demo takes no ${operands[0]}`);
    const json = values.json ? '' : undefined;
    refuse(name, { socket: values.socket, json, ...logOptions(values) });
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
    readonly logLevel: string | undefined;
    readonly logJson: boolean;
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
        'log-level': { type: 'string' },
        'log-json': { type: 'boolean', default: false },
      },
    });
    const { 'log-level': logLevel, 'log-json': logJson, ...others } = values;
    const { help, version, json, socket, frames } = others;
    return { values: { help, version, json, socket, frames, logLevel, logJson }, positionals };
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

/** Those of the log, for a command that has none. */
function logOptions({ logLevel, logJson }: Parsed['values']): Record<string, string | undefined> {
  return { 'log-level': logLevel, 'log-json': logJson ? '' : undefined };
}

function count(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  if (!/^[1-9]\d*$/u.test(text)) throw new UsageError(`--frames takes a number, not ${text}`);
  return Number(text);
}

function level(text: string | undefined): LogLevel | undefined {
  if (text === undefined || isLogLevel(text)) return text;
  throw new UsageError(`--log-level takes one of ${LOG_LEVELS.join(', ')}, not ${text}`);
}
