// s390 channel devices. What they need is loaded when they are.

import type { CommandDriver } from '../driver.ts';
import { CCW_HELP } from './help.ts';

/** DASDs, terminals and tapes. */
export const ccw: CommandDriver = {
  name: 'ccw',
  busName: 'vfio_ccw',
  look: (socket) => `its channel programs: vfio-ts ccw trace ${socket}`,
  types: [
    {
      // The first of a channel subsystem, which each device has to itself.
      parent: '0.0.0000',
      type: 'vfio_ccw-io',
      availableInstances: 1,
      deviceApi: 'vfio-ccw',
      name: 'I/O subchannel (Non-QDIO)',
    },
  ],
  help: CCW_HELP,
  async register(bus, wishes) {
    const { registerCcw } = await import('./register.ts');
    return await registerCcw(bus, wishes);
  },
};
