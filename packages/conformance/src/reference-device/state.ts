// The state of a device: what reset puts back, and what migration carries.

import { VfioError, type DmaLog, type PciConfigSpace, type SharedMemory } from '@vfio-ts/core';
import * as layout from './layout.ts';

/** What `init` builds and nothing replaces. */
export interface ReferenceParts {
  readonly config: PciConfigSpace;
  readonly ram: SharedMemory;
  readonly sparse: SharedMemory;
  readonly screen: SharedMemory;
  readonly log: DmaLog;
}

/** A device, as far as a guest can see it. */
export interface GuestState {
  readonly registers: Uint8Array;
  /** The trapped page of BAR2. */
  readonly doorbells: Uint8Array;
  readonly latch: Uint8Array;
  readonly parts: ReferenceParts;
}

/** Puts everything a guest can see back to its initial value. */
export function resetState(device: GuestState): void {
  const { config, ram, sparse, screen } = device.parts;
  config.reset();
  device.registers.fill(0);
  new DataView(device.registers.buffer).setUint32(layout.REG_ID, layout.REG_ID_VALUE, true);
  device.doorbells.fill(0);
  device.latch.fill(0);
  ram.bytes.fill(0);
  sparse.bytes.fill(0);
  const stride = layout.SCREEN_WIDTH * 4;
  for (let row = 0; row < layout.SCREEN_HEIGHT; row++) {
    screen.bytes.fill((row * 0xff) / layout.SCREEN_HEIGHT, row * stride, (row + 1) * stride);
  }
}

/** The pieces of the state besides the configuration space, in the order they travel. */
function pieces({ registers, doorbells, latch, parts }: GuestState): readonly Uint8Array[] {
  return [registers, doorbells, latch, parts.ram.bytes, parts.sparse.bytes, parts.screen.bytes];
}

/** Bytes of the state. */
export function stateSize(device: GuestState): number {
  const { size } = device.parts.config;
  return size + pieces(device).reduce((sum, piece) => sum + piece.length, 0);
}

/** The state as bytes: equal for devices a guest cannot tell apart. */
export function saveState(device: GuestState): Uint8Array {
  const state = new Uint8Array(stateSize(device));
  let at = 0;
  for (const piece of [device.parts.config.save(), ...pieces(device)]) {
    state.set(piece, at);
    at += piece.length;
  }
  return state;
}

/**
 * Opposite of {@link saveState}.
 *
 * @throws `EINVAL` not as long as a state is; nothing has changed
 */
export function restoreState(device: GuestState, state: Uint8Array): void {
  if (state.length !== stateSize(device)) {
    throw new VfioError('EINVAL', 'restore', `${state.length} bytes are no state`);
  }
  const { config } = device.parts;
  config.restore(state.subarray(0, config.size));
  let at = config.size;
  for (const piece of pieces(device)) {
    piece.set(state.subarray(at, at + piece.length));
    at += piece.length;
  }
}
