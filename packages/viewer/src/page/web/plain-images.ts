// Images that need no browser to be decoded go to noVNC's canvas as pixels. noVNC makes a data URL of each, of which the
// browser makes text, bytes and pixels on the page's one thread: for a full screen that is most of its time.

import type { Display } from './novnc-display.ts';
import { PlainPngReader } from './plain-png.ts';

/** Has a connection draw plain images at once, and all others as noVNC does. */
export function drawPlainImages(display: Display): void {
  const reader = new PlainPngReader();
  const imageRect = display.imageRect.bind(display);
  display.imageRect = (x, y, w, h, type, file): void => {
    const pixels = reader.read(file, w, h);
    if (pixels === undefined) imageRect(x, y, w, h, type, file);
    else display.blitImage(x, y, w, h, pixels, 0);
  };
}
