// What the command is in this process: its streams, its signals, its exit code.

import { readFileSync } from 'node:fs';
import { processOutput, terminalProgress } from './output.ts';
import { run } from './program.ts';
import { untilStopped } from './stop.ts';

const text = readFileSync(new URL('../package.json', import.meta.url), 'utf8');
const { version }: { readonly version: string } = JSON.parse(text);
// A reader that has gone away must not end a server.
process.stdout.on('error', () => undefined);
process.stderr.on('error', () => undefined);
// What a command waits for may not keep the process alive by itself: timers of a driver, threads without work.
const alive = setInterval(() => undefined, 2 ** 30);
const progress = terminalProgress();
process.exitCode = await run(process.argv.slice(2), {
  output: processOutput,
  untilStopped,
  onReload: (reload) => void process.on('SIGHUP', reload),
  version,
  ...(progress !== undefined && { progress }),
});
clearInterval(alive);
