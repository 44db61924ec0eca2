// Fences that are another's: a vGPU has the first few only, as PVINFO tells its guest. Counterpart of
// sanitize_fence_mmio_access() (gvt/handlers.c).

import type { FailsafeReason, GpuShare } from './gpu.ts';
import { FENCE_BASE } from './memory/aperture.ts';
import type { Register, RegisterFamily } from './registers/register.ts';

/** Fences that the hardware has. */
const FENCES = 32;
const FENCE_SIZE = 8;

/** What a guest that does not know of its share makes happen. */
export interface FenceHost {
  /** The guest has read of the PVINFO page. */
  isNotified(): boolean;
  failsafe(reason: FailsafeReason): void;
}

/** The registers of fences that are not the vGPU's: they read as 0, and a guest that should know better is stopped. */
export function foreignFences({ fences }: GpuShare, host: FenceHost): RegisterFamily {
  const registers: Register[] = [];
  const touch = (): void => {
    if (!host.isNotified()) host.failsafe('unsupported guest');
  };
  for (let at = fences * FENCE_SIZE; at < FENCES * FENCE_SIZE; at += 4) {
    registers.push({
      offset: FENCE_BASE + at,
      name: `FENCE_REG_${Math.floor(at / FENCE_SIZE)}`,
      kind: 'read-only',
      read: () => {
        touch();
        return 0;
      },
      written: touch,
    });
  }
  return { name: 'foreign fences', registers };
}
