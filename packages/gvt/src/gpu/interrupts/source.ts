// Where interrupts come from, for everything that raises them.

/** Base of a group of four registers (ISR, IMR, IIR, IER) and a bit of it. */
export interface InterruptSource {
  readonly group: number;
  readonly bit: number;
}

/** Takes interrupts: latches them, and tells the guest once it listens. */
export interface InterruptSink {
  raise(source: InterruptSource): void;
}
