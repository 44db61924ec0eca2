// DMA logging by the device: exactly what it wrote, exactly once.

/* oxlint-disable no-await-in-loop -- a guest does one thing after the other */

import {
  PAGE_SIZE,
  startDmaLogging,
  stopDmaLogging,
  VFIO_DEVICE_FEATURE_DMA_LOGGING_STOP,
  VFIO_DEVICE_FEATURE_SET,
  type ErrnoCode,
  type LogRange,
  type VfioAccess,
} from '@vfio-ts/core';
import { expect } from 'vitest';
import { outcome, refused } from '../assert.ts';
import type { DmaHooks } from '../device-under-test.ts';
import type { DeviceHarness } from '../harness.ts';
import { BASE, dmaOf, mapPages, READ_WRITE } from '../probe/dma.ts';
import {
  rawReport,
  rawStart,
  REPORT,
  reportedPages,
  START,
  type RawRange,
} from '../probe/logging.ts';
import { pathRules } from '../probe/path.ts';
import { pattern } from '../probe/regions.ts';
import { declareSuite, type SuiteOptions } from '../suite.ts';

const PAGE = BigInt(PAGE_SIZE);
const FIRST: RawRange = [BigInt(BASE), PAGE];
/** Pages of guest memory in the tests. */
const NPAGE = 8;
const EVERYWHERE: readonly LogRange[] = [{ iova: BASE, length: NPAGE * PAGE_SIZE }];

type BadStart = readonly [what: string, data: Uint8Array, code: ErrnoCode];

function badStarts(needsRanges: boolean): readonly BadStart[] {
  const many = (count: number): readonly RawRange[] =>
    Array.from({ length: count }, (_, i) => [BigInt(BASE) + BigInt(i) * PAGE, PAGE]);
  const none: BadStart = ['no ranges (in process)', rawStart(PAGE, []), 'EINVAL'];
  return [
    ...(needsRanges ? [none] : []),
    ['257 ranges', rawStart(PAGE, many(257)), 'E2BIG'],
    ['a start that is no page', rawStart(PAGE, [[BigInt(BASE) + 8n, PAGE]]), 'EINVAL'],
    ['a length that is no page', rawStart(PAGE, [[BigInt(BASE), PAGE + 8n]]), 'EINVAL'],
    ['a start that is no larger page', rawStart(2n * PAGE, [[PAGE, 2n * PAGE]]), 'EINVAL'],
    ['two ranges that are the same', rawStart(PAGE, [FIRST, FIRST]), 'EINVAL'],
    [
      'ranges that overlap',
      rawStart(PAGE, [
        [0n, 2n * PAGE],
        [PAGE, 2n * PAGE],
      ]),
      'EINVAL',
    ],
    [
      'one range inside another',
      rawStart(PAGE, [
        [PAGE, PAGE],
        [0n, 4n * PAGE],
      ]),
      'EINVAL',
    ],
    ['a range past 2^64', rawStart(PAGE, [[2n ** 64n - PAGE, 2n * PAGE]]), 'EOVERFLOW'],
    ['fewer ranges than it says', rawStart(PAGE, [FIRST], 2), 'EINVAL'],
    ['a control cut short', rawStart(PAGE, []).subarray(0, 12), 'EINVAL'],
    ['page size 0', rawStart(0n, [FIRST]), 'EINVAL'],
    ['a page size that is no power of two', rawStart(3n * PAGE, [[0n, 3n * PAGE]]), 'EINVAL'],
  ];
}

const BAD_REPORTS: readonly BadStart[] = [
  ['page size 2048', rawReport(2048n, FIRST), 'EINVAL'],
  ['a page size of three pages', rawReport(3n * PAGE, FIRST), 'EINVAL'],
  ['page size 0', rawReport(0n, FIRST), 'EINVAL'],
  ['a range past 2^64', rawReport(PAGE, [2n ** 64n - PAGE, 2n * PAGE]), 'EOVERFLOW'],
  ['no range', rawReport(PAGE, [BigInt(BASE), 0n]), 'EINVAL'],
  ['a request cut short', rawReport(PAGE, FIRST).subarray(0, 16), 'EINVAL'],
];

