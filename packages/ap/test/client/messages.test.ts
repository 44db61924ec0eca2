import { describe, expect, test } from 'vitest';
import { ApCcaError, ApReplyError } from '../../src/client/index.ts';
import { decodeRandomReply, encodeRandom } from '../../src/client/random-messages.ts';
import { decodeRsaReply, encodeCrt, encodeModExpo } from '../../src/client/rsa-messages.ts';
import { bytesOf } from '../soft/support/numbers.ts';
import { crtRequest, modExpoRequest } from '../soft/support/zcrypt50.ts';
import { randomRequest } from '../soft/support/zcrypt6.ts';

const SIZES = [1, 64, 128, 129, 256, 257, 512];

function filled(size: number, byte: number): bigint {
  return BigInt(`0x${byte.toString(16).padStart(2, '0').repeat(size)}`);
}

describe('requests are those of the host’s driver', () => {
  test.each(SIZES)('mod-expo of %i bytes', (size) => {
    const [base, exponent, modulus] = [filled(size, 1), filled(1, 3), filled(size, 0xff)];
    const operation = {
      base: bytesOf(base, size),
      exponent: bytesOf(exponent, 1),
      modulus: bytesOf(modulus, size),
    };
    expect(encodeModExpo(operation)).toEqual(modExpoRequest(base, exponent, modulus, size));
  });

  test.each(SIZES)('by parts, of %i bytes', (size) => {
    const half = Math.ceil(size / 2);
    const key = {
      p: filled(half, 0x11),
      q: filled(half, 0x12),
      dp: filled(half, 0x13),
      dq: filled(half, 0x14),
      u: filled(half, 0x15),
    };
    const parts = {
      p: bytesOf(key.p, half + 8),
      q: bytesOf(key.q, half),
      dp: bytesOf(key.dp, half + 8),
      dq: bytesOf(key.dq, half),
      u: bytesOf(key.u, half + 8),
    };
    const input = filled(size, 0x21);
    const expected = crtRequest(input, key, half * 2);
    expect(encodeCrt({ input: bytesOf(input, size), ...parts })).toEqual(expected);
  });

  test('random numbers', () => {
    // What the driver has room for besides the data is its own affair.
    const expected = randomRequest(64, { domain: 0xab });
    const request = encodeRandom(64, 0xab);
    request.set(expected.subarray(72, 76), 72);
    expect(request).toEqual(expected);
  });
});

/** A reply of these bytes at these offsets. */
function reply(length: number, ...bytes: readonly (readonly [number, number])[]): Uint8Array {
  const made = new Uint8Array(length);
  for (const [offset, value] of bytes) made[offset] = value;
  return made;
}

describe('replies', () => {
  test.each([
    [0x82, 0x85, 'EINVAL'],
    [0x88, 0x22, 'EINVAL'],
    [0x82, 0x10, 'EAGAIN'],
    [0x82, 0x20, 'EAGAIN'],
    [0x88, 0x90, 'EAGAIN'],
  ])('of type %i with code %i are %s', (type, code, errno) => {
    const error = expect.objectContaining({ code: errno, replyType: type, replyCode: code });
    const bytes = reply(8, [1, type], [4, code]);
    expect(() => decodeRsaReply('rsa', bytes, 64)).toThrow(error);
    expect(() => decodeRandomReply(bytes, 64)).toThrow(error);
    expect(() => decodeRandomReply(bytes, 64)).toThrow(ApReplyError);
  });

  test('of type 86 with a code are errors too', () => {
    const bytes = reply(268, [1, 0x86], [2, 1], [4, 0x8a]);
    const error = expect.objectContaining({ code: 'EINVAL', replyType: 0x86, replyCode: 0x8a });
    expect(() => decodeRandomReply(bytes, 64)).toThrow(error);
  });

  test('of CCA with a return code have its reason', () => {
    const bytes = reply(268, [1, 0x86], [193, 8], [194, 3], [195, 2]);
    const error = expect.objectContaining({ code: 'EINVAL', rtcode: 8, rscode: 770 });
    expect(() => decodeRandomReply(bytes, 64)).toThrow(error);
    expect(() => decodeRandomReply(bytes, 64)).toThrow(ApCcaError);
  });

  test.each([
    ['of no bytes', new Uint8Array(0)],
    ['of another type', reply(144, [1, 0x84], [3, 144])],
    ['shorter than they say', reply(143, [1, 0x80], [3, 144])],
    ['with a result that does not fit', reply(144, [1, 0x80], [3, 144], [16, 1])],
  ])('%s are EPROTO for RSA', (_, bytes) => {
    const error = expect.objectContaining({ code: 'EPROTO' });
    expect(() => decodeRsaReply('rsa', bytes, 64)).toThrow(error);
  });

  test.each([
    ['of no bytes', new Uint8Array(0)],
    ['of another type', reply(268, [1, 0x80])],
    ['without a CPRBX', reply(267, [1, 0x86])],
    ['with other data than was asked for', reply(300, [1, 0x86], [27, 63], [31, 200])],
    ['with data beyond their end', reply(300, [1, 0x86], [27, 64], [31, 237])],
  ])('%s are EPROTO for random numbers', (_, bytes) => {
    const error = expect.objectContaining({ code: 'EPROTO' });
    expect(() => decodeRandomReply(bytes, 64)).toThrow(error);
  });
});
