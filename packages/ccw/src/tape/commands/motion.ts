// Commands that move the tape, and those that write without data.

import { TapeCheck } from '../sense.ts';
import { excepted, parameters, took } from '../drive.ts';
import type { Drive, TapeCommandTable, TapeHandler } from '../drive.ts';
import type { CommandEnd, DeviceCommand } from '../../channel/control-unit.ts';
import type { Direction } from '../tape-volume.ts';

const ERASE_GAP = 0x17;

async function rewind(drive: Drive): Promise<CommandEnd> {
  await drive.mounted.rewind();
  return took(0);
}

/** Ends with unit check when all went well: the drive is not ready any more. */
async function rewindUnload(drive: Drive): Promise<CommandEnd> {
  const volume = drive.mounted;
  await volume.sync();
  drive.volume = undefined;
  await volume.close();
  throw new TapeCheck('unloaded');
}

function spaceBlock(direction: Direction): TapeHandler {
  return async (drive) => {
    const kind = await drive.usable.spaceBlock(direction);
    return kind === 'mark' ? excepted() : took(0);
  };
}

function spaceFile(direction: Direction): TapeHandler {
  return async (drive) => {
    await drive.usable.spaceFile(direction, () => !drive.isAborted);
    return took(0);
  };
}

async function writeMark(drive: Drive): Promise<CommandEnd> {
  const volume = drive.writable;
  await volume.writeMark();
  drive.chain.wantsSync = true;
  if (drive.chain.writesImmediately) await volume.sync();
  return volume.isNearEnd ? excepted() : took(0);
}

/** A file has no gaps: what is behind stays until it is written over. */
function eraseGap(drive: Drive): CommandEnd {
  return drive.writable.isNearEnd ? excepted() : took(0);
}

function dataSecurityErase(drive: Drive, { previous }: DeviceCommand): CommandEnd {
  if (previous !== ERASE_GAP) throw new TapeCheck('commandReject');
  drive.writable.erase();
  drive.chain.wantsSync = true;
  return took(0);
}

async function synchronize(drive: Drive): Promise<CommandEnd> {
  await drive.usable.sync();
  return took(0);
}

/** A block identifier: where on the tape, 8 bits; a format of recording, 2 bits; a number, 22 bits. */
const ID_SIZE = 4;
const FORMAT = 0x00c0_0000;
const BLOCK_NUMBER = 0x003f_ffff;

async function locate(drive: Drive, command: DeviceCommand): Promise<CommandEnd> {
  const volume = drive.usable;
  const bytes = parameters(command, ID_SIZE);
  const id = new DataView(bytes.buffer, bytes.byteOffset, ID_SIZE).getUint32(0);
  if ((id & FORMAT) === FORMAT) throw new TapeCheck('commandReject');
  await volume.locate(id & BLOCK_NUMBER, () => !drive.isAborted);
  return took(ID_SIZE);
}

/** Commands that move the tape. */
export const MOTION: TapeCommandTable = {
  0x07: rewind,
  0x0f: rewindUnload,
  [ERASE_GAP]: eraseGap,
  0x1f: writeMark,
  0x27: spaceBlock('backward'),
  0x2f: spaceFile('backward'),
  0x37: spaceBlock('forward'),
  0x3f: spaceFile('forward'),
  0x43: synchronize,
  0x4f: locate,
  0x97: dataSecurityErase,
};
