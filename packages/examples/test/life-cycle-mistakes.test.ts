// The compiler says of each mistake what the guide says it does.
import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';

const MISTAKE = /^\/\/ @ts-expect-error (.+)$/u;
const cache = new URL('../.cache/', import.meta.url);
const tsc = join(import.meta.dirname, '../../../node_modules/.bin/tsc');
const source = readFileSync(new URL('life-cycle-mistakes.ts', import.meta.url), 'utf8').split('\n');
/** By the number of the line that is wrong: what the compiler has to say of it. */
const expected = new Map(
  source.flatMap((line, i) => {
    const [, said] = MISTAKE.exec(line) ?? [];
    return said === undefined ? [] : [[i + 2, said] as const];
  }),
);
const errors = compile(source.map((line) => line.replace(MISTAKE, '')).join('\n'));

/** Compiles a text as if it were beside this file; gives the lines of each error by the line it is in. */
function compile(text: string): Map<number, string[]> {
  mkdirSync(cache, { recursive: true });
  writeFileSync(new URL('mistakes.ts', cache), text);
  const settings = {
    extends: '../../../tsconfig.test.json',
    compilerOptions: { composite: false, incremental: false },
    files: ['mistakes.ts'],
  };
  writeFileSync(new URL('mistakes.json', cache), JSON.stringify(settings));
  const args = ['-p', 'mistakes.json', '--pretty', 'false'];
  const { stdout } = spawnSync(tsc, args, { cwd: cache, encoding: 'utf8' });
  const found = new Map<number, string[]>();
  let current: string[] = [];
  for (const line of stdout.trimEnd().split('\n')) {
    const [, place, message] = /^mistakes\.ts\((\d+),\d+\): error (.+)$/u.exec(line) ?? [];
    if (place === undefined || message === undefined) current.push(line.trim());
    else found.set(Number(place), (current = [message]));
  }
  return found;
}

test('nothing else is wrong with them', () => {
  expect([...errors.keys()]).toEqual([...expected.keys()]);
});

test.each([...expected])('line %i: %s', (line, said) => {
  expect(errors.get(line)).toContainEqual(expect.stringContaining(said));
});
