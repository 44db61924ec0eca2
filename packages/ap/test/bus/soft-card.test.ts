import { expect, test } from 'vitest';
import { ApMask } from '../../src/bus/mask.ts';
import { ApSysfs } from '../../src/bus/sysfs.ts';
import { SoftCard } from '../../src/soft/card.ts';
import { errno, testBus } from './support.ts';

const CARD = 'devices/ap/card01';

async function withSoftCard(): Promise<{ readonly card: SoftCard; readonly sysfs: ApSysfs }> {
  const { bus } = await testBus();
  const card = new SoftCard({ mode: 'accelerator', runner: { submit: () => () => undefined } });
  await bus.configure({ config: { adapters: ApMask.of(1) }, cards: new Map([[1, card]]) });
  return { card, sysfs: new ApSysfs(bus) };
}

test('a software card is deconfigured and configured by its file', async () => {
  const { card, sysfs } = await withSoftCard();
  await sysfs.write(`${CARD}/config`, '0\n');
  expect(card.state).toBe('deconfigured');
  expect(sysfs.read(`${CARD}/01.0004/config`)).toBe('0\n');
  await sysfs.write(`${CARD}/config`, '1\n');
  expect(card.state).toBe('configured');
  expect(sysfs.read(`${CARD}/online`)).toBe('1\n');
});

test('a software card that is closed cannot be configured: ENODEV', async () => {
  const { card, sysfs } = await withSoftCard();
  card.close();
  await sysfs.write('bus/ap/scans', '1');
  await expect(sysfs.write(`${CARD}/config`, '1')).rejects.toThrow(errno('ENODEV'));
});
