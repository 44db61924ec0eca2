import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Guest, MIB, PAGE, SHARE } from '../execution/guest.ts';

const BASE = SHARE.aperture.base;
const PAGES = 32;

interface Fence {
  readonly tiling: 'x' | 'y';
  readonly pitch: number;
}

/** A guest with pages at the start of its aperture, full of different bytes. */
function guestWithPages(): { readonly guest: Guest; readonly physical: number } {
  const guest = new Guest();
  const physical = guest.pages(PAGES);
  for (let i = 0; i < PAGES; i++) guest.mapGlobal(BASE + i * PAGE, physical + i * PAGE);
  for (let i = 0; i < PAGES * PAGE; i++) guest.ram.bytes[physical + i] = i * 7 + (i >>> 8);
  return { guest, physical };
}

function setFence(guest: Guest, index: number, { tiling, pitch }: Fence): void {
  guest.setRegister(0x10_0000 + index * 8 + 4, (BASE + (PAGES - 1) * PAGE) | (pitch / 128 - 1));
  guest.setRegister(0x10_0000 + index * 8, BASE | (tiling === 'y' ? 2 : 0) | 1);
}

function tiled({ tiling, pitch }: Fence, linear: number): number {
  const [x, y] = [linear % pitch, Math.floor(linear / pitch)];
  const [width, height] = tiling === 'x' ? [512, 8] : [128, 32];
  const tile = Math.floor(y / height) * (pitch / width) + Math.floor(x / width);
  const [i, j] = [x % width, y % height];
  const inside = tiling === 'x' ? j * 512 + i : Math.floor(i / 16) * 512 + j * 16 + (i % 16);
  return tile * PAGE + inside;
}

const fence = fc.record({
  tiling: fc.constantFrom('x', 'y'),
  pitch: fc.constantFrom(512, 1024, 2048),
});

describe('a surface behind a fence', () => {
  it('is read as if it were linear', () => {
    const { guest, physical } = guestWithPages();
    fc.assert(
      fc.property(
        fence,
        fc.nat(3),
        fc.nat(16 * PAGE),
        fc.integer({ min: 1, max: 3000 }),
        (of, index, offset, length) => {
          for (let i = 0; i < 4; i++) guest.setRegister(0x10_0000 + i * 8, 0);
          setFence(guest, index, of);
          const into = new Uint8Array(length);
          guest.vgpu.readAperture(BASE + offset, into);
          const expected = into.map(
            (_, i) => guest.ram.bytes[physical + tiled(of, offset + i)] ?? 0,
          );
          expect(Buffer.compare(into, expected)).toBe(0);
        },
      ),
    );
  });

  it('is written as it is read', () => {
    const { guest } = guestWithPages();
    fc.assert(
      fc.property(
        fence,
        fc.nat(16 * PAGE),
        fc.uint8Array({ minLength: 1, maxLength: 64 }),
        (of, offset, bytes) => {
          setFence(guest, 0, of);
          guest.vgpu.writeAperture(BASE + offset, bytes);
          const back = new Uint8Array(bytes.length);
          guest.vgpu.readAperture(BASE + offset, back);
          expect(back).toEqual(bytes);
        },
      ),
    );
  });

  it('ends with the page that the fence names', () => {
    const { guest, physical } = guestWithPages();
    guest.setRegister(0x10_0004, BASE | 3);
    guest.setRegister(0x10_0000, BASE | 1);
    const into = new Uint8Array(4);
    guest.vgpu.readAperture(BASE + PAGE + 512, into);
    expect(into).toEqual(guest.ram.bytes.slice(physical + PAGE + 512, physical + PAGE + 516));
  });
});

it('an access without a fence goes through the table', () => {
  const { guest, physical } = guestWithPages();
  guest.vgpu.writeAperture(BASE + PAGE - 2, Uint8Array.of(1, 2, 3, 4));
  expect([...guest.ram.bytes.subarray(physical + PAGE - 2, physical + PAGE + 2)]).toEqual([
    1, 2, 3, 4,
  ]);
});

it('an access where no entry is reads as 0 and counts a fault', () => {
  const guest = new Guest();
  const into = Uint8Array.of(1, 2, 3, 4);
  guest.vgpu.readAperture(BASE + MIB, into);
  expect([...into]).toEqual([0, 0, 0, 0]);
  expect(guest.vgpu.counters.faults).toBe(1);
});
