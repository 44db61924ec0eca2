// What PQAP(QCI) says of a machine: which facilities, adapters and domains there are.

import { ApMask } from './mask.ts';

/** Counterpart of `struct ap_config_info`. */
export interface ApConfigInfo {
  /** Up to 256 adapters and domains; 64 and 16 without it. */
  readonly apxa: boolean;
  readonly apsc: boolean;
  readonly qact: boolean;
  readonly rc8a: boolean;
  readonly apsb: boolean;
  /** Highest adapter number, `na`. */
  readonly maxAdapter: number;
  /** Highest domain number, `nd`. */
  readonly maxDomain: number;
  readonly adapters: ApMask;
  readonly usageDomains: ApMask;
  readonly controlDomains: ApMask;
}

/** A machine with all numbers and the facilities of a recent one; without adapters and domains if none are given. */
export function apConfigInfo(known: Partial<ApConfigInfo> = {}): ApConfigInfo {
  return {
    apxa: true,
    apsc: true,
    qact: true,
    rc8a: true,
    apsb: false,
    maxAdapter: 255,
    maxDomain: 255,
    adapters: ApMask.NONE,
    usageDomains: ApMask.NONE,
    controlDomains: ApMask.NONE,
    ...known,
  };
}

/** Highest adapter number that instructions take: 63 where the machine has no APXA. */
export function maxAdapterId({ apxa, maxAdapter }: ApConfigInfo): number {
  return apxa ? maxAdapter : 63;
}

/** Highest domain number that instructions take: 15 where the machine has no APXA. */
export function maxDomainId({ apxa, maxDomain }: ApConfigInfo): number {
  return apxa ? maxDomain : 15;
}

/** Whether a machine looks as before. */
export function sameConfig(a: ApConfigInfo, b: ApConfigInfo): boolean {
  return (
    a.apxa === b.apxa &&
    a.apsc === b.apsc &&
    a.qact === b.qact &&
    a.rc8a === b.rc8a &&
    a.apsb === b.apsb &&
    a.maxAdapter === b.maxAdapter &&
    a.maxDomain === b.maxDomain &&
    a.adapters.equals(b.adapters) &&
    a.usageDomains.equals(b.usageDomains) &&
    a.controlDomains.equals(b.controlDomains)
  );
}
