// The stock mdpy-fb driver in real guests under a real QEMU.

import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { dmaRw, PAGE_SIZE } from '@vfio-ts/core';
import { until, type Guest } from '@vfio-ts/lab';
import { encode } from 'fast-png';
import { describe, expect, test as base } from 'vitest';
import { MDPY_TYPES } from '../../src/index.ts';
import { fixtures, type Screen } from './stand.ts';

const test = base.extend(fixtures);

const REPORTS = join(import.meta.dirname, '../../.reports');
const GIB = 2 ** 30;
const OFF = { code: 0, signal: null };

/** Runs a command in the guest that must succeed; gives what it printed. */
async function run(guest: Guest, command: string): Promise<string> {
  const { output, status } = await guest.run(command);
  expect(`${command}: ${status}\n${output}`).toBe(`${command}: 0\n${output}`);
  return output.trim();
}

/** Loads the driver, which takes the console to the display, and wipes what the kernel has written there. */
async function bind(guest: Guest): Promise<void> {
  await run(guest, 'modprobe mdpy-fb');
  await guest.waitFor(/fb0 registered/);
  await run(guest, 'dmesg -n 1; loadfont </etc/console.psf; printf "\\033[2J\\033[H" >/dev/tty1');
}

/** Writes a line on the guest's console. */
async function write(guest: Guest, line: string): Promise<void> {
  await run(guest, `echo '${line}' >/dev/tty1`);
}

/** Whether the device shows what it shows after a reset, and nobody has drawn since. */
function isStartPicture({ picture: { width, height, rgba } }: Screen): boolean {
  const start = Buffer.alloc(width * height * 4);
  for (let y = 0; y < height; y++) {
    const value = Math.floor((y * 255) / height);
    start.fill(Buffer.of(value, value, value, 255), y * width * 4, (y + 1) * width * 4);
  }
  return start.equals(rgba);
}

function savePicture(name: string, { picture: { width, height, rgba } }: Screen): void {
  mkdirSync(REPORTS, { recursive: true });
  writeFileSync(join(REPORTS, name), encode({ width, height, data: rgba }));
}

