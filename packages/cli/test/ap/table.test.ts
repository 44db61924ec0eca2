import { expect, test } from 'vitest';
import { apTable } from '../../src/drivers/ap/table.ts';
import type { DumpEntry } from '../../src/sysfs/dump.ts';

const ONE = '83b8f4f2-509f-382f-3c1e-e6bfe0fa1001';
const TWO = '83b8f4f2-509f-382f-3c1e-e6bfe0fa1002';

function file(path: string, text: string): DumpEntry {
  return { kind: 'file', path, mode: 0o444, text };
}

function queue(name: string, status?: string): DumpEntry[] {
  const path = `devices/ap/card${name.slice(0, 2)}/${name}`;
  return [
    { kind: 'directory', path },
    ...(status === undefined ? [] : [file(`${path}/status`, `${status}\n`)]),
  ];
}

test('the table says who has which queue, what is in use, and what is not there', () => {
  const dump = [
    file('devices/ap/card05/type', 'CEX8A\n'),
    ...queue('05.0004', 'in use'),
    ...queue('05.0047', 'assigned'),
    ...queue('06.0004', 'unassigned'),
    ...queue('06.0047'),
    file(`devices/vfio_ap/matrix/${ONE}/matrix`, '05.0004\n'),
    file(`devices/vfio_ap/matrix/${ONE}/control_domains`, '0004\n00ab\n'),
    file(`devices/vfio_ap/matrix/${TWO}/matrix`, '05.0047\n05.00ff\n'),
    file(`devices/vfio_ap/matrix/${TWO}/control_domains`, ''),
  ];
  expect(apTable(dump)).toEqual([
    '          0004  0047  00ff',
    '05 CEX8A  A*    B     B?',
    '06 -      .     h',
    '',
    '* in use by a guest   ? assigned, no such queue   . free   h with the host',
    `A ${ONE}, controls 0004 00ab`,
    `B ${TWO}`,
  ]);
});

test('a bus without queues has no table', () => {
  expect(apTable([])).toEqual(['there are no queues']);
});

test('adapters without domains, and domains without adapters, are no queues', () => {
  expect(apTable([file(`devices/vfio_ap/matrix/${ONE}/matrix`, '05.\n06.\n')])).toEqual([
    'there are no queues',
  ]);
});
