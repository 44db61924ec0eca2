import { describe, expect, test } from 'vitest';
import {
  expressCapability,
  msiCapability,
  msiState,
  msixCapability,
  msixState,
  pmCapability,
  pmState,
  PciRegisters,
  serialNumberCapability,
  vendorCapability,
  vsecCapability,
  type PciExpressOptions,
  type PciMsixOptions,
} from '../../src/pci/index.ts';
import { bytesAt, errno, le, space } from './fixtures.ts';

const msix: PciMsixOptions = {
  vectors: 8,
  tableBar: 0,
  tableOffset: 0,
  pbaBar: 0,
  pbaOffset: 0x800,
};
const bars = { 0: { kind: 'memory', size: 0x1000 }, 1: { kind: 'io', size: 0x1000 } } as const;

describe('power management', () => {
  test('the guest changes the state and the device is told', () => {
    const calls: string[] = [];
    const config = space({
      capabilities: [
        pmCapability({ onPowerState: (now, old, cause) => calls.push(`${old} ${now} ${cause}`) }),
      ],
    });
    config.write(0x44, le(2, 3));
    config.write(0x44, le(2, 3));
    expect(pmState(config)).toBe('D3hot');
    config.reset();
    expect(pmState(config)).toBe('D0');
    expect(calls).toEqual(['D0 D3hot write', 'D3hot D0 reset']);
  });

  test.each([
    ['D1', {}, 1, 'D0'],
    ['D2', { d1: true }, 2, 'D0'],
    ['D1', { d1: true }, 1, 'D1'],
    ['D2', { d2: true }, 2, 'D2'],
  ])('a write of %s with %o leads to the state it can', (_, options, value, state) => {
    const config = space({ capabilities: [pmCapability(options)] });
    config.write(0x44, le(2, value));
    expect(pmState(config)).toBe(state);
  });

  test('an unsupported state leaves the state, and other bits of the write take effect', () => {
    const config = space({ capabilities: [pmCapability({ pmeSupport: 8 })] });
    config.write(0x44, le(2, 3));
    config.write(0x44, le(2, 0x0101));
    expect(config.read16(0x44)).toBe(0x010b);
  });

  test('PME status is set by the device and cleared by the guest', () => {
    const config = space({ capabilities: [pmCapability({ pmeSupport: 0x1f })] });
    config.store(0x44, le(2, 0x8008));
    config.write(0x45, le(1, 0x80));
    expect(config.read16(0x44)).toBe(0x0008);
  });

  test('PMC is read-only', () => {
    const config = space({ capabilities: [pmCapability({ d1: true, pmeSupport: 1 })] });
    config.write(0x42, le(2, 0));
    expect(config.read16(0x42)).toBe(0x0a03);
  });

  test('PME support of 6 bits throws EINVAL', () => {
    expect(() => pmCapability({ pmeSupport: 0x20 })).toThrow(errno('EINVAL'));
  });

  test('a space without it has no power state', () => {
    expect(pmState(space())).toBeUndefined();
  });
});

describe('MSI', () => {
  test('is programmed by the guest, and each change is told', () => {
    const enabled: [boolean, boolean][] = [];
    const config = space({
      capabilities: [
        msiCapability({
          vectors: 8,
          perVectorMasking: true,
          onChange: (now, before) => enabled.push([before.enabled, now.enabled]),
        }),
      ],
    });
    config.write(0x44, le(8, 0x1_fee0_1003n));
    config.write(0x4c, le(2, 0x4041));
    config.write(0x50, le(4, 0x1ff));
    config.write(0x42, le(2, 0x0031));
    expect(msiState(config)).toEqual({
      enabled: true,
      vectors: 8,
      maxVectors: 8,
      address: 0x1_fee0_1000n,
      data: 0x4041,
      mask: 0xff,
      pending: 0,
    });
    expect(enabled).toEqual([
      [false, false],
      [false, false],
      [false, false],
      [false, true],
    ]);
  });

  test('capability bits survive a zero write', () => {
    const config = space({ capabilities: [msiCapability({ vectors: 8 })] });
    config.write(0x42, le(2, 0));
    expect(config.read16(0x42)).toBe(0x0086);
    expect(msiState(config)?.maxVectors).toBe(8);
  });

  test.each([3, 5, 6, 7])('vector field %i, more than there are, gives all there are', (field) => {
    const config = space({ capabilities: [msiCapability({ vectors: 4 })] });
    config.write(0x42, le(1, field << 4));
    expect(msiState(config)?.vectors).toBe(4);
  });

  test('pending bits are the device own', () => {
    const config = space({ capabilities: [msiCapability({ vectors: 2, perVectorMasking: true })] });
    config.store(0x54, le(4, 2));
    config.write(0x54, le(4, 0xffff_ffff));
    expect(msiState(config)?.pending).toBe(2);
    expect(() => config.store(0x54, le(4, 4))).toThrow(errno('EINVAL'));
  });

  test.each([
    [false, false, 10],
    [true, false, 14],
    [false, true, 20],
    [true, true, 24],
  ])('64-bit %s, masking %s takes %i bytes', (address64, perVectorMasking, length) => {
    const capability = msiCapability({ vectors: 32, address64, perVectorMasking });
    expect(capability.registers.bytes).toHaveLength(length);
    const config = space({ capabilities: [capability] });
    config.write(0x44, new Uint8Array(length - 4).fill(0xff));
    expect(msiState(config)).toMatchObject({
      address: address64 ? 0xffff_ffff_ffff_fffcn : 0xffff_fffcn,
      data: 0xffff,
      mask: perVectorMasking ? 0xffff_ffff : 0,
    });
  });

  test.each([0, 3, 33, 64, NaN, -1])('%f vectors throw EINVAL', (vectors) => {
    expect(() => msiCapability({ vectors })).toThrow(errno('EINVAL'));
  });

  test('a space without it has no state', () => {
    expect(msiState(space())).toBeUndefined();
  });
});

