import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  PCI_HEADER_FIXED,
  PCI_HEADER_MASKS,
  PciConfigSpace,
  PciRegisters,
  type PciConfigOptions,
  type PciDeviceRegisters,
} from '../../src/pci/index.ts';
import { bytesAt, endpointOptions, errno, ids, le, mdpyOptions, space } from './fixtures.ts';

/** One register of each kind of access: 0x60 RW, 0x64 RW1C, 0x68 volatile, 0x6c fixed. */
function kinds(hooks: Partial<PciDeviceRegisters> = {}): PciDeviceRegisters {
  const registers = new PciRegisters(16)
    .set32(0, 0x1111_1111, { rw: 0x0000_ffff })
    .set32(4, 0x0000_00ff, { rw1c: 0x0000_00ff })
    .set32(8, 0, { volatile: 0xff })
    .set32(12, 0x4444_4444);
  return { offset: 0x60, registers, ...hooks };
}

type Access = 'RO' | 'RW' | 'RW1C' | 'volatile';

function maskOf(kindOf: readonly Access[], kind: Access): Uint8Array {
  const mask = new Uint8Array(kindOf.length / 8);
  kindOf.forEach((of, i) => {
    if (of === kind) mask[i >> 3] = (mask[i >> 3] ?? 0) | (1 << (i & 7));
  });
  return mask;
}

function bitOf(bytes: Uint8Array, bit: number): number {
  return ((bytes[bit >> 3] ?? 0) >> (bit & 7)) & 1;
}

/** Writes that stay inside a space of that size. */
function writes(size: number): fc.Arbitrary<[number, Uint8Array][]> {
  return fc
    .array(fc.tuple(fc.nat(size - 1), fc.uint8Array({ minLength: 1, maxLength: 64 })), {
      maxLength: 20,
    })
    .map((list) => list.map(([offset, data]) => [offset, data.slice(0, size - offset)]));
}

describe('the display sample', () => {
  test.each([
    ['vga', 0x200000, 640, 480, 0xffe0_0008],
    ['xga', 0x400000, 1024, 768, 0xffc0_0008],
    ['hd', 0x800000, 1920, 1080, 0xff80_0008],
  ])('%s has its header, capability and mask', (_, size, width, height, mask) => {
    const config = new PciConfigSpace(mdpyOptions(size, width, height));
    const dwords = Array.from({ length: 20 }, (_unused, i) => config.read32(4 * i));
    expect(dwords).toEqual([
      0x000f1b36,
      0x00100003,
      0x03800001,
      0,
      8,
      0,
      0,
      0,
      0,
      0,
      0,
      0x11001af4,
      0,
      0x40,
      0,
      0,
      0x00100009,
      0x34325258,
      width,
      height,
    ]);
    config.write(0x10, le(4, 0xffff_ffff));
    expect(config.read32(0x10)).toBe(mask);
  });

  test('every write but those to the bar is dropped', () => {
    const config = new PciConfigSpace(mdpyOptions(0x400000, 1024, 768));
    const before = config.save();
    config.write(0, new Uint8Array(0x10).fill(0xff));
    config.write(0x14, new Uint8Array(256 - 0x14).fill(0xff));
    expect(config.save()).toEqual(before);
  });
});

describe('header', () => {
  test('command keeps the bits a function has and drops the rest', () => {
    const config = space();
    config.write(0x04, le(2, 0xffff));
    expect(config.read16(0x04)).toBe(0x0547);
    expect(config.command()).toEqual({
      value: 0x0547,
      io: true,
      memory: true,
      busMaster: true,
      intxDisable: true,
    });
  });

  test('error bits of status are cleared by writing 1', () => {
    const config = space();
    config.store(0x06, le(2, 0xf900));
    config.write(0x06, le(2, 0x8000));
    expect(config.read16(0x06)).toBe(0x7900);
    config.write(0x06, le(2, 0));
    expect(config.read16(0x06)).toBe(0x7900);
  });

  test('cache line size and interrupt line store, the pin does not', () => {
    const config = space({ interruptPin: 2 });
    config.write(0x0c, le(4, 0xffff_ffff));
    config.write(0x3c, le(4, 0xffff_ff0b));
    expect(config.read32(0x0c)).toBe(0xff);
    expect(config.read32(0x3c)).toBe(0x020b);
  });

  test('interrupt status shows a pending INTx, and a guest cannot clear it', () => {
    const config = space();
    config.setIntxStatus(true);
    config.write(0x06, le(2, 0xffff));
    expect(config.read16(0x06)).toBe(0x0008);
    config.setIntxStatus(false);
    expect(config.read16(0x06)).toBe(0);
  });

  test.each<[string, Partial<PciConfigOptions>]>([
    ['vendor id of 17 bits', { vendorId: 0x10000 }],
    ['negative device id', { deviceId: -1 }],
    ['subsystem vendor id of 17 bits', { subsystemVendorId: 0x10000 }],
    ['subsystem id a fraction', { subsystemId: 0.5 }],
    ['class code of 25 bits', { classCode: 0x1000000 }],
    ['revision of 9 bits', { revisionId: 0x100 }],
    ['command of 17 bits', { command: 0x10000 }],
    ['status of 17 bits', { status: 0x10000 }],
    ['interrupt pin 5', { interruptPin: 5 }],
    ['command mask of 17 bits', { masks: { command: 0x10000 } }],
    ['status mask with the capability bit', { masks: { status: 0x10 } }],
    ['interrupt line mask of 9 bits', { masks: { interruptLine: 0x100 } }],
    // @ts-expect-error a caller without types
    ['size 255', { size: 255 }],
  ])('%s is refused with EINVAL', (_, options) => {
    expect(() => space(options)).toThrow(errno('EINVAL'));
  });
});

