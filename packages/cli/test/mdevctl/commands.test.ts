// The same command lines given to mdevctl and to us: what is printed, what is refused, and which files are there after
// that have to be the same.
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { programForTest } from '@vfio-ts/lab';
import { expect, onTestFinished, test, vi } from 'vitest';
import { run } from '../../src/program.ts';
import { Installation, uuidOf } from '../daemon/real.ts';

const timeout = 240_000;
const UUID = /[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}/gu;

interface Said {
  readonly isRefused: boolean;
  readonly printed: string;
}

function folder(): string {
  const path = mkdtempSync(join(tmpdir(), 'vfio-ts-test-'));
  onTestFinished(() => rmSync(path, { recursive: true }));
  return path;
}

/** A folder of definitions as mdevctl wants it. */
function definitions(at: string): string {
  for (const name of ['callouts', 'notifiers']) {
    mkdirSync(join(at, 'scripts.d', name), { recursive: true });
  }
  return at;
}

/** mdevctl, with folders in place of the machine's. */
function mdevctl(program: string, etc: string, sys: string, argv: readonly string[]): Said {
  const script = `
    mkdir -p /etc/mdevctl.d
    mount --bind "$1" /etc/mdevctl.d
    mount --bind "$2" /sys
    shift 2
    exec "$@"`;
  const namespaces = process.getuid?.() === 0 ? ['--mount'] : ['--mount', '--map-root-user'];
  const all = [...namespaces, 'sh', '-ec', script, 'sh', etc, sys, program, ...argv];
  const { status, stdout } = spawnSync('unshare', all, { encoding: 'utf8' });
  return { isRefused: status !== 0, printed: stdout.trimEnd() };
}

/** Our command, in this process. */
async function ours(argv: readonly string[]): Promise<Said> {
  const printed: string[] = [];
  const exit = await run(argv, {
    output: { print: (line) => void printed.push(line), note: () => undefined },
    untilStopped: () => Promise.resolve(),
    version: '',
  });
  return { isRefused: exit !== 0, printed: printed.join('\n') };
}

/** The definitions in a folder, by path; a new UUID has no name of its own. */
function tree(at: string): unknown {
  const parents = readdirSync(at).filter((name) => !name.startsWith('.') && name !== 'scripts.d');
  const known = new Set([1, 2, 3, 4].map((n) => uuidOf(n)));
  return parents.flatMap((parent) =>
    readdirSync(join(at, parent))
      .map((name): unknown => {
        const text = readFileSync(join(at, parent, name), 'utf8');
        return [parent, known.has(name) ? name : 'new', text.trimEnd()];
      })
      .toSorted((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1)),
  );
}

const [A, B, C] = [uuidOf(1), uuidOf(2), uuidOf(3)];

/** One after the other; `FILE` stands for a file with a definition. */
const LINES: readonly (readonly string[])[] = [
  ['list', '-d'],
  ['list', '-d', '--dumpjson'],
  ['list'],
  ['define', '-u', A, '-p', 'mdpy', '-t', 'mdpy-vga'],
  ['define', '--uuid', B, '--parent', 'mdpy', '--type', 'mdpy-hd', '--auto'],
  ['define', '-u', A, '-p', 'mdpy', '-t', 'mdpy-hd'],
  ['define', '-u', A, '-p', 'other', '-t', 'mdpy-hd'],
  ['define', '-p', 'third', '-t', 'x-y'],
  ['define', '-u', C, '-p', 'mdpy', '--jsonfile', 'FILE'],
  ['define', '-p', 'mdpy', '--jsonfile', 'FILE', '--auto'],
  ['define', '-p', 'mdpy', '--jsonfile', 'FILE', '-t', 'a-b'],
  ['define', '--jsonfile', 'FILE'],
  ['define', '-p', 'mdpy', '--jsonfile', '/nonexistent'],
  ['define', '-p', 'mdpy'],
  ['define', '-u', uuidOf(4)],
  ['define', '-t', 'a-b'],
  ['define', '-u', 'x', '-p', 'mdpy', '-t', 'a-b'],
  ['define'],
  ['list', '-d', '-p', 'mdpy'],
  ['list', '-d', '-v', '-p', 'mdpy'],
  ['list', '--defined', '--dumpjson', '--parent', 'mdpy'],
  ['list', '-d', '-u', A],
  ['list', '-d', '-u', A, '--dumpjson'],
  ['list', '-d', '-u', B, '--dumpjson'],
  ['list', '-d', '-u', uuidOf(4), '--dumpjson'],
  ['list', '-d', '-u', B, '-p', 'other'],
  ['modify', '-u', A, '-a'],
  ['modify', '-u', A, '-p', 'other', '-a'],
  ['modify', '-u', A, '-p', 'other', '-m', '-t', 'mdpy-xga'],
  ['modify', '-u', B, '--addattr', 'a', '--value', '1'],
  ['modify', '-u', B, '--addattr', 'b', '--value', '2'],
  ['modify', '-u', B, '--addattr', 'c', '--value', '3', '-i', '0'],
  ['modify', '-u', B, '--addattr', 'd e', '--value', '="ä"\n', '--index', '3'],
  ['modify', '-u', B, '--addattr', 'f', '--value', '3', '-i', '99'],
  ['list', '-d', '-v', '-u', B],
  ['list', '-d', '--dumpjson', '-u', B],
  ['modify', '-u', B, '--delattr', '-i', '1'],
  ['modify', '-u', B, '--delattr', '-i', '9'],
  ['modify', '-u', B, '--delattr'],
  ['modify', '-u', B, '--delattr', '--addattr', 'x'],
  ['modify', '-u', B, '--addattr', 'x'],
  ['modify', '-u', B, '-a', '-m'],
  ['modify', '-u', B],
  ['modify', '-u', uuidOf(4), '-a'],
  ['modify', '-a'],
  ['modify', '-u', C, '--delattr'],
  ['modify', '-u', C, '--delattr'],
  ['modify', '-u', C, '--delattr'],
  ['undefine', '-u', uuidOf(4)],
  ['undefine', '-u', B, '-p', 'other'],
  ['undefine', '-p', 'mdpy'],
  ['undefine', '-u', A],
  ['list', '-d', '-p', 'mdpy'],
  ['list', '-d', '-p', 'third', '-v'],
  ['stop'],
  ['start'],
  ['start', '-t', 'a-b'],
  ['start', '-p', 'mdpy'],
  ['start', '-u', uuidOf(4)],
  ['stop', '-u', uuidOf(4)],
  ['types', '-x'],
  ['list', '-x'],
  ['undefine', '-u', B],
  ['undefine', '-u', C],
];

