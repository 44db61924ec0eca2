// Which links of files lead nowhere.

import { existsSync, readFileSync, statSync } from 'node:fs';
import { dirname, extname, join, relative } from 'node:path';
import { htmlPage, markdownPage, type Page } from './pages.ts';

/**
 * Looks up every link between files below a folder, headings included. Other sites are not asked.
 *
 * @param files - paths in the folder, ending in `.md` or `.html`
 * @returns a line for each link that leads nowhere
 */
export function brokenLinks(folder: string, files: readonly string[]): string[] {
  const pages = new Map<string, Page>();
  const pageOf = (file: string): Page => {
    const page = pages.get(file) ?? readPage(file);
    pages.set(file, page);
    return page;
  };
  return files.flatMap((name) => {
    const file = join(folder, name);
    const links = new Set(pageOf(file).links);
    return [...links].flatMap((link) => {
      const fault = faultOf(folder, file, link, pageOf);
      return fault === undefined ? [] : [`${name}: ${link}: ${fault}`];
    });
  });
}

function faultOf(
  folder: string,
  from: string,
  link: string,
  pageOf: (file: string) => Page,
): string | undefined {
  const [path = '', anchor = ''] = link.split('#');
  const target =
    path === '' ? from : join(dirname(from), decodeURIComponent(path.split('?')[0] ?? ''));
  if (relative(folder, target).startsWith('..')) return 'outside';
  if (!existsSync(target)) return 'no such file';
  // The site has no page for a folder.
  if (statSync(target).isDirectory()) return 'a folder; its README.md is a page';
  if (anchor === '' || !isPage(target)) return undefined;
  return pageOf(target).anchors.has(decodeURIComponent(anchor)) ? undefined : 'no such heading';
}

function isPage(file: string): boolean {
  return ['.md', '.html'].includes(extname(file));
}

function readPage(file: string): Page {
  const text = readFileSync(file, 'utf8');
  return extname(file) === '.md' ? markdownPage(text) : htmlPage(text);
}
