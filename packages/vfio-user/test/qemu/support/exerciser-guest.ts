// The exerciser as its guest's driver shows it (packages/lab/guest/exerciser).

import type { Guest } from '@vfio-ts/lab';
import { poll, run } from './stand.ts';

/** Which interrupts the driver uses. */
export type IrqKind = 'intx' | 'msi' | 'msix';

/** Loads the driver for the device at a PCI address of the guest. */
export async function bindExerciser(
  guest: Guest,
  address: string,
  kind: IrqKind,
): Promise<ExerciserDriver> {
  const folder = `/sys/bus/pci/devices/${address}`;
  await run(guest, `modprobe vfio-ts-exerciser irq=${kind}; cat ${folder}/irqs`);
  return new ExerciserDriver(guest, folder);
}

/** The driver in the guest; unloaded when the scope is left. */
export class ExerciserDriver implements AsyncDisposable {
  readonly #guest: Guest;
  readonly #folder: string;

  constructor(guest: Guest, folder: string) {
    this.#guest = guest;
    this.#folder = folder;
  }

  /** Writes to an attribute. */
  async write(attribute: string, value: string): Promise<void> {
    await run(this.#guest, `echo '${value}' >${this.#folder}/${attribute}`);
  }

  /** Reads an attribute. */
  read(attribute: string): Promise<string> {
    return run(this.#guest, `cat ${this.#folder}/${attribute}`);
  }

  /** How often each vector came, once it is as often as `wanted`; what it was at last otherwise. */
  irqs(wanted: string): Promise<string> {
    return run(this.#guest, poll(`$(cat ${this.#folder}/irqs)`, wanted));
  }

  async unbind(): Promise<void> {
    await run(this.#guest, 'rmmod vfio-ts-exerciser');
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.unbind();
  }
}
