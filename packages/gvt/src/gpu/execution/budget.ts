// What a slice of execution may use up.

/** Counted down while a slice runs; nothing is left below 1. */
export interface Budget {
  commands: number;
  /** Of fills, copies and stores. */
  bytes: number;
  /** By the clock of the vGPU. */
  deadline: number;
}
