// What a device shows, as a file that is renewed while it changes.

import { devicePicture, VfioError, type Logger, type VfioDevice } from '@vfio-ts/core';
import { writePng } from '../../picture-file.ts';

const PERIOD_MS = 1000;

/** Looks at what a device shows once a second, and writes it where it has changed. Ends when it is disposed. */
export class PictureFeed implements Disposable {
  readonly #path: string;
  readonly #vdev: VfioDevice;
  readonly #logger: Logger;
  readonly #timer: NodeJS.Timeout;
  #last: Uint8Array | undefined = undefined;

  constructor(path: string, vdev: VfioDevice, logger: Logger) {
    this.#path = path;
    this.#vdev = vdev;
    this.#logger = logger;
    this.#timer = setInterval(() => this.#look(), PERIOD_MS).unref();
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
  }

  #look(): void {
    try {
      const picture = devicePicture(this.#vdev);
      if (picture === undefined || isSame(picture.rgba, this.#last)) return;
      this.#last = picture.rgba;
      writePng(this.#path, picture);
    } catch (error) {
      if (error instanceof VfioError && error.code === 'ENODEV') return;
      this.#logger.log('warn', 'picture', () => `${this.#path} is not renewed any more`, error);
      this[Symbol.dispose]();
    }
  }
}

function isSame(a: Uint8Array, b: Uint8Array | undefined): boolean {
  return b !== undefined && Buffer.compare(a, b) === 0;
}
