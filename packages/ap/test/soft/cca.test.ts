import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { SoftCardOptions } from '../../src/soft/card.ts';
import { exchange, queueOf } from './support/cards.ts';
import { rsaKey } from './support/keys.ts';
import { power } from './support/numbers.ts';
import {
  ccaRequest,
  facilityRequest,
  pdRequest,
  pkRequest,
  randomRequest,
  receiveFacility,
  receiveRandom,
  receiveRsa,
  resultOf,
} from './support/zcrypt6.ts';

const DOMAIN = 4;
const FRAME = { domain: DOMAIN };
const key = rsaKey(512);

function send(request: Uint8Array, options: Partial<SoftCardOptions> = {}): Promise<Uint8Array> {
  return exchange(queueOf({ mode: 'cca', ...options }, DOMAIN), request);
}

/** With bytes from `offset` on replaced. */
function patched(request: Uint8Array, offset: number, ...values: readonly number[]): Uint8Array {
  const copy = request.slice();
  copy.set(values, offset);
  return copy;
}

describe.each([512, 1024, 1536, 2048, 3072, 4096])('clear-key RSA of %i bits', (bits) => {
  const { n, e, d, size, ...parts } = rsaKey(bits);
  const inputs = [0n, 1n, n / 2n, n - 1n];

  test.each(inputs)('is computed by PK, of %i', async (input) => {
    for (const exponent of [e, d]) {
      const reply = await send(pkRequest(input, exponent, n, size, FRAME));
      expect(resultOf(receiveRsa(reply, size))).toBe(power(input, exponent, n));
    }
  });

  test.each(inputs)('is computed by PD, of %i', async (input) => {
    const received = receiveRsa(await send(pdRequest(input, parts, size, FRAME)), size);
    expect(resultOf(received)).toBe(power(input, d, n));
    expect(received).toMatchObject({ result: { length: size } });
  });
});

test('a result that is longer than the input has all its bytes', async () => {
  const parts = { p: key.p, q: key.q, dp: key.dp, dq: key.dq, u: key.u };
  const short = await send(shortened(pdRequest(2n, parts, 64, FRAME)));
  expect(resultOf(receiveRsa(short, 64))).toBe(power(2n, key.d, key.n));
});

/** With an input of one byte instead of 64. */
function shortened(request: Uint8Array): Uint8Array {
  const inputAt = 88 + 220 + 12;
  const rest = request.subarray(inputAt + 2 + 64);
  const copy = new Uint8Array(inputAt + 3 + rest.length);
  copy.set(request.subarray(0, inputAt));
  copy.set([0, 3, 2], inputAt);
  copy.set(rest, inputAt + 3);
  const view = new DataView(copy.buffer);
  view.setUint32(56, view.getUint32(56) - 63);
  view.setUint32(88 + 12, view.getUint32(88 + 12) - 63);
  return copy;
}

test('requests are as long as the driver makes them', () => {
  expect(pkRequest(1n, 3n, key.n, 64).length).toBe(348 + 3 * 64);
  expect(randomRequest(4096).length).toBe(324);
});

const pk = pkRequest(2n, 3n, key.n, 64, FRAME);
const pd = pdRequest(2n, key, 64, FRAME);
/** Where the token of a key begins behind an input of 64 bytes. */
const TOKEN = 88 + 220 + 12 + 66 + 6;
const BAD: readonly (readonly [what: string, request: Uint8Array, rscode: number])[] = [
  ['with an even modulus', pkRequest(2n, 3n, key.n - 1n, 64, FRAME), 66],
  ['with the modulus as input', pkRequest(key.n, 3n, key.n, 64, FRAME), 66],
  ['with a modulus of 0', pkRequest(0n, 3n, 0n, 64, FRAME), 66],
  ['with a p of 0', pdRequest(0n, { ...key, p: 0n }, 64, FRAME), 66],
  ['with an even q', pdRequest(0n, { ...key, q: 2n }, 64, FRAME), 66],
  ['with no key token', patched(pk, TOKEN, 0x1f), 65],
  ['with a token longer than its block', patched(pk, TOKEN + 2, 0xff, 0xff), 65],
  ['with a block longer than the request', patched(pk, TOKEN - 6, 0xff), 65],
  ['with a section longer than its token', patched(pk, TOKEN + 10, 0xff), 65],
  [
    'with a private key for PK',
    patched(pd, 308, 0x50, 0x4b, 0, 10, ...Buffer.from('MRP     ')),
    65,
  ],
  ['with a public key for PD', patched(pk, 308, 0x50, 0x44, 0, 10, ...Buffer.from('ZERO-PAD')), 65],
  ['with an exponent longer than its section', patched(pk, TOKEN + 14, 0xff), 65],
  ['with a secret key', patched(pd, TOKEN + 8 + 28, 0x42), 65],
  ['with a part longer than its section', patched(pd, TOKEN + 8 + 54, 0xff), 65],
  ['without input', patched(pk, 88 + 220 + 12, 0, 2), 72],
  ['with an input longer than the request', patched(pk, 88 + 220 + 12, 0xff, 0xff), 72],
  ['with operands above 4096 bits', pkRequest(2n, 3n, key.n, 513, FRAME), 72],
  ['for another verb', ccaRequest(Uint8Array.from(Buffer.from('XX\0\x02')), FRAME), 770],
  ['with another rule', patched(pk, 312, 0x4e), 770],
  ['for facts that it does not have', facilityRequest('STATICXX', FRAME), 770],
];

