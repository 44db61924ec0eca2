import { appendFileSync, copyFileSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { GuestImages } from './qemu-args.ts';
import type { KernelName, LabReady } from './status.ts';

/** What a guest can have besides: the i915 driver, the GPU tests in `/usr/libexec/igt-gpu-tools`. */
export type GuestPart = 'i915' | 'igt';

/** What a guest is made of. */
export interface GuestSoftware {
  /**
   * `stable` by default, which has the drivers of {@link GuestPart} and all others of the lab; `backports` has just the
   * former.
   */
  readonly kernel?: KernelName;
  /** Nothing by default. */
  readonly parts?: readonly GuestPart[];
}

/** The images of a guest; an initramfs with parts is written into `dir`. */
export function guestImages(lab: LabReady, software: GuestSoftware, dir: string): GuestImages {
  const kernel = lab.kernels[software.kernel ?? 'stable'];
  const layers = { i915: kernel.i915, igt: lab.igt };
  const parts = software.parts ?? [];
  if (parts.length === 0) return { kernel: kernel.image, initramfs: lab.initramfs };
  const initramfs = join(dir, 'initramfs');
  copyFileSync(lab.initramfs, initramfs);
  for (const part of parts) appendFileSync(initramfs, readFileSync(layers[part]));
  return { kernel: kernel.image, initramfs };
}
