import { createHash } from 'node:crypto';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { isRecord } from './json.ts';

// Concepts: a step's result is a folder. It is made under a temporary name and renamed when it is
// whole, with a stamp inside: a hash of everything the step was made from. A folder whose stamp
// is another one, or that has none, counts as absent.

const STAMP = 'stamp.json';

/** What a finished step says of itself. */
export interface Stamp {
  /** {@link hashInputs} of what it was made from. */
  readonly inputs: string;
  /** Facts found while making it, such as versions. */
  readonly facts: Readonly<Record<string, string>>;
}

/** Hashes a step's inputs; their order counts, and so does where one ends and the next begins. */
export function hashInputs(inputs: readonly string[]): string {
  return createHash('sha256').update(JSON.stringify(inputs)).digest('hex');
}

/** The stamp in a result folder, or undefined if it is absent, unreadable or of other inputs. */
export function readStamp(dir: string, inputs: string): Stamp | undefined {
  let value: unknown;
  try {
    value = JSON.parse(readFileSync(join(dir, STAMP), 'utf8'));
  } catch {
    return undefined;
  }
  if (!isRecord(value) || value['inputs'] !== inputs || !isRecord(value['facts'])) return undefined;
  const facts: Record<string, string> = {};
  for (const [name, fact] of Object.entries(value['facts'])) facts[name] = String(fact);
  return { inputs, facts };
}

/**
 * Makes a step's result: `make` fills a new folder under `tmp`, which then takes the place of
 * `dir` by renaming. When `make` throws, `dir` is as it was.
 */
export async function makeResult(
  dir: string,
  tmp: string,
  inputs: string,
  make: (work: string) => Promise<Readonly<Record<string, string>>>,
): Promise<Stamp> {
  mkdirSync(tmp, { recursive: true });
  const work = mkdtempSync(join(tmp, 'step-'));
  chmodSync(work, 0o755);
  try {
    const stamp: Stamp = { inputs, facts: await make(work) };
    writeFileSync(join(work, STAMP), `${JSON.stringify(stamp, undefined, 2)}\n`);
    const old = `${work}.old`;
    if (existsSync(dir)) renameSync(dir, old);
    renameSync(work, dir);
    rmSync(old, { recursive: true, force: true });
    return stamp;
  } catch (error) {
    rmSync(work, { recursive: true, force: true });
    throw error;
  }
}
