// What a mediated device needs of the matrix device it is under.

import type { Clock, KvmReference } from '@vfio-ts/core';
import type { ApConfigInfo } from '../bus/config-info.ts';
import type { ApMatrix } from './matrix.ts';
import type { ResetHost } from './reset.ts';

/** The matrix device as its mediated devices see it. */
export interface MatrixHost extends ResetHost {
  readonly clock: Clock;
  /** The machine's configuration as the driver was last told. */
  readonly config: ApConfigInfo;
  /** The masks of that configuration. */
  readonly matrix: ApMatrix;
  /** Guests issue instructions by a region of ours. */
  readonly hasInstructionPort: boolean;
  /** Runs work of the AP bus: after the work there is, and before any other. */
  exclusive<R>(work: () => Promise<R> | R): Promise<R>;
  /**
   * Checks that a virtual machine may open a device.
   *
   * @throws `EPERM` it has one open; `EINVAL` there has to be one
   */
  checkGuest(kvm: KvmReference | undefined): void;
}
