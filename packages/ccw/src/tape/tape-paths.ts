// The one path of a drive: its group, and whether the drive is assigned to it. IBM 3490 Hardware Reference, GA32-0127,
// "Set Path Group ID", "Assign".

import { isZeroGroup, PATH_GROUP_ID_SIZE, PathGroup } from '../channel/path-group.ts';
import { TapeCheck } from './sense.ts';

/** The path that leads to a drive. */
export class TapePaths {
  /** A 3490 has no multipath mode. */
  readonly #group: PathGroup = new PathGroup(false);
  #isAssigned = false;

  /** What Sense Path Group ID gives. */
  sense(): Uint8Array {
    return this.#group.sense(this.#isAssigned);
  }

  /** Does what Set Path Group ID asks for. @throws TapeCheck */
  set(bytes: Uint8Array): void {
    if (!this.#group.set(bytes)) throw new TapeCheck('commandReject');
  }

  /** Assign: for the path's own group, or for this path alone where the identifier is zero. @throws TapeCheck */
  assign(id: Uint8Array): void {
    const own = id.subarray(0, PATH_GROUP_ID_SIZE);
    const isForeign = !isZeroGroup(own) && !this.#group.isOwn(own);
    if (id.length < PATH_GROUP_ID_SIZE || isForeign) throw new TapeCheck('commandReject');
    this.#isAssigned = true;
  }

  /** Unassign. @throws TapeCheck */
  unassign(id: Uint8Array): void {
    if (id.length < PATH_GROUP_ID_SIZE) throw new TapeCheck('commandReject');
    this.#isAssigned = false;
  }

  /** Returns to the state after power-on. */
  reset(): void {
    this.#group.reset();
    this.#isAssigned = false;
  }
}
