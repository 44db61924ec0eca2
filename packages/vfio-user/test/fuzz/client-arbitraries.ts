// Servers near the right one.

import fc from 'fast-check';
import { OPERATIONS, type Answer, type ClientCase, type Operation } from './client-case.ts';
import { FD_KINDS } from './server-case.ts';
import { anyMessage } from './server-arbitraries.ts';

const value = fc.oneof(
  fc.constantFrom(0, 1, 2, 7, 8, 15, 16, 24, 31, 32, 33, 48, 64, 80, 0x10001, 0x10002, 0x1000),
  fc.constantFrom(0x2000, 0x8000, 0x9000, 0x100000, 0x7fffffff, 0x80000000, 0xfffff000, 0xffffffff),
  fc.nat({ max: 0xffffffff }),
);

function mostly<T>(usual: T, weight: number, arbitrary: fc.Arbitrary<T>): fc.Arbitrary<T> {
  return fc.oneof({ weight, arbitrary: fc.constant(usual) }, { weight: 1, arbitrary });
}

const none = undefined;
const answer: fc.Arbitrary<Answer> = fc.record({
  times: mostly(1, 12, fc.constantFrom(0, 2, -1, -1)),
  flags: mostly(1, 16, fc.oneof(fc.constantFrom(0x21, 0x20, 0, 0x11, 2), value)),
  errno: mostly(0, 8, fc.oneof(fc.nat({ max: 140 }), value)),
  id: mostly(0, 24, fc.constantFrom(1, 0xffff, 7)),
  command: mostly(0, 24, fc.constantFrom(1, 0xffff)),
  more: mostly(0, 8, fc.integer({ min: -48, max: 48 })),
  size: mostly<number | undefined>(none, 32, fc.oneof(fc.nat({ max: 64 }), value)),
  words: fc.oneof(
    { weight: 1, arbitrary: fc.constant([]) },
    {
      weight: 2,
      arbitrary: fc.array(fc.tuple(fc.nat({ max: 20 }), value), { minLength: 1, maxLength: 3 }),
    },
  ),
  fds: mostly<Answer['fds']>(
    none,
    8,
    fc.oneof(
      fc.constantFrom(['shrinking' as const], ['folder' as const], ['event' as const], []),
      fc.array(fc.constantFrom(...FD_KINDS), { maxLength: 20 }),
    ),
  ),
  cuts: mostly<number[]>([], 6, fc.array(fc.nat({ max: 120 }), { maxLength: 3 })),
  before: mostly<NonNullable<Answer['before']>>([], 12, fc.array(anyMessage, { maxLength: 3 })),
});

const said = (capabilities: object): string => JSON.stringify({ capabilities });
const json = fc.oneof(
  fc.constantFrom(
    said({ twin_socket: { supported: true, fd_index: 0 } }),
    said({ twin_socket: { supported: true, fd_index: 1 }, max_data_xfer_size: 1 }),
    said({ twin_socket: { supported: true, fd_index: -1 } }),
    said({ twin_socket: { supported: true } }),
    said({ max_msg_fds: 0, max_data_xfer_size: 16 }),
    said({ max_data_xfer_size: 0 }),
    said({ max_data_xfer_size: 2 ** 53, max_msg_fds: 2 ** 31, write_multiple: false }),
    said({ max_dma_maps: 0, pgsizes: 0 }),
    '{}',
    '[',
  ),
  fc.json(),
);
const version: fc.Arbitrary<Answer> = fc
  .tuple(answer, mostly<string | undefined>(none, 2, json))
  .map(([made, text]) => Object.assign(made, { json: text }));

const operation: fc.Arbitrary<Operation> = fc.record({
  op: fc.constantFrom(...OPERATIONS, 'region' as const, 'mmap' as const, 'mmap' as const),
  a: fc.oneof(fc.constantFrom(0, 1, 2, 3, 4, 0x10001, 0x20002), fc.nat({ max: 20 })),
  b: fc.oneof(fc.constantFrom(0, 1, 4, 0x21, 0x42, 8, 64, 4096, 5000), fc.nat({ max: 9000 })),
});

/** A hostile server. */
export const clientCase: fc.Arbitrary<ClientCase> = fc.record(
  {
    version,
    operations: fc.array(operation, { minLength: 1, maxLength: 8 }),
    answers: fc.array(answer, { maxLength: 12 }),
  },
  { requiredKeys: ['operations', 'answers'] },
);
