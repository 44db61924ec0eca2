import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { hasFd, MemfdBackend, MemfdMemory } from '../../src/memfd.ts';
import { F_SEAL_GROW, F_SEAL_SEAL, F_SEAL_SHRINK } from '../../src/native/constants.ts';
import * as libc from '../../src/native/libc.ts';
import { PAGE_SIZE } from '../../src/native/memory.ts';
import { fdCensus } from './support.ts';

test('memory is zeroed and its size a multiple of the page size', () => {
  using _ = fdCensus();
  using memory = new MemfdBackend().alloc('m', PAGE_SIZE + 1);
  expect(memory.size).toBe(2 * PAGE_SIZE);
  expect(memory.bytes.length).toBe(2 * PAGE_SIZE);
  expect(memory.bytes.every((byte) => byte === 0)).toBe(true);
});

test('nobody can change the size of the file', () => {
  using memory = new MemfdMemory('m', PAGE_SIZE);
  const seals = F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL;
  expect(libc.getSeals(memory.fd.number)).toBe(seals);
  for (const size of [0, 2 * PAGE_SIZE]) {
    expect(() => libc.ftruncate(memory.fd.number, size)).toThrow(
      expect.objectContaining({ code: 'EPERM' }),
    );
  }
});

test('a mapping shows the bytes of its part', () => {
  using memory = new MemfdMemory('m', 2 * PAGE_SIZE);
  const mapping = memory.map(PAGE_SIZE, PAGE_SIZE);
  mapping.bytes[3] = 9;
  expect(memory.bytes[PAGE_SIZE + 3]).toBe(9);
  mapping.unmap();
});

test('close detaches the own bytes, and a mapping stays until its own unmap', () => {
  using _ = fdCensus();
  const memory = new MemfdMemory('m', PAGE_SIZE);
  const mapping = memory.map(0, PAGE_SIZE);
  const { bytes } = memory;
  memory.close();
  mapping.bytes[0] = 4;
  expect([bytes.length, mapping.bytes[0]]).toEqual([0, 4]);
  mapping.unmap();
  expect(mapping.bytes.length).toBe(0);
});

test.for([
  ['before the start', -PAGE_SIZE, PAGE_SIZE],
  ['past the end', PAGE_SIZE, 2 * PAGE_SIZE],
  ['empty', 0, 0],
  ['unaligned offset', 8, PAGE_SIZE],
  ['unaligned length', 0, 100],
  ['no number', Number.NaN, PAGE_SIZE],
  ['beyond what can be counted', 2 ** 53, PAGE_SIZE],
] as const)('mapping a range that is %s throws EINVAL', ([, offset, length]) => {
  using memory = new MemfdMemory('m', 2 * PAGE_SIZE);
  expect(() => memory.map(offset, length)).toThrow(expect.objectContaining({ code: 'EINVAL' }));
});

test('mapping closed memory throws ENODEV', () => {
  const memory = new MemfdMemory('m', PAGE_SIZE);
  memory.close();
  expect(() => memory.map(0, PAGE_SIZE)).toThrow(expect.objectContaining({ code: 'ENODEV' }));
});

test.for([0, -1, 0.5, Number.NaN, 2 ** 60])('memory of %s bytes throws EINVAL', (size) => {
  using _ = fdCensus();
  expect(() => new MemfdMemory('m', size)).toThrow(expect.objectContaining({ code: 'EINVAL' }));
});

test('24 GiB can be seen without being there', () => {
  using _ = fdCensus();
  const size = 24 * 2 ** 30;
  using memory = new MemfdMemory('large', size);
  memory.bytes[size - 1] = 1;
  const mapping = memory.map(size - PAGE_SIZE, PAGE_SIZE);
  expect([memory.bytes.length, mapping.bytes[PAGE_SIZE - 1]]).toEqual([size, 1]);
  mapping.unmap();
  const status = readFileSync('/proc/self/status', 'utf8');
  const resident = Number(/VmRSS:\s+(\d+) kB/.exec(status)?.[1]);
  expect(resident).toBeLessThan(2 * 2 ** 20);
});

test('memory over a memfd has a descriptor and memory over a heap has none', () => {
  using memory = new MemfdMemory('m', PAGE_SIZE);
  expect(hasFd(memory)).toBe(true);
  const heap = {
    size: 16,
    bytes: new Uint8Array(16),
    map: () => ({ bytes: new Uint8Array(16), unmap: () => undefined }),
    close: () => undefined,
  };
  expect(hasFd(heap)).toBe(false);
});
