// TigerVNC's viewer, as Debian has it, on a display of X.
import { spawn } from 'node:child_process';
import { createCipheriv } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { RecordingLogger } from '@vfio-ts/conformance/fakes';
import { programForTest, until } from '@vfio-ts/lab';
import { LinuxClock } from '@vfio-ts/vfio-user';
import { describe, expect, onTestFinished, test, type TestContext } from 'vitest';
import { PictureServer } from '../../src/index.ts';
import { TestPicture } from '../support.ts';
import { XDisplay, type XPicture } from './x-display.ts';

const WIDTH = 320;
const HEIGHT = 200;
const MARK = 0x13579b;
const PASSWORD = 'geheim';

/** Where the picture is on the display: its upper left corner has a colour of its own. */
function cornerOf(display: XPicture, colour: number): readonly [number, number] | undefined {
  for (let y = 0; y < display.height; y++) {
    for (let x = 0; x < display.width; x++) if (display.pixel(x, y) === colour) return [x, y];
  }
  return undefined;
}

/** Whether all of the picture is on the display, pixel by pixel. */
function isShown(display: XPicture, picture: TestPicture): boolean {
  const { visible, width } = picture;
  const corner = cornerOf(display, visible[0] ?? 0);
  if (corner === undefined) return false;
  const [left, top] = corner;
  return visible.every(
    (pixel, i) => display.pixel(left + (i % width), top + Math.floor(i / width)) === pixel,
  );
}

function colourful(): TestPicture {
  const picture = new TestPicture(WIDTH, HEIGHT);
  for (let i = 0; i < picture.pixels.length; i++) picture.pixels[i] = (i * 104_729) & 0xff_ffff;
  picture.fill(0xaaaaaa, 20, 20, 100, 50);
  picture.fill(0x000000, 140, 20, 100, 150);
  picture.fill(MARK, 0, 0, 8, 8);
  return picture;
}

/** The obfuscation of TigerVNC's password files: DES with a key that everybody knows. */
function passwordFile(password: string): Buffer {
  const padded = Buffer.alloc(8);
  padded.write(password);
  const key = Buffer.from('e84ad660c4721ae0', 'hex');
  const des = createCipheriv('des-ede3-ecb', Buffer.concat([key, key, key]), null);
  return des.update(padded);
}

interface Shown {
  readonly display: XDisplay;
  readonly server: PictureServer;
}

async function show(
  context: Pick<TestContext, 'skip'>,
  picture: TestPicture,
  options: readonly string[],
  password?: string,
): Promise<Shown> {
  const skippable = { skip: (reason: string) => context.skip(reason) };
  const xvfb = programForTest(skippable, 'Xvfb', 'xvfb');
  const viewer = programForTest(skippable, 'xtigervncviewer', 'tigervnc-viewer');
  const server = new PictureServer(picture, {
    clock: new LinuxClock(),
    logger: new RecordingLogger(),
    ...(password !== undefined && { password }),
  });
  onTestFinished(() => server.close());
  const address = await server.listen({});
  const port = typeof address === 'object' ? address.port : 0;
  const display = await XDisplay.start(xvfb, 800, 600);
  onTestFinished(() => display[Symbol.asyncDispose]());
  const args = ['-AlertOnFatalError=0', '-ReconnectOnError=0', ...options, `127.0.0.1::${port}`];
  const child = spawn(viewer, args, {
    env: { ...process.env, DISPLAY: display.name },
    stdio: 'ignore',
  });
  onTestFinished(async () => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    child.kill();
    await once(child, 'exit');
  });
  return { display, server };
}

describe('TigerVNC', () => {
  for (const encoding of ['Tight', 'Raw']) {
    test(`shows each pixel and each change, with ${encoding}`, async (context) => {
      const picture = colourful();
      const options = ['-AutoSelect=0', `-PreferredEncoding=${encoding}`, '-NoJPEG=1'];
      const { display } = await show(context, picture, options);
      await until(() => isShown(display.picture(), picture));
      picture.fill(0xff8800, 60, 100, 50, 50);
      await until(() => isShown(display.picture(), picture));
      expect(isShown(display.picture(), picture)).toBe(true);
    });
  }

  test('follows a change of the resolution', async (context) => {
    const picture = colourful();
    const { display } = await show(context, picture, []);
    await until(() => isShown(display.picture(), picture));
    picture.resize(500, 300);
    picture.fill(0x224466);
    picture.fill(MARK, 0, 0, 4, 4);
    await until(() => isShown(display.picture(), picture));
    expect(isShown(display.picture(), picture)).toBe(true);
  });

  test('is let in with the password', async (context) => {
    const folder = mkdtempSync(join(tmpdir(), 'vfio-ts-passwd-'));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    const file = join(folder, 'passwd');
    writeFileSync(file, passwordFile(PASSWORD));
    const picture = colourful();
    const { display, server } = await show(context, picture, [`-PasswordFile=${file}`], PASSWORD);
    await until(() => isShown(display.picture(), picture));
    expect(server.viewers).toBe(1);
  });
});
