// Runs every package's tests through turbo and closes with which failed and why, why tests were skipped, and one line
// of totals.
import { spawnSync } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { existsSync, globSync, readFileSync, rmSync } from 'node:fs';
import { labStatus } from '../packages/lab/src/index.ts';
import { failuresOf, type TestFile } from './test/failures.ts';

interface Report {
  readonly numPassedTests: number;
  readonly numFailedTests: number;
  readonly numPendingTests: number;
  readonly testResults: readonly TestFile[];
}

/** Programs that tests drive where they are there. */
const PROGRAMS = [
  'Xvfb',
  'chromium',
  'dasdls',
  'fish',
  'lspci',
  'mdevctl',
  'openssl',
  's3270',
  'systemd-analyze',
  'xtigervncviewer',
  'zsh',
];

const reports = 'packages/*/.reports/vitest.json';
const skips = 'packages/*/.reports/skips.json';
for (const file of globSync([reports, skips])) rmSync(file);

// A package's tests use two cores by themselves; virtual machines more.
const concurrency = Math.max(1, Math.floor(availableParallelism() / 2));
const args = [
  'run',
  'test',
  '--continue=dependencies-successful',
  `--concurrency=${concurrency}`,
  ...process.argv.slice(2),
];
const { status } = spawnSync('turbo', args, {
  stdio: 'inherit',
  env: { ...process.env, VFIO_TS_CLIENTS: clients(), TURBO_TELEMETRY_DISABLED: '1' },
});

let passed = 0;
let failed = 0;
let skipped = 0;
for (const file of globSync(reports)) {
  const report: Report = JSON.parse(readFileSync(file, 'utf8'));
  passed += report.numPassedTests;
  failed += report.numFailedTests;
  skipped += report.numPendingTests;
  for (const failure of report.testResults.flatMap(failuresOf)) console.log(`\n${failure}`);
}
const reasons = new Map<string, number>();
for (const file of globSync(skips)) {
  const list: readonly string[] = JSON.parse(readFileSync(file, 'utf8'));
  for (const reason of list) reasons.set(reason, (reasons.get(reason) ?? 0) + 1);
}
for (const [reason, count] of reasons) console.log(`${count} skipped: ${reason}`);
console.log(`${passed} passed, ${failed} failed, ${skipped} skipped`);
process.exitCode = status === 0 && failed === 0 && passed > 0 ? 0 : 1;

/** Which real clients this machine has, so that turbo runs the tests again when that changes. */
function clients(): string {
  const lab = labStatus();
  const folders = [...(process.env['PATH'] ?? '').split(':'), '/usr/sbin'];
  const found = PROGRAMS.filter((name) => folders.some((dir) => existsSync(`${dir}/${name}`)));
  return [lab.ready ? `qemu ${lab.qemuVersion}` : 'no lab', ...found].join(', ');
}
