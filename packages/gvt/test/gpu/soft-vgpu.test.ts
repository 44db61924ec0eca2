import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { GpuShare } from '../../src/gpu/gpu.ts';
import { SoftGpu, type SoftGpuOptions } from '../../src/gpu/soft-gpu.ts';
import { bench, FRAME, mapGraphics, setMode, SHARE, XGA } from './display/bench.ts';

const MIB = 1024 * 1024;

describe('a GPU', () => {
  test.each([
    ['no power of two', { aperture: 200 * MIB }],
    ['too small', { aperture: 64 * MIB }],
    ['too large', { aperture: 2048 * MIB }],
    ['of four pipes', { pipes: 4 }],
    ['of half a pipe', { pipes: 0.5 }],
    ['of fewer than no pipes', { pipes: -1 }],
  ] as const satisfies readonly (readonly [string, SoftGpuOptions])[])(
    '%s throws EINVAL',
    (_, options) => {
      expect(() => new SoftGpu(options)).toThrow(/^EINVAL/u);
    },
  );

  test.each([
    ['low memory outside the aperture', { aperture: { base: 200 * MIB, size: 128 * MIB } }],
    ['low memory of no size', { aperture: { base: 0, size: 0 } }],
    ['low memory that is not of pages', { aperture: { base: 0, size: 128 * MIB + 1 } }],
    ['a window outside its low memory', { mappable: { base: 127 * MIB, size: 2 * MIB } }],
    ['high memory inside the aperture', { hidden: { base: 128 * MIB, size: 512 * MIB } }],
    ['high memory beyond the end', { hidden: { base: 4000 * MIB, size: 512 * MIB } }],
    ['no fence', { fences: 0 }],
    ['more fences than there are', { fences: 33 }],
    ['no weight', { weight: 0 }],
    ['too much weight', { weight: 17 }],
    ['no number', { id: 0 }],
  ] as const satisfies readonly (readonly [string, Partial<GpuShare>])[])(
    'gives no share with %s',
    (_, wrong) => {
      const gpu = new SoftGpu();
      const { host } = bench();
      expect(() => gpu.createVgpu({ ...SHARE, ...wrong }, XGA, host)).toThrow(/^EINVAL/u);
    },
  );
});

test.each([
  ['of no bytes', new Uint8Array(0)],
  ['that is too short', new Uint8Array(8 * MIB - 8)],
  ['that is too long', new Uint8Array(8 * MIB + 8)],
  ['that is not aligned', new Uint8Array(8 * MIB + 4).subarray(4)],
])('a vGPU cannot be made with a table %s: EINVAL', (_, bytes) => {
  const { host } = bench();
  const table = { bytes, range: SHARE.hidden };
  expect(() => new SoftGpu().createVgpu(SHARE, XGA, { ...host, table })).toThrow(/^EINVAL/u);
});

describe('a reset of the device', () => {
  test('gives registers and tables their first state', () => {
    const made = bench();
    mapGraphics(made, 0x1000_0000, 0, 1);
    made.write(0x2_0000, 5);
    made.vgpu.reset(false);
    const entry = new Uint8Array(8);
    made.vgpu.readGtt((0x1000_0000 / 4096) * 8, entry);
    expect([...entry]).toEqual([0, 0, 0, 0, 0, 0, 0, 0]);
    expect([made.read(0x2_0000), made.read(0x4_2000)]).toEqual([0, 0x8e00_0000]);
  });

  test('from D3 keeps the tables', () => {
    const made = bench();
    mapGraphics(made, 0x1000_0000, 0x5000, 1);
    made.write(0x2_0000, 5);
    made.vgpu.reset(true);
    const entry = new Uint8Array(8);
    made.vgpu.readGtt((0x1000_0000 / 4096) * 8, entry);
    expect([...entry]).toEqual([1, 0x50, 0, 0, 0, 0, 0, 0]);
    expect(made.read(0x2_0000)).toBe(0);
  });

  test('opens the line of the interrupt', () => {
    const made = bench();
    const listen = (): void => {
      made.write(0x4_4404, 0);
      made.write(0x4_440c, 1);
      made.write(0x4_4200, 0x8000_0000);
      setMode(made);
      made.clock.advance(FRAME);
    };
    listen();
    expect(made.takeInterrupts()).toBe(1);
    made.vgpu.reset(false);
    listen();
    expect(made.takeInterrupts()).toBe(1);
  });
});

describe('a reset of engines', () => {
  test('of all of them resets what lies below the interrupts, and leaves the display on', () => {
    const made = bench();
    setMode(made);
    made.write(0xc800, 7);
    made.write(0x941c, 1);
    expect([made.read(0x941c), made.read(0xc800)]).toEqual([0, 0]);
    expect(made.read(0x7_0008)).toBe(0xc000_0000);
  });

  test('of one leaves the registers alone', () => {
    const made = bench();
    made.write(0xc800, 7);
    made.write(0x941c, 2);
    expect(made.read(0xc800)).toBe(7);
  });
});

describe('failsafe', () => {
  test('is told once; registers are storage from then on', () => {
    const made = bench();
    made.write(0x7_8808, 1);
    made.write(0x7_8808, 1);
    expect(made.failsafes).toEqual(['insufficient resource']);
    made.write(0x4_2000, 1);
    expect(made.read(0x4_2000)).toBe(1);
  });

  test('ends with a reset of the device, not with the one from D3', () => {
    const made = bench();
    made.write(0x7_8808, 1);
    made.vgpu.reset(true);
    made.write(0x4_2000, 1);
    expect(made.read(0x4_2000)).toBe(1);
    made.vgpu.reset(false);
    made.write(0x4_2000, 1);
    expect(made.read(0x4_2000)).toBe(0x8e00_0000);
    made.write(0x7_8808, 1);
    expect(made.failsafes.length).toBe(2);
  });
});

test('a vGPU without pipes shows nothing, whatever is written', () => {
  const made = bench({ pipes: 0 });
  setMode(made);
  made.clock.advance(FRAME);
  expect(made.vgpu.screen()).toBeUndefined();
  expect(made.clock.pending).toBe(0);
});

test('nothing is left on the clock after close', () => {
  const made = bench();
  setMode(made);
  made.vgpu.close();
  expect(made.clock.pending).toBe(0);
});

test('whatever a guest writes to registers and tables, the vGPU goes on', () => {
  const register = fc.oneof(
    fc.integer({ min: 0, max: 0x1f_fffc / 4 }).map((index) => index * 4),
    fc
      .tuple(fc.constantFrom(0x6_0000, 0x7_0000, 0xc_5100, 0x4_4200, 0x2000), fc.nat(0x100))
      .map(([base, index]) => base + index * 4),
  );
  const step = fc.record({
    offset: register,
    value: fc.oneof(fc.nat(0xffff_ffff), fc.constantFrom(0x8000_0000, 0xffff_ffff, 0)),
    pass: fc.constantFrom(0, 0, 0, 20),
  });
  fc.assert(
    fc.property(fc.array(step, { minLength: 20, maxLength: 60 }), (steps) => {
      const made = bench({ pipes: 3 });
      for (const { offset, value, pass } of steps) {
        made.write(offset, value);
        expect(made.read(offset)).toBeTypeOf('number');
        made.clock.advance(pass);
      }
      const screen = made.vgpu.screen();
      expect(screen === undefined || screen.width * screen.height <= 4096 * 4096).toBe(true);
      made.vgpu.close();
    }),
    { numRuns: 20 },
  );
});
