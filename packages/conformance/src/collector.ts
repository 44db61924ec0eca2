// A runner in memory: declares nothing to vitest, runs tests one after the other and keeps what came of them.

import { LeakError } from './leak-check.ts';
import { statementsOf, type TestApi } from './test-api.ts';

/** What came of one test. */
export interface TestResult {
  /** The suites around it, outermost first. */
  readonly path: readonly string[];
  readonly title: string;
  /** Statement numbers of the title. */
  readonly statements: readonly number[];
  readonly error?: unknown;
}

interface Declared extends Pick<TestResult, 'path' | 'title'> {
  readonly body: () => Promise<void>;
}

/** Collects tests and runs them when asked; for devices used in this process. */
export class Collector implements TestApi {
  readonly #tests: Declared[] = [];
  #path: readonly string[] = [];

  describe(name: string, body: () => void): void {
    const outer = this.#path;
    this.#path = [...outer, name];
    body();
    this.#path = outer;
  }

  test(title: string, body: () => Promise<void>): void {
    this.#tests.push({ path: this.#path, title, body });
  }

  /** Titles in order, with the suite each is in. */
  get titles(): readonly Pick<TestResult, 'path' | 'title'>[] {
    return this.#tests;
  }

  /** Runs every test, whatever fails. */
  async run(): Promise<readonly TestResult[]> {
    const results: TestResult[] = [];
    for (const { path, title, body } of this.#tests) {
      const result = { path, title, statements: statementsOf(title) };
      try {
        // Each test has the process to itself.
        // oxlint-disable-next-line no-await-in-loop
        await ending(body());
        results.push(result);
      } catch (error) {
        results.push({ ...result, error });
      }
    }
    return results;
  }
}

/** Microtask turns after which a test that nothing outside can wake will not end any more. */
const TURNS = 5_000_000;

/** Waits for a test; one that waits for ever fails. */
async function ending(test: Promise<void>): Promise<void> {
  const state = { isOver: false };
  const over = (): void => {
    state.isOver = true;
  };
  test.then(over, over);
  for (let turn = 0; turn < TURNS && !state.isOver; turn++) {
    // The turns are what is waited for.
    // oxlint-disable-next-line no-await-in-loop
    await Promise.resolve();
  }
  if (!state.isOver) throw new Error('the test does not end');
  await test;
}

/** Tells a test that failed by what it says from one after which something had not come back. */
export function isLeak(result: TestResult): boolean {
  return result.error instanceof LeakError;
}
