// What every command that makes devices needs: a core, its bus, a loop, and a private folder for sockets.

import { mkdirSync, mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MdevBus, VfioCore, type Logger } from '@vfio-ts/core';
import { EventLoop, linuxHost } from '@vfio-ts/vfio-user';

/** A core and a loop of this process. */
export interface Workplace {
  readonly core: VfioCore;
  readonly bus: MdevBus;
  readonly loop: EventLoop;
}

/** Makes them. */
export function openWorkplace(logger: Logger): Workplace {
  const loop = new EventLoop();
  const core = new VfioCore(linuxHost({ logger, clock: loop.clock }), { trace: true });
  return { core, bus: new MdevBus(core), loop };
}

/** A new folder that only this user can enter, under the user's run-time folder where there is one. */
export function privateFolder(env: NodeJS.ProcessEnv = process.env): string {
  const base = env['XDG_RUNTIME_DIR'] ?? tmpdir();
  mkdirSync(base, { recursive: true });
  return mkdtempSync(join(base, 'vfio-ts-'));
}
