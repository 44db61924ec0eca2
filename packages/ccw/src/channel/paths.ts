// The channel paths of one subchannel. A path of a mask is bit `0x80 >> i`.

import { VfioError } from '@vfio-ts/core';
import { PATH_COUNT } from '../architecture/schib.ts';
import type { PathEvent } from './subchannel.ts';

/** Which paths there are, and which can be used. */
export class ChannelPaths {
  /** One for each path, 0 to 255. */
  readonly chpids: readonly number[];
  /** Paths that are there. */
  readonly installed: number;
  #available: number;
  #varied = 0;
  /** The path that was used last. */
  lastUsed = 0;

  /** @throws `EINVAL` no path, more than eight, or a number that is none */
  constructor(chpids: readonly number[]) {
    const isWrong = chpids.some((id) => !Number.isInteger(id) || id < 0 || id > 0xff);
    if (isWrong || chpids.length === 0 || chpids.length > PATH_COUNT) {
      throw new VfioError('EINVAL', 'ChannelPaths', `chpids ${chpids.join(',')}`);
    }
    this.chpids = [...chpids];
    this.installed = (0xff << (PATH_COUNT - chpids.length)) & 0xff;
    this.#available = this.installed;
  }

  /** Paths whose channel is online. */
  get available(): number {
    return this.#available;
  }

  /** Paths that are online and not varied off: what a program can run on. */
  get usable(): number {
    return this.#available & ~this.#varied;
  }

  /** The path that a program takes of those it may; 0 where there is none. */
  choose(lpm: number): number {
    const usable = this.usable & lpm;
    for (let path = 0x80; path !== 0; path >>= 1) {
      if ((usable & path) !== 0) return (this.lastUsed = path);
    }
    return 0;
  }

  /**
   * Takes a change of a channel path.
   *
   * @returns what to tell of it; `undefined` where the subchannel is not on that path
   */
  change(kind: PathEvent['kind'], chpid: number): PathEvent | undefined {
    const mask = this.chpids.reduce((all, id, i) => all | (id === chpid ? 0x80 >> i : 0), 0);
    if (mask === 0) return undefined;
    if (kind === 'vary off') this.#varied |= mask;
    if (kind === 'vary on') this.#varied &= ~mask;
    if (kind === 'offline') this.#available &= ~mask;
    if (kind === 'online') this.#available |= mask & this.installed;
    return { kind, mask, chpid };
  }
}
