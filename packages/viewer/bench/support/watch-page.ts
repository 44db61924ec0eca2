// Runs in the page before anything else: notes when which frame has got to the screen. Nothing is read back from a
// canvas, which would be slow: the number of a frame is read where noVNC draws it.

/** A frame and when it was presented, milliseconds since the epoch. */
export type Seen = readonly [number: number, at: number];

declare global {
  var seenFrames: Seen[];
}

/** Installs the watch. */
export function watchPage(bits: number): void {
  globalThis.seenFrames = [];
  const context = CanvasRenderingContext2D.prototype;
  // oxlint-disable-next-line typescript/unbound-method -- called with their own context below
  const { putImageData, drawImage } = context;
  let drawn = -1;
  let shown = -1;
  const put = function putWatched(
    this: CanvasRenderingContext2D,
    image: ImageData,
    x: number,
    y: number,
  ): void {
    if (x === 0 && y === 0) {
      drawn = 0;
      for (let bit = 0; bit < bits; bit++) {
        if ((image.data[bit * 4] ?? 0) > 0x50) drawn |= 1 << bit;
      }
    }
    Reflect.apply(putImageData, this, [image, x, y]);
  };
  Object.assign(context, { putImageData: put });
  const draw = function drawWatched(
    this: CanvasRenderingContext2D,
    ...given: Parameters<typeof drawImage>
  ): void {
    Reflect.apply(drawImage, this, given);
    if (drawn === shown) return;
    shown = drawn;
    const number = drawn;
    // What is on the canvas when a frame of the browser begins is presented at its end.
    requestAnimationFrame(() => {
      globalThis.seenFrames.push([number, performance.timeOrigin + performance.now()]);
    });
  };
  Object.assign(context, { drawImage: draw });
}
