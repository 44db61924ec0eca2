// The lines of the card as the guest's gpio-pci-idio-16 names them: outputs OUT0 to OUT15, inputs IIN0 to IIN15.

import type { Guest } from '@vfio-ts/lab';
import { poll, run } from './stand.ts';

const GPIO = '/sys/class/gpio';

/** Loads the driver and takes lines, by their number on the card: outputs from 0, inputs from 16. */
export async function exportLines(guest: Guest, lines: readonly number[]): Promise<GuestLines> {
  await run(guest, 'modprobe gpio-pci-idio-16');
  const base = Number(await run(guest, `cat ${GPIO}/gpiochip*/base`));
  const numbers = lines.map((line) => base + line).join(' ');
  await run(guest, `for n in ${numbers}; do echo $n >${GPIO}/export; done`);
  return new GuestLines(guest, numbers);
}

/** Lines that the guest's shell holds; given back, and the driver unloaded, when the scope is left. */
export class GuestLines implements AsyncDisposable {
  readonly #guest: Guest;
  readonly #numbers: string;

  constructor(guest: Guest, numbers: string) {
    this.#guest = guest;
    this.#numbers = numbers;
  }

  async set(line: string, value: 0 | 1): Promise<void> {
    await run(this.#guest, `echo ${value} >${GPIO}/${line}/value`);
  }

  get(line: string): Promise<string> {
    return run(this.#guest, `cat ${GPIO}/${line}/value`);
  }

  /**
   * Which changes of an input interrupt the guest. Linux 6.12 has one status bit for all inputs and goes to the handler
   * of each: where one input has never had one, its interrupt thread falls over NULL. So it is all of them or none.
   */
  async edges(edge: 'both' | 'none'): Promise<void> {
    await run(this.#guest, `for line in ${GPIO}/IIN*; do echo ${edge} >$line/edge; done`);
  }

  /** How often a line's handler ran, once it is as often as `wanted`; what it was at last otherwise. */
  interrupts(line: number, wanted: string): Promise<string> {
    const count = `awk '/ ${line} .*gpiolib/ { print $2 }' /proc/interrupts`;
    return run(this.#guest, poll(`$(${count})`, wanted));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const unexport = `for n in ${this.#numbers}; do echo $n >${GPIO}/unexport; done`;
    await run(this.#guest, `${unexport}; rmmod gpio-pci-idio-16`);
  }
}
