// What a control unit with one device behind it does: it executes one command after the other. The channel fetches
// data before a command and stores data after it, chains, and makes the status; write another control unit against
// this interface.

export { DEVICE_STATUS } from '../architecture/device-status.ts';

/** One command of a chain. */
export interface DeviceCommand {
  /** The command byte. */
  readonly code: number;
  /** Bytes the CCW has room for, or brings; all pieces of a data chain together. */
  readonly count: number;
  /** What the CCW brings to a write or control command; empty for all others. Valid until the command ends. */
  readonly data: Uint8Array;
  /** The command before it in the chain; `undefined` for the first. */
  readonly previous: number | undefined;
  /** Another command follows by command chaining. */
  readonly isChained: boolean;
}

/** How a command ended. */
export interface CommandEnd {
  /**
   * {@link DEVICE_STATUS}: channel end and device end together for all that ends in one go; busy alone for a command
   * that cannot be executed now. Busy, attention, unit check and unit exception end the chain.
   */
  readonly status: number;
  /** All that the device has for a read or sense command; the channel takes `count` of it. */
  readonly data?: Uint8Array;
  /** Bytes of `command.data` the device took; when left out all of them, none with busy. */
  readonly taken?: number;
  /** With unit check. */
  readonly sense?: Uint8Array;
}

/** A control unit and its device. Nothing it does blocks the loop. */
export interface ControlUnit {
  /** For log lines. */
  readonly name: string;
  /** A channel program begins: what an earlier one has set up in the chain is forgotten. */
  begin(): void;
  /** Executes a command. An exception is an equipment check to the guest, and a log line. */
  execute(command: DeviceCommand): Promise<CommandEnd> | CommandEnd;
  /** The command in progress is not wanted any more: one that waits for somebody ends at once, with any status. */
  abort?(): void;
  /**
   * The chain is over, whatever the reason; what it wrote becomes durable. Sense data where the end itself is an
   * error.
   *
   * @param isAborted - it was halted or cleared, nobody will see a status
   */
  end(isAborted: boolean): Promise<CommandEnd | undefined> | CommandEnd | undefined;
  /** Sets who hears of unsolicited status, `ATTENTION` for example; nobody where left out. */
  listen(listener: ((status: number) => void) | undefined): void;
  /** Returns the device to its state after power-on. */
  reset(): void;
  /** Gives everything back, durable. */
  close(): Promise<void>;
}
