// What the guide to debugging shows: leaks with their stacks, log, statistics, and devices that fail on purpose.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  allocDevice,
  registerEmulatedIommuDev,
  unregisterGroupDev,
  VFIO_PCI_BAR0_REGION_INDEX,
  VfioCore,
  VfioError,
  type Logger,
  type VfioDeviceOps,
} from '@vfio-ts/core';
import {
  connect,
  EventLoop,
  LevelLogger,
  linuxClientHost,
  LinuxClock,
  linuxHost,
  serveDevice,
  VfioUserClient,
} from '@vfio-ts/vfio-user';
import { expect, onTestFinished, test } from 'vitest';
import { CrcDevice, crcOps } from '../src/crc-device.ts';
import * as reg from '../src/crc-registers.ts';

// #region faults
/** The engine's callbacks, with a bus that fails after some accesses to the registers. */
function worn(accesses: number): VfioDeviceOps<CrcDevice> {
  let left = accesses;
  return {
    ...crcOps,
    read(crc, region, offset, into) {
      if (region === VFIO_PCI_BAR0_REGION_INDEX && left-- <= 0) {
        throw new VfioError('EIO', 'read', 'worn out on purpose');
      }
      crcOps.read?.(crc, region, offset, into);
    },
  };
}
// #endregion

/** Where a socket can be for as long as the test takes. */
function socketPath(): string {
  const folder = mkdtempSync(join(tmpdir(), 'vfio-ts-debugging-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  return join(folder, 'crc.sock');
}

test('a leak comes with the stack that made it', () => {
  const core = new VfioCore(linuxHost(), { trace: true });
  const forgotten = allocDevice(CrcDevice, 'vdev', core.parent('crc'), crcOps);
  const [leak] = core.leaks();
  expect(leak?.kind).toBe('device');
  expect(leak?.what).toContain('vfio0');
  expect(leak?.stack).toContain('debugging.test.ts');
  forgotten.put();
  expect(core.leaks()).toEqual([]);
});

test('a device that fails: what the guest, the log and the statistics say', async () => {
  const lines: string[] = [];
  const sink: Logger = {
    log: (level, component, message) => lines.push(`${level} ${component}: ${message()}`),
  };
  const logger = new LevelLogger(sink, 'debug');
  const core = new VfioCore(linuxHost({ logger }));
  const loop = new EventLoop();
  using crc = allocDevice(CrcDevice, 'vdev', core.parent('crc'), worn(1));
  const { vdev } = crc.device;
  registerEmulatedIommuDev(vdev);
  const path = socketPath();
  const server = serveDevice(vdev, { path, loop });

  const host = linuxClientHost(new LinuxClock(), sink);
  const client = await VfioUserClient.attach(connect(path, loop), { host });
  const value = new Uint8Array(4);
  await client.read(VFIO_PCI_BAR0_REGION_INDEX, reg.CRC_ID, value);
  await expect(client.read(VFIO_PCI_BAR0_REGION_INDEX, reg.CRC_ID, value)).rejects.toMatchObject({
    code: 'EIO',
  });

  expect(server.stats().total.errors).toEqual({ EIO: 1 });
  expect(server.stats().total.commands['REGION_READ']).toMatchObject({ messages: 2, errors: 1 });
  expect(lines).toContain('info vfio0#0 generic: attached by a client of kind generic');
  expect(lines).toContain('debug vfio0#0 generic: REGION_READ refused');

  await client.close();
  server.close();
  await unregisterGroupDev(vdev);
});

test('callbacks are looked up at each call: a running device can be made to fail', async () => {
  const core = new VfioCore(linuxHost());
  const loop = new EventLoop();
  const ops = { ...crcOps };
  using crc = allocDevice(CrcDevice, 'vdev', core.parent('crc'), ops);
  const { vdev } = crc.device;
  registerEmulatedIommuDev(vdev);
  const path = socketPath();
  const server = serveDevice(vdev, { path, loop });
  const host = linuxClientHost(new LinuxClock(), { log: () => undefined });
  const client = await VfioUserClient.attach(connect(path, loop), { host });
  const id = () => client.read(VFIO_PCI_BAR0_REGION_INDEX, reg.CRC_ID, new Uint8Array(4));
  await id();
  Object.assign(ops, worn(0));
  await expect(id()).rejects.toThrow('EIO');
  Object.assign(ops, crcOps);
  await id();
  await client.close();
  server.close();
  await unregisterGroupDev(vdev);
});
