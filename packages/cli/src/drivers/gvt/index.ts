// Mediated Intel GPUs. What they need is loaded when they are.

import type { CommandDriver } from '../driver.ts';
import { GVT_HELP } from './help.ts';

/** vGPUs. */
export const gvt: CommandDriver = {
  name: 'gvt',
  busName: 'i915',
  help: GVT_HELP,
  async register(bus, wishes) {
    const { registerVgpus } = await import('./register.ts');
    return registerVgpus(bus, wishes);
  },
};
