// All suites, in the order they run.

import type { Suite } from '../suite.ts';
import { whileUnregisteringTrait } from '../traits/while-unregistering.ts';
import { afterCloseTrait } from '../traits/after-close.ts';
import { loggingSuite } from './logging.ts';
import { migrationDataSuite } from './migration-data.ts';
import { migrationSuite } from './migration.ts';
import { featureSuite } from './feature.ts';
import { dmaPinsSuite } from './dma-pins.ts';
import { dmaSuite } from './dma.ts';
import { dmaMapSuite } from './dma-map.ts';
import { resetSuite } from './reset.ts';
import { irqDeliverySuite } from './irq-delivery.ts';
import { irqsSuite } from './irqs.ts';
import { configSuite } from './config.ts';
import { regionsSuite } from './regions.ts';
import { infoSuite } from './info.ts';
import { allocationSuite } from './allocation.ts';
import { cdevSuite } from './cdev.ts';
import { displaySuite } from './display.ts';
import { groupSuite } from './group.ts';
import { lifeCycleSuite } from './life-cycle.ts';
import { mdevSuite } from './mdev.ts';
import { modelSuite } from './model.ts';
import { openSuite } from './open.ts';
import { registrationSuite } from './registration.ts';
import { unregisterSuite } from './unregister.ts';

/** A suite and where it makes sense. */
export interface SuiteEntry {
  /** As in the titles. */
  readonly name: string;
  readonly run: Suite;
  /** Needs the kernel's path: not for a device behind a socket. */
  readonly inProcessOnly?: true;
}

/** The suites. */
export const SUITES: readonly SuiteEntry[] = [
  { name: 'allocation', run: allocationSuite, inProcessOnly: true },
  { name: 'life cycle', run: lifeCycleSuite, inProcessOnly: true },
  { name: 'registration', run: registrationSuite, inProcessOnly: true },
  { name: 'open and close', run: openSuite, inProcessOnly: true },
  { name: 'groups and device sets', run: groupSuite, inProcessOnly: true },
  { name: 'character device', run: cdevSuite, inProcessOnly: true },
  { name: 'unregister', run: unregisterSuite, inProcessOnly: true },
  { name: 'info', run: infoSuite },
  { name: 'regions', run: regionsSuite },
  { name: 'configuration space', run: configSuite },
  { name: 'interrupts', run: irqsSuite },
  { name: 'interrupt delivery', run: irqDeliverySuite },
  { name: 'reset', run: resetSuite },
  { name: 'DMA maps', run: dmaMapSuite },
  { name: 'DMA access', run: dmaSuite },
  { name: 'DMA pins', run: dmaPinsSuite },
  { name: 'features', run: featureSuite },
  { name: 'migration', run: migrationSuite },
  { name: 'migration data', run: migrationDataSuite },
  { name: 'logging', run: loggingSuite },
  { name: 'after close', run: afterCloseTrait },
  { name: 'while unregistering', run: whileUnregisteringTrait },
  { name: 'mediated devices', run: mdevSuite, inProcessOnly: true },
  { name: 'display', run: displaySuite, inProcessOnly: true },
  { name: 'random sequences', run: modelSuite, inProcessOnly: true },
];
