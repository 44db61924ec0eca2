// The language of the register tables: a family is a list of registers, each with what a read or a write of it does.
// A register that no family names is storage: it reads as it was written, 0 at first.

/** What a write leaves in a register, before {@link Register.written} acts on it. */
export type RegisterKind =
  /** What was written. */
  | 'storage'
  /** What was there before. */
  | 'read-only'
  /** What was there, without the bits that were written as 1. */
  | 'write-1-to-clear'
  /** Low half: bits selected by the upper half of what was written. */
  | 'masked';

/** The registers of one vGPU as their handlers see them: 32 bits each, no handler runs. */
export interface RegisterStorage {
  /** @param offset - bytes, multiple of 4 @returns unsigned */
  get(offset: number): number;
  set(offset: number, value: number): void;
}

/** One register, 32 bits. */
export interface Register {
  /** Bytes from the start of BAR 0, multiple of 4. */
  readonly offset: number;
  /** As the programmer's reference manual has it. */
  readonly name: string;
  /** After a reset; 0 when left out. */
  readonly initial?: number;
  /** `storage` when left out. */
  readonly kind?: RegisterKind;
  /** Bits that a write does not change, whatever the kind; none when left out. */
  readonly readOnly?: number;
  /** A command of a batch may write it; not when left out. */
  readonly byCommand?: boolean;
  /** Below the line that an engine reset leaves alone when left out: see `SoftRegisters`. */
  readonly keptOver?: 'engine-reset';
  /** What a read gives in place of what is stored. @param stored - unsigned @returns unsigned */
  read?(stored: number, storage: RegisterStorage): number;
  /**
   * Acts on a write, after it is stored. May store something else.
   *
   * @param value - what is stored now, unsigned
   * @param before - what was stored, unsigned
   * @param written - what the guest wrote, unsigned
   */
  written?(value: number, storage: RegisterStorage, before: number, written: number): void;
}

/** Registers that belong together. */
export interface RegisterFamily {
  readonly name: string;
  readonly registers: readonly Register[];
}
