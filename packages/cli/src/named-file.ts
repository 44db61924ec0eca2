// Files that somebody names on the command line.

import { readFileSync } from 'node:fs';
import { fileError } from './errors.ts';

/** The text of a file. @throws Error it cannot be read, with what to do */
export function textOf(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw fileError(error, file);
  }
}
