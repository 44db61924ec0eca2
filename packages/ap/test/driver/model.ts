// Which queues are whose: the rules of sharing, short enough to be read.

import { expect } from 'vitest';
import type { MachineOptions } from '../support/administrator.ts';
import { apqnName, ApMask, formatMask, type ApMatrix } from '../../src/index.ts';

/** Adapter 7 is not plugged in, adapter 8 is the host's. */
export const ADAPTERS: readonly number[] = [5, 6, 7, 8];
/** Domain 0xab is the host's. */
export const DOMAINS: readonly number[] = [4, 0x47, 0xab];
/** The machine of all sequences. */
export const MACHINE: MachineOptions = {
  adapters: [5, 6, 8],
  domains: DOMAINS,
  apmask: '-5,-6,-7',
  aqmask: '-4,-0x47',
};

/** A matrix as numbers. */
export type Numbers = Readonly<Record<keyof ApMatrix, readonly number[]>>;

/** As `ap_config` takes it. */
export function configText({ adapters: a, domains: d, controlDomains: c }: Numbers): string {
  return [a, d, c].map((numbers) => formatMask(ApMask.of(...numbers))).join(',');
}

/** Which queues are whose, by rules that can be read in three lines. */
export class Model {
  readonly matrices: Map<number, Numbers> = new Map();
  apmask = new Set(ADAPTERS);
  aqmask = new Set(DOMAINS);

  static queues({ adapters: a, domains: d }: Numbers): string[] {
    return a.flatMap((adapter) => d.map((domain) => apqnName((adapter << 8) | domain)));
  }

  isHosts(adapter: number, domain: number): boolean {
    return this.apmask.has(adapter) && this.aqmask.has(domain);
  }

  verdict(asking: number, wanted: Numbers): string {
    const isTaken = wanted.adapters.some((a) => wanted.domains.some((d) => this.isHosts(a, d)));
    if (isTaken) return 'EADDRNOTAVAIL';
    const queues = new Set(Model.queues(wanted));
    for (const [other, { ...has }] of this.matrices) {
      if (other !== asking && Model.queues(has).some((queue) => queues.has(queue)))
        return 'EADDRINUSE';
    }
    return 'ok';
  }

  /** Whether the host may have more. */
  maskVerdict(mask: 'apmask' | 'aqmask', number: number): string {
    const ofAdapters = mask === 'apmask' ? [number] : [...this.apmask];
    const ofDomains = mask === 'aqmask' ? [number] : [...this.aqmask];
    if (this[mask].has(number)) return 'ok';
    const asked = new Set(
      Model.queues({ adapters: ofAdapters, domains: ofDomains, controlDomains: [] }),
    );
    const isUsed = [...this.matrices.values()].some((has) =>
      Model.queues(has).some((queue) => asked.has(queue)),
    );
    return isUsed ? 'EBUSY' : 'ok';
  }
}

/** Asserts that two values are equal in depth. */
export function same(actual: unknown, expected: unknown): void {
  expect(actual).toEqual(expected);
}
