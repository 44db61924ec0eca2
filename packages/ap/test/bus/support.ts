// A bus over scripted cards, on fakes.

import { ManualClock, RecordingLogger, TrackedMemory } from '@vfio-ts/conformance/fakes';
import { VfioCore, type ErrnoCode } from '@vfio-ts/core';
import { expect } from 'vitest';
import { ApBus, type ApBusOptions } from '../../src/bus/bus.ts';
import { apConfigInfo, type ApConfigInfo } from '../../src/bus/config-info.ts';
import type { ApDriver } from '../../src/bus/ap-driver.ts';
import { ApMask } from '../../src/bus/mask.ts';
import type { ApQueueDevice } from '../../src/bus/queue-device.ts';
import type { ApUevent } from '../../src/bus/uevent.ts';
import type { ApCardInfo } from '../../src/hardware/card.ts';
import { FakeCard } from '../hardware/fake-card.ts';

/** A bus, and what it stands on. */
export interface TestBus {
  readonly bus: ApBus;
  readonly cards: ReadonlyMap<number, FakeCard>;
  readonly uevents: ApUevent[];
  readonly logger: RecordingLogger;
}

/** Which numbers a test's machine has. */
export interface TestMachine extends ApBusOptions {
  readonly adapters?: readonly number[];
  readonly domains?: readonly number[];
  readonly config?: Partial<ApConfigInfo>;
  readonly info?: Partial<ApCardInfo>;
  readonly clock?: ManualClock;
}

/** A bus before its first scan. */
export function unscannedBus({
  adapters = [5, 6],
  domains = [4, 0xab],
  config = {},
  info = {},
  clock = new ManualClock(),
  ...options
}: TestMachine = {}): TestBus {
  const cards = new Map(adapters.map((adapter) => [adapter, new FakeCard(domains, info)]));
  const logger = new RecordingLogger();
  const core = new VfioCore({ clock, logger, memory: new TrackedMemory() });
  const uevents: ApUevent[] = [];
  const machine = {
    config: apConfigInfo({
      adapters: ApMask.of(...adapters),
      usageDomains: ApMask.of(...domains),
      controlDomains: ApMask.of(...domains),
      ...config,
    }),
    cards,
  };
  const bus = new ApBus(core, machine, { uevent: (event) => uevents.push(event), ...options });
  return { bus, cards, uevents, logger };
}

/** A bus that has found what there is. */
export async function testBus(machine?: TestMachine): Promise<TestBus> {
  const test = unscannedBus(machine);
  await test.bus.scan();
  test.uevents.length = 0;
  return test;
}

/** A driver that keeps a list of what it is told. */
export class RecordingDriver implements ApDriver {
  readonly name: string;
  readonly isDefault: boolean = false;
  readonly hwtypes: readonly number[] = [10, 11, 12, 13, 14];
  readonly calls: string[] = [];
  /** What `inUse` throws. */
  refusal: Error | undefined = undefined;
  /** Queues whose probe throws. */
  readonly refused: Set<string> = new Set();

  constructor(name: string = 'vfio_ap') {
    this.name = name;
  }

  probe({ name }: ApQueueDevice): void {
    this.calls.push(`probe ${name}`);
    if (this.refused.has(name)) throw new Error(`no ${name}`);
  }

  async remove({ name }: ApQueueDevice): Promise<void> {
    this.calls.push(`remove ${name}`);
    await Promise.resolve();
    this.calls.push(`removed ${name}`);
  }

  inUse(adapters: ApMask, domains: ApMask): void {
    this.calls.push(`in use ${brief(adapters)} x ${brief(domains)}`);
    if (this.refusal !== undefined) throw this.refusal;
  }

  onConfigChanged(now: ApConfigInfo, before: ApConfigInfo): void {
    this.calls.push(`changed ${[...before.adapters].join()} to ${[...now.adapters].join()}`);
  }

  onScanComplete(now: ApConfigInfo): void {
    this.calls.push(`complete ${[...now.adapters].join()}`);
  }

  /** What it was told since the last call. */
  take(): readonly string[] {
    return this.calls.splice(0);
  }
}

function brief(mask: ApMask): string {
  const numbers = [...mask];
  return numbers.length > 8 ? `${numbers.length} numbers` : numbers.join();
}

/** Which driver each queue has. */
export function bindings(bus: ApBus): Readonly<Record<string, string>> {
  return Object.fromEntries(bus.queues.map(({ name, driver = '-' }) => [name, driver]));
}

/** What an error of that code has. */
export function errno(code: ErrnoCode): unknown {
  return expect.objectContaining({ code });
}
