// Clean-up that goes on whatever a part of it throws.

/** Something thrown, which may be `undefined`. */
export interface Failure {
  readonly error: unknown;
}

/**
 * Does all steps in order.
 *
 * @param failure - what made the clean-up necessary
 * @returns what has failed in all, joined by `SuppressedError`; `failure` itself when the steps went well
 */
export function runAll<T>(
  steps: Iterable<(subject: T) => void>,
  subject: T,
  failure?: Failure,
): Failure | undefined {
  let failed = failure;
  for (const step of steps) {
    try {
      step(subject);
    } catch (error) {
      failed = joined(error, failed);
    }
  }
  return failed;
}

/** A failure on top of an earlier one. */
export function joined(error: unknown, earlier: Failure | undefined): Failure {
  return earlier === undefined ? { error } : { error: new SuppressedError(error, earlier.error) };
}