test.each(BAD)('a request %s is refused by CCA', async (_, request, rscode) => {
  expect(receiveRsa(await send(request), 64)).toEqual({ rtcode: 8, rscode });
});

test.each<readonly [string, Uint8Array, number, number]>([
  ['of another type', patched(pk, 1, 0x50), 0x82, 0x20],
  ['of no bytes', new Uint8Array(0), 0x82, 0x20],
  ['for EP11', patched(pk, 32, 0x58, 0x43), 0x82, 0x29],
  ['with its header cut', pk.subarray(0, 87), 0x88, 0x23],
  ['with its control block cut', pk.subarray(0, pk.length - 1), 0x88, 0x23],
  ['with a control block of no CPRBX', patched(pk, 56, 0, 0, 0, 219), 0x88, 0x23],
  ['with parameters longer than its control block', patched(pk, 100, 0, 0, 0xff), 0x88, 0x23],
  ['with parameters that are none', patched(pk, 100, 0, 0, 0, 3), 0x88, 0x23],
  ['with rules longer than the parameters', patched(pk, 310, 0xff), 0x88, 0x23],
  ['with rules that do not count their length', patched(pk, 310, 0, 1), 0x88, 0x23],
  ['with its control block elsewhere', patched(pk, 19, 0x60), 0x88, 0x22],
  ['with another size of CPRBX', patched(pk, 89, 0xdd), 0x88, 0x22],
  ['with another version of CPRBX', patched(pk, 90, 1), 0x88, 0x22],
  ['for another domain', pkRequest(2n, 3n, key.n, 64, { domain: 5 }), 0x86, 0x8a],
])('a request %s is refused before CCA sees it', async (_, request, type, code) => {
  expect(receiveRsa(await send(request), 64)).toMatchObject({ type, code });
});

describe('RL', () => {
  const options = { fillRandom: (bytes: Uint8Array): void => void bytes.fill(0xa5) };

  test.each([
    [0, 0],
    [1, 1],
    [4096, 4096],
    [4097, 4096],
  ])('with space for %i bytes has %i random ones', async (space, size) => {
    const received = receiveRandom(await send(randomRequest(space, FRAME), options));
    expect(received).toEqual({ result: new Uint8Array(size).fill(0xa5) });
  });

  test('takes what the operating system has when nothing else is given', async () => {
    const one = receiveRandom(await send(randomRequest(64, FRAME)));
    const other = receiveRandom(await send(randomRequest(64, FRAME)));
    expect(one).not.toEqual(other);
  });
});

describe('FQ', () => {
  test.each([
    ['STATICSA', 10, 204],
    ['STATICSB', 13, 240],
  ])('%s tells the serial number and that no master key is set', async (rule, elements, values) => {
    const reply = await send(facilityRequest(rule, FRAME), { serial: '93AABQ1X' });
    const expected = ['93AABQ1X', '', '', '', ...Array<string>(elements - 4).fill('1')];
    expect(receiveFacility(reply)).toEqual({
      rules: expected.map((element) => element.padEnd(8)).join(''),
      values: new Uint8Array(values),
    });
  });
});

const garbage = fc.uint8Array({ maxLength: 1200 });
const spoilt = fc
  .tuple(
    fc.constantFrom(pk, pd, randomRequest(16, FRAME), facilityRequest('STATICSA', FRAME)),
    fc.array(fc.tuple(fc.nat(700), fc.nat(255)), { minLength: 1, maxLength: 4 }),
    fc.option(fc.nat(1000)),
  )
  .map(([good, changes, length]) => {
    const request = good.slice(0, length ?? good.length);
    for (const [offset, value] of changes) if (offset < request.length) request[offset] = value;
    return request;
  });

test('whatever is sent, there is exactly one reply and the driver can read it', async () => {
  const queue = queueOf({ mode: 'cca' }, DOMAIN);
  await fc.assert(
    fc.asyncProperty(fc.oneof(garbage, spoilt), async (request) => {
      const reply = await exchange(queue, request);
      const received = receiveRandom(reply);
      expect(received).not.toHaveProperty('offline');
      expect(received).not.toMatchObject({ errno: 'EMSGSIZE' });
      expect(queue.test().queueEmpty).toBe(true);
    }),
    { numRuns: 500 },
  );
});
