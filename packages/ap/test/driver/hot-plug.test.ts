import { describe, expect, test } from 'vitest';
import { AP_RESPONSE, ApMask, queueStatus } from '../../src/index.ts';
import { Administrator, errno, EXAMPLE } from '../support/administrator.ts';
import { ScriptedCard } from '../support/scripted-card.ts';

const CARDS_AND_DOMAINS = [
  ['assign_adapter', '5'],
  ['assign_adapter', '6'],
  ['assign_domain', '4'],
  ['assign_domain', '0xab'],
] as const;

const ALL = ['05.0004', '05.00ab', '06.0004', '06.00ab'];

/** A guest with two cards and two domains, watched from here on. */
async function running(machine: Administrator): Promise<ReturnType<Administrator['open']>> {
  await machine.createWith(1, ...CARDS_AND_DOMAINS);
  const guest = machine.open(1);
  machine.takeHistory();
  return guest;
}

describe('under a running guest', () => {
  test('a card comes with one change, and nothing is reset', async () => {
    await using machine = await Administrator.of();
    await machine.createWith(1, ...CARDS_AND_DOMAINS.slice(1));
    const guest = machine.open(1);
    machine.takeHistory();
    await machine.write(1, 'assign_adapter', '5');
    expect([guest.changes, machine.lines(1, 'guest_matrix')]).toEqual([1, ALL]);
    expect(machine.mdev(1).guestMasks).toBe(machine.mdev(1).shadow);
    expect(machine.zeroized()).toEqual([]);
    await guest.close();
  });

  test.each([
    ['unassign_adapter', '5', ['06.0004', '06.00ab'], ['05.0004', '05.00ab']],
    ['unassign_domain', '4', ['05.00ab', '06.00ab'], ['05.0004', '06.0004']],
  ])('%s takes %s with one change, and its queues are zeroised', async (file, n, rest, gone) => {
    await using machine = await Administrator.of();
    const guest = await running(machine);
    await machine.write(1, file, n);
    expect([guest.changes, machine.lines(1, 'guest_matrix')]).toEqual([1, rest]);
    expect(machine.zeroized()).toEqual(gone);
    await guest.close();
  });

  test('a control domain comes and goes with a change each, where the machine has it', async () => {
    await using machine = await Administrator.of();
    const guest = await running(machine);
    await machine.write(1, 'assign_control_domain', '4');
    await machine.write(1, 'assign_control_domain', '5');
    expect([...machine.mdev(1).guestMasks.controlDomains]).toEqual([4]);
    expect(machine.lines(1, 'control_domains')).toEqual(['0004', '0005']);
    await machine.write(1, 'unassign_control_domain', '5');
    expect(guest.changes).toBe(1);
    await machine.write(1, 'unassign_control_domain', '4');
    expect([...machine.mdev(1).guestMasks.controlDomains]).toEqual([]);
    expect(guest.changes).toBe(2);
    await guest.close();
  });

  test('ap_config changes everything: a change for cards, one for domains, one for what came', async () => {
    await using machine = await Administrator.of();
    const guest = await running(machine);
    // Adapter 5 and domain 0xab go, domain 0x47 comes.
    await machine.write(1, 'ap_config', '0x02,0x080000000000000001,');
    expect(machine.lines(1, 'guest_matrix')).toEqual(['06.0004', '06.0047']);
    expect(guest.changes).toBe(3);
    expect(machine.zeroized()).toEqual(['05.0004', '05.00ab', '06.00ab']);
    await guest.close();
  });

  test('what the machine does not have changes nothing', async () => {
    await using machine = await Administrator.of();
    const guest = await running(machine);
    await machine.write(1, 'assign_adapter', '9');
    await machine.write(1, 'unassign_adapter', '9');
    expect([guest.changes, machine.lines(1, 'guest_matrix')]).toEqual([0, ALL]);
    await guest.close();
  });
});

