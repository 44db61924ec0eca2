// vfio-ts inspect: what a device says of itself, to whoever asks.

import { setTimeout as delay } from 'node:timers/promises';
import { hexDump, isErrno } from '@vfio-ts/core';
import {
  connect,
  EventLoop,
  LevelLogger,
  linuxClientHost,
  LinuxClock,
  VfioUserClient,
  type SocketTransport,
} from '@vfio-ts/vfio-user';
import { Waiting, type CommandHost } from '../host.ts';
import { askDevice } from '../inspect/ask.ts';
import type { Inspection } from '../inspect/report.ts';
import { inspectionText, titleOf } from '../inspect/text.ts';
import { lineLogger } from '../output.ts';
import { hasConnections, inUse, unreachable, type Named } from '../reach.ts';
import { EXIT } from '../usage.ts';

/** What `inspect` is told. */
export interface InspectArguments extends Named {
  /** In place of text: one line of JSON, or configuration space as `lspci -F` reads it. */
  readonly form: 'text' | 'json' | 'hex';
  /** Milliseconds in which the server has to answer. */
  readonly timeout: number;
}

/** Where the device is for lspci, which wants a place. */
const SLOT = '00:00.0';
/** Milliseconds between two attempts to be accepted. */
const AGAIN = 100;

/** Asks and prints. @returns exit code; 1 when there is no answer, or it has no configuration space and that was wanted */
export async function inspect(args: InspectArguments, host: CommandHost): Promise<number> {
  const { output } = host;
  const told = await askOf(args, host);
  if (args.form === 'json') output.print(JSON.stringify(told));
  else if (args.form === 'text') {
    for (const line of inspectionText(told, output.style)) output.print(line);
  } else if (told.pci === null) {
    throw new Error(
      `${args.named} is no PCI device and has no configuration space: leave --hex out`,
    );
  } else {
    const config = Uint8Array.fromHex(told.pci.config);
    output.print(hexDump(config, SLOT, titleOf(told.pci)).trimEnd());
  }
  return EXIT.OK;
}

async function askOf(args: InspectArguments, host: CommandHost): Promise<Inspection> {
  const { named, socket, timeout } = args;
  // Whoever waits behind a client is not answered, and may be in the way of the next.
  if (hasConnections(socket)) throw inUse(args);
  using waiting = new Waiting(host);
  waiting.for(`${named} does not answer yet`);
  const loop = new EventLoop();
  try {
    const transport = await connected(args, loop);
    const clientHost = linuxClientHost(new LinuxClock(), silent(host));
    await using client = await VfioUserClient.attach(transport, { host: clientHost, timeout });
    return await askDevice(client, socket, (what) => waiting.for(`${named}: ${what}`));
  } catch (error) {
    throw explained(error, args);
  } finally {
    loop.close();
  }
}

/** A connection; who does not accept one in time does not answer. */
async function connected(
  { socket, timeout }: InspectArguments,
  loop: EventLoop,
): Promise<SocketTransport> {
  const until = performance.now() + timeout;
  for (;;) {
    try {
      return connect(socket, loop, { dontWait: true });
    } catch (error) {
      if (!isErrno(error, 'EAGAIN') || performance.now() >= until) throw error;
      // oxlint-disable-next-line no-await-in-loop -- attempts follow one another
      await delay(AGAIN);
    }
  }
}

function explained(error: unknown, args: InspectArguments): unknown {
  const { named, timeout } = args;
  if (isErrno(error, 'EBUSY')) return inUse(args);
  if (isErrno(error, 'ETIMEDOUT') || isErrno(error, 'EAGAIN')) {
    return new Error(
      `${named} does not answer within ${timeout / 1000} s: it serves somebody else, it hangs, or it speaks no vfio-user; --timeout SECONDS waits longer`,
      { cause: error },
    );
  }
  if (isErrno(error, 'ENOTCONN') || isErrno(error, 'EPROTO')) {
    return new Error(
      `${named} ended the connection or answers what is no vfio-user: ${error.message}; is it the socket of a device?`,
      { cause: error },
    );
  }
  return unreachable(error, args);
}

/** What goes wrong is said once, by the command. */
function silent({ output }: CommandHost): LevelLogger {
  return new LevelLogger(lineLogger(output, 'error'), 'error');
}
