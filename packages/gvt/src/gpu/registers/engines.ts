// The engines of a Kaby Lake GT2. PRM volume 7 (3D-Media-GPGPU), "Command Streamers".

/** Name of an engine. */
export type EngineName = 'RCS0' | 'BCS0' | 'VCS0' | 'VECS0';

/** Where an engine is found. */
export interface EngineLayout {
  readonly name: EngineName;
  /** Base of its block of registers. */
  readonly base: number;
  /** Its bit in GDRST. */
  readonly resetBit: number;
  /** TLB invalidation register. */
  readonly tlb: number;
  /** Group of interrupt registers, and the first bit of its lane there. */
  readonly group: number;
  readonly lane: number;
}

/** The engines. */
export const ENGINES: readonly EngineLayout[] = [
  { name: 'RCS0', base: 0x0_2000, resetBit: 0x02, tlb: 0x4260, group: 0x4_4300, lane: 0 },
  { name: 'BCS0', base: 0x2_2000, resetBit: 0x08, tlb: 0x4270, group: 0x4_4300, lane: 16 },
  { name: 'VCS0', base: 0x1_2000, resetBit: 0x04, tlb: 0x4264, group: 0x4_4310, lane: 0 },
  { name: 'VECS0', base: 0x1_a000, resetBit: 0x10, tlb: 0x426c, group: 0x4_4330, lane: 0 },
];

/** GDRST: all of the above. */
export const GRDOM_FULL = 0x01;
