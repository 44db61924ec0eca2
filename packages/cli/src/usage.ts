// Errors that are the caller's, and the exit codes.

/** How a command ended. */
export const EXIT = {
  OK: 0,
  /** The command was right, but could not be carried out. */
  FAILED: 1,
  /** The command line is wrong. */
  USAGE: 2,
} as const;

/** A wrong command line; the text names the cause and the next step. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

/** Whether an error is the caller's; drivers of packages have no class of ours to throw. */
export function isUsageError(error: unknown): boolean {
  return error instanceof Error && error.name === 'UsageError';
}
