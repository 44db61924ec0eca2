// Looking for cards and queues. Counterpart of ap_scan_bus() (drivers/s390/crypto/ap_bus.c).
//
// Concepts: the machine says which adapters and domains it has, and each queue says whether it can be used. A scan
// tells the drivers first that the machine says something else than before, then makes and removes devices, and
// tells the drivers again when devices follow. A queue that is deconfigured or checkstopped stays a device.

import { AP_RESPONSE } from '../hardware/status.ts';
import type { ApQueueHardware } from '../hardware/card.ts';
import type { ApDriver } from './ap-driver.ts';
import { attach, checkComplete, detach } from './binding.ts';
import { BusCard } from './card-device.ts';
import { sameConfig, type ApConfigInfo } from './config-info.ts';
import { apqnOf } from './names.ts';
import { cardPath, queuePath, ROOT_DEVICE } from './paths.ts';
import { BusQueue } from './bus-queue.ts';
import type { BusState } from './state.ts';
import { cardEnv, queueEnv } from './uevent-env.ts';

/** What TAPQ says of a queue that can be a device. Counterpart of the switch in `ap_queue_info()`. */
const ACCESSIBLE: ReadonlySet<number> = new Set([
  AP_RESPONSE.NORMAL,
  AP_RESPONSE.RESET_IN_PROGRESS,
  AP_RESPONSE.DECONFIGURED,
  AP_RESPONSE.CHECKSTOPPED,
  AP_RESPONSE.BUSY,
]);

/** One scan. @internal */
export async function scanBus(state: BusState): Promise<void> {
  const before = state.config;
  const { config: now } = state.machine;
  const isChanged = !sameConfig(now, before);
  state.config = now;
  if (isChanged) await notify(state, 'onConfigChanged', now, before);
  for (let adapter = 0; adapter < 256; adapter++) {
    // Devices come and go one after the other, in the order of their numbers.
    // oxlint-disable-next-line no-await-in-loop
    await scanAdapter(state, adapter);
  }
  selectDomain(state);
  state.scans++;
  if (isChanged) await notify(state, 'onScanComplete', now, before);
  if (state.scans === 1) state.uevent('change', ROOT_DEVICE, { INITSCAN: 'done' });
  checkComplete(state);
}

/** Removes all devices, as unloading the bus does. @internal */
export async function removeAll(state: BusState): Promise<void> {
  for (const card of state.sortedCards) {
    // oxlint-disable-next-line no-await-in-loop
    await removeCard(state, card);
  }
}

/** The first domain in which the host's own drivers can use a queue. Counterpart of `ap_select_domain()`. */
function selectDomain(state: BusState): void {
  if (state.domain >= 0) return;
  const usable = state.queues.filter(
    ({ adapter, domain, hardware }) =>
      state.ownedByDefDrv(adapter, domain) && hardware.test().responseCode === AP_RESPONSE.NORMAL,
  );
  if (usable.length > 0) state.domain = Math.min(...usable.map(({ domain }) => domain));
}

async function notify(
  state: BusState,
  callback: 'onConfigChanged' | 'onScanComplete',
  now: ApConfigInfo,
  before: ApConfigInfo,
): Promise<void> {
  for (const driver of state.drivers) {
    // oxlint-disable-next-line no-await-in-loop
    await notifyOne(state, driver, callback, now, before);
  }
}

async function notifyOne(
  state: BusState,
  driver: ApDriver,
  callback: 'onConfigChanged' | 'onScanComplete',
  now: ApConfigInfo,
  before: ApConfigInfo,
): Promise<void> {
  try {
    await driver[callback]?.(now, before);
  } catch (error) {
    state.log('warn', () => `${driver.name}: ${callback} threw`, error);
  }
}

async function scanAdapter(state: BusState, adapter: number): Promise<void> {
  const { cards, config, machine } = state;
  const hardware = config.adapters.has(adapter) ? machine.cards.get(adapter) : undefined;
  const known = cards.get(adapter);
  const isThere =
    hardware !== undefined && accessible(state, (domain) => hardware.queue(domain)).length > 0;
  if (known !== undefined && (!isThere || known.hardware !== hardware)) {
    await removeCard(state, known);
  }
  if (!isThere || hardware === undefined) return;
  const card = cards.get(adapter) ?? addCard(state, new BusCard(adapter, hardware));
  await scanDomains(state, card);
  lookAtCard(state, card);
}

function addCard(state: BusState, card: BusCard): BusCard {
  state.cards.set(card.adapter, card);
  state.uevent('add', cardPath(card), cardEnv(card));
  return card;
}

async function removeCard(state: BusState, card: BusCard): Promise<void> {
  for (const queue of card.queues) {
    // oxlint-disable-next-line no-await-in-loop
    await removeQueue(state, card, queue);
  }
  state.cards.delete(card.adapter);
  state.uevent('remove', cardPath(card), cardEnv(card));
}

async function scanDomains(state: BusState, card: BusCard): Promise<void> {
  const found = new Map(accessible(state, (domain) => card.hardware.queue(domain)));
  for (const queue of card.queues) {
    if (found.has(queue.domain)) lookAtQueue(state, queue);
    // oxlint-disable-next-line no-await-in-loop
    else await removeQueue(state, card, queue);
  }
  for (const [domain, hardware] of found) {
    if (card.byDomain.has(domain)) continue;
    const queue = new BusQueue(apqnOf(card.adapter, domain), card.info, hardware);
    card.byDomain.set(domain, queue);
    state.uevent('add', queuePath(queue), queueEnv(queue));
    // oxlint-disable-next-line no-await-in-loop
    await attach(state, queue);
  }
}

async function removeQueue(state: BusState, card: BusCard, queue: BusQueue): Promise<void> {
  await detach(state, queue);
  card.byDomain.delete(queue.domain);
  state.uevent('remove', queuePath(queue), queueEnv(queue));
}

/** The queues of a card that can be devices, by domain. */
function accessible(
  { config }: BusState,
  queueOf: (domain: number) => ApQueueHardware | undefined,
): [number, ApQueueHardware][] {
  return [...config.usageDomains].flatMap((domain): [number, ApQueueHardware][] => {
    const hardware = queueOf(domain);
    if (hardware === undefined || !ACCESSIBLE.has(hardware.test().responseCode)) return [];
    return [[domain, hardware]];
  });
}

function lookAtQueue(state: BusState, queue: BusQueue): void {
  if (queue.look()) return;
  state.uevent('change', queuePath(queue), { CONFIG: queue.isConfigured ? '1' : '0' });
}

/** A card is configured, or checkstopped, as its queues are. */
function lookAtCard(state: BusState, card: BusCard): void {
  const before = card.isConfigured;
  card.isConfigured = card.queues.some((queue) => queue.isConfigured);
  card.isCheckstopped = card.queues.every((queue) => queue.isCheckstopped);
  if (card.isConfigured === before) return;
  state.uevent('change', cardPath(card), { CONFIG: card.isConfigured ? '1' : '0' });
}
