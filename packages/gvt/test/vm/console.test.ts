// Stock i915 in real guests: probe, console, suspend and resume, unload and load.

import { describe, expect, test as base } from 'vitest';
import { complaints, isWedged, loadDriver, run, show, unloadDriver, wipe } from './guest.ts';
import { fixtures } from './fixtures.ts';

const test = base.extend(fixtures);

/** Of one boot with a console, modprobe included. */
const MOST_MESSAGES = 4000;
/**
 * From modprobe to text in the picture, in boots of the same guest: a boot takes 5 seconds where two processors are
 * free, so this is 10.
 */
const MOST_BOOTS = 2;
const OFF = { code: 0, signal: null };

describe('a guest with stock i915', () => {
  for (const { kernel, type, width, height } of [
    { kernel: 'stable', type: 'GVTg_V5_8', width: 1024, height: 768 },
    { kernel: 'backports', type: 'GVTg_V5_8', width: 1024, height: 768 },
    { kernel: 'stable', type: 'GVTg_V5_8', width: 1600, height: 900 },
    { kernel: 'backports', type: 'GVTg_V5_8', width: 1600, height: 900 },
    { kernel: 'stable', type: 'GVTg_V5_4', width: 1920, height: 1200 },
    { kernel: 'backports', type: 'GVTg_V5_4', width: 1920, height: 1200 },
  ] as const) {
    test(`${kernel} kernel, ${width}x${height}: what it writes on its console is on the screen`, async ({
      stand,
    }) => {
      const served = await stand.serve(type, { resolution: { width, height } });
      const begin = performance.now();
      const guest = await stand.boot(served, { kernel });
      const up = performance.now();
      const loaded = await loadDriver(guest);
      await show(guest, served, 'A guest on a GPU that is not there');
      const boots = (performance.now() - up) / (up - begin);
      stand.say(`${kernel} ${width}x${height}`, {
        boot: up - begin,
        modprobe: loaded,
        console: performance.now() - up,
        messages: served.messages,
      });
      expect(boots).toBeLessThan(MOST_BOOTS);
      expect(served.messages).toBeLessThanOrEqual(MOST_MESSAGES);

      expect(await complaints(guest)).toEqual([]);
      expect(await run(guest, 'ls -1 /dev/dri')).toBe('card0\nrenderD128');
      expect(await isWedged(guest)).toBe(false);
      expect(served.picture).toMatchObject({ width, height });

      await wipe(guest);
      await show(guest, served, 'The quick brown fox: {[(0123456789)]} & ~$*?!');
      expect(served.lines).not.toContain('The quick brown fax: {[(0123456789)]} & ~$*?!');
      expect(served.lines.join('')).not.toContain('\u{fffd}');
      expect(await guest.powerOff()).toEqual(OFF);
      await served.untilFree();
    });
  }

  test('sleeps and wakes, unloads and loads ten times: its console comes back', async ({
    stand,
  }) => {
    const served = await stand.serve('GVTg_V5_8');
    const guest = await stand.boot(served);
    await loadDriver(guest);
    await show(guest, served, 'going to sleep');

    const asleep = guest.waitForEvent('SUSPEND', 60_000);
    const awake = run(guest, 'echo mem >/sys/power/state', 120_000);
    await asleep;
    await guest.monitor('system_wakeup');
    await awake;
    await show(guest, served, 'awake again');
    expect(served.lines).toContain('awake again');

    for (let life = 1; life <= 10; life++) {
      // oxlint-disable-next-line no-await-in-loop
      await unloadDriver(guest);
      expect(served.picture).toBe(undefined);
      // oxlint-disable-next-line no-await-in-loop
      await run(guest, 'modprobe i915', 120_000);
      // oxlint-disable-next-line no-await-in-loop
      await show(guest, served, `load ${life}`);
    }
    expect(await complaints(guest)).toEqual([]);
    expect(await isWedged(guest)).toBe(false);
    // A machine that has slept does not power off by itself, whatever devices it has.
    await guest.kill();
    await served.untilFree();
  });
});
