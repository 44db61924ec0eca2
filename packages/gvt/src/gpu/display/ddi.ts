// The digital ports. PRM volume 12 (Display), "DDI_BUF_CTL", "DP_TP_CTL", "DDI_AUX_CTL".

import { DE_PORT_IRQ } from '../interrupts/groups.ts';
import type { InterruptSink } from '../interrupts/source.ts';
import type { Register, RegisterFamily, RegisterStorage } from '../registers/register.ts';

const PORTS = ['A', 'B', 'C', 'D', 'E'] as const;
const PORT_SIZE = 0x100;

const DDI_BUF_CTL = 0x6_4000;
const DDI_BUF_CTL_ENABLE = 0x8000_0000;
const DDI_BUF_IS_IDLE = 1 << 7;

const DP_TP_CTL = 0x6_4040;
const DP_TP_STATUS = 0x6_4044;
const DP_TP_CTL_LINK_TRAIN_MASK = 0b111 << 8;
const DP_TP_CTL_LINK_TRAIN_IDLE = 0b010 << 8;
const DP_TP_STATUS_IDLE_DONE = 1 << 25;
/** Bits that stay until they are written as 1. */
const DP_TP_STATUS_STICKY = (1 << 27) | (1 << 26) | (1 << 24);

const DP_AUX_CH_CTL = 0x6_4010;
const SEND_BUSY = 0x8000_0000;
const DONE = 1 << 30;
const INTERRUPT = 1 << 29;
const TIME_OUT_ERROR = 1 << 28;
const RECEIVE_ERROR = 1 << 25;

/** Bits of the ports' AUX channels in DE_PORT; port E has none of its own. */
const AUX_BITS = [0, 25, 26, 27] as const;

/** Ports A to E: buffers follow their enable bit, and nothing answers on an AUX channel. */
export function ddi(interrupts: InterruptSink): RegisterFamily {
  return {
    name: 'DDI',
    registers: [
      ...PORTS.flatMap((name, i) => port(name, i * PORT_SIZE)),
      ...AUX_BITS.map((bit, i) => auxChannel(PORTS[i] ?? '', i * PORT_SIZE, bit, interrupts)),
    ],
  };
}

function port(name: string, at: number): Register[] {
  return [
    {
      offset: DDI_BUF_CTL + at,
      name: `DDI_BUF_CTL_${name}`,
      readOnly: DDI_BUF_IS_IDLE,
      read: (stored) => (stored >= DDI_BUF_CTL_ENABLE ? stored : stored | DDI_BUF_IS_IDLE),
    },
    {
      offset: DP_TP_STATUS + at,
      name: `DP_TP_STATUS_${name}`,
      kind: 'write-1-to-clear',
      readOnly: ~DP_TP_STATUS_STICKY >>> 0,
      read: (stored, registers) => stored | idleDone(registers.get(DP_TP_CTL + at)),
    },
  ];
}

function idleDone(control: number): number {
  const isIdle = (control & DP_TP_CTL_LINK_TRAIN_MASK) === DP_TP_CTL_LINK_TRAIN_IDLE;
  return isIdle ? DP_TP_STATUS_IDLE_DONE : 0;
}

function auxChannel(name: string, at: number, bit: number, interrupts: InterruptSink): Register {
  const offset = DP_AUX_CH_CTL + at;
  return {
    offset,
    name: `DP_AUX_CH_CTL_${name}`,
    written(value: number, registers: RegisterStorage): void {
      const rest = value & ~(SEND_BUSY | DONE | TIME_OUT_ERROR | RECEIVE_ERROR);
      const isSent = value >= SEND_BUSY;
      registers.set(offset, isSent ? rest | DONE | TIME_OUT_ERROR : rest);
      if (isSent && (value & INTERRUPT) !== 0) interrupts.raise({ group: DE_PORT_IRQ, bit });
    },
  };
}
