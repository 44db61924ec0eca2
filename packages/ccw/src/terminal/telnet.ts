// The part of telnet that 3270 terminals use: options, and records that end with EOR. RFC 854, 885, 856, 1091.

/** Bytes that mean something to telnet. */
export const TELNET = {
  EOR: 239,
  SE: 240,
  SB: 250,
  WILL: 251,
  WONT: 252,
  DO: 253,
  DONT: 254,
  IAC: 255,
} as const;

/** Options a 3270 session is made of. */
export const TELNET_OPTION = { BINARY: 0, TERMINAL_TYPE: 24, END_OF_RECORD: 25 } as const;

/** What has come in. */
export interface TelnetEvents {
  /** `WILL`, `WONT`, `DO` or `DONT`. */
  option(verb: number, option: number): void;
  /** A subnegotiation, without its frame. */
  subnegotiation(bytes: Uint8Array): void;
  /** A record, without its end. */
  record(bytes: Uint8Array): void;
}

type State = 'data' | 'command' | 'option' | 'sub' | 'sub-command';

/** Takes a stream of telnet apart, whatever pieces it comes in. */
export class TelnetParser {
  readonly #events: TelnetEvents;
  readonly #limit: number;
  #state: State = 'data';
  #verb = 0;
  #data: number[] = [];
  #sub: number[] = [];

  /** @param limit - bytes of a record or subnegotiation that are kept; the rest is dropped */
  constructor(events: TelnetEvents, limit: number) {
    this.#events = events;
    this.#limit = limit;
  }

  /** Takes what has come in. */
  push(bytes: Uint8Array): void {
    for (const byte of bytes) this.#take(byte);
  }

  #take(byte: number): void {
    switch (this.#state) {
      case 'data':
        if (byte === TELNET.IAC) this.#state = 'command';
        else this.#keep(this.#data, byte);
        break;
      case 'command':
        this.#command(byte);
        break;
      case 'option':
        this.#state = 'data';
        this.#events.option(this.#verb, byte);
        break;
      case 'sub':
        if (byte === TELNET.IAC) this.#state = 'sub-command';
        else this.#keep(this.#sub, byte);
        break;
      case 'sub-command':
        this.#subCommand(byte);
        break;
    }
  }

  #command(byte: number): void {
    this.#state = 'data';
    if (byte === TELNET.IAC) this.#keep(this.#data, byte);
    else if (byte === TELNET.SB) {
      this.#state = 'sub';
      this.#sub = [];
    } else if (byte >= TELNET.WILL && byte <= TELNET.DONT) {
      this.#state = 'option';
      this.#verb = byte;
    } else if (byte === TELNET.EOR) {
      const record = Uint8Array.from(this.#data);
      this.#data = [];
      this.#events.record(record);
    }
  }

  #subCommand(byte: number): void {
    if (byte === TELNET.SE) {
      this.#state = 'data';
      this.#events.subnegotiation(Uint8Array.from(this.#sub));
      return;
    }
    this.#state = 'sub';
    this.#keep(this.#sub, byte);
  }

  #keep(bytes: number[], byte: number): void {
    if (bytes.length < this.#limit) bytes.push(byte);
  }
}

/** A record as it goes out. */
export function encodeRecord(bytes: Uint8Array): Uint8Array {
  const out: number[] = [];
  for (const byte of bytes) {
    out.push(byte);
    if (byte === TELNET.IAC) out.push(byte);
  }
  out.push(TELNET.IAC, TELNET.EOR);
  return Uint8Array.from(out);
}
