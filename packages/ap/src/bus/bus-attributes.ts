// Files of the bus itself. Counterpart of ap_bus_attrs (drivers/s390/crypto/ap_bus.c).

import { VfioError } from '@vfio-ts/core';
import type { ApAttributes } from './attribute.ts';
import { maxAdapterId, maxDomainId, type ApConfigInfo } from './config-info.ts';
import { formatMask } from './mask-syntax.ts';
import { storeApmask, storeAqmask } from './masks.ts';
import { parseNumber, scanDecimal, scanInteger } from './number.ts';
import { scanBus } from './scan.ts';
import type { BusState } from './state.ts';
import { parseBool } from './switch.ts';

/** 120 seconds. */
const POLL_TIMEOUT_MAX = 120_000_000_000;

/** @internal */
export const busAttributes: ApAttributes<BusState> = {
  ap_domain: { show: ({ domain }) => `${domain}\n`, store: storeDomain },
  ap_control_domain_mask: { show: ({ config }) => `${formatMask(config.controlDomains)}\n` },
  ap_usage_domain_mask: { show: ({ config }) => `${formatMask(config.usageDomains)}\n` },
  ap_adapter_mask: { show: ({ config }) => `${formatMask(config.adapters)}\n` },
  config_time: { show: ({ configTime }) => `${configTime}\n`, store: storeConfigTime },
  poll_thread: {
    show: ({ pollThread }) => (pollThread ? '1\n' : '0\n'),
    store: (state, text) => {
      state.pollThread = parseBool('poll_thread', text);
    },
  },
  ap_interrupts: { show: () => '1\n' },
  poll_timeout: { show: ({ pollTimeout }) => `${pollTimeout}\n`, store: storePollTimeout },
  ap_max_domain_id: { show: ({ config }) => `${maxDomainId(config)}\n` },
  ap_max_adapter_id: { show: ({ config }) => `${maxAdapterId(config)}\n` },
  apmask: { show: ({ apmask }) => `${formatMask(apmask)}\n`, store: storeApmask },
  aqmask: { show: ({ aqmask }) => `${formatMask(aqmask)}\n`, store: storeAqmask },
  scans: { show: ({ scans }) => `${scans}\n`, store: forceScan },
  bindings: { show: showBindings },
  features: { show: ({ config }) => showFeatures(config) },
};

/** @throws `EINVAL` no number; the machine has no such domain, or it is not for the host's own drivers */
function storeDomain(state: BusState, text: string): void {
  const { config, aqmask } = state;
  const domain = scanInteger('ap_domain', text);
  const isThere = domain >= 0 && domain <= maxDomainId(config) && config.usageDomains.has(domain);
  if (!isThere || !aqmask.has(domain)) {
    throw new VfioError('EINVAL', 'ap_domain', `no domain ${domain} for the host`);
  }
  state.domain = domain;
}

/** @throws `EINVAL` */
function storeConfigTime(state: BusState, text: string): void {
  const seconds = scanDecimal('config_time', text);
  if (!(seconds >= 5 && seconds <= 120)) {
    throw new VfioError('EINVAL', 'config_time', `${seconds} seconds are not 5 to 120`);
  }
  state.configTime = seconds;
  state.onConfigTime?.();
}

/** @throws `EINVAL`; `ERANGE` */
function storePollTimeout(state: BusState, text: string): void {
  const nanoseconds = parseNumber('poll_timeout', text);
  if (nanoseconds > POLL_TIMEOUT_MAX) {
    throw new VfioError('EINVAL', 'poll_timeout', `${nanoseconds} ns are more than 120 s`);
  }
  state.pollTimeout = nanoseconds;
}

/** Before the first scan there is nothing to look at again. */
async function forceScan(state: BusState): Promise<void> {
  if (state.scans > 0) await scanBus(state);
}

function showBindings({ queues, scans }: BusState): string {
  const bound = queues.filter((queue) => queue.bound !== undefined).length;
  const isComplete = scans > 0 && bound === queues.length;
  return `${bound}/${queues.length}${isComplete ? ' (complete)' : ''}\n`;
}

function showFeatures({ apsc, apxa, qact, rc8a, apsb }: ApConfigInfo): string {
  const words = Object.entries({ APSC: apsc, APXA: apxa, QACT: qact, RC8A: rc8a, APSB: apsb });
  const present = words.filter(([, isThere]) => isThere).map(([word]) => word);
  return `${present.join(' ') || '-'}\n`;
}
