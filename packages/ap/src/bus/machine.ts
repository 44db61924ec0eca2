// The machine a bus looks at: what its configuration says, and the cards that are plugged in.

import type { ApCardHardware } from '../hardware/card.ts';
import type { ApConfigInfo } from './config-info.ts';

/** A machine. */
export interface ApMachine {
  readonly config: ApConfigInfo;
  /** By adapter number. Cards stay their maker's: the bus never closes one. */
  readonly cards: ReadonlyMap<number, ApCardHardware>;
}

/** What changes of a machine; the rest stays. */
export interface ApMachineChange {
  readonly config?: Partial<ApConfigInfo>;
  /** The cards from now on, all of them. */
  readonly cards?: ReadonlyMap<number, ApCardHardware>;
}
