// A guest beside another one that dies, and beside one that is none.

import fc from 'fast-check';
import { setImmediate as turn } from 'node:timers/promises';
import { expect, test as base } from 'vitest';
import { anyAction } from '../fuzz/arbitraries.ts';
import { HostileGuest } from '../fuzz/hostile-guest.ts';
import { keepBusy } from '../gpu/execution/busy.ts';
import { Guest, SHARE } from '../gpu/execution/guest.ts';
import { complaints, isWedged, loadDriver, run, show } from './guest.ts';
import { fixtures } from './fixtures.ts';

const test = base.extend(fixtures);

test('two guests have their own pictures, and the end of one is nothing to the other', async ({
  stand,
}) => {
  const served = [await stand.serve('GVTg_V5_8'), await stand.serve('GVTg_V5_8')] as const;
  const guests = await Promise.all(served.map((one) => stand.boot(one)));
  await Promise.all(
    guests.map(async (guest, index) => {
      const own = served[index];
      if (own === undefined) throw new Error('a guest without a vGPU');
      await loadDriver(guest);
      await show(guest, own, `machine ${index}`);
    }),
  );
  expect(served[0].lines).not.toContain('machine 1');
  expect(served[1].lines).not.toContain('machine 0');

  const [first, second] = guests;
  if (first === undefined || second === undefined) throw new Error('two were booted');
  // While it draws: its screen scrolls all the time.
  await run(first, '(while :; do seq 1000 >/dev/tty1; done) >/dev/null 2>&1 &');
  expect(await first.kill()).toEqual({ code: null, signal: 'SIGKILL' });
  await served[0].untilFree();
  await show(second, served[1], 'still here');
  expect(await complaints(second)).toEqual([]);
  expect(await isWedged(second)).toBe(false);
  expect(await second.powerOff()).toEqual({ code: 0, signal: null });
});

// i915 gives the GPU up when its first requests are not done within 200 ms.
test('a driver loads beside a vGPU of eight times its weight whose engines never rest', async ({
  stand,
}) => {
  const served = await stand.serve('GVTg_V5_8');
  const guest = await stand.boot(served);
  const busy = new Guest({
    gpu: stand.gpu,
    loop: stand.clock,
    share: { ...SHARE, id: 2, weight: 16 },
  });
  keepBusy(busy);
  const before = busy.vgpu.counters.commands;
  await loadDriver(guest);
  await show(guest, served, 'not alone');
  const commands = busy.vgpu.counters.commands - before;
  busy.vgpu.close();
  stand.say('a driver loads beside engines that never rest', { commands });
  expect(commands).toBeGreaterThan(1_000_000);
  expect(await complaints(guest)).toEqual([]);
  expect(await isWedged(guest)).toBe(false);
  expect(await guest.powerOff()).toEqual({ code: 0, signal: null });
});

/** Milliseconds that the other vGPU is driven at random. */
const RANDOM_TIME = process.env['VFIO_TS_FUZZ'] === undefined ? 10_000 : 60_000;
const seed = Number(process.env['VFIO_TS_FUZZ_SEED'] ?? Date.now() % 2 ** 31);
/** Actions of one hostile guest, until it is another. */
const LIFE = 60;

test(`beside random submissions the console goes on (seed ${seed})`, async ({ stand }) => {
  const served = await stand.serve('GVTg_V5_8');
  const guest = await stand.boot(served);
  await loadDriver(guest);
  await show(guest, served, 'alone');

  const end = performance.now() + RANDOM_TIME;
  const drive = async (): Promise<number> => {
    let actions = 0;
    for (let life = 0; performance.now() < end; life++) {
      const hostile = new HostileGuest(stand.gpu, () => performance.now());
      for (const action of fc.sample(anyAction, { numRuns: LIFE, seed: seed + life })) {
        hostile.do(action);
        actions++;
        // oxlint-disable-next-line no-await-in-loop
        await turn();
      }
      expect(hostile.ram.isIntact).toBe(true);
      hostile.guest.vgpu.close();
    }
    return actions;
  };
  const driven = drive();
  let lines = 0;
  while (performance.now() < end) {
    // oxlint-disable-next-line no-await-in-loop
    await show(guest, served, `line ${lines++}`);
  }
  stand.say('beside random submissions', { actions: await driven, lines });
  expect(lines).toBeGreaterThan(3);
  expect(await complaints(guest)).toEqual([]);
  expect(await isWedged(guest)).toBe(false);
  expect(await guest.powerOff()).toEqual({ code: 0, signal: null });
});