describe('access', () => {
  test.each([256, 4096] as const)('all %i bytes are read in one go', (size) => {
    const config = space({ size });
    expect(bytesAt(config, 0, size)).toEqual(config.save());
  });

  test('1, 2, 4 and 8 byte reads at any offset give the same bytes', () => {
    const config = new PciConfigSpace(endpointOptions());
    const all = config.save();
    for (const width of [1, 2, 4, 8]) {
      for (let offset = 0; offset <= all.length - width; offset++) {
        expect(bytesAt(config, offset, width)).toEqual(all.slice(offset, offset + width));
      }
    }
  });

  test.each([
    ['past the end', 253, 4],
    ['at the end', 256, 1],
    ['longer than the space', 0, 257],
    ['at a negative offset', -1, 1],
    ['at 2^64 - 1', 2 ** 64 - 1, 1],
    ['at a fraction', 0.5, 1],
    ['at NaN', NaN, 1],
    ['of nothing past the end', 257, 0],
  ])('%s is refused with EINVAL and changes nothing', (_, offset, length) => {
    const config = space();
    const before = config.save();
    expect(() => config.read(offset, new Uint8Array(length))).toThrow(errno('EINVAL'));
    expect(() => config.write(offset, new Uint8Array(length).fill(0xff))).toThrow(errno('EINVAL'));
    expect(() => config.store(offset, new Uint8Array(length))).toThrow(errno('EINVAL'));
    expect(config.save()).toEqual(before);
  });

  test('the last bytes are reached and not run past', () => {
    const config = space();
    expect(config.read32(252)).toBe(0);
    expect(() => config.read32(253)).toThrow(errno('EINVAL'));
    expect(() => config.read16(255)).toThrow(errno('EINVAL'));
    expect(() => config.read8(256)).toThrow(errno('EINVAL'));
  });

  test('nothing read or written is fine at the end', () => {
    const config = space();
    expect(bytesAt(config, 256, 0)).toHaveLength(0);
    expect(() => config.write(256, new Uint8Array(0))).not.toThrow();
  });

  test('a write over several registers obeys the mask of each', () => {
    const config = space({ registers: [kinds()] });
    config.write(0x60, new Uint8Array(16).fill(0xff));
    expect(config.read32(0x60)).toBe(0x1111_ffff);
    expect(config.read32(0x64)).toBe(0);
    expect(config.read32(0x68)).toBe(0);
    expect(config.read32(0x6c)).toBe(0x4444_4444);
  });

  test('after random writes every bit is what its kind of access says', () => {
    const LENGTH = 24;
    const perBit = fc.array(fc.constantFrom<Access>('RO', 'RW', 'RW1C', 'volatile'), {
      minLength: 8 * LENGTH,
      maxLength: 8 * LENGTH,
    });
    const initial = fc.uint8Array({ minLength: LENGTH, maxLength: LENGTH });
    fc.assert(
      fc.property(perBit, initial, writes(256), (kindOf, bytes, list) => {
        const registers = {
          bytes,
          writable: maskOf(kindOf, 'RW'),
          writeOneToClear: maskOf(kindOf, 'RW1C'),
          volatile: maskOf(kindOf, 'volatile'),
        };
        const config = space({ masks: PCI_HEADER_FIXED, registers: [{ offset: 0x40, registers }] });
        const bits = kindOf.map((_, i) => bitOf(bytes, i));
        const rest = config.save();
        rest.set(new Uint8Array(LENGTH), 0x40);
        for (const [offset, data] of list) {
          config.write(offset, data);
          kindOf.forEach((kind, i) => {
            const at = 0x40 * 8 + i - offset * 8;
            if (at < 0 || at >= data.length * 8) return;
            const written = bitOf(data, at);
            if (kind === 'RW') bits[i] = written;
            if (kind === 'RW1C' && written === 1) bits[i] = 0;
          });
        }
        const now = config.save();
        expect(kindOf.map((_, i) => bitOf(now.subarray(0x40), i))).toEqual(bits);
        now.set(new Uint8Array(LENGTH), 0x40);
        expect(now).toEqual(rest);
      }),
    );
  });
});

