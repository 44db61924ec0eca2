import { describe, expect, test } from 'vitest';
import { HeapMemory } from '../../src/heap-memory.ts';
import { mappedBacking } from '../../src/dma/backing.ts';
import { codeOf, PAGE } from './fixture.ts';

describe('heap memory', () => {
  test('is zeroed and rounded up to whole pages', () => {
    const memory = new HeapMemory().alloc('ram', PAGE + 1);
    expect(memory.size).toBe(2 * PAGE);
    expect(memory.bytes.length).toBe(2 * PAGE);
    expect(memory.bytes.every((byte) => byte === 0)).toBe(true);
  });

  test.each([0, -1, 1.5, Number.NaN, 2 ** 60])('size %d is EINVAL', (size) => {
    expect(codeOf(() => new HeapMemory().alloc('ram', size))).toBe('EINVAL');
  });

  test('more than the engine gives is ENOMEM', () => {
    expect(codeOf(() => new HeapMemory().alloc('ram', 2 ** 52))).toBe('ENOMEM');
  });

  test('owner and mappings see the same bytes', () => {
    const memory = new HeapMemory().alloc('ram', 2 * PAGE);
    const mapping = memory.map(PAGE, PAGE);
    memory.bytes[PAGE + 3] = 7;
    mapping.bytes[4] = 8;
    expect(mapping.bytes[3]).toBe(7);
    expect(memory.bytes[PAGE + 4]).toBe(8);
  });

  test.each([
    [1, PAGE],
    [0, 100],
    [0, 0],
    [-PAGE, PAGE],
    [PAGE, 2 * PAGE],
    [2 * PAGE, PAGE],
  ])('a mapping of offset %d length %d is EINVAL', (offset, length) => {
    const memory = new HeapMemory().alloc('ram', 2 * PAGE);
    expect(codeOf(() => memory.map(offset, length))).toBe('EINVAL');
  });

  test('the bytes of an unmapped mapping are empty, those of others are not', () => {
    const memory = new HeapMemory().alloc('ram', PAGE);
    const [gone, kept] = [memory.map(0, PAGE), memory.map(0, PAGE)];
    gone.unmap();
    gone.unmap();
    expect(gone.bytes.length).toBe(0);
    expect(kept.bytes.length).toBe(PAGE);
  });

  test('kept views of others are good after an unmap', () => {
    const memory = new HeapMemory().alloc('ram', PAGE);
    const view = memory.bytes;
    memory.map(0, PAGE).unmap();
    expect(view.length).toBe(PAGE);
  });

  test('a mapping outlives close, and every view is detached after it', () => {
    const memory = new HeapMemory().alloc('ram', PAGE);
    const mapping = memory.map(0, PAGE);
    const stale = [memory.bytes, mapping.bytes];
    memory.close();
    expect(memory.bytes.length).toBe(0);
    expect(mapping.bytes.length).toBe(PAGE);
    mapping.unmap();
    expect(stale.map((view) => view.length)).toEqual([0, 0]);
  });

  test('close with no mappings detaches at once, a second close does nothing', () => {
    const memory = new HeapMemory().alloc('ram', PAGE);
    const stale = memory.bytes;
    memory.close();
    memory.close();
    expect(stale.length).toBe(0);
  });

  test('map after close is EBADF', () => {
    const memory = new HeapMemory().alloc('ram', PAGE);
    memory.close();
    expect(codeOf(() => memory.map(0, PAGE))).toBe('EBADF');
  });

  test('with detachOnUnmap a stale view is empty and the memory keeps its bytes', () => {
    const memory = new HeapMemory({ detachOnUnmap: true }).alloc('ram', PAGE);
    const [gone, kept] = [memory.map(0, PAGE), memory.map(0, PAGE)];
    const stale = gone.bytes;
    stale[5] = 9;
    gone.unmap();
    expect(stale.length).toBe(0);
    expect(memory.bytes[5]).toBe(9);
    kept.bytes[6] = 1;
    expect(memory.bytes[6]).toBe(1);
  });

  test('a backing follows its mapping and is empty once revoked', () => {
    const memory = new HeapMemory({ detachOnUnmap: true }).alloc('ram', 2 * PAGE);
    const backing = mappedBacking(memory, PAGE, PAGE);
    memory.map(0, PAGE).unmap();
    expect(backing.bytes.length).toBe(PAGE);
    backing.revoke();
    expect(backing.bytes.length).toBe(0);
  });

  test('a backing past the end of the memory is EINVAL', () => {
    const memory = new HeapMemory().alloc('ram', PAGE);
    expect(codeOf(() => mappedBacking(memory, PAGE, PAGE))).toBe('EINVAL');
  });
});
