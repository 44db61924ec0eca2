// The division of queues between the host's own drivers and the others. Counterpart of apmask_store() and
// aqmask_store() (drivers/s390/crypto/ap_bus.c).

import { VfioError } from '@vfio-ts/core';
import { reprobe } from './binding.ts';
import { formatMask, parseMask } from './mask-syntax.ts';
import type { ApMask } from './mask.ts';
import { ROOT_DEVICE } from './paths.ts';
import type { BusState } from './state.ts';
import type { ApUevent } from './uevent.ts';

/**
 * Gives other adapters to the host's own drivers; queues follow.
 *
 * @throws `EINVAL` syntax; `EBUSY` a driver uses a queue that the host would get. Nothing changes then.
 * @internal
 */
export async function storeApmask(state: BusState, text: string): Promise<void> {
  const { apmask, aqmask } = state;
  const now = parseMask('apmask', text, apmask);
  if (now.equals(apmask)) return;
  checkUnused(state, 'apmask', now.minus(apmask), aqmask);
  await commit(state, now, aqmask, { APMASK: formatMask(now) });
}

/** As {@link storeApmask}, for domains. @internal */
export async function storeAqmask(state: BusState, text: string): Promise<void> {
  const { apmask, aqmask } = state;
  const now = parseMask('aqmask', text, aqmask);
  if (now.equals(aqmask)) return;
  checkUnused(state, 'aqmask', apmask, now.minus(aqmask));
  await commit(state, apmask, now, { AQMASK: formatMask(now) });
}

/** Counterpart of `__verify_card_reservations()` and `__verify_queue_reservations()`. */
function checkUnused(state: BusState, op: string, adapters: ApMask, domains: ApMask): void {
  if (adapters.isEmpty || domains.isEmpty) return;
  for (const driver of state.drivers) {
    try {
      driver.inUse?.(adapters, domains);
    } catch (cause) {
      throw new VfioError('EBUSY', op, `${driver.name} uses a queue`, { cause });
    }
  }
}

async function commit(
  state: BusState,
  apmask: ApMask,
  aqmask: ApMask,
  env: ApUevent['env'],
): Promise<void> {
  const moving = state.queues.filter(({ adapter, domain }) => {
    const isHosts = apmask.has(adapter) && aqmask.has(domain);
    return state.ownedByDefDrv(adapter, domain) !== isHosts;
  });
  state.apmask = apmask;
  state.aqmask = aqmask;
  await reprobe(state, moving);
  state.uevent('change', ROOT_DEVICE, env);
}
