// s390 crypto adapters. What they need is loaded when they are.

import type { CommandDriver } from '../driver.ts';
import { AP_HELP } from './help.ts';

/** Crypto adapters. */
export const ap: CommandDriver = {
  name: 'ap',
  busName: 'vfio_ap',
  look: (socket) => `who has which queue: vfio-ts ap ls ${socket}`,
  help: AP_HELP,
  async register(bus, wishes) {
    const { registerAp } = await import('./register.ts');
    return await registerAp(bus, wishes);
  },
};
