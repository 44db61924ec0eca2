// Requests of a guest's driver to the firmware, by the OpRegion's second mailbox in the guest's memory. Counterpart of
// intel_vgpu_emulate_opregion_request() (gvt/opregion.c): no request is supported, and a guest that asks is told so.

import { VfioError } from '@vfio-ts/core';
import type { GuestMemory, VgpuHost } from '../gpu/gpu.ts';

/** Bytes from the start of the OpRegion: SCIC and PARM. */
const MAILBOX = 0x200;
const MAILBOX_SIZE = 8;

const SCIC_FUNCTION_SHIFT = 1;
const SCIC_FUNCTION_MASK = 0xf;
const SCIC_SUBFUNCTION_SHIFT = 8;
const SCIC_SUBFUNCTION_MASK = 0xff;
const SCIC_EXIT_MASK = 0xe0;

const GET_BIOS_DATA = 4;
const SYSTEM_BIOS_CALLBACKS = 6;

/**
 * Answers the request that is in the mailbox; where the guest has none, nothing happens.
 *
 * @param asls - address of the guest's OpRegion
 */
export function answerSoftwareSci(memory: GuestMemory, asls: number, log: VgpuHost['log']): void {
  const mailbox = new Uint8Array(MAILBOX_SIZE);
  const view = new DataView(mailbox.buffer);
  try {
    memory.read(asls + MAILBOX, mailbox);
    const scic = view.getUint32(0, true);
    if (asksForSupport(scic)) mailbox.fill(0);
    else {
      log('debug', () => `firmware request 0x${scic.toString(16)} is not supported`);
      // Exit code 0: failure, for whatever reason.
      view.setUint32(0, scic & ~SCIC_EXIT_MASK, true);
    }
    memory.write(asls + MAILBOX, mailbox);
  } catch (error) {
    if (!(error instanceof VfioError)) throw error;
    log('debug', () => `no OpRegion at 0x${asls.toString(16)}: ${error.message}`);
  }
}

/** The calls that ask which calls there are. */
function asksForSupport(scic: number): boolean {
  const call = (scic >>> SCIC_FUNCTION_SHIFT) & SCIC_FUNCTION_MASK;
  const sub = (scic >>> SCIC_SUBFUNCTION_SHIFT) & SCIC_SUBFUNCTION_MASK;
  if (call === GET_BIOS_DATA) return sub === 0 || sub === 1;
  return call === SYSTEM_BIOS_CALLBACKS && sub === 0;
}
