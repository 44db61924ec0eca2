// Definitions in files that somebody names.

import { readFileSync } from 'node:fs';
import { fileError } from '../errors.ts';
import { parseDefinition, type MdevDefinition } from './definition.ts';

/** The definition in a file. @throws Error it cannot be read; `EINVAL` it is none */
export function readDefinition(file: string): MdevDefinition {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    throw fileError(error, file);
  }
  return parseDefinition(text, file);
}
