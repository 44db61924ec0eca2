import { describe, expect, test } from 'vitest';
import type { BrokenDriver } from '../../src/broken/index.ts';
import { Collector, conformance, isLeak, type TestResult } from '../../src/index.ts';

async function failuresOf({ harness }: BrokenDriver) {
  const api = new Collector();
  conformance(harness, { api, cycles: 5, sequences: 5 });
  const failed = (await api.run()).filter(({ error }) => error !== undefined);
  const [left, said] = [failed.filter(isLeak), failed.filter((result) => !isLeak(result))];
  return { left, said, statements: new Set(said.flatMap((result) => result.statements)) };
}

function reasons(results: readonly TestResult[]): string {
  return results.map(({ title, error }) => `${title}: ${String(error)}`.slice(0, 300)).join('\n');
}

/** Runs the whole suite on each broken driver and holds what fails against what the driver says of itself. */
export function proveBroken(drivers: readonly BrokenDriver[]): void {
  describe('a broken driver fails where its fault is, and only there', () => {
    test.each(drivers)('$name', { timeout: 60_000 }, async (driver) => {
      const { caughtBy, alsoFails = [], leaves } = driver;
      const { said, left, statements } = await failuresOf(driver);
      const missed = caughtBy.filter((statement) => !statements.has(statement));
      const expected = new Set([...caughtBy, ...alsoFails]);
      // A random sequence, which has no number, may come across any fault.
      const numbered = said.filter((result) => result.statements.length > 0);
      const others = numbered.filter((result) => !result.statements.some((it) => expected.has(it)));
      expect(missed, `not caught by these statements:\n${reasons(said)}`).toEqual([]);
      expect(others.length, `failed too:\n${reasons(others)}`).toBe(0);
      expect(left.length > 0, `left behind:\n${reasons(left)}`).toBe(leaves === 'any');
    });
  });
}
