// Software cards and the bus that finds them.

import { ApBus, apConfigInfo, ApMask, SoftCard, WorkerPool } from '@vfio-ts/ap';
import type { VfioCore } from '@vfio-ts/core';
import type { ApSettings } from './settings.ts';

/** A bus with its cards. */
export interface SoftMachine {
  readonly bus: ApBus;
  /** Ends the cards, and the threads that compute for them. */
  close(): Promise<void>;
}

/** Plugs the cards in, and has the bus find them. */
export async function openSoftMachine(core: VfioCore, settings: ApSettings): Promise<SoftMachine> {
  const runner = new WorkerPool(settings.workers);
  const maxDomain = Math.max(0, ...settings.domains);
  const cards = new Map(
    settings.cards.map(({ adapter, mode, hwtype }) => [
      adapter,
      new SoftCard({ mode, hwtype, maxDomain, runner, serial: serialOf(adapter) }),
    ]),
  );
  const config = apConfigInfo({
    adapters: ApMask.of(...cards.keys()),
    usageDomains: settings.domains,
    controlDomains: ApMask.ALL,
  });
  const { apmask, aqmask } = settings;
  const bus = new ApBus(core, { config, cards }, { apmask, aqmask });
  await bus.scan();
  return {
    bus,
    async close() {
      await bus.close();
      for (const card of cards.values()) card.close();
      await runner.close();
    },
  };
}

/** Eight characters, as a coprocessor has them. */
function serialOf(adapter: number): string {
  return `VFIOTS${adapter.toString(16).toUpperCase().padStart(2, '0')}`;
}
