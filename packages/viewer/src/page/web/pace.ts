// One update for each frame of the browser. Updates come in a rhythm of their own: of two between two frames the browser
// shows the second alone, and has nothing new for the frame behind. So an update that is complete too soon is kept back,
// and with it those behind; the server sends no more than some of them.

import type { Display } from './novnc-display.ts';

/** Milliseconds; a browser that shows nothing of the page draws no frames. */
const PATIENCE = 100;

/** Has a connection show one update at a time. @param afterFrame - calls when the browser has shown what was drawn */
export function paceUpdates(
  display: Display,
  afterFrame: (then: () => void) => void = afterFrameOfBrowser,
): void {
  const flip = display.flip.bind(display);
  const pending = display.pending.bind(display);
  const flush = display.flush.bind(display);
  let isShowing = false;
  let held: PromiseWithResolvers<void> | undefined;
  const show = (): void => {
    isShowing = true;
    flip(true);
    afterFrame(shown);
  };
  const shown = (): void => {
    isShowing = false;
    const waiting = held;
    if (waiting === undefined) return;
    held = undefined;
    show();
    waiting.resolve();
  };
  display.flip = (isDrawn): void => {
    // noVNC calls again when all before it is drawn.
    if (isDrawn !== true && pending()) flip();
    else if (isShowing) held ??= Promise.withResolvers();
    else show();
  };
  display.pending = (): boolean => held !== undefined || pending();
  display.flush = async (): Promise<void> => {
    await flush();
    await held?.promise;
  };
}

function afterFrameOfBrowser(then: () => void): void {
  let isOver = false;
  const end = (): void => {
    if (isOver) return;
    isOver = true;
    clearTimeout(timer);
    then();
  };
  const timer = setTimeout(end, PATIENCE);
  requestAnimationFrame(() => void setTimeout(end));
}
