// vfio-ts inspect of devices of ours, and of servers that are none.

import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { createConnection, createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, onTestFinished, test } from 'vitest';
import { programForTest } from '@vfio-ts/lab';
import { attach, main, printed, ready, run, runProgram, temporaryFolder } from '../support.ts';

/** A server that does with a connection what it is told, and with that alone. */
async function impostor(path: string, accept: (socket: Socket) => void): Promise<void> {
  const open: Socket[] = [];
  const server = createServer((socket) => {
    open.push(socket.on('error', () => undefined));
    accept(socket);
  });
  const { promise, resolve } = Promise.withResolvers<void>();
  server.listen(path, resolve);
  await promise;
  onTestFinished(() => {
    for (const socket of open) socket.destroy();
    server.close();
  });
}

test('a PCI device is described in text', async () => {
  const { socket = '' } = await ready(run('serve', 'mdpy-sample:mdpy-xga', '--json'));
  const shown = run('inspect', socket);
  const text = (await printed(shown)).join('\n');
  expect(await shown.ended).toEqual([0, null]);
  for (const line of [
    `${socket}: PCI device (RESET PCI)`,
    '[1b36:000f] (rev 01)',
    '  BAR 0: memory at 0x00000000, 4 MiB, 32-bit, prefetchable',
    '  Capabilities: [40] Vendor Specific: length=16',
    '  0 BAR 0: 4 MiB, READ WRITE MMAP',
    '  7 configuration: 256 B, READ WRITE',
    '  STOP_COPY P2P PRE_COPY; it is RUNNING',
  ]) {
    expect(text).toContain(line);
  }
});

test('the JSON has the shape that programs rely on', async () => {
  const { socket = '' } = await ready(run('serve', 'mdpy-sample:mdpy-vga', '--json'));
  const [json = '', ...more] = await printed(run('inspect', socket, '--json'));
  expect(more).toEqual([]);
  const name = expect.toBeOneOf([null, expect.any(String)]);
  expect(JSON.parse(json)).toEqual({
    socket,
    protocol: {
      major: 0,
      minor: 2,
      capabilities: { maxMsgFds: 8, maxDataXferSize: 0x100000, migration: { pgsize: 4096 } },
    },
    device: { api: 'pci', flags: ['RESET', 'PCI'], numRegions: 9, numIrqs: 5 },
    regions: [
      {
        index: 0,
        name: 'BAR 0',
        size: 0x200000,
        offset: 0,
        flags: ['READ', 'WRITE', 'MMAP'],
        capabilities: [],
      },
      {
        index: 7,
        name: 'configuration',
        size: 256,
        offset: 0,
        flags: ['READ', 'WRITE'],
        capabilities: [],
      },
    ],
    irqs: [],
    migration: { flags: ['STOP_COPY', 'P2P', 'PRE_COPY'], state: 'RUNNING' },
    pci: {
      vendorId: 0x1b36,
      deviceId: 0x000f,
      subsystemVendorId: 0x1af4,
      subsystemId: 0x1100,
      classCode: 0x038000,
      revisionId: 1,
      headerType: 0,
      isMultiFunction: false,
      command: expect.objectContaining({ memory: true, busMaster: false }),
      status: expect.objectContaining({ capabilities: true }),
      interruptLine: 0,
      interruptPin: 0,
      bars: [
        {
          index: 0,
          kind: 'memory',
          address: '0x00000000',
          is64Bit: false,
          isPrefetchable: true,
          size: 0x200000,
        },
      ],
      capabilities: [{ offset: 0x40, id: 9, name: 'Vendor Specific', facts: { length: 16 } }],
      extendedCapabilities: [],
      config: expect.stringMatching(/^361b0f00[\da-f]{504}$/u),
      vendorName: name,
      deviceName: name,
      className: name,
      subsystemVendorName: name,
    },
  });
});

test('lspci reads what --hex prints, from a pipe', async (context) => {
  const lspci = programForTest(context, 'lspci', 'pciutils');
  const { socket = '' } = await ready(run('serve', 'mdpy-sample:mdpy-vga', '--json'));
  const pipe = `${process.execPath} ${main} inspect --hex ${socket} | ${lspci} -n -v -F /dev/stdin`;
  const { stdout: said } = await promisify(execFile)('sh', ['-c', pipe]);
  expect(said).toMatch(/^00:00\.0 0380: 1b36:000f \(rev 01\)$/mu);
  expect(said).toContain('Capabilities: [40] Vendor Specific Information: Len=10');
});

