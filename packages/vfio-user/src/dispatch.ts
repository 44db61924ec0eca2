// From a command to what handles it.

import type { CommandHandler, HandlerEntry } from './call.ts';
import { deviceInfoHandlers } from './handlers/device-info.ts';
import { dmaHandlers } from './handlers/dma.ts';
import { featureHandlers } from './handlers/feature.ts';
import { irqHandlers } from './handlers/irq.ts';
import { ioFdsHandlers } from './handlers/io-fds.ts';
import { migrationHandlers } from './handlers/migration.ts';
import { regionAccessHandlers } from './handlers/region-access.ts';
import { regionWriteMultiHandlers } from './handlers/region-write-multi.ts';
import { regionInfoHandlers } from './handlers/region-info.ts';

const entries: ReadonlyMap<number, CommandHandler> = new Map<number, CommandHandler>([
  ...dmaHandlers,
  ...deviceInfoHandlers,
  ...regionInfoHandlers,
  ...irqHandlers,
  ...ioFdsHandlers,
  ...regionAccessHandlers,
  ...regionWriteMultiHandlers,
  ...featureHandlers,
  ...migrationHandlers,
] satisfies readonly HandlerEntry[]);

/** By number, all commands a client can send once it has negotiated. */
export const dispatchTable: readonly (CommandHandler | undefined)[] = Array.from(
  { length: Math.max(...entries.keys()) + 1 },
  (_, command) => entries.get(command),
);
