// Faults of migration.

import type { MigrationState, MigrationStream, VfioMigrationOps } from '@vfio-ts/core';
import {
  referenceHarness,
  referenceMigrationOps,
  referenceOps,
  type ReferenceDevice,
} from '../reference-device/index.ts';
import { brokenHarness, brokenOps, type BrokenDriver } from './broken-driver.ts';

type SetState = VfioMigrationOps<ReferenceDevice>['setState'];

const go: SetState = ({ migration }, from, to) => migration.go(from, to);
const firstStreams = new WeakMap<ReferenceDevice, MigrationStream>();

/** A driver whose arcs are gone by `setState`. */
function brokenArcs(
  name: string,
  setState: SetState,
  expected: Omit<BrokenDriver, 'name' | 'harness'>,
): BrokenDriver {
  return brokenOps(name, { migration: { ...referenceMigrationOps, setState } }, expected);
}

function isArc(from: MigrationState, to: MigrationState, name: string): boolean {
  return `${from} -> ${to}` === name;
}

/** Drivers that migrate wrongly. */
export const BROKEN_MIGRATIONS: readonly BrokenDriver[] = [
  brokenArcs(
    'skips an arc',
    (device, from, to) =>
      isArc(from, to, 'PRE_COPY_P2P -> PRE_COPY') ? undefined : go(device, from, to),
    { caughtBy: [100] },
  ),
  brokenArcs(
    'loses a part of its state on the way',
    (device, from, to) => {
      const stream = go(device, from, to);
      if (isArc(from, to, 'RESUMING -> STOP')) device.latch.fill(0);
      return stream;
    },
    { caughtBy: [104] },
  ),
  brokenArcs(
    'takes any data for a state',
    (device, from, to) => {
      try {
        return go(device, from, to);
      } catch {
        device.migration.state = to;
        return undefined;
      }
    },
    { caughtBy: [104] },
  ),
  brokenArcs(
    'loses a part of the data when it is written in pieces',
    (device, from, to) => {
      const stream = go(device, from, to);
      if (to !== 'RESUMING' || stream === undefined) return stream;
      let pieces = 0;
      return {
        write: (data) => (++pieces === 3 ? data.length : (stream.write?.(data) ?? 0)),
      };
    },
    { caughtBy: [104] },
  ),
  brokenArcs(
    'gives every session the stream of the first',
    (device, from, to) => {
      const stream = go(device, from, to);
      if (!isArc(from, to, 'STOP -> STOP_COPY') || stream === undefined) return stream;
      return firstStreams.getOrInsert(device, stream);
    },
    { caughtBy: [103] },
  ),
  brokenArcs(
    'changes while it is saved',
    (device, from, to) => {
      const stream = go(device, from, to);
      if (to === 'STOP_COPY') device.latch[0] = (device.latch[0] ?? 0) ^ 1;
      return stream;
    },
    { caughtBy: [104] },
  ),
  brokenOps(
    'does not run when it is opened again',
    {
      openDevice(device) {
        if (device.shared) device.adapter.sharedOpen.add(device);
      },
    },
    { caughtBy: [99], alsoFails: [102] },
  ),
  brokenOps(
    'shows migration flags it does not have',
    { migration: { ...referenceMigrationOps, flags: 3 } },
    { caughtBy: [98], alsoFails: [99, 100, 102, 103, 104, 85] },
  ),
  brokenHarness(
    'hides that it migrates',
    { supports: { ...referenceHarness.supports, migration: false } },
    { caughtBy: [97, 98] },
  ),
  brokenOps(
    'answers every feature there could ever be',
    { deviceFeature: (_, { data }) => data },
    { caughtBy: [97] },
  ),
  brokenOps(
    'leaves a migration session alone when it is reset in it',
    {
      reset(device) {
        const { state } = device.migration;
        void referenceOps.reset?.(device);
        if (state === 'STOP_COPY') device.migration.state = state;
      },
    },
    { caughtBy: [85] },
  ),
];