test('a crypto adapter is described, and has no configuration space for --hex', async () => {
  const settings = ['--set', 'assign_adapter=5', '--set', 'assign_domain=4'];
  const { socket = '' } = await ready(run('serve', 'ap', ...settings, '--json'));
  const text = (await printed(run('inspect', socket))).join('\n');
  expect(text).toContain('crypto adapter device (RESET AP)');
  expect(text).toContain('0 REQ: 1, EVENTFD');
  const hex = run('inspect', socket, '--hex');
  expect(await hex.ended).toEqual([1, null]);
  expect(hex.errors()).toContain('has no configuration space');
});

test('a channel device is described with what its regions are', async () => {
  const { socket = '' } = await ready(run('serve', 'ccw:3270', '--json'));
  const text = (await printed(run('inspect', socket))).join('\n');
  expect(text).toContain('channel device (RESET CCW)');
  expect(text).toMatch(/^ {2}0 configuration: \d+ B, READ WRITE$/mu);
  expect(text).toMatch(/^ {2}\d device specific: .*; ccw: CRW$/mu);
  expect(text).toMatch(/^ {2}0 I\/O: 1, EVENTFD$/mu);
});

test('a device that has a client is left alone, and inspect says how to go on', async () => {
  const served = run('serve', 'mdpy-sample:mdpy-vga', '--json');
  const { socket = '' } = await ready(served);
  await using client = await attach(socket);
  const shown = run('inspect', socket);
  expect(await shown.ended).toEqual([1, null]);
  expect(shown.errors()).toBe(
    `vfio-ts: ${socket} has a client, and serves one at a time: ask again when that has gone; what passes through it: vfio-ts stats ${socket}\n`,
  );
  const [json = ''] = await printed(run('stats', socket, '--json'));
  expect(JSON.parse(json)).toMatchObject({ connections: 1 });
  expect(await client.getInfo()).toMatchObject({ numRegions: 9 });
});

test('a server of somebody else that has a client is not even connected to', async () => {
  using folder = temporaryFolder();
  const path = join(folder.path, 'other.sock');
  const accepted: Socket[] = [];
  await impostor(path, (socket) => void accepted.push(socket));
  const user = createConnection(path);
  onTestFinished(() => void user.destroy());
  await once(user, 'connect');
  const shown = run('inspect', path);
  expect(await shown.ended).toEqual([1, null]);
  expect(shown.errors()).toBe(
    `vfio-ts: ${path} has a client, and serves one at a time: ask again when that has gone\n`,
  );
  expect(accepted).toHaveLength(1);
});

test('a UUID stands for the socket of a device that the daemon runs', async () => {
  using folder = temporaryFolder();
  const uuid = '83b8f4f2-509f-382f-3c1e-e6bfe0fa1001';
  const socket = join(folder.path, `${uuid}.sock`);
  await ready(run('serve', 'mdpy-sample:mdpy-vga', '--socket', socket, '--json'));
  const env = { ...process.env, VFIO_TS_RUNTIME_DIR: folder.path };
  const told = await printed(runProgram(main, { env }, 'inspect', uuid.toUpperCase(), '--json'));
  expect(JSON.parse(told.join(''))).toMatchObject({ socket, device: { api: 'pci' } });
  const stats = await printed(runProgram(main, { env }, 'stats', uuid, '--prometheus'));
  expect(stats).toContain(`vfio_ts_connections_total{device="${uuid}"} 1`);
});

test('a device is as it was after it was inspected, and there for the next client', async () => {
  const { socket = '' } = await ready(run('serve', 'mdpy-sample:mdpy-vga', '--json'));
  const first = await printed(run('inspect', socket, '--json'));
  expect(await printed(run('inspect', socket, '--json'))).toEqual(first);
});

test('a server that says nothing is not waited for without end', async () => {
  using folder = temporaryFolder();
  const path = join(folder.path, 'mute.sock');
  await impostor(path, () => undefined);
  const shown = run('inspect', path, '--timeout', '0.2');
  expect(await shown.ended).toEqual([1, null]);
  expect(shown.errors()).toContain('does not answer within 0.2 s');
});

test.each([
  ['text', 'SSH-2.0-OpenSSH_9.7p1 Debian-6 and a little more to make a header of it\r\n'],
  ['nothing', ''],
])('a server that answers %s and goes is no device', async (_what, answer) => {
  using folder = temporaryFolder();
  const path = join(folder.path, 'other.sock');
  await impostor(path, (socket) => void socket.end(answer));
  const shown = run('inspect', path);
  expect(await shown.ended).toEqual([1, null]);
  expect(shown.errors()).toContain('is it the socket of a device?');
});
