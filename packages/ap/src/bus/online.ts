// Whether the host's own drivers use a card or a queue. Counterpart of the online attributes of zcrypt_card.c and
// zcrypt_queue.c.

import { VfioError } from '@vfio-ts/core';
import type { BusQueue } from './bus-queue.ts';
import type { BusCard } from './card-device.ts';
import { cardPath, queuePath } from './paths.ts';
import type { BusState } from './state.ts';
import { parseSwitch } from './switch.ts';

/** @internal */
export function isQueueOnline({ isConfigured, wantsOnline }: BusQueue): boolean {
  return isConfigured && wantsOnline;
}

/**
 * A write to a card's `online`; its queues follow.
 *
 * @throws `EINVAL` neither 0 nor 1; `ENODEV` it is deconfigured
 * @internal
 */
export function storeCardOnline(state: BusState, card: BusCard, text: string): void {
  const isOnline = parseSwitch('online', text);
  if (isOnline && !card.isConfigured) {
    throw new VfioError('ENODEV', 'online', `${card.name} is not configured`);
  }
  card.wantsOnline = isOnline;
  state.uevent('change', cardPath(card), onlineEnv(isOnline));
  for (const queue of card.queues) {
    if (queue.isHosts && queue.wantsOnline !== isOnline) set(state, queue, isOnline);
  }
}

/**
 * A write to the `online` of a queue that the host's driver has.
 *
 * @throws `EINVAL` neither 0 nor 1, or the card is offline; `ENODEV` it is deconfigured
 * @internal
 */
export function storeQueueOnline(state: BusState, queue: BusQueue, text: string): void {
  const isOnline = parseSwitch('online', text);
  const card = state.cards.get(queue.adapter);
  if (isOnline && !(queue.isConfigured && card?.isConfigured === true)) {
    throw new VfioError('ENODEV', 'online', `${queue.name} is not configured`);
  }
  if (isOnline && card?.wantsOnline !== true) {
    throw new VfioError('EINVAL', 'online', `the card of ${queue.name} is offline`);
  }
  set(state, queue, isOnline);
}

function set(state: BusState, queue: BusQueue, isOnline: boolean): void {
  queue.wantsOnline = isOnline;
  state.uevent('change', queuePath(queue), onlineEnv(isOnline));
}

function onlineEnv(isOnline: boolean): { readonly ONLINE: string } {
  return { ONLINE: isOnline ? '1' : '0' };
}
