import { describe, expect, test as base } from 'vitest';
import { writeFileSync } from 'node:fs';
import { inFolder, type InFolder } from '../image/support.ts';
import {
  BACK,
  block,
  checkOf,
  drive,
  FORWARD,
  loaded,
  MARK,
  NORMAL,
  READ,
  REWIND,
  SENSE,
  splitImage,
  SYNC,
  tapeImage,
  WRITE,
} from './support.ts';

const test = base.extend<InFolder>(inFolder);
const A = block(80, 1);
const B = block(4000, 2);

describe('mounting', () => {
  test('tells the guest that the drive is ready, as Linux wants it', async ({ folder }) => {
    await using rig = drive(folder);
    const { sense } = await rig.run([READ]);
    expect(sense?.[0]).toBe(0x40);
    writeFileSync(rig.path, tapeImage([A]));
    await rig.unit.mount(rig.path);
    expect(rig.unsolicited).toEqual([0x85]);
    expect(rig.unit.mounted).toEqual({ path: rig.path, isReadOnly: false, block: 0 });
    expect((await rig.run([SENSE])).data[0]?.subarray(0, 4)).toEqual(Uint8Array.of(0, 0x48, 0, 0));
    expect((await rig.run([READ])).data).toEqual([A]);
  });

  test('does not keep commands waiting', async ({ folder }) => {
    await using rig = drive(folder);
    writeFileSync(rig.path, tapeImage([A]));
    const mounting = rig.unit.mount(rig.path);
    expect(checkOf(await rig.run([READ]))).toBe('40 40 43');
    await expect(rig.unit.mount(rig.path)).rejects.toThrow('EBUSY');
    await mounting;
    expect((await rig.run([READ])).data).toEqual([A]);
  });

  test('that is under way when the drive is closed is refused, and gives the file back', async ({
    folder,
  }) => {
    await using rig = drive(folder);
    const mounting = rig.unit.mount(rig.path, { create: true });
    await rig.unit.close();
    await expect(mounting).rejects.toThrow('ENODEV');
    await using other = drive(folder);
    await other.unit.mount(rig.path);
    expect(rig.unit.mounted).toBeUndefined();
  });

  test('of a second tape is refused', async ({ folder }) => {
    await using rig = await loaded(folder);
    await expect(rig.unit.mount(rig.path)).rejects.toThrow('EBUSY');
  });

  test('of a file that another drive writes is refused, and works once it is free', async ({
    folder,
  }) => {
    await using rig = await loaded(folder);
    await using other = drive(folder);
    await expect(other.unit.mount(rig.path)).rejects.toThrow('EBUSY');
    await expect(other.unit.mount(rig.path, { isReadOnly: true })).rejects.toThrow('EBUSY');
    expect(other.unsolicited).toEqual([]);
    await rig.unit.unmount();
    await other.unit.mount(rig.path);
  });

  test('read-only is for many', async ({ folder }) => {
    await using rig = await loaded(folder, tapeImage([A]), { isReadOnly: true });
    await using other = drive(folder);
    await other.unit.mount(rig.path, { isReadOnly: true });
    expect((await other.run([READ])).data).toEqual([A]);
    expect((await rig.run([READ])).data).toEqual([A]);
    expect((await rig.run([SENSE])).data[0]?.[1]).toBe(0x42);
  });

  test('of a missing file is refused, but where it is to be made', async ({ folder }) => {
    await using rig = drive(folder);
    await expect(rig.unit.mount(rig.path)).rejects.toThrow('ENOENT');
    await expect(rig.unit.mount(rig.path, { create: true, isReadOnly: true })).rejects.toThrow(
      'ENOENT',
    );
    await rig.unit.mount(rig.path, { create: true });
    expect(rig.files.calls).toContain('syncFolder');
    await rig.run([WRITE, A]);
    await rig.unit.unmount();
    await rig.unit.mount(rig.path, { create: true });
    expect((await rig.run([READ])).data).toEqual([A]);
  });

  for (const options of [
    { capacity: 0 },
    { capacity: -1 },
    { capacity: Number.NaN },
    { warning: -1 },
  ]) {
    test(`with ${JSON.stringify(options)} is refused`, async ({ folder }) => {
      await using rig = drive(folder);
      await expect(rig.unit.mount(rig.path, { create: true, ...options })).rejects.toThrow(
        'EINVAL',
      );
    });
  }

  test('into a drive that is closed is refused', async ({ folder }) => {
    await using rig = drive(folder);
    await rig.unit.close();
    await expect(rig.unit.mount(rig.path, { create: true })).rejects.toThrow('ENODEV');
    expect(checkOf(await rig.run([READ]))).toBe('40 40 43');
  });

  const FOREIGN = [
    Buffer.from('a text that somebody needs\n'),
    Buffer.from([9, 9, 9]),
    splitImage(B, 100).subarray(106),
    Buffer.alloc(4096),
  ];
  for (const [index, contents] of FOREIGN.entries()) {
    test(`of a file that is no tape is refused (${index})`, async ({ folder }) => {
      await using rig = drive(folder);
      writeFileSync(rig.path, contents);
      await expect(rig.unit.mount(rig.path)).rejects.toThrow('EINVAL');
      expect(rig.contents()).toEqual(contents);
      await expect(rig.unit.mount(rig.path, { isReadOnly: true })).rejects.toThrow('EINVAL');
    });
  }
});

