// Registers of the exerciser, BAR 0, 32 bits each, little endian. Its driver is packages/lab/guest/exerciser.

/** Reads 0x31455654. */
export const EX_ID = 0x00;
/** Keeps what is written. */
export const EX_SCRATCH = 0x04;
/** Causes that are up; the INTx line is up as long as there is one. */
export const EX_STATUS = 0x08;
/** Raises causes: bits are added to the status, and the vector of {@link EX_VECTOR} is triggered. */
export const EX_RAISE = 0x0c;
/** Writing a 1 clears the cause. */
export const EX_ACK = 0x10;
/** Which vector is triggered, of MSI and MSI-X. */
export const EX_VECTOR = 0x14;
/** Where in guest memory, low half. */
export const EX_DMA_LOW = 0x20;
/** High half. */
export const EX_DMA_HIGH = 0x24;
/** Where in the memory of BAR 2, bytes. */
export const EX_DMA_OFFSET = 0x28;
/** Bytes. */
export const EX_DMA_LENGTH = 0x2c;
/** Starts a transfer, whose end raises {@link EX_STATUS_DMA}. */
export const EX_DMA_COMMAND = 0x30;
/** How the last transfer ended: 1 well, 2 not. */
export const EX_DMA_RESULT = 0x34;

export const EX_ID_VALUE = 0x3145_5654;
export const EX_STATUS_DMA = 0x8000_0000;
/** Guest memory to BAR 2. */
export const EX_DMA_TO_DEVICE = 1;
/** BAR 2 to guest memory. */
export const EX_DMA_FROM_DEVICE = 2;
export const EX_DMA_DONE = 1;
export const EX_DMA_FAILED = 2;

export const EX_REGISTERS_SIZE = 0x1000;
export const EX_RAM_SIZE = 0x1_0000;
export const EX_VECTORS = 4;
/** BAR 4: MSI-X table, then the pending bits. */
export const EX_MSIX_SIZE = 0x1000;
export const EX_PBA_OFFSET = 0x800;
