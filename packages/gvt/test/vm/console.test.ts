// Stock i915 in real guests: probe, console, monitor.

import { describe, expect, test as base } from 'vitest';
import { complaints, isWedged, loadDriver, run, show, wipe } from './guest.ts';
import { fixtures } from './stand.ts';

const test = base.extend(fixtures);

/** Of one boot with a console, modprobe included. */
const MOST_MESSAGES = 4000;
/** Milliseconds from modprobe to text in the picture. */
const MOST_TIME = 10_000;

describe('a guest with stock i915', () => {
  for (const { kernel, type, width, height } of [
    { kernel: 'stable', type: 'GVTg_V5_8', width: 1024, height: 768 },
    { kernel: 'backports', type: 'GVTg_V5_8', width: 1024, height: 768 },
    { kernel: 'backports', type: 'GVTg_V5_4', width: 1920, height: 1200 },
  ] as const) {
    test(`${kernel} kernel, ${type}: what it writes on its console is on the screen`, async ({
      stand,
    }) => {
      const served = await stand.serve(type);
      const guest = await stand.boot(served, { kernel });
      const start = performance.now();
      await loadDriver(guest);
      await show(guest, served, 'A guest on a GPU that is not there');
      expect(performance.now() - start).toBeLessThan(MOST_TIME);
      expect(served.messages).toBeLessThanOrEqual(MOST_MESSAGES);

      expect(await complaints(guest)).toEqual([]);
      expect(await run(guest, 'ls -1 /dev/dri')).toBe('card0\nrenderD128');
      expect(await isWedged(guest)).toBe(false);
      expect(served.picture).toMatchObject({ width, height });

      await wipe(guest);
      await run(guest, 'loadfont </etc/console.psf');
      await show(guest, served, 'The quick brown fox: {[(0123456789)]} & ~$*?!');
      expect(served.lines).not.toContain('The quick brown fax: {[(0123456789)]} & ~$*?!');
      expect(served.lines.join('')).not.toContain('\u{fffd}');
      expect(await guest.powerOff()).toEqual({ code: 0, signal: null });
      await served.untilFree();
    });
  }
});
