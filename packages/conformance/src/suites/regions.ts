// Reads, writes and mappings of regions.

/* oxlint-disable no-await-in-loop -- a guest does one thing after the other */

import {
  PAGE_SIZE,
  VFIO_REGION_INFO_FLAG_MMAP,
  type RegionInfo,
  type SparseArea,
  type VfioAccess,
} from '@vfio-ts/core';
import { expect } from 'vitest';
import { outcome, refused } from '../assert.ts';
import type { OpenDevice } from '../context.ts';
import type { DeviceHarness } from '../harness.ts';
import { concat, expectBytes } from '../probe/bytes.ts';
import {
  isReadable,
  isWholeReadable,
  isWritable,
  mappableAreas,
  pattern,
  readBytes,
  regionInfos,
} from '../probe/regions.ts';
import { declareSuite, type SuiteOptions } from '../suite.ts';

/** Past every region, or no offset at all. */
const NO_OFFSETS = [-1, 0.5, 2 ** 52, Number.MAX_SAFE_INTEGER, 2 ** 53, 2 ** 64, Number.NaN];

const UNTOUCHED = 0xcc;

/** Statements 58 to 65, 68 and 69. */
export function regionsSuite<T extends object>(
  harness: DeviceHarness<T>,
  options: SuiteOptions = {},
): void {
  declareSuite('regions', harness, options, ({ test, describe }) => {
    const { ram } = harness;
    const isWhole = (info: RegionInfo): boolean => isWholeReadable(info, harness);

    if (ram !== undefined) {
      const { region, offset, length } = ram;
      describe('the memory window', () => {
        test('[58] reads back what was written, all of it', async (t) => {
          const { access } = await t.open();
          const from = pattern(length, 1);
          expect(await access.write(region, offset, from)).toBe(length);
          const into = new Uint8Array(length);
          expect(await access.read(region, offset, into)).toBe(length);
          expectBytes(into, from);
        });

        test('[58] is little endian', async (t) => {
          const { access } = await t.open();
          await access.write(region, offset, Uint8Array.of(1, 2, 3, 4));
          const { buffer } = await readBytes(access, region, offset, 4);
          expect(new DataView(buffer).getUint32(0, true)).toBe(0x0403_0201);
        });

        for (const size of [1, 2, 4, 8]) {
          test(`[64] accesses of ${size} bytes at any offset give the same bytes`, async (t) => {
            const { access } = await t.open();
            const from = pattern(32, 2);
            await access.write(region, offset, from);
            for (let at = 0; at + size <= from.length; at++) {
              const bytes = await readBytes(access, region, offset + at, size);
              expectBytes(bytes, from.subarray(at, at + size));
            }
          });

          test(`[64] writes of ${size} bytes at any offset change just these`, async (t) => {
            const { access } = await t.open();
            const model = pattern(32, 3);
            await access.write(region, offset, model);
            for (let at = 0; at + size <= model.length; at += 3) {
              const from = pattern(size, at);
              model.set(from, at);
              await access.write(region, offset + at, from);
            }
            expectBytes(await readBytes(access, region, offset, model.length), model);
          });
        }

        test('[65] byte k is at offset k', async (t) => {
          const { access } = await t.open();
          const from = pattern(length, 4);
          await access.write(region, offset, from);
          const middle = Math.floor(length / 2);
          for (const at of [0, 1, 255, 256, middle - 1, middle, length - 2, length - 1]) {
            if (at < 0 || at >= length) continue;
            expect([at, ...(await readBytes(access, region, offset + at, 1))]).toEqual([
              at,
              from[at],
            ]);
          }
        });

        test('[61] no bytes are read or written without an effect', async (t) => {
          const { access } = await t.open();
          const from = pattern(length, 5);
          await access.write(region, offset, from);
          expect(await access.read(region, offset, new Uint8Array(0))).toBe(0);
          expect(await access.write(region, offset, new Uint8Array(0))).toBe(0);
          expectBytes(await readBytes(access, region, offset, length), from);
        });
      });
    }

    test('[58] every readable region is read to its last byte', async (t) => {
      const { access } = await t.open();
      for (const { index, size } of (await regionInfos(access)).filter(isWhole)) {
        const length = Math.min(size, PAGE_SIZE);
        const into = new Uint8Array(length);
        expect(await access.read(index, 0, into)).toBe(length);
        expect(await access.read(index, size - length, into)).toBe(length);
        const last = new Uint8Array(Math.min(size, 4));
        expect(await access.read(index, size - last.length, last)).toBe(last.length);
      }
    });

    test('[64] trapped regions give the same bytes whatever the width', async (t) => {
      const { access } = await t.open();
      for (const { index, size } of (await regionInfos(access)).filter(isWhole)) {
        const length = Math.min(size, 64);
        for (const at of new Set([0, size - length])) {
          await expectAnyWidth(access, index, at, length);
        }
      }
    });

    for (const [what, fromEnd, length] of [
      ['[59] an access past the end', 0, 4],
      ['[59] an access one page past the end', -PAGE_SIZE, 1],
      ['[60] an access that leaves the region', 2, 4],
    ] as const) {
      test(`${what} is refused and reads nothing`, async (t) => {
        const { access } = await t.open();
        for (const { index, size } of (await regionInfos(access)).filter(isReadable)) {
          const into = new Uint8Array(length).fill(UNTOUCHED);
          await refused(['EINVAL', 'EFAULT'], () => access.read(index, size - fromEnd, into));
          expect([index, ...into]).toEqual([index, ...new Uint8Array(length).fill(UNTOUCHED)]);
        }
      });

      test(`${what} is refused and writes nothing`, async (t) => {
        const opened = await t.open();
        const infos = await regionInfos(opened.access);
        await expectUnchanged(opened, harness, infos, async ({ access }) => {
          for (const { index, size } of infos.filter(isWritable)) {
            const from = pattern(length, 6);
            await refused(['EINVAL', 'EFAULT'], () => access.write(index, size - fromEnd, from));
          }
        });
      });
    }

    test('[61] every region takes an access of no bytes', async (t) => {
      const opened = await t.open();
      const infos = await regionInfos(opened.access);
      await expectUnchanged(opened, harness, infos, async ({ access }) => {
        const none = new Uint8Array(0);
        for (const info of infos) {
          if (isReadable(info)) expect(await access.read(info.index, 0, none)).toBe(0);
          if (isWritable(info)) expect(await access.write(info.index, 0, none)).toBe(0);
        }
      });
    });

    for (const at of NO_OFFSETS) {
      test(`[62] offset ${at} is refused`, async (t) => {
        const { access } = await t.open();
        for (const info of await regionInfos(access)) {
          const bytes = new Uint8Array(4);
          if (isReadable(info)) await refused('EINVAL', () => access.read(info.index, at, bytes));
          if (isWritable(info)) await refused('EINVAL', () => access.write(info.index, at, bytes));
        }
      });
    }

    test('[63] a region is neither read nor written against its flags', async (t) => {
      const opened = await t.open();
      const infos = await regionInfos(opened.access);
      await expectUnchanged(opened, harness, infos, async ({ access }) => {
        for (const info of infos) {
          const bytes = pattern(4, 7);
          if (!isReadable(info)) await refused('EINVAL', () => access.read(info.index, 0, bytes));
          if (!isWritable(info)) await refused('EINVAL', () => access.write(info.index, 0, bytes));
        }
      });
    });

    test('[59] a region that does not exist is neither read nor written', async (t) => {
      const { access } = await t.open();
      const { numRegions } = await access.getInfo();
      for (const index of [numRegions, 0xffff_ffff]) {
        await refused('EINVAL', () => access.read(index, 0, new Uint8Array(4)));
        await refused('EINVAL', () => access.write(index, 0, new Uint8Array(4)));
      }
    });

    test('[68] a region without the MMAP flag cannot be mapped', async (t) => {
      const { access } = await t.open();
      for (const { index, size, flags } of await regionInfos(access)) {
        if ((flags & VFIO_REGION_INFO_FLAG_MMAP) !== 0) continue;
        const length = Math.max(PAGE_SIZE, Math.floor(size / PAGE_SIZE) * PAGE_SIZE);
        await refused('EINVAL', () => access.mmap(index, 0, length));
      }
    });

    for (const [what, offset, more] of [
      ['at an odd offset', 1, 0],
      ['at an offset that is no page', 2048, -2048],
      ['longer than it is', 0, PAGE_SIZE],
      ['from past its end', 'end', 0],
      ['by less than a page', 0, -1],
      ['from a negative offset', -PAGE_SIZE, 0],
      ['with no length', 0, 'none'],
    ] as const) {
      test(`[68] a region cannot be mapped ${what}`, async (t) => {
        const { access } = await t.open();
        for (const info of await regionInfos(access)) {
          for (const area of mappableAreas(info)) {
            const at = area.offset + (offset === 'end' ? area.size : offset);
            const length = more === 'none' ? 0 : area.size + more;
            await refused('EINVAL', () => access.mmap(info.index, at, length));
          }
        }
      });
    }

    test('[68] what lies between the sparse areas cannot be mapped', async (t) => {
      const { access } = await t.open();
      for (const info of await regionInfos(access)) {
        const areas = mappableAreas(info);
        for (let at = 0; areas.length > 0 && at < info.size; at += PAGE_SIZE) {
          const inside = areas.some((area) => at >= area.offset && at < area.offset + area.size);
          if (!inside) await refused('EINVAL', () => access.mmap(info.index, at, PAGE_SIZE));
        }
      }
    });

    test('[69] a mapping and read and write see the same data', async (t) => {
      const { access } = await t.open();
      for (const info of await regionInfos(access)) {
        for (const area of mappableAreas(info)) {
          await expectShared(access, info, area);
        }
      }
    });

    test('[69] two mappings of a region see the same data', async (t) => {
      const { access } = await t.open();
      for (const info of (await regionInfos(access)).filter(isWritable)) {
        for (const area of mappableAreas(info)) {
          const one = await access.mmap(info.index, area.offset, area.size);
          const two = await access.mmap(info.index, area.offset, area.size);
          one.bytes.set(pattern(16, 8), area.size - 16);
          expectBytes(two.bytes.subarray(area.size - 16), pattern(16, 8));
          one.unmap();
          expectBytes(two.bytes.subarray(area.size - 16), pattern(16, 8));
          two.unmap();
        }
      }
    });

    test('[69] a mapping is empty once it is unmapped', async (t) => {
      const { access } = await t.open();
      for (const info of await regionInfos(access)) {
        for (const area of mappableAreas(info)) {
          const mapping = await access.mmap(info.index, area.offset, PAGE_SIZE);
          expect(mapping.bytes.length).toBe(PAGE_SIZE);
          mapping.unmap();
          expect(await outcome(() => mapping.unmap())).toBe('ok');
          expect(mapping.bytes.length).toBe(0);
        }
      }
    });
  });
}

