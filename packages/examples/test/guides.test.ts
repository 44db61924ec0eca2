// The code in guides and READMEs is code that is tested: every block is a part of a file here.
import { globSync, readFileSync } from 'node:fs';
import { codeBlocks } from '@vfio-ts/lab';
import { expect, test } from 'vitest';

const root = new URL('..', import.meta.url).pathname;
const workspace = new URL('../../..', import.meta.url).pathname;
const documents = ['README.md', 'docs/guides/*.md', 'packages/{core,vfio-user}/README.md'];

/** Lines without indentation and blank lines, so that a part is found wherever it stands. */
function normal(text: string): string {
  const lines = text.split('\n').map((line) => line.trim());
  return `\n${lines.filter((line) => line !== '').join('\n')}\n`;
}

// A driver of another package is tested where the command is.
const uart = ['../cli/test/drivers/uart/src/driver.ts', '../cli/test/drivers/uart/package.json'];
const sources = globSync(['src/*.ts', 'test/*.ts', ...uart], { cwd: root }).map((name) =>
  normal(readFileSync(`${root}${name}`, 'utf8')),
);

const blocks = globSync(documents, { cwd: workspace }).flatMap((name) =>
  ['ts', 'json'].flatMap((language) =>
    codeBlocks(`${workspace}${name}`, language).map((code, i) => ({
      title: `${name}, ${language} ${i + 1}`,
      code,
    })),
  ),
);

test('the guides have code', () => {
  expect(blocks.length).toBeGreaterThan(5);
});

test.each(blocks)('$title is code that is tested', ({ code }) => {
  expect(sources.some((source) => source.includes(normal(code)))).toBe(true);
});
