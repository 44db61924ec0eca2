// A real QEMU with a device that has every kind of interrupt and no region that can be mapped. What QEMU 11.1 does
// under TCG, where it is not what one would think:
// - MSI-X is enabled by a trigger of vector 0 without a descriptor; each vector gets its own when the guest unmasks it.
// - Masking a vector is no message: QEMU keeps what arrives meanwhile. Only the unmask is one, of that vector alone.
// - The end of an INTx interrupt is seen by QEMU as any access to a BAR: there are more unmasks than interrupts.
// - That access may come before the guest has cleared the cause, and the level is delivered once more: a guest may see
//   an interrupt that is none, and has to ask the device.
// - A device with MSI-X cannot be unplugged: QEMU fails an assertion.

import { afterAll, describe, expect, test } from 'vitest';
import { bindExerciser, type ExerciserDriver, type IrqKind } from './support/exerciser-guest.ts';
import { exportLines } from './support/idio-16-guest.ts';
import * as reg from './support/exerciser-registers.ts';
import { until } from '@vfio-ts/lab';
import { Shared } from './support/stand.ts';

describe('a guest with INTx, MSI and MSI-X', () => {
  const shared = new Shared(async (stand) => {
    const served = stand.exerciser({ msix: true, mappable: false });
    const card = stand.idio16();
    const devices = [{ socket: served.socket, bus: 'rp0' }, card.socket];
    const guest = await stand.boot({ rootPorts: 1, devices });
    const bind = (kind: IrqKind): Promise<ExerciserDriver> =>
      bindExerciser(guest, '0000:01:00.0', kind);
    return { served, card, guest, bind };
  });
  afterAll(() => shared.end());

  test('MSI-X is enabled without a descriptor, then each vector gets one', async (ctx) => {
    const { served, bind } = await shared.get(ctx);
    served.wire.clear();
    const driver = await bind('msix');
    expect(served.wire.irqs).toEqual([
      'intx trigger none 0+0 fds 0',
      'msix trigger eventfd 0+1 fds 0',
      'msix trigger eventfd 0+1 fds 1',
      'msix trigger eventfd 1+1 fds 1',
      'msix trigger eventfd 2+1 fds 1',
      'msix trigger eventfd 3+1 fds 1',
    ]);
    await driver.unbind();
  });

  test.for([
    ['msix', 'msix trigger none 0+0 fds 0'],
    ['msi', 'msi trigger none 0+0 fds 0'],
  ] as const)('the end of %s disables it and brings INTx back', async ([kind, disable], ctx) => {
    const { served, bind } = await shared.get(ctx);
    const driver = await bind(kind);
    served.wire.clear();
    await driver.unbind();
    expect(served.wire.irqs).toEqual([disable, 'intx trigger eventfd 0+1 fds 1']);
  });

  test('MSI-X: the guest gets each vector as often as it is raised', async (ctx) => {
    const { bind } = await shared.get(ctx);
    await using driver = await bind('msix');
    await driver.write('raise', '0 1');
    expect(await driver.irqs('msix 1 0 0 0')).toBe('msix 1 0 0 0');
    await driver.write('raise', '3 1');
    expect(await driver.irqs('msix 1 0 0 1')).toBe('msix 1 0 0 1');
    await driver.write('raise', '3 1');
    expect(await driver.irqs('msix 1 0 0 2')).toBe('msix 1 0 0 2');
  });

  test('MSI-X: what is raised while masked comes with the unmask, which is of that vector alone', async (ctx) => {
    const { served, bind } = await shared.get(ctx);
    await using driver = await bind('msix');
    served.wire.clear();
    await driver.write('mask', '2 1');
    await driver.write('raise', '2 1');
    expect(served.wire.irqs).toEqual([]);
    expect(await driver.read('irqs')).toBe('msix 0 0 0 0');
    await driver.write('mask', '2 0');
    expect(await driver.irqs('msix 0 0 1 0')).toBe('msix 0 0 1 0');
    expect(served.wire.irqs).toEqual(['msix trigger eventfd 2+1 fds 1']);
  });

  test('MSI: one vector, enabled with its descriptor', async (ctx) => {
    const { served, bind } = await shared.get(ctx);
    served.wire.clear();
    await using driver = await bind('msi');
    expect(served.wire.irqs).toEqual([
      'intx trigger none 0+0 fds 0',
      'msi trigger eventfd 0+1 fds 1',
    ]);
    await driver.write('raise', '0 f');
    expect(await driver.irqs('msi 1')).toBe('msi 1');
  });

  test('INTx: a level that stays up is delivered again after each end of interrupt', async (ctx) => {
    const { served, bind } = await shared.get(ctx);
    await using driver = await bind('intx');
    served.wire.clear();
    const { raised } = served.device;
    // The driver takes one cause at a time: four interrupts of a line that went up once.
    await driver.write('raise', '0 f');
    expect(await driver.irqs('intx 4')).toBe('intx 4');
    expect(served.device.raised - raised).toBe(1);
    const { irqs } = served.wire;
    expect(new Set(irqs)).toEqual(new Set(['intx unmask none 0+1 fds 0']));
    expect(irqs.length).toBeGreaterThanOrEqual(4);
    await driver.write('raise', '0 1');
    expect(await driver.irqs('intx 5')).toBe('intx 5');
  });

  test.for(['intx', 'msi', 'msix'] as const)(
    'DMA to the device and back, each end told by %s',
    async (kind, ctx) => {
      const { served, bind } = await shared.get(ctx);
      await using driver = await bind(kind);
      served.device.ram.fill(0);
      // Not a whole number of pages. The driver compares each byte, both ways.
      await driver.write('dma', '8193 5');
      const counts = kind === 'msix' ? 'msix 2 0 0 0' : `${kind} 2`;
      expect(await driver.irqs(counts)).toBe(counts);
      // What the driver wrote back byte by byte through BAR 2: the complement of its pattern.
      const first = (Math.imul(5, 2654435761) >>> 24) ^ 0xff;
      expect(served.device.ram[0]).toBe(first);
      expect(served.device.ram.subarray(8193).every((byte) => byte === 0)).toBe(true);
    },
  );

  test('no region can be mapped: writes are posted, and a read comes after them', async (ctx) => {
    const { served, bind } = await shared.get(ctx);
    await using driver = await bind('msi');
    served.wire.clear();
    await driver.write('scratch', '0x12345678');
    expect(await driver.read('scratch')).toBe('12345678');
    expect(served.wire.writes(0)).toEqual([
      { region: 0, offset: reg.EX_SCRATCH, count: 4, posted: true },
    ]);
  });

  test('gpio-pci-idio-16: the world sees what the guest puts out, the guest what the world puts in', async (ctx) => {
    const { card, guest } = await shared.get(ctx);
    await using lines = await exportLines(guest, [0, 3, 15, 16, 17, 31]);
    card.wire.clear();
    await lines.set('OUT0', 1);
    await lines.set('OUT3', 1);
    await lines.set('OUT15', 1);
    expect(card.device.outputs).toBe(0x8009);
    await lines.set('OUT3', 0);
    expect(card.device.outputs).toBe(0x8001);
    // An I/O BAR: nothing is posted.
    expect(card.wire.writes(2).map(({ posted }) => posted)).toEqual([false, false, false, false]);
    card.device.inputs = 0x8002;
    expect([await lines.get('IIN0'), await lines.get('IIN1'), await lines.get('IIN15')]).toEqual([
      '0',
      '1',
      '1',
    ]);
  });

  test('gpio-pci-idio-16: an input that changes interrupts the guest, which clears it', async (ctx) => {
    const { card, guest } = await shared.get(ctx);
    const inputs = Array.from({ length: 16 }, (_, input) => 16 + input);
    await using lines = await exportLines(guest, inputs);
    expect(card.device.irqEnabled).toBe(false);
    await lines.edges('both');
    expect(card.device.irqEnabled).toBe(true);
    for (const [level, count] of [
      [1, '1'],
      [0, '2'],
      [1, '3'],
    ] as const) {
      card.device.inputs = level;
      // oxlint-disable-next-line no-await-in-loop -- one after the other
      expect(await lines.interrupts(16, count)).toBe(count);
      expect(card.device.isPending).toBe(false);
    }
    await lines.edges('none');
    expect(card.device.irqEnabled).toBe(false);
  });

  // QEMU 11.1.3 takes the MSI-X table out of a BAR that it is no longer in, and aborts. Whether it does or not is
  // nothing to the server; the last test of this guest.
  test('unplugging it ends QEMU or not, the device is free for the next client', async (ctx) => {
    const { served, guest } = await shared.get(ctx);
    const known = { exit: { code: null, signal: 'SIGABRT' }, assertion: true };
    const aborted = guest.exited.then((exit) => ({
      exit,
      assertion: /memory_region_del_subregion: Assertion/.test(guest.complaints),
    }));
    const deleted = guest.waitForEvent('DEVICE_DELETED').then(() => known);
    deleted.catch(() => undefined);
    guest.monitor('device_del', { id: 'dev0' }).catch(() => undefined);
    expect(await Promise.race([deleted.catch(() => aborted), aborted])).toEqual(known);
    await until(() => served.server.connections === 0);
    expect(served.server.attached).toBeUndefined();
  });
});
