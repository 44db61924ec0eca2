/**
 * A device that reaches guest memory through an address space. Attached from `openDevice` to `closeDevice`.
 */
export interface DmaUser {
  /** For log lines and leak lists. */
  readonly name: string;
  /**
   * A mapping with pinned pages, not always this user's, goes away: unpin everything of one's own in the
   * range before returning. A user without it cannot pin.
   */
  dmaUnmap?(iova: number, length: number): void;
  /** This user wrote a range, or can have written it through pages it had pinned; see `DmaLog`. */
  onWrite?(iova: number, length: number): void;
}
