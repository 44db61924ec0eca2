// What the page's own address says behind the `#`, which no server ever sees.

/** What is wanted. */
export interface Wanted {
  readonly token: string;
  /** The device that is shown alone. */
  readonly device: string | undefined;
}

/** Reads it. */
export function wanted(hash: string = location.hash): Wanted {
  const fields = new URLSearchParams(hash.slice(1));
  return { token: fields.get('token') ?? '', device: fields.get('device') ?? undefined };
}

/** The address of one device, or of all. */
export function addressOf(token: string, device?: string): string {
  const fields = new URLSearchParams({ token, ...(device !== undefined && { device }) });
  return `#${fields}`;
}
