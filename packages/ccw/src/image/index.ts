export type { Dataset, DatasetExtent } from './dscb.ts';
export {
  cachedFiles,
  type CachedReads,
  type FileFacts,
  type FileMode,
  type ImageFile,
  type ImageFiles,
} from './file.ts';
export { flockLock, socketLock, type ImageLock, type LockedFile } from './lock.ts';
export { createVolume, type CreateVolumeOptions } from './create.ts';
export { DISK_MODELS, type DiskModel } from './models.ts';
export { openImage, type OpenImageOptions } from './open.ts';
export type { VolumeFormat } from './volume-format.ts';
export { readVtoc, type Vtoc } from './vtoc.ts';
