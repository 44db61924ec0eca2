// The documentation in the repository.

import { globSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** Folder of the repository. */
export const ROOT: string = fileURLToPath(new URL('../../..', import.meta.url));

const GENERATED = /(?:^|\/)(?:node_modules|dist|\.cache|\.reports|api|site)$/u;

/** Paths of all Markdown files that people wrote. */
export function markdownFiles(): string[] {
  const files = globSync(['*.md', 'docs/**/*.md', 'packages/*/**/*.md'], {
    cwd: ROOT,
    exclude: (name) => GENERATED.test(name),
  });
  return files.toSorted();
}
