// Messages near the right ones: each field is mostly one that makes sense to the reference device, else an edge.

import fc from 'fast-check';
import {
  FD_KINDS,
  type DmaAnswer,
  type MessageSpec,
  type ServerCase,
  type Step,
} from './server-case.ts';

const EDGES32 = [0, 1, 2, 7, 8, 15, 16, 31, 0x1000, 0xfff, 0x100000, 0x100001, 0x100021];
const HIGH32 = [0x7fffffff, 0x80000000, 0xfffffff8, 0xfffffffe, 0xffffffff];
const EDGES64 = [0n, 1n, 0xfffn, 0x1000n, 0xffffffffn, 1n << 32n, 1n << 43n, (1n << 43n) + 0x1000n];
const HIGH64 = [(1n << 52n) - 0x1000n, 1n << 52n, (1n << 53n) - 1n, 1n << 53n, 1n << 63n];

type Bytes = fc.Arbitrary<Uint8Array>;

function little(value: bigint, bytes: number): Uint8Array {
  return Uint8Array.from({ length: bytes }, (_, i) => Number((value >> BigInt(8 * i)) & 0xffn));
}

/** A u32 that mostly is one of `usual`. */
function u32(...usual: readonly number[]): Bytes {
  return fc
    .oneof(
      { weight: 16, arbitrary: fc.constantFrom(...usual) },
      { weight: 2, arbitrary: fc.constantFrom(...EDGES32, ...HIGH32) },
      { weight: 1, arbitrary: fc.nat({ max: 0xffffffff }) },
    )
    .map((value) => little(BigInt(value), 4));
}

/** A u64 that mostly is one of `usual`. */
function u64(...usual: readonly number[]): Bytes {
  return fc
    .oneof(
      { weight: 16, arbitrary: fc.constantFrom(...usual.map(BigInt)) },
      { weight: 2, arbitrary: fc.constantFrom(...EDGES64, ...HIGH64, (1n << 64n) - 1n) },
      { weight: 1, arbitrary: fc.bigInt({ min: 0n, max: (1n << 64n) - 1n }) },
    )
    .map((value) => little(value, 8));
}

const data = (maxLength: number): Bytes => fc.uint8Array({ maxLength });
const text = (value: string): Uint8Array => new TextEncoder().encode(`${value}\0`);

/** Fields one after the other, sometimes with too little or too much behind. */
function body(...fields: readonly Bytes[]): fc.Arbitrary<string> {
  return fc
    .tuple(
      fc.tuple(...fields).map((parts) => Buffer.concat(parts)),
      fc.oneof(
        { weight: 20, arbitrary: fc.constant(0) },
        { weight: 1, arbitrary: fc.integer({ min: -40, max: 40 }) },
      ),
    )
    .map(([bytes, more]) => {
      const length = Math.max(0, bytes.length + more);
      return Buffer.concat([bytes, Buffer.alloc(Math.max(0, more))]).toString('hex', 0, length);
    });
}

const REGION = [0, 1, 2, 3, 6, 7, 9, 10];
const COUNT = [1, 2, 4, 8, 16, 64, 256];
const OFFSET = [0, 4, 0x10, 0x14, 0x30, 0x44, 0x50, 0x62, 0x800, 0xff8, 0x1000, 0x3ff8];
const IOVA = [0, 0x1000, 0x2000, 0x3000, 0x10000];
const SIZE = [0x1000, 0x2000, 0x4000];
const GET = 1 << 16;
const SET = 1 << 17;
const PROBE = 1 << 18;

const irqFlags = [0x24, 0x21, 0x22, 0x11, 0x09, 0x12, 0x0a, 0x14, 0x0c];
const json = fc.oneof(
  fc.constantFrom(
    '{}',
    '{"capabilities":{"max_msg_fds":1,"max_data_xfer_size":1048576}}',
    '{"capabilities":{"max_msg_fds":16,"max_data_xfer_size":4096,"pgsizes":4096,"max_dma_maps":65535,"write_multiple":true}}',
    '{"capabilities":{"twin_socket":{"supported":true,"fd_index":0},"max_msg_fds":8}}',
    '{"capabilities":{"max_data_xfer_size":1}}',
    '{"capabilities":[]}',
    '{"capabilities":{"max_msg_fds":-1}}',
    '{',
  ),
  fc.json(),
);

