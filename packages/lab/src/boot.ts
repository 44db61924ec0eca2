import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { LabError } from './errors.ts';
import { bootArgs, machineArgs } from './qemu-args.ts';
import type { GuestHardware } from './qemu-args.ts';
import type { LabReady } from './status.ts';

function terminalArgs(lab: LabReady, hardware: GuestHardware): string[] {
  const words = ['lab.shell', hardware.append ?? ''].filter((word) => word !== '').join(' ');
  return [
    ...lab.qemu.args,
    ...machineArgs(hardware),
    ...bootArgs(lab, words),
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
export async function bootOnTerminal(lab: LabReady, hardware: GuestHardware): Promise<number> {
  const child = spawn(lab.qemu.command, terminalArgs(lab, hardware), {
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
