// A guest whose memory is not shared, what `-m` alone gives, and a device that reads and writes it all the same.
//
// QEMU 11.1 answers as the specification says. Older releases have a layout of their own, and no client says of
// which release it is: the server finds out before its first access.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  allocDevice,
  dmaRwAsync,
  iommufdEmulatedOps,
  PciConfigSpace,
  registerEmulatedIommuDev,
  setupRegion,
  unregisterGroupDev,
  VfioCore,
  VfioError,
  type VfioDevice,
  type VfioDeviceOps,
} from '@vfio-ts/core';
import { bootGuest, labForTest } from '@vfio-ts/lab';
import { expect, onTestFinished, test } from 'vitest';
import { EventLoop, linuxHost, serveDevice } from '../../src/index.ts';

const RW = 3;
const CONFIG = 7;
const SOURCE = 0x00;
const TARGET = 0x04;
const LENGTH = 0x08;
const START = 0x0c;
const STATUS = 0x10;
const DONE = 1;

/** Copies guest memory: source, target and length, then a start; the status is 1 or a negative errno. */
class Copier {
  readonly vdev: VfioDevice;
  readonly config: PciConfigSpace = new PciConfigSpace({
    vendorId: 0x1234,
    deviceId: 0xc0c0,
    classCode: 0xff_00_00,
    bars: { 0: { kind: 'memory', size: 0x1000 } },
  });
  readonly registers: DataView = new DataView(new ArrayBuffer(0x1000));

  constructor(vdev: VfioDevice) {
    this.vdev = vdev;
  }

  async copy(): Promise<void> {
    const [source, target, length] = [SOURCE, TARGET, LENGTH].map((at) =>
      this.registers.getUint32(at, true),
    );
    const data = new Uint8Array(length ?? 0);
    let status = DONE;
    try {
      await dmaRwAsync(this.vdev, source ?? 0, data, false);
      await dmaRwAsync(this.vdev, target ?? 0, data, true);
    } catch (error) {
      status = error instanceof VfioError ? error.errno : -1;
    }
    this.registers.setInt32(STATUS, status, true);
  }
}

const copierOps: VfioDeviceOps<Copier> = {
  name: 'copier',
  ...iommufdEmulatedOps,
  init({ vdev, config }) {
    setupRegion(vdev, CONFIG, { size: config.size, flags: RW });
    setupRegion(vdev, 0, { size: 0x1000, flags: RW });
  },
  read({ config, registers }, region, offset, into) {
    if (region === CONFIG) config.read(offset, into);
    else into.set(new Uint8Array(registers.buffer, offset, into.length));
  },
  write(copier, region, offset, from) {
    if (region === CONFIG) {
      copier.config.write(offset, from);
      return;
    }
    new Uint8Array(copier.registers.buffer).set(from, offset);
    if (offset === START) void copier.copy();
  },
};

test('a device reads and writes memory that QEMU does not share', async (ctx) => {
  labForTest(ctx);
  const core = new VfioCore(linuxHost());
  using copier = allocDevice(Copier, 'vdev', core.parent('copier'), copierOps);
  registerEmulatedIommuDev(copier.device.vdev);
  const folder = mkdtempSync(join(tmpdir(), 'vfio-ts-copier-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const path = join(folder, 'copier.sock');
  const loop = new EventLoop();
  using server = serveDevice(copier.device.vdev, { path, loop });
  {
    await using guest = await bootGuest({ devices: [path], sharesMemory: false });
    const sh = async (command: string): Promise<string> => {
      const { output, status } = await guest.run(command);
      expect([command, status, output]).toEqual([command, 0, output]);
      return output.trim();
    };
    const device = await sh('grep -l 0xc0c0 /sys/bus/pci/devices/*/device | xargs dirname');
    await sh(`echo 1 > ${device}/enable`);
    // Memory decoding and bus master, in the command register.
    await sh(`printf '\\006' | dd of=${device}/config bs=1 seek=4 conv=notrunc`);
    const bar = Number((await sh(`head -n 1 ${device}/resource`)).split(' ')[0]);
    const register = (offset: number): string => `0x${(bar + offset).toString(16)}`;
    const copy = async (source: string, target: string, length: number): Promise<string> => {
      await sh(`devmem ${register(STATUS)} 32 0`);
      await sh(`devmem ${register(SOURCE)} 32 ${source}`);
      await sh(`devmem ${register(TARGET)} 32 ${target}`);
      await sh(`devmem ${register(LENGTH)} 32 ${length}`);
      await sh(`devmem ${register(START)} 32 1`);
      const status = `devmem ${register(STATUS)}`;
      return sh(`while [ $(${status}) = 0x00000000 ]; do :; done; ${status}`);
    };
    const words = (address: number): Promise<string> =>
      sh(`for at in 0 4 4096 32764 32808 32812; do devmem $((${address} + $at)); done`);

    // From the BIOS to the memory it has reserved at the top of the guest's 256 MiB, which nobody uses.
    const before = (await words(0xfff0000)).split('\n');
    expect(await copy('0xf0000', '0xfff0000', 0x8000 + 44)).toBe('0x00000001');
    const copied = (await words(0xf0000)).split('\n').slice(0, 5);
    expect((await words(0xfff0000)).split('\n')).toEqual([...copied, before[5]]);
    expect(new Set(copied).size).toBeGreaterThan(2);

    // What the guest has no memory at is refused, and the session goes on.
    expect(await copy('0xf0000000', '0xfff0000', 4)).toBe('0xFFFFFFEA');
    expect(await copy('0xffff0', '0xfffe000', 5)).toBe('0x00000001');
    expect(server.attached?.profile?.name).toBe('qemu');
    await guest.powerOff();
  }
  server.close();
  await unregisterGroupDev(copier.device.vdev);
  loop.close();
});
