import type { DmaBacking } from '../../src/dma/backing.ts';
import { IoAddressSpace } from '../../src/dma/address-space.ts';
import type { DmaUser } from '../../src/dma/dma-user.ts';
import type { Logger } from '../../src/host.ts';
import { VfioError } from '../../src/errno.ts';
import { LeakTracker } from '../../src/leaks.ts';

export const PAGE = 4096;
export const R = 1;
export const W = 2;
export const RW = 3;

/** A backing over plain bytes that counts its revocations. */
export class FakeMemory {
  readonly kind = 'mapped' as const;
  readonly #buffer: ArrayBuffer;
  readonly bytes: Uint8Array;
  revoked = 0;

  constructor(size: number) {
    this.#buffer = new ArrayBuffer(size);
    this.bytes = new Uint8Array(this.#buffer);
  }

  revoke(): void {
    this.revoked++;
    this.#buffer.transfer(0);
  }
}

/** A file of `size` bytes. */
export function fakeFile(size: number): DmaBacking & { readonly bytes: Uint8Array } {
  const bytes = new Uint8Array(size);
  const check = (offset: number, length: number): void => {
    if (offset + length > size) throw new VfioError('EFAULT', 'fakeFile', 'short file');
  };
  return {
    kind: 'file',
    bytes,
    read(offset, into) {
      check(offset, into.length);
      into.set(bytes.subarray(offset, offset + into.length));
    },
    write(offset, from) {
      check(offset, from.length);
      bytes.set(from, offset);
    },
    revoke() {},
  };
}

/** Guest memory behind messages that are answered when the test says so. */
export class FakeOwner {
  readonly kind = 'message' as const;
  readonly bytes: Uint8Array;
  readonly pending: { answer(): void; fail(error: unknown): void }[] = [];
  revoked = 0;

  constructor(size: number) {
    this.bytes = new Uint8Array(size);
  }

  read(offset: number, into: Uint8Array): Promise<void> {
    return this.#ask(() => into.set(this.bytes.subarray(offset, offset + into.length)));
  }

  write(offset: number, from: Uint8Array): Promise<void> {
    return this.#ask(() => this.bytes.set(from, offset));
  }

  revoke(): void {
    this.revoked++;
  }

  #ask(move: () => void): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const answer = (): void => {
      move();
      resolve();
    };
    this.pending.push({ answer, fail: reject });
    return promise;
  }
}

/** A user that notes what it is told, and unpins when `unpins`. */
export class FakeUser implements DmaUser {
  readonly name: string;
  readonly told: [iova: number, length: number][] = [];
  readonly wrote: [iova: number, length: number][] = [];
  onUnmap: (iova: number, length: number) => void = () => {};

  constructor(name: string) {
    this.name = name;
  }

  dmaUnmap(iova: number, length: number): void {
    this.told.push([iova, length]);
    this.onUnmap(iova, length);
  }

  onWrite(iova: number, length: number): void {
    this.wrote.push([iova, length]);
  }
}

export interface Line {
  readonly level: string;
  readonly component: string;
  readonly message: string;
  readonly error: unknown;
}

/** An address space with everything around it that a test looks at. */
export class Fixture {
  readonly lines: Line[] = [];
  readonly tracker: LeakTracker = new LeakTracker(false);
  readonly space: IoAddressSpace;
  readonly user: FakeUser = new FakeUser('vfio0');

  constructor(maxMappings?: number) {
    const logger: Logger = {
      log: (level, component, message, error) => {
        this.lines.push({ level, component, message: message(), error });
      },
    };
    const limit = maxMappings === undefined ? {} : { maxMappings };
    this.space = new IoAddressSpace({ logger, name: 'ioas0', tracker: this.tracker, ...limit });
    this.space.attachUser(this.user);
    this.user.onUnmap = (iova, length) => this.space.unpin(this.user, iova, length / PAGE);
  }

  /** Maps `npage` pages of fresh memory. */
  map(iova: number, npage: number, flags: number = RW): FakeMemory {
    const backing = new FakeMemory(npage * PAGE);
    this.space.map({ iova, size: npage * PAGE, flags, backing });
    return backing;
  }
}

/** The code an operation fails with, `'ok'` when it does not fail. */
export function codeOf(operation: () => unknown): string {
  try {
    operation();
    return 'ok';
  } catch (error) {
    if (error instanceof VfioError) return error.code;
    throw error;
  }
}

/** The same for a promise. */
export async function rejectionOf(promise: Promise<unknown>): Promise<string> {
  try {
    await promise;
    return 'ok';
  } catch (error) {
    if (error instanceof VfioError) return error.code;
    throw error;
  }
}

/** The numbers of the bits that are set. */
export function bits(bitmap: Uint8Array | undefined): number[] {
  const set: number[] = [];
  for (const [i, byte] of (bitmap ?? new Uint8Array(0)).entries()) {
    for (let bit = 0; bit < 8; bit++) if ((byte & (1 << bit)) !== 0) set.push(i * 8 + bit);
  }
  return set;
}
