import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';

const BEHAVIOURS = 104;

function textOf(path: string): string {
  return readFileSync(new URL(path, import.meta.url), 'utf8');
}

const rows = Array.from(
  textOf('behaviours.md').matchAll(/^\|\s*(\d+)\s*\|(.*)\|$/gmu),
  ([, number, cells = '']) => ({ number: Number(number), cells }),
);

/** A test that is named, and rows of its inputs. */
interface Named {
  readonly title: string;
  readonly path: string;
  readonly inputs: readonly string[];
}

function namedIn(cells: string): Named[] {
  const links = cells.matchAll(/\[([^\]]+)\]\(([^)]+\.test\.ts)\)(?: for ((?:`[^`]+`,? ?)+))?/gu);
  return Array.from(links, ([, title = '', path = '', inputs = '']) => ({
    title,
    path,
    inputs: Array.from(inputs.matchAll(/`([^`]+)`/gu), ([, input = '']) => input),
  }));
}

test('the table has every behaviour once', () => {
  const numbers = Array.from({ length: BEHAVIOURS }, (_, i) => i + 1);
  expect(rows.map(({ number }) => number)).toEqual(numbers);
});

/** What a row names that is not in the file it names. */
function missing({ title, path, inputs }: Named): string[] {
  const text = textOf(path);
  return [title, ...inputs]
    .filter((name) => !text.includes(`'${name}'`))
    .map((name) => `${path}: ${name}`);
}

test.each(rows)('each test that behaviour $number names exists', ({ cells }) => {
  expect(namedIn(cells).flatMap(missing)).toEqual([]);
});

test('each behaviour has a test, or a reason why it does not apply', () => {
  const without = rows.filter(({ cells }) => namedIn(cells).length === 0);
  expect(without.filter(({ cells }) => !cells.includes('does not apply: '))).toEqual([]);
});
