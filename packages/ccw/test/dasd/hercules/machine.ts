// Hercules as an oracle: it loads an image of main storage, runs a program that starts channel programs, and saves
// the storage.

import { execFileSync, spawn } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { programForTest, type SkippableTest } from '@vfio-ts/lab';

/**
 * Goes on where Hercules is installed; skips the test where it is not, or fails where clients are required.
 */
export function requireHercules(test: SkippableTest): void {
  for (const tool of ['hercules', 'dasdinit']) programForTest(test, tool, 'hercules');
}

/** Makes an image of a volume. */
export function dasdinit(...args: readonly string[]): void {
  execFileSync('dasdinit', args, { stdio: 'pipe' });
}

/** The machine's one device. */
export const DEVICE = '0A00';

/** How long a run may take, ms. */
const DEADLINE = 15_000;

/** Steps up to the restart, which is done once. */
const RESTARTED = 2;

/** After how long a command is said again, ms. */
const AGAIN = 500;

/** What is said when a thing has come about. */
const SAYS = {
  STARTED: /HHCAO001I/u,
  LOADED: /HHCPN113I/u,
  WAITING: /HHCCP011I/u,
  SAVED: /HHCPN170I/u,
};

/** Without synchronous I/O, which forgets an index it has passed when it has to be done again. */
function configuration(image: string): string {
  return [
    'CPUSERIAL 000001',
    'CPUMODEL 3090',
    'MAINSIZE 16',
    'ARCHMODE ESA/390',
    'NUMCPU 1',
    'OSTAILOR QUIET',
    'DIAG8CMD DISABLE',
    `${DEVICE} 3390 ${image} cu=3990-6 nosyncio`,
    '',
  ].join('\n');
}

/**
 * Loads main storage, restarts the processor, waits until it is in a disabled wait.
 *
 * @returns main storage afterwards
 */
export async function runHercules(
  directory: string,
  image: string,
  storage: Uint8Array,
): Promise<Uint8Array> {
  const [config, before, after] = ['h.cnf', 'before.core', 'after.core'].map((name) =>
    join(directory, name),
  );
  if (config === undefined || before === undefined || after === undefined) throw new Error('paths');
  await writeFile(config, configuration(image));
  await writeFile(before, storage);
  // Only with an external panel are commands taken from the standard input.
  const machine = spawn('hercules', ['-d', '-f', config, 'EXTERNALGUI'], {
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  const last = (storage.length - 1).toString(16);
  const steps: readonly (readonly [RegExp, string])[] = [
    [SAYS.STARTED, `loadcore ${before} 0`],
    [SAYS.LOADED, 'restart'],
    [SAYS.WAITING, `savecore ${after} 0 ${last}`],
    [SAYS.SAVED, 'quit'],
  ];
  let log = '';
  let seen = 0;
  let step = 0;
  machine.stdin.on('error', () => {});
  const listen = (text: Buffer): void => {
    log += text.toString('latin1');
    for (let next = steps[step]; next !== undefined; next = steps[step]) {
      const [pattern, command] = next;
      const found = pattern.exec(log.slice(seen));
      if (found === null) return;
      seen += found.index + found[0].length;
      step += 1;
      machine.stdin.write(`${command}\n`);
    }
  };
  machine.stdout.on('data', listen);
  machine.stderr.on('data', listen);
  const timer = setTimeout(() => machine.kill('SIGKILL'), DEADLINE);
  // A command that comes while the processor is about to stop is lost.
  const again = setInterval(() => {
    const [, command] = steps[step - 1] ?? [];
    if (command !== undefined && step > RESTARTED) machine.stdin.write(`${command}\n`);
  }, AGAIN);
  try {
    await new Promise<void>((resolve) => machine.once('close', () => resolve()));
  } finally {
    clearTimeout(timer);
    clearInterval(again);
  }
  if (step < steps.length) throw new Error(`hercules stopped at step ${step}:\n${log}`);
  return await readFile(after);
}
