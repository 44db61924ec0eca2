// The threads of cards in plain Node, on what is published.

import { spawnSync } from 'node:child_process';
import { expect, test } from 'vitest';

const PROGRAM = `
  const { WorkerPool } = await import(process.argv[1]);
  const pool = new WorkerPool(1);
  const job = { kind: 'modexpo', base: [7], exponent: [5], modulus: [101] };
  for (const name of ['base', 'exponent', 'modulus']) job[name] = Uint8Array.from(job[name]);
  pool.submit(job, (result) => console.log(result[0]));`;

test('works without a test runner, and lets the process end by itself', () => {
  const built = new URL('../../dist/soft/pool.js', import.meta.url).href;
  const args = ['--input-type=module', '--eval', PROGRAM, built];
  const { status, stdout, stderr } = spawnSync(process.execPath, args, {
    encoding: 'utf8',
    timeout: 50_000,
  });
  expect({ status, stdout, stderr }).toEqual({
    status: 0,
    stdout: `${7 ** 5 % 101}\n`,
    stderr: '',
  });
});
