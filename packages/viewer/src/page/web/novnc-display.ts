// The display of noVNC's: what is used of it, none of which its API promises.

/** The canvases of one connection. */
export interface Display {
  /** Draws an image that the browser decodes. */
  imageRect: (x: number, y: number, w: number, h: number, type: string, file: Uint8Array) => void;
  /** Draws pixels. */
  blitImage: (x: number, y: number, w: number, h: number, rgba: Uint8Array, at: number) => void;
  /** An update is complete: what it has drawn is to be seen, once all before it was drawn. */
  flip: (isDrawn?: boolean) => void;
  /** Whether anything waits to be drawn or seen; the next update waits for that. */
  pending: () => boolean;
  /** Waits until nothing does. */
  flush: () => Promise<void>;
}

const METHODS = ['imageRect', 'blitImage', 'flip', 'pending', 'flush'] as const;

/** The display of a connection; `undefined` where noVNC has none like that. */
export function displayOf(rfb: object): Display | undefined {
  const display: unknown = Reflect.get(rfb, '_display');
  return isDisplay(display) ? display : undefined;
}

function isDisplay(value: unknown): value is Display {
  if (typeof value !== 'object' || value === null) return false;
  return METHODS.every((name) => typeof Reflect.get(value, name) === 'function');
}
