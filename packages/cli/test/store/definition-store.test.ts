import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { programForTest } from '@vfio-ts/lab';
import { expect, onTestFinished, test } from 'vitest';
import type { MdevDefinition } from '../../src/mdev/definition.ts';
import { DefinitionStore } from '../../src/store/definition-store.ts';
import { nodeFiles } from '../../src/store/files.ts';

const UUID = '83b8f4f2-509f-382f-3c1e-e6bfe0fa1001';
const OTHER = '83b8f4f2-509f-382f-3c1e-e6bfe0fa1002';
const VGA: MdevDefinition = { mdevType: 'mdpy-vga', start: 'manual', attrs: [] };
const XGA: MdevDefinition = { ...VGA, mdevType: 'mdpy-xga' };

function folder(): string {
  const path = mkdtempSync(join(tmpdir(), 'vfio-ts-test-'));
  onTestFinished(() => rmSync(path, { recursive: true }));
  return join(path, 'mdevctl.d');
}

function put(at: string, name: string, text: string): string {
  mkdirSync(join(at, 'mdpy'), { recursive: true });
  writeFileSync(join(at, 'mdpy', name), text);
  return join(at, 'mdpy', name);
}

function readOnly(): never {
  throw Object.assign(new Error('EROFS'), { code: 'EROFS' });
}

test('a folder that is not there has no definitions, and reading does not make it', async () => {
  const at = folder();
  expect(await new DefinitionStore(at).load()).toEqual({ definitions: [], damaged: [] });
  expect(existsSync(at)).toBe(false);
});

test('what is defined is in PARENT/UUID as mdevctl writes it', async () => {
  const at = folder();
  await new DefinitionStore(at).define({ uuid: UUID, parent: 'mdpy', definition: VGA });
  const text = '{\n  "mdev_type": "mdpy-vga",\n  "start": "manual",\n  "attrs": []\n}\n';
  expect(readFileSync(join(at, 'mdpy', UUID), 'utf8')).toBe(text);
  expect(readdirSync(join(at, 'mdpy'))).toEqual([UUID]);
});

test('a definition in capitals is that of the same device, and the one in small letters counts', async () => {
  const at = folder();
  put(at, UUID.toUpperCase(), '{"mdev_type":"mdpy-vga"}');
  const store = new DefinitionStore(at);
  expect((await store.load()).definitions).toEqual([
    { uuid: UUID, parent: 'mdpy', definition: VGA },
  ]);
  await store.modify(UUID, undefined, () => XGA);
  expect((await store.load()).definitions).toEqual([
    { uuid: UUID, parent: 'mdpy', definition: XGA },
  ]);
  expect(await store.undefine(UUID.toUpperCase())).toBe(1);
  expect(readdirSync(join(at, 'mdpy'))).toEqual([]);
});

test.each([
  ['{"mdev_type": "mdpy-vga",\n"start": }', 2, 'not valid JSON: unexpected "}"'],
  ['{"mdev_type": "mdpy-vga",\n\n"start":\n', 3, 'not valid JSON: it ends too soon'],
  ['', 1, 'not valid JSON: it ends too soon'],
  ['{"mdev_type":\n}\n\n', 2, 'unexpected "}"'],
  ['{"mdev_type": mdpy-vga,\n"start":\n"auto"}', 1, 'unexpected "mdpy-vga"'],
  ['{"mdev_type": "mdpy-vga",\n"start":\n"later"}', 2, 'start is neither'],
  ['{"mdev_type": "mdpy-vga",\n"attrs": [{\n"a": 1}]}', 3, 'the value of a is no string'],
  ['{\n"mdev_type": 1}', 2, 'mdev_type is missing'],
])('%j is reported with its line and moved aside whole', async (text, line, fact) => {
  const at = folder();
  const file = put(at, UUID, text);
  put(at, OTHER, '{"mdev_type":"mdpy-vga"}');
  const { definitions, damaged } = await new DefinitionStore(at).load();
  expect(definitions.map(({ uuid }) => uuid)).toEqual([OTHER]);
  const aside = join(at, '.damaged', 'mdpy', UUID);
  const said: unknown = expect.stringContaining(`${file}: line ${line}: `);
  expect(damaged).toEqual([{ uuid: UUID, parent: 'mdpy', file, fact: said, aside }]);
  expect(damaged[0]?.fact).toContain(fact);
  expect(readFileSync(aside, 'utf8')).toBe(text);
  expect(existsSync(file)).toBe(false);
});