describe('MSI-X', () => {
  test('only enable and mask-all stick, and the device is told', () => {
    const calls: string[] = [];
    const capability = msixCapability({
      ...msix,
      onChange: (now, before, cause) => calls.push(`${before.enabled} ${now.enabled} ${cause}`),
    });
    const config = space({ bars, capabilities: [capability] });
    config.write(0x42, new Uint8Array(10).fill(0xff));
    expect(msixState(config)).toEqual({
      enabled: true,
      masked: true,
      vectors: 8,
      tableBar: 0,
      tableOffset: 0,
      pbaBar: 0,
      pbaOffset: 0x800,
    });
    config.reset();
    expect(calls).toEqual(['false true write', 'true false reset']);
  });

  test('a 2-byte write at the high byte of control works, one past it changes nothing', () => {
    const config = space({ bars, capabilities: [msixCapability(msix)] });
    config.write(0x43, le(2, 0x0080));
    expect(msixState(config)?.enabled).toBe(true);
    config.write(0x44, le(4, 0));
    expect(msixState(config)?.enabled).toBe(true);
  });

  test.each<[string, Partial<PciMsixOptions>]>([
    ['no vectors', { vectors: 0 }],
    ['2049 vectors', { vectors: 2049 }],
    ['table in bar 6', { tableBar: 6 }],
    ['table misaligned', { tableOffset: 4 }],
    ['table at 2^32', { tableOffset: 2 ** 32 }],
    ['pba in bar -1', { pbaBar: -1 }],
    ['pba misaligned', { pbaOffset: 0x801 }],
    ['table in an i/o bar', { tableBar: 1 }],
    ['pba in no bar', { pbaBar: 3 }],
    ['table past the end of its bar', { tableOffset: 0xf88 }],
    ['pba past the end of its bar', { pbaOffset: 0x1000 }],
    ['pba inside the table', { pbaOffset: 0x78 }],
    ['table over the pba', { tableOffset: 0x788 }],
  ])('%s throws EINVAL', (_, options) => {
    expect(() => space({ bars, capabilities: [msixCapability({ ...msix, ...options })] })).toThrow(
      errno('EINVAL'),
    );
  });

  test('table and pba may touch and may fill the bar', () => {
    const full = { ...msix, vectors: 64, tableOffset: 0xc00 - 8, pbaOffset: 0x1000 - 8 };
    const config = space({ bars, capabilities: [msixCapability(full)] });
    expect(msixState(config)).toMatchObject({ tableOffset: 0xbf8, pbaOffset: 0xff8 });
  });

  test('a space without it has no state', () => {
    expect(msixState(space())).toBeUndefined();
  });
});

