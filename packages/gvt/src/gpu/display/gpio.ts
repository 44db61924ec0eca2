// The pins of the I2C buses, which a driver can move one by one. PRM volume 12 (Display), "GPIO_CTL".

import type { Register, RegisterFamily } from '../registers/register.ts';

const GPIOS = 0xc_5010;
const GPIO_COUNT = 8;

/** A pin's byte: masks say what of a write counts. */
const DIR_MASK = 1 << 0;
const DIR_OUT = 1 << 1;
const VAL_MASK = 1 << 2;
const VAL_OUT = 1 << 3;
const VAL_IN = 1 << 4;

/** Nothing answers here: a line is high unless the driver itself pulls it low. */
export const GPIO: RegisterFamily = {
  name: 'GPIO',
  registers: Array.from({ length: GPIO_COUNT }, (_, i): Register => ({
    offset: GPIOS + i * 4,
    name: `GPIO_CTL_${i}`,
    initial: VAL_OUT | (VAL_OUT << 8),
    read: (stored) => levels(stored),
    written: (value, registers, before) => registers.set(GPIOS + i * 4, merged(value, before)),
  })),
};

/** Clock in the low byte, data in the one above. */
function merged(value: number, before: number): number {
  return mergedPin(value, before) | (mergedPin(value >>> 8, before >>> 8) << 8);
}

function mergedPin(value: number, before: number): number {
  const taken = ((value & DIR_MASK) !== 0 ? DIR_OUT : 0) | ((value & VAL_MASK) !== 0 ? VAL_OUT : 0);
  return (value & taken) | (before & (DIR_OUT | VAL_OUT) & ~taken);
}

function levels(stored: number): number {
  return stored | levelOf(stored) | (levelOf(stored >>> 8) << 8);
}

function levelOf(pin: number): number {
  const isPulled = (pin & DIR_OUT) !== 0 && (pin & VAL_OUT) === 0;
  return isPulled ? 0 : VAL_IN;
}
