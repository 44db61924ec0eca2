import { LabError } from './errors.ts';
import type { Env } from './paths.ts';
import { findProgram } from './process.ts';
import { labStatus } from './status.ts';
import type { LabReady, LabStatus } from './status.ts';

/** What {@link labForTest} needs of a test's context. */
export interface SkippableTest {
  /** Ends the test as skipped, for a reason; never returns. */
  skip(reason: string): never;
}

/**
 * The lab for a test with a real guest. Where the lab is not set up the test is skipped, with how
 * to set it up; with `VFIO_TS_REQUIRE_CLIENTS=1` in the environment it fails instead.
 *
 * @throws LabError if clients are required and absent.
 */
export function labForTest(
  test: SkippableTest,
  status: LabStatus = labStatus(),
  env: Env = process.env,
): LabReady {
  if (status.ready) return status;
  const reason = `no guest lab: ${status.missing}. ${status.howTo}`;
  return without(test, reason, env);
}

/**
 * The path of a program that a test drives. Where it is not installed the test is skipped, with the
 * Debian package that has it; with `VFIO_TS_REQUIRE_CLIENTS=1` in the environment it fails instead.
 *
 * @throws LabError if clients are required and absent.
 */
export function programForTest(
  test: SkippableTest,
  name: string,
  debianPackage: string,
  env: Env = process.env,
): string {
  const found = findProgram(name, env);
  if (found !== undefined) return found;
  return without(test, `no ${name} on the PATH. Run: apt-get install ${debianPackage}`, env);
}

function without(test: SkippableTest, reason: string, env: Env): never {
  if (env['VFIO_TS_REQUIRE_CLIENTS'] === '1') throw new LabError(reason);
  return test.skip(reason);
}
