// A thread of a device in plain Node, on what is published.

import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { temporaryFolder } from '../native/support.ts';

test('works without a test runner, and lets the process end by itself', { timeout: 60_000 }, () => {
  using folder = temporaryFolder();
  const built = new URL('../../dist/worker/worker-server.js', import.meta.url).href;
  const device = new URL('register.ts', import.meta.url).href;
  const program = `
    const { serveInWorker } = await import(${JSON.stringify(built)});
    const path = ${JSON.stringify(`${folder.path}/register.sock`)};
    const server = serveInWorker(new URL(${JSON.stringify(device)}), { path });
    await server.ready;
    const { device } = await server.stats();
    await server.close();
    const { reason } = await server.terminated;
    console.log(device, reason);`;
  const file = `${folder.path}/main.mjs`;
  writeFileSync(file, program);
  const { status, stdout, stderr } = spawnSync(process.execPath, [file], {
    encoding: 'utf8',
    timeout: 50_000,
  });
  expect({ status, stdout, stderr }).toEqual({ status: 0, stdout: 'vfio0 closed\n', stderr: '' });
});
