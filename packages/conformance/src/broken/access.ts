// Faults between the user and a good driver: of a server, or of a driver that answers its user itself.

import {
  isErrno,
  PAGE_SIZE,
  REGION_INFO_SIZE,
  VFIO_IRQ_SET_ACTION_MASK,
  VFIO_IRQ_SET_DATA_EVENTFD,
  VFIO_IRQ_SET_DATA_NONE,
  VFIO_REGION_INFO_CAP_TYPE,
  type DeviceFile,
  type EventSignal,
  type IrqSetRequest,
  type RegionInfo,
  type VfioAccess,
} from '@vfio-ts/core';
import { InProcessSession } from '../in-process.ts';
import { disableRequest, UNMASK_NONE } from '../probe/irqs.ts';
import type { Connector } from '../session.ts';
import { brokenHarness, type BrokenDriver } from './broken-driver.ts';

/** What is answered in place of the device file, made anew for each session. */
type Change = (file: DeviceFile) => Partial<VfioAccess>;

/** `target` with some of its members replaced. */
function overlay<T extends object>(target: T, members: object): T {
  return new Proxy(target, {
    get(_, name): unknown {
      const own: unknown = Reflect.get(members, name);
      if (own !== undefined) return own;
      const value: unknown = Reflect.get(target, name);
      if (typeof value !== 'function') return value;
      return (...args: readonly unknown[]): unknown => Reflect.apply(value, target, args);
    },
  });
}

function brokenAccess(
  name: string,
  change: Change,
  expected: Omit<BrokenDriver, 'name' | 'harness'>,
): BrokenDriver {
  const connector: Connector = {
    name: 'in process',
    isInProcess: true,
    async connect(vdev) {
      const session = new InProcessSession(vdev);
      return overlay(session, { access: overlay(session.access, change(session.access)) });
    },
  };
  return brokenHarness(name, { connector }, expected);
}

/** The bytes of the first capability changed, where there are any. */
function changedCaps(info: RegionInfo, change: (caps: DataView) => void): RegionInfo {
  if (info.caps.length === 0) return info;
  const caps = info.caps.slice();
  change(new DataView(caps.buffer));
  return { ...info, caps };
}

/** A signal that the device cannot close. */
function kept(signal: EventSignal): EventSignal {
  return { signal: () => signal.signal(), close: () => {} };
}

