import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { VfioError } from '@vfio-ts/core';
import { decodeVersion, encodeVersion, type Capabilities } from '../../src/messages/version.ts';
import { dirtyBitmapSize } from '../../src/messages/dma.ts';
import { getU64, getU64Rounded, setU64 } from '../../src/messages/u64.ts';
import { commandName, MAX_VERSION_REPLY_JSON } from '../../src/protocol.ts';
import { bytesOf, u64 } from './support/payloads.ts';

const view = (value: number | bigint): DataView => new DataView(bytesOf(u64(value)).buffer);

function verdict(payload: Uint8Array): string {
  try {
    decodeVersion(payload);
    return 'taken';
  } catch (error) {
    return error instanceof VfioError ? error.code : String(error);
  }
}

describe('a 64-bit field', () => {
  test('of any safe integer comes back as it was', () => {
    fc.assert(
      fc.property(fc.nat({ max: Number.MAX_SAFE_INTEGER }), (value) => {
        const field = new DataView(new ArrayBuffer(8));
        setU64(field, 0, value);
        expect(field.getBigUint64(0, true)).toBe(BigInt(value));
        expect(getU64(field, 0)).toBe(value);
      }),
    );
  });

  test.each([2n ** 53n, 2n ** 53n + 1n, 2n ** 63n, 2n ** 64n - 1n])('of %s is refused', (value) => {
    expect(() => getU64(view(value), 0)).toThrow(/^EINVAL/);
  });

  test('that is rounded is never below 2^53 when it was not', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: 2n ** 53n, max: 2n ** 64n - 1n }), (value) => {
        expect(getU64Rounded(view(value), 0)).toBeGreaterThanOrEqual(2 ** 53);
      }),
    );
  });
});

describe('a VERSION', () => {
  test('comes back as it was', () => {
    const u16 = fc.nat({ max: 0xffff });
    const capabilities = fc.record<Capabilities>(
      {
        maxMsgFds: fc.nat({ max: 1024 }),
        maxDataXferSize: fc.nat(),
        maxDmaMaps: fc.nat(),
        pgsizes: fc.nat(),
        migration: fc.record(
          { pgsize: fc.constantFrom(4096, 65536, 2 ** 30), maxBitmapSize: fc.nat() },
          { requiredKeys: [] },
        ),
        twinSocket: fc.constant(true),
        writeMultiple: fc.boolean(),
      },
      { requiredKeys: [] },
    );
    const message = fc.record({ major: u16, minor: u16, capabilities });
    fc.assert(
      fc.property(message, (said) => {
        expect(decodeVersion(encodeVersion(said))).toEqual(said);
      }),
    );
  });

  test('of any bytes is taken or refused with EINVAL', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 64 }), (bytes) => {
        expect(verdict(bytes)).toMatch(/^(taken|EINVAL)$/);
      }),
    );
  });

  test('of any JSON is taken or refused with EINVAL', () => {
    fc.assert(
      fc.property(fc.json(), (json) => {
        const text = new TextEncoder().encode(`{"capabilities":{"migration":${json}}}\0`);
        expect(verdict(bytesOf(0, text))).toMatch(/^(taken|EINVAL)$/);
      }),
    );
  });

  test('with the largest limits a server can have fits into the buffer of QEMU', () => {
    const { length } = encodeVersion({
      major: 0xffff,
      minor: 0xffff,
      capabilities: {
        maxMsgFds: 1024,
        maxDataXferSize: Number.MAX_SAFE_INTEGER,
        migration: { pgsize: 2 ** 40 },
      },
    });
    expect(length - 4 - 1).toBeLessThanOrEqual(MAX_VERSION_REPLY_JSON);
  });
});

test.each([
  [1, 4096, 8],
  [64 * 4096, 4096, 8],
  [64 * 4096 + 1, 4096, 16],
  [2 ** 43, 4096, 2 ** 28],
])('the bitmap of %i bytes in pages of %i has %i bytes', (size, pageSize, bytes) => {
  expect(dirtyBitmapSize(size, pageSize)).toBe(bytes);
});

test.each([
  [2, 'DMA_MAP'],
  [999, 'command 999'],
])('command %i is called %s', (command, name) => {
  expect(commandName(command)).toBe(name);
});
