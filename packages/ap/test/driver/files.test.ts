import { outcome } from '@vfio-ts/conformance';
import { describe, expect, test } from 'vitest';
import { Administrator, errno, EXAMPLE } from '../support/administrator.ts';
import { ApMask } from '../../src/index.ts';

const EMPTY = '0'.repeat(64);

/** What is accepted, and what it is; or the error. */
const NUMBERS: readonly (readonly [string, number | 'EINVAL' | 'ERANGE' | 'ENODEV'])[] = [
  ['5', 5],
  ['0x5', 5],
  ['0X5', 5],
  ['05', 5],
  ['010', 8],
  ['+5', 5],
  ['5\n', 5],
  ['0', 0],
  ['255', 255],
  ['0xff', 255],
  ['5\n\n', 'EINVAL'],
  [' 5', 'EINVAL'],
  ['5 ', 'EINVAL'],
  ['-1', 'EINVAL'],
  ['++5', 'EINVAL'],
  ['5x', 'EINVAL'],
  ['x', 'EINVAL'],
  ['\n', 'EINVAL'],
  ['08', 'EINVAL'],
  ['0x', 'EINVAL'],
  ['256', 'ENODEV'],
  ['18446744073709551615', 'ENODEV'],
  ['18446744073709551616', 'ERANGE'],
];

const PAIRS = [
  ['assign_adapter', 'unassign_adapter', 'adapters'],
  ['assign_domain', 'unassign_domain', 'domains'],
  ['assign_control_domain', 'unassign_control_domain', 'controlDomains'],
] as const;

describe.each(PAIRS)('%s and %s', (assign, unassign, part) => {
  test.each(NUMBERS)('%j is %s', async (text, expected) => {
    await using machine = await Administrator.of();
    await machine.create();
    const numbers = (): number[] => [...machine.mdev(1).matrix[part]];
    const isRefused = typeof expected === 'string';
    expect(await outcome(() => machine.write(1, assign, text))).toBe(isRefused ? expected : 'ok');
    expect(numbers()).toEqual(isRefused ? [] : [expected]);
    expect(await outcome(() => machine.write(1, unassign, text))).toBe(isRefused ? expected : 'ok');
    expect(numbers()).toEqual([]);
  });

  test('without APXA the highest are adapter 63 and domain 15', async () => {
    await using machine = await Administrator.of({ ...EXAMPLE, config: { apxa: false } });
    await machine.create();
    const highest = part === 'adapters' ? 63 : 15;
    await machine.write(1, assign, String(highest));
    await expect(machine.write(1, assign, String(highest + 1))).rejects.toThrow(errno('ENODEV'));
  });

  test('what is assigned already, or is not, is no error', async () => {
    await using machine = await Administrator.of();
    await machine.create();
    await machine.write(1, assign, '5');
    await machine.write(1, assign, '5');
    await machine.write(1, unassign, '5');
    await machine.write(1, unassign, '5');
    expect([...machine.mdev(1).matrix[part]]).toEqual([]);
  });

  test('the files can be written only', async () => {
    await using machine = await Administrator.of();
    await machine.create();
    expect(() => machine.read(1, assign)).toThrow(errno('EACCES'));
    expect(() => machine.read(1, unassign)).toThrow(errno('EACCES'));
  });
});

describe('matrix', () => {
  test.each([
    [[], [], ''],
    [['5', '0xa'], [], '05.\n0a.\n'],
    [[], ['4', '0xab'], '.0004\n.00ab\n'],
    [['6', '5'], ['0xab', '4'], '05.0004\n05.00ab\n06.0004\n06.00ab\n'],
  ])('of adapters %j and domains %j', async (adapters, domains, text) => {
    await using machine = await Administrator.of();
    await machine.createWith(
      1,
      ...adapters.map((n) => ['assign_adapter', n] as const),
      ...domains.map((n) => ['assign_domain', n] as const),
    );
    expect(machine.read(1, 'matrix')).toBe(text);
  });

  test('ends at one page, in the middle of the 512th line', async () => {
    const all = Array.from({ length: 256 }, (_, n) => n);
    await using machine = await Administrator.of({ apmask: '0x0', aqmask: '0x0' });
    await machine.create();
    await machine.write(1, 'ap_config', `0xffff,0x${'f'.repeat(64)},`);
    const expected = all.flatMap((domain) => [`00.00${domain.toString(16).padStart(2, '0')}`]);
    const lines = machine.read(1, 'matrix').split('\n');
    expect(machine.mdev(1).matrix.domains.equals(ApMask.ALL)).toBe(true);
    expect(lines.slice(0, 256)).toEqual(expected);
    expect([lines.length, lines.at(-1), lines.at(-2)]).toEqual([512, '01.00ff', '01.00fe']);
    expect(machine.read(1, 'matrix').length).toBe(4095);
  });

  test('is the same in whatever order it is assigned', async () => {
    await using machine = await Administrator.of();
    const writes = [
      ['assign_adapter', '5'],
      ['assign_adapter', '6'],
      ['assign_domain', '4'],
      ['assign_domain', '0x47'],
    ] as const;
    await machine.createWith(1, ...writes);
    const text = machine.read(1, 'matrix');
    await machine.write(1, 'ap_config', ',,');
    for (const [attribute, value] of writes.toReversed()) {
      // oxlint-disable-next-line no-await-in-loop
      await machine.write(1, attribute, value);
    }
    expect(machine.read(1, 'matrix')).toBe(text);
    expect(machine.read(1, 'guest_matrix')).toBe(text);
  });
});

