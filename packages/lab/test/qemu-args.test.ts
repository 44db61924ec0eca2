import { expect, test } from 'vitest';
import {
  bootArgs,
  connectionArgs,
  defaultSlot,
  deviceProperties,
  kernelCommandLine,
  machineArgs,
} from '../src/qemu-args.ts';
import { endsWithParent, isRecentEnough, treeQemu } from '../src/qemu.ts';

function after(args: readonly string[], name: string): string[] {
  return args.flatMap((arg, index) => (arg === name ? [args[index + 1] ?? ''] : []));
}

test('memory is one shared backend of the size asked for', () => {
  const args = machineArgs({ memory: '5G' });
  expect(after(args, '-m')).toEqual(['5G']);
  expect(after(args, '-machine')[0]).toContain('memory-backend=mem');
  expect(after(args, '-object')[0]).toMatch(/memory-backend-memfd,id=mem,size=5G,share=on/);
});

test('memory that is not shared is what -m alone gives', () => {
  const args = machineArgs({ memory: '5G', sharesMemory: false });
  expect(after(args, '-m')).toEqual(['5G']);
  expect(after(args, '-machine')[0]).not.toContain('memory-backend');
  expect(after(args, '-object')).toEqual([]);
});

test('TCG is the default and KVM is asked for', () => {
  expect(after(machineArgs({}), '-accel')).toEqual(['tcg,thread=multi']);
  expect(after(machineArgs({ accel: 'kvm' }), '-accel')).toEqual(['kvm']);
});

test('devices get stable ids and slots', () => {
  const args = machineArgs({ devices: ['/a.sock', { socket: '/b.sock', id: 'mine' }] });
  const devices: unknown[] = after(args, '-device').map((text) => JSON.parse(text));
  expect(devices).toEqual([
    {
      driver: 'vfio-user-pci',
      id: 'dev0',
      bus: 'pcie.0',
      addr: '10.0',
      socket: { type: 'unix', path: '/a.sock' },
    },
    {
      driver: 'vfio-user-pci',
      id: 'mine',
      bus: 'pcie.0',
      addr: '11.0',
      socket: { type: 'unix', path: '/b.sock' },
    },
  ]);
});

test('behind a port a device has no slot of its own, and properties win', () => {
  const device = { socket: '/a', bus: 'rp0', properties: { 'x-pci-vendor-id': 1 } };
  expect(deviceProperties(device, 3)).toEqual({
    driver: 'vfio-user-pci',
    id: 'dev3',
    bus: 'rp0',
    socket: { type: 'unix', path: '/a' },
    'x-pci-vendor-id': 1,
  });
  expect(defaultSlot(15)).toBe('1f.0');
});

test('ports are made before the devices behind them', () => {
  const args = machineArgs({ rootPorts: 2, devices: [{ socket: '/a', bus: 'rp1' }] });
  const devices = after(args, '-device');
  expect(devices[0]).toBe('pcie-root-port,id=rp0,bus=pcie.0,chassis=1,addr=8.0');
  expect(devices[1]).toContain('id=rp1');
  expect(devices[2]).toContain('vfio-user-pci');
});

test('the serial console comes after the frame buffer console, further words last', () => {
  const line = kernelCommandLine('quiet');
  expect(line).toMatch(/^console=tty0 console=ttyS0 .* quiet$/);
  expect(kernelCommandLine('')).not.toMatch(/\s$/);
  const args = bootArgs({ kernel: '/k', initramfs: '/i' }, 'quiet');
  expect(args).toEqual(['-kernel', '/k', '-initrd', '/i', '-append', line]);
});

test('the console is the first serial port, the agent the second', () => {
  expect(after(connectionArgs('/d'), '-serial')).toEqual(['chardev:console', 'chardev:agent']);
  expect(after(connectionArgs('/d'), '-qmp')).toEqual(['unix:/d/monitor']);
});

test.each([
  ['7.2.22', false, false],
  ['10.0.13', false, false],
  ['10.1.0', true, false],
  ['10.2.1', true, true],
  ['11.1.3', true, true],
])('QEMU %s: recent enough %s, ends with its parent %s', (version, recent, ends) => {
  expect(isRecentEnough(version)).toBe(recent);
  expect(endsWithParent(version)).toBe(ends);
});

test("the lab's QEMU runs through its own loader and finds its own files", () => {
  const { command, args, env } = treeQemu('/t');
  expect(command).toBe('/t/usr/lib64/ld-linux-x86-64.so.2');
  expect(args).toContain('/t/usr/bin/qemu-system-x86_64');
  expect(after(args, '-L')).toEqual(['/t/usr/share/qemu', '/t/usr/share/seabios']);
  expect(env['QEMU_MODULE_DIR']).toBe('/t/usr/lib/x86_64-linux-gnu/qemu');
});
