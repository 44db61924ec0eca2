// A stand for each test.

import { standFixtures, type StandFixtures } from '@vfio-ts/lab';
import { vi } from 'vitest';
import { DEADLINE, Stand } from './stand.ts';

vi.setConfig({ testTimeout: 4 * DEADLINE, hookTimeout: DEADLINE });

/** For tests that have a {@link Stand}. */
export const fixtures: StandFixtures<Stand> = standFixtures((font) => new Stand(font));
