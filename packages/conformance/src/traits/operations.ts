// Every operation a user has, once and harmlessly: what a trait asks of each.

import {
  getMigrationState,
  PAGE_SIZE,
  setMigrationState,
  startDmaLogging,
  stopDmaLogging,
  VFIO_DMA_UNMAP_FLAG_ALL,
  type VfioAccess,
} from '@vfio-ts/core';
import type { DeviceHarness } from '../harness.ts';
import { BASE, READ_WRITE } from '../probe/dma.ts';
import { assign, implementedIrqs } from '../probe/irqs.ts';
import { isReadable, isWritable, mappableAreas, regionInfos } from '../probe/regions.ts';
import type { Session } from '../session.ts';

/** One operation of a user. */
export interface Operation {
  readonly name: string;
  /** Does it on a device that the manifest says can do it. */
  readonly run: (session: Session) => Promise<unknown>;
  /** Does it on whatever the device has, for where it must be refused. */
  readonly attempt: (access: VfioAccess) => unknown;
}

/** The operations a device with this manifest has. */
export function operations<T extends object>({ supports }: DeviceHarness<T>): readonly Operation[] {
  const always: readonly Operation[] = [
    simple('GET_INFO', (access) => access.getInfo()),
    {
      name: 'GET_REGION_INFO',
      async run({ access }) {
        const { numRegions } = await access.getInfo();
        if (numRegions > 0) await access.getRegionInfo(0, 32);
      },
      attempt: (access) => access.getRegionInfo(0, 32),
    },
    {
      name: 'GET_IRQ_INFO',
      async run({ access }) {
        const { numIrqs } = await access.getInfo();
        if (numIrqs > 0) await access.getIrqInfo(0);
      },
      attempt: (access) => access.getIrqInfo(0),
    },
    {
      name: 'a region read',
      async run({ access }) {
        const readable = (await regionInfos(access)).find(isReadable);
        if (readable !== undefined) await access.read(readable.index, 0, new Uint8Array(4));
      },
      attempt: (access) => access.read(0, 0, new Uint8Array(4)),
    },
    {
      name: 'a region write',
      async run({ access }) {
        const writable = (await regionInfos(access)).find(isWritable);
        if (writable !== undefined) await access.write(writable.index, 0, new Uint8Array(4));
      },
      attempt: (access) => access.write(0, 0, new Uint8Array(4)),
    },
    {
      name: 'a map and unmap of memory',
      async run(session) {
        const { access } = session;
        const memory = session.memory(PAGE_SIZE);
        await access.mapDma({ iova: BASE, size: PAGE_SIZE, flags: READ_WRITE, memory });
        await access.unmapDma({ iova: BASE, size: PAGE_SIZE });
      },
      attempt: (access) => access.unmapDma({ iova: 0, size: 0, flags: VFIO_DMA_UNMAP_FLAG_ALL }),
    },
  ];
  return [
    ...always,
    ...(supports.mmap ? [MMAP] : []),
    ...(supports.irqs ? [SET_IRQS] : []),
    ...(supports.reset ? [simple('RESET', (access) => access.reset())] : []),
    ...(supports.migration ? MIGRATION : []),
    ...(supports.log ? [LOGGING] : []),
  ];
}

function simple(name: string, attempt: (access: VfioAccess) => unknown): Operation {
  return { name, run: async ({ access }) => attempt(access), attempt };
}

const MMAP: Operation = {
  name: 'a mapping of a region',
  async run({ access }) {
    for (const info of await regionInfos(access)) {
      const [area] = mappableAreas(info);
      if (area === undefined) continue;
      // One mapping is enough.
      // oxlint-disable-next-line no-await-in-loop
      const mapping = await access.mmap(info.index, area.offset, PAGE_SIZE);
      mapping.unmap();
      return;
    }
  },
  attempt: (access) => access.mmap(0, 0, PAGE_SIZE),
};

const SET_IRQS: Operation = {
  name: 'SET_IRQS',
  async run(session) {
    const { access } = session;
    const [irq] = await implementedIrqs(access);
    if (irq === undefined) return;
    await assign(access, irq.index, 0, [session.signal()]);
    await assign(access, irq.index, 0, [null]);
  },
  attempt: (access) => assign(access, 0, 0, [null]),
};

const MIGRATION: readonly Operation[] = [
  simple('a question for the migration state', getMigrationState),
  {
    name: 'a migration session',
    async run({ access }) {
      await setMigrationState(access, 'STOP_COPY');
      await access.readMigrationData(new Uint8Array(64));
      await setMigrationState(access, 'RUNNING');
    },
    attempt: (access) => access.readMigrationData(new Uint8Array(64)),
  },
  {
    name: 'a restore',
    async run({ access }) {
      await setMigrationState(access, 'RESUMING');
    },
    attempt: (access) => access.writeMigrationData(new Uint8Array(64)),
  },
];

const LOGGING: Operation = {
  name: 'a time of DMA logging',
  async run({ access }) {
    await startDmaLogging(access, [{ iova: BASE, length: PAGE_SIZE }], PAGE_SIZE);
    await stopDmaLogging(access);
  },
  attempt: stopDmaLogging,
};
