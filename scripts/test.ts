// Runs every package's tests through turbo and closes with one line of totals.
import { spawnSync } from 'node:child_process';
import { globSync, readFileSync, rmSync } from 'node:fs';

interface Report {
  readonly numPassedTests: number;
  readonly numFailedTests: number;
  readonly numPendingTests: number;
}

const reports = 'packages/*/.reports/vitest.json';
for (const file of globSync(reports)) rmSync(file);

const args = ['run', 'test', '--continue=dependencies-successful', ...process.argv.slice(2)];
const { status } = spawnSync('turbo', args, { stdio: 'inherit' });

let passed = 0;
let failed = 0;
let skipped = 0;
for (const file of globSync(reports)) {
  const report: Report = JSON.parse(readFileSync(file, 'utf8'));
  passed += report.numPassedTests;
  failed += report.numFailedTests;
  skipped += report.numPendingTests;
}
console.log(`${passed} passed, ${failed} failed, ${skipped} skipped`);
process.exitCode = status === 0 && failed === 0 && passed > 0 ? 0 : 1;
