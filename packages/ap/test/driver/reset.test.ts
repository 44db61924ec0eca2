import { isSettled, outcome } from '@vfio-ts/conformance';
import { ManualClock } from '@vfio-ts/conformance/fakes';
import { describe, expect, test } from 'vitest';
import { AP_RESET_LIMIT_MS, AP_RESPONSE } from '../../src/index.ts';
import { Administrator, EXAMPLE, passing, type Guest } from '../support/administrator.ts';
import type { ScriptedQueue } from '../support/scripted-card.ts';

interface Running {
  readonly machine: Administrator;
  readonly clock: ManualClock;
  readonly guest: Guest;
  readonly queue: ScriptedQueue;
}

/** A guest with two queues, of which one is scripted. */
async function running(): Promise<Running> {
  const clock = new ManualClock();
  const machine = await Administrator.of({ ...EXAMPLE, clock });
  await machine.createWith(1, ['ap_config', '06,08,']);
  machine.takeHistory();
  return { machine, clock, guest: machine.open(1), queue: machine.queue(5, 4) };
}

async function stop({ machine, clock, guest }: Running): Promise<void> {
  await guest.close();
  await passing(
    clock,
    machine.ap.exclusive(() => undefined),
  );
  await passing(clock, machine[Symbol.asyncDispose]());
}

const { NORMAL, BUSY, RESET_IN_PROGRESS, DECONFIGURED, CHECKSTOPPED } = AP_RESPONSE;

describe('what a queue answers', () => {
  const dones = [NORMAL, DECONFIGURED, CHECKSTOPPED];
  test.each([
    ['at once', [], [], ['zapq@0', 'tapq@20'], 'ok'],
    [
      'after a while',
      [],
      [2, 5, 2, 0],
      ['zapq@0', 'tapq@20', 'tapq@40', 'tapq@60', 'tapq@80'],
      'ok',
    ],
    [
      'not in the first place, a reset being under way',
      [2],
      [2, 0],
      ['zapq@0', 'tapq@20', 'tapq@40', 'zapq@40', 'tapq@60'],
      'ok',
    ],
    [
      'not in the first place, being busy',
      [5],
      [],
      ['zapq@0', 'tapq@20', 'zapq@20', 'tapq@40'],
      'ok',
    ],
    [
      'not twice, changing its state',
      [0xa, 0xa],
      [0, 0],
      ['zapq@0', 'tapq@20', 'zapq@20', 'tapq@40', 'zapq@40', 'tapq@60'],
      'ok',
    ],
    [
      'that its association failed',
      [],
      [0x35, 0x36],
      ['zapq@0', 'tapq@20', 'zapq@20', 'tapq@40', 'zapq@40', 'tapq@60'],
      'ok',
    ],
    ['that it went away meanwhile', [], [3], ['zapq@0', 'tapq@20'], 'ok'],
    ['that it is deconfigured', [3], [], ['zapq@0'], 'EIO'],
    ['that it is checkstopped', [4], [], ['zapq@0'], 'EIO'],
    ['that it is not there', [1], [], ['zapq@0'], 'EIO'],
    ['nonsense to the look', [], [0x42], ['zapq@0', 'tapq@20'], 'ok'],
  ] as const)('%s', async (_, zapq, tapq, history, expected) => {
    const run = await running();
    const { queue, clock, guest, machine } = run;
    queue.script.zapq.push(...zapq);
    queue.script.tapq.push(...tapq);
    const result = outcome(() => guest.file.reset());
    expect(await passing(clock, result)).toBe(expected);
    expect(queue.take()).toEqual(history);
    const passable = (dones as readonly number[]).includes(
      machine.parent.device.queues.get(0x0504)?.resetStatus.responseCode ?? -1,
    );
    expect(passable).toBe(zapq[0] !== 1);
    await stop(run);
  });
});

test('all resets start together, and the slowest is waited for', async () => {
  const run = await running();
  const { machine, clock, guest, queue } = run;
  queue.script.tapq.push(2, 2, 2);
  const other = machine.queue(6, 4);
  const done = Promise.resolve(guest.file.reset());
  expect([queue.take(), other.take()]).toEqual([['zapq@0'], ['zapq@0']]);
  await isSettled(done);
  for (const at of [20, 40, 60]) {
    clock.advance(20);
    // oxlint-disable-next-line no-await-in-loop
    expect([at, await isSettled(done)]).toEqual([at, false]);
  }
  clock.advance(20);
  expect(await isSettled(done)).toBe(true);
  expect(other.take()).toEqual(['tapq@20']);
  await stop(run);
});

