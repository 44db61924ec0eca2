export * from './registers.ts';
export {
  PciRegisters,
  type PciCapability,
  type PciChangeCause,
  type PciDeviceRegisters,
  type PciExtendedCapability,
  type PciFieldMasks,
  type PciRegisterBits,
  type PciRegisterBlock,
  type PciRegisterChange,
  type PciRegisterWrite,
  type PciSpaceShape,
} from './register-block.ts';
export type { PciBar, PciBars, PciBarState, PciIoBar, PciMemoryBar, PciRom } from './bar.ts';
export {
  PCI_HEADER_FIXED,
  PCI_HEADER_MASKS,
  type PciCommand,
  type PciHeaderHooks,
  type PciHeaderMasks,
  type PciHeaderOptions,
} from './header.ts';
export { hexDump } from './hex-dump.ts';
export { PciConfigSpace, type PciConfigOptions } from './config-space.ts';
export {
  pmCapability,
  pmState,
  type PciPmOptions,
  type PciPowerState,
} from './capabilities/power.ts';
export {
  msiCapability,
  msiState,
  type PciMsiOptions,
  type PciMsiState,
} from './capabilities/msi.ts';
export {
  msixCapability,
  msixState,
  type PciMsixOptions,
  type PciMsixState,
} from './capabilities/msix.ts';
export {
  expressCapability,
  type PciExpressOptions,
  type PciExpressType,
} from './capabilities/express.ts';
export {
  vendorCapability,
  vsecCapability,
  type PciVendorCapOptions,
  type PciVendorOptions,
  type PciVsecOptions,
} from './capabilities/vendor.ts';
export {
  serialNumberCapability,
  type PciSerialNumberOptions,
} from './capabilities/serial-number.ts';
