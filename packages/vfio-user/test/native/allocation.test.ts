import { describe, expect, test } from 'vitest';
import { allocation, WATCHED } from '../../bench/support/allocation.ts';
import { Exchange, repeat } from '../../bench/support/exchange.ts';
import { Folder, ServerProcess } from '../../bench/support/peers.ts';
import { LITTERING_REGION } from '../../bench/support/register-device.ts';
import { attach, regionRead } from '../../bench/support/vfio-user.ts';

const REPLY = 36;
const WARM_UP = 60_000;
const COUNTED = 60_000;
/** Bytes of the smallest object there is: a number that is no integer. */
const SMALLEST = 16;

/**
 * Servers that are tried: whether V8 makes an object of the loop's time depends on what it has compiled into one, which
 * is not the same in each process.
 */
const SERVERS = 4;

/** Bytes of heap that a read of a register takes in the best of several servers. */
async function leastPerRead(region: number): Promise<number> {
  let least = Infinity;
  for (let i = 0; i < SERVERS && least >= SMALLEST / 2; i++) {
    // oxlint-disable-next-line no-await-in-loop -- they would disturb each other
    least = Math.min(least, Math.abs(await perRead(region)));
  }
  return least;
}

/** Bytes of heap that a read of a register takes, in a server of its own. */
async function perRead(region: number): Promise<number> {
  using folder = new Folder();
  await using server = await ServerProcess.start(folder, 1, WATCHED);
  using exchange = new Exchange(attach(server.path), regionRead(4, region), REPLY);
  const once = (): void => exchange.once();
  repeat(WARM_UP, once);
  const { perMessage } = await allocation(server, COUNTED, () => repeat(COUNTED, once), once);
  return perMessage;
}

describe('a read of a register', { timeout: 240_000 }, () => {
  test('makes no object', async () => {
    expect(await leastPerRead(0)).toBeLessThan(SMALLEST / 2);
  });

  test('whose driver makes one object is found out', async () => {
    expect(await leastPerRead(LITTERING_REGION)).toBeGreaterThan(SMALLEST / 2);
  });
});
