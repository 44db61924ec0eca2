// The example of Linux Documentation/arch/s390/vfio-ap.rst: two cards, four domains, three guests.

import { expect, test } from 'vitest';
import { Administrator } from '../support/administrator.ts';

test('three guests share two cards by their domains', async () => {
  await using machine = await Administrator.of({
    adapters: [5, 6],
    domains: [4, 0x47, 0xab, 0xff],
  });
  await machine.ap.storeApmask('-5,-6');
  await machine.ap.storeAqmask('-4,-0x47,-0xab,-0xff');
  expect(machine.ap.queues.map(({ name, driver }) => [name, driver])).toEqual(
    ['05', '06'].flatMap((card) =>
      ['0004', '0047', '00ab', '00ff'].map((domain) => [`${card}.${domain}`, 'vfio_ap']),
    ),
  );

  await machine.createWith(
    1,
    ['assign_adapter', '5'],
    ['assign_adapter', '6'],
    ['assign_domain', '4'],
    ['assign_domain', '0xab'],
  );
  await machine.createWith(
    2,
    ['assign_adapter', '5'],
    ['assign_domain', '0x47'],
    ['assign_domain', '0xff'],
  );
  await machine.createWith(
    3,
    ['assign_adapter', '6'],
    ['assign_domain', '0x47'],
    ['assign_domain', '0xff'],
  );
  const expected = [
    ['05.0004', '05.00ab', '06.0004', '06.00ab'],
    ['05.0047', '05.00ff'],
    ['06.0047', '06.00ff'],
  ];
  expect([1, 2, 3].map((n) => machine.lines(n, 'matrix'))).toEqual(expected);
  expect([1, 2, 3].map((n) => machine.lines(n, 'guest_matrix'))).toEqual(expected);

  const guests = [1, 2, 3].map((n) => machine.open(n));
  const status = machine.ap.drivers.find(({ name }) => name === 'vfio_ap')?.queueAttributes?.[
    'status'
  ];
  expect(machine.ap.queues.map((queue) => status?.show?.(queue))).toEqual(
    machine.ap.queues.map(() => 'in use\n'),
  );
  machine.takeHistory();
  await Promise.all(guests.map((guest) => guest.close()));
  await machine.ap.exclusive(() => undefined);
  expect(machine.zeroized()).toEqual(machine.ap.queues.map(({ name }) => name));

  for (const n of [1, 2, 3]) {
    // oxlint-disable-next-line no-await-in-loop
    await machine.remove(n);
  }
  expect(machine.parent.devices).toEqual([]);
});
