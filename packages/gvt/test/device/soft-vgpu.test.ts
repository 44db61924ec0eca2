// The mediation and the software GPU together, as the user of the device file sees them.

import { CountingSignal } from '@vfio-ts/conformance/fakes';
import {
  devicePicture,
  PAGE_SIZE,
  VFIO_IRQ_SET_ACTION_TRIGGER,
  VFIO_IRQ_SET_DATA_EVENTFD,
  VFIO_PCI_MSI_IRQ_INDEX,
  type DeviceFile,
} from '@vfio-ts/core';
import { describe, expect, test } from 'vitest';
import { GVT_EDID_REGION, monitorEdid } from '../../src/index.ts';
import { RAM, RAM_PAGES, show, softGuest, type SoftGuest } from './soft-guest.ts';
import { MB, read, read32, write16, write32 } from './support.ts';

const LOW = 128 * MB;
const GTT = 8 * MB;
const LINK_STATE = 20;
const BLOB = 2048;
const MASTER = 0x4_4200;
const ENABLE = 0x8000_0000;
const SDE = 0xc_4000;
const HOTPLUG_B = 1 << 21;
const PCH_PORT_HOTPLUG = 0xc_4030;
const PORTB_HOTPLUG_ENABLE = 1 << 4;

function listen(file: DeviceFile): CountingSignal {
  const signal = new CountingSignal();
  const flags = VFIO_IRQ_SET_DATA_EVENTFD | VFIO_IRQ_SET_ACTION_TRIGGER;
  const index = VFIO_PCI_MSI_IRQ_INDEX;
  file.setIrqs({ index, start: 0, count: 1, flags, signals: [signal] });
  write16(file, 7, 0x92, 1);
  return signal;
}

/** Maps the guest's memory at the start of its low graphics memory. */
function mapGraphics({ opened: { file } }: SoftGuest): void {
  const entries = new BigUint64Array(RAM_PAGES);
  for (let i = 0; i < RAM_PAGES; i++) entries[i] = BigInt(RAM + i * PAGE_SIZE + 1);
  file.write(0, GTT + (LOW / PAGE_SIZE) * 8, new Uint8Array(entries.buffer));
}

describe('another monitor', () => {
  test('raises the hot-plug interrupt of port B behind the reply', async () => {
    await using guest = softGuest();
    const { file } = guest.opened;
    const signal = listen(file);
    write32(file, 0, SDE + 4, 0);
    write32(file, 0, SDE + 12, HOTPLUG_B);
    write32(file, 0, PCH_PORT_HOTPLUG, PORTB_HOTPLUG_ENABLE);
    write32(file, 0, MASTER, ENABLE);
    guest.host.clock.advance(0);
    expect(signal.count()).toBe(0);

    write32(file, GVT_EDID_REGION, LINK_STATE, 2);
    file.write(GVT_EDID_REGION, BLOB, monitorEdid({ width: 800, height: 600 }));
    write32(file, GVT_EDID_REGION, LINK_STATE, 1);
    expect(signal.count()).toBe(0);
    guest.host.clock.advance(0);
    expect(signal.count()).toBe(1);
    expect(read32(file, 0, SDE + 8) & HOTPLUG_B).not.toBe(0);
  });
});

describe('the picture', () => {
  test('is the frame buffer in the guest’s memory', async () => {
    await using guest = softGuest();
    mapGraphics(guest);
    show(guest, LOW);
    guest.host.clock.advance(100);
    guest.ram.set([0x11, 0x22, 0x33, 0], 5 * 256 + 7 * 4);
    const picture = devicePicture(guest.vgpu.vdev);
    expect([picture?.width, picture?.height]).toEqual([64, 32]);
    const at = (5 * 64 + 7) * 4;
    expect([...(picture?.rgba.subarray(at, at + 8) ?? [])]).toEqual([
      0x33, 0x22, 0x11, 255, 0, 0, 0, 255,
    ]);
  });

  test('is black where the memory has been taken away', async () => {
    await using guest = softGuest();
    mapGraphics(guest);
    show(guest, LOW);
    guest.host.clock.advance(100);
    guest.ram.fill(0xff);
    guest.opened.file.unmapDma({ iova: RAM, size: RAM_PAGES * PAGE_SIZE });
    const picture = devicePicture(guest.vgpu.vdev);
    expect(picture?.rgba.every((byte, i) => byte === (i % 4 === 3 ? 255 : 0))).toBe(true);
  });

  test('is off after a reset', async () => {
    await using guest = softGuest();
    mapGraphics(guest);
    show(guest, LOW);
    guest.host.clock.advance(100);
    void guest.opened.file.reset();
    expect(devicePicture(guest.vgpu.vdev)).toBe(undefined);
  });
});

describe('the aperture', () => {
  test('is the guest’s memory behind its table', async () => {
    await using guest = softGuest();
    const { file } = guest.opened;
    mapGraphics(guest);
    file.write(2, LOW + PAGE_SIZE + 5, Uint8Array.of(1, 2, 3));
    expect([...guest.ram.subarray(PAGE_SIZE + 5, PAGE_SIZE + 8)]).toEqual([1, 2, 3]);
    expect([...read(file, 2, LOW + PAGE_SIZE + 5, 3)]).toEqual([1, 2, 3]);
  });

  test('reads as 0 where the table has nothing, and writes are lost', async () => {
    await using guest = softGuest();
    const { file } = guest.opened;
    file.write(2, LOW, Uint8Array.of(1));
    expect([...read(file, 2, LOW, 2)]).toEqual([0, 0]);
    expect(guest.vgpu.gpu?.counters.faults).toBeGreaterThan(0);
  });

  test('of an entry outside of its share does not exist: the entry is dropped', async () => {
    await using guest = softGuest();
    const { file } = guest.opened;
    const entry = new Uint8Array(new BigUint64Array([BigInt(RAM + 1)]).buffer);
    for (const address of [0, LOW - PAGE_SIZE, LOW + 64 * MB, 256 * MB, 4096 * MB - PAGE_SIZE]) {
      file.write(0, GTT + (address / PAGE_SIZE) * 8, entry);
      expect(read(file, 0, GTT + (address / PAGE_SIZE) * 8, 8)).toEqual(new Uint8Array(8));
    }
  });
});

test('frames come while it is open, and stop with the close', async () => {
  await using guest = softGuest();
  mapGraphics(guest);
  show(guest, LOW);
  guest.host.clock.advance(100);
  expect(read32(guest.opened.file, 0, 0x7_0040)).toBeGreaterThan(3);
  guest.opened.close();
  expect(guest.host.clock.pending).toBe(0);
});