const payloads: readonly { command: number; weight: number; body: fc.Arbitrary<string> }[] = [
  { command: 1, weight: 1, body: body(u32(0, 0x10000, 0x20000), json.map(text)) },
  {
    command: 2,
    weight: 6,
    body: body(u32(32), u32(3, 1, 2, 7, 11), u64(0, 0x1000), u64(...IOVA), u64(...SIZE)),
  },
  { command: 3, weight: 4, body: body(u32(24), u32(0), u64(...IOVA), u64(...SIZE)) },
  { command: 3, weight: 1, body: body(u32(24), u32(2), u64(0), u64(0)) },
  {
    command: 3,
    weight: 1,
    body: body(u32(48, 40), u32(1), u64(...IOVA), u64(...SIZE), u64(0x1000), u64(8)),
  },
  { command: 4, weight: 1, body: body(u32(16), u32(0), u32(0), u32(0)) },
  {
    command: 5,
    weight: 2,
    body: body(u32(32, 64, 80, 4096), u32(0), u32(...REGION), u32(0), u64(0), u64(0)),
  },
  { command: 6, weight: 1, body: body(u32(16, 56, 304), u32(0), u32(...REGION), u32(0)) },
  { command: 7, weight: 1, body: body(u32(16), u32(0), u32(0, 1, 2, 3, 4), u32(0)) },
  {
    command: 8,
    weight: 6,
    body: body(
      u32(20, 21, 24),
      u32(...irqFlags),
      u32(0, 1, 2, 3, 4),
      u32(0, 1),
      u32(1, 0, 2),
      data(4),
    ),
  },
  { command: 9, weight: 4, body: body(u64(...OFFSET), u32(...REGION), u32(...COUNT)) },
  {
    command: 10,
    weight: 4,
    body: fc.tuple(body(u64(...OFFSET), u32(...REGION)), data(64)).map(([head, bytes]) => {
      const count = little(BigInt(bytes.length), 4);
      return head + Buffer.concat([count, bytes]).toString('hex');
    }),
  },
  { command: 10, weight: 1, body: body(u64(...OFFSET), u32(...REGION), u32(...COUNT), data(64)) },
  { command: 11, weight: 1, body: body(u64(...IOVA), u64(...SIZE)) },
  { command: 12, weight: 1, body: body(u64(...IOVA), u64(8), data(8)) },
  { command: 13, weight: 2, body: body() },
  { command: 14, weight: 1, body: body(u32(16), u32(0)) },
  {
    command: 15,
    weight: 2,
    body: body(
      u64(1, 2),
      u64(...OFFSET),
      u32(...REGION),
      u32(1, 4, 8),
      u64(0x55),
      u64(...OFFSET),
      u32(...REGION),
      u32(2, 8),
      u64(0xaa),
    ),
  },
  {
    command: 16,
    weight: 1,
    body: body(u32(8, 16, 64), u32(...[1, 2, 3, 5, 6, 9].map((id) => id | GET))),
  },
  {
    command: 16,
    weight: 6,
    body: body(u32(16), u32(2 | SET, 2 | GET, 2 | SET | PROBE), u32(1, 2, 3, 4, 5, 6, 7), u32(0)),
  },
  {
    command: 16,
    weight: 2,
    body: body(u32(24, 40), u32(6 | SET), u64(0x1000), u32(0, 1), u32(0), u64(0), u64(0x4000)),
  },
  { command: 16, weight: 1, body: body(u32(8, 16), u32(7 | SET), u64(0)) },
  {
    command: 16,
    weight: 2,
    body: body(u32(40, 4096), u32(8 | GET), u64(...IOVA), u64(...SIZE), u64(0x1000)),
  },
  { command: 17, weight: 3, body: body(u32(8, 4104), u32(4096, 1, 64)) },
  {
    command: 18,
    weight: 2,
    body: data(64).chain((bytes) =>
      body(u32(8 + bytes.length), u32(bytes.length), fc.constant(bytes)),
    ),
  },
];

const kinds = fc.constantFrom(...FD_KINDS);
const fdsFor = (command: number): fc.Arbitrary<readonly (typeof FD_KINDS)[number][]> => {
  const usual = command === 2 ? fc.constantFrom('memory', 'shrinking') : fc.constant('event');
  const wanted = command === 2 || command === 8 ? 8 : 0;
  return fc.oneof(
    { weight: wanted, arbitrary: usual.map((kind) => [kind as (typeof FD_KINDS)[number]]) },
    { weight: 8, arbitrary: fc.constant([]) },
    { weight: 1, arbitrary: fc.array(kinds, { maxLength: 20 }) },
  );
};

