// The page in Chromium, with pictures of this process.
import { LinuxClock } from '@vfio-ts/vfio-user';
import { RecordingLogger } from '@vfio-ts/conformance/fakes';
import { expect, onTestFinished, test } from 'vitest';
import { localTarget, PageServer, PictureServer, type PageTarget } from '../../src/index.ts';
import { TestPicture } from '../support.ts';
import { open, type Viewed } from './browser.ts';

const host = { clock: new LinuxClock(), logger: new RecordingLogger() };

function pictureServer(picture: TestPicture): PictureServer {
  const server = new PictureServer(picture, host);
  onTestFinished(() => server.close());
  return server;
}

function named(name: string, server: PictureServer): PageTarget {
  const target = localTarget(name.replaceAll(' ', '-'), server);
  return { id: target.id, name, attach: (stream) => target.attach(stream) };
}

/** A page whose list can be changed, and which can end and come back at the same address. */
class Site {
  targets: PageTarget[] = [];
  #page: PageServer | undefined;
  #url = '';

  async start(): Promise<string> {
    const { port = '0' } = this.#url === '' ? {} : new URL(this.#url);
    const page = new PageServer({ ...host, targets: () => this.targets, token: 'secret' });
    onTestFinished(() => page.close());
    this.#page = page;
    this.#url = await page.listen({ port: Number(port) });
    return this.#url;
  }

  async stop(): Promise<void> {
    await this.#page?.close();
  }
}

/** The pixels of the page are those of the picture. */
async function expectSame(viewed: Viewed, picture: TestPicture): Promise<void> {
  const { rgba } = await viewed.picture();
  const shown = picture.visible.map(
    (_, i) => new DataView(rgba.buffer, rgba.byteOffset).getUint32(i * 4) >>> 8,
  );
  expect(Buffer.compare(Buffer.from(shown.buffer), Buffer.from(picture.visible.buffer))).toBe(0);
}

test('the picture is on the page, pixel by pixel, with name, resolution and frame rate', async (context) => {
  const picture = new TestPicture(320, 200);
  for (let i = 0; i < picture.pixels.length; i++) picture.pixels[i] = (i * 7919) & 0xff_ffff;
  const site = new Site();
  site.targets = [localTarget('a', pictureServer(picture))];
  const viewed = await open(context, await site.start());
  await viewed.live(320, 200);
  await viewed.pixel(319, 199, picture.visible.at(-1) ?? 0);
  await expectSame(viewed, picture);
  expect(await viewed.page.textContent('#name')).toBe('test picture');
  await viewed.page.getByText(/^320 × 200 · (?:still|\d+ frames\/s)$/u).waitFor();
  const drawing = setInterval(() => picture.fill(Math.floor(Math.random() * 0xff_ffff)), 40);
  onTestFinished(() => clearInterval(drawing));
  await viewed.page.getByText(/^320 × 200 · \d+ frames\/s$/u).waitFor();
  // Under the policy of the page nothing is refused.
  expect(viewed.complaints).toEqual([]);
});

/** Notes which images the browser is given to decode. */
function noteImages(): void {
  const given: string[] = [];
  Object.assign(globalThis, { given });
  const { src } = Object.getOwnPropertyDescriptors(HTMLImageElement.prototype);
  Object.defineProperty(HTMLImageElement.prototype, 'src', {
    ...src,
    set(value: string) {
      if (value !== '') given.push(value);
      src.set?.call(this, value);
    },
  });
}

test.for([
  { drawn: 'by the page', script: undefined },
  // A noVNC elsewhere knows nothing of what this page does.
  { drawn: 'by noVNC', script: 'export function drawPlainImages() {}' },
])('images and raw pixels of one update are on the page, drawn $drawn', async (given, context) => {
  const { script } = given;
  const picture = new TestPicture(1024, 768);
  const contents = [
    (i: number): number => (Math.imul(i, 0x9e37_79b1) >>> 31) * 0xaaaaaa,
    (i: number): number => (i * 7919) & 0xff_ffff,
    (i: number): number => ((i >> 5) % 97) * 0x10203,
  ];
  const site = new Site();
  site.targets = [localTarget('a', pictureServer(picture))];
  const viewed = await open(context, await site.start(), async (page) => {
    await page.addInitScript(noteImages);
    if (script === undefined) return;
    const answer = { contentType: 'text/javascript', body: script };
    await page.route('**/plain-images.js', (route) => route.fulfill(answer));
  });
  await viewed.live(1024, 768);
  for (let i = 0; i < picture.pixels.length; i++) {
    picture.pixels[i] = contents[Math.floor(i / (1024 * 256))]?.(i) ?? 0;
  }
  for (const y of [0, 256, 512, 767]) {
    await viewed.pixel(1021, y, picture.visible[y * 1024 + 1021] ?? 0);
  }
  await expectSame(viewed, picture);
  const images = await viewed.page.evaluate('given.length');
  expect(Number(images) > 0).toBe(script !== undefined);
  expect(viewed.complaints).toEqual([]);
});

