// Stock i915 without MSI.

import { expect, test as base } from 'vitest';
import { complaints, isWedged, loadDriver, run, show } from './guest.ts';
import { fixtures } from './fixtures.ts';

const test = base.extend(fixtures);

test('a guest that does not use MSI has its console too', async ({ stand }) => {
  const served = await stand.serve('GVTg_V5_8');
  const guest = await stand.boot(served, { append: 'pci=nomsi' });
  await loadDriver(guest);
  await show(guest, served, 'by a line, not by messages');
  expect(await run(guest, 'grep i915 /proc/interrupts')).toMatch(/^\d+: +[1-9].*IO-APIC/u);
  expect(await complaints(guest)).toEqual([]);
  expect(await isWedged(guest)).toBe(false);
  expect(await guest.powerOff()).toEqual({ code: 0, signal: null });
  await served.untilFree();
});
