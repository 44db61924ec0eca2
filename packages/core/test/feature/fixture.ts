import { expect } from 'vitest';

import type { ErrnoCode, FeatureRequest, LogRange, VfioDeviceOps } from '../../src/index.ts';
import { dispatchFeature } from '../../src/feature/dispatch.ts';
import { type FeatureOptions, type FeatureTarget, LoggingState } from '../../src/feature/target.ts';
import { MigrationSession } from '../../src/migration/session.ts';
import { FakeDriver, fakeOps } from '../migration/fake-driver.ts';

export const GET = 1 << 16;
export const SET = 1 << 17;
export const PROBE = 1 << 18;

/** A driver that migrates, logs and has a feature of its own; it keeps what was asked of it. */
export class FeatureDriver extends FakeDriver {
  readonly calls: string[] = [];
  logged: readonly LogRange[] | undefined;
  pageSizeUsed: number | undefined;
  dirty: readonly LogRange[] = [];
  failure: Error | undefined;
}

export const featureOps: VfioDeviceOps<FeatureDriver> = {
  ...fakeOps,
  log: {
    logStart(driver, ranges, pageSize) {
      driver.calls.push('logStart');
      if (driver.failure !== undefined) throw driver.failure;
      driver.logged = ranges;
      return driver.pageSizeUsed ?? pageSize;
    },
    logStop(driver) {
      driver.calls.push('logStop');
      if (driver.failure !== undefined) throw driver.failure;
    },
    logReadAndClear(driver, iova, length, sink) {
      driver.calls.push(`logReadAndClear 0x${iova.toString(16)} 0x${length.toString(16)}`);
      if (driver.failure !== undefined) throw driver.failure;
      for (const range of driver.dirty) sink.set(range.iova, range.length);
    },
  },
  deviceFeature(driver, { flags, argsz, data }) {
    driver.calls.push(`deviceFeature 0x${flags.toString(16)} ${argsz} [${data.join()}]`);
    return Uint8Array.of(0xaa);
  },
};

/** A target of feature requests; `ops` exchanges its table. */
export function setUp(ops: VfioDeviceOps<FeatureDriver> = featureOps) {
  const driver = new FeatureDriver();
  const lines: string[] = [];
  const log = (message: () => string) => void lines.push(message());
  const migration = new MigrationSession({ ops: () => ops, self: driver, log });
  const logging = new LoggingState();
  const target: FeatureTarget = { ops, self: driver, migration, logging, log };
  const feature = (request: FeatureRequest, options?: FeatureOptions) =>
    dispatchFeature(target, request, options);
  return { driver, target, lines, feature };
}

/** Matches an error by its code. */
export const withCode = (code: ErrnoCode): unknown => expect.objectContaining({ code });

/** The parts, one after the other. */
export function bytesOf(...parts: readonly Uint8Array[]): Uint8Array {
  return Uint8Array.from(parts.flatMap((part) => Array.from(part)));
}

/** A little-endian 32-bit word. */
export function u32(value: number): Uint8Array {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setUint32(0, value, true);
  return bytes;
}

/** A little-endian 64-bit word. */
export function u64(value: number | bigint): Uint8Array {
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(value), true);
  return bytes;
}
