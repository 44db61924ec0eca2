// A real guest in QEMU with the stock mdpy-fb driver: what it writes on its console is read off the page, from pixels.
import { randomUUID } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { RecordingLogger } from '@vfio-ts/conformance/fakes';
import { MdevBus, VfioCore } from '@vfio-ts/core';
import { bootGuest, labForTest, parsePsf, readScreen } from '@vfio-ts/lab';
import { registerMdpy, unregisterMdpy } from '@vfio-ts/mdpy-sample';
import { EventLoop, LinuxClock, linuxHost, serveDevice } from '@vfio-ts/vfio-user';
import { expect, test } from 'vitest';
import { deviceSource, localTarget, PageServer, PictureServer } from '../../src/index.ts';
import { open } from './browser.ts';

/** Boots take some seconds; a loaded machine may take many times as long. */
const DEADLINE = 300_000;
const TEXT = 'The quick brown fox: {[(0123456789)]} & ~$*?!';

test('the page shows the text of the guest', { timeout: 2 * DEADLINE }, async (context) => {
  const lab = labForTest({ skip: (reason) => context.skip(reason) });
  const font = parsePsf(readFileSync(lab.font));
  const host = { clock: new LinuxClock(), logger: new RecordingLogger() };
  const core = new VfioCore(linuxHost(host), { trace: true });
  const bus = new MdevBus(core);
  const parent = registerMdpy(bus);
  await using stack = new AsyncDisposableStack();
  const loop = stack.use(new EventLoop());
  stack.defer(() => unregisterMdpy(bus, parent));
  const folder = mkdtempSync(join(tmpdir(), 'vfio-ts-page-'));
  stack.defer(() => rmSync(folder, { recursive: true }));
  const { vfioDevice: vdev } = await parent.create('mdpy-xga', randomUUID());
  if (vdev === undefined) throw new TypeError('the mdev has no device');
  const socket = join(folder, 'mdpy.sock');
  const device = serveDevice(vdev, { path: socket, loop });
  stack.defer(() => device.close());
  const pictures = stack.use(new PictureServer(deviceSource(vdev, 'a guest'), host));
  const page = stack.use(new PageServer({ ...host, targets: () => [localTarget('a', pictures)] }));
  const viewed = await open(context, await page.listen());
  await viewed.live(1024, 768);

  const guest = stack.use(await bootGuest({ devices: [socket], deadline: DEADLINE }));
  const run = async (command: string): Promise<void> => {
    const { output, status } = await guest.run(command);
    expect(`${command}: ${status}\n${output}`).toBe(`${command}: 0\n${output}`);
  };
  await run('modprobe mdpy-fb');
  await guest.waitFor(/fb0 registered/u);
  await run('dmesg -n 1; loadfont </etc/console.psf; printf "\\033[2J\\033[H" >/dev/tty1');
  await run(`echo '${TEXT}' >/dev/tty1`);
  await expect
    .poll(async () => readScreen(await viewed.picture(), font), { timeout: 60_000 })
    .toContain(TEXT);
  // Many lines more, so that the console scrolls, and each is where it belongs.
  await run('for i in $(seq 1 200); do echo "line $i of the guest"; done >/dev/tty1');
  const last = Array.from({ length: 47 }, (_, i) => `line ${154 + i} of the guest`);
  await expect
    .poll(async () => readScreen(await viewed.picture(), font), { timeout: 60_000 })
    .toEqual([...last, '']);
  expect(viewed.complaints).toEqual([]);
  expect(await guest.powerOff()).toEqual({ code: 0, signal: null });
});
