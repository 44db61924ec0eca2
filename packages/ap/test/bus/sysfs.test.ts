import { describe, expect, test } from 'vitest';
import { ApMask } from '../../src/bus/mask.ts';
import { ApSysfs } from '../../src/bus/sysfs.ts';
import { AP_RESPONSE } from '../../src/hardware/status.ts';
import { errno, RecordingDriver, testBus, unscannedBus, type TestBus } from './support.ts';

const CARD = 'devices/ap/card05';
const QUEUE = `${CARD}/05.0004`;

type TestSysfs = TestBus & { readonly sysfs: ApSysfs };

async function testSysfs(machine?: Parameters<typeof testBus>[0]): Promise<TestSysfs> {
  const made = await testBus(machine);
  return { ...made, sysfs: new ApSysfs(made.bus) };
}

function names(sysfs: ApSysfs, path: string): readonly string[] {
  return sysfs.list(path).map(({ name }) => name);
}

const BUS_FILES = {
  ap_domain: '4\n',
  ap_control_domain_mask: `0x08${'0'.repeat(40)}1${'0'.repeat(21)}\n`,
  ap_usage_domain_mask: `0x08${'0'.repeat(40)}1${'0'.repeat(21)}\n`,
  ap_adapter_mask: `0x06${'0'.repeat(62)}\n`,
  config_time: '30\n',
  poll_thread: '0\n',
  ap_interrupts: '1\n',
  poll_timeout: '250000\n',
  ap_max_domain_id: '255\n',
  ap_max_adapter_id: '255\n',
  apmask: `0x${'f'.repeat(64)}\n`,
  aqmask: `0x${'f'.repeat(64)}\n`,
  scans: '1\n',
  bindings: '4/4 (complete)\n',
  features: 'APSC APXA QACT RC8A\n',
};

const CARD_FILES = {
  hwtype: '14\n',
  raw_hwtype: '14\n',
  depth: '8\n',
  ap_functions: '0xEA800000\n',
  request_count: '0\n',
  requestq_count: '0\n',
  pendingq_count: '0\n',
  modalias: 'ap:t0E\n',
  config: '1\n',
  chkstop: '0\n',
  max_msg_size: '12288\n',
  type: 'CEX8A\n',
  online: '1\n',
  load: '0\n',
};

const QUEUE_FILES = {
  request_count: '0\n',
  requestq_count: '0\n',
  pendingq_count: '0\n',
  reset: 'No Reset Timer set.\n',
  interrupt: 'Interrupts disabled.\n',
  config: '1\n',
  chkstop: '0\n',
  ap_functions: '0xEA800000\n',
  online: '1\n',
  load: '0\n',
};

describe('the tree', () => {
  test('has the devices by card and the drivers with what is theirs', async () => {
    const { sysfs } = await testSysfs();
    expect(names(sysfs, 'devices/ap')).toEqual(['card05', 'card06']);
    expect(names(sysfs, 'bus/ap/devices')).toEqual([
      'card05',
      'card06',
      '05.0004',
      '05.00ab',
      '06.0004',
      '06.00ab',
    ]);
    expect(names(sysfs, 'bus/ap/drivers')).toEqual(['cex4card', 'cex4queue']);
    expect(names(sysfs, 'bus/ap/drivers/cex4queue')).toEqual([
      'bind',
      'unbind',
      '05.0004',
      '05.00ab',
      '06.0004',
      '06.00ab',
    ]);
  });

  test.each([
    ['bus/ap', BUS_FILES],
    [CARD, CARD_FILES],
    [QUEUE, QUEUE_FILES],
  ])('%s has the files of the kernel', async (path, files) => {
    const { sysfs } = await testSysfs();
    const found = sysfs.list(path).filter(({ kind }) => kind === 'file');
    expect(Object.fromEntries(found.map((file) => [file.name, sysfs.read(file.path)]))).toEqual(
      files,
    );
  });

  test.each([
    [`${CARD}/driver`, 'bus/ap/drivers/cex4card'],
    [`${QUEUE}/driver`, 'bus/ap/drivers/cex4queue'],
    [`${QUEUE}/subsystem`, 'bus/ap'],
    ['bus/ap/devices/05.0004', QUEUE],
    ['bus/ap/drivers/cex4card/card05', CARD],
  ])('%s leads to %s', async (path, target) => {
    const { sysfs } = await testSysfs();
    const entry = sysfs.walk().find((found) => found.path === path);
    expect(entry).toMatchObject({ kind: 'link', target });
  });

  test('every link of the tree leads to a directory', async () => {
    const { bus, sysfs } = await testSysfs({ apmask: ApMask.of(5) });
    await bus.registerDriver(new RecordingDriver());
    const links = sysfs.walk().filter((entry) => entry.kind === 'link');
    expect(links.length).toBeGreaterThan(20);
    for (const { target } of links) expect(sysfs.list(target)).not.toEqual([]);
  });

  test('is read through links', async () => {
    const { sysfs } = await testSysfs();
    expect(sysfs.read('bus/ap/devices/05.0004/driver/05.00ab/config')).toBe('1\n');
  });

  test.each([
    ['read', 'bus/ap/none', 'ENOENT'],
    ['read', 'bus/ap', 'EINVAL'],
    ['read', 'bus/ap/drivers/cex4queue/bind', 'EACCES'],
    ['read', `${QUEUE}/config/more`, 'ENOENT'],
    ['write', 'bus/ap/features', 'EACCES'],
    ['write', CARD, 'EINVAL'],
    ['write', 'devices/ap/card07/config', 'ENOENT'],
    ['list', `${QUEUE}/config`, 'ENOENT'],
    ['list', 'devices/ap/card07', 'ENOENT'],
  ] as const)('%s of %s is %s', async (verb, path, code) => {
    const { sysfs } = await testSysfs();
    await expect(async () => await sysfs[verb](path, '1')).rejects.toThrow(errno(code));
  });
});

