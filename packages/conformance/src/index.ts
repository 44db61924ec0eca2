export * from './device-under-test.ts';
export * from './harness.ts';
export * from './session.ts';
export { inProcess, InProcessSession, InProcessSignal } from './in-process.ts';
export {
  TestContext,
  withContext,
  type ContextOptions,
  type OpenDevice,
  type RegisteredDevice,
} from './context.ts';
export { declareSuite } from './suite.ts';
export type { DeviceTest, Suite, SuiteOptions, SuiteTests } from './suite.ts';
export { statementsOf, type TestApi } from './test-api.ts';
export { Collector, isLeak, type TestResult } from './collector.ts';
export { LeakError } from './leak-check.ts';
export { isSettled, outcome, refused } from './assert.ts';
export { conformance, type ConformanceOptions } from './conformance.ts';
export { SUITES, type SuiteEntry } from './suites/index.ts';
export { hasOp, spyOps, withoutOps, type OpName } from './spy-ops.ts';
