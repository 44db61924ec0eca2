// vfio-ts demo: the main job in one terminal. One display is drawn on by an embedded guest, a second one waits for a
// virtual machine, and a page shows both.

import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { devicePicture, type MdevParent } from '@vfio-ts/core';
import { registerMdpy, unregisterMdpy } from '@vfio-ts/mdpy-sample';
import { connect, LinuxClock, linuxClientHost, VfioUserClient } from '@vfio-ts/vfio-user';
import { PageServer, picturePath, socketTarget } from '@vfio-ts/viewer';
import { bootWithDisplay } from '../guest/lab-guest.ts';
import { probeMdpyFb } from '../guest/mdpy-fb.ts';
import { drawTestPicture } from '../guest/test-picture.ts';
import { lineLogger, type Output } from '../output.ts';
import { writePng } from '../picture-file.ts';
import { findQemu, qemuCommand } from '../qemu.ts';
import { ServedMdev } from '../mdev/served-mdev.ts';
import { openWorkplace, privateFolder, type Workplace } from '../workplace.ts';
import { reportLeaks } from './serve.ts';

const TYPE = 'mdpy-xga';
const FRAME_MS = 40;
/** Frames between two pictures on disk. */
const PICTURE_EVERY = 50;

/** What `demo` is told. */
export interface DemoArguments {
  /** Frames to draw; without end when left out. */
  readonly frames?: number | undefined;
  /** Of the page; any that is free when left out. */
  readonly port?: number | undefined;
  /** Whether to boot a virtual machine with the second display. */
  readonly vm: boolean;
}

/**
 * Shows a device being made, served, attached to and drawn on, until `stopped`.
 *
 * @returns exit code; 1 when something leaked
 */
export async function demo(
  { frames = Infinity, port = 0, vm }: DemoArguments,
  output: Output,
  stopped: Promise<unknown>,
): Promise<number> {
  const workplace = openWorkplace(lineLogger(output, 'warn'));
  const parent = registerMdpy(workplace.bus);
  output.print(
    `driver mdpy registered, ${parent.type(TYPE)?.availableInstances} devices can be made`,
  );
  const sockets = privateFolder();
  const pictures = mkdtempSync(join(tmpdir(), 'vfio-ts-picture-'));
  try {
    await using drawn = await make(workplace, parent, join(sockets, 'guest.sock'));
    output.print(`${drawn.vdev.name}: allocated, registered, served on ${drawn.socket}`);
    await using spare = await make(workplace, parent, join(sockets, 'vm.sock'));
    output.print(`${spare.vdev.name}: allocated, registered, served on ${spare.socket}`);
    await using page = pageOf(output, { 'embedded guest': drawn, 'virtual machine': spare });
    const url = await page.listen({ port });
    await using guests = new AsyncDisposableStack();
    if (vm) guests.use(bootOn(output, spare.socket));
    else attachHint(output, spare.socket);
    output.print(`see both on ${url}`);
    const png = join(pictures, 'screen.png');
    await drawUntilStopped(workplace, drawn, { frames, png, output, stopped });
  } finally {
    rmSync(sockets, { recursive: true });
  }
  await unregisterMdpy(workplace.bus, parent);
  const exit = reportLeaks(workplace.core.leaks(), output);
  output.print(exit === 0 ? 'ended: sockets removed, nothing leaked' : 'ended with leaks');
  return exit;
}

function make({ bus, loop }: Workplace, parent: MdevParent, socket: string): Promise<ServedMdev> {
  return ServedMdev.create({ bus, parent, type: TYPE, uuid: randomUUID(), socket, loop });
}

function pageOf(output: Output, devices: Readonly<Record<string, ServedMdev>>): PageServer {
  const targets = Object.entries(devices).map(([name, { vdev, socket }]) =>
    socketTarget(vdev.name, name, picturePath(socket)),
  );
  const logger = lineLogger(output, 'warn');
  return new PageServer({ clock: new LinuxClock(), logger, targets: () => targets });
}

/** Boots a guest in the background; disposing ends it, booted or not. */
function bootOn(output: Output, socket: string): AsyncDisposable {
  output.print('virtual machine: booting');
  const booting = bootWithDisplay(socket);
  booting.then(
    () => output.print('virtual machine: its console is on the second display'),
    (error: unknown) =>
      output.note(`vfio-ts: ${error instanceof Error ? error.message : String(error)}`),
  );
  return {
    async [Symbol.asyncDispose]() {
      const guest = await booting.catch(() => undefined);
      await guest?.kill();
    },
  };
}

function attachHint(output: Output, socket: string): void {
  const qemu = findQemu();
  if (qemu === undefined)
    output.print('QEMU is not on the PATH; with 10.1 or later a VM attaches by');
  else if (qemu.isNewEnough) output.print(`QEMU ${qemu.version} is on the PATH; a VM attaches by`);
  else
    output.print(`QEMU ${qemu.version} on the PATH is too old, 10.1 is needed; a VM attaches by`);
  output.print(`    ${qemuCommand(socket)}`);
}

interface Drawing {
  readonly frames: number;
  readonly png: string;
  readonly output: Output;
  readonly stopped: Promise<unknown>;
}

async function drawUntilStopped(
  { core, loop }: Workplace,
  { vdev, socket }: ServedMdev,
  { frames, png, output, stopped }: Drawing,
): Promise<void> {
  const host = linuxClientHost(core.clock, core.logger);
  await using guest = await VfioUserClient.attach(connect(socket, loop), { host });
  const target = await probeMdpyFb(guest);
  output.print(
    `embedded guest: attached, found a ${target.width}x${target.height} screen, mapped BAR 0`,
  );
  const stop = new AbortController();
  void stopped.then(() => stop.abort());
  for (let frame = 0; frame < frames && !stop.signal.aborted; frame++) {
    drawTestPicture(target, frame);
    if (frame % PICTURE_EVERY === 0) {
      const picture = devicePicture(vdev);
      if (picture !== undefined) writePng(png, picture);
      if (frame === 0)
        output.print(`embedded guest: drawing; the screen is in ${png}\nCtrl-C ends it`);
    }
    // Frames follow one another in time.
    await delay(FRAME_MS, undefined, { signal: stop.signal }).catch(() => undefined);
  }
  target.mapping.unmap();
}
