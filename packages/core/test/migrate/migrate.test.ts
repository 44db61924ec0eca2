import { describe, expect, test } from 'vitest';
import {
  migrate,
  VFIO_MIGRATION_STOP_COPY,
  VfioError,
  type MigrateOptions,
  type MigrateProgress,
  type MigrateResult,
} from '../../src/index.ts';
import { withCode } from '../migration/fixture.ts';
import { failAt, goneFrom, openCell, wired, type CellOptions, type Hooks } from './fixture.ts';

const STATE = Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8);
const INITIAL = new Uint8Array(8);

interface Setting extends MigrateOptions {
  readonly hooks?: Hooks;
  readonly from?: CellOptions;
  readonly to?: CellOptions;
}

function setUp({ hooks = {}, from, to }: Pick<Setting, 'hooks' | 'from' | 'to'> = {}) {
  const old = openCell(from);
  const fresh = openCell(to);
  old.cell.bytes = STATE.slice();
  return { old, fresh, ...wired(old, fresh, hooks) };
}

async function run({ hooks, from, to, ...options }: Setting = {}) {
  const all = setUp({ ...(hooks && { hooks }), ...(from && { from }), ...(to && { to }) });
  const result = await migrate(all.source, all.target, options);
  return { ...all, result };
}

type Ran = Awaited<ReturnType<typeof run>>;

/** The old device has the state and runs, and the new one is as if nothing had been. */
function expectUnchanged({ old, fresh, result }: Ran): void {
  expect([result.source, result.target]).toEqual(['RUNNING', 'RUNNING']);
  expect([old.cell.state, fresh.cell.state]).toEqual(['RUNNING', 'RUNNING']);
  expect([old.cell.bytes, fresh.cell.bytes]).toEqual([STATE, INITIAL]);
}

function expectMigrated({ old, fresh, result }: Ran): void {
  expect(result).toMatchObject({ outcome: 'migrated', source: 'STOP', target: 'RUNNING' });
  expect([old.cell.state, fresh.cell.state]).toEqual(['STOP', 'RUNNING']);
  expect(fresh.cell.bytes).toEqual(STATE);
}

function errorOf(result: MigrateResult): unknown {
  return 'error' in result ? result.error : undefined;
}

test('a migration goes through its requests in this order', async () => {
  const ran = await run();
  expectMigrated(ran);
  expect(ran.requests.join(', ')).toBe(
    [
      'source flags, source state?, target flags, target state?, target to RESUMING',
      'source to PRE_COPY, source read, target write, source read',
      'source to STOP_COPY, source read, target write, source read',
      'target to STOP, source to STOP, target to RUNNING, source state?, target state?',
    ].join(', '),
  );
});

describe('pre-copy', () => {
  test('goes on while passes are large, and each carries what has changed', async () => {
    const all = setUp();
    let changes = 0;
    all.old.cell.busy = () => {
      if (changes++ < 3) all.old.cell.bytes = new Uint8Array(8).fill(changes);
    };
    const result = await migrate(all.source, all.target, { threshold: 0 });
    expect(result).toMatchObject({ outcome: 'migrated', passes: 5 });
    expect(all.fresh.cell.bytes).toEqual(all.old.cell.bytes);
  });

  test('ends after so many passes, whatever changes', async () => {
    const all = setUp();
    all.old.cell.busy = () => {
      all.old.cell.bytes = all.old.cell.bytes.map((byte) => byte + 1);
    };
    const result = await migrate(all.source, all.target, { threshold: 0, maxPasses: 4 });
    expect(result).toMatchObject({ outcome: 'migrated', passes: 4 });
    expect(all.fresh.cell.bytes).toEqual(all.old.cell.bytes);
  });

  test.each([
    ['the device does not offer it', { from: { flags: VFIO_MIGRATION_STOP_COPY } }],
    ['the caller does not want it', { preCopy: false }],
  ])('is left out where %s', async (_, setting) => {
    const ran = await run(setting);
    expectMigrated(ran);
    expect(ran.result.passes).toBe(0);
    expect(ran.result.stopBytes).toBe(ran.result.bytes);
    expect(ran.requests).not.toContain('source to PRE_COPY');
  });
});

test('no more than a chunk is moved at a time', async () => {
  const sizes: number[] = [];
  const all = setUp();
  const { source, target } = all;
  const result = await migrate(
    {
      feature: (request) => source.feature(request),
      readMigrationData(into) {
        sizes.push(into.length);
        return source.readMigrationData(into);
      },
    },
    target,
    { chunkSize: 5 },
  );
  expectMigrated({ ...all, result });
  expect(new Set(sizes)).toEqual(new Set([5]));
});

test('a target that takes a part at a time gets all', async () => {
  const all = setUp();
  const { source, target } = all;
  const slow = {
    ...target,
    writeMigrationData: (data: Uint8Array) => target.writeMigrationData(data.subarray(0, 3)),
  };
  const result = await migrate(source, slow);
  expect(all.requests.filter((name) => name === 'target write').length).toBeGreaterThan(10);
  expectMigrated({ ...all, result });
});