test('what is moved aside replaces nothing that was moved aside before', async () => {
  const at = folder();
  const store = new DefinitionStore(at);
  for (const text of ['first', 'second']) {
    put(at, UUID, text);
    // oxlint-disable-next-line no-await-in-loop
    await store.load();
  }
  const aside = join(at, '.damaged', 'mdpy', UUID);
  expect([aside, `${aside}.1`].map((path) => readFileSync(path, 'utf8'))).toEqual([
    'first',
    'second',
  ]);
});

test('define puts a damaged file aside and does not write over it', async () => {
  const at = folder();
  put(at, UUID, 'mine');
  await new DefinitionStore(at).define({ uuid: UUID, parent: 'mdpy', definition: VGA });
  expect(readFileSync(join(at, '.damaged', 'mdpy', UUID), 'utf8')).toBe('mine');
});

test.each(['modify', 'undefine'] as const)(
  '%s says what is wrong with a damaged file, and leaves it',
  async (verb) => {
    const at = folder();
    const file = put(at, UUID, 'mine');
    const store = new DefinitionStore(at);
    const done =
      verb === 'modify' ? store.modify(UUID, undefined, () => VGA) : store.undefine(UUID);
    await expect(done).rejects.toThrow(`${file}: line 1: `);
    expect(readFileSync(file, 'utf8')).toBe('mine');
  },
);

test('where nothing may be changed, what is damaged is reported all the same', async () => {
  const at = folder();
  const file = put(at, UUID, 'mine');
  const store = new DefinitionStore(at, { files: { ...nodeFiles, lock: readOnly } });
  const { damaged } = await store.load();
  expect(damaged).toEqual([expect.not.objectContaining({ aside: expect.anything() })]);
  expect(readFileSync(file, 'utf8')).toBe('mine');
});

test.each(['', '.', '..', '.damaged', 'a/b', '../a', '/etc'])('%j is no parent', async (parent) => {
  const store = new DefinitionStore(folder());
  const done = store.define({ uuid: UUID, parent, definition: VGA });
  await expect(done).rejects.toMatchObject({ code: 'EINVAL' });
});

test('a device can be defined for several parents, and then the parent has to be said', async () => {
  const store = new DefinitionStore(folder());
  await store.define({ uuid: UUID, parent: 'a', definition: VGA });
  await store.define({ uuid: UUID, parent: 'b', definition: VGA });
  await expect(store.define({ uuid: UUID, parent: 'b', definition: VGA })).rejects.toMatchObject({
    code: 'EEXIST',
  });
  await expect(store.modify(UUID, undefined, () => XGA)).rejects.toThrow(
    'say which with --parent: a, b',
  );
  await store.modify(UUID, 'b', () => XGA);
  const { definitions } = await store.load();
  expect(definitions.map(({ definition }) => definition)).toEqual([VGA, XGA]);
  await expect(store.undefine(UUID, 'c')).rejects.toMatchObject({ code: 'ENOENT' });
  expect(await store.undefine(UUID)).toBe(2);
});

test('a second writer waits for the first', async (ctx) => {
  const flock = programForTest(ctx, 'flock', 'util-linux');
  const at = folder();
  mkdirSync(at, { recursive: true });
  const script = 'echo locked; read line';
  const holder = spawn(flock, ['-x', join(at, '.lock'), 'sh', '-c', script], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  onTestFinished(() => void holder.kill('SIGKILL'));
  await once(holder.stdout, 'data');
  let pauses = 0;
  const pause = async (): Promise<void> => {
    pauses++;
    if (pauses < 3) return;
    holder.stdin.end('\n');
    await once(holder, 'exit');
  };
  const store = new DefinitionStore(at, { pause });
  await store.define({ uuid: UUID, parent: 'mdpy', definition: VGA });
  expect(pauses).toBe(3);
});

test('a second writer gives up after a while, and says what to do', async (ctx) => {
  const flock = programForTest(ctx, 'flock', 'util-linux');
  const at = folder();
  mkdirSync(at, { recursive: true });
  const script = 'echo locked; read line';
  const holder = spawn(flock, ['-x', join(at, '.lock'), 'sh', '-c', script], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  onTestFinished(() => void holder.kill('SIGKILL'));
  await once(holder.stdout, 'data');
  const store = new DefinitionStore(at, { pause: () => Promise.resolve() });
  const done = store.define({ uuid: UUID, parent: 'mdpy', definition: VGA });
  await expect(done).rejects.toThrow(/^EBUSY: .*try again$/u);
  expect(existsSync(join(at, 'mdpy'))).toBe(false);
});
