import { expect, test } from 'vitest';
import { OwnedFd } from '../../src/fd.ts';
import * as libc from '../../src/native/libc.ts';
import { fdCensus, openFds } from './support.ts';

test('a closed descriptor has number -1', () => {
  const fd = new OwnedFd(libc.eventfd());
  fd.close();
  expect(fd.number).toBe(-1);
});

test('a second close does not close another file that got the number', () => {
  using _ = fdCensus();
  const fd = new OwnedFd(libc.eventfd());
  const { number } = fd;
  fd.close();
  using next = new OwnedFd(libc.eventfd());
  expect(next.number).toBe(number);
  fd.close();
  expect(libc.statusFlags(number)).toBeGreaterThan(0);
});

test('a dup outlives the descriptor it was made of', () => {
  using _ = fdCensus();
  const fd = new OwnedFd(libc.eventfd());
  using copy = fd.dup();
  fd.close();
  expect(libc.statusFlags(copy.number)).toBeGreaterThan(0);
});

test('leaving a using scope closes the descriptor', () => {
  const before = openFds();
  {
    using _ = new OwnedFd(libc.eventfd());
    expect(openFds()).toBe(before + 1);
  }
  expect(openFds()).toBe(before);
});

test('dup of a closed descriptor throws EBADF', () => {
  const fd = new OwnedFd(libc.eventfd());
  fd.close();
  expect(() => fd.dup()).toThrow(expect.objectContaining({ code: 'EBADF' }));
});

test.for([-1, 1.5, Number.NaN])('owning descriptor %s throws EBADF', (number) => {
  expect(() => new OwnedFd(number)).toThrow(expect.objectContaining({ code: 'EBADF' }));
});
