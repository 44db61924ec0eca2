export { MdevBus, type MdevBusOptions } from './bus.ts';
export { MdevDevice, type MdevState } from './device.ts';
export type {
  MdevAttribute,
  MdevAttributeGroup,
  MdevDriver,
  MdevDriverInfo,
  MdevDriverOps,
  MdevParentDevice,
  MdevTypeDefinition,
} from './driver.ts';
export { MdevParent } from './parent.ts';
export type { MdevUevent } from './registry.ts';
export { MdevSysfs, type SysfsEntry } from './sysfs.ts';
export { MdevType } from './type.ts';
export { parseUnsigned } from './unsigned.ts';
export { formatUuid, parseUuid, UUID_STRING_LEN } from './uuid.ts';