describe('filtering', () => {
  test('a queue without driver takes its card from the guest; bound again it brings it back', async () => {
    await using machine = await Administrator.of();
    const guest = await running(machine);
    await machine.ap.unbind('vfio_ap', '05.0004');
    expect([guest.changes, machine.lines(1, 'guest_matrix')]).toEqual([1, ['06.0004', '06.00ab']]);
    expect(machine.lines(1, 'matrix')).toEqual(ALL);
    expect(machine.zeroized()).toEqual(['05.0004', '05.00ab']);
    await machine.ap.bind('vfio_ap', '05.0004');
    expect([guest.changes, machine.lines(1, 'guest_matrix')]).toEqual([2, ALL]);
    expect(machine.zeroized()).toEqual([]);
    await guest.close();
  });

  test('a domain that one card has not drops that card, and its other queues are zeroised', async () => {
    await using machine = await Administrator.of();
    await machine.ap.unbind('vfio_ap', '05.0047');
    const guest = await running(machine);
    await machine.write(1, 'assign_domain', '0x47');
    expect(machine.lines(1, 'guest_matrix')).toEqual(['06.0004', '06.0047', '06.00ab']);
    expect(guest.changes).toBe(1);
    expect(machine.zeroized()).toEqual(['05.0004', '05.00ab']);
    await guest.close();
  });

  test('unassigning that domain does not bring the card back; the next filtering does', async () => {
    await using machine = await Administrator.of();
    await machine.ap.unbind('vfio_ap', '05.0047');
    const guest = await running(machine);
    await machine.write(1, 'assign_domain', '0x47');
    await machine.write(1, 'unassign_domain', '0x47');
    expect(machine.lines(1, 'guest_matrix')).toEqual(['06.0004', '06.00ab']);
    await machine.write(1, 'assign_adapter', '9');
    expect(machine.lines(1, 'guest_matrix')).toEqual(ALL);
    await guest.close();
  });

  test('without a card the domains remain', async () => {
    await using machine = await Administrator.of();
    await machine.createWith(1, ['assign_adapter', '9'], ['assign_domain', '4']);
    expect(machine.lines(1, 'guest_matrix')).toEqual(['.0004']);
  });

  test.each([
    [AP_RESPONSE.DECONFIGURED, true],
    [AP_RESPONSE.CHECKSTOPPED, true],
    [AP_RESPONSE.Q_NOT_AVAIL, false],
  ])('a queue whose reset was answered 0x%i can be passed: %s', async (code, isPassable) => {
    await using machine = await Administrator.of();
    const guest = await running(machine);
    machine.queue(5, 4).script.zapq.push(code);
    await expect(Promise.resolve(guest.file.reset())).rejects.toThrow(errno('EIO'));
    await machine.write(1, 'assign_adapter', '9');
    expect(machine.lines(1, 'guest_matrix')).toEqual(isPassable ? ALL : ALL.slice(2));
    await guest.close();
  });
});

describe('a change of the machine', () => {
  test('a card that goes leaves guest and files of the guest with one change', async () => {
    await using machine = await Administrator.of();
    const guest = await running(machine);
    const cards = new Map([...machine.cards].filter(([adapter]) => adapter !== 5));
    await machine.ap.configure({ config: { adapters: ApMask.of(6) }, cards });
    expect([guest.changes, machine.lines(1, 'guest_matrix')]).toEqual([1, ['06.0004', '06.00ab']]);
    expect(machine.lines(1, 'matrix')).toEqual(ALL);
    await guest.close();
  });

  test("a card that comes back is the guest's again with one change", async () => {
    await using machine = await Administrator.of();
    const guest = await running(machine);
    const { cards } = machine;
    const one = new Map([...cards].filter(([adapter]) => adapter !== 5));
    await machine.ap.configure({ config: { adapters: ApMask.of(6) }, cards: one });
    await machine.ap.configure({ config: { adapters: ApMask.of(5, 6) }, cards });
    expect([guest.changes, machine.lines(1, 'guest_matrix')]).toEqual([2, ALL]);
    await guest.close();
  });

  test('a card of an old type is not waited for and not passed', async () => {
    await using machine = await Administrator.of({ ...EXAMPLE, apmask: '-5,-6,-7' });
    await machine.createWith(1, ...CARDS_AND_DOMAINS, ['assign_adapter', '7']);
    const guest = machine.open(1);
    const old = new ScriptedCard(machine.clock, [4, 0xab], { hwtype: 9 });
    const cards = new Map([...machine.cards, [7, old] as const]);
    await machine.ap.configure({ config: { adapters: ApMask.of(5, 6, 7) }, cards });
    expect([guest.changes, machine.lines(1, 'guest_matrix')]).toEqual([0, ALL]);
    await guest.close();
  });

  test('control domains follow the machine, those that are assigned', async () => {
    await using machine = await Administrator.of();
    const guest = await running(machine);
    await machine.write(1, 'assign_control_domain', '4');
    await machine.ap.configure({ config: { controlDomains: ApMask.of(0xab) } });
    expect([guest.changes, [...machine.mdev(1).guestMasks.controlDomains]]).toEqual([2, []]);
    await machine.ap.configure({ config: { controlDomains: ApMask.of(4, 5) } });
    expect([guest.changes, [...machine.mdev(1).guestMasks.controlDomains]]).toEqual([3, [4]]);
    expect(machine.zeroized()).toEqual([]);
    await guest.close();
  });

  test('a device that nobody has open follows too', async () => {
    await using machine = await Administrator.of();
    await machine.createWith(1, ...CARDS_AND_DOMAINS);
    const cards = new Map([...machine.cards].filter(([adapter]) => adapter !== 5));
    await machine.ap.configure({ config: { adapters: ApMask.of(6) }, cards });
    expect(machine.lines(1, 'guest_matrix')).toEqual(['06.0004', '06.00ab']);
  });
});

test('the status of a queue is whose it is', async () => {
  await using machine = await Administrator.of();
  const { device } = machine.parent;
  const queue = { adapter: 5, domain: 4 };
  expect(queueStatus(device, queue)).toBe('unassigned');
  await machine.createWith(1, ...CARDS_AND_DOMAINS);
  expect(queueStatus(device, queue)).toBe('assigned');
  const guest = machine.open(1);
  expect(queueStatus(device, queue)).toBe('in use');
  await machine.ap.unbind('vfio_ap', '05.00ab');
  expect(queueStatus(device, queue)).toBe('assigned');
  await guest.close();
});
