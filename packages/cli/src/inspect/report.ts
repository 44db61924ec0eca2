// What `inspect` finds out of a device: plain data, and the shape of its `--json`.

import type { Capabilities } from '@vfio-ts/vfio-user';
import type { InspectedApi } from './names.ts';
import type { PciSpaceReport } from './pci/space.ts';

/** A capability of a region. */
export type RegionCapability =
  | {
      readonly name: 'sparse-mmap';
      /** The parts that can be mapped, bytes from the start of the region. */
      readonly areas: readonly { readonly offset: number; readonly size: number }[];
    }
  | {
      readonly name: 'type';
      readonly type: number;
      readonly subtype: number;
      /** What that is, for people. */
      readonly meaning: string;
    }
  | { readonly name: 'msix-mappable' }
  | { readonly name: 'unknown'; readonly id: number };

/** A region that is there, or one that was asked for in vain. */
export type RegionReport =
  | {
      readonly index: number;
      readonly name: string;
      readonly size: number;
      /** Where it starts in the device's file. */
      readonly offset: number;
      readonly flags: readonly string[];
      readonly capabilities: readonly RegionCapability[];
    }
  | { readonly index: number; readonly name: string; readonly error: string };

/** An interrupt index that is there, or one that was asked for in vain. */
export type IrqReport =
  | {
      readonly index: number;
      readonly name: string;
      readonly count: number;
      readonly flags: readonly string[];
    }
  | { readonly index: number; readonly name: string; readonly error: string };

/** A device that can migrate. */
export interface MigrationReport {
  readonly flags: readonly string[];
  /** The state it is in; `null` where it does not say. */
  readonly state: string | null;
}

/** The configuration space of a PCI device. */
export interface PciReport extends PciSpaceReport {
  /** All of it, two digits a byte. */
  readonly config: string;
  /** Names where this machine has a list of them. */
  readonly vendorName: string | null;
  readonly deviceName: string | null;
  readonly className: string | null;
  readonly subsystemVendorName: string | null;
}

/** All of it. */
export interface Inspection {
  readonly socket: string;
  readonly protocol: {
    readonly major: number;
    readonly minor: number;
    readonly capabilities: Capabilities;
  };
  readonly device: {
    readonly api: InspectedApi;
    readonly flags: readonly string[];
    /** As it says; of very many the first are looked at. */
    readonly numRegions: number;
    readonly numIrqs: number;
  };
  /** Those that are there: of size 0 is none. */
  readonly regions: readonly RegionReport[];
  readonly irqs: readonly IrqReport[];
  readonly migration: MigrationReport | null;
  /** Of a PCI device whose configuration space can be read. */
  readonly pci: PciReport | null;
}
