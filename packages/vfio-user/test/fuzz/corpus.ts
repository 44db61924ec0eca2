// Cases that once found something, or that cover what random ones seldom reach.

import { readdirSync, readFileSync } from 'node:fs';

const folder = new URL('corpus/', import.meta.url);

/** The cases of one kind, by the name of their files. */
export function corpus<Case>(kind: string): (readonly [name: string, sample: Case])[] {
  const cases = new URL(`${kind}/`, folder);
  return readdirSync(cases)
    .toSorted()
    .map((file) => {
      const sample: Case = JSON.parse(readFileSync(new URL(file, cases), 'utf8'));
      return [file, sample];
    });
}
