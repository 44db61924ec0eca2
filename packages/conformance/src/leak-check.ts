// What must be gone after each test.

/** Something has not come back, or could not be taken back, after a test that passed otherwise. */
export class LeakError extends Error {
  override readonly name = 'LeakError';
  /** One line for each thing. */
  readonly leaks: readonly string[];

  constructor(leaks: readonly string[], options?: ErrorOptions) {
    super(`left behind:\n  ${leaks.join('\n  ')}`, options);
    this.leaks = leaks;
  }
}