/** Ways to a device that are wrong. */
export const BROKEN_ACCESSES: readonly BrokenDriver[] = [
  brokenAccess(
    'lets a capability chain run in a circle',
    (file) => ({
      getRegionInfo: (index, argsz) =>
        changedCaps(file.getRegionInfo(index, argsz), (caps) =>
          caps.setUint32(4, REGION_INFO_SIZE, true),
        ),
    }),
    { caughtBy: [55] },
  ),
  brokenAccess(
    'lets a capability chain run out of its bytes',
    (file) => ({
      getRegionInfo: (index, argsz) =>
        changedCaps(file.getRegionInfo(index, argsz), (caps) => caps.setUint32(4, 0x1000, true)),
    }),
    { caughtBy: [55] },
  ),
  brokenAccess(
    'has a capability that nobody knows',
    (file) => ({
      getRegionInfo: (index, argsz) =>
        changedCaps(file.getRegionInfo(index, argsz), (caps) => {
          if (caps.getUint16(0, true) === VFIO_REGION_INFO_CAP_TYPE) caps.setUint16(0, 0x77, true);
        }),
    }),
    { caughtBy: [55] },
  ),
  brokenAccess(
    'points to a capability chain that is not in the short answer',
    (file) => ({
      getRegionInfo(index, argsz) {
        const info = file.getRegionInfo(index, argsz);
        return info.argsz > REGION_INFO_SIZE ? { ...info, capOffset: REGION_INFO_SIZE } : info;
      },
    }),
    { caughtBy: [54] },
  ),
  brokenAccess(
    'refuses a buffer that is too short for the chain',
    (file) => ({
      getRegionInfo(index, argsz = REGION_INFO_SIZE) {
        const info = file.getRegionInfo(index, argsz);
        const isShort = info.argsz > argsz && argsz > REGION_INFO_SIZE;
        return isShort ? file.getRegionInfo(index, 0) : info;
      },
    }),
    { caughtBy: [54] },
  ),
  brokenAccess(
    'answers reads past the end of a region',
    (file) => ({
      read(region, offset, into) {
        try {
          return file.read(region, offset, into);
        } catch (error) {
          const isPast = offset >= 0 && file.region(region) !== undefined;
          if (!isErrno(error, 'EINVAL') || !isPast) throw error;
          into.fill(0);
          return into.length;
        }
      },
    }),
    { caughtBy: [59, 60], alsoFails: [62, 63, 67] },
  ),
  brokenAccess(
    'writes what fits of a write that leaves the region',
    (file) => ({
      write(region, offset, from) {
        const size = file.region(region)?.size ?? 0;
        const fits = from.subarray(0, Math.max(0, size - offset));
        if (offset < size && fits.length < from.length) file.write(region, offset, fits);
        return file.write(region, offset, from);
      },
    }),
    { caughtBy: [60] },
  ),
  brokenAccess(
    'maps what cannot be mapped',
    (file) => ({
      mmap(region, offset, length) {
        try {
          return file.mmap(region, offset, length);
        } catch (error) {
          if (!isErrno(error, 'EINVAL')) throw error;
          return { bytes: new Uint8Array(PAGE_SIZE), unmap: () => {} };
        }
      },
    }),
    { caughtBy: [68] },
  ),
  brokenAccess(
    'maps a copy of a region',
    (file) => ({
      mmap(region, offset, length) {
        const mapping = file.mmap(region, offset, length);
        let bytes = mapping.bytes.slice();
        return {
          get bytes() {
            return bytes;
          },
          unmap() {
            bytes = new Uint8Array(0);
            mapping.unmap();
          },
        };
      },
    }),
    { caughtBy: [69] },
  ),
  brokenAccess(
    'has disabled the interrupts when it refuses a request',
    (file) => ({
      setIrqs(request) {
        try {
          file.setIrqs(request);
        } catch (error) {
          const { count } = file.getIrqInfo(request.index);
          if (count > 0) file.setIrqs(disableRequest(request.index));
          throw error;
        }
      },
    }),
    { caughtBy: [70, 71], alsoFails: [73] },
  ),
  brokenAccess(
    'does not close the signals it replaces',
    (file) => ({
      setIrqs(request) {
        const signals = request.signals?.map((signal) => signal && kept(signal));
        file.setIrqs(signals === undefined ? request : { ...request, signals });
      },
    }),
    { caughtBy: [75, 76, 81] },
  ),
  brokenAccess('signals the replaced eventfd too', signalsBoth, {
    caughtBy: [76],
    alsoFails: [75, 81],
  }),
  brokenAccess(
    'signals what is masked',
    (file) => ({
      setIrqs(request) {
        file.setIrqs(request);
        if ((request.flags & VFIO_IRQ_SET_ACTION_MASK) === 0) return;
        const { index, start, count } = request;
        file.setIrqs({ flags: UNMASK_NONE, index, start, count });
      },
    }),
    { caughtBy: [79] },
  ),
  brokenAccess(
    'says that an unmap is done and does not do it',
    (file) => ({
      unmapDma(request) {
        const { size, flags = 0 } = request;
        return flags === 0 && size > 0 ? { size } : file.unmapDma(request);
      },
    }),
    { caughtBy: [87, 88], alsoFails: [90, 91] },
  ),
  brokenAccess(
    'answers when it is closed',
    (file) => ({ getInfo: (argsz) => (file.isOpen ? file.getInfo(argsz) : closedInfo) }),
    { caughtBy: [84] },
  ),
  brokenAccess(
    'takes any argsz',
    (file) => ({
      getInfo: () => file.getInfo(),
      getIrqInfo: (index) => file.getIrqInfo(index),
    }),
    { caughtBy: [50, 57] },
  ),
];

const closedInfo = { argsz: 16, flags: 0, numRegions: 0, numIrqs: 0 };

/** Remembers the first signal of each index and goes on signalling it. */
function signalsBoth(file: DeviceFile): Partial<VfioAccess> {
  const old = new Map<number, EventSignal>();
  return {
    setIrqs(request: IrqSetRequest) {
      const { flags, index, start, count } = request;
      const [first, ...rest] = request.signals ?? [];
      const isAssign = (flags & VFIO_IRQ_SET_DATA_EVENTFD) !== 0 && start === 0;
      if (!isAssign || first === undefined || first === null) {
        file.setIrqs(request);
        if ((flags & VFIO_IRQ_SET_DATA_NONE) !== 0 && count === 0) {
          old.get(index)?.close();
          old.delete(index);
        }
        return;
      }
      const before = old.get(index);
      const both: EventSignal = {
        signal() {
          before?.signal();
          first.signal();
        },
        close: () => {},
      };
      file.setIrqs({ ...request, signals: [both, ...rest] });
      old.set(index, first);
    },
  };
}
