// What a case runs over: a pair in memory with descriptors that are none, or a socket with real ones.

import { closeSync, constants, openSync } from 'node:fs';
import koffi from 'koffi';
import type { Clock, EventSignal, Logger, MemoryBackend } from '@vfio-ts/core';
import type { ClientOptions } from '../../src/client.ts';
import type { ClientHost } from '../../src/client/host.ts';
import { offerTwinSocket, socketPair, takeTwinSocket } from '../../src/connect.ts';
import { EventFd } from '../../src/eventfd.ts';
import { OwnedFd, type Fd } from '../../src/fd.ts';
import { linuxClientHost, linuxSessionHost } from '../../src/linux-host.ts';
import { EventLoop } from '../../src/loop.ts';
import { MemfdBackend } from '../../src/memfd.ts';
import * as libc from '../../src/native/libc.ts';
import type { SessionHost } from '../../src/session-host.ts';
import { createTransportPair, type TransportPair } from '../../src/transport-pair.ts';
import type { Transport } from '../../src/transport.ts';
import type { TwinSocket } from '../../src/twin.ts';
import { openFds } from '../native/support.ts';
import { FdTable } from '../wire/support/fake-fd.ts';
import { clientHost, FakeMemory, FakeSignal, sessionHost } from '../wire/support/hosts.ts';
import { FD_KINDS, type FdKind } from './server-case.ts';

const pipe2: (fds: Int32Array, flags: number) => number = koffi
  .load(null)
  .func('pipe2', 'int', ['void *', 'int']);

/** Bytes of the files that a hostile peer sends. */
export const FILE_SIZE = 0x8000;

export interface Medium extends Disposable {
  /** Two connected ends. */
  connect(): readonly [Transport, Transport];
  /** Delivers what is under way, as far as that needs no turn of Node. */
  pump(): void;
  /** Descriptors a peer can send; they stay the medium's. */
  readonly fds: Readonly<Record<FdKind, Fd>>;
  /** Changes the size of the files that can shrink. */
  truncate(size: number): void;
  /** Descriptors that are open, and mappings there are. */
  census(): string;
  readonly host: SessionHost;
  /** Where a second connection for DMA messages can be had. */
  readonly twin?: () => TwinSocket;
  /** How a client takes such a second connection. */
  readonly takeTwin?: NonNullable<ClientOptions['twinSocket']>;
  clientHost(clock: Clock, logger: Logger): ClientHost;
  /** One that has a descriptor; the caller's. */
  signal(): EventSignal;
  readonly memory: MemoryBackend;
  /** What escaped every handler. */
  readonly errors: readonly unknown[];
}

/** Ends in memory. */
export function pairMedium(): Medium {
  const table = new FdTable();
  const other = (): Fd => table.open({ kind: 'other' });
  const fds: Record<FdKind, Fd> = {
    memory: table.memory('memory', FILE_SIZE),
    shrinking: table.memory('shrinking', FILE_SIZE),
    event: table.eventfd(),
    socket: other(),
    pipe: other(),
    folder: other(),
    null: other(),
    'read-only': other(),
  };
  let pair: TransportPair | undefined;
  return {
    connect() {
      pair = createTransportPair({ delivery: 'manual' });
      return pair.ends;
    },
    pump: () => pair?.pump(),
    fds,
    truncate: () => undefined,
    census: () => `${table.openCount} descriptors`,
    host: sessionHost,
    clientHost,
    signal: () => new FakeSignal(table.eventfd()),
    memory: { alloc: (name, size) => new FakeMemory(table, name, size) },
    errors: [],
    [Symbol.dispose]: () => undefined,
  };
}

function opened(path: string, flags: number): Fd {
  return new OwnedFd(openSync(path, flags));
}

/** A socket, and descriptors of every kind. */
export function socketMedium(): Medium {
  const errors: unknown[] = [];
  // Both ends are in this process: a wait in the loop would only keep the other end from running.
  const loop = new EventLoop({ turn: 0, onError: (error) => errors.push(error) });
  const [near, far] = libc.socketpairUnix();
  const pipe = new Int32Array(2);
  pipe2(pipe, constants.O_NONBLOCK);
  const sealed = new MemfdBackend().alloc('memory', FILE_SIZE);
  const shrinking = new OwnedFd(libc.memfdCreate('shrinking'));
  libc.ftruncate(shrinking.number, FILE_SIZE);
  const event = EventFd.create();
  const fds: Record<FdKind, Fd> = {
    memory: sealed.fd,
    shrinking,
    event: event.fd,
    socket: new OwnedFd(near),
    pipe: new OwnedFd(pipe[0] ?? -1),
    folder: opened('/', constants.O_RDONLY),
    null: opened('/dev/null', constants.O_RDWR),
    'read-only': opened(import.meta.filename, constants.O_RDONLY),
  };
  return {
    connect: () => socketPair(loop),
    pump: () => undefined,
    fds,
    truncate: (size) => libc.ftruncate(shrinking.number, size),
    census: () => `${openFds()} descriptors`,
    host: linuxSessionHost('sealed', loop),
    twin: () => offerTwinSocket(loop),
    takeTwin: takeTwinSocket(loop),
    clientHost: linuxClientHost,
    signal: () => EventFd.create(),
    memory: new MemfdBackend(),
    errors,
    [Symbol.dispose]() {
      closeSync(far);
      closeSync(pipe[1] ?? -1);
      sealed.close();
      for (const kind of FD_KINDS) fds[kind].close();
      loop.close();
    },
  };
}
