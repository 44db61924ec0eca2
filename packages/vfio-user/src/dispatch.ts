// From a command to what handles it.

import type { CommandHandler } from './call.ts';
import { deviceInfoHandlers } from './handlers/device-info.ts';
import { dmaHandlers } from './handlers/dma.ts';
import { featureHandlers } from './handlers/feature.ts';
import { irqHandlers } from './handlers/irq.ts';
import { ioFdsHandlers } from './handlers/io-fds.ts';
import { migrationHandlers } from './handlers/migration.ts';
import { regionAccessHandlers } from './handlers/region-access.ts';
import { regionWriteMultiHandlers } from './handlers/region-write-multi.ts';
import { regionInfoHandlers } from './handlers/region-info.ts';

/** All commands a client can send once it has negotiated. */
export const dispatchTable: ReadonlyMap<number, CommandHandler> = new Map<number, CommandHandler>([
  ...dmaHandlers,
  ...deviceInfoHandlers,
  ...regionInfoHandlers,
  ...irqHandlers,
  ...ioFdsHandlers,
  ...regionAccessHandlers,
  ...regionWriteMultiHandlers,
  ...featureHandlers,
  ...migrationHandlers,
]);