function rarely<T>(arbitrary: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> {
  return fc.oneof({ weight: 40, arbitrary: fc.constant(undefined) }, { weight: 1, arbitrary });
}

function message(command: number, bytes: fc.Arbitrary<string>): fc.Arbitrary<MessageSpec> {
  return fc
    .record({
      body: bytes,
      fds: fdsFor(command),
      command: rarely(fc.oneof(fc.nat({ max: 20 }), fc.nat({ max: 0xffff }))),
      flags: fc.oneof(
        { weight: 24, arbitrary: fc.constant(0) },
        { weight: 4, arbitrary: fc.constant(0x10) },
        { weight: 1, arbitrary: fc.constantFrom(1, 0x21, 2, 0x11, 0x20, 0xf) },
        { weight: 1, arbitrary: fc.nat({ max: 0xffffffff }) },
      ),
      size: rarely(fc.oneof(fc.nat({ max: 300 }), fc.constantFrom(...EDGES32, ...HIGH32))),
      repeat: rarely(fc.integer({ min: 2, max: 150 })),
      late: rarely(fc.constant(true)),
    })
    .map((made) => Object.assign(made, { command: made.command ?? command }));
}

/** Any message. */
export const anyMessage: fc.Arbitrary<MessageSpec> = fc.oneof(
  ...payloads.map(({ command, weight, body: bytes }) => ({
    weight,
    arbitrary: message(command, bytes),
  })),
);

const page = fc.constantFrom(...IOVA);
const poke: fc.Arbitrary<Step> = fc.oneof(
  fc.record({
    dma: fc.constantFrom('read' as const, 'write' as const),
    iova: fc.tuple(page, fc.nat({ max: 0x1100 })).map(([base, more]) => base + more),
    length: fc.nat({ max: 0x2100 }),
  }),
  fc.record({
    ask: fc.constantFrom('read' as const, 'write' as const),
    iova: page,
    length: fc.integer({ min: 1, max: 0x2100 }),
  }),
  fc.record({ pin: page, pages: fc.integer({ min: 1, max: 3 }) }),
  fc.record({ trigger: fc.nat({ max: 4 }), subindex: fc.nat({ max: 3 }) }),
  fc.record({ truncate: fc.constantFrom(0, 1, 0x1000, 0x3000, 0x4000) }),
);

const burst: fc.Arbitrary<Step> = fc.record({
  messages: fc.array(anyMessage, { minLength: 1, maxLength: 6 }),
  cuts: fc.oneof(
    { weight: 3, arbitrary: fc.constant([]) },
    { weight: 1, arbitrary: fc.array(fc.nat({ max: 600 }), { maxLength: 4 }) },
  ),
});

const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.oneof({ weight: 5, arbitrary: burst }, { weight: 1, arbitrary: poke }),
  { minLength: 1, maxLength: 8 },
);

const answers: fc.Arbitrary<DmaAnswer[]> = fc.array(
  fc.record({
    times: fc.constantFrom(1, 1, 1, 0, 2),
    flags: fc.constantFrom(1, 1, 1, 0x21, 0x11, 2),
    errno: fc.constantFrom(0, 0, 5, 14, 0xffffffff),
    more: fc.constantFrom(0, 0, 0, -1, -16, -4096, 1, 4096),
    id: fc.constantFrom(0, 0, 0, 1, 0xffff),
    command: fc.constantFrom(0, 0, 0, 1),
    count: fc.constantFrom(0, 0, 0, 1, -1, 0x1000),
  }),
  { maxLength: 4 },
);

/** A hostile client. */
export const serverCase: fc.Arbitrary<ServerCase> = fc.oneof(
  { weight: 6, arbitrary: fc.record({ steps }) },
  { weight: 2, arbitrary: fc.record({ steps, answers }) },
  {
    weight: 1,
    arbitrary: fc.record({
      version: fc.oneof(message(1, body(u32(0, 0x10000, 0x20000), json.map(text))), anyMessage),
      steps,
      answers,
    }),
  },
);
