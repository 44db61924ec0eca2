// Processes that change the same definition at the same time.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { parseDefinition } from '../../src/mdev/definition.ts';
import { Installation, uuidOf } from '../daemon/real.ts';

test('of changes by several processes at once none is lost', { timeout: 120_000 }, async () => {
  const at = new Installation();
  at.define(1, { mdev_type: 'mdpy-vga', start: 'manual', attrs: [] });
  const names = ['a', 'b', 'c', 'd', 'e', 'f'];
  const changes = names.map((name) =>
    at.run('modify', '-u', uuidOf(1), '--addattr', name, '--value', '1'),
  );
  const ends = await Promise.all(changes.map(({ ended }) => ended));
  expect(ends).toEqual(names.map(() => [0, null]));
  const file = join(at.definitions, 'mdpy', uuidOf(1));
  const { attrs } = parseDefinition(readFileSync(file, 'utf8'), file);
  expect(attrs.map(({ name }) => name).toSorted()).toEqual(names);
});
