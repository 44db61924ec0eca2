export { MdevBus, type MdevBusOptions } from './bus.ts';
export type { MdevDriverInfo, MdevParentDevice, MdevTypeDefinition } from './definition.ts';
export type { MdevDriver, MdevDriverOps } from './driver.ts';
export { MdevDevice, MdevParent, MdevType } from './mdev.ts';
export type { MdevAttribute, MdevAttributeGroup, MdevState } from './mdev.ts';
export type { MdevUevent } from './registry.ts';
export { MdevSysfs } from './sysfs.ts';
export { parseUnsigned, scanUnsigned, type ScannedNumber } from './unsigned.ts';
export { formatUuid, parseUuid, UUID_STRING_LEN } from './uuid.ts';
