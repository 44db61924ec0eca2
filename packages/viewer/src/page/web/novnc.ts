// noVNC as this page uses it.

import { displayOf } from './novnc-display.ts';
import { paceUpdates } from './pace.ts';
import { drawPlainImages } from './plain-images.ts';

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

/**
 * A connection whose canvases have no transparency, which noVNC does not ask for: without that each frame is blended
 * with the page that it covers.
 */
export function openRfb(Rfb: RfbConstructor, target: Element, channel: WebSocket): Rfb {
  const { prototype } = HTMLCanvasElement;
  // oxlint-disable-next-line typescript/unbound-method -- called with their own canvas below
  const { getContext } = prototype;
  const opaque = function getOpaque(this: HTMLCanvasElement, kind: string): unknown {
    return Reflect.apply(getContext, this, [kind, { alpha: false }]);
  };
  // noVNC gets all contexts of pictures while it is constructed.
  Object.assign(prototype, { getContext: opaque });
  try {
    const rfb = new Rfb(target, channel, { shared: true });
    const display = displayOf(rfb);
    // Another noVNC does without.
    if (display !== undefined) {
      drawPlainImages(display);
      paceUpdates(display);
    }
    return rfb;
  } finally {
    Object.assign(prototype, { getContext });
  }
}
