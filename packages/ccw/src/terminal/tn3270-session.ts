// One 3270 terminal at the other end of a connection: agrees with it on the options, then carries records. RFC 1576.

import type { Duplex } from 'node:stream';
import { encodeRecord, TELNET, TELNET_OPTION, TelnetParser } from './telnet.ts';

/** What is heard of a terminal. */
export interface TerminalEvents {
  /** It is there, and can be written to. */
  ready(terminalType: string): void;
  /** Something was entered, or was asked for. */
  record(bytes: Uint8Array): void;
  /** It is gone. */
  closed(): void;
}

const { IAC, SB, SE, WILL, DO } = TELNET;
const { BINARY, TERMINAL_TYPE, END_OF_RECORD } = TELNET_OPTION;
const [SEND, IS] = [1, 0];
/** Bytes of the longest record of a terminal, and more. */
const MAX_RECORD = 0x1_0000;
/** What both sides have to agree on. */
const NEEDED: readonly string[] = [BINARY, END_OF_RECORD].flatMap((option) => [
  `${WILL} ${option}`,
  `${DO} ${option}`,
]);

/** A terminal. */
export class Tn3270Session {
  readonly #stream: Duplex;
  readonly #events: TerminalEvents;
  readonly #agreed = new Set<string>();
  #terminalType: string | undefined;
  #isReady = false;

  /** Takes over a connection, which it closes when the terminal is no 3270. */
  constructor(stream: Duplex, events: TerminalEvents) {
    this.#stream = stream;
    this.#events = events;
    const parser = new TelnetParser(
      {
        option: (verb, option) => this.#option(verb, option),
        subnegotiation: (bytes) => this.#subnegotiation(bytes),
        record: (bytes) => {
          if (this.#isReady) events.record(bytes);
        },
      },
      MAX_RECORD,
    );
    stream.on('data', (bytes: Uint8Array) => parser.push(bytes));
    stream.on('error', () => stream.destroy());
    stream.on('close', () => events.closed());
    stream.write(Uint8Array.of(IAC, DO, TERMINAL_TYPE));
  }

  /** Sends a record. @returns when there is room for the next */
  send(record: Uint8Array): Promise<void> | undefined {
    if (this.#stream.write(encodeRecord(record))) return undefined;
    const { promise, resolve } = Promise.withResolvers<void>();
    const done = (): void => {
      this.#stream.off('drain', done).off('close', done);
      resolve();
    };
    this.#stream.on('drain', done).on('close', done);
    return promise;
  }

  close(): void {
    this.#stream.destroy();
  }

  #option(verb: number, option: number): void {
    if (verb === WILL && option === TERMINAL_TYPE) {
      this.#stream.write(Uint8Array.of(IAC, SB, TERMINAL_TYPE, SEND, IAC, SE));
      return;
    }
    // Without them there is no telling where a record ends.
    const isRefusal = verb !== WILL && verb !== DO;
    if (isRefusal && (option === BINARY || option === END_OF_RECORD || option === TERMINAL_TYPE)) {
      this.close();
      return;
    }
    this.#agreed.add(`${verb} ${option}`);
    this.#begin();
  }

  #subnegotiation(bytes: Uint8Array): void {
    if (bytes[0] !== TERMINAL_TYPE || bytes[1] !== IS || this.#terminalType !== undefined) return;
    this.#terminalType = String.fromCodePoint(...bytes.subarray(2, 66));
    const asked = [END_OF_RECORD, BINARY].flatMap((option) => [IAC, DO, option, IAC, WILL, option]);
    this.#stream.write(Uint8Array.from(asked));
  }

  #begin(): void {
    const type = this.#terminalType;
    if (this.#isReady || type === undefined) return;
    if (!NEEDED.every((agreement) => this.#agreed.has(agreement))) return;
    this.#isReady = true;
    this.#events.ready(type);
  }
}
