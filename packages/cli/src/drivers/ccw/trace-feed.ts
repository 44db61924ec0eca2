// A control unit whose chains are told beside its device's socket, to whoever looks.

import { TracingUnit, type ControlUnit } from '@vfio-ts/ccw';
import type { DeviceKind } from '@vfio-ts/ccw/client';
import type { Logger } from '@vfio-ts/core';
import { JsonFeed } from '@vfio-ts/vfio-user';
import { chainLine, tracePath, type ChainLine } from './trace-line.ts';

/** A control unit that can be watched. While nobody looks nothing is kept of what it does. */
export class WatchedUnit {
  readonly unit: TracingUnit;
  #feed: JsonFeed<ChainLine> | undefined;

  constructor(unit: ControlUnit, kind: DeviceKind) {
    this.unit = new TracingUnit(
      unit,
      (chain) => this.#feed?.tell(chainLine(chain, kind, new Date())),
      () => this.#feed?.isWatched ?? false,
    );
  }

  /** Tells its chains beside a socket until the result is disposed. @throws as `JsonFeed` */
  tell(socket: string, logger: Logger): Disposable {
    const feed = new JsonFeed<ChainLine>(tracePath(socket), logger);
    this.#feed = feed;
    return feed;
  }
}
