// A guest with stock i915 that sleeps: D3, the reset by which its machine wakes up, and everything again.

import { expect, test as base } from 'vitest';
import { complaints, isWedged, loadDriver, run, show } from './guest.ts';
import { fixtures } from './fixtures.ts';

const test = base.extend(fixtures);

/** Seconds until the clock of the machine wakes it. */
const ALARM = 6;

test('a guest sleeps, is woken by its clock, and goes on with its console', async ({ stand }) => {
  const served = await stand.serve('GVTg_V5_8');
  const guest = await stand.boot(served);
  await loadDriver(guest);
  await show(guest, served, 'about to sleep');

  await run(guest, `echo +${ALARM} >/sys/class/rtc/rtc0/wakealarm`);
  await run(guest, 'echo mem >/sys/power/state', 200_000);
  expect(await run(guest, 'dmesg')).toContain('Waking up from system sleep state S3');
  await show(guest, served, 'woken');

  // Firmware and clocks of this machine have their own to say.
  const said = await complaints(guest);
  expect(said.filter((line) => /i915|drm/u.test(line))).toEqual([]);
  expect(await isWedged(guest)).toBe(false);
});
