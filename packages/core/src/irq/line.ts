// The subindexes of one interrupt index: who is told, what is masked, what waits for an unmask.

import type { EventSignal } from '../host.ts';

/** One interrupt line or message. */
export class IrqLine {
  /** Told on delivery; owned. */
  signal: EventSignal | null = null;
  /** Ends the masking when the client signals it; owned. */
  unmaskSignal: EventSignal | null = null;
  masked = false;
  /** Fired while masked. */
  pending = false;
  /** A level the device holds up. */
  asserted = false;

  /**
   * Delivers, or keeps it for the unmask.
   *
   * @param automask - mask on delivery, as INTx does
   */
  deliver(automask: boolean): void {
    if (this.masked) {
      this.pending = true;
      return;
    }
    this.pending = false;
    if (this.signal === null) return;
    this.masked = automask;
    this.signal.signal();
  }

  /** Opposite of masking: delivers what waited, and a level that is still up. */
  unmask(automask: boolean): void {
    this.masked = false;
    if (this.pending || this.asserted) this.deliver(automask);
  }

  /**
   * Replaces the signal and closes the old one. A level that is up, which nobody was told of, is delivered.
   *
   * @param automask - mask on delivery, as INTx does
   */
  assign(signal: EventSignal | null, automask: boolean): void {
    const old = this.signal;
    this.signal = signal;
    if (old !== signal) old?.close();
    if (this.asserted && !this.masked) this.deliver(automask);
  }

  /** Replaces the signal that ends the masking and closes the old one. */
  assignUnmask(signal: EventSignal | null): void {
    const old = this.unmaskSignal;
    this.unmaskSignal = signal;
    if (old !== signal) old?.close();
  }

  /** Forgets the user; a level the device holds up stays up. */
  clear(): void {
    this.assign(null, false);
    this.assignUnmask(null);
    this.masked = false;
    this.pending = false;
  }
}
