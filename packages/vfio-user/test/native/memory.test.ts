import { expect, test } from 'vitest';
import { mapPrivate, type NativeMemory, PAGE_SIZE } from '../../src/native/memory.ts';

function access(bytes: Uint8Array, index: number): number {
  let sum = 0;
  for (let step = 0; step < 64; step++) {
    bytes[index] = step;
    sum += bytes[index] ?? 1000;
  }
  return sum;
}

function countMissing(memory: NativeMemory, stopAt: number): number {
  const { bytes } = memory;
  let missing = 0;
  for (let step = 0; step < 1000; step++) {
    if (step === stopAt) memory.unmap();
    if (bytes[step] === undefined) missing++;
  }
  return missing;
}

test('a stale typed array has length 0, reads undefined and its writes vanish', () => {
  const memory = mapPrivate(PAGE_SIZE);
  const words = new Uint32Array(memory.bytes.buffer, 16, 4);
  words[0] = 5;
  memory.unmap();
  words[0] = 6;
  expect([memory.bytes.length, words.length, words.byteOffset]).toEqual([0, 0, 0]);
  expect(words[0]).toBeUndefined();
});

test('a stale DataView throws and does not read', () => {
  const memory = mapPrivate(PAGE_SIZE);
  const view = new DataView(memory.bytes.buffer);
  memory.unmap();
  expect(() => view.getUint32(0)).toThrow(TypeError);
});

test('a stale view reads nothing in code that was optimised for a live one', () => {
  const memory = mapPrivate(PAGE_SIZE);
  const view = memory.bytes;
  for (let round = 0; round < 20000; round++) access(view, round % PAGE_SIZE);
  memory.unmap();
  expect(access(view, 8)).toBe(64000);
});

test('unmapping in the middle of optimised code is seen by the next access', () => {
  const first = mapPrivate(PAGE_SIZE);
  const last = mapPrivate(PAGE_SIZE);
  for (let round = 0; round < 5000; round++) countMissing(first, -1);
  expect(countMissing(last, 400)).toBe(600);
  first.unmap();
});

test('a second unmap leaves what was mapped at the address since', () => {
  const memory = mapPrivate(PAGE_SIZE);
  memory.unmap();
  using next = mapPrivate(PAGE_SIZE);
  memory.unmap();
  next.bytes[0] = 1;
  expect(next.bytes[0]).toBe(1);
});

test('discarded pages read as zero', () => {
  using memory = mapPrivate(2 * PAGE_SIZE);
  memory.bytes.fill(7);
  memory.discard(PAGE_SIZE, PAGE_SIZE);
  expect([memory.bytes[PAGE_SIZE - 1], memory.bytes[PAGE_SIZE]]).toEqual([7, 0]);
});

test.for([0, -1, 1.5, Number.NaN, Infinity])('mapping %s bytes throws EINVAL', (size) => {
  expect(() => mapPrivate(size)).toThrow(expect.objectContaining({ code: 'EINVAL' }));
});
