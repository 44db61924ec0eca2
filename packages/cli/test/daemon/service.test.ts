import { mkdtempSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import type { ReloadResult } from '../../src/daemon/protocol.ts';
import { DaemonService } from '../../src/daemon/service.ts';
import { Supervisor } from '../../src/daemon/supervisor.ts';
import type { MdevDefinition } from '../../src/mdev/definition.ts';
import { DefinitionStore } from '../../src/store/definition-store.ts';
import { orderOf, testHost } from './support.ts';

const [A, B, C] = [orderOf(1).uuid, orderOf(2).uuid, orderOf(3).uuid];
const AUTO: MdevDefinition = { mdevType: 'mdpy-vga', start: 'auto', attrs: [] };
const MANUAL: MdevDefinition = { ...AUTO, start: 'manual' };
const OTHER: MdevDefinition = { ...AUTO, attrs: [{ name: 'a', value: '1' }] };

function folder(): string {
  const path = mkdtempSync(join(tmpdir(), 'vfio-ts-test-'));
  onTestFinished(() => rmSync(path, { recursive: true }));
  return path;
}

/** A daemon whose devices are served as soon as they are started, unless their type is `broken`. */
function daemon() {
  const host = testHost();
  const start: typeof host.start = (order) => {
    const process = host.start(order);
    const { mdevType } = order.definition;
    void (mdevType.startsWith('broken') ? process.end('it is broken', true) : process.serve());
    return process;
  };
  const supervisor = new Supervisor({ ...host, start });
  const store = new DefinitionStore(folder());
  const places = { runtime: '/run/vfio-ts' };
  const { logger } = host;
  const service = new DaemonService({ store, supervisor, places, logger, version: '1.2.3' });
  const define = (uuid: string, definition: MdevDefinition, parent = 'mdpy') =>
    store.define({ uuid, parent, definition });
  const states = () =>
    Object.fromEntries(supervisor.devices.map(({ order, state }) => [order.uuid, state]));
  return { host, supervisor, store, service, define, states };
}

const NOTHING: ReloadResult = {
  started: [],
  restarted: [],
  unchanged: [],
  undefined: [],
  damaged: [],
};

/** Ends a process that was asked to end. */
async function endStopping({ host }: ReturnType<typeof daemon>): Promise<void> {
  const stopping = (): typeof host.processes =>
    host.processes.filter((one) => one.isAlive && one.asked.includes('stop'));
  await vi.waitFor(() => expect(stopping()).not.toEqual([]));
  for (const process of stopping()) void process.end();
}

describe('a reload', () => {
  test('starts what is to start by itself, and nothing else', async () => {
    const { service, define, states } = daemon();
    await define(A, AUTO);
    await define(B, MANUAL);
    expect(await service.reload()).toEqual({ ...NOTHING, started: [A] });
    expect(states()).toEqual({ [A]: 'running' });
  });

  test('leaves alone what has not changed, also when it is to start otherwise', async () => {
    const { host, store, service, define } = daemon();
    await define(A, AUTO);
    await define(B, MANUAL);
    await service.reload();
    await service.answer({ verb: 'start', uuid: B });
    await store.modify(B, undefined, () => AUTO);
    expect(await service.reload()).toEqual({ ...NOTHING, unchanged: [A, B] });
    expect(host.processes).toHaveLength(2);
    expect(host.processes.flatMap(({ asked }) => asked)).toEqual([]);
  });

  test('starts again what has changed, with what is defined now', async () => {
    const made = daemon();
    const { host, store, service, define } = made;
    await define(A, AUTO);
    await define(B, AUTO);
    await service.reload();
    await store.modify(B, undefined, () => OTHER);
    const reloaded = service.reload();
    await endStopping(made);
    expect(await reloaded).toEqual({ ...NOTHING, restarted: [B], unchanged: [A] });
    expect(host.processes.map(({ asked }) => asked)).toEqual([[], ['stop'], []]);
    expect(host.newest().order.definition).toEqual(OTHER);
  });

  test('lets run what is not defined any more, and says so', async () => {
    const { store, service, define, states } = daemon();
    await define(A, AUTO);
    await service.reload();
    await store.undefine(A);
    expect(await service.reload()).toEqual({ ...NOTHING, undefined: [A] });
    expect(states()).toEqual({ [A]: 'running' });
  });

  test('lets run what never was defined, without a word, also after a refused start', async () => {
    const { store, service, define } = daemon();
    await define(B, AUTO);
    await service.reload();
    await store.undefine(B);
    const again = service.answer({ verb: 'start', uuid: B, parent: 'mdpy', type: 'mdpy-vga' });
    await expect(again).rejects.toMatchObject({ code: 'EEXIST' });
    await service.answer({ verb: 'start', uuid: A, parent: 'mdpy', type: 'mdpy-vga' });
    expect(await service.reload()).toEqual({ ...NOTHING, unchanged: [A], undefined: [B] });
  });

  test('tries again what has failed', async () => {
    const { store, service, define, states } = daemon();
    await define(A, { ...AUTO, mdevType: 'broken-a' });
    expect(await service.reload()).toEqual({ ...NOTHING, started: [A] });
    expect(states()).toEqual({ [A]: 'failed' });
    await store.modify(A, undefined, () => AUTO);
    await service.reload();
    expect(states()).toEqual({ [A]: 'running' });
  });

  test('tries again what failed when it was started again, though it is to start by hand', async () => {
    const made = daemon();
    const { store, service, define, states } = made;
    await define(A, MANUAL);
    await service.answer({ verb: 'start', uuid: A });
    await store.modify(A, undefined, () => ({ ...MANUAL, mdevType: 'broken-a' }));
    const reloaded = service.reload();
    await endStopping(made);
    expect(await reloaded).toEqual({ ...NOTHING, restarted: [A] });
    expect(states()).toEqual({ [A]: 'failed' });
    await store.modify(A, undefined, () => MANUAL);
    expect(await service.reload()).toEqual({ ...NOTHING, started: [A] });
    expect(states()).toEqual({ [A]: 'running' });
  });

  test('forgets what has failed and is not defined any more', async () => {
    const { store, service, define, states } = daemon();
    await define(A, { ...AUTO, mdevType: 'broken-a' });
    await service.reload();
    await store.undefine(A);
    expect(await service.reload()).toEqual(NOTHING);
    expect(states()).toEqual({});
  });

  test('a device that does not start does not keep others from it', async () => {
    const { service, define, states } = daemon();
    await define(A, { ...AUTO, mdevType: 'broken-a' });
    await define(B, AUTO);
    await define(C, AUTO);
    await service.reload();
    expect(states()).toEqual({ [A]: 'failed', [B]: 'running', [C]: 'running' });
  });

  test('a damaged file is told of, and its device runs on, at this reload and the next', async () => {
    const { host, store, service, define, states } = daemon();
    await define(A, AUTO);
    await define(B, AUTO);
    await service.reload();
    writeFileSync(join(store.folder, 'mdpy', A), '{');
    const { damaged } = await service.reload();
    expect(damaged).toEqual([expect.stringMatching(/line 1: .*has been moved to .*\.damaged/u)]);
    expect(host.lines).toContain(`error store: ${damaged[0]}`);
    await service.reload();
    expect(states()).toEqual({ [A]: 'running', [B]: 'running' });
  });

  test('starts a device once that is defined for two parents, and says so', async () => {
    const { host, service, define } = daemon();
    await define(A, AUTO, 'a');
    await define(A, AUTO, 'b');
    expect(await service.reload()).toEqual({ ...NOTHING, started: [A] });
    expect(host.newest().order.parent).toBe('a');
    expect(host.lines).toContain(`error ${A}: a and b are both to start it; only a does`);
  });

  test('two at once are one after the other', async () => {
    const { host, service, define } = daemon();
    await define(A, AUTO);
    const [first, second] = await Promise.all([service.reload(), service.reload()]);
    expect([first.started, second.started]).toEqual([[A], []]);
    expect(host.processes).toHaveLength(1);
  });

  test('of a store that cannot be read is refused, and the next is not', async () => {
    const { store, service, define } = daemon();
    mkdirSync(join(store.folder, 'mdpy', A), { recursive: true });
    mkdirSync(join(store.folder, 'mdpy', B), { recursive: true });
    rmSync(store.folder, { recursive: true });
    writeFileSync(store.folder, 'a file');
    await expect(service.reload()).rejects.toMatchObject({ code: 'ENOTDIR' });
    rmSync(store.folder);
    await define(A, AUTO);
    expect(await service.reload()).toMatchObject({ started: [A] });
  });
});

describe('start', () => {
  test('of a device that is defined takes its UUID, of either case', async () => {
    const { host, service, define } = daemon();
    await define(A, OTHER);
    expect(await service.answer({ verb: 'start', uuid: A.toUpperCase() })).toEqual({
      uuid: A,
      socket: `/run/vfio-ts/${A}.sock`,
      driver: 'mdpy-sample',
      type: 'mdpy-vga',
    });
    expect(host.newest().order).toMatchObject({ uuid: A, parent: 'mdpy', definition: OTHER });
  });

  test('of a device of its own takes a parent and a type or a definition, and gives it a UUID', async () => {
    const { host, service } = daemon();
    const started = await service.answer({ verb: 'start', parent: 'mdpy', definition: OTHER });
    expect(started).toMatchObject({ uuid: host.newest().order.uuid });
    expect(host.newest().order.definition).toEqual(OTHER);
    await service.answer({ verb: 'start', uuid: A, parent: 'mdpy', type: 'mdpy-hd' });
    expect(host.newest().order).toMatchObject({
      uuid: A,
      definition: { mdevType: 'mdpy-hd', start: 'manual', attrs: [] },
    });
  });

  test.each([
    ['a device that is not defined', { uuid: C }, 'ENOENT'],
    ['a device that is not defined for that parent', { uuid: A, parent: 'b' }, 'ENOENT'],
    ['neither a UUID nor a parent', {}, 'EINVAL'],
    ['a parent alone', { parent: 'mdpy' }, 'EINVAL'],
    ['a type alone', { type: 'mdpy-vga' }, 'EINVAL'],
    ['a device that is defined for two parents', { uuid: B }, 'EINVAL'],
    ['another type than that which is defined', { uuid: A, type: 'mdpy-hd' }, 'EEXIST'],
  ] as const)('of %s is refused', async (_what, request, code) => {
    const { service, define, supervisor } = daemon();
    await define(A, MANUAL);
    await define(B, MANUAL, 'a');
    await define(B, MANUAL, 'b');
    await expect(service.answer({ verb: 'start', ...request })).rejects.toMatchObject({ code });
    expect(supervisor.devices).toEqual([]);
  });

  test('of a device that does not start says why, and nothing is left of it', async () => {
    const { service, supervisor } = daemon();
    const started = service.answer({ verb: 'start', parent: 'mdpy', type: 'broken-a' });
    await expect(started).rejects.toThrow('did not start: it is broken');
    expect(supervisor.devices).toEqual([]);
  });

  test('of a device whose definition is damaged says in which line', async () => {
    const { store, service, define } = daemon();
    await define(A, MANUAL);
    writeFileSync(join(store.folder, 'mdpy', A), '{\n\n]');
    await expect(service.answer({ verb: 'start', uuid: A })).rejects.toThrow(/line 3: /u);
  });
});

test('the status has what is known of each device', async () => {
  const { host, service, define } = daemon();
  await define(A, AUTO);
  await define(B, AUTO);
  await service.reload();
  await host.clock.pass(1000);
  await host.processes[1]?.end();
  const common = { parent: 'mdpy', restarts: 0 };
  const definition = { mdev_type: 'mdpy-vga', start: 'auto', attrs: [] };
  expect(service.status()).toEqual({
    version: '1.2.3',
    pid: process.pid,
    devices: [
      {
        ...common,
        uuid: A,
        socket: `/run/vfio-ts/${A}.sock`,
        definition,
        state: 'running',
        driver: 'mdpy-sample',
        pid: 100,
        runs: 1000,
      },
      {
        ...common,
        uuid: B,
        socket: `/run/vfio-ts/${B}.sock`,
        definition,
        state: 'waiting',
        startsIn: 100,
        reason: 'killed by SIGKILL',
      },
    ],
  });
});
