import { outcome } from '@vfio-ts/conformance';
import { describe, expect, test } from 'vitest';
import { Administrator, errno, EXAMPLE } from '../support/administrator.ts';

describe('queues that are left to the host', () => {
  test.each([
    ['adapter and domain', '0', '0'],
    ['adapter and domain, others being free', '1', '1'],
  ])('an %s of the host are EADDRNOTAVAIL together, each is fine alone', async (_, a, d) => {
    await using machine = await Administrator.of();
    await machine.createWith(1, ['assign_adapter', a]);
    await machine.createWith(2, ['assign_domain', d]);
    await expect(machine.write(1, 'assign_domain', d)).rejects.toThrow(errno('EADDRNOTAVAIL'));
    await expect(machine.write(2, 'assign_adapter', a)).rejects.toThrow(errno('EADDRNOTAVAIL'));
    expect(machine.read(1, 'matrix')).toBe(`0${a}.\n`);
    expect(machine.read(2, 'matrix')).toBe(`.000${d}\n`);
  });

  test.each([
    ['an adapter of the host with a domain that is not', '0', '4'],
    ['a domain of the host with an adapter that is not', '5', '0'],
    ['neither', '6', '0xff'],
  ])('%s can be assigned', async (_, adapter, domain) => {
    await using machine = await Administrator.of();
    await machine.createWith(1, ['assign_adapter', adapter], ['assign_domain', domain]);
    expect(machine.lines(1, 'matrix').length).toBe(1);
  });

  test('one queue of the host in a whole matrix refuses the number that would make it', async () => {
    await using machine = await Administrator.of();
    await machine.createWith(1, ['assign_adapter', '5'], ['assign_adapter', '0']);
    await machine.write(1, 'assign_domain', '4');
    await expect(machine.write(1, 'assign_domain', '1')).rejects.toThrow(errno('EADDRNOTAVAIL'));
    expect(machine.lines(1, 'matrix')).toEqual(['00.0004', '05.0004']);
  });

  test('it comes before EADDRINUSE', async () => {
    await using machine = await Administrator.of();
    await machine.createWith(1, ['ap_config', '84,08,']);
    await machine.create(2);
    const refused = machine.write(2, 'ap_config', '84,88,');
    await expect(refused).rejects.toThrow(errno('EADDRNOTAVAIL'));
  });
});

describe('queues of another device', () => {
  test.each([
    ['the same queue', ['5', '4'], ['5', '4'], 'EADDRINUSE'],
    ['another domain', ['5', '4'], ['5', '0x47'], 'ok'],
    ['another adapter', ['5', '4'], ['6', '4'], 'ok'],
    ['another queue', ['5', '4'], ['6', '0x47'], 'ok'],
    ['the same card that is not plugged in', ['9', '4'], ['9', '4'], 'EADDRINUSE'],
  ] as const)('%s is %s', async (_, first, second, expected) => {
    await using machine = await Administrator.of();
    await machine.createWith(1, ['assign_adapter', first[0]], ['assign_domain', first[1]]);
    await machine.createWith(2, ['assign_adapter', second[0]]);
    expect(await outcome(() => machine.write(2, 'assign_domain', second[1]))).toBe(expected);
    expect(machine.lines(2, 'matrix')[0]).toMatch(expected === 'ok' ? /\.\d/ : /\.$/);
  });

  test('each common queue is in the log of the one who asks', async () => {
    await using machine = await Administrator.of();
    await machine.createWith(1, ['ap_config', '06,08,']);
    await machine.createWith(2, ['assign_adapter', '5'], ['assign_adapter', '6']);
    const write = machine.write(2, 'assign_domain', '4');
    await expect(write).rejects.toThrow(errno('EADDRINUSE'));
    const { name } = machine.mdev(1);
    const lines = machine.logger
      .at('warn')
      .filter((line) => line.component === machine.mdev(2).name);
    expect(lines.map(({ message }) => message)).toEqual(
      ['05.0004', '06.0004'].map(
        (queue) => `Userspace may not assign queue ${queue} to mdev: already assigned to ${name}`,
      ),
    );
  });

  test('can be had once that device has been removed', async () => {
    await using machine = await Administrator.of();
    await machine.createWith(1, ['ap_config', '04,08,']);
    await machine.create(2);
    await expect(machine.write(2, 'ap_config', '04,08,')).rejects.toThrow(errno('EADDRINUSE'));
    await machine.remove(1);
    await machine.write(2, 'ap_config', '04,08,');
    expect(machine.lines(2, 'guest_matrix')).toEqual(['05.0004']);
  });

  test('a device may keep what it has', async () => {
    await using machine = await Administrator.of();
    await machine.createWith(1, ['ap_config', '04,08,']);
    await machine.write(1, 'ap_config', '06,08,');
    expect(machine.lines(1, 'guest_matrix')).toEqual(['05.0004', '06.0004']);
  });
});

describe('masks of the host', () => {
  test('a queue that is assigned stays: EBUSY, nothing changes, and the log says which', async () => {
    await using machine = await Administrator.of();
    await machine.createWith(1, ['ap_config', '04,08,']);
    await expect(machine.ap.storeApmask('+5')).resolves.toBeUndefined();
    // The domain is not the host's, so the adapter alone gave it nothing.
    await expect(machine.ap.storeAqmask('+4')).rejects.toThrow(errno('EBUSY'));
    expect(machine.ap.aqmask.has(4)).toBe(false);
    expect(machine.lines(1, 'guest_matrix')).toEqual(['05.0004']);
    expect(machine.logger.at('warn').map(({ message }) => message)).toContain(
      'Can not reserve queue 05.0004 for host driver: in use by mdev',
    );
  });

  test('after unassigning it goes back to the host, zeroised', async () => {
    await using machine = await Administrator.of({ ...EXAMPLE, aqmask: '+0-255' });
    await machine.createWith(1, ['ap_config', '04,08,']);
    expect(machine.ap.queue(0x0504)?.driver).toBe('vfio_ap');
    await expect(machine.ap.storeApmask('+5')).rejects.toThrow(errno('EBUSY'));
    expect(machine.ap.apmask.has(5)).toBe(false);
    expect(machine.ap.queue(0x0504)?.driver).toBe('vfio_ap');
    await machine.write(1, 'unassign_domain', '4');
    machine.takeHistory();
    await machine.ap.storeApmask('+5');
    expect(machine.ap.queue(0x0504)?.driver).not.toBe('vfio_ap');
    expect(machine.zeroized()).toContain('05.0004');
  });
});
