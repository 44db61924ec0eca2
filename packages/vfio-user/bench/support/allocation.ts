// What messages take from the heap of a server.
//
// Node makes a few objects for each of its turns, however many messages come. So a server whose heap is watched for
// messages gives Node a turn only now and then.

import type { Exchange } from './exchange.ts';
import { readHeap } from './heap-region.ts';

/** Flags of a server whose heap is watched: room for all that is counted, so that no garbage is collected. */
const FLAGS = ['--min-semi-space-size=64', '--max-semi-space-size=64'] as const;

/** A server in which nearly all that is taken is taken for messages. */
export const WATCHED = { flags: FLAGS, turn: 100 } as const;

/** A server whose heap is watched as it is otherwise. */
export const WATCHED_TURNS = { flags: FLAGS } as const;

/**
 * Messages after which V8 has compiled what is called for each, and for every 64th of them, which is timed: until then
 * it makes objects of numbers.
 */
export const WARM_UP_OF_HEAP = 250_000;

/** What some messages took. */
export interface Allocation {
  /** Bytes of heap. */
  readonly bytes: number;
  /** How often Node had a turn meanwhile. */
  readonly turns: number;
}

/** What the server takes for some messages. @throws Error garbage was collected meanwhile */
export function allocation(exchange: Exchange, send: () => void): Allocation {
  const before = readHeap(exchange);
  send();
  const after = readHeap(exchange);
  if (after.collections !== before.collections) throw new Error('garbage was collected meanwhile');
  return { bytes: after.used - before.used, turns: after.turns - before.turns };
}
