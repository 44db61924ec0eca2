import { describe, expect, test } from 'vitest';
import { ManagedDevice } from '../../src/daemon/managed-device.ts';
import { orderOf, settled, testHost } from './support.ts';

function device(keepTrying = true) {
  const host = testHost();
  const made = new ManagedDevice(orderOf(), keepTrying, host);
  return { host, device: made };
}

async function running() {
  const both = device();
  await both.host.newest().serve();
  return both;
}

describe('a device', () => {
  test('is starting until it says that it is served, then running', async () => {
    const { host, device: made } = device();
    expect([made.state, made.pid, made.runs]).toEqual(['starting', 100, undefined]);
    await host.newest().serve();
    await expect(made.first).resolves.toMatchObject({ type: 'mdpy-vga' });
    await host.clock.pass(1500);
    expect([made.state, made.runs, made.restarts]).toEqual(['running', 1500, 0]);
    expect(host.lines).toEqual([
      `info ${orderOf().uuid}: runs as process 100, served on ${orderOf().socket}`,
    ]);
  });

  test('starts again after 100 ms when it is killed, and its socket is removed at once', async () => {
    const { host, device: made } = await running();
    await host.newest().end('killed by SIGKILL');
    expect([made.state, made.startsIn, made.reason]).toEqual(['waiting', 100, 'killed by SIGKILL']);
    expect(host.cleaned).toEqual([orderOf().socket]);
    await host.clock.pass(99);
    expect(host.processes).toHaveLength(1);
    await host.clock.pass(1);
    expect([made.state, made.pid, made.restarts]).toEqual(['starting', 101, 1]);
    await host.newest().serve();
    expect([made.state, made.reason]).toEqual(['running', undefined]);
  });

  test('waits twice as long each time, 30 s at most, and from the beginning after it ran for a minute', async () => {
    const { host, device: made } = await running();
    const waits: (number | undefined)[] = [];
    for (let i = 0; i < 11; i++) {
      // oxlint-disable-next-line no-await-in-loop
      await host.newest().end();
      waits.push(made.startsIn);
      // oxlint-disable-next-line no-await-in-loop
      await host.clock.pass(made.startsIn ?? 0);
    }
    expect(waits).toEqual([100, 200, 400, 800, 1600, 3200, 6400, 12800, 25600, 30000, 30000]);
    await host.newest().serve();
    await host.clock.pass(59_999);
    await host.newest().end();
    expect(made.startsIn).toBe(30_000);
    await host.clock.pass(30_000);
    await host.newest().serve();
    await host.clock.pass(60_000);
    await host.newest().end();
    expect(made.startsIn).toBe(100);
  });

  test('that is not ready within 30 s is killed and starts again', async () => {
    const { host, device: made } = device();
    await host.clock.pass(29_999);
    expect(host.newest().asked).toEqual([]);
    await host.clock.pass(1);
    expect(host.newest().asked).toEqual(['kill']);
    await host.newest().end('killed by SIGKILL');
    expect([made.state, made.reason]).toEqual(['waiting', 'it was not ready within 30 s']);
  });

  test('whose definition asks for what there is not has failed, and is not started again', async () => {
    const { host, device: made } = device();
    await host.newest().end('no driver has a type "x-y"', true);
    await expect(made.first).rejects.toThrow('no driver has a type "x-y"');
    expect(made.state).toBe('failed');
    expect(host.clock.waiting).toBe(0);
    expect(host.lines).toEqual([`error ${orderOf().uuid}: failed: no driver has a type "x-y"`]);
  });

  test('that is started once has failed when it ends before it is ready', async () => {
    const { host, device: made } = device(false);
    await host.newest().end('there is no image');
    await expect(made.first).rejects.toThrow('there is no image');
    expect(made.state).toBe('failed');
  });

  test('that is started once and has been ready starts again', async () => {
    const { host, device: made } = device(false);
    await host.newest().serve();
    await host.newest().end();
    await host.clock.pass(100);
    await host.newest().end();
    expect([made.state, made.startsIn]).toEqual(['waiting', 200]);
  });
});

describe('stopping', () => {
  test('asks the process to end, and is done when it has', async () => {
    const { host, device: made } = await running();
    const stopped = made.stop();
    expect(made.stop()).toBe(stopped);
    expect([made.state, host.newest().asked]).toEqual(['stopping', ['stop']]);
    await host.newest().end('ended with 0');
    await stopped;
    expect(made.state).toBe('stopped');
    expect(host.cleaned).toEqual([orderOf().socket]);
    expect(host.clock.waiting).toBe(0);
  });

  test('kills a process that does not end within 10 s', async () => {
    const { host, device: made } = await running();
    const stopped = made.stop();
    await host.clock.pass(10_000);
    expect(host.newest().asked).toEqual(['stop', 'kill']);
    await host.newest().end();
    await stopped;
  });

  test('of a device that waits ends that', async () => {
    const { host, device: made } = await running();
    await host.newest().end();
    await made.stop();
    await host.clock.pass(60_000);
    expect([made.state, host.processes.length]).toEqual(['stopped', 1]);
  });

  test('of a device that starts rejects the wait for its start', async () => {
    const { host, device: made } = device();
    void made.stop();
    await expect(made.first).rejects.toThrow('stopped before it was ready');
    await host.newest().serve();
    expect(made.state).toBe('stopping');
    await host.newest().end();
    await settled();
    expect(made.state).toBe('stopped');
  });
});