/** Statements 105 to 107. */
export function loggingSuite<T extends object>(
  harness: DeviceHarness<T>,
  options: SuiteOptions = {},
): void {
  if (!harness.supports.log) {
    withoutLog(harness, options);
    return;
  }
  declareControl(harness, options);
  const dma = dmaOf(harness);
  if (dma !== undefined) declareReports(harness, dma, options);
}

function withoutLog<T extends object>(harness: DeviceHarness<T>, options: SuiteOptions): void {
  declareSuite('logging', harness, options, ({ test }) => {
    for (const [what, flags, data] of [
      ['start', START, rawStart(PAGE, [FIRST])],
      ['report', REPORT, rawReport(PAGE, FIRST)],
      ['stop', VFIO_DEVICE_FEATURE_DMA_LOGGING_STOP | VFIO_DEVICE_FEATURE_SET, new Uint8Array(0)],
    ] as const) {
      test(`[105] a device that cannot log refuses to ${what}`, async (t) => {
        const { access } = await t.open();
        await refused('ENOTTY', () => access.feature({ flags, data }));
      });
    }
  });
}

function declareControl<T extends object>(harness: DeviceHarness<T>, options: SuiteOptions): void {
  declareSuite('logging', harness, options, ({ test }) => {
    const rules = pathRules(harness);

    for (const [what, data, code] of badStarts(rules.loggingNeedsRanges)) {
      test(`[105] a start with ${what} is refused, and nothing is logged`, async (t) => {
        const { access } = await t.open();
        await refused(code, () => access.feature({ flags: START, data }));
        await expectNotLogging(access);
      });
    }

    test('[105] 256 ranges are taken', async (t) => {
      const { access } = await t.open();
      const ranges = Array.from({ length: 256 }, (_, i) => ({
        iova: BASE + 2 * i * PAGE_SIZE,
        length: PAGE_SIZE,
      }));
      await startDmaLogging(access, ranges, PAGE_SIZE);
    });

    test('[105] the page size really used is told, a power of two', async (t) => {
      const { access } = await t.open();
      const used = await startDmaLogging(access, EVERYWHERE, PAGE_SIZE);
      expect(used).toBeGreaterThan(0);
      expect(Math.log2(used) % 1).toBe(0);
    });

    if (!rules.loggingNeedsRanges) {
      test('[105] no ranges are all there is (over vfio-user)', async (t) => {
        const { access } = await t.open();
        await startDmaLogging(access, [], PAGE_SIZE);
        expect(await reportedPages(access, { npage: NPAGE })).toEqual([]);
      });
    }

    test('[105] a second start is refused', async (t) => {
      const { access } = await t.open();
      await startDmaLogging(access, EVERYWHERE, PAGE_SIZE);
      expect(['EINVAL', 'EBUSY']).toContain(
        await outcome(() => startDmaLogging(access, EVERYWHERE, PAGE_SIZE)),
      );
      expect(await reportedPages(access, { npage: NPAGE })).toEqual([]);
    });

    test('[105] a stop is taken, and a start after it', async (t) => {
      const { access } = await t.open();
      await startDmaLogging(access, EVERYWHERE, PAGE_SIZE);
      await stopDmaLogging(access);
      await expectNotLogging(access);
      await startDmaLogging(access, EVERYWHERE, PAGE_SIZE);
    });

    test('[105] a stop without a start does no harm', async (t) => {
      const { access } = await t.open();
      await outcome(() => stopDmaLogging(access));
      await startDmaLogging(access, EVERYWHERE, PAGE_SIZE);
    });

    for (const [what, data, code] of BAD_REPORTS) {
      test(`[106] a report with ${what} is refused`, async (t) => {
        const { access } = await t.open();
        await startDmaLogging(access, EVERYWHERE, PAGE_SIZE);
        await refused(code, () => access.feature({ flags: REPORT, argsz: 64, data }));
      });
    }

    test('[106] a report without room for its bitmap is refused', async (t) => {
      const { access } = await t.open();
      await startDmaLogging(access, EVERYWHERE, PAGE_SIZE);
      const data = rawReport(PAGE, FIRST);
      await refused('EINVAL', () => access.feature({ flags: REPORT, argsz: 8 + 24 + 7, data }));
    });

    test('[106] a report before the start is refused', async (t) => {
      const { access } = await t.open();
      await expectNotLogging(access);
    });

    test('[107] a device that is reopened does not log', async (t) => {
      const { access, session, vdev } = await t.open();
      await startDmaLogging(access, EVERYWHERE, PAGE_SIZE);
      await session.close();
      const again = await t.connect(vdev);
      await expectNotLogging(again.access);
      await startDmaLogging(again.access, EVERYWHERE, PAGE_SIZE);
      expect(await reportedPages(again.access, { npage: NPAGE })).toEqual([]);
    });

    if (harness.supports.reset) {
      test('[107] a device that was reset does not log', async (t) => {
        const { access } = await t.open();
        await startDmaLogging(access, EVERYWHERE, PAGE_SIZE);
        await access.reset();
        await expectNotLogging(access);
        await startDmaLogging(access, EVERYWHERE, PAGE_SIZE);
      });
    }
  });
}