/** Reads of every width and alignment inside a range agree with one read of the whole. */
async function expectAnyWidth(
  access: VfioAccess,
  region: number,
  offset: number,
  length: number,
): Promise<void> {
  const whole = await readBytes(access, region, offset, length);
  for (const width of [1, 2, 4]) {
    for (let at = 0; at + width <= length; at += width === 1 ? 1 : width - 1) {
      const bytes = await readBytes(access, region, offset + at, width);
      expectBytes(bytes, whole.subarray(at, at + width));
    }
  }
}

/** What a guest can see of the device is the same before and after. */
async function expectUnchanged<T extends object>(
  opened: OpenDevice<T>,
  harness: DeviceHarness<T>,
  infos: readonly RegionInfo[],
  action: (opened: OpenDevice<T>) => Promise<void>,
): Promise<void> {
  const look = async (): Promise<Uint8Array> =>
    concat([
      harness.snapshot?.(opened.device) ?? new Uint8Array(0),
      ...(await Promise.all(
        infos
          .filter((info) => isWholeReadable(info, harness))
          .map(({ index, size }) => readBytes(opened.access, index, 0, Math.min(size, PAGE_SIZE))),
      )),
    ]);
  const before = await look();
  await action(opened);
  expectBytes(await look(), before);
}

async function expectShared(
  access: VfioAccess,
  info: RegionInfo,
  { offset, size }: SparseArea,
): Promise<void> {
  const mapping = await access.mmap(info.index, offset, size);
  try {
    expect(mapping.bytes.length).toBe(size);
    expectBytes(await readBytes(access, info.index, offset, size), mapping.bytes.slice());
    if (!isWritable(info)) return;
    mapping.bytes.set(pattern(64, 9), size - 64);
    expectBytes(await readBytes(access, info.index, offset + size - 64, 64), pattern(64, 9));
    await access.write(info.index, offset, pattern(64, 10));
    expectBytes(mapping.bytes.slice(0, 64), pattern(64, 10));
  } finally {
    mapping.unmap();
  }
}
