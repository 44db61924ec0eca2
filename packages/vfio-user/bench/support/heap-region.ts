// A region of a device that says how the heap of its server is. It is asked as registers are: a question by another
// way would be work of Node's own, on which the loop waits differently for a while.

import { performance } from 'node:perf_hooks';
import { GCProfiler, getHeapSpaceStatistics } from 'node:v8';
import type { Exchange } from './exchange.ts';
import { checkReply, REGION_READ_REPLY, regionRead } from './vfio-user.ts';

/** Its number. */
export const HEAP_REGION = 2;
/** Three numbers of 8 bytes, little-endian, as they are in {@link Heap}. */
export const HEAP_REGION_SIZE = 24;

/** The heap of a server. */
export interface Heap {
  /** Bytes of young objects, garbage included; what V8 compiles meanwhile is elsewhere. */
  readonly used: number;
  /** How often garbage was collected. */
  readonly collections: number;
  /** How often Node had a turn. */
  readonly turns: number;
}

/** Looks at the heap of its own thread. */
export class HeapObserver {
  readonly #collector = new GCProfiler();
  #collections = 0;

  constructor() {
    this.#collector.start();
  }

  /** What the region is read as. */
  read(into: Uint8Array): void {
    this.#collections += this.#collector.stop()?.statistics.length ?? 0;
    this.#collector.start();
    const young = getHeapSpaceStatistics().find(({ space_name: name }) => name === 'new_space');
    const used = young?.space_used_size ?? Number.NaN;
    const { loopCount: turns } = performance.nodeTiming.uvMetricsInfo;
    const view = new DataView(into.buffer, into.byteOffset, into.length);
    for (const [at, value] of [used, this.#collections, turns].entries()) {
      view.setBigUint64(at * 8, BigInt(value), true);
    }
  }
}

/** Asks for the heap of a server. @throws Error the device has no such region */
export function readHeap(exchange: Exchange): Heap {
  const reply = new Uint8Array(REGION_READ_REPLY + HEAP_REGION_SIZE);
  exchange.ask(regionRead(HEAP_REGION_SIZE, HEAP_REGION), reply);
  checkReply(reply);
  const view = new DataView(reply.buffer, REGION_READ_REPLY);
  const number = (at: number): number => Number(view.getBigUint64(at * 8, true));
  return { used: number(0), collections: number(1), turns: number(2) };
}