describe('store', () => {
  test('changes RW, RW1C and volatile bits', () => {
    const config = space({ registers: [kinds()] });
    config.store(0x60, le(4, 0x1111_2222));
    config.store(0x64, le(1, 0x80));
    config.store(0x68, le(1, 0x5a));
    expect(config.read32(0x60)).toBe(0x1111_2222);
    expect(config.read32(0x64)).toBe(0x80);
    expect(config.read32(0x68)).toBe(0x5a);
  });

  test('of a fixed bit is refused with EINVAL and changes nothing', () => {
    const config = space({ registers: [kinds()] });
    const before = config.save();
    expect(() => config.store(0x68, le(8, 0xff))).toThrow(errno('EINVAL'));
    expect(config.save()).toEqual(before);
  });

  test('calls nobody, then or later', () => {
    const calls: unknown[] = [];
    const config = space({ registers: [kinds({ onChange: (change) => calls.push(change) })] });
    config.store(0x68, le(1, 1));
    config.write(0x68, le(1, 0));
    expect(calls).toEqual([]);
  });
});

describe('callbacks', () => {
  test('command and bars are told what changed, command first', () => {
    const calls: string[] = [];
    const config = space({
      bars: { 0: { kind: 'memory', size: 0x1000 }, 1: { kind: 'io', size: 16 } },
      onCommandChanged: (now, before, cause) =>
        calls.push(`command ${before.value} -> ${now.value} ${cause}`),
      onBarChanged: (now, before, cause) =>
        calls.push(
          `bar ${now.index} ${before.address} ${before.enabled} -> ${now.address} ${now.enabled} ${cause}`,
        ),
    });
    config.write(0x10, le(4, 0x8000));
    config.write(0x04, le(2, 2));
    config.write(0x04, le(2, 2));
    config.write(0x04, le(2, 6));
    config.reset();
    expect(calls).toEqual([
      'bar 0 0 false -> 32768 false write',
      'command 0 -> 2 write',
      'bar 0 32768 false -> 32768 true write',
      'command 2 -> 6 write',
      'command 6 -> 0 reset',
      'bar 0 32768 true -> 0 false reset',
    ]);
  });

  test('an 8-byte write moves a 64-bit bar once', () => {
    const seen: (number | undefined)[] = [];
    const config = space({
      bars: { 0: { kind: 'memory', size: 0x1000, width: 64 } },
      onBarChanged: (now) => seen.push(now.address),
    });
    config.write(0x10, le(8, 0x1_0000_2000n));
    expect(seen).toEqual([0x1_0000_2000]);
  });

  test('onChange sees the block before and after, onWrite what was written', () => {
    const calls: unknown[] = [];
    const config = space({
      registers: [
        kinds({
          onChange: ({ bytes, before, cause }) => calls.push([bytes[0], before[0], cause]),
          onWrite: (write) => calls.push(write),
        }),
      ],
    });
    config.write(0x5f, le(2, 0xabcd));
    config.write(0x6f, le(2, 0xabcd));
    config.write(0x70, le(2, 0xabcd));
    expect(calls).toEqual([
      [0xab, 0x11, 'write'],
      { start: 0, data: le(1, 0xab) },
      { start: 15, data: le(1, 0xcd) },
    ]);
  });

  test('nothing written is told to nobody', () => {
    const calls: unknown[] = [];
    const config = space({ registers: [kinds({ onWrite: (write) => calls.push(write) })] });
    config.write(0x62, new Uint8Array(0));
    expect(calls).toEqual([]);
  });

  test('all are called and everything is stored, even if one throws', () => {
    const failure = new Error('driver');
    const calls: string[] = [];
    const config = space({
      bars: { 0: { kind: 'memory', size: 0x1000 } },
      onCommandChanged: () => {
        throw failure;
      },
      onBarChanged: () => calls.push('bar'),
      registers: [kinds({ onWrite: () => calls.push('own') })],
    });
    expect(() => config.write(0, new Uint8Array(256).fill(0xff))).toThrow(failure);
    expect(calls).toEqual(['bar', 'own']);
    expect(config.read16(0x04)).toBe(PCI_HEADER_MASKS.command);
    config.write(0x04, le(2, 0x0547));
    expect(calls).toEqual(['bar', 'own']);
  });

  test('one that resets the space sees each change once', () => {
    const calls: string[] = [];
    const config: PciConfigSpace = space({
      registers: [
        kinds({
          onChange: ({ bytes, cause }) => calls.push(`${bytes[0]} ${cause}`),
          onWrite: () => config.reset(),
        }),
      ],
    });
    config.write(0x60, le(1, 0x77));
    expect(calls).toEqual(['119 write', '17 reset']);
    expect(config.read8(0x60)).toBe(0x11);
  });

  test('adjust decides what a write stores but not over fixed bits', () => {
    const config = space({ registers: [kinds({ adjust: (next) => next.fill(0x77) })] });
    config.write(0x60, le(1, 0xff));
    expect(config.read32(0x60)).toBe(0x1111_7777);
    expect(config.read32(0x6c)).toBe(0x4444_4444);
  });

  test('an adjust that throws leaves everything as it was', () => {
    const failure = new Error('driver');
    const config = space({
      registers: [
        kinds({
          adjust: () => {
            throw failure;
          },
        }),
      ],
    });
    const before = config.save();
    expect(() => config.write(0, new Uint8Array(256).fill(0xff))).toThrow(failure);
    expect(config.save()).toEqual(before);
  });
});