describe('the files of the bus', () => {
  test.each([
    ['ap_domain', '0xab\n', '171\n'],
    ['config_time', '5\n', '5\n'],
    ['config_time', '120', '120\n'],
    ['poll_thread', 'y', '1\n'],
    ['poll_timeout', '120000000000', '120000000000\n'],
    ['apmask', '-0-255\n', `0x${'0'.repeat(64)}\n`],
    ['aqmask', '0x08', `0x08${'0'.repeat(62)}\n`],
    ['scans', 'anything', '2\n'],
  ])('%s takes %j', async (name, text, now) => {
    const { sysfs } = await testSysfs();
    await expect(sysfs.write(`bus/ap/${name}`, text)).resolves.toBe(text.length);
    expect(sysfs.read(`bus/ap/${name}`)).toBe(now);
  });

  test.each([
    ['ap_domain', '5', 'EINVAL'],
    ['ap_domain', '-1', 'EINVAL'],
    ['ap_domain', '256', 'EINVAL'],
    ['ap_domain', 'x', 'EINVAL'],
    ['config_time', '4', 'EINVAL'],
    ['config_time', '121', 'EINVAL'],
    ['config_time', 'soon', 'EINVAL'],
    ['poll_thread', '2', 'EINVAL'],
    ['poll_timeout', '120000000001', 'EINVAL'],
    ['poll_timeout', '-1', 'EINVAL'],
    ['poll_timeout', '18446744073709551616', 'ERANGE'],
    ['apmask', '+256', 'EINVAL'],
  ] as const)('%s refuses %j with %s and stays as it was', async (name, text, code) => {
    const { sysfs } = await testSysfs();
    const before = sysfs.read(`bus/ap/${name}`);
    await expect(sysfs.write(`bus/ap/${name}`, text)).rejects.toThrow(errno(code));
    expect(sysfs.read(`bus/ap/${name}`)).toBe(before);
  });

  test('a domain that is not for the host cannot be its default', async () => {
    const { sysfs } = await testSysfs({ aqmask: ApMask.of(4) });
    await expect(sysfs.write('bus/ap/ap_domain', '0xab')).rejects.toThrow(errno('EINVAL'));
  });

  test('a domain that was chosen stays the default', async () => {
    const { bus, sysfs } = await testSysfs();
    await sysfs.write('bus/ap/ap_domain', '171');
    await bus.scan();
    expect(sysfs.read('bus/ap/ap_domain')).toBe('171\n');
  });

  test('without a usable domain there is no default', async () => {
    const { sysfs } = await testSysfs({ aqmask: ApMask.NONE });
    expect(sysfs.read('bus/ap/ap_domain')).toBe('-1\n');
  });

  test('bindings are counted, and complete only after a scan', async () => {
    const { bus } = unscannedBus({ apmask: ApMask.of(5) });
    const sysfs = new ApSysfs(bus);
    expect(sysfs.read('bus/ap/bindings')).toBe('0/0\n');
    await sysfs.write('bus/ap/scans', '1');
    expect(sysfs.read('bus/ap/scans')).toBe('0\n');
    await bus.scan();
    expect(sysfs.read('bus/ap/bindings')).toBe('2/4\n');
    await bus.registerDriver(new RecordingDriver());
    expect(sysfs.read('bus/ap/bindings')).toBe('4/4 (complete)\n');
  });

  test.each([
    [{ apsc: false, apxa: false, qact: false, rc8a: false }, '-\n'],
    [{ apsc: false, qact: false, rc8a: false, apsb: true }, 'APXA APSB\n'],
  ])('features of %j are %j', async (config, text) => {
    const { sysfs } = await testSysfs({ config });
    expect(sysfs.read('bus/ap/features')).toBe(text);
  });

  test('a machine without APXA has 64 adapters and 16 domains', async () => {
    const { sysfs } = await testSysfs({ config: { apxa: false } });
    expect(sysfs.read('bus/ap/ap_max_adapter_id')).toBe('63\n');
    expect(sysfs.read('bus/ap/ap_max_domain_id')).toBe('15\n');
  });
});

