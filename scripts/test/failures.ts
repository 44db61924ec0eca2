// What a run says of tests that failed, in few lines: the log of all packages is long, and its end is what is read.

import { relative } from 'node:path';

/** A file in vitest's JSON report. */
export interface TestFile {
  readonly name: string;
  readonly status: string;
  /** Why the file as a whole failed, where it did. */
  readonly message: string;
  readonly assertionResults: readonly {
    readonly status: string;
    readonly fullName: string;
    readonly failureMessages: readonly string[];
  }[];
}

/** The failures of a file, each with its name and why. */
export function failuresOf({ name, status, message, assertionResults }: TestFile): string[] {
  const file = relative('.', name);
  const failures = assertionResults
    .filter((test) => test.status === 'failed')
    .map(({ fullName, failureMessages }) =>
      [`failed: ${file} > ${fullName}`, ...failureMessages.map(withoutRunner)].join('\n'),
    );
  if (failures.length === 0 && status === 'failed') failures.push(`failed: ${file}\n${message}`);
  return failures;
}

/** An error without the calls that are none of the project's. */
function withoutRunner(text: string): string {
  return text
    .split('\n')
    .filter((line) => !/^ +at .*(?:node_modules|new Promise)/u.test(line))
    .join('\n');
}
