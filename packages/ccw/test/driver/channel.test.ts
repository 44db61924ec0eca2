// The driver over a channel subsystem that runs programs: from the write of a start to the IRB.

import { isSettled } from '@vfio-ts/conformance';
import { describe, expect, test } from 'vitest';
import {
  CCW_FLAG_CC,
  CCW_FLAG_IDA,
  ChannelSubsystem,
  decodeIrb,
  DEVICE_STATUS,
  encodeIdaws,
  IDAW_FORMAT_1,
  SCSW_DEVICE_ACTIVE,
  SCSW_SUBCHANNEL_ACTIVE,
  SUBCHANNEL_STATUS,
  decodeSchib,
  type CommandEnd,
  type ControlUnit,
  type DeviceCommand,
  type SoftSubchannel,
} from '../../src/index.ts';
import { CcwUser, errno } from '../support/open-ccw.ts';

const NORMAL = DEVICE_STATUS.CHANNEL_END | DEVICE_STATUS.DEVICE_END;

/** Keeps what it is given, and gives it back; a command 0x0F takes until the test ends it. */
class Notebook implements ControlUnit {
  readonly name = 'notebook';
  #page: Uint8Array = new Uint8Array(0);
  #listener: ((status: number) => void) | undefined = undefined;
  finish: () => void = () => undefined;

  begin(): void {}

