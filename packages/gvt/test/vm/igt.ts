// Tests of IGT in a guest, and the table of what comes of them.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Guest } from '@vfio-ts/lab';

/** What a test comes to: `time` is one that did not end. */
export type Outcome = 'pass' | 'skip' | 'fail' | 'time';

/** A row of the table. */
export interface Row {
  /** Program, or `program@subtest`. */
  readonly test: string;
  /** What it may come to; several where that depends on how punctual the machine is. */
  readonly posted: readonly Outcome[];
  /** The same where the guest waits for its writes. */
  readonly waiting: readonly Outcome[];
  /** It is in the short list. */
  readonly isShort: boolean;
  /** Why it does not pass. */
  readonly why: string;
}

const TABLE = join(import.meta.dirname, 'igt-expected.txt');
const FOLDER = '/usr/libexec/igt-gpu-tools';
/** Seconds until a test is told to end: the longest that do end need 150 where nothing else runs. */
const MOST_SECONDS = 300;
/** Seconds until an ended one is killed: not while i915 copies what hung. One that is killed leaves no console. */
const MOST_TO_END = 120;
/** Seconds until a killed one is gone. */
const MOST_TO_DIE = 60;

function isOutcome(word: string): word is Outcome {
  return ['pass', 'skip', 'fail', 'time'].includes(word);
}

function outcomes(text: string): readonly Outcome[] {
  const words = text.split('|');
  if (!words.every(isOutcome)) throw new Error(`${text} is no outcome`);
  return words;
}

/** Reads the table. */
function readTable(): readonly Row[] {
  return readFileSync(TABLE, 'utf8')
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => {
      const [test = '', posted = '', waiting = '', list = '', ...why] = line.split(/ +/);
      return {
        test,
        posted: outcomes(posted),
        waiting: outcomes(waiting),
        isShort: list === 'ci',
        why: why.join(' '),
      };
    });
}

/**
 * The rows to run.
 *
 * @param choice - `all`, `2/8` for the second of eight parts, names with commas between them; the short list when
 * left out
 * @throws Error a choice of no row
 */
export function chooseRows(choice: string | undefined): readonly Row[] {
  const table = readTable();
  const [, part, parts] = /^([1-9]\d*)\/([1-9]\d*)$/.exec(choice ?? '') ?? [];
  const names = choice?.split(',');
  const chosen = table.filter(({ test, isShort }, i) => {
    if (names === undefined) return isShort;
    if (part !== undefined) return i % Number(parts) === Number(part) - 1;
    return choice === 'all' || names.includes(test);
  });
  if (chosen.length === 0) throw new Error(`no test of the table is ${choice}`);
  return chosen;
}

/** What a test of IGT came to. */
export interface Result {
  readonly outcome: Outcome;
  /** Seconds. */
  readonly time: number;
  /** What it said of its reasons. */
  readonly said: string;
}

/** Runs one test in a guest with IGT and i915. @throws LabError when the guest does not answer any more */
export async function runIgt(guest: Guest, test: string): Promise<Result> {
  const [program = '', subtest] = test.split('@');
  const only = subtest === undefined ? '' : ` --run-subtest ${subtest}`;
  const command = `cd ${FOLDER}; timeout -k ${MOST_TO_END} ${MOST_SECONDS} ./${program}${only} >/tmp/igt 2>&1; status=$?
    grep -aE 'requirement:|Failed assertion|died|Timed out|timed out' /tmp/igt | tr -d '\\000' | tail -n 3; exit $status`;
  const begin = performance.now();
  const { output, status } = await guest.run(
    command,
    (MOST_SECONDS + MOST_TO_END + MOST_TO_DIE) * 1000,
  );
  const time = (performance.now() - begin) / 1000;
  return { outcome: outcomeOf(status, time), time, said: output.trim() };
}

/** By the exit codes of IGT. */
function outcomeOf(status: number, time: number): Outcome {
  if (status === 0) return 'pass';
  if (status === 77) return 'skip';
  return time >= MOST_SECONDS ? 'time' : 'fail';
}
