// The page as somebody sees it: in a real browser.

import { decode } from 'fast-png';
import { programForTest, type SkippableTest } from '@vfio-ts/lab';
import { chromium, type Browser, type Page } from 'playwright-core';

/** A picture, four bytes a pixel, red first. */
export interface Seen {
  readonly width: number;
  readonly height: number;
  readonly rgba: Uint8Array;
}

/** A browser with one window; disposing closes it. */
export class Window implements AsyncDisposable {
  readonly page: Page;
  readonly #browser: Browser;

  private constructor(browser: Browser, page: Page) {
    this.#browser = browser;
    this.page = page;
  }

  /** Opens an address; the test is skipped where there is no browser. */
  static async open(test: SkippableTest, url: string): Promise<Window> {
    const executablePath = programForTest(test, 'chromium', 'chromium');
    const browser = await chromium.launch({ executablePath, args: ['--no-sandbox'] });
    // As large as shows a screen of 1024x768 pixel by pixel.
    const page = await browser.newPage({ viewport: { width: 1054, height: 850 } });
    await page.goto(url);
    return new Window(browser, page);
  }

  /** Waits until the device of that name is shown, and goes to it. */
  async look(name: string): Promise<void> {
    await this.page.locator('.card[data-state=live]', { hasText: name }).click();
    await this.page.locator('#name', { hasText: name }).waitFor();
    await this.page.locator('.view[data-state=live] .stage canvas').waitFor();
  }

  /** The pixels of the device that is looked at, as the browser has them. */
  async pixels(): Promise<Seen> {
    const canvas = 'document.querySelector(".view .stage canvas").toDataURL("image/png")';
    const url = String(await this.page.evaluate(canvas));
    const { width, height, data, channels } = decode(
      Buffer.from(url.split(',')[1] ?? '', 'base64'),
    );
    const rgba = new Uint8Array(width * height * 4);
    for (let i = 0; i < width * height; i++) {
      for (let c = 0; c < 3; c++) rgba[4 * i + c] = Number(data[channels * i + c]);
      rgba[4 * i + 3] = 255;
    }
    return { width, height, rgba };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#browser.close();
  }
}
