// The page in a real browser.

import { programForTest } from '@vfio-ts/lab';
import { decode } from 'fast-png';
import { chromium, type Browser, type Page } from 'playwright-core';
import { onTestFinished, type TestContext } from 'vitest';

/** What somebody sees on the page. */
export class Viewed {
  readonly page: Page;
  /** What the browser complains about. */
  readonly complaints: string[];

  constructor(page: Page, complaints: string[]) {
    this.page = page;
    this.complaints = complaints;
  }

  /** Waits until a picture of that size is live. */
  async live(width: number, height: number): Promise<void> {
    await this.page.waitForFunction(
      ([wantedWidth, wantedHeight]) => {
        const canvas = document.querySelector<HTMLCanvasElement>(
          '.view[data-state=live] .stage canvas',
        );
        return canvas?.width === wantedWidth && canvas.height === wantedHeight;
      },
      [width, height] as const,
    );
  }

  /** Waits until the pixel at a place of the picture has a colour, `0xrrggbb`. */
  async pixel(x: number, y: number, colour: number): Promise<void> {
    await this.page.waitForFunction(
      ([left, top, wanted]) => {
        const canvas = document.querySelector<HTMLCanvasElement>('.stage canvas');
        const data = canvas?.getContext('2d')?.getImageData(left, top, 1, 1).data ?? [];
        const [red = 0, green = 0, blue = 0] = data;
        return ((red << 16) | (green << 8) | blue) === wanted;
      },
      [x, y, colour] as const,
    );
  }

  /** The picture as the page has it. */
  async picture(): Promise<{ width: number; height: number; rgba: Uint8Array }> {
    const url = await this.page.evaluate(() =>
      document.querySelector<HTMLCanvasElement>('.stage canvas')?.toDataURL('image/png'),
    );
    const { width, height, data, channels } = decode(
      Buffer.from(url?.split(',')[1] ?? '', 'base64'),
    );
    if (channels !== 4) throw new Error(`a picture of ${channels} channels`);
    return { width, height, rgba: Uint8Array.from(data) };
  }

  /** Waits for a message in place of the picture. */
  async message(text: string): Promise<void> {
    await this.page.getByRole('heading', { name: text, level: 2 }).waitFor();
  }
}

/**
 * Opens a page; the test is skipped where there is no Chromium.
 *
 * @param prepare - called before it is there
 */
export async function open(
  context: Pick<TestContext, 'skip'>,
  url: string,
  prepare?: (page: Page) => Promise<unknown>,
): Promise<Viewed> {
  const executablePath = programForTest(
    { skip: (reason) => context.skip(reason) },
    'chromium',
    'chromium',
  );
  const browser: Browser = await chromium.launch({ executablePath, args: ['--no-sandbox'] });
  onTestFinished(() => browser.close());
  const page = await browser.newPage({ viewport: { width: 1000, height: 700 } });
  page.setDefaultTimeout(30_000);
  const complaints: string[] = [];
  page.on('console', (message) => {
    if (message.type() === 'error') complaints.push(message.text());
  });
  page.on('pageerror', (error) => complaints.push(error.message));
  await prepare?.(page);
  await page.goto(url);
  return new Viewed(page, complaints);
}
