import { array, assert, asyncProperty, constantFrom, nat, record } from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Supervisor } from '../../src/daemon/supervisor.ts';
import { orderOf, settled, testHost } from './support.ts';

function supervised() {
  const host = testHost();
  return { host, supervisor: new Supervisor(host) };
}

describe('a supervisor', () => {
  test('starts a device and says what it said', async () => {
    const { host, supervisor } = supervised();
    const started = supervisor.start(orderOf());
    await host.newest().serve();
    await expect(started).resolves.toMatchObject({ driver: 'mdpy-sample' });
    expect(supervisor.device(orderOf().uuid.toUpperCase())?.state).toBe('running');
  });

  test('forgets a device that did not start, and says why', async () => {
    const { host, supervisor } = supervised();
    const started = supervisor.start(orderOf());
    await host.newest().end('there is no image');
    await expect(started).rejects.toThrow(/ did not start: there is no image$/u);
    expect(supervisor.devices).toEqual([]);
  });

  test('refuses a device that runs or is stopping', async () => {
    const { host, supervisor } = supervised();
    const started = supervisor.start(orderOf());
    await expect(supervisor.start(orderOf())).rejects.toMatchObject({ code: 'EEXIST' });
    await host.newest().serve();
    await started;
    await expect(supervisor.start(orderOf())).rejects.toMatchObject({ code: 'EEXIST' });
    const stopped = supervisor.stop(orderOf().uuid);
    await expect(supervisor.start(orderOf())).rejects.toMatchObject({ code: 'EBUSY' });
    await host.newest().end();
    await stopped;
    expect(supervisor.devices).toEqual([]);
    await expect(supervisor.stop(orderOf().uuid)).rejects.toMatchObject({ code: 'ENOENT' });
  });

  test('starts a device that waits at once', async () => {
    const { host, supervisor } = supervised();
    const started = supervisor.start(orderOf());
    await host.newest().serve();
    await started;
    await host.newest().end();
    const again = supervisor.start(orderOf());
    await host.newest().serve();
    await again;
    await host.clock.pass(60_000);
    expect(host.processes).toHaveLength(2);
  });

  test('the end of one device does not touch another', async () => {
    const { host, supervisor } = supervised();
    const both = supervisor.keep([orderOf(1), orderOf(2)]);
    for (const process of host.processes) void process.serve();
    await both;
    await host.processes[0]?.end();
    expect(supervisor.devices.map(({ state }) => state)).toEqual(['waiting', 'running']);
    expect(host.processes[1]?.asked).toEqual([]);
  });

  test('starts no more devices at once than it may', async () => {
    const { host, supervisor } = supervised();
    const kept = supervisor.keep([1, 2, 3, 4, 5].map((n) => orderOf(n)));
    expect(host.processes).toHaveLength(2);
    await host.processes[0]?.serve();
    expect(host.processes).toHaveLength(3);
    await host.processes[1]?.end('there is no image');
    expect(host.processes).toHaveLength(4);
    for (const i of [2, 3, 4]) {
      // oxlint-disable-next-line no-await-in-loop
      await host.processes[i]?.serve();
    }
    await kept;
    expect(supervisor.devices.map(({ state }) => state)).toEqual([
      'running',
      'waiting',
      'running',
      'running',
      'running',
    ]);
  });

  test('closes when all processes are gone, and starts none after that', async () => {
    const { host, supervisor } = supervised();
    const kept = supervisor.keep([orderOf(1), orderOf(2), orderOf(3)]);
    await host.processes[0]?.serve();
    await host.processes[1]?.end('there is no image');
    let isClosed = false;
    const closed = supervisor.close().then(() => (isClosed = true));
    await expect(supervisor.start(orderOf(4))).rejects.toMatchObject({ code: 'ECANCELED' });
    for (const process of host.processes) {
      expect(isClosed).toBe(false);
      // oxlint-disable-next-line no-await-in-loop
      await process.end();
    }
    await closed;
    await kept;
    expect(host.clock.waiting).toBe(0);
  });
});

test('whatever happens, a device has one process at most, and closing ends all', async () => {
  const event = record({
    what: constantFrom('start', 'keep', 'stop', 'serve', 'end', 'fail', 'pass'),
    which: nat(2),
    ms: constantFrom(50, 100, 5000, 30_000, 120_000),
  });
  await assert(
    asyncProperty(array(event, { maxLength: 60 }), async (events) => {
      const { host, supervisor } = supervised();
      const alive = (uuid: string) =>
        host.processes.filter((process) => process.isAlive && process.order.uuid === uuid);
      for (const { what, which, ms } of events) {
        const order = orderOf(which);
        const [process] = alive(order.uuid);
        if (what === 'start') supervisor.start(order).catch(() => undefined);
        if (what === 'keep') void supervisor.keep([order]);
        if (what === 'stop') supervisor.stop(order.uuid).catch(() => undefined);
        if (what === 'serve') void process?.serve();
        if (what === 'end') void process?.end();
        if (what === 'fail') void process?.end('no driver', true);
        // oxlint-disable-next-line no-await-in-loop
        await (what === 'pass' ? host.clock.pass(ms) : settled());
        for (const n of [0, 1, 2]) {
          const { uuid } = orderOf(n);
          const state = supervisor.device(uuid)?.state;
          const hasProcess = state === 'starting' || state === 'running' || state === 'stopping';
          expect(alive(uuid)).toHaveLength(hasProcess ? 1 : 0);
        }
      }
      const closed = supervisor.close();
      for (const process of host.processes.filter((one) => one.isAlive)) {
        expect(process.asked).toContain('stop');
        void process.end();
      }
      await closed;
      await host.clock.pass(600_000);
      expect(host.processes.filter((one) => one.isAlive)).toEqual([]);
      expect(host.clock.waiting).toBe(0);
    }),
  );
});
