import { spawnSync } from 'node:child_process';
import { describe, expect, test } from 'vitest';

const HEAD = `
  const { EventLoop } = await import(${JSON.stringify(new URL('../../src/loop.ts', import.meta.url).href)});
  const { EventFd } = await import(${JSON.stringify(new URL('../../src/eventfd.ts', import.meta.url).href)});
  const asleep = (loop, event) => new Promise((resolve) =>
    loop.add({ fd: event.fd.number, onReadable: () => event.read(), onIdle: resolve }));
`;

/** Runs a program in a process of its own, which must end by itself. */
function run(program: string): { status: number | null; signal: string | null; out: string } {
  const { status, signal, stdout, stderr } = spawnSync(
    process.execPath,
    ['--input-type=module', '-e', HEAD + program],
    { encoding: 'utf8', timeout: 20000 },
  );
  return { status, signal, out: stdout + stderr };
}

const ended = { status: 0, signal: null, out: '' };

describe('the process', () => {
  test('ends when nothing is registered', () => {
    expect(run('new EventLoop();')).toEqual(ended);
  });

  test('ends when the last source of a sleeping loop is removed', () => {
    expect(
      run(`
        const loop = new EventLoop(), event = EventFd.create();
        const registration = loop.add({
          fd: event.fd.number, onReadable() {},
          onIdle: () => setImmediate(() => setImmediate(() => registration.remove())),
        });`),
    ).toEqual(ended);
  });

  test('ends when a sleeping loop is closed', () => {
    expect(
      run(`
        const loop = new EventLoop(), event = EventFd.create();
        await asleep(loop, event);
        setImmediate(() => { loop.close(); event.close(); });`),
    ).toEqual(ended);
  });

  test('can exit while a loop sleeps', () => {
    expect(
      run(`
        const loop = new EventLoop(), event = EventFd.create();
        await asleep(loop, event);
        setImmediate(() => process.exit(0));`),
    ).toEqual(ended);
  });

  test('lives on when a worker whose loop sleeps is terminated', () => {
    const worker = JSON.stringify(`${HEAD}
      const { parentPort } = await import('node:worker_threads');
      const loop = new EventLoop(), event = EventFd.create();
      await asleep(loop, event);
      setImmediate(() => parentPort.postMessage('asleep'));`);
    expect(
      run(`
        const { Worker } = await import('node:worker_threads');
        for (let round = 0; round < 3; round++) {
          const worker = new Worker(new URL('data:text/javascript,' + encodeURIComponent(${worker})));
          await new Promise((resolve, reject) => { worker.on('message', resolve); worker.on('error', reject); });
          await worker.terminate();
        }`),
    ).toEqual(ended);
  });
});
