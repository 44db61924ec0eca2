// Commands about the drive and the way to it; most of them need no tape.

import { decodeEbcdic } from '../../architecture/ebcdic.ts';
import type { CommandEnd, DeviceCommand } from '../../channel/control-unit.ts';
import { gave, parameters, took } from '../drive.ts';
import type { Drive, TapeCommandTable } from '../drive.ts';
import { tapeCharacteristics, tapeConfiguration, tapeSenseId } from '../identification.ts';
import { bufferedLog, TapeCheck } from '../sense.ts';
import { PATH_GROUP_ID_SIZE, PATH_GROUP_SIZE } from '../../channel/path-group.ts';

/** Bits of Mode Set. */
const MODE = { WRITE_IMMEDIATE: 0x20, SUPERVISOR_INHIBIT: 0x10 } as const;

function modeSet({ chain }: Drive, command: DeviceCommand): CommandEnd {
  const [mode = 0] = parameters(command, 1);
  if ((mode & MODE.WRITE_IMMEDIATE) !== 0) chain.writesImmediately = true;
  if ((mode & MODE.SUPERVISOR_INHIBIT) !== 0) chain.inhibitsSupervisor = true;
  return took(1);
}

async function setWriteImmediate(drive: Drive): Promise<CommandEnd> {
  await drive.usable.sync();
  drive.chain.writesImmediately = true;
  return took(0);
}

/** A format control byte and two messages. */
const DISPLAY_SIZE = 17;

function loadDisplay(drive: Drive, command: DeviceCommand): CommandEnd {
  const bytes = parameters(command, DISPLAY_SIZE);
  drive.display = decodeEbcdic(bytes.subarray(1));
  return took(DISPLAY_SIZE);
}

/** Orders of Perform Subsystem Function. */
const ORDER = { PREPARE_SUBSYSTEM_DATA: 0x18, RESET_VOLUME_FENCED: 0x90 } as const;

const PREPARE_SIZE = 12;
const ATTENTION_MESSAGE = 0x03;

/** An attention message that says that there is none: its length, and zeros. */
const NO_MESSAGE = Uint8Array.of(0, 9, 0, 0, 0, 0, 0, 0, 0);

function performFunction(drive: Drive, command: DeviceCommand): CommandEnd {
  const [order, flags] = parameters(command, 2);
  if (flags !== 0) throw new TapeCheck('commandReject');
  if (order === ORDER.RESET_VOLUME_FENCED) {
    drive.mounted.resetFence();
    return took(2);
  }
  if (order !== ORDER.PREPARE_SUBSYSTEM_DATA) throw new TapeCheck('commandReject');
  const bytes = parameters(command, PREPARE_SIZE);
  if (bytes[6] !== ATTENTION_MESSAGE) throw new TapeCheck('commandReject');
  drive.chain.prepared = NO_MESSAGE;
  return took(PREPARE_SIZE);
}

function readSubsystemData({ chain }: Drive): CommandEnd {
  const { prepared } = chain;
  if (prepared === undefined) throw new TapeCheck('commandReject');
  chain.prepared = undefined;
  return gave(prepared);
}

/** Commands of a supervisor, which a Mode Set can forbid to those behind it. */
export const SUPERVISOR: ReadonlySet<number> = new Set([
  0x34, 0x5b, 0x73, 0x77, 0x9f, 0xaf, 0xb7, 0xc7, 0xdb,
]);

/** Commands about the drive. */
export const CONTROL: TapeCommandTable = {
  0x03: () => took(0),
  0x04: (drive) => gave(drive.takeSense()),
  0x24: () => gave(bufferedLog()),
  0x34: ({ paths }) => gave(paths.sense()),
  0x3e: readSubsystemData,
  0x5b: () => took(0),
  0x64: () => gave(tapeCharacteristics()),
  0x73: (_, { data }) => took(data.length),
  0x77: performFunction,
  0x9f: loadDisplay,
  0xaf: ({ paths }, command) => {
    paths.set(command.data);
    return took(PATH_GROUP_SIZE);
  },
  0xb7: ({ paths }, command) => {
    paths.assign(command.data);
    return took(PATH_GROUP_ID_SIZE);
  },
  0xc3: setWriteImmediate,
  0xc7: ({ paths }, command) => {
    paths.unassign(command.data);
    return took(PATH_GROUP_ID_SIZE);
  },
  0xdb: modeSet,
  0xe4: () => gave(tapeSenseId()),
  0xfa: ({ identity }) => gave(tapeConfiguration(identity)),
};