function declareReports<T extends object>(
  harness: DeviceHarness<T>,
  dma: DmaHooks<T>,
  options: SuiteOptions,
): void {
  const write = (device: T, page: number, offset = 0, length = 1): void =>
    dma.write(device, BASE + page * PAGE_SIZE + offset, pattern(length, page));

  declareSuite('log reports', harness, options, ({ test }) => {
    test('[106] exactly the pages written are reported, once', async (t) => {
      const { access, device, session } = await t.open();
      await mapPages(session, NPAGE);
      await startDmaLogging(access, EVERYWHERE, PAGE_SIZE);
      for (const page of [0, 3, 7]) write(device, page, 17);
      expect(await reportedPages(access, { npage: NPAGE })).toEqual([0, 3, 7]);
      expect(await reportedPages(access, { npage: NPAGE })).toEqual([]);
      write(device, 3);
      expect(await reportedPages(access, { npage: NPAGE })).toEqual([3]);
    });

    test('[106] each page by itself is reported as itself', async (t) => {
      const { access, device, session } = await t.open();
      await mapPages(session, NPAGE);
      await startDmaLogging(access, EVERYWHERE, PAGE_SIZE);
      for (let page = 0; page < NPAGE; page++) {
        write(device, page);
        expect(await reportedPages(access, { npage: NPAGE })).toEqual([page]);
      }
    });

    test('[106] a write across a page boundary is two pages', async (t) => {
      const { access, device, session } = await t.open();
      await mapPages(session, NPAGE);
      await startDmaLogging(access, EVERYWHERE, PAGE_SIZE);
      write(device, 2, PAGE_SIZE - 1, 2);
      expect(await reportedPages(access, { npage: NPAGE })).toEqual([2, 3]);
    });

    test('[106] a write of whole pages is these pages', async (t) => {
      const { access, device, session } = await t.open();
      await mapPages(session, NPAGE);
      await startDmaLogging(access, EVERYWHERE, PAGE_SIZE);
      write(device, 1, 0, 3 * PAGE_SIZE);
      expect(await reportedPages(access, { npage: NPAGE })).toEqual([1, 2, 3]);
    });

    test('[106] reads and refused writes are not reported', async (t) => {
      const { access, device, session } = await t.open();
      await mapPages(session, NPAGE - 1);
      await startDmaLogging(access, EVERYWHERE, PAGE_SIZE);
      dma.read(device, BASE, new Uint8Array(2 * PAGE_SIZE));
      await refused('EINVAL', () => write(device, NPAGE - 2, PAGE_SIZE - 1, 2));
      expect(await reportedPages(access, { npage: NPAGE })).toEqual([]);
    });

    test('[106] what was written before the start is not reported', async (t) => {
      const { access, device, session } = await t.open();
      await mapPages(session, NPAGE);
      write(device, 1);
      await startDmaLogging(access, EVERYWHERE, PAGE_SIZE);
      expect(await reportedPages(access, { npage: NPAGE })).toEqual([]);
    });

    test('[106] what was written between a stop and a start is not reported', async (t) => {
      const { access, device, session } = await t.open();
      await mapPages(session, NPAGE);
      await startDmaLogging(access, EVERYWHERE, PAGE_SIZE);
      write(device, 1);
      await stopDmaLogging(access);
      write(device, 2);
      await startDmaLogging(access, EVERYWHERE, PAGE_SIZE);
      expect(await reportedPages(access, { npage: NPAGE })).toEqual([]);
    });

    test('[106] pages outside the ranges are not reported', async (t) => {
      const { access, device, session } = await t.open();
      await mapPages(session, NPAGE);
      const ranges = [1, 4].map((page) => ({
        iova: BASE + page * PAGE_SIZE,
        length: 2 * PAGE_SIZE,
      }));
      await startDmaLogging(access, ranges, PAGE_SIZE);
      write(device, 0, 0, NPAGE * PAGE_SIZE);
      expect(await reportedPages(access, { npage: NPAGE })).toEqual([1, 2, 4, 5]);
    });

    test('[106] a report of a part names and clears that part only', async (t) => {
      const { access, device, session } = await t.open();
      await mapPages(session, NPAGE);
      await startDmaLogging(access, EVERYWHERE, PAGE_SIZE);
      for (const page of [0, 2, 3, 5]) write(device, page);
      expect(await reportedPages(access, { from: 2, npage: 2 })).toEqual([0, 1]);
      expect(await reportedPages(access, { npage: NPAGE })).toEqual([0, 5]);
    });

    test('[106] a report in larger pages has a bit for each that was touched', async (t) => {
      const { access, device, session } = await t.open();
      await mapPages(session, NPAGE);
      await startDmaLogging(access, EVERYWHERE, PAGE_SIZE);
      for (const page of [1, 6]) write(device, page);
      const larger = { npage: NPAGE, pageSize: 2 * PAGE_SIZE };
      expect(await reportedPages(access, larger)).toEqual([0, 3]);
      expect(await reportedPages(access, { npage: NPAGE })).toEqual([]);
    });

    test('[106] a refused report clears nothing', async (t) => {
      const { access, device, session } = await t.open();
      await mapPages(session, NPAGE);
      await startDmaLogging(access, EVERYWHERE, PAGE_SIZE);
      write(device, 4);
      const data = rawReport(2048n, [BigInt(BASE), BigInt(NPAGE) * PAGE]);
      await refused('EINVAL', () => access.feature({ flags: REPORT, argsz: 64, data }));
      expect(await reportedPages(access, { npage: NPAGE })).toEqual([4]);
    });

    test('[106] pages pinned for writing are in every report until they are unpinned', async (t) => {
      const { access, device, session } = await t.open();
      await mapPages(session, NPAGE);
      await startDmaLogging(access, EVERYWHERE, PAGE_SIZE);
      dma.pin(device, BASE + 2 * PAGE_SIZE, 2, READ_WRITE);
      for (let i = 0; i < 2; i++) {
        expect(await reportedPages(access, { npage: NPAGE })).toEqual([2, 3]);
      }
      dma.unpin(device, BASE + 2 * PAGE_SIZE, 2);
      // Once more: the device could write until the unpin.
      await reportedPages(access, { npage: NPAGE });
      expect(await reportedPages(access, { npage: NPAGE })).toEqual([]);
    });

    test('[106] logging goes on while memory comes and goes', async (t) => {
      const { access, device, session } = await t.open();
      await mapPages(session, 2);
      await startDmaLogging(access, EVERYWHERE, PAGE_SIZE);
      await access.unmapDma({ iova: BASE, size: 2 * PAGE_SIZE });
      await mapPages(session, 2, { at: 4 });
      write(device, 5);
      expect(await reportedPages(access, { npage: NPAGE })).toEqual([5]);
    });

    test('[107] nothing of the old log is left when logging starts again', async (t) => {
      const { access, device, session, vdev } = await t.open();
      await mapPages(session, NPAGE);
      await startDmaLogging(access, EVERYWHERE, PAGE_SIZE);
      write(device, 1);
      await session.close();
      const again = await t.connect(vdev);
      await mapPages(again, NPAGE);
      await startDmaLogging(again.access, EVERYWHERE, PAGE_SIZE);
      expect(await reportedPages(again.access, { npage: NPAGE })).toEqual([]);
    });
  });
}

async function expectNotLogging(access: VfioAccess): Promise<void> {
  const report = reportedPages(access, { npage: NPAGE });
  expect(await outcome(() => report)).not.toBe('ok');
}
