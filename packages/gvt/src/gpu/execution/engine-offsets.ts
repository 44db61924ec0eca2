// Registers of a command streamer: offsets from its base. Kaby Lake PRM, volume 2c.

export const RING_TAIL = 0x30;
export const RING_HEAD = 0x34;
export const RING_START = 0x38;
export const RING_CTL = 0x3c;
export const RING_ACTHD_UDW = 0x5c;
export const RING_DMA_FADD_UDW = 0x60;
export const RING_IPEIR = 0x64;
export const RING_IPEHR = 0x68;
export const RING_INSTDONE = 0x6c;
export const RING_ACTHD = 0x74;
export const RING_DMA_FADD = 0x78;
export const HWS_PGA = 0x80;
export const MI_MODE = 0x9c;
export const INSTPM = 0xc0;
export const RING_BBSTATE = 0x110;
export const RING_BBADDR = 0x140;
export const RING_BBADDR_UDW = 0x168;
export const BCS_SWCTRL = 0x200;
export const RING_ELSP = 0x230;
export const RING_EXECLIST_STATUS_LO = 0x234;
export const RING_EXECLIST_STATUS_HI = 0x238;
export const RING_MODE = 0x29c;
export const RING_CONTEXT_STATUS_BUF = 0x370;
export const RING_CONTEXT_STATUS_PTR = 0x3a0;
export const MI_PREDICATE_RESULT_2 = 0x3bc;
export const MI_PREDICATE_SRC0 = 0x400;
export const MI_PREDICATE_SRC1 = 0x408;
export const MI_PREDICATE_DATA = 0x410;
export const MI_PREDICATE_RESULT = 0x418;
export const MI_PREDICATE_RESULT_1 = 0x41c;

/** The first of sixteen, of 64 bits each. */
export const CS_GPR = 0x600;
