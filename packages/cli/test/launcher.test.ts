import { expect, test } from 'vitest';
import { launchers } from '../src/launcher.ts';

const chain = (titles: readonly string[]) => (pid: number) => {
  const title = titles[pid - 10];
  return title === undefined ? undefined : { pid, parent: pid + 1, title };
};

test('npx, pnpm and the shells between are launchers; the shell above is not', () => {
  const titles = [
    'node main.js',
    'sh -c node',
    'pnpm vfio-ts',
    "sh -c 'pnpm'",
    'npm exec pnpm@12',
    'bash',
  ];
  expect(launchers(10, chain(titles))).toEqual([11, 12, 13, 14]);
});

test('a process started by hand has no launcher', () => {
  expect(launchers(10, chain(['node main.js', 'bash', 'sshd']))).toEqual([]);
});

test('a program whose arguments mention npm is no launcher', () => {
  expect(launchers(10, chain(['node main.js', 'sh -c npm run x', 'bash']))).toEqual([]);
});
