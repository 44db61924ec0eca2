// The same engine and a guest whose memory is not shared, what `-m` alone gives: the device asks QEMU for it, in
// QEMU's own layout of the messages. Against QEMU 11.1.
import { labForTest } from '@vfio-ts/lab';
import { expect, test } from 'vitest';
import { crcGuest } from './crc-guest-support.ts';

test('memory that QEMU does not share is summed too', { timeout: 240_000 }, async (ctx) => {
  labForTest(ctx);
  const { sh, register, end } = await crcGuest({ sharesMemory: false });

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
  await end();
});
