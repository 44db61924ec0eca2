// What a guest sees of the reference device: regions, registers, interrupts.

import { PAGE_SIZE } from '@vfio-ts/core';

/** Vendor and device id; of the ids QEMU gives to test devices. */
export const REFERENCE_VENDOR_ID = 0x1b36;
export const REFERENCE_DEVICE_ID = 0x00ff;

/** BAR0: registers, answered by the driver. */
export const REGISTERS_REGION = 0;
/** BAR1: memory, mappable as a whole. */
export const RAM_REGION = 1;
/** BAR2: one page answered by the driver, then memory that can be mapped. */
export const SPARSE_REGION = 2;
/** BAR3: a latch in I/O space. */
export const LATCH_REGION = 3;
/** Expansion ROM, read only. */
export const ROM_REGION = 6;
export const CONFIG_REGION = 7;
/** The picture. */
export const SCREEN_REGION = 9;
/** Write-only log port. */
export const PORT_REGION = 10;

export const REGISTERS_SIZE: number = PAGE_SIZE;
export const RAM_SIZE: number = 4 * PAGE_SIZE;
export const SPARSE_SIZE: number = 4 * PAGE_SIZE;
export const LATCH_SIZE = 16;
export const ROM_SIZE = 2048;
export const PORT_SIZE = 256;

/** Read-only identification register, little endian at offset 0. */
export const REG_ID = 0x00;
export const REG_ID_VALUE = 0x6f69_6676;
/** Read/write bytes. */
export const REG_SCRATCH = 0x10;
export const REG_SCRATCH_SIZE = 0x40;

/** In the trapped page of BAR2. */
export const MSIX_TABLE_OFFSET = 0x800;
export const MSIX_PBA_OFFSET = 0xc00;

export const MSI_VECTORS = 4;
export const MSIX_VECTORS = 8;

export const SCREEN_WIDTH = 64;
export const SCREEN_HEIGHT = 64;
export const SCREEN_SIZE: number = SCREEN_WIDTH * SCREEN_HEIGHT * 4;

/** The device-specific type of the screen region. */
export const SCREEN_TYPE = 0x8000_1b36;
export const SCREEN_SUBTYPE = 1;
