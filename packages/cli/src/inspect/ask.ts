// Asks a device everything that asking does not change.

import {
  decodeInfoCaps,
  decodeSparseMmapCap,
  getMigrationFlags,
  getMigrationState,
  REGION_INFO_SIZE,
  VFIO_PCI_CONFIG_REGION_INDEX,
  VFIO_REGION_INFO_CAP_MSIX_MAPPABLE,
  VFIO_REGION_INFO_CAP_SPARSE_MMAP,
  VFIO_REGION_INFO_CAP_TYPE,
  VfioError,
  type DeviceInfo,
  type InfoCap,
  type RegionInfo,
} from '@vfio-ts/core';
import type { VfioUserClient } from '@vfio-ts/vfio-user';
import {
  apiOf,
  deviceFlags,
  irqFlags,
  irqName,
  migrationFlags,
  regionFlags,
  regionName,
  regionTypeName,
  type InspectedApi,
} from './names.ts';
import { systemPciNames, type PciNames } from './pci/ids.ts';
import { decodeSpace } from './pci/space.ts';
import { readConfig } from './read-config.ts';
import { orRefused } from './refused.ts';
import type {
  Inspection,
  IrqReport,
  MigrationReport,
  PciReport,
  RegionCapability,
  RegionReport,
} from './report.ts';

/** How many regions and interrupts are looked at; a device says how many it has, and need not say the truth. */
const MOST = 64;

/** What is asked of a connection. */
export type InspectedClient = Pick<
  VfioUserClient,
  'version' | 'getInfo' | 'getRegionInfo' | 'getIrqInfo' | 'feature' | 'read'
>;

/** How far the asking is. */
export type Step = (what: string) => void;

/**
 * Asks.
 *
 * @param step - told before each question
 * @throws `ENOTCONN` the server has gone away, `ETIMEDOUT` it does not answer; what it is refused becomes part of the report
 */
export async function askDevice(
  client: InspectedClient,
  socket: string,
  step: Step = () => undefined,
): Promise<Inspection> {
  const { major, minor, capabilities } = client.version;
  step('device');
  const info = await client.getInfo();
  const api = apiOf(info.flags);
  const regions = await askRegions(client, { api, info, step });
  const irqs = await askIrqs(client, { api, info, step });
  step('migration');
  const migration = await askMigration(client);
  step('configuration space');
  const pci = api === 'pci' ? await askPci(client, regions) : null;
  return {
    socket,
    protocol: { major, minor, capabilities },
    device: {
      api,
      flags: deviceFlags(info.flags),
      numRegions: info.numRegions,
      numIrqs: info.numIrqs,
    },
    regions,
    irqs,
    migration,
    pci,
  };
}

interface Asking {
  readonly api: InspectedApi;
  readonly info: DeviceInfo;
  readonly step: Step;
}

async function askRegions(
  client: InspectedClient,
  { api, info, step }: Asking,
): Promise<RegionReport[]> {
  const reports: RegionReport[] = [];
  for (let index = 0; index < Math.min(info.numRegions, MOST); index++) {
    step(`region ${index} of ${info.numRegions}`);
    // oxlint-disable-next-line no-await-in-loop -- one question at a time, as a machine asks
    const told = await orRefused(client.getRegionInfo(index));
    const name = regionName(api, index) ?? 'device specific';
    if (told instanceof VfioError) reports.push({ index, name, error: told.code });
    else if (told.size > 0) reports.push(regionReport(told, name));
  }
  return reports;
}

function regionReport(info: RegionInfo, name: string): RegionReport {
  const { index, size, offset } = info;
  const capabilities = decodeInfoCaps(info.caps, REGION_INFO_SIZE, info.capOffset).map((cap) =>
    regionCapability(cap),
  );
  return { index, name, size, offset, flags: regionFlags(info.flags), capabilities };
}

function regionCapability({ id, payload }: InfoCap): RegionCapability {
  switch (id) {
    case VFIO_REGION_INFO_CAP_SPARSE_MMAP:
      return { name: 'sparse-mmap', areas: decodeSparseMmapCap(payload) };
    case VFIO_REGION_INFO_CAP_TYPE: {
      if (payload.length < 8) return { name: 'unknown', id };
      const view = new DataView(payload.buffer, payload.byteOffset);
      const [type, subtype] = [view.getUint32(0, true), view.getUint32(4, true)];
      return { name: 'type', type, subtype, meaning: regionTypeName(type, subtype) };
    }
    case VFIO_REGION_INFO_CAP_MSIX_MAPPABLE:
      return { name: 'msix-mappable' };
    default:
      return { name: 'unknown', id };
  }
}

async function askIrqs(client: InspectedClient, { api, info, step }: Asking): Promise<IrqReport[]> {
  const reports: IrqReport[] = [];
  for (let index = 0; index < Math.min(info.numIrqs, MOST); index++) {
    step(`interrupt ${index} of ${info.numIrqs}`);
    // oxlint-disable-next-line no-await-in-loop -- one question at a time, as a machine asks
    const told = await orRefused(client.getIrqInfo(index));
    const name = irqName(api, index);
    if (told instanceof VfioError) reports.push({ index, name, error: told.code });
    else if (told.count > 0) {
      reports.push({ index, name, count: told.count, flags: irqFlags(told.flags) });
    }
  }
  return reports;
}

/** A device that does not say it can migrate cannot. */
async function askMigration(client: InspectedClient): Promise<MigrationReport | null> {
  const flags = await orRefused(getMigrationFlags(client));
  if (flags instanceof VfioError) return null;
  const state = await orRefused(getMigrationState(client));
  return { flags: migrationFlags(flags), state: state instanceof VfioError ? null : state };
}

async function askPci(
  client: InspectedClient,
  regions: readonly RegionReport[],
): Promise<PciReport | null> {
  const sizeOf = (index: number): number => {
    const region = regions.find((one) => one.index === index);
    return region !== undefined && 'size' in region ? region.size : 0;
  };
  const config = await readConfig(client, sizeOf(VFIO_PCI_CONFIG_REGION_INDEX));
  if (config === undefined) return null;
  return pciReport(
    config,
    Array.from({ length: 7 }, (_, index) => sizeOf(index)),
    systemPciNames(),
  );
}

/** A configuration space with names. @param sizes - of the regions 0 to 6 */
export function pciReport(
  config: Uint8Array,
  sizes: readonly number[],
  names: PciNames,
): PciReport {
  const space = decodeSpace(config, sizes);
  const { vendorId, deviceId, classCode, subsystemVendorId } = space;
  return {
    ...space,
    config: config.toHex(),
    vendorName: names.vendor(vendorId) ?? null,
    deviceName: names.device(vendorId, deviceId) ?? null,
    className: names.pciClass(classCode) ?? null,
    subsystemVendorName: names.vendor(subsystemVendorId) ?? null,
  };
}