test('a unit address that no drive has is refused', async ({ folder }) => {
  await using rig = drive(folder);
  const { TapeControlUnit } = await import('../../src/tape/tape-control-unit.ts');
  for (const unitAddress of [-1, 256, 0.5]) {
    expect(() => new TapeControlUnit({ logger: rig.logger, unitAddress })).toThrow('EINVAL');
  }
});

describe('unmounting', () => {
  test('waits for the command, keeps what was written, and makes the drive not ready', async ({
    folder,
  }) => {
    await using rig = await loaded(folder);
    rig.unit.begin();
    const command = { code: WRITE, count: 80, data: A, previous: undefined, isChained: true };
    const written = rig.unit.execute(command);
    await rig.unit.unmount();
    expect((await written).status).toBe(NORMAL);
    expect(rig.contents()).toEqual(tapeImage([A]));
    expect(rig.files.calls.at(-1)).toBe('sync');
    expect(checkOf(await rig.run([READ]))).toBe('40 40 43');
  });

  test('of an empty drive does nothing', async ({ folder }) => {
    await using rig = drive(folder);
    await expect(rig.unit.unmount()).resolves.toBeUndefined();
  });
});

describe('a block that nobody has finished', () => {
  const whole = tapeImage([A, 'mark', B]);
  const split = Buffer.concat([tapeImage([A, 'mark']), splitImage(B, 1500)]);
  const ENDS: readonly (readonly [what: string, contents: Buffer])[] = [
    ['its data is missing', whole.subarray(0, -1)],
    ['all of its data is missing', whole.subarray(0, 98)],
    ['half of its header is missing', whole.subarray(0, 95)],
    ['a byte of its header is there', whole.subarray(0, 93)],
    ['a piece is missing', split.subarray(0, 92 + 1506)],
    ['a piece ends early', split.subarray(0, 92 + 3000)],
  ];
  for (const [what, contents] of ENDS) {
    test(`is cut off at the next mount: ${what}`, async ({ folder }) => {
      await using rig = await loaded(folder, contents);
      expect(rig.contents()).toEqual(tapeImage([A, 'mark']));
      expect(rig.files.calls).toContain('truncate 92');
      expect(rig.logger.take('warn').map(({ message }) => message)).toEqual([
        `${rig.path} is torn behind block 2, at byte 92 of ${contents.length}`,
      ]);
      await rig.run([0x3f], [WRITE, A]);
      expect(rig.contents()).toEqual(tapeImage([A, 'mark', A]));
    });

    test(`is the end of data on a protected tape: ${what}`, async ({ folder }) => {
      await using rig = await loaded(folder, contents, { isReadOnly: true });
      expect(rig.contents()).toEqual(contents);
      expect(checkOf(await rig.run([0x3f], [READ]))).toBe('08 42 36');
      expect((await rig.run([BACK], [BACK])).status).toBe(0x0d);
      expect(rig.logger.take('warn')).toHaveLength(1);
    });
  }

  test('that is the first leaves an empty tape', async ({ folder }) => {
    await using rig = await loaded(folder, tapeImage([B]).subarray(0, 1000));
    expect(rig.contents()).toHaveLength(0);
    rig.logger.take('warn');
  });
});

test('damage is logged at mount and left as it is', async ({ folder }) => {
  const contents = Buffer.concat([tapeImage([A]), Buffer.from('damaged, but not torn')]);
  await using rig = await loaded(folder, contents);
  expect(rig.contents()).toEqual(contents);
  expect(rig.logger.take('warn')[0]?.message).toContain('is damaged behind block 1, at byte 86');
  await rig.run([FORWARD], [WRITE, B]);
  expect(rig.contents()).toEqual(tapeImage([A, B]));
});

describe('durable', () => {
  test('is what is before a mark, a Rewind, a Synchronize', async ({ folder }) => {
    for (const code of [MARK, REWIND, SYNC]) {
      await using rig = await loaded(folder);
      rig.files.calls.length = 0;
      await rig.run([WRITE, A], [WRITE, B], [code]);
      expect(rig.files.calls).toEqual(['write', 'sync']);
    }
  });

  test('is not each chain, but in the file it is', async ({ folder }) => {
    await using rig = await loaded(folder);
    rig.files.calls.length = 0;
    await rig.run([WRITE, A], [WRITE, B]);
    await rig.run([WRITE, A]);
    expect(rig.files.calls).toEqual(['write', 'write']);
    await rig.run([SYNC]);
    await rig.run([SYNC], [REWIND]);
    expect(rig.files.calls).toEqual(['write', 'write', 'sync']);
  });

  test('is each block where a Mode Set or C3 says so', async ({ folder }) => {
    for (const mode of [[0xdb, Uint8Array.of(0x20)] as const, [0xc3] as const]) {
      await using rig = await loaded(folder);
      rig.files.calls.length = 0;
      await rig.run(mode, [WRITE, A], [WRITE, B]);
      expect(rig.files.calls).toEqual(['write', 'sync', 'write', 'sync']);
      await rig.run([WRITE, A]);
      expect(rig.files.calls.slice(4)).toEqual(['write']);
    }
  });

  test('what is behind is cut off before anything is written', async ({ folder }) => {
    await using rig = await loaded(folder, tapeImage([A, B, B]));
    rig.files.calls.length = 0;
    await rig.run([WRITE, B]);
    expect(rig.files.calls).toEqual(['truncate 0', 'write']);
  });
});
