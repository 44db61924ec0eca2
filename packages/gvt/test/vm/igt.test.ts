// The GPU tests of IGT in guests with stock i915, in both ways in which QEMU hands writes on: it waits for none where the
// table is trapped, and for each where it is mapped.
//
//   VFIO_TS_IGT=all         the whole table, which takes an hour and more; the short list when left out
//   VFIO_TS_IGT=2/8         the second of eight parts of it
//   VFIO_TS_IGT=NAME,NAME   these
//
// `-t posted` and `-t waiting` choose one of the ways.

import { expect, test as base } from 'vitest';
import { complaints, isWedged, loadDriver, show } from './guest.ts';
import { chooseRows, runIgt, type Result } from './igt.ts';
import { fixtures } from './fixtures.ts';

const test = base.extend(fixtures);
const ROWS = chooseRows(process.env['VFIO_TS_IGT']);
const HOURS = 3_600_000;

for (const mode of ['posted', 'waiting'] as const) {
  test(
    `IGT with ${mode} writes comes out as the table says`,
    { timeout: 3 * HOURS },
    async ({ stand }) => {
      const table = mode === 'posted' ? 'trapped' : 'mapped';
      const served = await stand.serve('GVTg_V5_8', { table });
      const guest = await stand.boot(
        served,
        { parts: ['i915', 'igt'], memory: '1G' },
        { noPostedWrites: mode === 'waiting' },
      );
      await loadDriver(guest);
      expect(await complaints(guest)).toEqual([]);
      const surprises: string[] = [];
      for (const row of ROWS) {
        const before = served.messages;
        // oxlint-disable-next-line no-await-in-loop
        const result: Result = await runIgt(guest, row.test);
        stand.say(`igt ${mode} ${row.test} ${result.outcome} ${result.said}`, {
          seconds: result.time,
          messages: served.messages - before,
        });
        const expected = row[mode];
        if (!expected.includes(result.outcome)) {
          surprises.push(
            `${row.test}: ${result.outcome}, not ${expected.join(' or ')}: ${result.said}`,
          );
        }
      }
      expect(surprises).toEqual([]);
      expect(await isWedged(guest)).toBe(false);
      await show(guest, served, 'all tests are done');
      // What commands may not do is said, and tests try it.
      stand.logger.take('warn');
      expect(await guest.powerOff()).toEqual({ code: 0, signal: null });
    },
  );
}
