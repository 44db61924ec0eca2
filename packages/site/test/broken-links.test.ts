import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { brokenLinks } from '../src/broken-links.ts';
import { expect, onTestFinished, test } from 'vitest';

/** Writes files to a folder of their own and looks for broken links in those that are pages. */
function check(files: Readonly<Record<string, string>>): string[] {
  const folder = mkdtempSync(join(tmpdir(), 'vfio-ts-links-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), text);
  }
  const pages = Object.keys(files).filter((name) => /\.(?:md|html)$/u.test(name));
  return brokenLinks(folder, pages);
}

const other = '# One two\n\n## It is `a`, b!\n\n## It is `a`, b!\n';

test.each([
  ['a file', '[x](docs/other.md)'],
  ['a heading here', '# A title\n[x](#a-title)'],
  ['a heading elsewhere', '[x](docs/other.md#one-two)'],
  ['a heading with code and punctuation', '[x](docs/other.md#it-is-a-b)'],
  ['the second heading of one name', '[x](docs/other.md#it-is-a-b-1)'],
  ['a picture', '![x](picture.png)'],
  ['a link by name', '[x][there]\n\n[there]: docs/other.md'],
  ['another site', '[x](https://example.org/nothing)'],
  ['code, which is not a link', '```\n[x](nothing)\n```\nand `[x](nothing)`'],
])('%s is found', (_what, text) => {
  expect(check({ 'a.md': text, 'docs/other.md': other, 'picture.png': '' })).toEqual([]);
});

test.each([
  ['[x](nothing.md)', 'nothing.md: no such file'],
  ['[x](docs)', 'docs: a folder; its README.md is a page'],
  ['![x](nothing.png)', 'nothing.png: no such file'],
  ['[x](docs/other.md#three)', 'docs/other.md#three: no such heading'],
  ['[x](#here)', '#here: no such heading'],
  ['[x](docs/other.md#it-is-a-b-2)', 'docs/other.md#it-is-a-b-2: no such heading'],
  ['[x][there]\n\n[there]: nothing', 'nothing: no such file'],
  ['[x](../outside.md)', '../outside.md: outside'],
])('%j is told', (text, told) => {
  expect(check({ 'a.md': text, 'docs/other.md': other })).toEqual([`a.md: ${told}`]);
});

test('the pages of a site are looked at as well', () => {
  const page =
    '<h1 id="a&lt;b&gt;">x</h1><a href="#a%3Cb%3E">1</a><a href="b.html#c">2</a><img src="d.png">';
  expect(check({ 'a.html': page, 'b.html': '<a name="c">' })).toEqual([
    'a.html: d.png: no such file',
  ]);
});
