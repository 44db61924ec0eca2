import { expect, test } from 'vitest';
import { EventLoop } from '../../src/loop.ts';
import { watchedSignals } from '../../src/signal-pair.ts';
import { openFds } from './support.ts';

test('what is signalled at one end is heard at the other, and whoever waits for it goes on', async () => {
  const before = openFds();
  const loop = new EventLoop();
  const { promise, resolve } = Promise.withResolvers<void>();
  const pair = watchedSignals(loop)(resolve);
  pair.signal.signal();
  await promise;
  pair.signal.close();
  pair.close();
  pair.close();
  loop.close();
  expect(openFds()).toBe(before);
});

test('the device may close its end while the other waits', async () => {
  const loop = new EventLoop();
  let fired = 0;
  const pair = watchedSignals(loop)(() => fired++);
  pair.signal.close();
  pair.signal.signal();
  await new Promise((done) => setImmediate(done));
  expect(fired).toBe(0);
  pair.close();
  loop.close();
});