test('mdevctl and we say and do the same', { timeout }, async (ctx) => {
  const program = programForTest(ctx, 'mdevctl', 'mdevctl');
  const [theirs, config] = [definitions(folder()), folder()];
  const own = definitions(join(config, 'mdevctl.d'));
  vi.stubEnv('VFIO_TS_CONFIG_DIR', config);
  vi.stubEnv('VFIO_TS_RUNTIME_DIR', folder());
  const sys = folder();
  const file = join(folder(), 'definition');
  const attrs = [{ a: '1' }, { b: '2' }];
  writeFileSync(file, JSON.stringify({ mdev_type: 'mdpy-vga', start: 'auto', attrs }));
  for (const line of LINES) {
    const argv = line.map((word) => (word === 'FILE' ? file : word));
    const expected = mdevctl(program, theirs, sys, argv);
    // oxlint-disable-next-line no-await-in-loop
    const said = await ours(argv);
    const known = new Set([A, B, C]);
    const named = ({ printed, isRefused }: Said) => ({
      isRefused,
      printed: printed.replaceAll(UUID, (uuid) => (known.has(uuid) ? uuid : 'new')),
    });
    expect({ line, ...named(said) }).toEqual({ line, ...named(expected) });
    expect({ line, tree: tree(own) }).toEqual({ line, tree: tree(theirs) });
    // Each reads what the other has written.
    const listed = mdevctl(program, own, sys, ['list', '-d', '--dumpjson']);
    // oxlint-disable-next-line no-await-in-loop
    expect(JSON.parse((await ours(['list', '-d', '--dumpjson'])).printed)).toEqual(
      JSON.parse(listed.printed),
    );
  }
});

test('what the daemon runs mdevctl lists as we do', { timeout }, async (ctx) => {
  const program = programForTest(ctx, 'mdevctl', 'mdevctl');
  const at = new Installation();
  definitions(at.definitions);
  const attrs: unknown[] = [];
  at.define(1, { mdev_type: 'mdpy-vga', start: 'auto', attrs });
  at.define(2, { mdev_type: 'mdpy-hd', start: 'manual', attrs });
  await at.daemon();
  const sys = join(at.folder, 'sys');
  await at.command('ap', 'export', sys, at.socket(1));
  const lists = [
    ['list'],
    ['list', '-v'],
    ['list', '-d'],
    ['list', '--dumpjson'],
    ['list', '-u', A],
  ];
  for (const argv of [...lists, ['list', '-u', A, '--dumpjson'], ['list', '-p', 'other']]) {
    const expected = mdevctl(program, at.definitions, sys, argv);
    // oxlint-disable-next-line no-await-in-loop
    const { code, lines } = await at.command(...argv);
    expect({ argv, isRefused: code !== 0, printed: lines.join('\n') }).toEqual({
      argv,
      ...expected,
    });
  }
  const types = mdevctl(program, at.definitions, sys, ['types', '--dumpjson']).printed;
  const { lines } = await at.command('types', '--dumpjson', '--parent', 'mdpy');
  // One of four is taken there.
  const mine = lines.join('\n').replaceAll('"available_instances": 4', '"available_instances": 3');
  expect(mine).toBe(types);
});