test('a target that takes nothing fails with EIO', async () => {
  const all = setUp();
  const stuck = { ...all.target, writeMigrationData: () => 0 };
  const ran = { ...all, result: await migrate(all.source, stuck) };
  expect(errorOf(ran.result)).toEqual(withCode('EIO'));
  expectUnchanged(ran);
});

test('a stream longer than allowed fails with EOVERFLOW', async () => {
  const ran = await run({ maxBytes: 40 });
  expect(errorOf(ran.result)).toEqual(withCode('EOVERFLOW'));
  expectUnchanged(ran);
});

test('a stream of another type is refused', async () => {
  const ran = await run({ to: { type: 'other' } });
  expect(ran.result).toMatchObject({ outcome: 'failed', phase: 'pre-copy' });
  expect(errorOf(ran.result)).toEqual(withCode('EINVAL'));
  expectUnchanged(ran);
});

test('progress counts what the target has', async () => {
  const seen: MigrateProgress[] = [];
  const { result } = await run({
    chunkSize: 16,
    onProgress: (progress) => void seen.push(progress),
  });
  expect(seen.at(-1)).toEqual({ phase: 'stop-copy', bytes: 80, passes: 1, stopBytes: 32 });
  expect(seen.map(({ bytes }) => bytes)).toEqual([16, 32, 48, 48, 64, 80]);
  expect(result).toMatchObject({ bytes: 80, passes: 1, stopBytes: 32, phase: 'hand-over' });
});

test('a listener that throws ends it as failed', async () => {
  const error = new RangeError('enough');
  const ran = await run({ onProgress: () => Promise.reject(error) });
  expect(errorOf(ran.result)).toBe(error);
  expectUnchanged(ran);
});

test('left in STOP, the new device has the state and waits', async () => {
  const { result, fresh } = await run({ start: false });
  expect(result).toMatchObject({ outcome: 'migrated', source: 'STOP', target: 'STOP' });
  expect(fresh.cell.bytes).toEqual(STATE);
});

test.each([
  ['old', 'the old device does not run', 'old'],
  ['new', 'the new device does not run', 'fresh'],
] as const)('when %s: %s, nothing is touched', async (_, _what, which) => {
  const all = setUp();
  all[which].cell.state = 'STOP';
  const result = await migrate(all.source, all.target);
  expect(result).toMatchObject({ outcome: 'failed', phase: 'check' });
  expect(errorOf(result)).toEqual(withCode('EINVAL'));
  expect(all.requests.filter((name) => name.includes(' to '))).toEqual([]);
  expect(all[which].cell.state).toBe('STOP');
});

test.each([
  { chunkSize: 0 },
  { chunkSize: 1.5 },
  { maxPasses: 0 },
  { threshold: -1 },
  { maxBytes: 0 },
  { maxBytes: Number.NaN },
])('%o makes no sense: EINVAL, nothing is asked', async (options) => {
  const all = setUp();
  await expect(migrate(all.source, all.target, options)).rejects.toThrow(withCode('EINVAL'));
  expect(all.requests).toEqual([]);
});

test('a device is not migrated to itself: EINVAL', async () => {
  const { file, cell } = openCell();
  await expect(migrate(file, file)).rejects.toThrow(withCode('EINVAL'));
  expect(cell.state).toBe('RUNNING');
});

describe('whatever goes wrong, one device has the state and runs', async () => {
  const { requests } = await run();
  const lastUndoable = requests.indexOf('target to RUNNING');

  for (const [number, name] of requests.slice(0, lastUndoable + 1).entries()) {
    const at = `request ${number} (${name})`;

    test(`cancelled before ${at}`, async () => {
      const signal = { aborted: false };
      const ran = await run({
        signal,
        hooks: { after: (done) => void (signal.aborted ||= done === number - 1) },
        ...(number === 0 && { signal: { aborted: true } }),
      });
      expect(ran.result.outcome).toBe('cancelled');
      expectUnchanged(ran);
    });

    test(`refused at ${at}`, async () => {
      const ran = await run({ hooks: { before: failAt(number) } });
      expect(ran.result.outcome).toBe('failed');
      expect(errorOf(ran.result)).toEqual(withCode('EIO'));
      expectUnchanged(ran);
    });

    test(`answer lost of ${at}`, async () => {
      const ran = await run({ hooks: { after: failAt(number) } });
      const isSettled = name === 'target to RUNNING' || name === 'source to STOP';
      expect(ran.result.outcome).toBe(isSettled ? 'migrated' : 'failed');
      (isSettled ? expectMigrated : expectUnchanged)(ran);
    });

    const side = name.startsWith('target') ? 'target' : 'source';
    test(`the ${side} gone at ${at}`, async () => {
      const ran = await run({ hooks: { before: goneFrom(number, side) } });
      const isUncertain = name === 'target to RUNNING' || name === 'source to STOP';
      expect(ran.result.outcome).toBe(isUncertain ? 'uncertain' : 'failed');
      const left = isUncertain ? 'STOP' : 'RUNNING';
      const states = side === 'target' ? [left, undefined] : [undefined, left];
      expect([ran.result.source, ran.result.target]).toEqual(states);
      const bytes = side === 'target' ? ran.old.cell.bytes : ran.fresh.cell.bytes;
      expect(bytes).toEqual(side === 'target' || isUncertain ? STATE : INITIAL);
    });
  }
});

