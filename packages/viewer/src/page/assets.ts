// The files of the page: its own, and noVNC's as its package has them.

import { readFile } from 'node:fs/promises';
import { extname } from 'node:path';

/** A file as it is answered. */
export interface Asset {
  readonly type: string;
  readonly bytes: Buffer;
}

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.svg': 'image/svg+xml',
};

/** Where files are, by the first part of their address. Scripts are compiled, everything else is not. */
const SOURCE = new URL('../../src/page/web/', import.meta.url);
const SCRIPTS = new URL('../../dist/page/web/', import.meta.url);
const NOVNC = new URL('../', import.meta.resolve('@novnc/novnc'));

/** One name of a file or folder: no dot at its beginning, so that no path leads out. */
const PART = String.raw`[\w-][\w.-]*`;
const OWN = new RegExp(`^/page/(${PART})$`, 'u');
const NOVNC_FILE = new RegExp(String.raw`^/novnc/((?:core|vendor)/(?:${PART}/)*${PART}\.js)$`, 'u');

/** The file at an address; `undefined` where there is none. */
export async function assetAt(path: string): Promise<Asset | undefined> {
  const url = fileOf(path);
  const type = url && TYPES[extname(url.pathname)];
  if (url === undefined || type === undefined) return undefined;
  try {
    return { type, bytes: await readFile(url) };
  } catch {
    return undefined;
  }
}

function fileOf(path: string): URL | undefined {
  if (path === '/') return new URL('index.html', SOURCE);
  const [, own] = OWN.exec(path) ?? [];
  if (own !== undefined) return new URL(own, own.endsWith('.js') ? SCRIPTS : SOURCE);
  const [, novnc] = NOVNC_FILE.exec(path) ?? [];
  return novnc === undefined ? undefined : new URL(novnc, NOVNC);
}
