import { setImmediate as turn } from 'node:timers/promises';
import type { VfioAccess } from '@vfio-ts/core';
import { describe, expect, test, vi } from 'vitest';
import { STATUS_HOLD_MS } from '../../src/driver/status-delivery.ts';
import { input, noOperation, output } from '../../src/client/chain.ts';
import { NORMAL, ScriptedUnit } from '../channel/support.ts';
import { heardAtOnce, Path } from './support.ts';

describe('a client', () => {
  test('runs a chain, and gives what each command has read and how it ended', async () => {
    const unit = new ScriptedUnit();
    const data = Uint8Array.of(1, 2, 3, 4);
    unit.ends.set(0x02, () => ({ status: NORMAL, data }));
    await using path = await Path.open(unit, { makeSignal: heardAtOnce });
    const chain = [
      output(0x07, Uint8Array.of(9, 8)),
      input(0x02, 4),
      input(0x02, 6, { sli: true }),
    ];
    const result = await path.client.run(chain);
    expect(result.irb.scsw).toMatchObject({ deviceStatus: NORMAL, subchannelStatus: 0, count: 2 });
    expect(result.data).toEqual([new Uint8Array(0), data, data]);
    expect(result.last).toBe(2);
    expect(unit.commands[0]?.data).toEqual(Uint8Array.of(9, 8));
  });

  test('runs one chain after the other', async () => {
    const unit = new ScriptedUnit();
    await using path = await Path.open(unit, { makeSignal: heardAtOnce });
    for (let i = 0; i < 3; i++) {
      // One after the other is the point.
      const { irb } = await path.client.run([noOperation()]);
      expect(irb.scsw.control).toBe(0x4007);
    }
    expect(unit.commands).toHaveLength(3);
  });

  test('looks by itself where nothing signals', async () => {
    const unit = new ScriptedUnit();
    const { promise, resolve } = Promise.withResolvers<void>();
    unit.ends.set(0x03, () => promise.then(() => ({ status: NORMAL })));
    await using path = await Path.open(unit);
    const running = path.client.run([noOperation()]);
    await turn();
    resolve();
    await turn();
    path.clock.advance(1);
    expect((await running).irb.scsw.control).toBe(0x4007);
  });

  test('gives sense data with a unit check', async () => {
    const unit = new ScriptedUnit();
    const sense = Uint8Array.of(0x80, ...new Uint8Array(31));
    unit.ends.set(0x07, () => ({ status: NORMAL | 2, taken: 0, sense }));
    await using path = await Path.open(unit, { makeSignal: heardAtOnce });
    const { irb } = await path.client.run([output(0x07, new Uint8Array(6), { sli: true })]);
    expect(irb.sense).toEqual(sense);
  });

  test('ends a chain by clear, and can run the next', async () => {
    const unit = new ScriptedUnit();
    const { promise, resolve } = Promise.withResolvers<void>();
    unit.ends.set(0x02, () => promise.then(() => ({ status: NORMAL })));
    await using path = await Path.open(unit, { makeSignal: heardAtOnce });
    const running = path.client.run([input(0x02, 4)]);
    await path.client.clear();
    resolve();
    expect((await running).irb.scsw.control).toBe(0x1001);
    expect((await path.client.run([noOperation()])).irb.scsw.control).toBe(0x4007);
  });

  test('shows the subchannel', async () => {
    await using path = await Path.open(new ScriptedUnit());
    expect((await path.client.schib()).pmcw).toMatchObject({ deviceNumber: 0x1234, pim: 0x80 });
  });

  test('gives up after its time', async () => {
    const unit = new ScriptedUnit();
    const { promise, resolve } = Promise.withResolvers<void>();
    unit.ends.set(0x02, () => promise.then(() => ({ status: NORMAL })));
    await using path = await Path.open(unit, { timeout: 1000, makeSignal: heardAtOnce });
    const running = path.client.run([input(0x02, 4)]);
    path.clock.advance(1000);
    await expect(running).rejects.toThrow('ETIMEDOUT');
    resolve();
  });

  test('refuses a second chain meanwhile, and everything once it is closed', async () => {
    await using path = await Path.open(new ScriptedUnit(), { makeSignal: heardAtOnce });
    const running = path.client.run([noOperation()]);
    await expect(path.client.run([noOperation()])).rejects.toThrow('EBUSY');
    await running;
    await path.client.close();
    await expect(path.client.run([noOperation()])).rejects.toThrow('ENODEV');
  });
});

describe('a client that is told what nobody has asked for', () => {
  const [ATTENTION, DEVICE_END] = [0x80, 0x04];

  /** A path whose client has been told of attention and waits for its first look. */
  async function looking(next: number): Promise<Stand> {
    const told: number[] = [];
    const attention = (status: number): void => void told.push(status);
    const path = await Path.open(new ScriptedUnit(), { makeSignal: heardAtOnce, attention });
    const { promise, resolve } = Promise.withResolvers<void>();
    const { unit } = path;
    const file: VfioAccess = path.file;
    const read = file.read.bind(file);
    vi.spyOn(file, 'read').mockImplementationOnce(async (...wanted) => {
      await promise;
      return read(...wanted);
    });
    unit.listener?.(ATTENTION);
    unit.listener?.(next);
    return {
      path,
      told,
      answer: resolve,
      [Symbol.asyncDispose]: () => path[Symbol.asyncDispose](),
    };
  }

  interface Stand extends AsyncDisposable {
    readonly path: Path<ScriptedUnit>;
    readonly told: readonly number[];
    /** The first look is answered. */
    readonly answer: () => void;
  }

  test('hears once of one that it has two signals for', async () => {
    await using at = await looking(DEVICE_END);
    // The device waits no longer and shows the next status, which both looks see.
    at.path.clock.advance(STATUS_HOLD_MS);
    at.answer();
    await turn();
    expect(at.told).toEqual([DEVICE_END]);
  });

  test('hears of each, in order', async () => {
    await using at = await looking(DEVICE_END);
    at.answer();
    await turn();
    expect(at.told).toEqual([ATTENTION, DEVICE_END]);
  });

  test('hears again of an equal one that comes when it has heard', async () => {
    await using at = await looking(ATTENTION);
    at.answer();
    await turn();
    expect(at.told).toEqual([ATTENTION]);
    at.path.unit.listener?.(ATTENTION);
    await turn();
    expect(at.told).toEqual([ATTENTION, ATTENTION]);
  });
});

test('the whole path leaves nothing behind', async () => {
  const path = await Path.open(new ScriptedUnit(), { makeSignal: heardAtOnce });
  const { core } = path;
  await path.client.run([noOperation()]);
  await path[Symbol.asyncDispose]();
  expect(core.leaks()).toEqual([]);
});
