import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { Collector, conformance, statementsOf } from '../src/index.ts';
import { bareHarness, referenceHarness, stopCopyHarness } from '../src/reference-device/index.ts';

const STATEMENTS = 115;

function textOf(path: string): string {
  return readFileSync(new URL(path, import.meta.url), 'utf8');
}

const readme = textOf('../README.md');

/** The cell of each statement. */
const table = new Map(
  Array.from(readme.matchAll(/^\|\s*(\d+)\s*\|(.*)\|$/gmu), ([, number, cell]) => [
    Number(number),
    cell ?? '',
  ]),
);

/** Titles by statement, of all good devices together. */
function titles(): Map<number, Set<string>> {
  const api = new Collector();
  conformance(referenceHarness, { api });
  conformance(bareHarness, { api });
  conformance(stopCopyHarness, { api });
  const found = new Map<number, Set<string>>();
  for (const { title } of api.titles) {
    const text = title.replace(/^\[[\d, ]+\] /u, '');
    for (const statement of statementsOf(title)) {
      found.getOrInsertComputed(statement, () => new Set<string>()).add(text);
    }
  }
  return found;
}

test('the table has every statement once', () => {
  const numbers = Array.from(readme.matchAll(/^\|\s*(\d+)\s*\|/gmu), ([, number]) =>
    Number(number),
  );
  expect(numbers).toEqual(Array.from({ length: STATEMENTS }, (_, i) => i + 1));
});

test('each test the table names exists', () => {
  const all = titles();
  for (const [statement, cell] of table) {
    for (const [, title] of cell.matchAll(/`([^`]+)`/gu)) {
      expect([...(all.get(statement) ?? [])], `statement ${statement}`).toContain(title);
    }
    for (const [, title = '', path = ''] of cell.matchAll(/\[([^\]]+)\]\(([^)]+)\)/gu)) {
      expect(textOf(`../${path}`), `statement ${statement}`).toContain(title);
    }
    expect(cell, `statement ${statement}`).toMatch(/`|\]\(/u);
  }
});

test('each statement that has tests names one of them', () => {
  for (const statement of titles().keys()) {
    expect(table.get(statement), `statement ${statement}`).toContain('`');
  }
});

test('the driver and the test in the README are those that run', () => {
  const blocks = Array.from(readme.matchAll(/```ts\n(.*?)```/gsu), ([, code]) => code);
  const own = /'\.\.\/\.\.\/src\/index\.ts'/u;
  expect(blocks).toEqual([
    textOf('example/latch.ts'),
    textOf('example/latch.test.ts').replace(own, "'@vfio-ts/conformance'"),
  ]);
});
