// The instruction port: a region of 4 KiB by which a guest that has no AP instructions of its own issues them. It is no
// part of the kernel's interface. All registers are little endian.
//
// Header, read only, 32 bits each:
//   0x00  ID           "APIP"
//   0x04  VERSION      1
//   0x08  SLOTS        16
//   0x0c  SLOT_BASE    where the first slot is, 0x100
//   0x10  SLOT_SIZE    from one slot to the next, 0x80
//   0x14  COMPLETIONS  instructions that have ended in all slots, modulo 2^32
//   0x18  BUSY         bit n: the instruction of slot n has not ended
//
// Slot. What the instruction gets, read and write:
//   0x00  GR0      64  function code, flags and APQN, as the instruction takes them; other bits are not looked at
//   0x08  GR1      64  AQIC: control word
//   0x10  GR2      64  AQIC: guest address of the byte; QCI: guest address of the block
//   0x18  PSMID    64  NQAP: number of the request
//   0x20  ADDRESS  64  NQAP, DQAP: guest address of the message
//   0x28  LENGTH   32  NQAP: bytes of the message; DQAP: room for the reply
//   0x2c  START    32  the operation code, 0xb2ad to 0xb2af: starts the instruction
// What it gives, read only:
//   0x40  STATE    32  0 nothing yet, 1 busy, 2 done
//   0x44  CC       32  condition code; 2 = DQAP is not at the end of the reply
//   0x48  GR0      64  DQAP: to be given to the next DQAP
//   0x50  GR1      64  status word in the low half
//   0x58  GR2      64  TAPQ: what the queue is; DQAP: bytes that are left of the reply
//   0x60  PSMID    64  DQAP: number of the request that was replied to
//   0x68  LENGTH   32  DQAP: bytes that were stored
//   0x6c  COUNT    32  instructions that have ended in this slot, modulo 2^32
//
// Only a write of all four bytes of START starts an instruction; it may carry the registers before it, and more slots
// after it. While a slot is busy its START does nothing, and what is written to its other registers is for the next
// instruction. An instruction that reaches all memory at once has ended when the write returns. Any other is busy, and
// signals AP_PORT_COMPLETION_IRQ at its end.

/** Bytes of the region. */
export const AP_PORT_SIZE = 0x1000;
/** Index of the region. */
export const AP_PORT_REGION_INDEX = 0;
/** Interrupt index of the port: subindexes 0 to 7 are interruption subclasses. */
export const AP_PORT_IRQ_INDEX = 2;
/** Subindex that says that an instruction which took time has ended. */
export const AP_PORT_COMPLETION_IRQ = 8;
/** Subindexes of {@link AP_PORT_IRQ_INDEX}. */
export const AP_PORT_IRQ_COUNT = 9;

/** Reads "APIP". */
export const AP_PORT_ID = 0x00;
export const AP_PORT_VERSION = 0x04;
export const AP_PORT_SLOTS = 0x08;
export const AP_PORT_SLOT_BASE = 0x0c;
export const AP_PORT_SLOT_SIZE = 0x10;
export const AP_PORT_COMPLETIONS = 0x14;
export const AP_PORT_BUSY = 0x18;

export const AP_PORT_ID_VALUE = 0x5049_5041;
export const AP_PORT_VERSION_VALUE = 1;
export const AP_PORT_SLOT_COUNT = 16;
export const AP_PORT_FIRST_SLOT = 0x100;
export const AP_PORT_SLOT_STRIDE = 0x80;

/** Offsets in a slot: what the instruction gets. */
export const AP_SLOT_GR0 = 0x00;
export const AP_SLOT_GR1 = 0x08;
export const AP_SLOT_GR2 = 0x10;
export const AP_SLOT_PSMID = 0x18;
export const AP_SLOT_ADDRESS = 0x20;
export const AP_SLOT_LENGTH = 0x28;
export const AP_SLOT_START = 0x2c;
/** Where what can be written ends. */
export const AP_SLOT_INPUT_END = 0x30;

/** Offsets in a slot: what the instruction gives. */
export const AP_SLOT_STATE = 0x40;
export const AP_SLOT_CC = 0x44;
export const AP_SLOT_GR0_OUT = 0x48;
export const AP_SLOT_GR1_OUT = 0x50;
export const AP_SLOT_GR2_OUT = 0x58;
export const AP_SLOT_PSMID_OUT = 0x60;
export const AP_SLOT_LENGTH_OUT = 0x68;
export const AP_SLOT_COUNT = 0x6c;
/** Where what it gives ends. */
export const AP_SLOT_OUTPUT_END = 0x70;

/** Values of {@link AP_SLOT_STATE}. */
export const AP_SLOT_STATES = { IDLE: 0, BUSY: 1, DONE: 2 } as const;

/** Operation codes, values of {@link AP_SLOT_START}. */
export const AP_OPERATION = { NQAP: 0xb2ad, DQAP: 0xb2ae, PQAP: 0xb2af } as const;

/** Function codes of PQAP, bits 24 to 31 of GR0. */
export const AP_PQAP = { TAPQ: 0, RAPQ: 1, ZAPQ: 2, AQIC: 3, QCI: 4 } as const;

/** GR0 of NQAP: the message is whole. */
export const AP_NQAP_WHOLE = 0x4000_0000;
/** GR0 of TAPQ: facilities are wanted too. */
export const AP_TAPQ_FACILITIES = 0x0080_0000;
/** GR1 of AQIC: enable interrupts; the low three bits are the interruption subclass. */
export const AP_AQIC_ENABLE = 0x8000_0000_0000n;

/** Bytes of the block that QCI stores. */
export const AP_QCI_SIZE = 128;

/** Where slot `n` starts. */
export function slotOffset(n: number): number {
  return AP_PORT_FIRST_SLOT + n * AP_PORT_SLOT_STRIDE;
}
