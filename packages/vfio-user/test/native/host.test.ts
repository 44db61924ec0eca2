import { expect, test } from 'vitest';
import { linuxHost } from '../../src/host.ts';
import { hasFd } from '../../src/memfd.ts';

test('time never runs backwards', () => {
  const { clock } = linuxHost();
  const times = Array.from({ length: 100 }, () => clock.now());
  expect(times).toEqual(times.toSorted((a, b) => a - b));
});

test('a timer fires once', async () => {
  const { clock } = linuxHost();
  const { promise, resolve } = Promise.withResolvers<void>();
  // An unreferenced timer would let the process end; this one holds it.
  const hold = setInterval(() => undefined, 1000);
  clock.after(0, resolve);
  await expect(promise).resolves.toBeUndefined();
  clearInterval(hold);
});

test('a cancelled timer does not fire', async () => {
  const { clock } = linuxHost();
  let fired = false;
  const timer = clock.after(0, () => {
    fired = true;
  });
  const { promise, resolve } = Promise.withResolvers<void>();
  timer.cancel();
  timer.cancel();
  const hold = setInterval(() => undefined, 1000);
  clock.after(0, () => clock.after(0, resolve));
  await promise;
  clearInterval(hold);
  expect(fired).toBe(false);
});

test('memory has a descriptor', () => {
  const memory = linuxHost().memory.alloc('m', 1);
  expect(hasFd(memory)).toBe(true);
  memory.close();
});

test('log lines go to the given logger, and nowhere without one', () => {
  const lines: string[] = [];
  const logger = {
    log: (_level: string, component: string, message: () => string) =>
      void lines.push(`${component}: ${message()}`),
  };
  linuxHost({ logger }).logger.log('info', 'vfio0', () => 'hello');
  linuxHost().logger.log('info', 'vfio0', () => {
    throw new Error('built though nobody wants it');
  });
  expect(lines).toEqual(['vfio0: hello']);
});
