// Accesses of registers, as they come from a message.

import type { Measurement } from '../../../../scripts/bench/benchmark.ts';
import { median, medianRatio } from '../../../../scripts/bench/statistics.ts';
import { MIB } from '../../test/gpu/execution/guest.ts';
import { Stand } from './stand.ts';

const ACCESSES = 200_000;

/** Registers: storage, one with a handler for reads, one that interrupts depend on. */
const REGISTERS = [
  ['storage', 0x4_f000],
  ['time', 0x2358],
  ['interrupt', 0x4_4304],
] as const;

/** Measures what is done in turn. @returns rates of each */
type InTurn = (amount: number, ours: () => void, bare: () => void) => [number[], number[]];

/** Reads and writes of registers, beside the same of a plain array. */
export function accesses(inTurn: InTurn): readonly Measurement[] {
  const { vgpu } = new Stand(MIB).guest;
  const plain = new DataView(new ArrayBuffer(2 * MIB));
  const bytes = new Uint8Array(4);
  const lines: Measurement[] = [];
  const add = (name: string, ours: () => void, bare: () => void): void => {
    const [rates, peers] = inTurn(ACCESSES, ours, bare);
    const ratio = medianRatio(rates, peers);
    const ratioTo = 'the same bytes of a DataView';
    lines.push({ name: `gvt/${name}`, value: median(rates) / 1e6, unit: 'M/s', ratio, ratioTo });
  };
  for (const [name, offset] of REGISTERS) {
    const bareRead = (): void => {
      for (let i = 0; i < ACCESSES; i++) {
        const value = plain.getUint32(offset, true);
        for (let at = 0; at < 4; at++) bytes[at] = value >>> (8 * at);
      }
    };
    const bareWrite = (): void => {
      for (let i = 0; i < ACCESSES; i++) plain.setUint32(offset, bytes[0] ?? 0, true);
    };
    const read = (): void => {
      for (let i = 0; i < ACCESSES; i++) vgpu.readRegister(offset, bytes);
    };
    const write = (): void => {
      for (let i = 0; i < ACCESSES; i++) vgpu.writeRegister(offset, bytes);
    };
    add(`register-read-${name}`, read, bareRead);
    add(`register-write-${name}`, write, bareWrite);
  }
  return lines;
}
