// Accesses of registers, as they come from a message.

import type { Measurement } from '../../../../scripts/bench/benchmark.ts';
import { median } from '../../../../scripts/bench/statistics.ts';
import { MIB } from '../../test/gpu/execution/guest.ts';
import { Stand } from './stand.ts';

const ACCESSES = 200_000;

/** Registers: storage, one with a handler for reads, one that interrupts depend on. */
const REGISTERS = [
  ['storage', 0x4_f000],
  ['time', 0x2358],
  ['interrupt', 0x4_4304],
] as const;

/** Measures something that is done so many times. @returns rates */
type Rates = (amount: number, work: () => void) => readonly number[];

/** Reads and writes of registers. */
export function accesses(rates: Rates): readonly Measurement[] {
  const { vgpu } = new Stand(MIB).guest;
  const bytes = new Uint8Array(4);
  return REGISTERS.flatMap(([name, offset]) => {
    const read = (): void => {
      for (let i = 0; i < ACCESSES; i++) vgpu.readRegister(offset, bytes);
    };
    const write = (): void => {
      for (let i = 0; i < ACCESSES; i++) vgpu.writeRegister(offset, bytes);
    };
    return [
      {
        name: `gvt/register-read-${name}`,
        value: median(rates(ACCESSES, read)) / 1e6,
        unit: 'M/s',
      },
      {
        name: `gvt/register-write-${name}`,
        value: median(rates(ACCESSES, write)) / 1e6,
        unit: 'M/s',
      },
    ];
  });
}
