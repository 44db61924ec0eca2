// The channel paths of a subchannel as far as the driver keeps them: which may be used by itself, which by default.

import { CRW_ERC, CRW_RSC, decodePmcw, type Crw, type Pmcw } from '../architecture/index.ts';
import type { PathEvent, Subchannel } from '../channel/subchannel.ts';

/** The masks of one subchannel; path i is bit `0x80 >> i`. */
export class PathMasks {
  #lpm: number;
  #opm = 0xff;

  /** @param schib - as the subchannel was found; `undefined` when it is gone */
  constructor(schib: Uint8Array | undefined) {
    const { pam, pom } = schib === undefined ? { pam: 0, pom: 0 } : decodePmcw(schib);
    this.#lpm = pam & pom;
  }

  /** The paths of a start that names none. */
  get lpm(): number {
    return this.#lpm;
  }

  /** A start has found these paths not operational; they stay away until a path event brings them back. */
  lose(lpm: number): void {
    this.#lpm &= lpm === 0 ? 0 : ~lpm;
  }

  /** Follows an event. @returns the report the user is to get */
  follow({ kind, mask, chpid }: PathEvent): Crw | undefined {
    const report = { flags: 0, source: CRW_RSC.CHANNEL_PATH, sourceId: chpid };
    switch (kind) {
      case 'vary off':
        this.#opm &= ~mask;
        this.#lpm &= ~mask;
        return undefined;
      case 'vary on':
        this.#opm |= mask;
        this.#lpm |= mask;
        return undefined;
      case 'offline':
        return { ...report, recovery: CRW_ERC.PERMANENT_ERROR_NOT_INITIALIZED };
      case 'online':
        this.#lpm |= mask & this.#opm;
        return { ...report, recovery: CRW_ERC.INITIALIZED };
    }
  }
}

/** The path management of a subchannel; `undefined` when it is gone. */
export function pathsOf(subchannel: Subchannel): Pmcw | undefined {
  const schib = subchannel.store();
  return schib === undefined ? undefined : decodePmcw(schib);
}
