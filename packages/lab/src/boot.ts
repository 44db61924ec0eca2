import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempDisposableSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { LabError } from './errors.ts';
import { guestImages } from './guest-images.ts';
import type { GuestSoftware } from './guest-images.ts';
import { bootArgs, machineArgs } from './qemu-args.ts';
import type { GuestHardware, GuestImages } from './qemu-args.ts';
import type { LabReady } from './status.ts';

function terminalArgs(lab: LabReady, hardware: GuestHardware, images: GuestImages): string[] {
  const words = ['lab.shell', hardware.append ?? ''].filter((word) => word !== '').join(' ');
  return [
    ...lab.qemu.args,
    ...machineArgs(hardware),
    ...bootArgs(images, words),
    '-serial',
    'mon:stdio',
    '-no-reboot',
    ...(hardware.args ?? []),
  ];
}

function ignore(): void {}

/**
 * Boots a guest with its console on this process's terminal and gives QEMU's exit status.
 * @throws LabError if QEMU cannot start.
 */
export async function bootOnTerminal(
  lab: LabReady,
  guest: GuestHardware & GuestSoftware,
): Promise<number> {
  using dir = mkdtempDisposableSync(join(tmpdir(), 'vfio-ts-guest-'));
  const images = guestImages(lab, guest, dir.path);
  const child = spawn(lab.qemu.command, terminalArgs(lab, guest, images), {
    stdio: 'inherit',
    env: { ...process.env, ...lab.qemu.env },
  });
  // The terminal's interrupt belongs to the guest.
  process.on('SIGINT', ignore);
  try {
    const [code] = await once(child, 'exit');
    return typeof code === 'number' ? code : 1;
  } catch (cause) {
    throw new LabError(`cannot run ${lab.qemu.command}`, '', { cause });
  } finally {
    process.off('SIGINT', ignore);
  }
}
