// Registers of the checksum engine, BAR 0, 32 bits each, little endian.

/** Reads 0x43524333. */
export const CRC_ID = 0x00;
/** Where the data is in guest memory, low half. */
export const CRC_ADDRESS_LOW = 0x08;
/** High half. */
export const CRC_ADDRESS_HIGH = 0x0c;
/** How many bytes, 1 to 1 MiB. */
export const CRC_LENGTH = 0x10;
/** Write 1: start. */
export const CRC_COMMAND = 0x14;
/** Bit 0 done, bit 1 failed; writing a 1 clears the bit. */
export const CRC_STATUS = 0x18;
/** The CRC-32 of the data, once done. */
export const CRC_RESULT = 0x1c;

export const CRC_ID_VALUE = 0x4352_4333;
export const CRC_BAR_SIZE = 0x1000;
export const CRC_LENGTH_MAX = 0x10_0000;
export const CRC_COMMAND_START = 1;
export const CRC_STATUS_DONE = 1;
export const CRC_STATUS_FAILED = 2;
