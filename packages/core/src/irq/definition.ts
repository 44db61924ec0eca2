// Interrupt indexes as a driver sets them up.

/** One interrupt index. */
export interface IrqDefinition {
  /** Subindexes. */
  readonly count: number;
  /** `VFIO_IRQ_INFO_*`; `VFIO_IRQ_INFO_EVENTFD` when left out. */
  readonly flags?: number;
}
