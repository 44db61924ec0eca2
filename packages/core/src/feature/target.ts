import type { MigrationSession } from '../migration/session.ts';
import type { VfioDeviceOps } from '../ops.ts';

/**
 * What an open device remembers about DMA logging. Core refuses nothing on the strength of it, the driver does;
 * it only says whether there is something to stop at the end.
 */
export class LoggingState {
  started = false;
}

/** The device a feature request goes to. */
export interface FeatureTarget {
  readonly ops: VfioDeviceOps<object>;
  /** What the callbacks get. */
  readonly self: object;
  /** The device's migration, if it has one. */
  readonly migration?: MigrationSession | undefined;
  /** `false`: the device had no logging when it was registered. */
  readonly logs?: boolean;
  readonly logging: LoggingState;
  /** Hears of the driver's mistakes and of failures nobody else is told. */
  readonly log?: ((message: () => string, error?: unknown) => void) | undefined;
}

/** In what a user interface differs from the kernel's. */
export interface FeatureOptions {
  /** `DMA_LOGGING_START` with no ranges logs everything, as in vfio-user; in the kernel it is refused. */
  readonly emptyMeansAll?: boolean;
  /** Most bytes of bitmap one report can ask for; what 2^31 - 1 pages need when left out. */
  readonly maxBitmapSize?: number;
}

/** A feature request, checked as far as all features have it in common. */
export interface CheckedRequest {
  readonly flags: number;
  /** Header included. */
  readonly argsz: number;
  /** Not beyond argsz. */
  readonly data: Uint8Array;
}
