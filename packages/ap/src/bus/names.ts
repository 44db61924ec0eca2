// How adapters, domains and queues are written.

/** An adapter number, two hexadecimal digits. */
export function adapterName(adapter: number): string {
  return adapter.toString(16).padStart(2, '0');
}

/** A domain number, four hexadecimal digits. */
export function domainName(domain: number): string {
  return domain.toString(16).padStart(4, '0');
}

/** `adapter << 8 | domain`. Counterpart of `AP_MKQID()`. */
export function apqnOf(adapter: number, domain: number): number {
  return (adapter << 8) | domain;
}

/** Adapter of a queue. Counterpart of `AP_QID_CARD()`. */
export function adapterOf(apqn: number): number {
  return apqn >> 8;
}

/** Domain of a queue. Counterpart of `AP_QID_QUEUE()`. */
export function domainOf(apqn: number): number {
  return apqn & 0xff;
}

/** `aa.dddd`. */
export function apqnName(apqn: number): string {
  return `${adapterName(adapterOf(apqn))}.${domainName(domainOf(apqn))}`;
}
