// Descriptors that are none: each knows what it stands for, and a table knows which are open.

import type { Fd } from '../../../src/fd.ts';

/** What a fake descriptor stands for. */
export type FakeFile = FakeEventfd | FakeFileMemory | { readonly kind: 'other' };

export interface FakeEventfd {
  readonly kind: 'eventfd';
  count: number;
}

export interface FakeFileMemory {
  readonly kind: 'file';
  readonly name: string;
  readonly bytes: Uint8Array;
}

export class FakeFd<F extends FakeFile = FakeFile> implements Fd {
  readonly file: F;
  readonly #table: FdTable;
  #number: number;

  constructor(table: FdTable, number: number, file: F) {
    this.#table = table;
    this.#number = number;
    this.file = file;
  }

  get number(): number {
    return this.#number;
  }

  close(): void {
    if (this.#number < 0) return;
    this.#number = -1;
    this.#table.closed(this);
  }

  dup(): FakeFd<F> {
    return this.#table.open(this.file);
  }

  [Symbol.dispose](): void {
    this.close();
  }
}

/** All descriptors of one test. */
export class FdTable {
  readonly #open = new Set<FakeFd>();
  #next = 3;

  open<F extends FakeFile>(file: F): FakeFd<F> {
    const fd = new FakeFd(this, this.#next++, file);
    this.#open.add(fd);
    return fd;
  }

  eventfd(): FakeFd<FakeEventfd> {
    return this.open({ kind: 'eventfd', count: 0 });
  }

  memory(name: string, size: number): FakeFd<FakeFileMemory> {
    return this.open({ kind: 'file', name, bytes: new Uint8Array(size) });
  }

  closed(fd: FakeFd): void {
    this.#open.delete(fd);
  }

  get openCount(): number {
    return this.#open.size;
  }
}

/** The fake behind an Fd of a test. */
export function fileOf(fd: Fd): FakeFile {
  return fd instanceof FakeFd ? fd.file : { kind: 'other' };
}
