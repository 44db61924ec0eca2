// How a driver reaches guest memory while its device is open. Only for devices without an IOMMU of their own; the
// rules are those of vfio_pin_pages(), vfio_unpin_pages() and vfio_dma_rw().

import { checkBytes, hex } from '../arguments.ts';
import type { IoAddressSpace } from '../dma/address-space.ts';
import { DmaLog } from '../dma/dma-log.ts';
import type { DmaUser } from '../dma/dma-user.ts';
import { VfioError } from '../errno.ts';
import { liveDevice, type CoreDevice, type VfioDevice } from './device.ts';

interface Attached {
  readonly device: CoreDevice;
  readonly ioas: IoAddressSpace;
  readonly dmaUser: DmaUser;
}

/** @throws `EINVAL` as all calls give it; `ENODEV` the device has been released */
function attached(vdev: VfioDevice, op: string): Attached {
  const device = liveDevice(vdev, op);
  const { user } = device;
  if (user?.ioas === undefined) {
    throw new VfioError('EINVAL', op, `${device.name} is not open with an address space`);
  }
  if (!device.isEmulated) throw new VfioError('EINVAL', op, `${device.name} has an IOMMU`);
  return { device, ioas: user.ioas, dmaUser: user.dmaUser };
}

/** An access is whole before it is looked at. */
function checkAccess(op: string, iova: number, buf: Uint8Array): void {
  checkBytes(op, buf);
  if (!Number.isSafeInteger(iova) || iova < 0) {
    throw new VfioError('EINVAL', op, `${hex(iova)} is no iova`);
  }
}

/**
 * Pins guest pages, so that they can be kept: the driver is told by `dmaUnmap` before they go. The same page pinned
 * twice has to be unpinned twice. Counterpart of `vfio_pin_pages()`.
 *
 * @param iova - address of the first page
 * @param npage - pages, 1 to 512
 * @param prot - `VFIO_DMA_MAP_FLAG_READ` and `_WRITE`: what the driver will do
 * @returns one view for each page; its length is 0 once the page is gone
 * @throws `EINVAL` not open, not mapped, no `dmaUnmap`, or registered with an IOMMU of its own; `E2BIG`; `EOVERFLOW`;
 * `EPERM` the mapping does not permit it; `EFAULT` the memory cannot be mapped. Nothing is pinned then.
 */
export function pinPages(
  vdev: VfioDevice,
  iova: number,
  npage: number,
  prot: number,
): Uint8Array[] {
  const { device, ioas, dmaUser } = attached(vdev, 'pinPages');
  if (device.ops.dmaUnmap === undefined) {
    throw new VfioError('EINVAL', 'pinPages', `${device.name}: pinning needs dmaUnmap`);
  }
  return ioas.pin(dmaUser, iova, npage, prot);
}

/**
 * Opposite of {@link pinPages}; pages that are not pinned are ignored. While the device is not open nothing is
 * pinned: that is logged. Counterpart of `vfio_unpin_pages()`.
 *
 * @throws `ENODEV` the device has been released
 */
export function unpinPages(vdev: VfioDevice, iova: number, npage: number): void {
  const { user, core, name } = liveDevice(vdev, 'unpinPages');
  if (user === undefined) core.logger.log('warn', name, () => 'unpinPages while it is not open');
  user?.ioas?.unpin(user.dmaUser, iova, npage);
}

/**
 * Copies between `buf` and guest memory, checked whole before the first byte moves. Counterpart of `vfio_dma_rw()`.
 *
 * @param write - `buf` goes to the guest
 * @throws `EINVAL` not open, empty, not mapped, or registered with an IOMMU of its own; `EPERM` the mapping does not permit it; `EFAULT` the memory is gone;
 * `EOPNOTSUPP` the memory is reached by messages only, see {@link dmaRwAsync}
 */
export function dmaRw(vdev: VfioDevice, iova: number, buf: Uint8Array, write: boolean): void {
  const { ioas, dmaUser } = attached(vdev, 'dmaRw');
  checkAccess('dmaRw', iova, buf);
  ioas.rw(iova, buf, write, dmaUser);
}

/**
 * {@link dmaRw} for memory of any kind, also that which its owner has to be asked for.
 *
 * @throws as `dmaRw`; `ECANCELED` the range was unmapped meanwhile; what the owner answers
 */
export async function dmaRwAsync(
  vdev: VfioDevice,
  iova: number,
  buf: Uint8Array,
  write: boolean,
): Promise<void> {
  const { ioas, dmaUser } = attached(vdev, 'dmaRwAsync');
  checkAccess('dmaRwAsync', iova, buf);
  await ioas.rwAsync(iova, buf, write, dmaUser);
}

/**
 * Guest memory in place, where the range lies in one mapping that permits `prot`; good until the driver returns.
 *
 * @throws `EINVAL` not open, or registered with an IOMMU of its own
 */
export function dmaView(
  vdev: VfioDevice,
  iova: number,
  length: number,
  prot: number,
): Uint8Array | undefined {
  const { ioas, dmaUser } = attached(vdev, 'dmaView');
  if (!Number.isSafeInteger(iova) || !Number.isSafeInteger(length)) return undefined;
  return ioas.view(iova, length, prot, dmaUser);
}

/**
 * Makes core log what this device writes to guest memory; to be called in `init` and given to `dmaLogOps`.
 *
 * @throws `ENODEV` the device has been released
 */
export function enableDmaLog(vdev: VfioDevice): DmaLog {
  const device = liveDevice(vdev, 'enableDmaLog');
  device.dmaLog ??= new DmaLog((iova, length, sink) => {
    const { user } = device;
    user?.ioas?.writablePins(user.dmaUser, iova, length, sink);
  });
  return device.dmaLog;
}
