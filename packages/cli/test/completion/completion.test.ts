// The real shells as the judges of their scripts: lists by their own means, and keys on a terminal.

import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test, type TestContext } from 'vitest';
import { programForTest } from '@vfio-ts/lab';
import { main, temporaryFolder } from '../support.ts';

const UUID = '83b8f4f2-509f-382f-3c1e-e6bfe0fa1001';
const DEFINED = '83b8f4f2-509f-382f-3c1e-e6bfe0fa1002';

type Shell = 'bash' | 'zsh' | 'fish';

/** A folder with the script of a shell, a device that runs and one that is defined. */
interface Prepared {
  readonly folder: string;
  readonly script: string;
  readonly env: NodeJS.ProcessEnv;
}

const scripts = new Map<Shell, string>();

function prepare(shell: Shell, folder: string): Prepared {
  const text =
    scripts.get(shell) ??
    execFileSync(process.execPath, [main, 'completion', shell], { encoding: 'utf8' });
  scripts.set(shell, text);
  const script = join(folder, 'script');
  writeFileSync(script, text);
  mkdirSync(join(folder, 'run'));
  mkdirSync(join(folder, 'config/mdevctl.d/mdpy'), { recursive: true });
  mkdirSync(join(folder, 'here/sub'), { recursive: true });
  writeFileSync(join(folder, `run/${UUID}.sock`), '');
  writeFileSync(join(folder, 'run/control.sock'), '');
  writeFileSync(join(folder, `config/mdevctl.d/mdpy/${DEFINED}`), '');
  writeFileSync(join(folder, 'here/device.sock'), '');
  const env = {
    ...process.env,
    HOME: folder,
    TERM: 'dumb',
    VFIO_TS_RUNTIME_DIR: join(folder, 'run'),
    VFIO_TS_CONFIG_DIR: join(folder, 'config'),
  };
  return { folder: join(folder, 'here'), script, env };
}

/** What bash offers, by the function that the script gives it. */
function bashOffers({ script, folder, env }: Prepared, program: string, line: string): string[] {
  const ask = [
    `source ${script}`,
    // What it says of the replies, bash takes only while it completes.
    'compopt() { :; }',
    'COMP_LINE=$1 COMP_POINT=${#1}; _vfio_ts',
    'printf "%s\\n" "${COMPREPLY[@]}"',
  ].join('\n');
  const args = ['--norc', '--noprofile', '-c', ask, 'bash', line];
  return said(execFileSync(program, args, { cwd: folder, env, encoding: 'utf8' }));
}

function fishOffers({ script, folder, env }: Prepared, program: string, line: string): string[] {
  const ask = `source ${script}; complete -C $argv[1]`;
  const args = ['--no-config', '-c', ask, line];
  const lines = said(execFileSync(program, args, { cwd: folder, env, encoding: 'utf8' }));
  return lines.map((one) => one.split('\t')[0] ?? '');
}

function said(text: string): string[] {
  return text
    .split('\n')
    .filter((line) => line !== '')
    .toSorted();
}

/** Types on a terminal; the program that is then run says with what. */
function typed(shell: 'bash' | 'zsh', context: TestContext, prepared: Prepared): string {
  const program = programForTest(context, shell, shell);
  const terminal = programForTest(context, 'script', 'bsdutils');
  const start = {
    bash: `${program} --norc --noprofile -i`,
    zsh: `${program} -f -i`,
  };
  const keys = [
    ...(shell === 'zsh' ? ['autoload -U compinit; compinit -u -D'] : []),
    `source ${prepared.script}`,
    `vfio-ts() { printf 'RAN<%s>\\n' "$*"; }`,
    'vfio-ts insp\t--tim\t3 devi\t',
    'vfio-ts cc\tini\t--form\tli\tf v',
    'vfio-ts serve mdpy-sample:mdpy-x\t--log-le\twar\t',
    `vfio-ts stats --wa\t 2 ${UUID.slice(0, 3)}\t`,
    'vfio-ts ap exp\ts\t',
    'vfio-ts help scr\t',
    'exit',
    '',
  ].join('\n');
  const { folder: cwd, env } = prepared;
  return execFileSync(terminal, ['-qec', start[shell], '/dev/null'], {
    cwd,
    env,
    input: keys,
    encoding: 'utf8',
    timeout: 30_000,
  });
}

const TYPED = [
  'inspect --timeout 3 device.sock',
  'ccw init --format linux f v',
  'serve mdpy-sample:mdpy-xga --log-level warn',
  `stats --watch 2 ${UUID}`,
  'ap export sub',
  'help screenshot',
];

describe.each(['bash', 'zsh'] as const)('%s', (shell) => {
  test('completes what is typed on a terminal', { timeout: 60_000 }, (context) => {
    using folder = temporaryFolder();
    const text = typed(shell, context, prepare(shell, folder.path));
    const ran = Array.from(text.matchAll(/RAN<(?<words>[^%>]*)>/gu), ({ groups }) =>
      // A slash behind a folder zsh takes back when the line is done.
      groups?.['words']?.trim().replace(/\/$/u, ''),
    );
    expect(ran).toEqual(TYPED);
  });
});

describe.each(['bash', 'fish'] as const)('%s', (shell) => {
  const offers = shell === 'bash' ? bashOffers : fishOffers;

  test.for<readonly [string, readonly string[]]>([
    ['vfio-ts st', ['start', 'stats', 'stop']],
    ['vfio-ts ccw ', ['help', 'init', 'ls', 'trace']],
    ['vfio-ts stats --h', ['--help', '--histogram']],
    ['vfio-ts --ver', ['--version']],
    ['vfio-ts serve ccw:', ['ccw:3270', 'ccw:dasd', 'ccw:tape']],
    ['vfio-ts serve ap --log-level ', ['debug', 'error', 'info', 'warn']],
    ['vfio-ts ccw init --format ', ['empty', 'linux']],
    ['vfio-ts completion ', ['bash', 'fish', 'zsh']],
    ['vfio-ts define --type mdpy-', ['mdpy-hd', 'mdpy-vga', 'mdpy-xga']],
    ['vfio-ts define --parent mat', ['matrix']],
    ['vfio-ts help scr', ['screenshot']],
    ['vfio-ts inspect ', [UUID, 'device.sock', 'sub']],
    ['vfio-ts inspect --timeout 3 dev', ['device.sock']],
    ['vfio-ts inspect device.sock ', []],
    ['vfio-ts stop ', [UUID, DEFINED]],
    ['vfio-ts modify --uuid 83', [UUID, DEFINED]],
    ['vfio-ts view device.sock dev', ['device.sock']],
    ['vfio-ts ap export ', ['sub']],
    ['vfio-ts nonsense ', []],
  ])('offers after %j what can be there', ([line, words], context) => {
    const program = programForTest(context, shell, shell);
    using folder = temporaryFolder();
    const offered = offers(prepare(shell, folder.path), program, line);
    // Bash takes a colon as the end of a word, and a folder is told by its slash.
    const plain = offered.map((word) => word.replace(/\/$/u, ''));
    const behind = shell === 'bash' && line.endsWith(':') ? 'ccw:' : '';
    expect(plain.map((word) => `${behind}${word}`)).toEqual(words);
  });
});
