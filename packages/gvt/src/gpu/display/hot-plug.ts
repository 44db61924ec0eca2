// Telling that a monitor has come, gone or changed. PRM volume 12 (Display), "SHOTPLUG_CTL".

import { SDE_IRQ, SDE_PORTB_HOTPLUG } from '../interrupts/groups.ts';
import type { InterruptSink } from '../interrupts/source.ts';
import type { Register, RegisterFamily, RegisterStorage } from '../registers/register.ts';

const PCH_PORT_HOTPLUG = 0xc_4030;
const PCH_PORT_HOTPLUG2 = 0xc_403c;

/** Status of ports B, C, D and A: long and short pulses, which stay until written as 1. */
const STATUS = 0x0303_0303;
/** Status of port E. */
const STATUS2 = 0x0000_0003;

const PORTB_HOTPLUG_LONG_DETECT = 2;

/** The registers of hot plug. */
export const HOT_PLUG: RegisterFamily = {
  name: 'hot plug',
  registers: [
    status(PCH_PORT_HOTPLUG, 'PCH_PORT_HOTPLUG', STATUS),
    status(PCH_PORT_HOTPLUG2, 'PCH_PORT_HOTPLUG2', STATUS2),
  ],
};

/**
 * A long pulse on port B. The level in SDE_ISR stays low: only DisplayPort is found by it, and what is on this port
 * answers as HDMI or DVI does, by its EDID.
 */
export function tellHotPlug(registers: RegisterStorage, interrupts: InterruptSink): void {
  registers.set(PCH_PORT_HOTPLUG, registers.get(PCH_PORT_HOTPLUG) | PORTB_HOTPLUG_LONG_DETECT);
  interrupts.raise({ group: SDE_IRQ, bit: SDE_PORTB_HOTPLUG });
}

function status(offset: number, name: string, bits: number): Register {
  return {
    offset,
    name,
    written(value, registers, before, written) {
      registers.set(offset, (value & ~bits) | (before & bits & ~written));
    },
  };
}
