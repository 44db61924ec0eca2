import { describe, expect, test } from 'vitest';
import { pixelClock } from '../../../src/gpu/display/pixel-clock.ts';
import { readTiming } from '../../../src/gpu/display/timing.ts';
import { bench, FRAME, REG, setClock, setMode, setPlane, type Bench } from './bench.ts';

const VBLANK = 1;
const FLIP_DONE = 8;
const CRC_DONE = 2 ** 28;

/** Unmasks everything of pipe A. */
function listen({ write }: Bench): void {
  write(0x4_4404, 0);
  write(0x4_440c, 0xffff_ffff);
  write(0x4_4200, 0x8000_0000);
}

/** What a guest does for an interrupt; what it found. */
function answer({ read, write, takeInterrupts }: Bench): number {
  takeInterrupts();
  write(0x4_4200, 0);
  const found = read(REG.IIR);
  write(REG.IIR, found);
  write(0x4_4200, 0x8000_0000);
  return found;
}

function shown(): Bench {
  const made = bench();
  setMode(made);
  setPlane(made, { width: 1024, height: 768, stride: 64 });
  made.clock.advance(FRAME);
  return made;
}

describe('the clock of pixels', () => {
  test('of HDMI is what the PLL of the port makes', () => {
    const made = bench();
    setClock(made);
    made.write(0x6_0400, 0x9100_0000);
    expect(pixelClock(made.vgpu.registers, 0)).toBeCloseTo(65_000, -1);
  });

  test('of DisplayPort is its part of the link', () => {
    const made = bench();
    made.write(0x6_c058, 1 << 7);
    made.write(0x6_c05c, (1 << 3) | (1 << 4));
    made.write(0x6_0400, 0x9200_0000);
    made.write(0x6_0040, 65);
    made.write(0x6_0044, 270);
    expect(pixelClock(made.vgpu.registers, 0)).toBe(65_000);
  });

  test.each([
    ['the port is off', 0x6_0400, 0],
    ['the PLL divides by nothing known', 0x6_c044, 3 << 2],
    ['the PLL divides by 0', 0x6_c044, (1 << 7) | (1 << 2)],
    ['the PLL is the one of the system', 0x6_c05c, 0],
  ])('is none when %s', (_, offset, value) => {
    const made = bench();
    setClock(made);
    made.write(0x6_0400, 0x9100_0000);
    made.write(offset, value);
    expect(pixelClock(made.vgpu.registers, 0)).toBeUndefined();
  });
});

describe('the rhythm', () => {
  test('is the one of the mode', () => {
    const made = bench();
    setMode(made);
    expect(readTiming(made.vgpu.registers, 0)).toMatchObject({
      period: expect.closeTo(FRAME, 2),
      lines: 806,
      blankStart: 768,
      behind: 2,
    });
  });

  test.each([
    ['nothing', () => undefined],
    ['far too slow', (made: Bench) => made.write(0x6_0000, 0xffff_ffff)],
  ])('is 60 Hz when the registers say %s', (_, spoil) => {
    const made = bench();
    spoil(made);
    expect(readTiming(made.vgpu.registers, 0).period).toBeCloseTo(1000 / 60);
  });
});

describe('a pipe', () => {
  test('says that it is on', () => {
    const { read, write } = bench();
    write(REG.CONF, 0x8000_0000);
    expect(read(REG.CONF)).toBe(0xc000_0000);
    write(REG.CONF, 0x4000_0000);
    expect(read(REG.CONF)).toBe(0);
  });

  test('counts a frame for each interrupt', () => {
    const made = bench();
    listen(made);
    setMode(made);
    made.takeInterrupts();
    for (let frame = 1; frame <= 20; frame++) {
      made.clock.advance(FRAME);
      expect(made.takeInterrupts()).toBe(1);
      expect(answer(made)).toBe(VBLANK);
      expect(made.read(REG.FRMCOUNT)).toBe(frame);
    }
  });

  test('is in its vertical blank when it says so', () => {
    const made = bench();
    setMode(made);
    made.clock.advance(FRAME * (768 / 806) + 0.01);
    expect(made.read(REG.FRMCOUNT)).toBe(1);
    expect(made.read(REG.DSL)).toBe(766);
  });

  test('stamps frames in microseconds', () => {
    const made = bench();
    setMode(made);
    made.clock.advance(FRAME);
    expect(made.read(0x7_0048)).toBeCloseTo(FRAME * (768 / 806) * 1000, -2);
  });

  test('stands still when it is off', () => {
    const made = bench();
    setMode(made);
    made.write(REG.CONF, 0);
    made.clock.advance(10 * FRAME);
    expect(made.read(REG.FRMCOUNT)).toBe(0);
    expect(made.clock.pending).toBe(0);
  });

  test('stands still while the guest does, and goes on', () => {
    const made = bench();
    setMode(made);
    made.vgpu.stop();
    expect(made.clock.pending).toBe(0);
    made.clock.advance(10 * FRAME);
    made.vgpu.start();
    made.clock.advance(FRAME);
    expect(made.read(REG.FRMCOUNT)).toBe(1);
  });

  test('is off after a reset', () => {
    const made = shown();
    made.vgpu.reset(false);
    expect(made.vgpu.screen()).toBeUndefined();
    expect([made.read(REG.CONF), made.read(REG.FRMCOUNT)]).toEqual([0, 0]);
    expect(made.clock.pending).toBe(0);
  });

  test('B runs where the fuses let it', () => {
    const made = bench({ pipes: 2 });
    setMode(made, 1);
    made.clock.advance(FRAME);
    expect([made.read(0x7_1040), made.read(REG.FRMCOUNT)]).toEqual([1, 0]);
  });

  test('that is fused off is only storage', () => {
    const made = bench({ pipes: 1 });
    setMode(made, 1);
    expect(made.read(0x7_1008)).toBe(0x8000_0000);
    expect(made.clock.pending).toBe(0);
  });
});

