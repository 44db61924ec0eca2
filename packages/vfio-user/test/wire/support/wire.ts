// A server on one end of a pair and bytes on the other.

import assert from 'node:assert/strict';
import { errnoCode, type ErrnoCode } from '@vfio-ts/core';
import type { Fd } from '../../../src/fd.ts';
import type { PeerProfile } from '../../../src/peer.ts';
import type { Limits } from '../../../src/protocol.ts';
import { VfioUserServer, type ConnectionSource } from '../../../src/server.ts';
import { createTransportPair, type TransportPair } from '../../../src/transport-pair.ts';
import type { FrameBuffer, FrameHandler, Transport } from '../../../src/transport.ts';
import type { TwinSocket } from '../../../src/twin.ts';
import { FakeDevice } from './fake-device.ts';
import { FdTable } from './fake-fd.ts';
import { FakeClock, FakeLogger, sessionHostOf } from './hosts.ts';
import { bytesOf, u16, version } from './payloads.ts';

export interface WireReply {
  readonly id: number;
  readonly command: number;
  readonly size: number;
  readonly flags: number;
  readonly errno: number;
  readonly payload: Uint8Array;
  readonly fds: readonly Fd[];
}

/** The client's end of one connection: bytes out, messages in. */
export class WirePeer implements FrameHandler {
  readonly transport: Transport;
  readonly replies: WireReply[] = [];
  readonly #pair: TransportPair;
  isClosed = false;
  #nextId = 0x1000;

  constructor(pair: TransportPair, transport: Transport) {
    this.#pair = pair;
    this.transport = transport;
    transport.start(this);
  }

  frame({ bytes, view }: FrameBuffer, length: number, fds: readonly Fd[]): void {
    this.replies.push({
      id: view.getUint16(0, true),
      command: view.getUint16(2, true),
      size: view.getUint32(4, true),
      flags: view.getUint32(8, true),
      errno: view.getUint32(12, true),
      payload: bytes.slice(16, length),
      fds,
    });
  }

  malformed(): void {
    throw new Error('the server sent a malformed header');
  }

  closed(): void {
    this.isClosed = true;
  }

  /** Delivers everything that is under way. */
  deliver(): void {
    this.#pair.pump();
  }

  /** Sends bytes as they are and delivers everything. */
  raw(bytes: Uint8Array, fds: readonly Fd[] = []): readonly WireReply[] {
    this.transport.send(bytes, bytes.length, fds);
    this.#pair.pump();
    return this.replies.splice(0);
  }

  /** Sends a message; returns what came back. */
  send(
    command: number,
    payload: Uint8Array,
    fds: readonly Fd[] = [],
    flags = 0,
  ): readonly WireReply[] {
    const id = this.#nextId++;
    const header = bytesOf(u16(id), u16(command), 16 + payload.length, flags, 0);
    return this.raw(bytesOf(header, payload), fds);
  }

  /** Sends a command that must succeed; returns the reply. */
  ok(command: number, payload: Uint8Array, fds: readonly Fd[] = []): WireReply {
    const reply = this.#one(command, payload, fds);
    assert.equal(reply.flags, 1);
    assert.equal(reply.errno, 0);
    return reply;
  }

  /** Sends a command that must be answered; returns the error it was refused with, or `'ok'`. */
  code(command: number, payload: Uint8Array, fds: readonly Fd[] = []): ErrnoCode | 'ok' {
    const { flags, errno, size, fds: received } = this.#one(command, payload, fds);
    if (flags === 1) return 'ok';
    assert.equal(flags, 0x21);
    assert.equal(size, 16);
    assert.deepEqual(received, []);
    return errnoCode(errno) ?? assert.fail(`errno ${errno}`);
  }

  #one(command: number, payload: Uint8Array, fds: readonly Fd[]): WireReply {
    const id = this.#nextId;
    const [reply, ...more] = this.send(command, payload, fds);
    assert(reply !== undefined, `no reply to command ${command}`);
    assert.equal(reply.id, id);
    assert.equal(reply.command, command);
    assert.equal(reply.size, 16 + reply.payload.length);
    assert.deepEqual(more, []);
    return reply;
  }

  close(): void {
    this.transport.close();
    this.#pair.pump();
  }
}

/** A fake device on a server, and clients that attach. Checks at the end that everything was given back. */
export class Wire implements Disposable {
  readonly fds = new FdTable();
  readonly clock = new FakeClock();
  readonly logger = new FakeLogger();
  readonly device: FakeDevice;
  readonly server: VfioUserServer;
  isListening = false;
  readonly #peers: WirePeer[] = [];
  readonly #memoryFds: number;
  #accept: (transport: Transport) => void = () => undefined;

  /** @param twin - makes second connections */
  constructor(
    limits: Partial<Limits> = {},
    profile?: PeerProfile,
    twin?: (fds: FdTable) => TwinSocket,
  ) {
    this.device = new FakeDevice(this.fds, this.logger);
    this.#memoryFds = this.fds.openCount;
    const source: ConnectionSource = {
      start: (accept) => {
        this.#accept = accept;
        this.isListening = true;
      },
      close: () => {
        this.isListening = false;
      },
    };
    this.server = new VfioUserServer({
      device: this.device,
      source,
      host: sessionHostOf(this.fds),
      logger: this.logger,
      clock: this.clock,
      limits,
      ...(profile && { profile }),
      ...(twin && { twin: () => twin(this.fds) }),
    });
    this.server.listen();
  }

  /** A connection on which nothing was said. */
  connect(): WirePeer {
    const pair = createTransportPair({ delivery: 'manual' });
    this.#accept(pair.ends[0]);
    const peer = new WirePeer(pair, pair.ends[1]);
    this.#peers.push(peer);
    return peer;
  }

  /** The client's end of a connection that delivers by itself. */
  dial(): Transport {
    const [server, client] = createTransportPair().ends;
    this.#accept(server);
    return client;
  }

  /** A connection that has negotiated. */
  attach(json = '{}', minor = 2): WirePeer {
    const peer = this.connect();
    peer.ok(1, version(0, minor, json));
    return peer;
  }

  /** Descriptors open beside those the device has of its own. */
  get extraFds(): number {
    return this.fds.openCount - this.#memoryFds;
  }

  [Symbol.dispose](): void {
    for (const peer of this.#peers) peer.close();
    this.server.close();
    assert.equal(this.device.isOpen, false);
    assert.equal(this.device.ioas.mappingCount, 0);
    assert.equal(this.server.connections, 0);
  }
}
