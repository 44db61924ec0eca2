import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import type { Apt } from './apt.ts';
import { RELEASE } from './apt.ts';
import { parsePsf } from './psf.ts';
import { FONT_PACKAGES } from './steps.ts';
import { unpackAll } from './unpack.ts';

/** The console font, as its step names it. */
export const FONT = 'vga16.psf';

/**
 * Makes the font's result in `work`: the VGA font in its usual 8x16, which is also the one that the
 * kernel has built in.
 */
export async function makeFont(work: string, apt: Apt): Promise<Record<string, string>> {
  const tree = join(work, 'tree');
  await apt.withFiles('font', FONT_PACKAGES, RELEASE, (debs) => unpackAll(debs, tree));
  const psf = gunzipSync(readFileSync(join(tree, 'usr/share/consolefonts/Lat15-VGA16.psf.gz')));
  const { height } = parsePsf(psf);
  writeFileSync(join(work, FONT), psf);
  rmSync(tree, { recursive: true, force: true });
  return { size: `8x${height}` };
}
