import { readFileSync } from 'node:fs';
import { join } from 'node:path';
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

test('every guide is on the site', () => {
  const text = readFileSync(join(ROOT, 'packages/site/typedoc.json'), 'utf8');
  const { projectDocuments }: { readonly projectDocuments: readonly string[] } = JSON.parse(text);
  const guides = markdownFiles().filter((name) => name.startsWith('docs/'));
  expect(projectDocuments).toEqual(expect.arrayContaining(guides.map((name) => `../../${name}`)));
});
