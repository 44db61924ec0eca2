import { ManualClock } from '@vfio-ts/conformance/fakes';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { FrameClock } from '../../../src/gpu/display/frame-clock.ts';
import type { Timing } from '../../../src/gpu/display/timing.ts';

const TIMING: Timing = { period: 10, lines: 1000, blankStart: 900, behind: 0 };

/** A clock whose timers come when the test says, as on a loaded machine. */
class LateClock extends ManualClock {
  late = 0;
  override now(): number {
    return super.now() + this.late;
  }
}

function running(timing = TIMING) {
  const clock = new LateClock();
  const told: number[] = [];
  const state = { isUnanswered: false, turns: 0 };
  const frames = new FrameClock(clock, {
    isUnanswered: () => state.isUnanswered,
    finish: () => state.turns-- <= 0,
    frame: () => void told.push(frames.count),
  });
  frames.start(timing);
  return { clock, frames, told, state };
}

describe('frames', () => {
  test('come with each vertical blank, the first after the lines of the picture', () => {
    const { clock, told } = running();
    clock.advance(8.9);
    expect(told).toEqual([]);
    clock.advance(0.1);
    expect(told).toEqual([1]);
    clock.advance(30);
    expect(told).toEqual([1, 2, 3, 4]);
  });

  test('end with stop', () => {
    const { clock, frames, told } = running();
    clock.advance(9);
    frames.stop();
    clock.advance(100);
    expect(told).toEqual([1]);
    expect(clock.pending).toBe(0);
  });

  test('go on counting after a new start, and from 0 after a reset', () => {
    const { clock, frames } = running();
    clock.advance(9);
    frames.start(TIMING);
    clock.advance(9);
    expect(frames.count).toBe(2);
    frames.reset();
    expect(frames.count).toBe(0);
  });

  test('keep their rhythm when one comes late', () => {
    const { clock, told } = running();
    clock.advance(8.5);
    clock.late = 3;
    clock.advance(0.5);
    clock.late = 0;
    expect(told).toEqual([1]);
    clock.advance(9.9);
    expect(told).toEqual([1]);
    clock.advance(0.1);
    expect(told).toEqual([1, 2]);
  });
});

describe('missed frames', () => {
  test('are told one after the other', () => {
    const { clock, told } = running();
    clock.late = 35;
    clock.advance(9);
    expect(told).toEqual([1, 2, 3, 4]);
  });

  test('of a long time are none: the display stood still', () => {
    const { clock, told } = running();
    clock.late = 1000;
    clock.advance(9);
    expect(told).toEqual([1]);
    clock.advance(10);
    expect(told).toEqual([1, 2]);
  });

  test('wait until the guest has taken the last one', () => {
    const { clock, told, state } = running();
    state.isUnanswered = true;
    clock.advance(9 + 15);
    expect(told).toEqual([]);
    state.isUnanswered = false;
    clock.advance(1);
    expect(told).toEqual([1, 2]);
  });

  test('do not wait for ever', () => {
    const { clock, told, state } = running();
    state.isUnanswered = true;
    clock.advance(9 + 149);
    expect(told).toEqual([]);
    clock.advance(1);
    expect(told).toEqual([1]);
  });
});

test('a frame is told when the one before has ended, however many turns that takes', () => {
  const { clock, told, state } = running();
  state.turns = 3;
  clock.advance(9);
  expect(told).toEqual([1]);
  expect(state.turns).toBe(-1);
});

describe('the scan line', () => {
  test('runs through the frame and begins again', () => {
    const { clock, frames } = running();
    const lines: number[] = [];
    for (let i = 0; i < 12; i++) {
      lines.push(frames.scanLine);
      clock.advance(1);
    }
    expect(lines).toEqual([0, 100, 200, 300, 400, 500, 600, 700, 800, 900, 0, 100]);
  });

  test('waits for a frame that is late where no driver holds updates back', () => {
    const { clock, frames, state } = running();
    state.isUnanswered = true;
    clock.advance(9 + 5);
    expect(frames.scanLine).toBe(868);
    state.isUnanswered = false;
    clock.advance(1);
    expect(frames.scanLine).toBe(500);
  });

  test('is never seen in the last part of the frame, before the blank', () => {
    const { clock, frames } = running();
    clock.advance(8.9);
    expect(frames.scanLine).toBe(868);
    clock.advance(0.1);
    expect(frames.scanLine).toBe(900);
  });

  test('is behind by what the port costs', () => {
    const { clock, frames } = running({ ...TIMING, behind: 2 });
    clock.advance(9);
    expect(frames.scanLine).toBe(898);
  });

  test('is 0 while nothing is scanned', () => {
    const { frames } = running();
    frames.stop();
    expect(frames.scanLine).toBe(0);
  });
});

test('whatever the delays, the counter goes by one from frame to frame', () => {
  const step = fc.record({ pass: fc.double({ min: 0, max: 60, noNaN: true }), late: fc.nat(60) });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 30 }), (steps) => {
      const { clock, told } = running();
      for (const { pass, late } of steps) {
        clock.late += late;
        clock.advance(pass);
      }
      expect(told).toEqual(told.map((_, i) => i + 1));
    }),
  );
});
