#!/usr/bin/env node
// The vfio-ts command.

import { readFileSync } from 'node:fs';
import { HELP, parseCommand } from './args.ts';
import { demo } from './commands/demo.ts';
import { serve } from './commands/serve.ts';
import { stats } from './commands/stats.ts';
import { processOutput, type Output } from './output.ts';
import { untilStopped } from './stop.ts';
import { EXIT, UsageError } from './usage.ts';

async function run(argv: readonly string[], output: Output): Promise<number> {
  const command = parseCommand(argv);
  switch (command.name) {
    case 'help':
      output.print(HELP);
      return EXIT.OK;
    case 'version':
      output.print(version());
      return EXIT.OK;
    case 'serve':
      return await serve(command.args, output, untilStopped());
    case 'stats':
      return await stats(command.args, output);
    case 'demo':
      return await demo(command.args, output, untilStopped());
  }
}

function version(): string {
  const text = readFileSync(new URL('../package.json', import.meta.url), 'utf8');
  const { version: number }: { readonly version: string } = JSON.parse(text);
  return number;
}

// A reader that has gone away must not end a server.
process.stdout.on('error', () => undefined);
try {
  process.exitCode = await run(process.argv.slice(2), processOutput);
} catch (error) {
  const isUsage = error instanceof UsageError;
  processOutput.note(`vfio-ts: ${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = isUsage ? EXIT.USAGE : EXIT.FAILED;
}
