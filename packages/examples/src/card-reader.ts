// A card reader 2540 on a control unit 2821: reads one card of 80 columns with each command.

import {
  DEVICE_STATUS,
  encodeEbcdic,
  type CommandEnd,
  type ControlUnit,
  type DeviceCommand,
} from '@vfio-ts/ccw';

const COLUMNS = 80;
const SENSE_ID = Uint8Array.of(0xff, 0x28, 0x21, 0x01, 0x25, 0x40, 0x01);
const COMMAND_REJECT = 0x80;
const INTERVENTION_REQUIRED = 0x40;
const NORMAL = DEVICE_STATUS.CHANNEL_END | DEVICE_STATUS.DEVICE_END;

/** The reader, with a hopper for one deck. */
export class CardReader implements ControlUnit {
  readonly name = 'reader';
  /** What is left of the deck; nothing in the hopper when `undefined`. */
  #deck: Uint8Array[] | undefined;
  #sense = 0;
  #listener: ((status: number) => void) | undefined;

  /** Puts a deck into the hopper, a card for each line: the guest hears that the device is ready. */
  load(lines: readonly string[]): void {
    this.#deck = lines.map((line) => encodeEbcdic(line, { length: COLUMNS }));
    this.#listener?.(DEVICE_STATUS.DEVICE_END);
  }

  execute({ code }: DeviceCommand): CommandEnd {
    if (code !== 0x04) this.#sense = 0;
    switch (code) {
      case 0x02:
        return this.#read();
      case 0x03:
        return { status: NORMAL };
      case 0x04:
        return { status: NORMAL, data: Uint8Array.of(this.#sense) };
      case 0xe4:
        return { status: NORMAL, data: SENSE_ID };
      default:
        return this.#check(COMMAND_REJECT);
    }
  }

  /** One card. Behind the last there is one end of file, and then the hopper is empty. */
  #read(): CommandEnd {
    if (this.#deck === undefined) return this.#check(INTERVENTION_REQUIRED);
    const card = this.#deck.shift();
    if (card !== undefined) return { status: NORMAL, data: card };
    this.#deck = undefined;
    return { status: NORMAL | DEVICE_STATUS.UNIT_EXCEPTION };
  }

  #check(sense: number): CommandEnd {
    this.#sense = sense;
    const status = NORMAL | DEVICE_STATUS.UNIT_CHECK;
    return { status, taken: 0, sense: Uint8Array.of(sense) };
  }

  listen(listener: ((status: number) => void) | undefined): void {
    this.#listener = listener;
  }

  begin(): void {
    // A chain sets nothing up here.
  }

  end(): undefined {
    return undefined;
  }

  reset(): void {
    this.#sense = 0;
  }

  async close(): Promise<void> {
    this.#deck = undefined;
  }
}
