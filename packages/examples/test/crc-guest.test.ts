// The guide's program and a real guest: no driver, only what busybox has.
import { labForTest } from '@vfio-ts/lab';
import { expect, test } from 'vitest';
import { crcGuest } from './crc-guest-support.ts';

test('a Linux guest has its memory summed by the engine', { timeout: 240_000 }, async (ctx) => {
  labForTest(ctx);
  const { sh, register, end } = await crcGuest();
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
  await end();
});
