// Counters of time. PRM volume 2c, "RING_TIMESTAMP" and "TIMESTAMP_CTR".

import type { Clock } from '@vfio-ts/core';
import { ENGINES } from './engines.ts';
import type { RegisterFamily } from './register.ts';

/** Counts of a command streamer's time stamp in a millisecond: 12 MHz. */
const CS_TICKS = 12_000;

/** The display engine's counts microseconds. */
const DISPLAY_TICKS = 1000;

/** Time of the command streamers. @returns 36 bits */
export function commandStreamerTime(clock: Clock): number {
  return Math.floor(clock.now() * CS_TICKS) % 2 ** 36;
}

/** Time of the display engine, microseconds. @returns 32 bits */
export function displayTime(clock: Clock): number {
  return Math.floor(clock.now() * DISPLAY_TICKS) % 2 ** 32;
}

/** Registers that read as the time. */
export function timestamps(clock: Clock): RegisterFamily {
  return {
    name: 'timestamps',
    registers: [
      ...ENGINES.flatMap(({ name, base }) => [
        {
          offset: base + 0x358,
          name: `${name}_RING_TIMESTAMP`,
          read: () => commandStreamerTime(clock),
        },
        {
          offset: base + 0x35c,
          name: `${name}_RING_TIMESTAMP_UDW`,
          read: () => Math.floor(commandStreamerTime(clock) / 2 ** 32),
        },
      ]),
      { offset: 0x4_4070, name: 'TIMESTAMP_CTR', read: () => displayTime(clock) },
    ],
  };
}
