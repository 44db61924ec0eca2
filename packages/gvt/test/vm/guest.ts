// What tests do in a guest with i915, and what they look at afterwards.

import { until, type Guest } from '@vfio-ts/lab';
import type { Served } from './stand.ts';

/**
 * Lines that no device can do away with. The firmware of the display's power controller is not free, so Debian's main
 * archive has none: the driver goes on without, and says so. And a host that is busy lets the guest's timers wait.
 */
const KNOWN: readonly RegExp[] = [
  /Direct firmware load for i915\/\w+_dmc_\w+\.bin failed with error -2$/,
  /hrtimer: interrupt took \d+ ns$/,
];

const MARK = 'the test begins';

/** Runs a command in the guest; gives what it printed. @throws Error it failed */
export async function run(guest: Guest, command: string, deadline?: number): Promise<string> {
  const { output, status } = await guest.run(command, deadline);
  if (status !== 0) throw new Error(`${command}: ${status}\n${output}`);
  return output.trim();
}

/** Loads the driver; kernel messages stay off the picture. Gives the milliseconds that it took. */
export async function loadDriver(guest: Guest): Promise<number> {
  await run(guest, `dmesg -n 1; echo '${MARK}' >/dev/kmsg`);
  const start = performance.now();
  await run(guest, 'modprobe i915', 120_000);
  return performance.now() - start;
}

/** Unloads the driver; the console is nowhere then. */
export async function unloadDriver(guest: Guest): Promise<void> {
  const console = '/sys/class/vtconsole/vtcon1/bind';
  await run(guest, `[ ! -e ${console} ] || echo 0 >${console}; rmmod i915`, 120_000);
}

/** What the kernel has said since {@link loadDriver} that is a warning or worse. */
export async function complaints(guest: Guest): Promise<string[]> {
  const lines = (await run(guest, 'dmesg -r')).split('\n');
  const since = lines.slice(lines.findLastIndex((line) => line.includes(MARK)) + 1);
  return since.filter((line) => /^<[0-4]>/.test(line) && !KNOWN.some((known) => known.test(line)));
}

/** Whether the driver has given the GPU up. */
export async function isWedged(guest: Guest): Promise<boolean> {
  const base = '/sys/kernel/debug';
  await run(guest, `[ -e ${base}/dri ] || mount -t debugfs debugfs ${base}`);
  const wedged = await run(
    guest,
    `cat ${base}/dri/0/i915_wedged ${base}/dri/*02.0/i915_wedged 2>/dev/null | head -n 1`,
  );
  return Number(wedged) !== 0;
}

/** Wipes the console. */
export async function wipe(guest: Guest): Promise<void> {
  await run(guest, 'printf "\\033[2J\\033[H" >/dev/tty1');
}

/** Writes a line on the console and waits until it is in the picture, each pixel as the lab's font has it. */
export async function show(guest: Guest, served: Served, line: string): Promise<void> {
  await run(guest, `loadfont </etc/console.psf 2>/dev/null; echo '${line}' >/dev/tty1`);
  await until(() => served.lines.includes(line));
}
