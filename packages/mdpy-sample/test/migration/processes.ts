// Displays in processes of their own, and clients of them in this one.

import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { RecordingLogger } from '@vfio-ts/conformance/fakes';
import { decodePlane, DRM_FORMAT_XRGB8888, type MemoryMapping, type Picture } from '@vfio-ts/core';
import {
  connect,
  EventLoop,
  LinuxClock,
  linuxClientHost,
  VfioUserClient,
} from '@vfio-ts/vfio-user';
import { onTestFinished } from 'vitest';
import { mdpyStride, type MdpyType } from '../../src/index.ts';

const program = new URL('./serve-display.ts', import.meta.url).pathname;

/** A display in another process, and the only client it has. */
export class RemoteDisplay {
  readonly type: MdpyType;
  readonly client: VfioUserClient;
  /** BAR 0, as a guest has it. */
  readonly screen: MemoryMapping;
  readonly #child: ChildProcess;
  readonly #ended: Promise<readonly unknown[]>;

  constructor(
    type: MdpyType,
    child: ChildProcess,
    ended: Promise<readonly unknown[]>,
    client: VfioUserClient,
    screen: MemoryMapping,
  ) {
    this.type = type;
    this.client = client;
    this.screen = screen;
    this.#child = child;
    this.#ended = ended;
  }

  /** Starts the process and attaches to it. All of it ends with the test. */
  static async start(type: MdpyType): Promise<RemoteDisplay> {
    const folder = mkdtempSync(join(tmpdir(), 'vfio-ts-migration-'));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    const socket = join(folder, 'display.sock');
    const child = spawn(process.execPath, [program, `mdpy-${type.sysfsName}`, socket], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const ended = once(child, 'exit');
    onTestFinished(async () => {
      child.kill('SIGKILL');
      await ended;
    });
    await once(child.stdout, 'data');
    const loop = new EventLoop();
    const host = linuxClientHost(new LinuxClock(), new RecordingLogger());
    const client = await VfioUserClient.attach(connect(socket, loop), { host });
    onTestFinished(async () => {
      await client.close();
      loop.close();
    });
    const { size } = await client.getRegionInfo(0);
    return new RemoteDisplay(type, child, ended, client, await client.mmap(0, 0, size));
  }

  /** Draws rows of the screen through the mapping: no message, no trap. */
  draw(firstRow: number, endRow: number, seed: number): void {
    const { buffer, byteOffset } = this.screen.bytes;
    const { width } = this.type;
    const pixels = new Uint32Array(buffer, byteOffset + firstRow * mdpyStride(this.type));
    const count = (endRow - firstRow) * width;
    for (let i = 0; i < count; i++) pixels[i] = Math.imul(i + seed, 0x9e37_79b1) >>> 8;
  }

  /** The pixels on the screen, as messages give them. */
  async picture(): Promise<Picture> {
    const { width, height } = this.type;
    const size = this.screen.bytes.length;
    const pixels = new Uint8Array(size);
    await this.client.read(0, 0, pixels);
    const format = { drmFormat: DRM_FORMAT_XRGB8888, drmFormatMod: 0n };
    const place = { xPos: 0, yPos: 0, xHot: 0, yHot: 0, regionIndex: 0 };
    return decodePlane(
      { ...format, ...place, width, height, stride: mdpyStride(this.type), size },
      pixels,
    );
  }

  /** Ends the process as a crash does. */
  async kill(): Promise<void> {
    this.#child.kill('SIGKILL');
    await this.#ended;
    await this.client.over;
  }

  /** Ends the process; it must have kept nothing. */
  async stop(): Promise<void> {
    await this.client.close();
    this.#child.kill('SIGINT');
    const [code] = await this.#ended;
    if (code !== 0) throw new Error(`the server ended with ${String(code)}`);
  }
}

/** Pixel by pixel. */
export function samePicture(a: Picture, b: Picture): boolean {
  return a.width === b.width && a.height === b.height && Buffer.compare(a.rgba, b.rgba) === 0;
}
