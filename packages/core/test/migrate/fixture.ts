// Two devices of eight bytes and the requests that move one to the other, each of which can be made to fail.

import {
  decodeMigState,
  migrationStateName,
  MigrationStreamReader,
  MigrationStreamWriter,
  VFIO_DEVICE_FEATURE_DMA_LOGGING_REPORT,
  VFIO_DEVICE_FEATURE_DMA_LOGGING_START,
  VFIO_DEVICE_FEATURE_DMA_LOGGING_STOP,
  VFIO_DEVICE_FEATURE_MASK,
  VFIO_DEVICE_FEATURE_MIG_DEVICE_STATE,
  VFIO_DEVICE_FEATURE_MIGRATION,
  VFIO_DEVICE_FEATURE_SET,
  VfioError,
  type FeatureRequest,
  type MigrateSource,
  type MigrateTarget,
  type MigrationState,
  type MigrationStream,
} from '../../src/index.ts';
import { stateData } from '../../src/migration/states.ts';
import { opened, type Opened, type SomeOps } from '../device/fixture.ts';
import { testCore } from '../support.ts';

const BYTES = 1;

/** What a device is made to do. */
export interface CellOptions {
  readonly flags?: number;
  readonly type?: string;
  readonly hasReset?: boolean;
  readonly logs?: boolean;
}

/** A device whose state is eight bytes, and which sends them again in pre-copy whenever they have changed. */
export class Cell {
  state: MigrationState = 'RUNNING';
  bytes: Uint8Array = new Uint8Array(8);
  /** What the guest does between two passes. */
  busy: (() => void) | undefined;
  /** Written to guest memory since the last report. */
  dirty: { iova: number; length: number }[] = [];
  isLogging = false;
  readonly #type: string;
  #sent: Uint8Array | undefined;
  #got: Uint8Array | undefined;
  #writer: MigrationStreamWriter | undefined;
  #reader: MigrationStreamReader | undefined;

  constructor(type: string) {
    this.#type = type;
  }

  arc(from: MigrationState, to: MigrationState): MigrationStream | undefined {
    if (from === 'RESUMING') {
      this.#reader?.finish();
      this.bytes = this.#got ?? this.bytes;
    }
    this.state = to;
    const data = stateData(to);
    const isNew = data !== stateData(from);
    if (data === undefined) return undefined;
    if (isNew && data === 'restore') {
      this.#reader = new MigrationStreamReader(this.#identity, (_, payload) => {
        this.#got = payload.slice();
      });
      return this.#reader;
    }
    if (isNew) {
      this.#sent = undefined;
      this.#writer = new MigrationStreamWriter(this.#identity, (out) => this.#refill(out));
    }
    if (to === 'STOP_COPY') {
      this.#writer?.put(BYTES, this.bytes);
      this.#writer?.end();
    }
    return isNew ? this.#writer : undefined;
  }

  get #identity() {
    return { type: this.#type, version: 1 };
  }

  #refill(out: MigrationStreamWriter): void {
    if (this.#sent?.join() === this.bytes.join()) {
      this.busy?.();
      return;
    }
    this.#sent = this.bytes.slice();
    out.put(BYTES, this.bytes);
  }
}

/** An open cell. */
export interface OpenCell extends Opened {
  readonly cell: Cell;
}

export function openCell(options: CellOptions = {}): OpenCell {
  const { flags = 7, type = 'cell', hasReset = true, logs = false } = options;
  const cell = new Cell(type);
  const ops: SomeOps = {
    migration: {
      flags,
      getState: () => cell.state,
      setState: (_, from, to) => cell.arc(from, to),
      getDataSize: () => 8,
    },
    ...(hasReset && {
      reset() {
        cell.state = 'RUNNING';
        cell.bytes = new Uint8Array(8);
      },
    }),
    ...(logs && {
      log: {
        logStart: (_, _ranges, pageSize) => {
          cell.isLogging = true;
          return pageSize;
        },
        logStop() {
          cell.isLogging = false;
        },
        logReadAndClear(_, iova, length, sink) {
          for (const range of cell.dirty) {
            if (range.iova >= iova && range.iova < iova + length)
              sink.set(range.iova, range.length);
          }
          cell.dirty = cell.dirty.filter(
            (range) => range.iova < iova || range.iova >= iova + length,
          );
        },
      },
    }),
  };
  return { cell, ...opened(testCore().core, ops) };
}

/** What happens at a request, by its place in the row of all requests; throws to make it fail. */
export interface Hooks {
  before?(request: number, name: string): void;
  after?(request: number, name: string): void;
}

/** The interfaces of two open cells, whose requests are numbered and named. */
export function wired(
  from: OpenCell,
  to: OpenCell,
  hooks: Hooks = {},
): { source: MigrateSource; target: MigrateTarget; requests: string[] } {
  const requests: string[] = [];
  const asked = <T>(name: string, ask: () => T): T => {
    const number = requests.push(name) - 1;
    hooks.before?.(number, name);
    let reply: T;
    try {
      reply = ask();
    } catch (error) {
      hooks.after?.(number, name);
      throw error;
    }
    hooks.after?.(number, name);
    return reply;
  };
  return {
    requests,
    source: {
      feature: (request) => asked(featureName('source', request), () => from.file.feature(request)),
      readMigrationData: (into) => asked('source read', () => from.file.readMigrationData(into)),
    },
    target: {
      feature: (request) => asked(featureName('target', request), () => to.file.feature(request)),
      writeMigrationData: (data) => asked('target write', () => to.file.writeMigrationData(data)),
      getInfo: () => asked('target info', () => to.file.getInfo()),
      reset: () => asked('target reset', () => to.file.reset()),
    },
  };
}

function featureName(side: string, { flags, data }: FeatureRequest): string {
  switch (flags & VFIO_DEVICE_FEATURE_MASK) {
    case VFIO_DEVICE_FEATURE_MIGRATION:
      return `${side} flags`;
    case VFIO_DEVICE_FEATURE_MIG_DEVICE_STATE:
      if ((flags & VFIO_DEVICE_FEATURE_SET) === 0 || data === undefined) return `${side} state?`;
      return `${side} to ${migrationStateName(decodeMigState(data).deviceState) ?? 'nothing'}`;
    case VFIO_DEVICE_FEATURE_DMA_LOGGING_START:
      return `${side} log`;
    case VFIO_DEVICE_FEATURE_DMA_LOGGING_REPORT:
      return `${side} report`;
    case VFIO_DEVICE_FEATURE_DMA_LOGGING_STOP:
      return `${side} log off`;
    default:
      return `${side} feature ${flags}`;
  }
}

/** A hook that fails at one request. */
export function failAt(at: number): (request: number) => void {
  return (request) => {
    if (request === at) throw new VfioError('EIO', 'test', `request ${request} was made to fail`);
  };
}

/** A hook for a side that is gone from one request on. */
export function goneFrom(at: number, side: string): (request: number, name: string) => void {
  return (request, name) => {
    if (request >= at && name.startsWith(side)) {
      throw new VfioError('ENOTCONN', 'test', `the ${side} is gone`);
    }
  };
}
