// Commands that move blocks. Read Backward (0C) is not among them: it stores from the last byte down, which a channel
// does not do here, so the guest is told that the drive cannot.

import { TapeCheck } from '../sense.ts';
import { excepted, gave, took } from '../drive.ts';
import type { Drive, TapeCommandTable } from '../drive.ts';
import type { CommandEnd, DeviceCommand } from '../../channel/control-unit.ts';
import { MAX_TAPE_BLOCK } from '../tape-volume.ts';

async function write(drive: Drive, { data, count }: DeviceCommand): Promise<CommandEnd> {
  const volume = drive.writable;
  if (count === 0) throw new TapeCheck('commandReject');
  if (count > MAX_TAPE_BLOCK) throw new TapeCheck('blockTooLong');
  await volume.write(data);
  if (drive.chain.writesImmediately) await volume.sync();
  return volume.isNearEnd ? excepted(data.length) : took(data.length);
}

async function read(drive: Drive): Promise<CommandEnd> {
  const data = await drive.usable.read();
  return data === undefined ? excepted() : gave(data);
}

/** No block is in the buffer once it was asked for. */
async function readBuffer(drive: Drive): Promise<CommandEnd> {
  await drive.usable.sync();
  return gave(new Uint8Array(0));
}

/** Where on the tape a block is, as far as a file has such a place: its first segment. */
const SEGMENT = 0x0100_0000;

const BLOCK_NUMBER = 0x3f_ffff;

function readBlockId(drive: Drive): CommandEnd {
  const volume = drive.usable;
  const data = new Uint8Array(8);
  const view = new DataView(data.buffer);
  view.setUint32(0, SEGMENT | (volume.block & BLOCK_NUMBER));
  view.setUint32(4, SEGMENT | (volume.writtenBlock & BLOCK_NUMBER));
  return gave(data);
}

/** Commands that move blocks. */
export const TRANSFER: TapeCommandTable = {
  0x01: write,
  0x02: read,
  0x12: readBuffer,
  0x22: readBlockId,
};