test('what fails in giving up comes out too', async () => {
  const undone = new VfioError('EBUSY', 'test', 'no reset now');
  const all = setUp({ hooks: { before: failAt(6) } });
  const target = {
    ...all.target,
    reset: () => {
      throw undone;
    },
  };
  const error = errorOf(await migrate(all.source, target));
  expect(error).toBeInstanceOf(SuppressedError);
  expect(error).toMatchObject({ error: undone, suppressed: withCode('EIO') });
  expect(all.old.cell.state).toBe('RUNNING');
});

test('a new device without a reset is left as it is, for its user to close', async () => {
  const { result, old } = await run({ to: { hasReset: false }, hooks: { before: failAt(6) } });
  expect(result).toMatchObject({ outcome: 'failed', source: 'RUNNING', target: 'RESUMING' });
  expect(old.cell.bytes).toEqual(STATE);
});

test('a device that was given up on can be migrated to and from again', async () => {
  const all = setUp();
  const signal = { aborted: false };
  const onProgress = (): void => void (signal.aborted = true);
  const first = await migrate(all.source, all.target, { signal, onProgress });
  expect(first.outcome).toBe('cancelled');
  expectMigrated({ ...all, result: await migrate(all.source, all.target) });
});

function guest(events: string[]) {
  return {
    stop: () => void events.push('guest stops'),
    resume: () => void events.push('guest goes on'),
  };
}

describe('the guest', () => {
  test('stops after pre-copy and before the old device does, for good', async () => {
    const events: string[] = [];
    const hooks = { before: (_: number, name: string) => void events.push(name) };
    await run({ hooks, guest: guest(events) });
    const at = events.indexOf('guest stops');
    expect(events[at + 1]).toBe('source to STOP_COPY');
    expect(events).not.toContain('guest goes on');
  });

  test('goes on after the old device does, when it is given up', async () => {
    const events: string[] = [];
    const hooks = {
      before(_: number, name: string): void {
        events.push(name);
        if (name === 'target to STOP') throw new VfioError('EINVAL', 'test', 'not whole');
      },
    };
    await run({ hooks, guest: guest(events) });
    expect(events.indexOf('guest goes on')).toBeGreaterThan(events.indexOf('source to RUNNING'));
  });

  test('does not go on where the old device does not', async () => {
    const events: string[] = [];
    const { requests } = await run();
    const hooks = { before: goneFrom(requests.indexOf('source to STOP_COPY'), 'source') };
    await run({ hooks, guest: guest(events) });
    expect(events).toEqual(['guest stops']);
  });
});

describe('DMA logging', () => {
  const ranges = [
    { iova: 0, length: 0x4000 },
    { iova: 0x10_0000, length: 0x1000 },
  ];

  test('covers the migration from before the first byte to when the device stands', async () => {
    const all = setUp({ from: { logs: true } });
    const { cell } = all.old;
    const seen: [number, number, boolean][] = [];
    cell.dirty = [{ iova: 0x1000, length: 1 }];
    const result = await migrate(all.source, all.target, {
      guest: { stop: () => void cell.dirty.push({ iova: 0x10_0000, length: 1 }), resume() {} },
      dmaLogging: {
        ranges,
        pageSize: 0x1000,
        onDirty: ({ range, bitmap, isLast }) => void seen.push([range, bitmap[0] ?? 0, isLast]),
      },
    });
    expectMigrated({ ...all, result });
    expect(seen).toEqual([
      [0, 2, false],
      [1, 0, false],
      [0, 0, true],
      [1, 1, true],
    ]);
    expect(all.requests.indexOf('source log')).toBeLessThan(
      all.requests.indexOf('source to PRE_COPY'),
    );
    expect(cell.isLogging).toBe(false);
  });

  test('ends when the migration is given up', async () => {
    const all = setUp({ from: { logs: true } });
    const result = await migrate(all.source, all.target, {
      dmaLogging: { ranges, pageSize: 0x1000, onDirty: () => Promise.reject(new Error('full')) },
    });
    expect(result.outcome).toBe('failed');
    expectUnchanged({ ...all, result });
    expect(all.old.cell.isLogging).toBe(false);
  });

  test('a device that cannot log is not migrated', async () => {
    const ran = await run({ dmaLogging: { ranges, pageSize: 0x1000, onDirty() {} } });
    expect(errorOf(ran.result)).toEqual(withCode('ENOTTY'));
    expectUnchanged(ran);
    expect(ran.requests).not.toContain('source log off');
  });
});
