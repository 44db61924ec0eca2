import { globSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { brokenLinks } from '../src/broken-links.ts';
import { buildSite } from '../src/build-site.ts';
import { expect, onTestFinished, test } from 'vitest';

test('the API site has no warnings and no broken links', { timeout: 1_200_000 }, async () => {
  const out = mkdtempSync(join(tmpdir(), 'vfio-ts-site-'));
  onTestFinished(() => rmSync(out, { recursive: true }));
  expect(await buildSite(out)).toEqual([]);
  const pages = globSync('**/*.html', { cwd: out });
  expect(pages).toEqual(
    expect.arrayContaining(['index.html', 'functions/_vfio-ts_core.allocDevice.html']),
  );
  expect(brokenLinks(out, pages)).toEqual([]);
});