test('a page that the browser draws no frames of follows the picture all the same', async (context) => {
  const picture = new TestPicture(320, 200);
  const site = new Site();
  site.targets = [localTarget('a', pictureServer(picture))];
  const viewed = await open(context, await site.start());
  await viewed.live(320, 200);
  await viewed.page.evaluate(() => {
    globalThis.requestAnimationFrame = () => 0;
  });
  for (const colour of [0x3355aa, 0x77bb11, 0xcc2200]) {
    picture.fill(colour);
    await expect
      .poll(async () => (await viewed.picture()).rgba.subarray(-4))
      .toEqual(Uint8Array.of(colour >> 16, (colour >> 8) & 0xff, colour & 0xff, 0xff));
  }
});

test('the picture is scaled to the window, and keeps its shape', async (context) => {
  const site = new Site();
  site.targets = [localTarget('a', pictureServer(new TestPicture(400, 100)))];
  const viewed = await open(context, await site.start());
  await viewed.live(400, 100);
  await viewed.page.setViewportSize({ width: 600, height: 500 });
  await viewed.page.waitForFunction(() => {
    const stage = document.querySelector('.stage')?.getBoundingClientRect();
    const canvas = document.querySelector('.stage canvas')?.getBoundingClientRect();
    if (stage === undefined || canvas === undefined || innerWidth !== 600) return false;
    const isWide = Math.abs(canvas.width - stage.width) < 2 && canvas.width > 500;
    return isWide && Math.abs(canvas.width / canvas.height - 4) < 0.05;
  });
  expect(viewed.complaints).toEqual([]);
});

test('the page follows a change of the resolution', async (context) => {
  const picture = new TestPicture(320, 200);
  const site = new Site();
  site.targets = [localTarget('a', pictureServer(picture))];
  const viewed = await open(context, await site.start());
  await viewed.live(320, 200);
  picture.resize(640, 350);
  picture.fill(0x3355aa);
  await viewed.live(640, 350);
  await viewed.pixel(639, 349, 0x3355aa);
  await viewed.page.getByText(/^640 × 350/u).waitFor();
  expect(viewed.complaints).toEqual([]);
});

test('the page says that a device is gone, keeps its last picture, and comes back with it', async (context) => {
  const picture = new TestPicture(320, 200);
  picture.fill(0x118844);
  const site = new Site();
  let server: PictureServer | undefined = pictureServer(picture);
  site.targets = [
    {
      id: 'a',
      name: 'comes and goes',
      attach: async (stream) => {
        if (server === undefined) throw new Error('gone');
        server.accept(stream);
      },
    },
  ];
  const viewed = await open(context, await site.start());
  await viewed.live(320, 200);
  await viewed.pixel(10, 10, 0x118844);
  const before = server;
  server = undefined;
  await before.close();
  await viewed.message('The device is gone');
  expect(await viewed.page.locator('canvas.last').getAttribute('width')).toBe('320');
  picture.fill(0x884411);
  server = pictureServer(picture);
  await viewed.pixel(10, 10, 0x884411);
});

test('the page survives a restart of its server', async (context) => {
  const picture = new TestPicture(320, 200);
  const site = new Site();
  site.targets = [localTarget('a', pictureServer(picture))];
  const viewed = await open(context, await site.start());
  await viewed.live(320, 200);
  await site.stop();
  await viewed.message('Nobody answers');
  picture.fill(0x123456);
  await site.start();
  await viewed.pixel(5, 5, 0x123456);
  expect(await viewed.page.textContent('#name')).toBe('test picture');
});

test('a wrong token is said to be one', async (context) => {
  const site = new Site();
  site.targets = [localTarget('a', pictureServer(new TestPicture(32, 32)))];
  const url = await site.start();
  const viewed = await open(context, url.replace('secret', 'guess'));
  await viewed.message('This address is not complete');
  expect(await viewed.page.locator('.stage canvas').count()).toBe(0);
});

test('several devices are a wall, each leads to its picture and back', async (context) => {
  const site = new Site();
  const colours = [0xaa0000, 0x00aa00, 0x0000aa];
  const pictures = colours.map((colour) => {
    const picture = new TestPicture(320, 200);
    picture.fill(colour);
    return picture;
  });
  site.targets = pictures.map((picture, i) => named(`device ${i}`, pictureServer(picture)));
  const viewed = await open(context, await site.start());
  const { page } = viewed;
  await page.locator('.card[data-state=live]').nth(2).waitFor();
  await page.getByRole('link', { name: 'device 1' }).click();
  await viewed.live(320, 200);
  await viewed.pixel(1, 1, 0x00aa00);
  expect(await page.textContent('#name')).toBe('device 1');
  await page.getByRole('link', { name: 'All devices' }).click();
  await page.locator('.card').nth(2).waitFor();
  // A device that starts later is on the wall by itself.
  const late = named('late one', pictureServer(new TestPicture(64, 64)));
  site.targets = [...site.targets, late];
  await page.getByRole('link', { name: 'late one' }).waitFor();
  expect(viewed.complaints).toEqual([]);
});

test('the picture fills the screen when asked to', async (context) => {
  const site = new Site();
  site.targets = [localTarget('a', pictureServer(new TestPicture(320, 200)))];
  const viewed = await open(context, await site.start());
  await viewed.live(320, 200);
  await viewed.page.getByRole('button', { name: 'Full screen' }).click();
  await viewed.page.waitForFunction(() => document.fullscreenElement !== null);
  expect(await viewed.page.evaluate(() => document.fullscreenElement?.className)).toBe('view');
});
