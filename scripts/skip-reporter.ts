// Notes why tests were skipped, which vitest's own JSON report leaves out.
import { mkdirSync, writeFileSync } from 'node:fs';
import type { Reporter, TestCase } from 'vitest/node';

/** Writes `.reports/skips.json`: a list of reasons, one for each skipped test. */
export default class SkipReporter implements Reporter {
  readonly #reasons: string[] = [];

  onTestCaseResult(test: TestCase): void {
    const result = test.result();
    if (result.state === 'skipped')
      this.#reasons.push(result.note ?? `no reason: ${test.fullName}`);
  }

  onTestRunEnd(): void {
    mkdirSync('.reports', { recursive: true });
    writeFileSync('.reports/skips.json', JSON.stringify(this.#reasons));
  }
}
