// A client of a fake device, and a server that says what a test wants.

import { VfioUserClient, type ClientOptions } from '../../src/client.ts';
import type { Fd } from '../../src/fd.ts';
import { createTransportPair } from '../../src/transport-pair.ts';
import type { FrameBuffer, FrameHandler, Transport } from '../../src/transport.ts';
import { FakeClock, FakeLogger, clientHost } from '../wire/support/hosts.ts';
import { bytesOf, u16, version } from '../wire/support/payloads.ts';
import { Wire } from '../wire/support/wire.ts';

/** A client attached to a fake device. */
export class Attached implements AsyncDisposable {
  readonly wire: Wire;
  readonly clock: FakeClock;
  readonly client: VfioUserClient;

  private constructor(wire: Wire, clock: FakeClock, client: VfioUserClient) {
    this.wire = wire;
    this.clock = clock;
    this.client = client;
  }

  static async create(
    wire: Wire = new Wire(),
    options: Partial<ClientOptions> = {},
  ): Promise<Attached> {
    const clock = new FakeClock();
    const host = clientHost(clock, new FakeLogger());
    const client = await VfioUserClient.attach(wire.dial(), { host, ...options });
    return new Attached(wire, clock, client);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.client.close();
    await this.client.over;
    await settled();
    this.wire[Symbol.dispose]();
  }
}

/** Lets all deliveries that are under way happen. */
export function settled(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/** A request as a scripted server got it. */
export interface Received {
  readonly id: number;
  readonly command: number;
  readonly flags: number;
  readonly errno: number;
  readonly payload: Uint8Array;
}

/** A server made of a test's own bytes. */
export class ScriptedServer implements FrameHandler {
  readonly transport: Transport;
  readonly received: Received[] = [];
  isClosed = false;

  constructor(transport: Transport) {
    this.transport = transport;
    transport.start(this);
  }

  frame({ bytes, view }: FrameBuffer, length: number): void {
    this.received.push({
      id: view.getUint16(0, true),
      command: view.getUint16(2, true),
      flags: view.getUint32(8, true),
      errno: view.getUint32(12, true),
      payload: bytes.slice(16, length),
    });
  }

  malformed(): void {
    throw new Error('the client sent a malformed header');
  }

  closed(): void {
    this.isClosed = true;
  }

  /** The oldest request nobody has looked at, once it is there. */
  async next(): Promise<Received> {
    await settled();
    const request = this.received.shift();
    if (request === undefined) throw new Error('the client sent nothing');
    return request;
  }

  send(
    id: number,
    command: number,
    payload: Uint8Array,
    { flags = 1, errno = 0, fds = [] }: { flags?: number; errno?: number; fds?: Fd[] } = {},
  ): void {
    const message = bytesOf(u16(id), u16(command), 16 + payload.length, flags, errno, payload);
    this.transport.send(message, message.length, fds);
  }
}

/** A scripted server and a client that has negotiated with it. */
export async function scripted(
  reply: Uint8Array = version(0, 0, '{"capabilities":{"max_msg_fds":2,"max_data_xfer_size":16}}'),
  options: Partial<ClientOptions> = {},
): Promise<{ server: ScriptedServer; client: VfioUserClient; clock: FakeClock }> {
  const { server, attaching, clock } = await dialling(options);
  const { id } = await server.next();
  server.send(id, 1, reply);
  return { server, client: await attaching, clock };
}

/** A scripted server and a client that has sent its VERSION. */
export async function dialling(options: Partial<ClientOptions> = {}): Promise<{
  server: ScriptedServer;
  attaching: Promise<VfioUserClient>;
  clock: FakeClock;
}> {
  const [near, far] = createTransportPair().ends;
  const server = new ScriptedServer(near);
  const clock = new FakeClock();
  const host = clientHost(clock, new FakeLogger());
  const attaching = VfioUserClient.attach(far, { host, timeout: 5000, ...options });
  // Tests that want it to fail look at it only after they have made it fail.
  attaching.catch(() => undefined);
  await settled();
  return { server, attaching, clock };
}
