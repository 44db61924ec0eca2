// The graphics plane: statements 112 and 113.

import {
  VFIO_GFX_PLANE_TYPE_DMABUF,
  VFIO_GFX_PLANE_TYPE_PROBE,
  VFIO_GFX_PLANE_TYPE_REGION,
} from '@vfio-ts/core';
import { expect } from 'vitest';
import { refused } from '../assert.ts';
import type { TestContext } from '../context.ts';
import type { DeviceHarness } from '../harness.ts';
import type { InProcessSession } from '../in-process.ts';
import { declareSuite, type SuiteOptions, type SuiteTests } from '../suite.ts';

const PROBE = VFIO_GFX_PLANE_TYPE_PROBE;
const DMABUF = VFIO_GFX_PLANE_TYPE_DMABUF;
const REGION = VFIO_GFX_PLANE_TYPE_REGION;

/** What a device shows. */
export function displaySuite<T extends object>(
  harness: DeviceHarness<T>,
  options: SuiteOptions = {},
): void {
  declareSuite('display', harness, options, (tests) => {
    if (harness.supports.gfx) plane(tests);
    else {
      tests.test('[112] a device that shows nothing says ENOTTY', async (t) => {
        const { access } = open(t);
        await refused('ENOTTY', () => access.queryGfxPlane({ flags: PROBE | REGION }));
        await refused('ENOTTY', () => access.queryGfxPlane({ flags: REGION }));
      });
    }
  });
}

function open<T extends object>(t: TestContext<T>): InProcessSession {
  return t.openInProcess(t.registered().vdev);
}

function plane<T extends object>({ test }: SuiteTests<T>): void {
  const refusals = [
    { what: 'a probe for DMABUF', query: { flags: PROBE | DMABUF } },
    { what: 'a probe without a type', query: { flags: PROBE } },
    { what: 'a probe for both types', query: { flags: PROBE | DMABUF | REGION } },
    { what: 'a query for DMABUF', query: { flags: DMABUF } },
    { what: 'a query for both types', query: { flags: DMABUF | REGION } },
    { what: 'a query without a type', query: { flags: 0 } },
    { what: 'an unknown flag', query: { flags: REGION | 8 } },
    { what: 'argsz 59', query: { flags: REGION, argsz: 59 } },
  ];
  for (const { what, query } of refusals) {
    test(`[112] ${what} is EINVAL`, async (t) => {
      await refused('EINVAL', () => open(t).access.queryGfxPlane(query));
    });
  }

  test('[112] a probe for REGION succeeds', (t) => {
    const { access } = open(t);
    expect(access.queryGfxPlane({ flags: PROBE | REGION })).toBe(undefined);
  });

  test('[113] the plane fits its region, and the region can be mapped as a whole', (t) => {
    const { access } = open(t);
    const reply = access.queryGfxPlane({ flags: REGION });
    if (reply === undefined) throw new TypeError('a query has an answer');
    const { width, height, stride, size, regionIndex, drmFormat } = reply;
    if (drmFormat === 0) {
      expect({ width, height, size }).toEqual({ width: 0, height: 0, size: 0 });
      return;
    }
    expect(width).toBeGreaterThan(0);
    expect(height).toBeGreaterThan(0);
    expect(stride).toBe(width * 4);
    expect(size).toBeGreaterThanOrEqual(height * stride);
    const info = access.getRegionInfo(regionIndex);
    expect(info.size).toBeGreaterThanOrEqual(size);
    const mapping = access.mmap(regionIndex, 0, info.size);
    expect(mapping.bytes.length).toBe(info.size);
    mapping.unmap();
  });

  test('[113] the plane is the same at every query and after a reset', async (t) => {
    const { access } = open(t);
    const first = access.queryGfxPlane({ flags: REGION });
    expect(access.queryGfxPlane({ flags: REGION, argsz: 64 })).toEqual(first);
    if (t.harness.supports.reset) await access.reset();
    expect(access.queryGfxPlane({ flags: REGION })).toEqual(first);
  });
}
