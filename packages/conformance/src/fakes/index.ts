export { ManualClock } from './clock.ts';
export { RecordingLogger, type LogLine } from './logger.ts';
export { TrackedMemory } from './memory.ts';
export { CountingSignal } from './signal.ts';
