// A real guest in QEMU, for whoever has a clone of the repository: the packages' own lab has one.

import type { Guest, bootGuest, labStatus } from '@vfio-ts/lab';

/** What of the lab is used here. It is no package that anybody installs, so it is looked for. */
interface Lab {
  readonly bootGuest: typeof bootGuest;
  readonly labStatus: typeof labStatus;
}

/** There is no guest; `next` is what to do about it. */
export class NoGuestError extends Error {
  override readonly name = 'NoGuestError';
}

const LAB = '@vfio-ts/lab';

/** Takes the console to the display, says what machine this is, and shows what runs on it. */
const SHOW_CONSOLE = [
  'modprobe mdpy-fb',
  'dmesg -n 1',
  'loadfont </etc/console.psf',
  `{ printf '\\033[2J\\033[H'; uname -sr; echo; lspci; echo; cat /proc/fb; echo; } >/dev/tty1`,
  'setsid top -d 1 </dev/tty1 >/dev/tty1 2>&1 &',
].join('\n');

/**
 * Boots a guest with a display, and shows its console there.
 *
 * @param socket - of the display, on which somebody listens already
 * @throws NoGuestError there is none here
 */
export async function bootWithDisplay(socket: string): Promise<Guest> {
  const lab = await findLab();
  const status = lab.labStatus();
  if (!status.ready) throw new NoGuestError(`no guest to boot: ${status.missing}. ${status.howTo}`);
  const guest = await lab.bootGuest({ devices: [socket] });
  const { output, status: exit } = await guest.run(SHOW_CONSOLE);
  if (exit === 0) return guest;
  await guest.kill();
  throw new Error(`the guest has no console on its display: ${output}`);
}

async function findLab(): Promise<Lab> {
  try {
    const found: Lab = await import(LAB);
    return found;
  } catch {
    const next = 'in a clone of the repository: npx pnpm@12 lab setup; npx pnpm@12 start --vm';
    throw new NoGuestError(`no guest to boot here; there is one ${next}`);
  }
}