  execute({ code, data }: DeviceCommand): Promise<CommandEnd> | CommandEnd {
    switch (code) {
      case 0x01:
        this.#page = data.slice();
        return { status: NORMAL };
      case 0x02:
        return { status: NORMAL, data: this.#page };
      case 0x0f: {
        const { promise, resolve } = Promise.withResolvers<CommandEnd>();
        this.finish = () => resolve({ status: NORMAL });
        return promise;
      }
      default:
        return {
          status: NORMAL | DEVICE_STATUS.UNIT_CHECK,
          sense: Uint8Array.of(0x80, ...new Uint8Array(31)),
        };
    }
  }

  end(): undefined {}

  listen(listener: ((status: number) => void) | undefined): void {
    this.#listener = listener;
  }

  attention(): void {
    this.#listener?.(DEVICE_STATUS.ATTENTION);
  }

  reset(): void {}
  async close(): Promise<void> {}
}

function withNotebook(): { readonly unit: Notebook; readonly user: CcwUser<SoftSubchannel> } {
  const unit = new Notebook();
  const user = new CcwUser((host) =>
    new ChannelSubsystem(host).attach({ unit, deviceNumber: 0x1234 }),
  );
  return { unit, user };
}

/** A command is running that takes its time. */
function busy(): { readonly unit: Notebook; readonly user: CcwUser<SoftSubchannel> } {
  const { unit, user } = withNotebook();
  user.ccws(0x1000, [
    { command: 0x0f, flags: CCW_FLAG_CC },
    { command: 0x02, count: 8, address: 0x8000 },
  ]);
  user.start();
  return { unit, user };
}

const turn = (): Promise<boolean> => isSettled(new Promise(() => {}));

test('data goes from guest memory to the device and back, by any kind of address', async () => {
  const { user } = withNotebook();
  await using _ = user;
  user.ram.set(Uint8Array.of(1, 2, 3, 4), 0x27fe);
  user.ram.set(Uint8Array.of(5, 6, 7, 8), 0x5000);
  user.ram.set(encodeIdaws([0x27fe, 0x5000], IDAW_FORMAT_1), 0x3000);
  user.ccws(0x1000, [
    { command: 1, flags: CCW_FLAG_CC | CCW_FLAG_IDA, count: 6, address: 0x3000 },
    { command: 2, count: 6, address: 0x8ffe },
  ]);
  user.start();
  expect(user.device.state).toBe('IDLE');
  expect(user.ram.slice(0x8ffe, 0x9004)).toEqual(Uint8Array.of(1, 2, 5, 6, 7, 8));
  const { scsw } = decodeIrb(user.irb());
  expect(scsw).toEqual({
    flags: 0x00c0,
    control: 0x4007,
    programAddress: 0x1010,
    deviceStatus: NORMAL,
    subchannelStatus: 0,
    count: 0,
  });
});

test('a program of format 0 runs as well', async () => {
  const { user } = withNotebook();
  await using _ = user;
  user.ccws0(0x1000, [{ command: 1, flags: CCW_FLAG_CC, count: 4, address: 0x1000 }]);
  user.ccws0(0x1008, [{ command: 0x58, address: 0x2000 }]);
  user.ccws0(0x2000, [{ command: 2, count: 4, address: 0x8000 }]);
  user.start({ control: 0x0040_0000 });
  expect(user.ram.slice(0x8000, 0x8004)).toEqual(user.ram.slice(0x1000, 0x1004));
  expect(decodeIrb(user.irb()).scsw.programAddress).toBe(0x2008);
});

test('sense data comes with the status', async () => {
  const { user } = withNotebook();
  await using _ = user;
  user.ccws(0x1000, [{ command: 0x47, count: 1, address: 0x8000 }]);
  user.start();
  const { scsw, sense } = decodeIrb(user.irb());
  expect(scsw.deviceStatus).toBe(NORMAL | DEVICE_STATUS.UNIT_CHECK);
  expect(sense[0]).toBe(0x80);
});

test.each<[string, number, readonly number[]]>([
  ['bit 0 set', 0x8000_0000, []],
  ['an IDAW that does not start its block', 0x3000, [0x5000, 0x5808]],
])('an address with %s is a program check', async (_what, address, idaws) => {
  const { user } = withNotebook();
  await using _ = user;
  user.ram.set(encodeIdaws(idaws, IDAW_FORMAT_1), 0x3000);
  const flags = idaws.length > 0 ? CCW_FLAG_IDA : 0;
  user.ccws(0x1000, [{ command: 1, flags, count: 0x900, address }]);
  user.start();
  const { scsw } = decodeIrb(user.irb());
  expect(scsw.subchannelStatus).toBe(SUBCHANNEL_STATUS.PROGRAM_CHECK);
});

test('a program that does not begin at a doubleword is a program check', async () => {
  const { user } = withNotebook();
  await using _ = user;
  user.start({ programAddress: 0x1004 });
  expect(decodeIrb(user.irb()).scsw).toMatchObject({
    programAddress: 0x100c,
    subchannelStatus: SUBCHANNEL_STATUS.PROGRAM_CHECK,
  });
});

test('attention comes as an unsolicited status', async () => {
  const { user, unit } = withNotebook();
  await using _ = user;
  unit.attention();
  expect(user.count(0)).toBe(1);
  expect(decodeIrb(user.irb()).scsw).toMatchObject({ control: 0x0011, deviceStatus: 0x80 });
});

describe('while a command takes its time', () => {
  test('the subchannel is active, and another start is EBUSY', async () => {
    const { user, unit } = busy();
    await using _ = user;
    const active = SCSW_SUBCHANNEL_ACTIVE | SCSW_DEVICE_ACTIVE;
    expect(decodeSchib(user.read(2, 0, 52)).scsw.control & active).toBe(active);
    expect(() => user.start()).toThrow(errno('EBUSY'));
    unit.finish();
    await turn();
    expect(user.device.state).toBe('IDLE');
  });

  test.each([
    ['halt', 1, 0x6007],
    ['clear', 2, 0x1001],
  ] as const)('a %s ends the program', async (_what, command, control) => {
    const { user, unit } = busy();
    await using _ = user;
    user.async(command);
    unit.finish();
    await turn();
    expect(decodeIrb(user.irb()).scsw.control).toBe(control);
    expect(user.device.state).toBe('IDLE');
    expect(user.ram.slice(0x8000, 0x8008)).toEqual(new Uint8Array(8));
  });

  test('a close leaves nothing to be moved or signalled', async () => {
    const { user, unit } = busy();
    await using _ = user;
    let fired = 0;
    user.signals[0]?.watch(() => fired++);
    user.file.close();
    unit.finish();
    await turn();
    expect(fired).toBe(0);
    expect(user.clock.pending).toBe(0);
    expect(user.device.state).toBe('STANDBY');
  });

  test('a reset waits for it, and then the device is as new', async () => {
    const { user, unit } = busy();
    await using _ = user;
    const resetting = Promise.resolve(user.file.reset());
    expect(await isSettled(resetting)).toBe(false);
    unit.finish();
    await resetting;
    user.ccws(0x1000, [{ command: 1, count: 4, address: 0x8000 }]);
    user.start();
    expect(user.count(0)).toBe(1);
    expect(decodeIrb(user.irb()).scsw.control).toBe(0x4007);
  });

  test('an unplug makes the device not operational', async () => {
    const { user, unit } = busy();
    await using _ = user;
    user.subchannel.unplug();
    unit.finish();
    await turn();
    expect(user.device.state).toBe('NOT_OPER');
    expect(user.count(0)).toBe(0);
  });
});
