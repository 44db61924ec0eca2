import { describe, test } from 'vitest';
import type { TestApi } from './test-api.ts';

/** vitest as the runner. */
export const vitestApi: TestApi = { describe, test };
