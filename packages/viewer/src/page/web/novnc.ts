// noVNC as this page uses it.

/** One connection of noVNC's, see its API.md. */
export interface Rfb extends EventTarget {
  viewOnly: boolean;
  scaleViewport: boolean;
  background: string;
  compressionLevel: number;
  disconnect(): void;
  getImageData(): ImageData;
}

interface RfbConstructor {
  new (target: Element, channel: WebSocket, options: { readonly shared: boolean }): Rfb;
}

/** The server has it at this address; a bundler has no part in it. */
const ADDRESS = '/novnc/core/rfb.js';

/** noVNC's class. */
export async function loadRfb(): Promise<RfbConstructor> {
  const loaded: { readonly default: RfbConstructor } = await import(ADDRESS);
  return loaded.default;
}
