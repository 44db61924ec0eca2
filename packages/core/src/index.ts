export * from './errno.ts';
export * from './uapi.ts';
export * from './host.ts';
export { HeapMemory, type HeapMemoryOptions } from './heap-memory.ts';
export * from './access.ts';
export * from './gfx.ts';
export { decodePlane, type Picture } from './picture.ts';
export { devicePicture, devicePlane, type DevicePlane } from './open/device-picture.ts';
export * from './ops.ts';
export * from './core.ts';
export type { Leak, LeakKind } from './leaks.ts';

export { allocDevice, containerOf, type EmbedsDevice, type Exact } from './device/alloc.ts';
export type { DeviceState, IommuGroup, ParentDevice, VfioDevice } from './device/device.ts';
export { assignDeviceSet, deviceSetOpenCount } from './device/set-membership.ts';
export { dmaRw, dmaRwAsync, dmaView, enableDmaLog, pinPages, unpinPages } from './device/dma.ts';
export { iommufdEmulatedOps } from './device/iommufd.ts';
export { isIrqEnabled, setIntx, triggerIrq } from './device/irq.ts';
export { deviceKvm } from './device/kvm.ts';
export type { Ref } from './device/ref.ts';
export { setupIoEventFd, setupIrq, setupRegion } from './device/setup.ts';
export type { KvmReference } from './device/user.ts';

export { Container, Iommufd } from './open/container.ts';
export { CdevFile, openDeviceCdev } from './open/cdev.ts';
export type { AttachRequest, BindIommufdRequest } from './open/cdev.ts';
export { DeviceFile } from './open/device-file.ts';
export type { GfxPlaneQuery, GfxPlaneReply } from './open/gfx-query.ts';
export { deviceGroup, GroupFile, VfioGroup, type GroupOpenOptions } from './open/group.ts';
export {
  registerEmulatedIommuDev,
  registerGroupDev,
  REQUEST_INTERVAL_MS,
  unregisterGroupDev,
  type UnregisterOptions,
} from './open/register.ts';

export type { IrqDefinition } from './irq/definition.ts';
export { IRQ_SET_SIZE } from './irq/set.ts';
export type { RegionDefinition, RegionType, SparseArea } from './region/definition.ts';
export {
  decodeInfoCaps,
  decodeSparseMmapCap,
  REGION_INFO_SIZE,
  type InfoCap,
} from './region/caps.ts';
export type { IoEvent, IoEventDefinition, IoEventShadow } from './region/io-event.ts';
export { isMappable, type Region } from './region/table.ts';

export * from './dma/backing.ts';
export * from './dma/address-space.ts';
export type { IoMapRange, IoMapRequest } from './dma/map-request.ts';
export * from './migration/states.ts';
export { MigrationSession, type MigrationOwner } from './migration/session.ts';
export type { MigrationDataStream } from './migration/data-stream.ts';
export { migrate } from './migrate/migrate.ts';
export type {
  CancelSignal,
  DirtyMemory,
  DmaLoggingOptions,
  GuestControl,
  MigrateOptions,
  MigrateOutcome,
  MigratePhase,
  MigrateProgress,
  MigrateResult,
  MigrateSource,
  MigrateTarget,
} from './migrate/options.ts';
export { MAX_CHUNK_SIZE, type StreamIdentity } from './migration/stream-format.ts';
export { MigrationStreamReader, type TakeChunk } from './migration/stream-reader.ts';
export { MigrationStreamWriter, type RefillStream } from './migration/stream-writer.ts';
export { checkFeature, FEATURE_HEADER_SIZE } from './feature/check.ts';
export * from './feature/layouts.ts';
export { migrationPath, nextState } from './migration/arcs.ts';
export * from './feature/client.ts';
export type { FeatureOptions } from './feature/target.ts';
export { DmaLog, dmaLogOps, type WritablePins } from './dma/dma-log.ts';
export type { DmaUser } from './dma/dma-user.ts';
export * from './pci/index.ts';
export * from './mdev/index.ts';
export {
  sysfsDirectory,
  sysfsLink,
  type DirectoryNode,
  type FileNode,
  type LinkNode,
  type SysfsNode,
} from './sysfs/node.ts';
export { SysfsTree, type SysfsEntry } from './sysfs/tree.ts';
export { IovaBitmap } from './dma/iova-bitmap.ts';
