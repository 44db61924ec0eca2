import { describe, expect, test } from 'vitest';
import { readSettings, splitSettings } from '../../src/drivers/ap/settings.ts';
import type { DeviceWish } from '../../src/drivers/driver.ts';
import { parseSetting } from '../../src/mdev/definition.ts';
import { UsageError } from '../../src/usage.ts';

function wish(...settings: readonly string[]): DeviceWish {
  return {
    type: undefined,
    uuid: '',
    settings: settings.flatMap((text) => parseSetting(text) ?? []),
  };
}

function read(...settings: readonly string[]): ReturnType<typeof readSettings> {
  return readSettings([wish(...settings)]);
}

describe('the machine below ap devices', () => {
  test('has the adapters and domains that are assigned, and leaves nothing to the host', () => {
    const { cards, domains, apmask, aqmask, workers } = read(
      'assign_adapter=0x5',
      'assign_adapter=010',
      'assign_domain=4\n',
      'assign_control_domain=9',
    );
    expect(cards).toEqual([
      { adapter: 5, mode: 'cca', hwtype: 14 },
      { adapter: 8, mode: 'cca', hwtype: 14 },
    ]);
    expect([...domains]).toEqual([4]);
    expect([apmask.isEmpty, aqmask.isEmpty, workers]).toEqual([true, true, 2]);
  });

  test('has what ap_config assigns', () => {
    const { cards, domains } = read('ap_config=0x04,0x08,0x0\n');
    expect(cards.map(({ adapter }) => adapter)).toEqual([5]);
    expect([...domains]).toEqual([4]);
  });

  test('has the cards and domains it is given', () => {
    const { cards, domains } = read('card=5:CEX8A', 'card=0b:cex4c', 'domains=0-2,71', 'domains=9');
    expect(cards).toEqual([
      { adapter: 5, mode: 'accelerator', hwtype: 14 },
      { adapter: 11, mode: 'cca', hwtype: 10 },
    ]);
    expect([...domains]).toEqual([0, 1, 2, 9, 71]);
  });

  test('leaves to the host what the masks say, relative ones on top of each other', () => {
    expect([...read('apmask=+1-3', 'apmask=-2').apmask]).toEqual([1, 3]);
  });

  test('has the cards of all devices, and one number of threads', () => {
    const [one, other] = [wish('card=5:CEX8A', 'workers=3'), wish('card=6:CEX8C')];
    const { cards, workers } = readSettings([one, other]);
    expect(cards.map(({ adapter }) => adapter)).toEqual([5, 6]);
    expect(workers).toBe(3);
    expect(() => readSettings([one, wish('workers=4')])).toThrow(
      /workers=3 and workers=4: .*apart/u,
    );
  });

  test('takes no part in what a device refuses', () => {
    expect(read('assign_adapter=x', 'assign_domain=256', 'ap_config=zz').cards).toEqual([]);
  });

  test.each([
    'card=5',
    'card=5:CEX9C',
    'card=5:CEX8P',
    'card=100:CEX8C',
    'domains=256',
    'domains=3-1',
    'domains=',
    'domains=a',
    'apmask=5,',
    'instruction_port=1',
    'workers=0',
    'workers=65',
    'workers=1.5',
  ])('%s is a usage error', (setting) => {
    expect(() => read(setting)).toThrow(UsageError);
  });
});

test('settings belong to the machine or to the device, each in its order', () => {
  const settings = ['workers=1', 'assign_domain=1', 'card=5:CEX8A', 'assign_adapter=5'];
  const { own, attributes } = splitSettings(settings.flatMap((text) => parseSetting(text) ?? []));
  expect(own.map(({ name }) => name)).toEqual(['workers', 'card']);
  expect(attributes.map(({ name }) => name)).toEqual(['assign_domain', 'assign_adapter']);
});
