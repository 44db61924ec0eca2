// The guide's program and a real guest: no driver, only what busybox has.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { bootGuest, labForTest } from '@vfio-ts/lab';
import { expect, onTestFinished, test } from 'vitest';

const program = new URL('../src/serve-crc.ts', import.meta.url).pathname;

test('a Linux guest has its memory summed by the engine', { timeout: 240_000 }, async (ctx) => {
  labForTest(ctx);
  const folder = mkdtempSync(join(tmpdir(), 'vfio-ts-crc-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const socket = join(folder, 'crc.sock');
  const server = spawn(process.execPath, [program, socket], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  onTestFinished(() => void server.kill('SIGKILL'));
  await once(server.stdout, 'data');

  await using guest = await bootGuest({ devices: [socket] });
  const sh = async (command: string): Promise<string> => {
    const { output, status } = await guest.run(command);
    expect([command, status, output]).toEqual([command, 0, output]);
    return output.trim();
  };
  const device = await sh('grep -l 0xc3c3 /sys/bus/pci/devices/*/device | xargs dirname');
  await sh(`echo 1 > ${device}/enable`);
  // Memory decoding and bus master, in the command register.
  await sh(`printf '\\006' | dd of=${device}/config bs=1 seek=4 conv=notrunc`);
  const bar = Number((await sh(`head -n 1 ${device}/resource`)).split(' ')[0]);
  const register = (offset: number): string => `0x${(bar + offset).toString(16)}`;
  expect(await sh(`devmem ${register(0x00)}`)).toBe('0x43524333');

  // The page with the BIOS reset vector: every guest has it, and may read it.
  await sh(`devmem ${register(0x08)} 32 0xff000`);
  await sh(`devmem ${register(0x10)} 32 4096`);
  await sh(`devmem ${register(0x14)} 32 1`);
  expect(await sh(`devmem ${register(0x18)}`)).toBe('0x00000001');
  const sum = await sh('dd if=/dev/mem bs=4096 skip=255 count=1 2>/dev/null | crc32');
  expect(await sh(`devmem ${register(0x1c)}`)).toBe(`0x${sum.split(' ')[0]?.toUpperCase()}`);

  // An address where there is no memory is an answer, too.
  await sh(`devmem ${register(0x0c)} 32 0xffff`);
  await sh(`devmem ${register(0x14)} 32 1`);
  expect(await sh(`devmem ${register(0x18)}`)).toBe('0x00000002');

  await guest.powerOff();
  server.kill('SIGINT');
  expect(await once(server, 'close')).toEqual([0, null]);
  expect(existsSync(socket)).toBe(false);
});
