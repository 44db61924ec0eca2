// A loop beside work of Node's own: the test says what time it is and how many events Node has had.

import { describe, expect, test } from 'vitest';
import { EventFd } from '../../src/eventfd.ts';
import { EventLoop } from '../../src/loop.ts';
import { interceptCalls } from '../../src/native/faults.ts';
import { turns, until } from './support.ts';

class Shared implements Disposable {
  readonly event = EventFd.create();
  readonly loop: EventLoop;
  time = 0;
  events = 0;
  reads = 0;
  idle = 0;

  constructor(idleAfter = 1000) {
    this.loop = new EventLoop({
      now: () => this.time,
      idleAfter,
      nodeEvents: () => this.events,
    });
    this.loop.add({
      fd: this.event.fd.number,
      onReadable: () => {
        this.event.read();
        this.reads++;
      },
      onIdle: () => this.idle++,
    });
  }

  /** Time passes, and Node has its turns. */
  async pass(ms: number): Promise<void> {
    this.time += ms;
    await turns(3);
  }

  /** Waits of the loop's own in a few turns of Node. */
  async waits(): Promise<number> {
    let count = 0;
    using _ = interceptCalls((call) => (call === 'epoll_wait' && count++, 0));
    await turns(20);
    return count;
  }

  [Symbol.dispose](): void {
    this.loop.close();
    this.event.close();
  }
}

describe('a loop that is awake', () => {
  test('waits by itself while Node has nothing to do', async () => {
    using shared = new Shared();
    await shared.pass(30);
    expect(await shared.waits()).toBeGreaterThan(10);
  });

  test('leaves the wait to Node while that has work of its own', async () => {
    using shared = new Shared();
    shared.events++;
    await shared.pass(30);
    expect(await shared.waits()).toBe(0);
  });

  test('hears of what comes while Node waits', async () => {
    using shared = new Shared();
    shared.events++;
    await shared.pass(30);
    shared.event.signal();
    await until(() => shared.reads === 1);
    expect(shared.event.read()).toBe(0);
  });

  test('does not take its own wake-ups for work of Node', async () => {
    using shared = new Shared();
    shared.events++;
    await shared.pass(30);
    shared.event.signal();
    shared.events++;
    await until(() => shared.reads === 1);
    shared.time += 150;
    shared.event.signal();
    await until(() => shared.reads === 2);
    await shared.pass(30);
    expect(await shared.waits()).toBeGreaterThan(10);
  });

  test('falls asleep while Node has work', async () => {
    using shared = new Shared(4);
    shared.events++;
    await shared.pass(3);
    shared.events++;
    shared.time += 10;
    await until(() => shared.idle === 1);
    shared.event.signal();
    await until(() => shared.reads === 1);
    expect(shared.event.read()).toBe(0);
  });
});

describe('time beside a loop', () => {
  test('no time at all is the next turn of Node', async () => {
    using shared = new Shared();
    let fired = 0;
    shared.loop.clock.after(0, () => fired++);
    await turns(2);
    expect(fired).toBe(1);
  });

  test('a handler that asks for no time at all is followed by Node at once', async () => {
    using shared = new Shared();
    using second = EventFd.create();
    let calls = 0;
    let fired = 0;
    const registration = shared.loop.add({
      fd: second.fd.number,
      onReadable: () => {
        calls++;
        if (calls === 1) shared.loop.clock.after(0, () => (fired = calls));
        if (calls === 1000) registration.remove();
      },
    });
    second.signal();
    await until(() => fired > 0);
    registration.remove();
    expect(fired).toBe(1);
  });

  test('a cancelled timer does not fire', async () => {
    using shared = new Shared();
    let fired = 0;
    shared.loop.clock.after(0, () => fired++).cancel();
    shared.loop.clock.after(1, () => fired++).cancel();
    shared.loop.clock.after(1, () => (fired += 10));
    await until(() => fired >= 10);
    expect(fired).toBe(10);
  });

  test('the next timer that is due is known, whatever is cancelled or fires', async () => {
    using shared = new Shared();
    const { clock } = shared.loop;
    expect(clock.due).toBe(Infinity);
    let isOver = false;
    clock.after(2, () => (isOver = true));
    const late = clock.after(3_600_000, () => undefined);
    const soon = clock.after(1, () => undefined);
    expect(clock.due).toBe(1);
    soon.cancel();
    expect(clock.due).toBe(2);
    await until(() => isOver);
    expect(clock.due).toBe(3_600_000);
    late.cancel();
    expect(clock.due).toBe(Infinity);
  });

  test('a busy loop ends its turn when a timer is due', async () => {
    using shared = new Shared(5000);
    using second = EventFd.create();
    let calls = 0;
    let sawAt = 0;
    const timer = shared.loop.clock.after(1000, () => undefined);
    shared.time = 999.5;
    const registration = shared.loop.add({
      fd: second.fd.number,
      onReadable: () => {
        calls++;
        shared.time += 0.25;
        if (calls === 1000) registration.remove();
      },
    });
    second.signal();
    setImmediate(() => (sawAt = calls));
    await until(() => sawAt > 0);
    registration.remove();
    timer.cancel();
    expect(sawAt).toBeLessThan(4);
  });
});
