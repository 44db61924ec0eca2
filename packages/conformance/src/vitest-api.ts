import { describe, test } from 'vitest';
import type { TestApi } from './test-api.ts';

/** What a test may take on a busy machine, ms; most take one or two. */
const TIMEOUT = 60_000;

/** vitest as the runner. */
export const vitestApi: TestApi = {
  describe,
  // A runner passes titles and bodies on, it has none of its own.
  // oxlint-disable-next-line valid-title, expect-expect
  test: (title, body) => test(title, { timeout: TIMEOUT }, body),
};
