// A real QEMU with a device that has a mapped BAR and no MSI-X. What QEMU 11.1 does under TCG, where it is not what one
// would think:
// - A region that can be mapped ends posted writes for all regions of the device.
// - An INTx interrupt takes the mapping away from the guest until INTx is disabled: nothing brings it back before.
// - A reset of the machine resets the device twice.
// - An unplugged device is closed without a reset; its client's memory is unmapped first.
// VFIO_TS_SOAK=1 makes it 50 resets and 20 times unplugged and plugged again.

// oxlint-disable no-await-in-loop -- one life after the other

import { deviceProperties, until } from '@vfio-ts/lab';
import { afterAll, describe, expect, test } from 'vitest';
import { VFIO_USER } from '../../src/protocol.ts';
import { bindExerciser, type ExerciserDriver, type IrqKind } from './support/exerciser-guest.ts';
import { run, Shared } from './support/stand.ts';

const RESETS = process.env['VFIO_TS_SOAK'] === '1' ? 50 : 5;
const PLUGS = process.env['VFIO_TS_SOAK'] === '1' ? 20 : 2;
const GIB = 2 ** 30;
const DEVICE = '0000:01:00.0';

describe('a guest with a mapped BAR and memory above 4 GiB', () => {
  const shared = new Shared(async (stand) => {
    const served = stand.exerciser({ msix: false, mappable: true });
    const device = { socket: served.socket, bus: 'rp0', id: 'dev0' };
    const guest = await stand.boot({ rootPorts: 1, devices: [device], memory: '5G' });
    const bind = (kind: IrqKind): Promise<ExerciserDriver> => bindExerciser(guest, DEVICE, kind);
    return { served, device, guest, bind };
  });
  afterAll(() => shared.end());

  test('every write waits for its reply, and the mapped BAR needs no message', async (ctx) => {
    const { served, bind } = await shared.get(ctx);
    await using driver = await bind('msi');
    served.wire.clear();
    await driver.write('dma', '65536 9');
    expect(served.wire.writes(0).length).toBeGreaterThan(10);
    expect(served.wire.writes(0).filter(({ posted }) => posted)).toEqual([]);
    expect(served.wire.writes(2)).toEqual([]);
  });

  test('an INTx interrupt turns the mapping into messages until INTx is off', async (ctx) => {
    const { served, bind } = await shared.get(ctx);
    {
      await using driver = await bind('intx');
      served.wire.clear();
      // The first transfer ends with an interrupt; what the driver does with BAR 2 comes after it.
      await driver.write('dma', '64 9');
      expect(served.wire.writes(2).length).toBe(64);
    }
    await using driver = await bind('msi');
    served.wire.clear();
    await driver.write('dma', '64 9');
    expect(served.wire.writes(2)).toEqual([]);
  });

  test('DMA reaches memory above 4 GiB', async (ctx) => {
    const { bind } = await shared.get(ctx);
    await using driver = await bind('msi');
    await driver.write('dma', '65536 3');
    expect(Number.parseInt(await driver.read('dma'), 16)).toBeGreaterThanOrEqual(4 * GIB);
  });

  test('unplugged and plugged again, the guest has it as a new device each time', async (ctx) => {
    const { served, device, guest, bind } = await shared.get(ctx);
    for (let plug = 0; plug < PLUGS; plug++) {
      const unplugged = await bind('msi');
      served.wire.clear();
      const deleted = guest.waitForEvent('DEVICE_DELETED');
      await guest.monitor('device_del', { id: device.id });
      await deleted;
      await until(() => served.server.connections === 0);
      expect(served.wire.irqs).toContain('msi trigger none 0+0 fds 0');
      expect(served.wire.count(VFIO_USER.DMA_UNMAP)).toBeGreaterThan(0);
      expect(served.wire.count(VFIO_USER.DEVICE_RESET)).toBe(0);
      expect(await run(guest, `ls -d /sys/bus/pci/devices/${DEVICE} 2>&1 || true`)).toContain(
        'No such',
      );
      await unplugged.unbind();

      await guest.monitor('device_add', deviceProperties(device, 0));
      expect(served.server.connections).toBe(1);
      await run(guest, `until [ -e /sys/bus/pci/devices/${DEVICE}/enable ]; do :; done`);
      await using driver = await bind('msi');
      await driver.write('dma', '4096 1');
      expect(await driver.irqs('msi 2')).toBe('msi 2');
    }
  });

  test(
    `${RESETS} resets of the machine: each resets the device, and the driver binds again`,
    { timeout: RESETS * 100_000 },
    async (ctx) => {
      const { served, guest, bind } = await shared.get(ctx);
      const client = served.server.attached;
      for (let boot = 0; boot < RESETS; boot++) {
        const driver = await bind('msi');
        await driver.write('dma', `4096 ${boot}`);
        expect(await driver.irqs('msi 2')).toBe('msi 2');
        const { resets } = served.device;
        served.wire.clear();
        await guest.reset();
        expect(served.device.resets).toBeGreaterThan(resets);
        expect(served.wire.count(VFIO_USER.DEVICE_RESET)).toBe(served.device.resets - resets);
        expect(served.wire.irqs[0]).toBe('msi trigger none 0+0 fds 0');
        expect(served.device.ram.every((byte) => byte === 0)).toBe(true);
      }
      expect(served.server.attached).toBe(client);
      await using driver = await bind('intx');
      await driver.write('raise', '0 3');
      expect(await driver.irqs('intx 2')).toBe('intx 2');
    },
  );
});
