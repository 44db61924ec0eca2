// The same engine and a guest whose memory is not shared, what `-m` alone gives: the device asks QEMU for it, in
// QEMU's own layout of the messages. Against QEMU 11.1.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { bootGuest, labForTest } from '@vfio-ts/lab';
import { expect, onTestFinished, test } from 'vitest';

const program = new URL('../src/serve-crc.ts', import.meta.url).pathname;

test('memory that QEMU does not share is summed too', { timeout: 240_000 }, async (ctx) => {
  labForTest(ctx);
  const folder = mkdtempSync(join(tmpdir(), 'vfio-ts-crc-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const socket = join(folder, 'crc.sock');
  const server = spawn(process.execPath, [program, socket], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  onTestFinished(() => void server.kill('SIGKILL'));
  await once(server.stdout, 'data');

  await using guest = await bootGuest({ devices: [socket], sharesMemory: false });
  const sh = async (command: string): Promise<string> => {
    const { output, status } = await guest.run(command);
    expect([command, status, output]).toEqual([command, 0, output]);
    return output.trim();
  };
  const device = await sh('grep -l 0xc3c3 /sys/bus/pci/devices/*/device | xargs dirname');
  await sh(`echo 1 > ${device}/enable`);
  await sh(`printf '\\006' | dd of=${device}/config bs=1 seek=4 conv=notrunc`);
  const bar = Number((await sh(`head -n 1 ${device}/resource`)).split(' ')[0]);
  const register = (offset: number): string => `0x${(bar + offset).toString(16)}`;

  // One page, and more than a page: the BIOS of the last 64 KiB below 1 MiB.
  for (const [first, pages] of [
    [255, 1],
    [240, 16],
  ] as const) {
    await sh(`devmem ${register(0x18)} 32 3`);
    await sh(`devmem ${register(0x08)} 32 ${first * 4096}`);
    await sh(`devmem ${register(0x10)} 32 ${pages * 4096}`);
    await sh(`devmem ${register(0x14)} 32 1`);
    const wait = `while [ $(devmem ${register(0x18)}) = 0x00000000 ]; do :; done`;
    await sh(`${wait}; [ $(devmem ${register(0x18)}) = 0x00000001 ]`);
    const sum = await sh(`dd if=/dev/mem bs=4096 skip=${first} count=${pages} 2>/dev/null | crc32`);
    expect(await sh(`devmem ${register(0x1c)}`)).toBe(`0x${sum.split(' ')[0]?.toUpperCase()}`);
  }
  await guest.powerOff();
  server.kill('SIGINT');
  expect(await once(server, 'close')).toEqual([0, null]);
});
