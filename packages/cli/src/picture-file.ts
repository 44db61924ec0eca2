// Pictures as PNG files.

import { renameSync, writeFileSync } from 'node:fs';
import type { Picture } from '@vfio-ts/core';
import { encode } from 'fast-png';

/** Writes a PNG; whoever looks at the file sees a whole picture, the old or the new one. */
export function writePng(path: string, { width, height, rgba }: Picture): void {
  const partial = `${path}.part`;
  writeFileSync(partial, encode({ width, height, data: rgba, channels: 4, depth: 8 }));
  renameSync(partial, path);
}
