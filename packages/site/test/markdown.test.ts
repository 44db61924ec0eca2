import { brokenLinks } from '../src/broken-links.ts';
import { markdownFiles, ROOT } from '../src/markdown-files.ts';
import { expect, test } from 'vitest';

test('every package and guide is looked at', () => {
  expect(markdownFiles()).toEqual(
    expect.arrayContaining([
      'README.md',
      'docs/guides/write-a-driver.md',
      'packages/core/README.md',
    ]),
  );
});

test('no link between Markdown files leads nowhere', () => {
  expect(brokenLinks(ROOT, markdownFiles())).toEqual([]);
});
