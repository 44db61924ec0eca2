// What messages take from the heap of a server.
//
// The server gives Node a turn about once a millisecond, however many messages come, and Node makes a few objects for
// each turn. So messages are sent twice: as fast as they are answered, and with pauses, a few of them to a turn. What
// one message takes and what one turn takes follow from the two.

import type { ServerProcess } from './peers.ts';

/** Flags of a server whose heap is watched: room for all that is counted, so that no garbage is collected. */
export const WATCHED = ['--min-semi-space-size=64', '--max-semi-space-size=64'] as const;

/** Messages with pauses between them. */
const SPARSE = 4000;
/** Milliseconds between them, short enough for the server to stay awake. */
const PAUSE = 0.3;

/** Bytes of heap. */
export interface Allocation {
  readonly perMessage: number;
  readonly perTurn: number;
}

interface Growth {
  readonly bytes: number;
  readonly turns: number;
}

/**
 * What a server started with {@link WATCHED} takes for each of `count` messages. It should have answered as many
 * before, for V8 makes objects of numbers until it has compiled the code that uses them.
 *
 * @param busy - sends all of them
 * @param one - sends one
 * @throws Error garbage was collected meanwhile
 */
export async function allocation(
  server: ServerProcess,
  count: number,
  busy: () => void,
  one: () => void,
): Promise<Allocation> {
  const dense = await growth(server, busy);
  const sparse = await growth(server, () => {
    for (let sent = 0; sent < SPARSE; sent++) {
      pause();
      one();
    }
  });
  const determinant = count * sparse.turns - SPARSE * dense.turns;
  return {
    perMessage: (dense.bytes * sparse.turns - sparse.bytes * dense.turns) / determinant,
    perTurn: (count * sparse.bytes - SPARSE * dense.bytes) / determinant,
  };
}

async function growth(server: ServerProcess, work: () => void): Promise<Growth> {
  const before = await server.heap();
  work();
  const after = await server.heap();
  if (after.collections !== before.collections) throw new Error('garbage was collected meanwhile');
  return { bytes: after.used - before.used, turns: after.turns - before.turns };
}

function pause(): void {
  const end = performance.now() + PAUSE;
  while (performance.now() < end);
}
