// The little the suites need of a test runner, so that they also run where there is none: in the self-test, which has
// to see tests fail.

/** What declares tests. */
export interface TestApi {
  describe(name: string, body: () => void): void;
  test(title: string, body: () => Promise<void>): void;
}

/** The numbers at the start of a title: `'[41, 42] …'`. */
export function statementsOf(title: string): readonly number[] {
  const [, list = ''] = /^\[([\d, ]+)\]/u.exec(title) ?? [];
  return list === '' ? [] : list.split(',').map(Number);
}