describe('PCI Express', () => {
  const flr = 0x8000;

  test.each([
    ['2 bytes', 0x48, le(2, flr)],
    ['the high byte', 0x49, le(1, 0x80)],
    ['a write over the whole capability', 0x40, new Uint8Array(60).fill(0xff)],
  ])('FLR by %s is told once and reads 0', (_, offset, data) => {
    let calls = 0;
    const capability = expressCapability({
      type: 'endpoint',
      onFunctionLevelReset: () => {
        calls++;
      },
    });
    const config = space({ capabilities: [capability] });
    config.write(offset, data);
    expect(calls).toBe(1);
    expect(config.read16(0x48) & flr).toBe(0);
  });

  test.each([
    ['device control without the bit', 0x48, le(2, 0x7fff)],
    ['the low byte', 0x48, le(1, 0xff)],
    ['the next register', 0x4a, le(2, 0xffff)],
  ])('%s is no FLR', (_, offset, data) => {
    let calls = 0;
    const capability = expressCapability({
      type: 'endpoint',
      onFunctionLevelReset: () => {
        calls++;
      },
    });
    space({ capabilities: [capability] }).write(offset, data);
    expect(calls).toBe(0);
  });

  test('FLR is offered only where it is handled', () => {
    const without = space({ capabilities: [expressCapability({ type: 'endpoint' })] });
    expect(without.read32(0x44) & 0x1000_0000).toBe(0);
    without.write(0x48, le(2, flr));
    expect(without.read16(0x48)).toBe(0);
  });

  test('control registers store, error status is cleared by writing 1', () => {
    const config = space({ capabilities: [expressCapability({ type: 'endpoint' })] });
    config.write(0x48, le(2, 0x201f));
    config.write(0x50, le(2, 0xffff));
    config.write(0x68, le(2, 0x0015));
    config.write(0x70, le(2, 0x0002));
    config.store(0x4a, le(2, 0x002f));
    config.write(0x4a, le(2, 0x0023));
    expect(config.read16(0x48)).toBe(0x201f);
    expect(config.read16(0x50)).toBe(0x00cb);
    expect(config.read16(0x68)).toBe(0x0015);
    expect(config.read16(0x70)).toBe(0x0002);
    expect(config.read16(0x4a)).toBe(0x002c);
  });

  test('an endpoint in the root complex has no link', () => {
    const type = 'root-complex-integrated-endpoint';
    const config = space({ capabilities: [expressCapability({ type })] });
    config.write(0x4c, new Uint8Array(8).fill(0xff));
    expect(bytesAt(config, 0x4c, 8)).toEqual(new Uint8Array(8));
    expect(config.read16(0x42)).toBe(0x0092);
  });

  test.each<[string, Partial<PciExpressOptions>]>([
    ['payload 64', { maxPayload: 64 }],
    ['payload 8192', { maxPayload: 8192 }],
    ['link speed 0', { linkSpeed: 0 }],
    ['link speed 7', { linkSpeed: 7 }],
    ['3 lanes', { linkWidth: 3 }],
    ['interrupt message 32', { interruptMessage: 32 }],
    // @ts-expect-error a caller without types
    ['a root port', { type: 'root-port' }],
  ])('%s throws EINVAL', (_, options) => {
    expect(() => expressCapability({ type: 'endpoint', ...options })).toThrow(errno('EINVAL'));
  });
});

describe('vendor-specific', () => {
  test('has its length and type, and a payload with its own masks and callbacks', () => {
    const calls: unknown[] = [];
    const payload = new PciRegisters(5).set32(0, 0x11, { rw: 0xff00 });
    const capability = vendorCapability({
      type: 7,
      payload,
      onWrite: (write) => calls.push(write),
      onChange: ({ bytes }) => calls.push(bytes[5]),
    });
    const config = space({ capabilities: [capability] });
    config.write(0x40, le(8, 0xffff_ffff_ffff_ffffn));
    expect(bytesAt(config, 0x40, 9)).toEqual(Uint8Array.of(9, 0, 9, 7, 0x11, 0xff, 0, 0, 0));
    expect(calls).toEqual([0xff, { start: 0, data: new Uint8Array(8).fill(0xff) }]);
  });

  test.each([
    ['longer than 255 bytes', { payload: new PciRegisters(252) }],
    ['type of 9 bits', { payload: new PciRegisters(4), type: 256 }],
    ['a long mask', { payload: { bytes: new Uint8Array(4), writable: new Uint8Array(8) } }],
  ])('%s throws EINVAL', (_, options) => {
    expect(() => vendorCapability(options)).toThrow(errno('EINVAL'));
  });

  test('extended: has id, revision and length, and a payload with its own masks', () => {
    const payload = new PciRegisters(4).set32(0, 0, { rw: 0xf0 });
    const capability = vsecCapability({ vsecId: 0xabcd, revision: 3, payload });
    const config = space({ size: 4096, extendedCapabilities: [capability] });
    config.write(0x100, new Uint8Array(12).fill(0xff));
    expect(config.read32(0x100)).toBe(0x0001_000b);
    expect(config.read32(0x104)).toBe(0x00c3_abcd);
    expect(config.read32(0x108)).toBe(0xf0);
  });

  test.each([
    ['longer than 4095 bytes', { payload: new PciRegisters(4088) }],
    ['id of 17 bits', { vsecId: 0x10000 }],
    ['revision of 5 bits', { revision: 16 }],
    ['a short mask', { payload: { bytes: new Uint8Array(4), volatile: new Uint8Array(3) } }],
  ])('extended, %s throws EINVAL', (_, options) => {
    expect(() => vsecCapability({ vsecId: 1, payload: new PciRegisters(4), ...options })).toThrow(
      errno('EINVAL'),
    );
  });
});

describe('device serial number', () => {
  test('is there, most significant byte last, and read-only', () => {
    const capability = serialNumberCapability({ serialNumber: 0xfedc_ba98_7654_3210n });
    const config = space({ size: 4096, extendedCapabilities: [capability] });
    config.write(0x100, new Uint8Array(12));
    expect(bytesAt(config, 0x104, 8)).toEqual(le(8, 0xfedc_ba98_7654_3210n));
  });

  test.each([-1n, 2n ** 64n])('%d throws EINVAL', (serialNumber) => {
    expect(() => serialNumberCapability({ serialNumber })).toThrow(errno('EINVAL'));
  });
});
