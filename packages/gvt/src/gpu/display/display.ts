// The display engine of one vGPU.

import type { Clock } from '@vfio-ts/core';
import type { Monitor, Screen } from '../gpu.ts';
import type { InterruptRouter } from '../interrupts/router.ts';
import type { GraphicsMemory } from '../memory/address-space.ts';
import type { RegisterFamily, RegisterStorage } from '../registers/register.ts';
import { DPLL } from './dpll.ts';
import { POWER } from './power.ts';

/** What the display is made of. */
export interface DisplayParts {
  readonly registers: RegisterStorage;
  readonly interrupts: InterruptRouter;
  readonly memory: GraphicsMemory;
  readonly clock: Clock;
  readonly pipes: number;
  readonly monitor: Monitor;
}

/** The display engine. */
export class Display {
  readonly families: readonly RegisterFamily[];

  constructor(_parts: DisplayParts) {
    this.families = [POWER, DPLL];
  }

  plug(_monitor: Monitor): void {}

  screen(): Screen | undefined {
    return undefined;
  }

  draw(_into: Uint8Array): Screen | undefined {
    return undefined;
  }

  reset(): void {}

  start(): void {}

  stop(): void {}
}
