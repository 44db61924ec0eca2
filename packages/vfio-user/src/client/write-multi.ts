// Writes of register size that go several in a message.

import { VfioError } from '@vfio-ts/core';
import { WRITE_MULTI_SIZE, encodeWriteMulti, type RegionWrite } from '../messages/write-multi.ts';
import { HEADER_SIZE } from '../header.ts';
import { getU64Rounded } from '../messages/u64.ts';
import { MAX_MULTI_WRITES, MAX_MULTI_WRITE_SIZE, VFIO_USER, commandName } from '../protocol.ts';
import type { Connection } from './connection.ts';

const NAME = commandName(VFIO_USER.REGION_WRITE_MULTI);

/**
 * Sends as many messages as it takes and waits for each.
 *
 * @returns writes done, in their order; fewer than all when one failed
 * @throws `EINVAL` a write without data or of more than 8 bytes; what the server gives for the first of a message
 */
export async function writeMulti(
  connection: Connection,
  writes: readonly RegionWrite[],
): Promise<number> {
  let done = 0;
  for (const batch of batchesOf(writes)) {
    // oxlint-disable-next-line no-await-in-loop -- what comes after a failed write is not to be done
    const written = await send(connection, batch);
    done += written;
    if (written < batch.length) break;
  }
  return done;
}

/** Sends them without waiting for an answer. @throws `EINVAL` as {@link writeMulti}; `ENOTCONN` */
export function postMulti(connection: Connection, writes: readonly RegionWrite[]): void {
  for (const batch of batchesOf(writes)) {
    const payload = encodeWriteMulti(batch);
    connection.post({ command: VFIO_USER.REGION_WRITE_MULTI, payload });
  }
}

function send(connection: Connection, batch: readonly RegionWrite[]): Promise<number> {
  return connection.request({
    command: VFIO_USER.REGION_WRITE_MULTI,
    payload: encodeWriteMulti(batch),
    minReply: WRITE_MULTI_SIZE,
    decode({ view }) {
      const done = getU64Rounded(view, HEADER_SIZE);
      if (done <= batch.length) return done;
      throw new VfioError('EPROTO', NAME, `${done} of ${batch.length} writes done`);
    },
  });
}

/** All are checked before the first is sent. */
function batchesOf(writes: readonly RegionWrite[]): readonly (readonly RegionWrite[])[] {
  for (const { offset, data } of writes) {
    if (!(Number.isSafeInteger(offset) && offset >= 0)) {
      throw new VfioError('EINVAL', NAME, `offset ${offset}`);
    }
    if (data.length === 0 || data.length > MAX_MULTI_WRITE_SIZE) {
      throw new VfioError('EINVAL', NAME, `a write of ${data.length} bytes`);
    }
  }
  return Array.from({ length: Math.ceil(writes.length / MAX_MULTI_WRITES) }, (_, index) =>
    writes.slice(index * MAX_MULTI_WRITES, (index + 1) * MAX_MULTI_WRITES),
  );
}
