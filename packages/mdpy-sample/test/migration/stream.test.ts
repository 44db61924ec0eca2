import { getMigrationDataSize, MigrationStreamWriter, setMigrationState } from '@vfio-ts/core';
import { describe, expect, test } from 'vitest';
import { MDPY_TYPES, MDPY_VGA, MDPY_XGA, type MdpyType } from '../../src/index.ts';
import { errno, openMdpy } from '../support.ts';
import { draw, expectState, look, readPass, restore, save } from './support.ts';

const PAGE = 0x1000;
const PAGES = 1;
const CONFIG = 2;

/** Bytes of pages in a stream. */
function pageBytes(stream: Uint8Array): number {
  return stream.length - (stream.length % PAGE);
}

/** A stream as a display's, of other chunks. */
function streamOf(...chunks: readonly (readonly [tag: number, payload: Uint8Array])[]): Uint8Array {
  const writer = new MigrationStreamWriter({ type: 'mdpy-vga 640x480', version: 1 });
  for (const [tag, payload] of chunks) writer.put(tag, payload);
  writer.end();
  return readPass(writer);
}

function pages(offset: number, length: number): Uint8Array {
  const payload = new Uint8Array(4 + length).fill(0x77, 4);
  new DataView(payload.buffer).setUint32(0, offset, true);
  return payload;
}

describe('what is sent', () => {
  test('pages of zeros are left out: the memory behind the picture costs nothing', async () => {
    await using mdpy = openMdpy();
    const image = await save(mdpy.file);
    // The first page of the picture is black.
    expect(pageBytes(image)).toBe(640 * 480 * 4 - PAGE);
  });

  test('the next pass has the pages that have changed, and no others', async () => {
    await using mdpy = openMdpy();
    const { migration, framebuffer } = mdpy.device;
    const saving = migration.go('RUNNING', 'PRE_COPY') ?? {};
    readPass(saving);
    framebuffer[5 * PAGE] = 0xaa;
    framebuffer[6 * PAGE + 17] = 0xaa;
    framebuffer[100 * PAGE - 1] = 0xaa;
    expect(pageBytes(readPass(saving))).toBe(3 * PAGE);
    expect(readPass(saving).length).toBe(0);
    expect(readPass(saving).length).toBe(0);
  });

  test('a page that has become zeros again is sent as zeros', async () => {
    await using mdpy = openMdpy();
    await using other = openMdpy();
    const { migration, framebuffer } = mdpy.device;
    const saving = migration.go('RUNNING', 'PRE_COPY') ?? {};
    const early = readPass(saving);
    framebuffer.fill(0);
    migration.go('PRE_COPY', 'STOP_COPY');
    await restore(other.file, Buffer.concat([early, readPass(saving)]));
    expect(await look(other.file)).toEqual(await look(mdpy.file));
  });

  test('a pass that was not read to its end is made up for in the last', async () => {
    await using mdpy = openMdpy();
    await using other = openMdpy();
    const { migration, framebuffer } = mdpy.device;
    const saving = migration.go('RUNNING', 'PRE_COPY') ?? {};
    const early = new Uint8Array(100_000);
    expect(saving.read?.(early)).toBe(early.length);
    framebuffer.fill(0x11, 0, 2 * PAGE);
    migration.go('PRE_COPY', 'PRE_COPY_P2P');
    migration.go('PRE_COPY_P2P', 'STOP_COPY');
    await restore(other.file, Buffer.concat([early, readPass(saving)]));
    expect(await look(other.file)).toEqual(await look(mdpy.file));
  });

  test('pre-copy says how much is left', async () => {
    await using mdpy = openMdpy();
    const { migration, framebuffer } = mdpy.device;
    const saving = migration.go('RUNNING', 'PRE_COPY') ?? {};
    const whole = saving.precopyInfo?.();
    expect(whole?.initialBytes).toBeGreaterThanOrEqual(640 * 480 * 4 - PAGE);
    saving.read?.(new Uint8Array(100));
    framebuffer[0] = 1;
    expect(saving.precopyInfo?.()).toMatchObject({ dirtyBytes: PAGE });
    readPass(saving);
    readPass(saving);
    expect(saving.precopyInfo?.()).toEqual({ initialBytes: 0, dirtyBytes: 0 });
    framebuffer[0] = 2;
    expect(saving.precopyInfo?.()).toEqual({ initialBytes: 0, dirtyBytes: PAGE });
  });

  test('the size is that of the frame buffer, and in pre-copy of what is left', async () => {
    await using mdpy = openMdpy();
    expect(await getMigrationDataSize(mdpy.file)).toBe(0x20_0000 + 256);
    await setMigrationState(mdpy.file, 'PRE_COPY');
    readPass({ read: (into) => mdpy.file.readMigrationData(into) });
    mdpy.device.framebuffer[0] = 1;
    expect(await getMigrationDataSize(mdpy.file)).toBe(PAGE + 256);
  });
});