describe('a flip', () => {
  test('takes effect with the next frame, and is told with it', () => {
    const made = shown();
    listen(made);
    made.write(REG.PLANE_SURF, 0x1100_0000);
    expect(made.read(REG.PLANE_SURFLIVE)).toBe(0x1000_0000);
    expect(made.read(REG.IIR)).toBe(0);
    made.clock.advance(FRAME);
    expect(made.read(REG.PLANE_SURFLIVE)).toBe(0x1100_0000);
    expect(answer(made)).toBe(VBLANK | FLIP_DONE);
  });

  test('that comes before the guest has answered the blank belongs to it', () => {
    const made = shown();
    listen(made);
    made.clock.advance(FRAME);
    made.write(REG.PLANE_SURF, 0x1100_0000);
    made.write(REG.CURBASE, 0x1200_0000);
    expect(made.read(REG.PLANE_SURFLIVE)).toBe(0x1100_0000);
    expect(made.read(0x7_00ac)).toBe(0x1200_0000);
    answer(made);
    made.write(REG.PLANE_SURF, 0x1300_0000);
    expect(made.read(REG.PLANE_SURFLIVE)).toBe(0x1100_0000);
  });

  test('is told once', () => {
    const made = shown();
    listen(made);
    made.write(REG.PLANE_SURF, 0x1100_0000);
    made.clock.advance(FRAME);
    answer(made);
    made.clock.advance(FRAME);
    expect(answer(made)).toBe(VBLANK);
    expect(made.read(REG.FLIPCOUNT)).toBe(2);
  });

  test('that is asynchronous takes effect at once', () => {
    const made = shown();
    listen(made);
    made.write(REG.PLANE_CTL, 0x8400_0200);
    made.write(REG.PLANE_SURF, 0x1100_0000);
    expect(made.read(REG.PLANE_SURFLIVE)).toBe(0x1100_0000);
    expect(answer(made)).toBe(FLIP_DONE);
  });

  test('of a plane whose surface is not written does not happen', () => {
    const made = shown();
    made.write(REG.PLANE_CTL, 0);
    made.clock.advance(FRAME);
    expect(made.vgpu.screen()).toEqual({ width: 1024, height: 768 });
    made.write(REG.PLANE_SURF, 0);
    made.clock.advance(FRAME);
    expect(made.vgpu.screen()).toBeUndefined();
  });

  test('that waits when the pipe goes off has happened', () => {
    const made = shown();
    made.write(REG.PLANE_CTL, 0);
    made.write(REG.PLANE_SURF, 0);
    made.write(REG.CONF, 0);
    made.write(REG.CONF, 0x8000_0000);
    expect(made.vgpu.screen()).toBeUndefined();
  });

  test('of planes 2 and 3 has interrupts of its own', () => {
    const made = shown();
    listen(made);
    made.write(0x7_029c, 0x1000_0000);
    made.write(0x7_039c, 0x1000_0000);
    made.clock.advance(FRAME);
    expect(answer(made)).toBe(VBLANK | 0x10 | 0x20);
  });

  test('of the cursor is told by nothing but its live register', () => {
    const made = shown();
    listen(made);
    made.write(REG.CURBASE, 0x1200_0000);
    made.clock.advance(FRAME);
    expect(made.read(0x7_00ac)).toBe(0x1200_0000);
    expect(answer(made)).toBe(VBLANK);
  });
});

describe('check sums', () => {
  test('of the next frame wait until the guest has read those of the last', () => {
    const made = shown();
    made.write(0x4_4404, ~CRC_DONE >>> 0);
    made.write(0x4_440c, 0xffff_ffff);
    made.write(0x4_4200, 0x8000_0000);
    made.write(0x6_0050, 0x8000_0000);
    made.clock.advance(FRAME);
    const count = made.read(REG.FRMCOUNT);
    made.write(0x4_4200, 0);
    made.write(REG.IIR, CRC_DONE);
    made.clock.advance(FRAME);
    expect(made.read(REG.FRMCOUNT)).toBe(count);
    made.write(0x4_4200, 0x8000_0000);
    made.clock.advance(1);
    expect(made.read(REG.FRMCOUNT)).toBe(count + 1);
  });

  test('come with each frame while they are asked for', () => {
    const made = shown();
    listen(made);
    made.write(0x6_0050, 0x8000_0000);
    made.clock.advance(FRAME);
    expect(answer(made)).toBe(VBLANK + CRC_DONE);
    made.write(0x6_0050, 0);
    made.clock.advance(FRAME);
    expect(answer(made)).toBe(VBLANK);
  });
});
