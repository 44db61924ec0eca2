// A password before a server that asks for none: the beginning is spoken here with both sides, everything after it is
// passed on as it is.

import { randomBytes } from 'node:crypto';
import type { Duplex } from 'node:stream';
import type { Clock, Logger } from '@vfio-ts/core';
import { join } from '../join.ts';
import { enter } from './client.ts';
import { Demand, type Reading } from './demand.ts';
import { GUESS_TIME, handshake, HANDSHAKE_TIME, type Refusal } from './handshake.ts';
import { CHALLENGE_SIZE } from './protocol.ts';

/** What a gate is made with. */
export interface GateOptions {
  readonly clock: Clock;
  readonly logger: Logger;
  /** Which clients have to know, its first eight bytes. */
  readonly password: string;
  /** A connection to the server behind the gate. */
  readonly connect: () => Promise<Duplex>;
}

function challenge(): Buffer {
  return randomBytes(CHALLENGE_SIZE);
}

/** Takes a client: joined to a connection of its own when it knows the password, else ended. Never rejects. */
export async function passGate(client: Duplex, options: GateOptions): Promise<void> {
  const { clock, logger, password, connect } = options;
  client.on('error', () => client.destroy());
  const timer = clock.after(HANDSHAKE_TIME, () => client.destroy());
  try {
    const send = (bytes: Uint8Array): void => void client.write(bytes);
    const outcome = await speak(client, () => handshake({ password, challenge, send }));
    if (outcome.tag === 'refused') {
      logger.log('warn', 'viewer', () => `a client is turned away: ${outcome.why}`);
      turnAway(client, outcome, clock);
      return;
    }
    const server = await connect();
    server.on('error', () => server.destroy());
    await speak(server, () => enter((bytes) => void server.write(bytes), undefined));
    join(client, server);
  } catch (error) {
    logger.log('debug', 'viewer', () => 'a client did not get through', error);
    client.destroy();
  } finally {
    timer.cancel();
  }
}

function turnAway(client: Duplex, { reply, isGuess }: Refusal, clock: Clock): void {
  clock.after(isGuess ? GUESS_TIME : 0, () => client.end(reply, () => client.destroy()));
}

/**
 * Carries on a conversation to its end, and leaves the stream paused with what is behind it. Rejects when the stream
 * ends before.
 */
function speak<T>(stream: Duplex, conversation: () => Generator<number, T, Buffer>): Promise<T> {
  const { promise, resolve, reject } = Promise.withResolvers<T>();
  const isOver = (): void => reject(new Error('the connection has ended'));
  const reading = function* reading(): Reading {
    const result = yield* conversation();
    stream.pause();
    stream.off('data', take);
    stream.off('close', isOver);
    resolve(result);
  };
  const demand = new Demand(reading());
  function take(bytes: Buffer): void {
    try {
      demand.push(bytes);
      if (demand.rest.length > 0) stream.unshift(demand.rest);
    } catch (error) {
      reject(error);
    }
  }
  stream.on('close', isOver);
  stream.on('data', take);
  stream.resume();
  return promise;
}
