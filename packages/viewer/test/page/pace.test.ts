import { expect, test } from 'vitest';
import { displayOf, type Display } from '../../src/page/web/novnc-display.ts';
import { paceUpdates } from '../../src/page/web/pace.ts';

/** A display as noVNC has it, and a browser whose frames come when they are told to. */
class Paced {
  /** Updates that were flipped to what is seen. */
  seen = 0;
  /** Whether an image is being decoded. */
  isDecoding = false;
  readonly display: Display;
  #isFlipQueued = false;
  #frame: (() => void) | undefined;
  readonly #flushed = Promise.withResolvers<void>();

  constructor() {
    this.display = {
      imageRect: () => undefined,
      blitImage: () => undefined,
      flip: (isDrawn) => {
        if (this.isDecoding && isDrawn !== true) this.#isFlipQueued = true;
        else this.seen++;
      },
      pending: () => this.isDecoding,
      flush: () => (this.isDecoding ? this.#flushed.promise : Promise.resolve()),
    };
    paceUpdates(this.display, (then) => {
      this.#frame = then;
    });
  }

  /** The browser shows what is drawn. */
  frame(): void {
    const then = this.#frame;
    this.#frame = undefined;
    then?.();
  }

  /** The image that was being decoded is there. */
  decoded(): void {
    this.isDecoding = false;
    if (this.#isFlipQueued) this.display.flip(true);
    this.#flushed.resolve();
  }
}

test('the first update is seen at once', () => {
  const paced = new Paced();
  paced.display.flip();
  expect([paced.seen, paced.display.pending()]).toEqual([1, false]);
});

test('one that follows before the browser has shown it waits for the next frame', async () => {
  const paced = new Paced();
  paced.display.flip();
  paced.display.flip();
  expect([paced.seen, paced.display.pending()]).toEqual([1, true]);
  const flushed = paced.display.flush();
  const turn = new Promise((resolve) => {
    setImmediate(resolve, 'still waiting');
  });
  await expect(Promise.race([flushed, turn])).resolves.toBe('still waiting');
  paced.frame();
  await flushed;
  expect([paced.seen, paced.display.pending()]).toEqual([2, false]);
});

test('each that follows waits for a frame of its own', () => {
  const paced = new Paced();
  const seen: number[] = [];
  paced.display.flip();
  for (let i = 0; i < 4; i++) {
    paced.display.flip();
    paced.frame();
    seen.push(paced.seen);
  }
  expect(seen).toEqual([2, 3, 4, 5]);
});

test('one after a frame with nothing new is seen at once', () => {
  const paced = new Paced();
  paced.display.flip();
  paced.frame();
  paced.display.flip();
  expect([paced.seen, paced.display.pending()]).toEqual([2, false]);
});

test('one with an image to decode is seen when that is there, and not sooner than a frame later', () => {
  const paced = new Paced();
  paced.display.flip();
  paced.isDecoding = true;
  paced.display.flip();
  paced.frame();
  expect(paced.seen).toBe(1);
  paced.decoded();
  expect(paced.seen).toBe(2);
  paced.isDecoding = true;
  paced.display.flip();
  paced.decoded();
  expect([paced.seen, paced.display.pending()]).toEqual([2, true]);
  paced.frame();
  expect([paced.seen, paced.display.pending()]).toEqual([3, false]);
});

test.each([{}, { _display: null }, { _display: { flip: () => undefined } }])(
  'a noVNC with other insides is left as it is: %j',
  (rfb) => {
    expect(displayOf(rfb)).toBeUndefined();
  },
);