test('control_domains has a line for each', async () => {
  await using machine = await Administrator.of();
  await machine.createWith(1, ['assign_control_domain', '0xab'], ['assign_control_domain', '4']);
  expect(machine.read(1, 'control_domains')).toBe('0004\n00ab\n');
});

test('control domains are not exclusive, and need no masks', async () => {
  await using machine = await Administrator.of({ ...EXAMPLE, apmask: '+0-255', aqmask: '+0-255' });
  await machine.createWith(1, ['assign_control_domain', '4']);
  await machine.createWith(2, ['assign_control_domain', '4']);
  expect([1, 2].map((n) => machine.read(n, 'control_domains'))).toEqual(['0004\n', '0004\n']);
});

describe('ap_config', () => {
  const adapters = `0x06${EMPTY.slice(2)}`;
  const domains = `0x08${EMPTY.slice(2)}`;

  test('of nothing', async () => {
    await using machine = await Administrator.of();
    await machine.create();
    expect(machine.read(1, 'ap_config')).toBe(`0x${EMPTY},0x${EMPTY},0x${EMPTY}\n`);
  });

  test.each([
    ['0x06,0x08,0x8', [5, 6], [4], [0]],
    ['0x06,0x08,0x8\n', [5, 6], [4], [0]],
    ['x06,08,8', [5, 6], [4], [0]],
    ['06,08,', [5, 6], [4], []],
    ['06,08\n', [5, 6], [4], []],
    ['06\n08\n8\n', [5, 6], [4], [0]],
    [',,', [], [], []],
    [',,\n', [], [], []],
    ['06,08,8,what follows', [5, 6], [4], [0]],
    [`${adapters},${domains},0x${EMPTY}\n`, [5, 6], [4], []],
  ])('%j is taken', async (text, ...expected) => {
    await using machine = await Administrator.of();
    await machine.create();
    await machine.write(1, 'ap_config', text);
    const { matrix } = machine.mdev(1);
    const parts = [matrix.adapters, matrix.domains, matrix.controlDomains];
    expect(parts.map((mask) => Array.from(mask))).toEqual(expected);
  });

  test.each([
    ['06,08', 'EINVAL'],
    ['06', 'EINVAL'],
    ['06\n', 'EINVAL'],
    ['0g,08,', 'EINVAL'],
    ['06 ,08,', 'EINVAL'],
    ['0x0x06,08,', 'EINVAL'],
    [`${EMPTY}0,,`, 'EINVAL'],
    ['8,8,', 'EADDRNOTAVAIL'],
    ['84,88,', 'EADDRNOTAVAIL'],
    [`,,0x${'0'.repeat(32)}8`, 'ENODEV'],
    [`0x${'0'.repeat(32)}8,,`, 'ENODEV'],
  ] as const)('%j is %s and changes nothing', async (text, code) => {
    await using machine = await Administrator.of({
      ...EXAMPLE,
      config: { maxAdapter: 127, maxDomain: 127 },
    });
    await machine.createWith(1, ['ap_config', '04,08,8']);
    const before = machine.read(1, 'ap_config');
    await expect(machine.write(1, 'ap_config', text)).rejects.toThrow(errno(code));
    expect(machine.read(1, 'ap_config')).toBe(before);
    expect(machine.read(1, 'guest_matrix')).toBe('05.0004\n');
  });

  test('what was read can be written', async () => {
    await using machine = await Administrator.of();
    await machine.createWith(1, ['ap_config', '06,08000000000000000100,8']);
    const text = machine.read(1, 'ap_config');
    await machine.write(1, 'ap_config', ',,');
    await machine.write(1, 'ap_config', text);
    expect(machine.read(1, 'ap_config')).toBe(text);
    expect(machine.lines(1, 'matrix')).toEqual(['05.0004', '05.0047', '06.0004', '06.0047']);
  });
});

test('the type has its name, its interface and 65536 instances', async () => {
  await using machine = await Administrator.of();
  const type = 'matrix/mdev_supported_types/vfio_ap-passthrough';
  const file = (name: string): string => machine.sysfs.read(`${type}/${name}`);
  expect(file('name')).toBe('VFIO AP Passthrough Device\n');
  expect(file('device_api')).toBe('vfio-ap\n');
  expect(file('available_instances')).toBe('65536\n');
  await machine.create();
  expect(file('available_instances')).toBe('65535\n');
});

test('the matrix device says its features', async () => {
  await using machine = await Administrator.of();
  expect(machine.parent.device.features).toBe('guest_matrix hotplug ap_config\n');
});
