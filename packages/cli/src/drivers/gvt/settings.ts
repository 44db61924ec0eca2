// Settings of the GPU below vGPUs, and of what their guests see.

import { VfioError } from '@vfio-ts/core';
import {
  GVT_TYPES,
  gvtTypesOf,
  HOST_APERTURE,
  monitorEdid,
  type IntelGvtOptions,
  type MappablePolicy,
  type Resolution,
  type SoftGpuOptions,
  type TablePolicy,
} from '@vfio-ts/gvt';
import type { Setting } from '../../mdev/definition.ts';
import { factOf } from '../../errors.ts';
import { UsageError } from '../../usage.ts';
import type { DeviceWish } from '../driver.ts';
import { sharedSetting } from '../shared-setting.ts';

/** One GPU, and how it is shared out. */
export interface GvtSettings {
  readonly gpu: SoftGpuOptions;
  readonly sharing: IntelGvtOptions;
}

const OWN = new Set(['aperture', 'pipes', 'mappable', 'table', 'resolution']);
const MB = 2 ** 20;
const APERTURES = [256, 512, 1024] as const;

/** What is written to the device, of the settings of a wish. */
export function attributesOf({ settings }: DeviceWish): readonly Setting[] {
  return settings.filter(({ name }) => !OWN.has(name));
}

/** Reads the settings of all wishes, which share one GPU. @throws UsageError */
export function readGvtSettings(wishes: readonly DeviceWish[]): GvtSettings {
  const value = (name: string): string | undefined => sharedSetting(name, wishes);
  const resolution = value('resolution');
  return {
    gpu: {
      aperture: apertureOf(value('aperture'), wishes),
      pipes: pipes(value('pipes') ?? '1'),
    },
    sharing: {
      mappable: mappable(value('mappable') ?? 'window'),
      table: table(value('table') ?? 'mapped'),
      ...(resolution !== undefined && { resolution: readResolution(resolution) }),
    },
  };
}

function apertureOf(text: string | undefined, wishes: readonly DeviceWish[]): number {
  if (text === undefined) return leastAperture(wishes) * MB;
  const size = APERTURES.find((one) => String(one) === text);
  if (size !== undefined) return size * MB;
  throw new UsageError(`aperture=${text}: it takes ${APERTURES.join(', ')}`);
}

/** The smallest that has room for all, MB; what none has room for is refused when it is created. */
function leastAperture(wishes: readonly DeviceWish[]): number {
  const largest = APERTURES[APERTURES.length - 1] ?? 0;
  if (wishes.length === 0) return largest;
  const types = wishes.map(({ type }) =>
    GVT_TYPES.find(({ sysfsName }) => type === `i915-${sysfsName}`),
  );
  const wanted = types.reduce((sum, type) => sum + (type?.lowGm ?? 0), HOST_APERTURE);
  const fits = (aperture: number): boolean => {
    const offered = gvtTypesOf({ aperture: aperture * MB, total: 0, fences: 0 });
    return (
      wanted <= aperture * MB && types.every((type) => type === undefined || offered.includes(type))
    );
  };
  return APERTURES.find((aperture) => fits(aperture)) ?? largest;
}

function pipes(text: string): number {
  if (/^[0-3]$/u.test(text)) return Number(text);
  throw new UsageError(`pipes=${text}: it takes 0 to 3`);
}

function mappable(text: string): MappablePolicy {
  if (text === 'window' || text === 'full') return text;
  throw new UsageError(`mappable=${text}: it takes window or full`);
}

function table(text: string): TablePolicy {
  if (text === 'mapped' || text === 'trapped') return text;
  throw new UsageError(`table=${text}: it takes mapped or trapped`);
}

function readResolution(text: string): Resolution {
  const { width, height } = /^(?<width>\d{1,5})x(?<height>\d{1,5})$/u.exec(text)?.groups ?? {};
  if (width === undefined || height === undefined) {
    throw new UsageError(`resolution=${text}: it takes WIDTHxHEIGHT, as in 1024x768`);
  }
  const resolved = { width: Number(width), height: Number(height) };
  try {
    monitorEdid(resolved);
  } catch (error) {
    if (error instanceof VfioError) throw new UsageError(`resolution=${text}: ${factOf(error)}`);
    throw error;
  }
  return resolved;
}