test.each([
  ['stays busy', [], BUSY],
  ['does not take the reset', [RESET_IN_PROGRESS], NORMAL],
])('a queue that %s is given up after its time, logged, and not passed', async (_, zapq, tapq) => {
  const run = await running();
  const { machine, clock, guest, queue } = run;
  const looks = AP_RESET_LIMIT_MS / 20;
  queue.script.zapq.push(...zapq.flatMap((code) => Array.from({ length: looks + 1 }, () => code)));
  queue.script.tapq.push(...Array.from({ length: looks }, () => tapq));
  expect(
    await passing(
      clock,
      outcome(() => guest.file.reset()),
    ),
  ).toBe('EIO');
  expect(clock.now()).toBe(AP_RESET_LIMIT_MS);
  expect(machine.logger.take('warn').map(({ message }) => message)).toEqual([
    expect.stringMatching(/^Waited 10000ms for reset of queue 05\.0004 .*gave up$/),
  ]);
  queue.script.zapq.length = 0;
  await passing(clock, machine.write(1, 'assign_adapter', '9'));
  expect(machine.lines(1, 'guest_matrix')).toEqual(['06.0004']);
  // The queues of the adapter that went by this were reset once more, which worked.
  await machine.write(1, 'assign_adapter', '10');
  expect(machine.lines(1, 'guest_matrix')).toEqual(['05.0004', '06.0004']);
  await stop(run);
});

test('nobody gets a queue before it is zeroised: a store waits for the close of another', async () => {
  const run = await running();
  const { machine, clock, guest, queue } = run;
  await machine.create(2);
  queue.script.tapq.push(2, 2);
  await guest.close();
  const moved = machine
    .write(1, 'unassign_adapter', '5')
    .then(() => machine.write(2, 'ap_config', '04,08,'));
  expect(await isSettled(moved)).toBe(false);
  clock.advance(20);
  expect([await isSettled(moved), machine.read(2, 'matrix')]).toEqual([false, '']);
  await passing(clock, moved);
  expect(machine.lines(2, 'guest_matrix')).toEqual(['05.0004']);
  await passing(clock, machine[Symbol.asyncDispose]());
});

test('nor before it is taken from another guest: a store waits for the store before it', async () => {
  const run = await running();
  const { machine, clock, queue } = run;
  await machine.create(2);
  queue.script.tapq.push(2, 2);
  const left = machine.write(1, 'unassign_adapter', '5');
  const taken = machine.write(2, 'ap_config', '04,08,');
  expect(machine.lines(1, 'guest_matrix')).toEqual(['06.0004']);
  for (const at of [20, 40]) {
    // oxlint-disable-next-line no-await-in-loop
    expect([at, await isSettled(taken), machine.read(2, 'matrix')]).toEqual([at, false, '']);
    clock.advance(20);
  }
  await passing(clock, left);
  await passing(clock, taken);
  expect(machine.lines(2, 'guest_matrix')).toEqual(['05.0004']);
  expect(queue.take().at(-1)).toBe('tapq@60');
  await stop(run);
});

test('a guest that comes after another gets the queues when they are zeroised', async () => {
  const run = await running();
  const { machine, clock, guest, queue } = run;
  const { shadow } = machine.mdev(1);
  queue.script.tapq.push(2);
  await guest.close();
  const next = machine.open(1);
  expect(machine.mdev(1).guestMasks.adapters.isEmpty).toBe(true);
  await isSettled(Promise.resolve());
  clock.advance(20);
  await isSettled(Promise.resolve());
  expect([machine.mdev(1).guestMasks.adapters.isEmpty, next.changes]).toEqual([true, 0]);
  clock.advance(20);
  await passing(
    clock,
    machine.ap.exclusive(() => undefined),
  );
  expect([machine.mdev(1).guestMasks, next.changes]).toEqual([shadow, 1]);
  await stop({ ...run, guest: next });
});
