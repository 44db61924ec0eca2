import { describe, expect, test } from 'vitest';
import { allocation, WARM_UP_OF_HEAP, WATCHED } from '../../bench/support/allocation.ts';
import { Exchange, repeat } from '../../bench/support/exchange.ts';
import { Folder, ServerProcess } from '../../bench/support/peers.ts';
import { LITTERING_REGION } from '../../bench/support/register-device.ts';
import { attach, regionRead } from '../../bench/support/vfio-user.ts';

const REPLY = 36;
const COUNTED = 60_000;
/** Bytes of the smallest object there is: a number that is no integer. */
const SMALLEST = 16;

/** Bytes of heap that a read of a register takes, in a server of its own. */
async function perRead(region: number): Promise<number> {
  using folder = new Folder();
  await using server = await ServerProcess.start(folder, WATCHED);
  using exchange = new Exchange(attach(server.path), regionRead(4, region), REPLY);
  const once = (): void => exchange.once();
  repeat(WARM_UP_OF_HEAP, once);
  return allocation(exchange, () => repeat(COUNTED, once)).bytes / COUNTED;
}

describe('a read of a register', { timeout: 240_000 }, () => {
  test('makes no object', async () => {
    expect(await perRead(0)).toBeLessThan(SMALLEST / 2);
  });

  test('whose driver makes one object is found out', async () => {
    expect(await perRead(LITTERING_REGION)).toBeGreaterThan(SMALLEST / 2);
  });
});
