// The code in the guides is code that is tested: every block is a part of a file here.
import { globSync, readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { expect, test } from 'vitest';

const root = new URL('..', import.meta.url).pathname;
const guides = new URL('../../../docs/guides/', import.meta.url).pathname;

/** Lines without indentation and blank lines, so that a part is found wherever it stands. */
function normal(text: string): string {
  const lines = text.split('\n').map((line) => line.trim());
  return `\n${lines.filter((line) => line !== '').join('\n')}\n`;
}

const sources = globSync(['src/*.ts', 'test/*.ts'], { cwd: root }).map((name) =>
  normal(readFileSync(`${root}${name}`, 'utf8')),
);

const blocks = globSync('*.md', { cwd: guides }).flatMap((name) => {
  const text = readFileSync(`${guides}${name}`, 'utf8');
  return Array.from(text.matchAll(/^```ts\n(.*?)^```$/gmsu), ([, code = ''], i) => ({
    title: `${basename(name)}, block ${i + 1}`,
    code,
  }));
});

test('the guides have code', () => {
  expect(blocks.length).toBeGreaterThan(5);
});

test.each(blocks)('$title is code that is tested', ({ code }) => {
  expect(sources.some((source) => source.includes(normal(code)))).toBe(true);
});
