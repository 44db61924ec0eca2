import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { hashInputs, makeResult, readStamp } from '../src/stamp.ts';
import { stepInputs } from '../src/steps.ts';
import { tempDir } from './temp-dir.ts';

test('inputs that differ only in where they are cut have different hashes', () => {
  expect(hashInputs(['ab', 'c'])).not.toBe(hashInputs(['a', 'bc']));
  expect(hashInputs(['a', 'b'])).not.toBe(hashInputs(['b', 'a']));
});

test('a finished step is found again with its facts', async () => {
  using temp = tempDir();
  const dir = join(temp.path, 'step');
  await makeResult(dir, join(temp.path, 'tmp'), 'in', async (work) => {
    writeFileSync(join(work, 'file'), 'content');
    return { version: '1' };
  });
  expect(readFileSync(join(dir, 'file'), 'utf8')).toBe('content');
  expect(readStamp(dir, 'in')).toEqual({ inputs: 'in', facts: { version: '1' } });
});

test('a step of other inputs is not found', async () => {
  using temp = tempDir();
  const dir = join(temp.path, 'step');
  await makeResult(dir, join(temp.path, 'tmp'), 'old', async () => ({}));
  expect(readStamp(dir, 'new')).toBeUndefined();
});

test('a step that fails leaves what was there and nothing else', async () => {
  using temp = tempDir();
  const dir = join(temp.path, 'step');
  const tmp = join(temp.path, 'tmp');
  await makeResult(dir, tmp, 'in', async () => ({ version: '1' }));
  const failing = makeResult(dir, tmp, 'in', async (work) => {
    writeFileSync(join(work, 'half'), '');
    throw new Error('disk full');
  });
  await expect(failing).rejects.toThrow('disk full');
  expect(readStamp(dir, 'in')?.facts).toEqual({ version: '1' });
  expect(readdirSync(tmp)).toEqual([]);
});

test('a new result takes the place of the old one whole', async () => {
  using temp = tempDir();
  const dir = join(temp.path, 'step');
  const tmp = join(temp.path, 'tmp');
  await makeResult(dir, tmp, 'a', async (work) => {
    writeFileSync(join(work, 'old'), '');
    return {};
  });
  await makeResult(dir, tmp, 'b', async () => ({}));
  expect(existsSync(join(dir, 'old'))).toBe(false);
  expect(readdirSync(tmp)).toEqual([]);
});

test.each([
  ['no stamp', undefined],
  ['a stamp that is no JSON', '{'],
  ['a stamp that is no object', '[]'],
  ['a stamp without facts', '{"inputs":"in"}'],
])('%s counts as absent', (_, text) => {
  using temp = tempDir();
  mkdirSync(join(temp.path, 'step'));
  if (text !== undefined) writeFileSync(join(temp.path, 'step', 'stamp.json'), text);
  expect(readStamp(join(temp.path, 'step'), 'in')).toBeUndefined();
});

test('the steps have inputs of their own, the same each time', () => {
  const inputs = Object.values(stepInputs());
  expect(new Set(inputs).size).toBe(7);
  expect(Object.values(stepInputs())).toEqual(inputs);
});
