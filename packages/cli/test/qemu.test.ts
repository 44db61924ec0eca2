import { execFileSync } from 'node:child_process';
import { expect, test } from 'vitest';
import { parseQemuVersion, qemuDeviceArgument } from '../src/qemu.ts';

test.each([
  ['QEMU emulator version 11.1.3 (Debian 1:11.1.3+ds-1~bpo13+1)', '11.1.3', true],
  ['QEMU emulator version 10.1.0', '10.1.0', true],
  ['QEMU emulator version 10.0.2', '10.0.2', false],
  ['QEMU emulator version 7.2.9 (Debian 1:7.2+dfsg-7)', '7.2.9', false],
])('%s is %s, new enough: %s', (said, version, isNewEnough) => {
  expect(parseQemuVersion(said)).toEqual({ version, isNewEnough });
});

test('something else that answers is not QEMU', () => {
  expect(parseQemuVersion('hello')).toBeUndefined();
});

test('a shell hands the device argument on as JSON, whatever the path', () => {
  const path = `/tmp/it's a "socket" $HOME.sock`;
  const argument = qemuDeviceArgument(path).replace('-device ', '');
  const said = execFileSync('sh', ['-c', `printf %s ${argument}`], { encoding: 'utf8' });
  expect(JSON.parse(said)).toEqual({
    driver: 'vfio-user-pci',
    socket: { path, type: 'unix' },
  });
});
