// Control units, made as somebody wants them.

import {
  cachedFiles,
  DasdControlUnit,
  DISK_MODELS,
  flockLock,
  openImage,
  readVtoc,
  socketLock,
  TapeControlUnit,
  Terminal3270,
  TerminalServer,
  type ControlUnit,
  type ImageFiles,
  type ImageLock,
  type TrackStore,
  type VolumeGeometry,
} from '@vfio-ts/ccw';
import type { DeviceKind } from '@vfio-ts/ccw/client';
import type { VfioCore } from '@vfio-ts/core';
import { CachedReader, flock } from '@vfio-ts/vfio-user';
import { DASD_NEXT, orWithAdvice, TAPE_NEXT } from './image-error.ts';
import { hex4, type CcwWish, type DasdWish, type TapeWish, type TerminalWish } from './settings.ts';

/** Two locks: the first is seen by those who have no native calls, the second across network namespaces. */
export const IMAGE_LOCKS: readonly ImageLock[] = [socketLock, flockLock(flock)];

/** Files of which what is in memory is read at once. */
const FILES: ImageFiles = cachedFiles(new CachedReader());

/** A control unit that was made, and what to say of it. */
export interface MadeUnit {
  readonly unit: ControlUnit;
  readonly kind: DeviceKind;
  /** For people, one line each. */
  readonly lines: readonly string[];
  /** For programs. */
  readonly facts: Readonly<Record<string, string | number | boolean>>;
  /** Closes what is not the unit's own. */
  readonly close?: () => Promise<void>;
}

/** Makes a control unit. @throws Error with cause and next step */
export function makeUnit(core: VfioCore, wish: CcwWish, deviceNumber: number): Promise<MadeUnit> {
  switch (wish.kind) {
    case 'dasd':
      return makeDasd(wish, deviceNumber);
    case '3270':
      return makeTerminal(core, wish, deviceNumber);
    case 'tape':
      return makeTape(core, wish, deviceNumber);
  }
}

async function makeDasd(wish: DasdWish, deviceNumber: number): Promise<MadeUnit> {
  const { image, isReadOnly, serial, isSpaceEfficient, hasPrefix } = wish;
  const opening = openImage(image, { isReadOnly, locks: IMAGE_LOCKS, files: FILES });
  const store = await orWithAdvice(image, opening, DASD_NEXT);
  const { geometry } = store;
  try {
    const unit = new DasdControlUnit(store, {
      name: `dasd 0.0.${hex4(deviceNumber)}`,
      serial,
      unitAddress: deviceNumber & 0xff,
      isSpaceEfficient,
      hasPrefix,
    });
    const volume = await volumeOf(store);
    const { cylinders, heads } = geometry;
    const facts = { device: 'dasd', image, cylinders, heads, isReadOnly, ...volume };
    const named = volume.volume === undefined ? 'without a label' : `volume ${volume.volume}`;
    const access = store.isReadOnly ? ', read only' : '';
    return { unit, kind: 'dasd', lines: [`${modelName(geometry)}, ${named}${access}`], facts };
  } catch (error) {
    await store.close();
    throw error;
  }
}

/** The serial number of a volume; one that has no label can be given one by its guest. */
async function volumeOf(store: TrackStore): Promise<{ readonly volume?: string }> {
  try {
    return { volume: (await readVtoc(store)).serial };
  } catch {
    return {};
  }
}

/** What a disk of that size is called. */
export function modelName({ deviceType, cylinders, heads }: VolumeGeometry): string {
  const size = `${cylinders} cylinders of ${heads} tracks`;
  for (const [name, model] of DISK_MODELS) {
    if (model.deviceType === deviceType && model.cylinders === cylinders) return `${name}, ${size}`;
  }
  return `${deviceType.toString(16)}, ${size}`;
}

async function makeTape(
  { logger }: VfioCore,
  { file, isReadOnly }: TapeWish,
  deviceNumber: number,
): Promise<MadeUnit> {
  const name = `tape 0.0.${hex4(deviceNumber)}`;
  const options = { name, logger, locks: IMAGE_LOCKS, unitAddress: deviceNumber & 0xff };
  const unit = new TapeControlUnit(options);
  try {
    const mounting = unit.mount(file, { isReadOnly, create: !isReadOnly });
    await orWithAdvice(file, mounting, TAPE_NEXT);
  } catch (error) {
    await unit.close();
    throw error;
  }
  const access = isReadOnly ? ', read only' : '';
  const facts = { device: 'tape', file, isReadOnly };
  return { unit, kind: 'tape', lines: [`3490 with the tape ${file}${access}`], facts };
}

async function makeTerminal(
  { clock, logger }: VfioCore,
  { port, host }: TerminalWish,
  deviceNumber: number,
): Promise<MadeUnit> {
  const unit = new Terminal3270(`3270 0.0.${hex4(deviceNumber)}`);
  const options = { port, clock, logger, ...(host !== undefined && { host }) };
  const terminals = await TerminalServer.listen(unit, options).catch((cause: unknown) => {
    const fact = cause instanceof Error ? cause.message : String(cause);
    const next = 'say another with --set port=N, or leave it out';
    throw new Error(`no terminal can connect there: ${fact}; ${next}`, { cause });
  });
  const { address, family, port: taken } = terminals.address;
  const where = `${family === 'IPv6' ? `[${address}]` : address}:${taken}`;
  return {
    unit,
    kind: 'terminal',
    lines: [`a terminal connects with: c3270 ${where}`],
    facts: { device: '3270', terminal: where },
    close: () => terminals.close(),
  };
}