describe('bind and unbind', () => {
  test('take the name of a queue, with a newline or without', async () => {
    const { bus, sysfs } = await testSysfs();
    await sysfs.write('bus/ap/drivers/cex4queue/unbind', '05.0004\n');
    expect(bus.queue(0x0504)?.driver).toBe(undefined);
    expect(names(sysfs, QUEUE)).not.toContain('driver');
    expect(names(sysfs, QUEUE)).not.toContain('online');
    await sysfs.write('bus/ap/drivers/cex4queue/bind', '05.0004');
    expect(bus.queue(0x0504)?.driver).toBe('cex4queue');
  });

  test.each(['5.4', '05.0004\n\n', ' 05.0004'])('of %j are ENODEV', async (text) => {
    const { sysfs } = await testSysfs();
    const path = 'bus/ap/drivers/cex4queue/unbind';
    await expect(sysfs.write(path, text)).rejects.toThrow(errno('ENODEV'));
  });
});

describe('the files of a driver', () => {
  test('are there while a queue is bound to it', async () => {
    const { bus, sysfs } = await testSysfs({ apmask: ApMask.of(6) });
    const written: string[] = [];
    const driver = Object.assign(new RecordingDriver(), {
      queueAttributes: {
        status: { show: ({ name }: { readonly name: string }) => `${name} unassigned\n` },
        note: { store: (_queue: unknown, text: string) => void written.push(text) },
      },
    });
    await bus.registerDriver(driver);
    expect(sysfs.read(`${QUEUE}/status`)).toBe('05.0004 unassigned\n');
    await sysfs.write(`${QUEUE}/note`, 'hello');
    expect(written).toEqual(['hello']);
    expect(sysfs.read(`${QUEUE}/request_count`)).toBe('-\n');
    await bus.unbind('vfio_ap', '05.0004');
    expect(() => sysfs.read(`${QUEUE}/status`)).toThrow(errno('ENOENT'));
  });

  test('are written when the bus does nothing else', async () => {
    const { bus, sysfs } = await testSysfs();
    const gate = Promise.withResolvers<void>();
    void bus.exclusive(() => gate.promise);
    const write = sysfs.write(`${QUEUE}/online`, '0');
    expect(sysfs.read(`${QUEUE}/online`)).toBe('1\n');
    gate.resolve();
    await write;
    expect(sysfs.read(`${QUEUE}/online`)).toBe('0\n');
  });
});

describe('online', () => {
  test('of a card is that of its queues too, and udev is told', async () => {
    const { sysfs, uevents } = await testSysfs();
    await sysfs.write(`${QUEUE}/online`, '0');
    uevents.length = 0;
    await sysfs.write(`${CARD}/online`, '0\n');
    expect([sysfs.read(`${CARD}/online`), sysfs.read(`${CARD}/05.00ab/online`)]).toEqual([
      '0\n',
      '0\n',
    ]);
    expect(uevents).toEqual([
      { action: 'change', device: CARD, env: { ONLINE: '0' } },
      { action: 'change', device: `${CARD}/05.00ab`, env: { ONLINE: '0' } },
    ]);
    await expect(sysfs.write(`${QUEUE}/online`, '1')).rejects.toThrow(errno('EINVAL'));
    await sysfs.write(`${CARD}/online`, '1');
    expect(sysfs.read(`${QUEUE}/online`)).toBe('1\n');
  });

  test.each(['2', '-1', 'x', ''])('%j is EINVAL or nothing', async (text) => {
    const { sysfs } = await testSysfs();
    const writes = [CARD, QUEUE].map((path) => sysfs.write(`${path}/online`, text));
    const results = await Promise.allSettled(writes);
    const expected = text === '' ? 'fulfilled' : 'rejected';
    expect(results.map(({ status }) => status)).toEqual([expected, expected]);
    expect(sysfs.read(`${QUEUE}/online`)).toBe('1\n');
  });

  test('of what is deconfigured is 0, and 1 is ENODEV', async () => {
    const { bus, cards, sysfs } = await testSysfs();
    cards.get(5)?.respond(AP_RESPONSE.DECONFIGURED);
    await bus.scan();
    expect([sysfs.read(`${CARD}/online`), sysfs.read(`${QUEUE}/online`)]).toEqual(['0\n', '0\n']);
    await expect(sysfs.write(`${CARD}/online`, '1')).rejects.toThrow(errno('ENODEV'));
    await expect(sysfs.write(`${QUEUE}/online`, '1')).rejects.toThrow(errno('ENODEV'));
  });

  test('is not there for a card the host does not know', async () => {
    const { sysfs } = await testSysfs({ info: { hwtype: 9 } });
    expect(names(sysfs, CARD)).not.toContain('online');
    expect(names(sysfs, CARD)).not.toContain('driver');
    expect(sysfs.read(`${CARD}/hwtype`)).toBe('9\n');
  });
});

