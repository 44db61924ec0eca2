import { expect } from 'vitest';
import { VfioCore, type CoreOptions } from '../../src/core.ts';
import type { ErrnoCode } from '../../src/errno.ts';
import type { Logger } from '../../src/host.ts';
import { MdevBus } from '../../src/mdev/bus.ts';
import type { MdevTypeDefinition } from '../../src/mdev/definition.ts';
import type { MdevDriver } from '../../src/mdev/driver.ts';
import type { MdevDevice } from '../../src/mdev/mdev.ts';
import type { MdevUevent } from '../../src/mdev/registry.ts';

export const UUID_A = '83b8f4f2-509f-382f-3c1e-e6bfe0fa1001';
export const UUID_B = '83b8f4f2-509f-382f-3c1e-e6bfe0fa1002';
export const UUID_C = '83b8f4f2-509f-382f-3c1e-e6bfe0fa1003';

export interface FakeType extends MdevTypeDefinition {
  readonly width: number;
}

export const SMALL: FakeType = { sysfsName: 'small', width: 640 };
export const LARGE: FakeType = { sysfsName: 'large', prettyName: 'Large one', width: 1920 };

/** What the fake driver's probe returns. */
export interface FakeHandle {
  readonly uuid: string;
  readonly width: number;
  value: string;
  /** While set, remove waits for it, as it waits for an open device. */
  inUse?: Promise<void>;
}

export class FakeDriver implements MdevDriver<FakeType, FakeHandle> {
  readonly name: string;
  readonly deviceApi = 'vfio-pci';
  readonly maxInstances: number = 4;
  readonly calls: string[] = [];
  probeError: Error | undefined;

  constructor(name = 'fake', maxInstances = 4) {
    this.name = name;
    this.maxInstances = maxInstances;
  }

  probe(mdev: MdevDevice<FakeType, FakeHandle>): FakeHandle {
    this.calls.push(`probe ${mdev.name}`);
    if (this.probeError !== undefined) throw this.probeError;
    return { uuid: mdev.name, width: mdev.type.definition.width, value: '0' };
  }

  async remove(mdev: MdevDevice<FakeType, FakeHandle>, handle: FakeHandle): Promise<void> {
    this.calls.push(`remove ${mdev.name}`);
    await handle.inUse;
    this.calls.push(`gone ${handle.uuid}`);
  }
}

export interface LogLine {
  readonly level: string;
  readonly component: string;
  readonly message: string;
  readonly error: unknown;
}

export interface Fixture {
  readonly core: VfioCore;
  readonly bus: MdevBus;
  readonly uevents: MdevUevent[];
  readonly log: LogLine[];
}

function unused(): never {
  throw new Error('the mdev bus has no business here');
}

export function makeBus(options: CoreOptions = {}): Fixture {
  const log: LogLine[] = [];
  const logger: Logger = {
    log(level, component, message, error) {
      log.push({ level, component, message: message(), error });
    },
  };
  const host = { logger, clock: { now: unused, after: unused }, memory: { alloc: unused } };
  const core = new VfioCore(host, options);
  const uevents: MdevUevent[] = [];
  const bus = new MdevBus(core, { uevent: (event) => uevents.push(event) });
  return { core, bus, uevents, log };
}

/** A bus with a fake driver and one parent `p0` of both types. */
export function makeParent(options: CoreOptions = {}, driver: FakeDriver = new FakeDriver()) {
  const fixture = makeBus(options);
  fixture.bus.registerDriver(driver);
  const parent = fixture.bus.registerParent('p0', driver, [SMALL, LARGE]);
  const [small, large] = parent.types;
  if (small === undefined || large === undefined) throw new Error('the parent has no types');
  return { ...fixture, driver, parent, small, large };
}

/** What an error of that code has. */
export function errno(code: ErrnoCode): object {
  return expect.objectContaining({ code });
}