describe('a guest with mdpy-fb', () => {
  for (const { sysfsName, width, height } of MDPY_TYPES) {
    test(`mdpy-${sysfsName}: what it writes on its console is on the screen`, async ({ stand }) => {
      const screen = await stand.serve(`mdpy-${sysfsName}`);
      const guest = await stand.boot(screen);
      expect(isStartPicture(screen)).toBe(true);
      await bind(guest);
      const cells = `${width / 8}x${Math.floor(height / 16)}`;
      await guest.waitFor(new RegExp(`mdpy found: ${width}x${height} framebuffer`));
      await guest.waitFor(new RegExp(`colour frame buffer device ${cells}`));
      await run(guest, '(uname -a; lspci; cat /proc/fb) >/dev/tty1');
      await write(guest, 'The quick brown fox: {[(0123456789)]} & ~$*?!');
      const { lines } = screen;
      expect(lines).toContain('The quick brown fox: {[(0123456789)]} & ~$*?!');
      expect(lines).not.toContain('The quick brown fax: {[(0123456789)]} & ~$*?!');
      expect(lines.join('')).not.toContain('\u{fffd}');
      savePicture(`console-${sysfsName}.png`, screen);
      expect(await guest.powerOff()).toEqual(OFF);
      await screen.untilFree();
    });
  }

  test('its own reboot and a reset of the machine reset the device, and it binds again', async ({
    stand,
  }) => {
    const screen = await stand.serve('mdpy-vga');
    const guest = await stand.boot(screen);
    const client = screen.server.attached;
    await bind(guest);
    await write(guest, 'first life');
    expect(screen.lines).toContain('first life');
    for (const [life, begin] of [
      ['second life', () => guest.reset()],
      ['third life', () => guest.reboot()],
    ] as const) {
      // oxlint-disable-next-line no-await-in-loop
      await begin();
      expect(isStartPicture(screen)).toBe(true);
      // oxlint-disable-next-line no-await-in-loop
      await bind(guest);
      // oxlint-disable-next-line no-await-in-loop
      await write(guest, life);
      expect(screen.lines[0]).toBe(life);
    }
    expect(screen.server.attached).toBe(client);
  });

  test('QEMU killed while it draws: the picture stays, and another QEMU takes the device', async ({
    stand,
  }) => {
    const screen = await stand.serve('mdpy-xga');
    const first = await stand.boot(screen);
    await bind(first);
    await write(first, 'the last words');
    // The lower half of the screen changes all the time.
    const half = 1024 * 4 * 384;
    await run(
      first,
      `(while :; do head -c ${half} /dev/urandom | dd of=/dev/fb0 bs=${half} seek=1; done) >/dev/null 2>&1 &`,
    );
    await until(() => screen.lines.slice(24).join('').includes('\u{fffd}'));
    expect(await first.kill()).toEqual({ code: null, signal: 'SIGKILL' });
    await screen.untilFree();
    expect(screen.lines).toContain('the last words');

    const second = await stand.boot(screen);
    expect(isStartPicture(screen)).toBe(true);
    await bind(second);
    await write(second, 'the next one');
    expect(screen.lines).toContain('the next one');
    expect(screen.lines).not.toContain('the last words');
    expect(await second.powerOff()).toEqual(OFF);
  });

  test('two machines with a device each: each has its own picture', async ({ stand }) => {
    const screens = [await stand.serve('mdpy-vga'), await stand.serve('mdpy-xga')] as const;
    const guests = await Promise.all([stand.boot(screens[0]), stand.boot(screens[1])]);
    await Promise.all(
      guests.map(async (guest, index) => {
        await bind(guest);
        await write(guest, `machine ${index}`);
      }),
    );
    expect(screens[0].lines).toContain('machine 0');
    expect(screens[0].lines).not.toContain('machine 1');
    expect(screens[1].lines).toContain('machine 1');
    expect(screens[1].lines).not.toContain('machine 0');

    // The end of one is nothing to the other.
    await guests[0].kill();
    await screens[0].untilFree();
    await write(guests[1], 'still here');
    expect(screens[1].lines).toContain('still here');
  });

  test('5 GiB of memory: the device reaches what is above 4 GiB, untouched memory does not exist', async ({
    stand,
  }) => {
    const screen = await stand.serve('mdpy-hd');
    const before = process.memoryUsage.rss();
    const guest = await stand.boot(screen, { memory: '5G' });
    await bind(guest);
    await write(guest, 'five gibibytes');
    expect(screen.lines).toContain('five gibibytes');

    // The first page of the shell's program, by the page map of the process: not the same place at each boot.
    const entry = await run(
      guest,
      'p=$(sed -n "1s/-.*//p" /proc/$$/maps); dd if=/proc/$$/pagemap bs=8 skip=$((0x$p/4096)) count=1 2>/dev/null | od -A n -t x8',
    );
    const address = Number(BigInt(`0x${entry}`) & (2n ** 55n - 1n)) * PAGE_SIZE;
    const hash = await run(guest, 'dd if=/bin/busybox bs=4096 count=1 2>/dev/null | sha256sum');
    expect(address).toBeGreaterThanOrEqual(4 * GIB);
    const page = new Uint8Array(PAGE_SIZE);
    dmaRw(screen.vdev, address, page, false);
    expect(hash).toContain(createHash('sha256').update(page).digest('hex'));

    expect(residentBytes(guest.pid)).toBeLessThan(GIB);
    expect(process.memoryUsage.rss() - before).toBeLessThan(0.5 * GIB);
    expect(await guest.powerOff()).toEqual(OFF);
  });
});

function residentBytes(pid: number): number {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  return Number(/^VmRSS:\s*(\d+) kB/m.exec(status)?.[1]) * 1024;
}
