// The list of devices, asked for again and again: it survives a restart of the server as nothing else does.

/** A device that has a picture. */
export interface Device {
  readonly id: string;
  readonly name: string;
}

/** What there is. */
export type Listing =
  | { readonly tag: 'devices'; readonly devices: readonly Device[] }
  /** The token is wrong. */
  | { readonly tag: 'refused' }
  /** Nobody answers. */
  | { readonly tag: 'away' };

/** Asks once. */
export async function listDevices(token: string): Promise<Listing> {
  try {
    const response = await fetch('/devices', { headers: { authorization: `Bearer ${token}` } });
    if (response.status === 401) return { tag: 'refused' };
    const devices: readonly Device[] = await response.json();
    return { tag: 'devices', devices };
  } catch {
    return { tag: 'away' };
  }
}
