// oxlint-disable no-await-in-loop -- turns follow one another

import { readdirSync } from 'node:fs';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';
import { expect } from 'vitest';
import type { VfioError } from '@vfio-ts/core';
import { until } from '@vfio-ts/lab';
import { closeAll, type Fd } from '../../src/fd.ts';
import { EventLoop, type LoopOptions } from '../../src/loop.ts';
import type { FrameBuffer, FrameHandler } from '../../src/transport.ts';

/** Numbers of the open descriptors of this process. */
export function openFds(): number {
  return readdirSync('/proc/self/fd').length;
}

/** Checks when disposed that no descriptor was opened and kept. */
export function fdCensus(): Disposable {
  // Node opens descriptors of its own for its first watch of a descriptor; they stay.
  const before = openFds();
  return {
    [Symbol.dispose]() {
      expect(openFds()).toBe(before);
    },
  };
}

/** Checks that as many descriptors are open as there were. */
export function expectFds(before: number): void {
  expect(openFds()).toBe(before);
}

/** Checks that nothing escaped the handlers of a loop. */
export function expectNone(errors: readonly unknown[]): void {
  expect(errors).toEqual([]);
}

/** A folder that is removed when disposed. */
export function temporaryFolder(): Disposable & { readonly path: string } {
  const path = mkdtempSync(join(tmpdir(), 'vfio-ts-'));
  return { path, [Symbol.dispose]: () => rmSync(path, { recursive: true, force: true }) };
}

/** Gives Node some turns. */
export async function turns(count: number): Promise<void> {
  for (let index = 0; index < count; index++) await turn();
}

export { turn, until };

/** A loop that collects what escapes its handlers. */
export function testLoop(options: LoopOptions = {}): {
  readonly loop: EventLoop;
  readonly errors: unknown[];
} {
  const errors: unknown[] = [];
  return { loop: new EventLoop({ ...options, onError: (error) => errors.push(error) }), errors };
}

/** A message of `size` bytes whose command is `command` and whose payload counts up. */
export function frame(size: number, command = 0): Uint8Array {
  const bytes = new Uint8Array(size);
  const view = new DataView(bytes.buffer);
  view.setUint16(2, command, true);
  view.setUint32(4, size, true);
  for (let index = 16; index < size; index++) bytes[index] = index;
  return bytes;
}

/** What a transport delivered. */
export interface Received {
  readonly bytes: Uint8Array;
  readonly fdCount: number;
}

/** A handler that keeps what it gets and closes descriptors. */
export class Collector implements FrameHandler {
  readonly frames: Received[] = [];
  readonly malformedSizes: number[] = [];
  readonly ends: (VfioError | undefined)[] = [];
  onFrame: (fds: readonly Fd[], buffer: FrameBuffer) => void = () => undefined;

  frame(buffer: FrameBuffer, length: number, fds: readonly Fd[]): void {
    this.frames.push({ bytes: buffer.bytes.slice(0, length), fdCount: fds.length });
    this.onFrame(fds, buffer);
    closeAll(fds);
  }

  malformed(header: FrameBuffer, fds: readonly Fd[]): void {
    this.malformedSizes.push(header.view.getUint32(4, true));
    closeAll(fds);
  }

  closed(error?: VfioError): void {
    this.ends.push(error);
  }
}
