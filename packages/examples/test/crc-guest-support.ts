// The guide's program in a process of its own, and a guest that has its device.
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { bootGuest, type Guest, type GuestOptions } from '@vfio-ts/lab';
import { expect, onTestFinished } from 'vitest';

const program = new URL('../src/serve-crc.ts', import.meta.url).pathname;

/** A guest with the engine plugged in and switched on. */
export interface CrcGuest {
  /** Runs a command that must succeed; gives what it printed. */
  readonly sh: (command: string) => Promise<string>;
  /** The address of a register, for `devmem`. */
  readonly register: (offset: number) => string;
  /** Powers the guest off, then ends the program, which must leave nothing. */
  readonly end: () => Promise<void>;
}

export async function crcGuest(options: GuestOptions = {}): Promise<CrcGuest> {
  const folder = mkdtempSync(join(tmpdir(), 'vfio-ts-crc-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const socket = join(folder, 'crc.sock');
  const server = spawn(process.execPath, [program, socket], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  onTestFinished(() => void server.kill('SIGKILL'));
  await once(server.stdout, 'data');
  const guest = await bootGuest({ devices: [socket], ...options });
  onTestFinished(async () => void (await guest.kill()));
  const sh = shellOf(guest);
  const device = await sh('grep -l 0xc3c3 /sys/bus/pci/devices/*/device | xargs dirname');
  await sh(`echo 1 > ${device}/enable`);
  // Memory decoding and bus master, in the command register.
  await sh(`printf '\\006' | dd of=${device}/config bs=1 seek=4 conv=notrunc`);
  const bar = Number((await sh(`head -n 1 ${device}/resource`)).split(' ')[0]);
  const register = (offset: number): string => `0x${(bar + offset).toString(16)}`;
  return { sh, register, end: () => endBoth(guest, server, socket) };
}

function shellOf(guest: Guest): CrcGuest['sh'] {
  return async (command) => {
    const { output, status } = await guest.run(command);
    expect([command, status, output]).toEqual([command, 0, output]);
    return output.trim();
  };
}

async function endBoth(guest: Guest, server: ChildProcess, socket: string): Promise<void> {
  await guest.powerOff();
  server.kill('SIGINT');
  expect(await once(server, 'close')).toEqual([0, null]);
  expect(existsSync(socket)).toBe(false);
}
