import type {
  MigrationState,
  MigrationStream,
  PrecopyInfo,
  VfioDeviceOps,
} from '../../src/index.ts';
import { stateData } from '../../src/migration/states.ts';

/** A driver's object whose arcs can be made to fail in every way. */
export class FakeDriver {
  state: MigrationState = 'RUNNING';
  flags = 7;
  dataSize = 100;
  readonly arcs: string[] = [];
  readonly streams: FakeStream[] = [];
  /** Called in place of the arc's own effect; what it returns is what setState returns. */
  onArc: ((from: MigrationState, to: MigrationState) => MigrationStream | undefined) | undefined;

  arc(from: MigrationState, to: MigrationState): MigrationStream | undefined {
    this.arcs.push(`${from}>${to}`);
    return this.onArc === undefined ? this.succeed(from, to) : this.onArc(from, to);
  }

  succeed(from: MigrationState, to: MigrationState): MigrationStream | undefined {
    this.state = to;
    const data = stateData(to);
    if (data === undefined || data === stateData(from)) return undefined;
    const stream = new FakeStream();
    this.streams.push(stream);
    return stream;
  }
}

/** A stream that reads 1, 2, 3 … and keeps what is written. */
export class FakeStream implements MigrationStream {
  closed = 0;
  readonly written: number[] = [];
  failure: Error | undefined;
  closeFailure: Error | undefined;
  count: number | undefined;

  read(into: Uint8Array): number {
    if (this.failure !== undefined) throw this.failure;
    into.forEach((_, index) => {
      into[index] = index + 1;
    });
    return this.count ?? into.length;
  }

  write(from: Uint8Array): number {
    if (this.failure !== undefined) throw this.failure;
    this.written.push(...from);
    return this.count ?? from.length;
  }

  precopyInfo(): PrecopyInfo {
    return { initialBytes: 10, dirtyBytes: 20 };
  }

  close(): void {
    this.closed++;
    if (this.closeFailure !== undefined) throw this.closeFailure;
  }
}

export const fakeOps: VfioDeviceOps<FakeDriver> = {
  name: 'fake',
  migration: {
    flags: 7,
    getState: (driver) => driver.state,
    setState: (driver, from, to) => driver.arc(from, to),
    getDataSize: (driver) => driver.dataSize,
  },
};

/** The same driver with other migration flags. */
export function fakeOpsWith(flags: number): VfioDeviceOps<FakeDriver> {
  const { migration } = fakeOps;
  return migration === undefined ? fakeOps : { name: 'fake', migration: { ...migration, flags } };
}