describe('what is taken', () => {
  for (const type of MDPY_TYPES) {
    test(`a ${type.sysfsName} becomes another one, byte by byte`, async () => {
      await using mdpy = openMdpy(type);
      await using other = openMdpy(type);
      draw(mdpy);
      await restore(other.file, await save(mdpy.file));
      expect(await look(other.file)).toEqual(await look(mdpy.file));
      await setMigrationState(other.file, 'RUNNING');
    });
  }

  const config = new Uint8Array(256);
  const xga: MdpyType = { ...MDPY_VGA, sysfsName: 'xga' };

  test.each([
    ['of another type', MDPY_XGA],
    ['of a type of the same name and another size', { ...MDPY_VGA, width: 320 }],
    ['of a type of another name and the same size', xga],
  ])('a display %s is refused', async (_, type) => {
    await using mdpy = openMdpy(type);
    await using other = openMdpy();
    const before = await look(other.file);
    const image = await save(mdpy.file);
    await expect(restore(other.file, image)).rejects.toThrow(errno('EINVAL'));
    expect(await look(other.file)).toEqual(before);
  });

  test.each<[string, (right: Uint8Array) => Uint8Array]>([
    ['nothing', () => new Uint8Array(0)],
    ['no configuration space', () => streamOf([PAGES, pages(0, PAGE)])],
    ['configuration space that is too short', (right) => streamOf([CONFIG, right.subarray(1)])],
    ['configuration space of no mdpy', () => streamOf([CONFIG, config])],
    ['configuration space twice', (right) => streamOf([CONFIG, right], [CONFIG, right])],
    ['pages behind it', (right) => streamOf([CONFIG, right], [PAGES, pages(0, PAGE)])],
    [
      'pages without an offset',
      (right) => streamOf([PAGES, config.subarray(0, 3)], [CONFIG, right]),
    ],
    [
      'pages past the end',
      (right) => streamOf([PAGES, pages(0x1f_f000, 2 * PAGE)], [CONFIG, right]),
    ],
    ['pages far away', (right) => streamOf([PAGES, pages(0xffff_f000, PAGE)], [CONFIG, right])],
    ['pages from within one', (right) => streamOf([PAGES, pages(0x800, PAGE)], [CONFIG, right])],
    ['half a page', (right) => streamOf([PAGES, pages(0, 0x800)], [CONFIG, right])],
    ['a chunk nobody knows', (right) => streamOf([3, right], [CONFIG, right])],
  ])('a stream with %s is refused, and a right one is taken after it', async (_, make) => {
    await using mdpy = openMdpy();
    await using other = openMdpy();
    draw(mdpy);
    const before = await look(other.file);
    const wrong = make(mdpy.device.config.save());
    await expect(restore(other.file, wrong)).rejects.toThrow(errno('EINVAL'));
    // A write that is refused leaves it to the end of RESUMING to say so.
    await expect(setMigrationState(other.file, 'STOP')).rejects.toThrow(errno('EINVAL'));
    await expectState(other.file, 'RESUMING');
    expect(await look(other.file)).toEqual(before);

    await restore(other.file, await save(mdpy.file));
    expect(await look(other.file)).toEqual(await look(mdpy.file));
  });

  test('until the stream is whole, nothing of it is in the device', async () => {
    await using mdpy = openMdpy();
    await using other = openMdpy();
    draw(mdpy);
    const before = await look(other.file);
    const image = await save(mdpy.file);
    await setMigrationState(other.file, 'RESUMING');
    other.file.writeMigrationData(image);
    expect(await look(other.file)).toEqual(before);
    await setMigrationState(other.file, 'STOP');
    expect(await look(other.file)).toEqual(await look(mdpy.file));
  });
});