describe('reset', () => {
  test('returns everything to its initial value', () => {
    const config = new PciConfigSpace(endpointOptions());
    const initial = config.save();
    config.setIntxStatus(true);
    config.write(0, new Uint8Array(4096).fill(0xff));
    expect(config.save()).not.toEqual(initial);
    config.reset();
    expect(config.save()).toEqual(initial);
  });
});

describe('save and restore', () => {
  test('a programmed space comes back in another one, with its callbacks', () => {
    const calls: string[] = [];
    const source = new PciConfigSpace(endpointOptions());
    source.write(0x04, le(2, 0x0403));
    source.write(0x44, le(2, 3));
    source.write(0x4a, le(2, 1));
    source.setIntxStatus(true);
    const target = new PciConfigSpace({
      ...endpointOptions(),
      onCommandChanged: (now, _, cause) => calls.push(`${now.value} ${cause}`),
    });
    target.restore(source.save());
    expect(target.save()).toEqual(source.save());
    expect(calls).toEqual(['1027 restore']);
  });

  test('what random writes leave behind can always be restored', () => {
    fc.assert(
      fc.property(writes(4096), (list) => {
        const source = new PciConfigSpace(endpointOptions());
        for (const [offset, data] of list) source.write(offset, data);
        const target = new PciConfigSpace(endpointOptions());
        target.restore(source.save());
        expect(target.save()).toEqual(source.save());
      }),
      { numRuns: 50 },
    );
  });

  test('a saved state is a copy', () => {
    const config = space();
    config.save().fill(0xff);
    expect(config.read16(0)).toBe(ids.vendorId);
  });

  const valid = new PciConfigSpace(endpointOptions()).save();
  const changed = (offset: number, value: number): Uint8Array => {
    const state = valid.slice();
    state[offset] = value;
    return state;
  };
  test.each<[string, Uint8Array]>([
    ['empty', new Uint8Array(0)],
    ['one byte short', valid.slice(1)],
    ['one byte long', new Uint8Array(4097)],
    ['all zero', new Uint8Array(4096)],
    ['of another vendor', changed(0x00, 0x87)],
    ['with a bar of another size', changed(0x1d, 0x40)],
    ['with a bar of another type', changed(0x10, 0x00)],
    ['with another capability pointer', changed(0x34, 0x60)],
    ['with an MSI-X table elsewhere', changed(0x64, 0x00)],
    ['in a power state it does not have', changed(0x44, 0x0a)],
    ['with more MSI vectors than there are', changed(0x4a, 0xb4)],
    ['with another serial number', changed(0x104, 0)],
  ])('a state %s is refused with EINVAL and changes nothing', (_, state) => {
    const config = new PciConfigSpace(endpointOptions());
    config.write(0x04, le(2, 1));
    const before = config.save();
    expect(() => config.restore(state)).toThrow(errno('EINVAL'));
    expect(config.save()).toEqual(before);
  });
});

describe('hexDump', () => {
  test('has the slot, 16 bytes a line and an empty line at the end', () => {
    const lines = space().hexDump('01:02.3').split('\n');
    expect(lines[0]).toBe('01:02.3 1234:5678');
    expect(lines[1]).toBe('00: 34 12 78 56 00 00 00 00 00 00 00 ff 00 00 00 00');
    expect(lines[16]).toMatch(/^f0:( 00){16}$/);
    expect(lines.slice(17)).toEqual(['', '']);
  });
});
