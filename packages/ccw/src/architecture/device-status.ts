// The status a channel program ends with: one byte of the device, one of the subchannel. Principles of Operation,
// chapter 16, "Device Status" and "Subchannel Status".

/** Bits of the device status. */
export const DEVICE_STATUS = {
  ATTENTION: 0x80,
  STATUS_MODIFIER: 0x40,
  CONTROL_UNIT_END: 0x20,
  BUSY: 0x10,
  CHANNEL_END: 0x08,
  DEVICE_END: 0x04,
  UNIT_CHECK: 0x02,
  UNIT_EXCEPTION: 0x01,
} as const;

/** Bits of the subchannel status. */
export const SUBCHANNEL_STATUS = {
  PROGRAM_CONTROLLED_INTERRUPTION: 0x80,
  INCORRECT_LENGTH: 0x40,
  PROGRAM_CHECK: 0x20,
  PROTECTION_CHECK: 0x10,
  CHANNEL_DATA_CHECK: 0x08,
  CHANNEL_CONTROL_CHECK: 0x04,
  INTERFACE_CONTROL_CHECK: 0x02,
  CHAINING_CHECK: 0x01,
} as const;
