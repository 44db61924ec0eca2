// A local 3270 display station, GA23-0059: its screen is that of a terminal somewhere on the network.

import { DEVICE_STATUS } from '../architecture/device-status.ts';
import type { CommandEnd, ControlUnit, DeviceCommand } from '../channel/control-unit.ts';

/** A terminal that is connected. */
export interface Terminal {
  /** Sends a 3270 data stream. @returns when there is room for the next */
  send(record: Uint8Array): Promise<void> | undefined;
}

/** Channel commands. */
const COMMAND = {
  WRITE: 0x01,
  READ_BUFFER: 0x02,
  NO_OPERATION: 0x03,
  SENSE: 0x04,
  ERASE_WRITE: 0x05,
  READ_MODIFIED: 0x06,
  SELECT: 0x0b,
  ERASE_WRITE_ALTERNATE: 0x0d,
  ERASE_ALL_UNPROTECTED: 0x0f,
  WRITE_STRUCTURED_FIELD: 0x11,
  SENSE_ID: 0xe4,
} as const;

/** The same, as a data stream has them. */
const STREAM_COMMAND: ReadonlyMap<number, number> = new Map([
  [COMMAND.WRITE, 0xf1],
  [COMMAND.ERASE_WRITE, 0xf5],
  [COMMAND.ERASE_WRITE_ALTERNATE, 0x7e],
  [COMMAND.ERASE_ALL_UNPROTECTED, 0x6f],
  [COMMAND.WRITE_STRUCTURED_FIELD, 0xf3],
  [COMMAND.READ_BUFFER, 0xf2],
  [COMMAND.READ_MODIFIED, 0xf6],
]);

/** Bits of the one byte of sense data. */
const SENSE = { COMMAND_REJECT: 0x80, INTERVENTION_REQUIRED: 0x40 } as const;

/** Control unit 3270, whose drivers look at nothing else. */
const SENSE_ID = Uint8Array.of(0xff, 0x32, 0x70, 0x00, 0x00, 0x00, 0x00);
const NORMAL = DEVICE_STATUS.CHANNEL_END | DEVICE_STATUS.DEVICE_END;
const CHECK = NORMAL | DEVICE_STATUS.UNIT_CHECK;
const NONE = new Uint8Array(0);

/** A display station. Without a terminal it wants intervention. */
export class Terminal3270 implements ControlUnit {
  readonly name: string;
  #terminal: Terminal | undefined;
  #listener: ((status: number) => void) | undefined;
  /** Entered, and not read yet. */
  #entered: Uint8Array | undefined;
  /** A read that waits for the terminal. */
  #reading: PromiseWithResolvers<CommandEnd> | undefined;
  #sense = 0;

  constructor(name = '3270') {
    this.name = name;
  }

  /** A terminal is there: the guest is told that the device is ready. */
  connect(terminal: Terminal): void {
    this.#terminal = terminal;
    this.#entered = undefined;
    this.#listener?.(DEVICE_STATUS.DEVICE_END);
  }

  /** The terminal is gone. */
  disconnect(): void {
    this.#terminal = undefined;
    this.#entered = undefined;
    this.#reading?.resolve(this.#check(SENSE.INTERVENTION_REQUIRED));
    this.#reading = undefined;
  }

  /** The terminal has sent something: what was asked for, or what somebody has entered. */
  received(record: Uint8Array): void {
    const reading = this.#reading;
    this.#reading = undefined;
    if (reading !== undefined) {
      reading.resolve({ status: NORMAL, data: record });
      return;
    }
    this.#entered = record;
    this.#listener?.(DEVICE_STATUS.ATTENTION);
  }

  begin(): void {
    // Nothing is set up by one command for the next.
  }

  execute({ code, data }: DeviceCommand): Promise<CommandEnd> | CommandEnd {
    if (code !== COMMAND.SENSE) this.#sense = 0;
    switch (code) {
      case COMMAND.SENSE_ID:
        return { status: NORMAL, data: SENSE_ID };
      case COMMAND.SENSE:
        return { status: NORMAL, data: Uint8Array.of(this.#takeSense()) };
      case COMMAND.NO_OPERATION:
      case COMMAND.SELECT:
        return { status: NORMAL, taken: 0 };
      case COMMAND.READ_MODIFIED:
      case COMMAND.READ_BUFFER:
        return this.#read(code);
      default:
        return this.#write(code, data);
    }
  }

  abort(): void {
    this.#reading?.resolve({ status: NORMAL });
    this.#reading = undefined;
  }

  end(): undefined {
    return undefined;
  }

  listen(listener: ((status: number) => void) | undefined): void {
    this.#listener = listener;
  }

  reset(): void {
    this.#sense = 0;
    this.#entered = undefined;
    this.abort();
  }

  close(): Promise<void> {
    this.disconnect();
    return Promise.resolve();
  }

  #write(code: number, data: Uint8Array): Promise<CommandEnd> | CommandEnd {
    const command = STREAM_COMMAND.get(code);
    if (command === undefined) return this.#check(SENSE.COMMAND_REJECT);
    if (this.#terminal === undefined) return this.#check(SENSE.INTERVENTION_REQUIRED);
    // A write frees the keyboard, so what was entered before is not wanted any more.
    this.#entered = undefined;
    const sent = this.#terminal.send(Uint8Array.of(command, ...data));
    return sent === undefined ? { status: NORMAL } : sent.then(() => ({ status: NORMAL }));
  }

  #read(code: number): Promise<CommandEnd> | CommandEnd {
    if (this.#terminal === undefined) return this.#check(SENSE.INTERVENTION_REQUIRED);
    const entered = this.#entered;
    if (code === COMMAND.READ_MODIFIED && entered !== undefined) {
      this.#entered = undefined;
      return { status: NORMAL, data: entered };
    }
    const reading = Promise.withResolvers<CommandEnd>();
    this.#reading = reading;
    void this.#terminal.send(Uint8Array.of(STREAM_COMMAND.get(code) ?? 0));
    return reading.promise;
  }

  #takeSense(): number {
    const sense = this.#sense;
    this.#sense = 0;
    return sense;
  }

  #check(sense: number): CommandEnd {
    this.#sense = sense;
    return { status: CHECK, taken: 0, data: NONE, sense: Uint8Array.of(sense) };
  }
}
