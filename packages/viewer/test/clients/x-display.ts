// A display of X without a screen, whose pixels are a file: Xvfb's frame buffer, in the form of xwd.

import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** What is on the display. */
export interface XPicture {
  readonly width: number;
  readonly height: number;
  /** `0xrrggbb`. */
  pixel(x: number, y: number): number;
}

/** A display, until it is disposed. */
export class XDisplay implements AsyncDisposable {
  /** As in `DISPLAY`. */
  readonly name: string;
  readonly #folder: string;
  readonly #child: ChildProcess;

  private constructor(name: string, folder: string, child: ChildProcess) {
    this.name = name;
    this.#folder = folder;
    this.#child = child;
  }

  /** Starts one on a number that is free. */
  static async start(program: string, width: number, height: number): Promise<XDisplay> {
    const folder = mkdtempSync(join(tmpdir(), 'vfio-ts-x-'));
    const args = [
      '-displayfd',
      '3',
      '-screen',
      '0',
      `${width}x${height}x24`,
      '-fbdir',
      folder,
      '-nolisten',
      'tcp',
    ];
    const child = spawn(program, args, { stdio: ['ignore', 'ignore', 'ignore', 'pipe'] });
    const told = child.stdio[3];
    if (told === undefined || told === null || !('setEncoding' in told)) throw new Error('no pipe');
    const [number] = await once(told.setEncoding('utf8'), 'data');
    return new XDisplay(`:${String(number).trim()}`, folder, child);
  }

  /** What is on it now. */
  picture(): XPicture {
    const file = readFileSync(join(this.#folder, 'Xvfb_screen0'));
    const field = (index: number): number => file.readUInt32BE(index * 4);
    const [header, width, height] = [field(0), field(4), field(5)];
    const [isMostFirst, stride, colours] = [field(7) === 1, field(12), field(19)];
    const pixels = file.subarray(header + colours * 12);
    return {
      width,
      height,
      pixel(x, y) {
        const at = y * stride + x * 4;
        return (isMostFirst ? pixels.readUInt32BE(at) : pixels.readUInt32LE(at)) & 0xff_ffff;
      },
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#child.exitCode === null) {
      this.#child.kill();
      await once(this.#child, 'exit');
    }
    rmSync(this.#folder, { recursive: true });
  }
}
