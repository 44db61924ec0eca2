// A loop that is busy with one source alone: what it waits for then, and what it does not forget.

import { readdirSync, readFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { EventFd } from '../../src/eventfd.ts';
import { EventLoop, type LoopRegistration, type LoopSource } from '../../src/loop.ts';
import { interceptCalls } from '../../src/native/faults.ts';
import { expectFds, openFds, turns, until } from './support.ts';

let openBefore: number;

beforeEach(() => {
  openBefore = openFds();
});

afterEach(async () => {
  await turns(2);
  expectFds(openBefore);
});

/** Receives after which a source has been alone for long. */
const LONG = 1000;

/** Whether an epoll set of this process has a descriptor in it. */
function isInSet(fd: number): boolean {
  const entry = new RegExp(`^tfd: +${fd} `, 'mu');
  return readdirSync('/proc/self/fdinfo').some((number) => {
    try {
      return entry.test(readFileSync(`/proc/self/fdinfo/${number}`, 'utf8'));
    } catch {
      return false;
    }
  });
}

/** A source that is alone: something comes for it until `end`. */
class Alone implements Disposable {
  readonly event = EventFd.create();
  readonly loop: EventLoop;
  readonly registration: LoopRegistration;
  time = 0;
  /** How often the clock was read. */
  looks = 0;
  /** What a message takes, in milliseconds. */
  step = 0.1;
  reads = 0;
  receives = 0;
  isOver = false;
  onReceive: () => void = () => undefined;

  constructor(source: Partial<LoopSource> = {}) {
    const now = (): number => (this.looks++, this.time);
    this.loop = new EventLoop({ now, turn: 1, idleAfter: 4, nodeEvents: () => 0 });
    this.registration = this.loop.add({
      fd: this.event.fd.number,
      onReadable: () => {
        this.event.read();
        this.reads++;
      },
      receive: () => {
        this.receives++;
        this.time += this.step;
        this.onReceive();
        return !this.isOver;
      },
      ...source,
    });
  }

  get isInSet(): boolean {
    return isInSet(this.event.fd.number);
  }

  /** Waits until it has been alone for long. */
  async settle(): Promise<void> {
    await this.signal();
    await this.signal();
    await until(() => this.receives > LONG);
  }

  /** Something comes, as a reader of the set sees it. */
  async signal(): Promise<void> {
    const { reads } = this;
    this.event.signal();
    await until(() => this.reads > reads);
  }

  /** How often the clock is read for each of many messages. */
  async looksPerMessage(): Promise<number> {
    const before = { looks: this.looks, receives: this.receives };
    await until(() => this.receives > before.receives + LONG);
    return (this.looks - before.looks) / (this.receives - before.receives);
  }

  [Symbol.dispose](): void {
    this.loop.close();
    this.event.close();
  }
}

describe('a source that is alone for long', () => {
  test('leaves the set of descriptors that are waited for', async () => {
    using alone = new Alone();
    await alone.settle();
    expect(alone.isInSet).toBe(false);
  });

  test('is in the set while only a few messages have come', async () => {
    using alone = new Alone();
    const seen: boolean[] = [];
    alone.onReceive = () => {
      if (alone.receives === 10) seen.push(alone.isInSet);
    };
    await alone.settle();
    expect(seen).toEqual([true]);
  });

  test('is in the set again once a wait for it was waited out', async () => {
    using alone = new Alone();
    await alone.settle();
    alone.isOver = true;
    await until(() => alone.isInSet);
    await alone.signal();
    expect(alone.reads).toBe(3);
  });

  test('does not keep another from being heard', async () => {
    using alone = new Alone();
    await alone.settle();
    using other = EventFd.create();
    let heard = 0;
    alone.loop.add({ fd: other.fd.number, onReadable: () => (other.read(), heard++) });
    for (const count of [1, 2, 3]) {
      other.signal();
      // oxlint-disable-next-line no-await-in-loop -- one after the other
      await until(() => heard === count);
    }
    expect(alone.receives).toBeGreaterThan(LONG);
  });

  test('is heard with another that became busy', async () => {
    using alone = new Alone();
    await alone.settle();
    using other = EventFd.create();
    let heard = 0;
    // It is never read, so the loop always has it to do.
    alone.loop.add({ fd: other.fd.number, onReadable: () => ((alone.time += 2), heard++) });
    other.signal();
    await until(() => heard > 10);
    await alone.signal();
    expect(alone.isInSet).toBe(true);
  });

  test('is told when there is room to write', async () => {
    let writes = 0;
    const onWritable = (): void => {
      writes++;
      alone.registration.watch(true, false);
    };
    using alone = new Alone({ onWritable });
    await alone.settle();
    alone.registration.watch(true, true);
    await until(() => writes > 0);
    await alone.signal();
    expect(writes).toBe(1);
  });

  test('is left alone when it wants to read no more', async () => {
    using alone = new Alone();
    await alone.settle();
    alone.registration.watch(false, false);
    await turns(3);
    const { receives } = alone;
    alone.event.signal();
    await turns(5);
    expect({ receives: alone.receives, isInSet: alone.isInSet }).toEqual({
      receives,
      isInSet: false,
    });
  });

  test('can be removed', async () => {
    using alone = new Alone();
    await alone.settle();
    alone.registration.remove();
    await turns(3);
    const { receives } = alone;
    await turns(3);
    expect([alone.receives, alone.isInSet, alone.loop.size]).toEqual([receives, false, 0]);
  });

  test('can be removed by its own receive', async () => {
    using alone = new Alone();
    alone.onReceive = () => {
      if (alone.receives > LONG) alone.registration.remove();
    };
    await alone.settle();
    await turns(3);
    expect([alone.receives, alone.loop.size]).toEqual([LONG + 1, 0]);
  });

  test('stays in the set where it cannot be taken out', async () => {
    using alone = new Alone();
    await alone.signal();
    using _ = interceptCalls((call) => (call === 'epoll_ctl' ? 12 : 0));
    await alone.signal();
    await until(() => alone.receives > LONG);
    expect(alone.isInSet).toBe(true);
  });

  test('is told when it cannot be put back, and the loop goes on', async () => {
    const errors: unknown[] = [];
    using alone = new Alone({ onError: (error) => errors.push(error) });
    using other = EventFd.create();
    let heard = 0;
    alone.loop.add({ fd: other.fd.number, onReadable: () => (other.read(), heard++) });
    await alone.settle();
    {
      using _ = interceptCalls((call) => (call === 'epoll_ctl' ? 28 : 0));
      alone.isOver = true;
      await until(() => errors.length > 0);
    }
    other.signal();
    await until(() => heard > 0);
    expect(errors).toEqual([expect.objectContaining({ code: 'ENOSPC' })]);
  });
});

describe('the clock', () => {
  test('is read once for four messages that follow one another quickly', async () => {
    using alone = new Alone();
    alone.step = 0.005;
    await alone.settle();
    const looks = await alone.looksPerMessage();
    expect(looks).toBeGreaterThan(0.25);
    expect(looks).toBeLessThan(0.3);
  });

  test('is read for each message that takes its time', async () => {
    using alone = new Alone();
    alone.step = 0.2;
    await alone.settle();
    expect(await alone.looksPerMessage()).toBeGreaterThan(1);
  });

  test('is read for each message while a timer runs', async () => {
    using alone = new Alone();
    alone.step = 0.005;
    await alone.settle();
    const timer = alone.loop.clock.after(1e6, () => undefined);
    expect(await alone.looksPerMessage()).toBeGreaterThan(1);
    timer.cancel();
  });

  test('is not kept waiting long by messages that become slow at once', async () => {
    using alone = new Alone();
    alone.step = 0.005;
    await alone.settle();
    alone.step = 0.9;
    const begin = alone.receives;
    await turns(1);
    expect(alone.receives - begin).toBeLessThanOrEqual(5);
  });
});
