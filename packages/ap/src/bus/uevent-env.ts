// What udev is told of a card or a queue. Counterpart of ap_uevent() (drivers/s390/crypto/ap_bus.c).

import type { ApMode } from '../hardware/card.ts';
import type { BusCard } from './card-device.ts';
import type { BusQueue } from './bus-queue.ts';

const MODES: Readonly<Record<ApMode, string>> = { accelerator: 'accel', cca: 'cca', ep11: 'ep11' };

/** `ap:tXX`, by which a driver's module is found. @internal */
export function modalias(hwtype: number): string {
  return `ap:t${hwtype.toString(16).toUpperCase().padStart(2, '0')}`;
}

/** @internal */
export function cardEnv({ info: { hwtype, mode } }: BusCard): Readonly<Record<string, string>> {
  return {
    DEV_TYPE: hwtype.toString(16).toUpperCase().padStart(4, '0'),
    MODALIAS: modalias(hwtype),
    MODE: MODES[mode],
  };
}

/** @internal */
export function queueEnv({ card: { mode } }: BusQueue): Readonly<Record<string, string>> {
  return { MODE: MODES[mode] };
}
