import { describe, expect, test } from 'vitest';
import {
  Container,
  deviceGroup,
  Iommufd,
  setupIrq,
  triggerIrq,
  type DeviceFile,
  type FaultPoint,
  type KvmReference,
  type VfioCore,
  type VfioDevice,
} from '../../src/index.ts';
import { registered, thrown, type SomeOps } from '../device/fixture.ts';
import { testCore } from '../support.ts';

/** The steps in which an open can be made to fail, and a close too. */
const STEPS = [
  'kvm',
  'module-get',
  'bind',
  'attach',
  'open',
  'close',
  'detach',
  'unbind',
  'kvm put',
];

interface Traced {
  readonly core: VfioCore;
  readonly calls: string[];
  /** Steps that throw. */
  readonly failing: Set<string>;
  readonly vdev: VfioDevice;
  readonly open: () => DeviceFile;
}

function traced(more: SomeOps = {}): Traced {
  const calls: string[] = [];
  const failing = new Set<string>();
  const step = (name: string): void => {
    calls.push(name);
    if (failing.has(name)) throw new Error(name);
  };
  const fault = (point: FaultPoint): void => {
    if (point === 'module-get') step(point);
  };
  const { core } = testCore({ iommufd: true, fault });
  const { vdev } = registered(core, {
    bindIommufd: () => step('bind'),
    attachIoas: () => step('attach'),
    openDevice: () => step('open'),
    closeDevice: () => step('close'),
    detachIoas: () => step('detach'),
    unbindIommufd: () => step('unbind'),
    ...more,
  });
  const kvm: KvmReference = { get: () => step('kvm'), put: () => step('kvm put') };
  const group = deviceGroup(vdev).open();
  group.setContainer(new Iommufd(core, 'i'));
  group.setKvm(kvm);
  return { core, calls, failing, vdev, open: () => group.openDevice(vdev) };
}

function kinds(core: VfioCore): string[] {
  return core.leaks().map(({ kind }) => kind);
}

describe('first open and last close', () => {
  test('go through the steps in order and back', () => {
    const { calls, open } = traced();
    open().close();
    expect(calls).toEqual(STEPS);
  });

  test('a second file goes through none of them', () => {
    const { calls, open } = traced();
    const [first, second] = [open(), open()];
    const before = calls.length;
    first.close();
    expect(calls.length).toBe(before);
    second.close();
    expect(calls).toEqual(STEPS);
  });

  test.for<[string, readonly string[], string]>([
    ['kvm', [], 'kvm'],
    ['module-get', ['kvm put'], 'ENODEV'],
    ['bind', ['kvm put'], 'bind'],
    ['attach', ['unbind', 'kvm put'], 'attach'],
    ['open', ['detach', 'unbind', 'kvm put'], 'open'],
  ])('a failure at %s undoes what came before, and a later open works', ([at, undone, said]) => {
    const { core, calls, failing, open } = traced();
    failing.add(at);
    const error = thrown(open);
    expect(error instanceof Error ? error.message : error).toBe(said);
    expect(calls).toEqual([...STEPS.slice(0, STEPS.indexOf(at) + 1), ...undone]);
    expect(kinds(core)).toEqual(['device', 'group-file']);
    failing.clear();
    open().close();
    expect(kinds(core)).toEqual(['device', 'group-file']);
  });

  test('a failure of the undoing is joined to the failure of the open', () => {
    const { failing, open } = traced();
    for (const name of ['open', 'detach']) failing.add(name);
    expect(thrown(open)).toMatchObject({
      name: 'SuppressedError',
      error: { message: 'detach' },
      suppressed: { message: 'open' },
    });
  });

  test.for(['close', 'detach', 'unbind', 'kvm put'])(
    'a failure at %s closes all the same',
    (at) => {
      const { core, calls, failing, open } = traced();
      const file = open();
      failing.add(at);
      expect(thrown(() => file.close())).toMatchObject({ message: at });
      expect(calls).toEqual(STEPS);
      expect([file.isOpen, kinds(core)]).toEqual([false, ['device', 'group-file']]);
      failing.clear();
      expect(thrown(() => open().close())).toBeUndefined();
    },
  );

  test('failures of a close are joined', () => {
    const { failing, open } = traced();
    const file = open();
    for (const name of ['close', 'unbind']) failing.add(name);
    expect(thrown(() => file.close())).toMatchObject({
      error: { message: 'unbind' },
      suppressed: { message: 'close' },
    });
  });

  test('an EDEADLK of the driver does not open the file again', () => {
    const kept: { other?: () => DeviceFile } = {};
    const { core, open } = traced({ closeDevice: () => void kept.other?.() });
    const file = open();
    kept.other = open;
    expect(thrown(() => file.close())).toBe('EDEADLK');
    expect([file.isOpen, kinds(core)]).toEqual([false, ['device', 'group-file']]);
    expect(thrown(() => file.close())).toBeUndefined();
  });

  test('a container calls none of the iommufd callbacks', () => {
    const { core } = testCore();
    const calls: string[] = [];
    const { vdev } = registered(core, {
      bindIommufd: () => void calls.push('bind'),
      attachIoas: () => void calls.push('attach'),
      detachIoas: () => void calls.push('detach'),
      unbindIommufd: () => void calls.push('unbind'),
    });
    const group = deviceGroup(vdev).open();
    group.setContainer(new Container(core, 'c'));
    const file = group.openDevice(vdev);
    expect(file.ioas?.name).toBe('c');
    file.close();
    expect(calls).toEqual([]);
  });

  test('closeDevice still finds the signals, which are closed once after it', () => {
    const order: string[] = [];
    const { open } = traced({
      init: ({ vdev }) => setupIrq(vdev, 0, { count: 1 }),
      closeDevice: ({ vdev }) => triggerIrq(vdev, 0, 0),
    });
    const file = open();
    const signal = {
      signal: () => void order.push('signal'),
      close: () => void order.push('close'),
    };
    file.setIrqs({ flags: 0x24, index: 0, start: 0, count: 1, signals: [signal] });
    file.close();
    expect(order).toEqual(['signal', 'close']);
  });
});
