// Whole migrations in this process, of which one thing goes wrong at a place that chance chooses; a failure names it.

import { randomInt } from 'node:crypto';
import { migrate, type MigrateResult, type MigrateTarget } from '@vfio-ts/core';
import { expect, test, vi } from 'vitest';
import { MDPY_VGA, MDPY_XGA } from '../../src/index.ts';
import { openMdpy, type OpenMdpy } from '../support.ts';
import { draw, expectState, look, save } from './support.ts';

vi.setConfig({ testTimeout: 60_000 });

/** What becomes of a piece of a stream on its way; it begins `at` bytes from the start. */
type Tamper = (data: Uint8Array, at: number) => Uint8Array;

/** A target that gets something else than was sent. */
function tampered({ file }: OpenMdpy, tamper: Tamper): MigrateTarget {
  let at = 0;
  return {
    feature: (request) => file.feature(request),
    getInfo: () => file.getInfo(),
    reset: () => file.reset(),
    writeMigrationData(data) {
      const changed = tamper(data, at);
      at += data.length;
      if (changed.length > 0) file.writeMigrationData(changed);
      return data.length;
    },
  };
}

/** The old display runs, and the new one is as if nothing had been. */
async function expectUndone(old: OpenMdpy, fresh: OpenMdpy, result: MigrateResult): Promise<void> {
  expect(result).toMatchObject({ source: 'RUNNING', target: 'RUNNING' });
  await using untouched = openMdpy(fresh.device.type);
  expect(await look(fresh.file)).toEqual(await look(untouched.file));
  await expectState(old.file, 'RUNNING');
}

async function expectWorks(old: OpenMdpy, fresh: OpenMdpy): Promise<void> {
  const result = await migrate(old.file, fresh.file);
  expect(result).toMatchObject({ outcome: 'migrated', source: 'STOP', target: 'RUNNING' });
  expect(await look(fresh.file)).toEqual(await look(old.file));
}

/** Where a stream has what, bytes from its start or its end. */
const CLASSES = [
  ['magic', 0, 8],
  ['format and version', 8, 16],
  ['type and its length', 16, 36],
  ['checksum of the head', 36, 40],
  ['header of a chunk', 40, 52],
  ['offset of pages', 52, 56],
  ['pages', 56, 1_000_000],
  ['configuration space', -280, -12],
  ['end', -12, 0],
] as const;

test.each(CLASSES)(
  'a wrong bit in the %s is refused, and the old display runs on',
  async (_, from, to) => {
    await using old = openMdpy();
    await using fresh = openMdpy();
    draw(old);
    const before = await look(old.file);
    const base = from < 0 ? (await save(old.file)).length : 0;
    for (let run = 0; run < 8; run++) {
      const wrong = randomInt(base + from, base + to);
      const bit = 1 << randomInt(8);
      const preCopy = run % 2 === 0;
      const target = tampered(fresh, (data, at) =>
        data.map((byte, i) => (at + i === wrong ? byte ^ bit : byte)),
      );
      const result = await migrate(old.file, target, { preCopy });
      expect(result.outcome, `bit ${bit} of byte ${wrong}, pre-copy ${preCopy}`).toBe('failed');
      await expectUndone(old, fresh, result);
      expect(await look(old.file)).toEqual(before);
    }
    await expectWorks(old, fresh);
  },
);

test('a stream cut off anywhere is refused, and the old display runs on', async () => {
  await using old = openMdpy();
  await using fresh = openMdpy();
  draw(old);
  const before = await look(old.file);
  const { length } = await save(old.file);
  const ends = [0, length - 1, length - 12, ...Array.from({ length: 12 }, () => randomInt(length))];
  for (const end of ends) {
    const target = tampered(fresh, (data, at) => data.subarray(0, Math.max(0, end - at)));
    const result = await migrate(old.file, target);
    expect(result.outcome, `${end} bytes`).toBe('failed');
    await expectUndone(old, fresh, result);
    expect(await look(old.file)).toEqual(before);
  }
  await expectWorks(old, fresh);
});

test.each([
  ['with', true],
  ['without', false],
])('cancelled at any step %s pre-copy, the old display runs on', async (_, preCopy) => {
  await using old = openMdpy();
  await using fresh = openMdpy();
  draw(old);
  const before = await look(old.file);
  let asked = 0;
  for (; asked < 100; asked++) {
    let left = asked;
    const signal = {
      get aborted() {
        return left-- <= 0;
      },
    };
    const result = await migrate(old.file, fresh.file, { signal, preCopy });
    if (result.outcome === 'migrated') break;
    expect(result.outcome, `after ${asked} steps`).toBe('cancelled');
    await expectUndone(old, fresh, result);
    expect(await look(old.file)).toEqual(before);
  }
  // The first that was not cancelled came through whole.
  expect(asked).toBeGreaterThan(15);
  expect(await look(fresh.file)).toEqual(before);
});

test('what the guest draws between passes is on the new screen', async () => {
  await using old = openMdpy(MDPY_XGA);
  await using fresh = openMdpy(MDPY_XGA);
  let drawn = 0;
  const result = await migrate(old.file, fresh.file, {
    maxPasses: 4,
    onProgress({ passes }) {
      if (passes > drawn) old.device.framebuffer.fill(++drawn, 0x1000 * drawn, 0x8_0000);
    },
  });
  expect(result).toMatchObject({ outcome: 'migrated', passes: 4 });
  expect(await look(fresh.file)).toEqual(await look(old.file));
});

test('a vga is not migrated to an xga', async () => {
  await using old = openMdpy(MDPY_VGA);
  await using fresh = openMdpy(MDPY_XGA);
  draw(old);
  const result = await migrate(old.file, fresh.file);
  expect(result).toMatchObject({ outcome: 'failed', error: { code: 'EINVAL' } });
  await expectUndone(old, fresh, result);
});
