import { describe, expect, test } from 'vitest';
import { BROKEN_DRIVERS, type BrokenDriver } from '../src/broken/index.ts';
import { Collector, conformance, isLeak, type TestResult } from '../src/index.ts';

function statements(results: readonly TestResult[]): readonly number[] {
  return [...new Set(results.flatMap((result) => result.statements))].toSorted((a, b) => a - b);
}

async function failuresOf({ harness }: BrokenDriver) {
  const collector = new Collector();
  conformance(harness, { api: collector, cycles: 5 });
  const failed = (await collector.run()).filter(({ error }) => error !== undefined);
  return { said: failed.filter((result) => !isLeak(result)), left: failed.filter(isLeak) };
}

describe('a broken driver fails where its fault is, and only there', () => {
  test.each(BROKEN_DRIVERS)('$name', async (driver) => {
    const { caughtBy, alsoFails = [], leaves = [] } = driver;
    const { said, left } = await failuresOf(driver);
    const failing = statements(said);
    const text = [...said, ...left].map(({ title, error }) => `${title}: ${String(error)}`);
    const why = text.join('\n').slice(0, 3000);
    expect(failing, why).toEqual(expect.arrayContaining([...caughtBy]));
    expect([...caughtBy, ...alsoFails], why).toEqual(expect.arrayContaining([...failing]));
    if (leaves !== 'any') expect(statements(left), why).toEqual([...leaves]);
    else expect(left.length, why).toBeGreaterThan(0);
    expect(said.length + left.length).toBeGreaterThan(0);
  });

  test('there are at least 25, each with a name of its own', () => {
    const names = new Set(BROKEN_DRIVERS.map(({ name }) => name));
    expect(names.size).toBe(BROKEN_DRIVERS.length);
    expect(names.size).toBeGreaterThanOrEqual(25);
  });
});
