// What the commands of common devices are called, for people who read channel programs.

/** A kind of device whose commands have names. */
export type DeviceKind = 'dasd' | 'tape' | 'terminal';

/** Commands that mean the same everywhere. */
const COMMON: Readonly<Record<number, string>> = {
  0x03: 'No Operation',
  0x04: 'Sense',
  0x08: 'Transfer in Channel',
  0xe4: 'Sense ID',
};

const DASD: Readonly<Record<number, string>> = {
  0x02: 'Read IPL',
  0x05: 'Write Data',
  0x06: 'Read Data',
  0x07: 'Seek',
  0x0a: 'Read Special Home Address',
  0x0b: 'Seek Cylinder',
  0x0d: 'Write Key and Data',
  0x0e: 'Read Key and Data',
  0x11: 'Erase',
  0x12: 'Read Count',
  0x13: 'Recalibrate',
  0x14: 'Unconditional Reserve',
  0x15: 'Write R0',
  0x16: 'Read R0',
  0x19: 'Write Home Address',
  0x1a: 'Read Home Address',
  0x1b: 'Seek Head',
  0x1d: 'Write CKD',
  0x1e: 'Read CKD',
  0x1f: 'Set File Mask',
  0x22: 'Read Sector',
  0x23: 'Set Sector',
  0x27: 'Perform Subsystem Function',
  0x29: 'Search Key Equal',
  0x31: 'Search ID Equal',
  0x34: 'Sense Path Group ID',
  0x39: 'Search Home Address Equal',
  0x3e: 'Read Subsystem Data',
  0x44: 'Reset Allegiance',
  0x47: 'Locate Record',
  0x49: 'Search Key High',
  0x4b: 'Locate Record Extended',
  0x4e: 'Read Message ID',
  0x51: 'Search ID High',
  0x54: 'Sense Subsystem Status',
  0x5b: 'Suspend Multipath Reconnection',
  0x5e: 'Read Multiple CKD',
  0x63: 'Define Extent',
  0x64: 'Read Device Characteristics',
  0x69: 'Search Key Equal or High',
  0x71: 'Search ID Equal or High',
  0x87: 'Set Subsystem Mode',
  0x94: 'Device Release',
  0x95: 'Write Full Track',
  0x9d: 'Write CKD Next Track',
  0xa4: 'Read and Reset Buffered Log',
  0xaf: 'Set Path Group ID',
  0xb4: 'Device Reserve',
  0xde: 'Read Track',
  0xe7: 'Prefix',
  0xf3: 'Diagnostic Control',
  0xf7: 'Define Subsystem Operation',
  0xfa: 'Read Configuration Data',
};

const TAPE: Readonly<Record<number, string>> = {
  0x01: 'Write',
  0x02: 'Read',
  0x07: 'Rewind',
  0x0c: 'Read Backward',
  0x0f: 'Rewind Unload',
  0x12: 'Read Buffer',
  0x17: 'Erase Gap',
  0x1f: 'Write Tape Mark',
  0x22: 'Read Block ID',
  0x24: 'Read Buffered Log',
  0x27: 'Backspace Block',
  0x2f: 'Backspace File',
  0x34: 'Sense Path Group ID',
  0x37: 'Forward Space Block',
  0x3e: 'Read Subsystem Data',
  0x3f: 'Forward Space File',
  0x43: 'Synchronize',
  0x4e: 'Read Message ID',
  0x4f: 'Locate Block',
  0x5b: 'Suspend Multipath Reconnection',
  0x64: 'Read Device Characteristics',
  0x73: 'Set Interface Identifier',
  0x77: 'Perform Subsystem Function',
  0x97: 'Data Security Erase',
  0x9f: 'Load Display',
  0xaf: 'Set Path Group ID',
  0xb7: 'Assign',
  0xc3: 'Set Tape-Write-Immediate',
  0xc7: 'Unassign',
  0xdb: 'Mode Set',
  0xe3: 'Control Access',
  0xfa: 'Read Configuration Data',
};

const TERMINAL: Readonly<Record<number, string>> = {
  0x01: 'Write',
  0x02: 'Read Buffer',
  0x05: 'Erase/Write',
  0x06: 'Read Modified',
  0x09: 'Write with Newline',
  0x0a: 'Read Inquiry',
  0x0b: 'Alarm',
  0x0d: 'Erase/Write Alternate',
  0x0f: 'Erase All Unprotected',
  0x11: 'Write Structured Field',
};

const BY_KIND: Readonly<Record<DeviceKind, Readonly<Record<number, string>>>> = {
  dasd: DASD,
  tape: TAPE,
  terminal: TERMINAL,
};

/** The name of a command, in words; `multi-track` is added where a DASD has that bit. `undefined` if it has none. */
export function commandName(command: number, kind?: DeviceKind): string | undefined {
  const names = kind === undefined ? {} : BY_KIND[kind];
  const exact = names[command] ?? COMMON[command];
  if (exact !== undefined || kind !== 'dasd' || (command & 0x80) === 0) return exact;
  const plain = names[command & 0x7f];
  return plain === undefined ? undefined : `${plain} (multi-track)`;
}