describe('config of a card', () => {
  test('takes it out of the configuration and back', async () => {
    const { cards, sysfs } = await testSysfs();
    const card = cards.get(5);
    expect.assert(card);
    Object.assign(card, {
      configure: (is: boolean) => card.respond(is ? AP_RESPONSE.NORMAL : AP_RESPONSE.DECONFIGURED),
    });
    await sysfs.write(`${CARD}/config`, '0\n');
    expect([sysfs.read(`${CARD}/config`), sysfs.read(`${QUEUE}/config`)]).toEqual(['0\n', '0\n']);
    await sysfs.write(`${CARD}/config`, '1\n');
    expect([sysfs.read(`${CARD}/config`), sysfs.read(`${QUEUE}/config`)]).toEqual(['1\n', '1\n']);
  });

  test('is EOPNOTSUPP where the card cannot be configured, EINVAL for no 0 or 1', async () => {
    const { sysfs } = await testSysfs();
    await expect(sysfs.write(`${CARD}/config`, '0')).rejects.toThrow(errno('EOPNOTSUPP'));
    await expect(sysfs.write(`${CARD}/config`, '2')).rejects.toThrow(errno('EINVAL'));
    await expect(sysfs.write(`${CARD}/config`, '1')).resolves.toBe(1);
  });
});

describe('a queue', () => {
  test('shows what its hardware does', async () => {
    const { cards, sysfs } = await testSysfs();
    const queue = cards.get(5)?.queue(4);
    expect.assert(queue);
    queue.setInterrupt(() => undefined);
    queue.enqueue({ psmid: 1n, bytes: new Uint8Array(8) });
    expect(sysfs.read(`${QUEUE}/interrupt`)).toBe('Interrupts enabled.\n');
    expect(sysfs.read(`${QUEUE}/reset`)).toBe('Reset Timer armed.\n');
    queue.responseCode = AP_RESPONSE.RESET_IN_PROGRESS;
    expect(sysfs.read(`${QUEUE}/reset`)).toBe('Reset in progress.\n');
  });

  test('of the host is reset by a write, that of another driver is not', async () => {
    const { bus, cards, sysfs } = await testSysfs({ apmask: ApMask.of(5) });
    await bus.registerDriver(new RecordingDriver());
    const queues = [cards.get(5)?.queue(4), cards.get(6)?.queue(4)];
    for (const queue of queues) queue?.calls.splice(0);
    await sysfs.write(`${QUEUE}/reset`, '1');
    await sysfs.write('devices/ap/card06/06.0004/reset', '1');
    expect(queues.map((queue) => queue?.calls)).toEqual([['reset'], []]);
  });

  test('has the files of secure execution where the machine has it', async () => {
    const { sysfs } = await testSysfs({ config: { apsb: true } });
    expect(sysfs.read(`${QUEUE}/se_bind`)).toBe('-\n');
    await expect(sysfs.write(`${QUEUE}/se_associate`, '1')).rejects.toThrow(errno('EINVAL'));
  });
});

test.each([
  [10, 'accelerator', 'CEX4A'],
  [13, 'cca', 'CEX7C'],
  [14, 'ep11', 'CEX8P'],
] as const)('a card of type %d and mode %s is a %s', async (hwtype, mode, type) => {
  const { sysfs } = await testSysfs({ info: { hwtype, mode, maxMessagePages: 0 } });
  expect(sysfs.read(`${CARD}/type`)).toBe(`${type}\n`);
  expect(sysfs.read(`${CARD}/max_msg_size`)).toBe('12288\n');
});
