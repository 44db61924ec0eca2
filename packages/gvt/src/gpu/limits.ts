// Registers that are not for the guests of a shared GPU: fences of others, and modes that the host chooses.

import type { FailsafeReason, GpuShare } from './gpu.ts';
import { FENCE_BASE } from './memory/aperture.ts';
import { ENGINES } from './registers/engines.ts';
import type { Register, RegisterFamily } from './registers/register.ts';

/** Fences that the hardware has; a vGPU has the first few, as PVINFO tells its guest. */
const FENCES = 32;
const FENCE_SIZE = 8;

/** CSFE_CHICKEN1, from the base of an engine, and what of it is the host's. */
const CSFE_CHICKEN1 = 0xd4;
const HOST_MODES = 0x18;

/** What a guest that does not know of its share makes happen. */
export interface LimitsHost {
  /** The guest has read of the PVINFO page. */
  isNotified(): boolean;
  failsafe(reason: FailsafeReason): void;
}

/** The registers whose use shows that a guest does not know where it is. */
export function limits(share: GpuShare, host: LimitsHost): RegisterFamily {
  return { name: 'limits', registers: [...foreignFences(share, host), ...hostModes(host)] };
}

/** They read as 0. Counterpart of `sanitize_fence_mmio_access()` (gvt/handlers.c). */
function foreignFences({ fences }: GpuShare, host: LimitsHost): readonly Register[] {
  const touch = (): void => {
    if (!host.isNotified()) host.failsafe('unsupported guest');
  };
  const count = ((FENCES - fences) * FENCE_SIZE) / 4;
  return Array.from({ length: Math.max(0, count) }, (_, i) => {
    const at = fences * FENCE_SIZE + i * 4;
    return {
      offset: FENCE_BASE + at,
      name: `FENCE_REG_${Math.floor(at / FENCE_SIZE)}`,
      kind: 'read-only',
      read: () => {
        touch();
        return 0;
      },
      written: touch,
    };
  });
}

/** Bits that stay 0. Counterpart of `csfe_chicken1_mmio_write()`. */
function hostModes(host: LimitsHost): readonly Register[] {
  return ENGINES.map(({ name, base }) => ({
    offset: base + CSFE_CHICKEN1,
    name: `${name}_CSFE_CHICKEN1`,
    kind: 'masked',
    readOnly: HOST_MODES,
    byCommand: true,
    written: (_value, _storage, _before, written) => {
      if ((written & (written >>> 16) & HOST_MODES) !== 0) host.failsafe('unsupported guest');
    },
  }));
}
