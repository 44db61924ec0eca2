// Where devices are in the tree.

import type { BusCard } from './card-device.ts';
import { adapterName } from './names.ts';
import type { BusQueue } from './bus-queue.ts';

/** The device that all cards are under. @internal */
export const ROOT_DEVICE = 'devices/ap';

/** @internal */
export function cardPath(card: BusCard): string {
  return `${ROOT_DEVICE}/${card.name}`;
}

/** @internal */
export function queuePath(queue: BusQueue): string {
  return `${ROOT_DEVICE}/card${adapterName(queue.adapter)}/${queue.name}`;
}
