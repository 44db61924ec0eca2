// Requests to keep power domains awake. PRM volume 2c, "FORCE_WAKE".

import type { Register, RegisterFamily } from './register.ts';

/** A request register, and where its bits are acknowledged. */
const DOMAINS = [
  ['RENDER', 0xa278, 0x0d84],
  ['GT', 0xa188, 0x13_0044],
  ['MEDIA', 0xa270, 0x0d88],
] as const;

/** Everything is awake always: a request is acknowledged at once. */
export const FORCEWAKE: RegisterFamily = {
  name: 'forcewake',
  registers: DOMAINS.flatMap(([domain, request, ack]): Register[] => [
    {
      offset: request,
      name: `FORCEWAKE_${domain}_GEN9`,
      kind: 'masked',
      keptOver: 'engine-reset',
      written: (value, registers) => registers.set(ack, value),
    },
    {
      offset: ack,
      name: `FORCEWAKE_ACK_${domain}_GEN9`,
      kind: 'read-only',
      keptOver: 'engine-reset',
    },
  ]),
};
