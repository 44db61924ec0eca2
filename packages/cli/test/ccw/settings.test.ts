import { describe, expect, test } from 'vitest';
import { deviceNumbers, readWish } from '../../src/drivers/ccw/settings.ts';
import { parseSetting } from '../../src/mdev/definition.ts';
import { UsageError } from '../../src/usage.ts';

function read(type: string | undefined, ...texts: readonly string[]): ReturnType<typeof readWish> {
  const settings = texts.flatMap((text) => parseSetting(text) ?? []);
  return readWish({ type, uuid: '', settings });
}

describe('a wish for a channel device', () => {
  test('is a DASD on an image', () => {
    expect(read('dasd', 'image=/tmp/a.ckd', 'readonly=on', 'devno=0.0.12aB', 'serial=X1')).toEqual({
      kind: 'dasd',
      image: '/tmp/a.ckd',
      isReadOnly: true,
      serial: 'X1',
      deviceNumber: 0x12ab,
      isSpaceEfficient: false,
      hasPrefix: false,
    });
  });

  test('is a DASD with what it offers', () => {
    expect(read('dasd', 'image=a', 'ese=on')).toMatchObject({ isSpaceEfficient: true });
    expect(read('dasd', 'image=a', 'prefix=on')).toMatchObject({ hasPrefix: true });
  });

  test('is a terminal without any setting', () => {
    expect(read('3270')).toMatchObject({ kind: '3270', port: 0, host: undefined });
  });

  test('is what a definition says, the last word counts', () => {
    const wish = read('vfio_ccw-io', 'device=tape\n', 'file=a.tape', 'file=b.tape');
    expect(wish).toMatchObject({ kind: 'tape', file: 'b.tape', isReadOnly: false });
  });

  test.each<readonly [string | undefined, string, string]>([
    [undefined, 'image=a', 'ccw:dasd'],
    ['vfio_ccw-io', 'image=a', '--set device=dasd'],
    ['disk', 'image=a', 'there are: 3270, dasd, tape'],
    ['dasd', 'device=tape', 'ccw:dasd says something else'],
    ['dasd', 'readonly=on', 'vfio-ts ccw init'],
    ['dasd', 'image=', 'needs --set image=FILE'],
    ['tape', 'readonly=on', 'needs --set file=FILE'],
    ['dasd', 'file=a', 'there are: image'],
    ['3270', 'image=a', 'there are: port, host'],
    ['3270', 'port=65536', '0 to 65535'],
    ['3270', 'port=', '0 to 65535'],
    ['3270', 'devno=12345', '0.0.1234'],
    ['3270', 'devno=0.1.1234', '0.0.1234'],
  ])('%s with %s is a usage error that says what to do', (type, setting, fact) => {
    expect(() => read(type, setting)).toThrow(UsageError);
    expect(() => read(type, setting)).toThrow(fact);
  });

  test.each(['readonly=yes', 'ese=1', 'prefix=1', 'serial=toolongserial'])(
    '%s is a usage error',
    (setting) => {
      expect(() => read('dasd', 'image=a', setting)).toThrow(UsageError);
    },
  );
});

describe('device numbers', () => {
  test('are those that are wanted, and others from 1000 on', () => {
    const wishes = ['devno=1001', 'port=0', 'port=0'].map((text) => read('3270', text));
    expect(deviceNumbers(wishes)).toEqual([0x1001, 0x1000, 0x1002]);
  });

  test('are wanted once', () => {
    const wishes = ['devno=1001', 'devno=0.0.1001'].map((text) => read('3270', text));
    expect(() => deviceNumbers(wishes)).toThrow('0.0.1001: two devices want it');
  });
});
