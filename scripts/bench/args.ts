// The command line of `pnpm bench`.

import { parseArgs } from 'node:util';

/** What to do. */
export interface Arguments {
  readonly help: boolean;
  readonly list: boolean;
  /** Benchmarks to run; all when there is none. */
  readonly names: readonly string[];
  /** Where the figures go. */
  readonly json: string | undefined;
}

/** The help text. */
export const HELP = `Measures the project, each figure beside a peer or a limit measured in the same run.

Usage: pnpm bench [NAME...] [--json FILE]
       pnpm bench --list

  NAME          a benchmark; all of them when left out
  --json FILE   writes a list of {name, value, unit, ratio, ratioTo}
  --list        lists the benchmarks
  --help

Exit codes: 0 measured (whether or not goals are met), 1 a benchmark failed, 2 the command line is wrong`;

/** Reads the command line. @throws Error it is wrong */
export function parse(argv: readonly string[], known: readonly string[]): Arguments {
  const { values, positionals } = parseArgs({
    args: argv.filter((argument) => argument !== '--'),
    allowPositionals: true,
    options: {
      help: { type: 'boolean', short: 'h', default: false },
      list: { type: 'boolean', default: false },
      json: { type: 'string' },
    },
  });
  const unknown = positionals.filter((name) => !known.includes(name));
  if (unknown.length > 0) {
    throw new Error(`no benchmark ${unknown.join(', ')}; there are: ${known.join(', ')}`);
  }
  const { help, list, json } = values;
  return { help, list, names: positionals, json };
}
