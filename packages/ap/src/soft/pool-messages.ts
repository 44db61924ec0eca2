// What a thread that computes and the one that asks say to each other.

/** Jobs to do, one after the other. */
export interface ToWorker {
  readonly id: number;
  /** The numbers of each job, packed. In their place comes the result of each; no number when it could not be done. */
  readonly memory: SharedArrayBuffer;
}

/** All of them are done. */
export interface FromWorker {
  readonly id: number;
}
