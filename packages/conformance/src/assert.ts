// Assertions the suites share.

import type { ErrnoCode } from '@vfio-ts/core';
import { expect } from 'vitest';

/** What came of an action: `'ok'`, or the code it failed with. */
export async function outcome(action: () => unknown): Promise<string> {
  try {
    await action();
    return 'ok';
  } catch (error) {
    if (error instanceof Error && 'code' in error) return String(error.code);
    throw error;
  }
}

/** Asserts that two values are equal in depth. */
export function same(actual: unknown, expected: unknown): void {
  expect(actual).toEqual(expected);
}

/** Asserts that an action is refused with one of the codes. */
export async function refused(
  codes: ErrnoCode | readonly ErrnoCode[],
  action: () => unknown,
): Promise<void> {
  const expected = typeof codes === 'string' ? [codes] : codes;
  expect(expected).toContain(await outcome(action));
}

/** Promises alone stand between an event and what waits for it: so many turns see all of them. */
const TURNS = 1000;

/** Whether a promise has settled once everything that can run has run. */
export async function isSettled(promise: Promise<unknown>): Promise<boolean> {
  const state = { settled: false };
  const note = (): void => {
    state.settled = true;
  };
  promise.then(note, note);
  for (let turn = 0; turn < TURNS && !state.settled; turn++) {
    // The turns are what is waited for.
    // oxlint-disable-next-line no-await-in-loop
    await Promise.resolve();
  }
  return state.settled;
}
