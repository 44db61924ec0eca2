// Runs in the page before anything else: notes when which frame has got to the screen. Nothing is read back from a
// canvas of the picture, which would be slow: the number of a frame is read where noVNC draws it. Of the pixels it puts
// there that costs nothing; of an image it costs milliseconds, so that only some are read, by way of a small canvas.

/** A frame and when it was presented, milliseconds since the epoch. Its number is -1 where it was not read. */
export type Seen = readonly [number: number, at: number];

declare global {
  var seenFrames: Seen[];
}

/** Installs the watch. */
export function watchPage(bits: number, readOneOf: number): void {
  globalThis.seenFrames = [];
  const { prototype } = CanvasRenderingContext2D;
  // oxlint-disable-next-line typescript/unbound-method -- called with their own context below
  const { putImageData, drawImage } = prototype;
  const small = new OffscreenCanvas(bits, 1).getContext('2d', { willReadFrequently: true });
  let drawn = -1;
  let images = 0;
  let shown = -1;
  let isDue = false;
  const read = ({ data }: ImageData): void => {
    drawn = 0;
    for (let bit = 0; bit < bits; bit++) if ((data[bit * 4] ?? 0) > 0x50) drawn |= 1 << bit;
  };
  const show = (): void => {
    shown = drawn;
    if (isDue) return;
    isDue = true;
    // What is on the canvas when a frame of the browser begins is presented at its end.
    requestAnimationFrame(() => {
      isDue = false;
      globalThis.seenFrames.push([shown, performance.timeOrigin + performance.now()]);
    });
  };
  const put = function putWatched(
    this: CanvasRenderingContext2D,
    image: ImageData,
    x: number,
    y: number,
  ): void {
    if (x === 0 && y === 0) read(image);
    Reflect.apply(putImageData, this, [image, x, y]);
    if (this.canvas.isConnected) show();
  };
  const draw = function drawWatched(
    this: CanvasRenderingContext2D,
    ...given: Parameters<typeof drawImage>
  ): void {
    Reflect.apply(drawImage, this, given);
    const [image, x, y] = given;
    if (image instanceof HTMLImageElement) {
      if (x !== 0 || y !== 0 || small === null) return;
      drawn = -1;
      if (++images % readOneOf > 0) return;
      small.drawImage(image, 0, 0);
      read(small.getImageData(0, 0, bits, 1));
      return;
    }
    if (this.canvas.isConnected) show();
  };
  Object.assign(prototype, { putImageData: put, drawImage: draw });
}
