// Definitions in files that somebody names.

import { textOf } from '../named-file.ts';
import { parseDefinition, type MdevDefinition } from './definition.ts';

/** The definition in a file. @throws Error it cannot be read; `EINVAL` it is none */
export function readDefinition(file: string): MdevDefinition {
  return parseDefinition(textOf(file), file);
}
