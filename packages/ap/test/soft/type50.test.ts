import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { AP_FUNCTION, MODE_FUNCTIONS } from '../../src/soft/functions.ts';
import { exchange, queueOf } from './support/cards.ts';
import { rsaKey } from './support/keys.ts';
import { crtPower, power } from './support/numbers.ts';
import { crtRequest, modExpoRequest, receive50 } from './support/zcrypt50.ts';

const SIZES = [512, 1024, 1536, 2048, 3072, 4096];
const key = rsaKey(512);

function patched(request: Uint8Array, offset: number, value: number): Uint8Array {
  const copy = request.slice();
  copy[offset] = value;
  return copy;
}

/** With a length in the header that is right. */
function resized(request: Uint8Array, length: number): Uint8Array {
  const copy = new Uint8Array(length);
  copy.set(request.subarray(0, length));
  new DataView(copy.buffer).setUint16(2, length);
  return copy;
}

describe.each(SIZES)('RSA of %i bits', (bits) => {
  const { n, e, d, size, ...rest } = rsaKey(bits);
  const inputs = [0n, 1n, n / 2n, n - 1n];

  test.each(inputs)('is computed by mod-expo, of %i', async (input) => {
    for (const exponent of [e, d]) {
      const reply = await exchange(queueOf(), modExpoRequest(input, exponent, n, size));
      expect(receive50(reply, size)).toEqual({ result: power(input, exponent, n) });
    }
  });

  test.each(inputs)('is computed by parts, of %i', async (input) => {
    const reply = await exchange(queueOf(), crtRequest(input, rest, size));
    expect(receive50(reply, size)).toEqual({ result: power(input, d, n) });
  });
});

test.each([
  [64, 144],
  [128, 144],
  [129, 272],
  [256, 272],
  [257, 528],
  [512, 528],
])('a result for an input of %i bytes comes in a reply of %i bytes', async (length, total) => {
  const reply = await exchange(queueOf(), modExpoRequest(2n, 3n, key.n, length));
  expect(reply.length).toBe(total);
  expect([...reply.subarray(0, 16)]).toEqual([
    0,
    0x80,
    total >> 8,
    total & 0xff,
    ...Array(12).fill(0),
  ]);
});

test('parts that are those of no key give what the formula says', async () => {
  const parts = { p: 0x10001n, q: 0xfff1n, dp: 12n, dq: 0n, u: 7n };
  const reply = await exchange(queueOf(), crtRequest(1234n, parts, 64));
  expect(receive50(reply, 64)).toEqual({ result: crtPower(1234n, parts) });
});

test('byte 5 of a request is not looked at', async () => {
  const request = patched(modExpoRequest(2n, 3n, key.n, 64), 5, 0xff);
  expect(receive50(await exchange(queueOf(), request), 64)).toEqual({ result: 8n });
});

const modExpo = modExpoRequest(2n, 3n, key.n, 64);
const byParts = crtRequest(2n, key, 64);
const even = { ...key, p: key.p - 1n };
const REFUSED: readonly (readonly [what: string, request: Uint8Array, code: number])[] = [
  ['of another type', patched(modExpo, 1, 0x51), 0x20],
  ['to a coprocessor', patched(modExpo, 1, 0x06), 0x20],
  ['of no bytes', new Uint8Array(0), 0x20],
  ['that ends in its header', resized(modExpo, 12), 0x80],
  ['that is shorter than it says', modExpo.subarray(0, 399), 0x80],
  ['that is longer than its form', resized(modExpo, 401), 0x80],
  ['by parts in the size of mod-expo', resized(byParts, 400), 0x80],
  ['of form 0', patched(modExpo, 9, 0), 0x29],
  ['of form 4', patched(modExpo, 9, 4), 0x29],
  ['of form 0x14', patched(byParts, 9, 0x14), 0x29],
  ['of form 0x101', patched(modExpo, 8, 1), 0x29],
  ...[0, 4, 6, 7, 10, 11, 12, 13, 14, 15].map(
    (offset) => [`with reserved byte ${offset} set`, patched(modExpo, offset, 1), 0x24] as const,
  ),
  ['with an even modulus', modExpoRequest(2n, 3n, key.n - 1n, 64), 0x85],
  ['with a modulus of 0', modExpoRequest(0n, 3n, 0n, 64), 0x82],
  ['with the modulus as input', modExpoRequest(key.n, 3n, key.n, 64), 0x82],
  ['with an input above the modulus', modExpoRequest(key.n + 1n, 3n, key.n, 64), 0x82],
  ['by parts with an even p', crtRequest(2n, even, 64), 0x85],
  ['by parts with an even q', crtRequest(2n, { ...key, q: 2n }, 64), 0x85],
  ['by parts with a p of 0', crtRequest(0n, { ...key, p: 0n }, 64), 0x82],
  ['by parts with a q of 0', crtRequest(0n, { ...key, q: 0n }, 64), 0x82],
  ['by parts with the modulus as input', crtRequest(key.p * key.q, key, 64), 0x82],
];

test.each(REFUSED)('a request %s is refused', async (_, request, code) => {
  const received = receive50(await exchange(queueOf(), request), 64);
  expect(received).toMatchObject({ type: 0x82, code, errno: code === 0x20 ? 'EAGAIN' : 'EINVAL' });
});

test.each([
  ['mod-expo', AP_FUNCTION.MEX4K, modExpoRequest(2n, 3n, key.n, 512)],
  ['parts', AP_FUNCTION.CRT4K, crtRequest(2n, key, 512)],
])('a card without 4096 bits by %s refuses operands of that size', async (_, bit, request) => {
  const functions = MODE_FUNCTIONS.accelerator - bit;
  const received = receive50(await exchange(queueOf({ functions }), request), 512);
  expect(received).toMatchObject({ type: 0x82, code: 0x84, errno: 'EINVAL' });
});

const garbage = fc.uint8Array({ maxLength: 2000 });
const spoilt = fc
  .tuple(
    fc.constantFrom(modExpo, byParts),
    fc.array(fc.tuple(fc.nat(463), fc.nat(255)), { minLength: 1, maxLength: 4 }),
    fc.nat(470),
  )
  .map(([good, changes, length]) => {
    const request = good.slice(0, Math.max(length, 1));
    for (const [offset, value] of changes) if (offset < request.length) request[offset] = value;
    return request;
  });

test('whatever is sent, there is exactly one reply and the driver can read it', async () => {
  const queue = queueOf();
  await fc.assert(
    fc.asyncProperty(fc.oneof(garbage, spoilt), async (request) => {
      const received = receive50(await exchange(queue, request), 64);
      expect(received).not.toHaveProperty('offline');
      expect(received).not.toMatchObject({ errno: 'EMSGSIZE' });
      expect(queue.test().queueEmpty).toBe(true);
    }),
    { numRuns: 500 },
  );
});
