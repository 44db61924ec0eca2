// Images that need no browser to be decoded go to noVNC's canvas as pixels. noVNC makes a data URL of each, of which the
// browser makes text, bytes and pixels on the page's one thread: for a full screen that is most of its time.

import { PlainPngReader } from './plain-png.ts';

/** What is used of noVNC's display, none of which its API promises. */
interface Display {
  imageRect: (x: number, y: number, w: number, h: number, type: string, file: Uint8Array) => void;
  blitImage: (x: number, y: number, w: number, h: number, rgba: Uint8Array, at: number) => void;
}

/** Has a connection draw plain images at once, and all others as noVNC does; all of them where that is not as expected. */
export function drawPlainImages(rfb: object): void {
  const display: unknown = Reflect.get(rfb, '_display');
  if (!isDisplay(display)) return;
  const reader = new PlainPngReader();
  const imageRect = display.imageRect.bind(display);
  display.imageRect = (x, y, w, h, type, file): void => {
    const pixels = reader.read(file, w, h);
    if (pixels === undefined) imageRect(x, y, w, h, type, file);
    else display.blitImage(x, y, w, h, pixels, 0);
  };
}

function isDisplay(value: unknown): value is Display {
  if (typeof value !== 'object' || value === null) return false;
  return ['imageRect', 'blitImage'].every((name) => typeof Reflect.get(value, name) === 'function');
}
