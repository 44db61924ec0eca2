// The three masks that say what a mediated device is given. Counterpart of struct ap_matrix
// (drivers/s390/crypto/vfio_ap_private.h).

import { maxAdapterId, maxDomainId, type ApConfigInfo } from '../bus/config-info.ts';
import { ApMask } from '../bus/mask.ts';

/** Adapters and usage domains, of which every pair is a queue, and control domains. */
export interface ApMatrix {
  readonly adapters: ApMask;
  readonly domains: ApMask;
  /** Domains that may be managed, which is not the same as used. */
  readonly controlDomains: ApMask;
}

/** The masks of a matrix by what is assigned to them. */
export type MatrixPart = keyof ApMatrix;

/** The two masks whose product are queues. */
export type QueuePart = Exclude<MatrixPart, 'controlDomains'>;

/** Nothing. */
export const EMPTY_MATRIX: ApMatrix = {
  adapters: ApMask.NONE,
  domains: ApMask.NONE,
  controlDomains: ApMask.NONE,
};

/** Highest number each mask can have. */
export type MatrixLimits = Readonly<Record<MatrixPart, number>>;

/** Counterpart of `vfio_ap_matrix_init()`. */
export function matrixLimits(config: ApConfigInfo): MatrixLimits {
  const domain = maxDomainId(config);
  return { adapters: maxAdapterId(config), domains: domain, controlDomains: domain };
}

/** The masks of the machine's configuration. */
export function hostMatrix(config: ApConfigInfo): ApMatrix {
  return {
    adapters: config.adapters,
    domains: config.usageDomains,
    controlDomains: config.controlDomains,
  };
}

/** Whether a queue lies in the product of adapters and domains. */
export function hasQueue(
  { adapters, domains }: Pick<ApMatrix, QueuePart>,
  queue: { readonly adapter: number; readonly domain: number },
): boolean {
  return adapters.has(queue.adapter) && domains.has(queue.domain);
}

/** What both have, mask by mask. */
export function intersection(a: ApMatrix, b: ApMatrix): ApMatrix {
  return {
    adapters: a.adapters.and(b.adapters),
    domains: a.domains.and(b.domains),
    controlDomains: a.controlDomains.and(b.controlDomains),
  };
}

/** What `a` has and `b` has not, mask by mask. */
export function difference(a: ApMatrix, b: ApMatrix): ApMatrix {
  return {
    adapters: a.adapters.minus(b.adapters),
    domains: a.domains.minus(b.domains),
    controlDomains: a.controlDomains.minus(b.controlDomains),
  };
}

/** Whether both have the same. */
export function sameMatrix(a: ApMatrix, b: ApMatrix): boolean {
  return (
    a.adapters.equals(b.adapters) &&
    a.domains.equals(b.domains) &&
    a.controlDomains.equals(b.controlDomains)
  );
}

/** Whether a mask of it has anything. */
export function hasAny({ adapters, domains, controlDomains }: ApMatrix): boolean {
  return !(adapters.isEmpty && domains.isEmpty && controlDomains.isEmpty);
}
