// What PQAP(QCI) says of a machine: which facilities, adapters and domains there are.

import type { ApMask } from './mask.ts';

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
