// The statuses that a subchannel gives.

import { encodeIrb, eswOf, type Scsw } from '../../src/index.ts';

export const noStatus: Scsw = {
  flags: 0,
  control: 0,
  programAddress: 0,
  deviceStatus: 0,
  subchannelStatus: 0,
  count: 0,
};

export function irb(scsw: Partial<Scsw>): Uint8Array {
  const sense = new Uint8Array(0);
  return encodeIrb({ scsw: { ...noStatus, ...scsw }, esw: eswOf(0x80, sense), sense });
}

/** Channel end and device end: a program is over. */
export const finalIrb: Uint8Array = irb({ flags: 0xc0, control: 0x4007, deviceStatus: 0x0c });
/** Program-controlled interruption: it goes on. */
export const intermediateIrb: Uint8Array = irb({ control: 0x40c9, subchannelStatus: 0x80 });
/** Unsolicited attention. */
export const attentionIrb: Uint8Array = irb({ control: 0x0011, deviceStatus: 0x80 });
/** Another one, to be told apart. */
export const deviceEndIrb: Uint8Array = irb({ control: 0x0011, deviceStatus: 0x04 });
/** A start that met an unsolicited status: deferred condition code 1. */
export const deferredIrb: Uint8Array = irb({ flags: 0x0100, control: 0x0011 });
/** A halt function is done. */
export const haltIrb: Uint8Array = irb({ control: 0x2001 });
/** A clear function is done. */
export const clearIrb: Uint8Array = irb({ control: 0x1001 });
