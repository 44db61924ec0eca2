// The tools of s390 and mdevctl as judges of what is served: lszcrypt reads the exported tree, mdevctl reads it and our
// definitions, and we read mdevctl's.

import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { labForTest, programForTest, runS390 } from '@vfio-ts/lab';
import { expect, onTestFinished, test } from 'vitest';
import { formatDefinition, parseDefinition, parseSetting } from '../../src/mdev/definition.ts';
import { run } from '../../src/program.ts';

const GUESTS = [
  ['assign_adapter=5', 'assign_adapter=6', 'assign_domain=4', 'assign_domain=0xab'],
  ['assign_adapter=5', 'assign_domain=0x47', 'assign_domain=0xff', 'assign_control_domain=0x47'],
  ['assign_adapter=6', 'assign_domain=0x47', 'assign_domain=0xff'],
].map((settings, i) => ({
  uuid: `83b8f4f2-509f-382f-3c1e-e6bfe0fa100${i + 1}`,
  definition: {
    mdevType: 'vfio_ap-passthrough',
    start: 'manual' as const,
    attrs: settings.flatMap((text) => parseSetting(text) ?? []),
  },
}));

function folder(): string {
  const path = mkdtempSync(join(tmpdir(), 'vfio-ts-test-'));
  onTestFinished(() => rmSync(path, { recursive: true }));
  return path;
}

/** Runs a command to its end, and gives what it printed. */
async function command(argv: readonly string[], stopped: Promise<void>): Promise<string[]> {
  const printed: string[] = [];
  const output = { print: (line: string) => void printed.push(line), note: () => undefined };
  const exit = await run(argv, { output, untilStopped: () => stopped, version: '' });
  expect(exit).toBe(0);
  return printed;
}

/** Serves the guests, and exports the tree. */
async function exported(definitions: string): Promise<string> {
  const files = GUESTS.map(({ uuid, definition }) => {
    const file = join(definitions, uuid);
    writeFileSync(file, formatDefinition(definition));
    return file;
  });
  const stop = Promise.withResolvers<void>();
  const ready = Promise.withResolvers<string>();
  const output = { print: (line: string) => ready.resolve(line), note: () => undefined };
  const argv = ['serve', ...files.flatMap((file) => ['--mdev', file]), '--json'];
  const cards = ['--set', 'card=5:CEX8A', '--set', 'card=6:CEX7C'];
  const host = { output, untilStopped: () => stop.promise, version: '' };
  const served = run([...argv, ...cards], host);
  const { socket } = JSON.parse(await Promise.race([ready.promise, served.then(() => '{}')]));
  const tree = join(folder(), 'sys');
  await command(['ap', 'export', tree, socket], stop.promise);
  stop.resolve();
  expect(await served).toBe(0);
  return tree;
}

test(
  'lszcrypt lists the cards, the queues and whose they are',
  { timeout: 120_000 },
  async (ctx) => {
    const { s390 } = labForTest(ctx);
    const tree = await exported(folder());
    const env = { SYSFS_ROOT: tree };
    const listed = await runS390(s390, 'usr/sbin/lszcrypt', ['-V'], env);
    expect(listed.exitStatus).toBe(0);
    const rows = listed.output.split('\n').map((line) => line.trim().split(/\s+/));
    const row = (name: string): readonly string[] => rows.find(([first]) => first === name) ?? [];
    // Debian's 2.35 adds 1 to the depth: kernels before 2026 had the depth less 1 in the file.
    expect(row('05')).toEqual([
      '05',
      'CEX8A',
      'Accelerator',
      'online',
      '0',
      '0',
      '14',
      '09',
      'SMC-A-N-F-',
      'cex4card',
    ]);
    expect(row('06')).toEqual([
      '06',
      'CEX7C',
      'CCA-Coproc',
      'online',
      '0',
      '0',
      '13',
      '09',
      'SMCD--N-F-',
      'cex4card',
    ]);
    for (const queue of ['05.0004', '05.0047', '06.00ab', '06.00ff']) {
      expect(row(queue).slice(3)).toEqual(expect.arrayContaining(['assigned', 'vfio_ap']));
    }
    const bus = await runS390(s390, 'usr/sbin/lszcrypt', ['-b'], env);
    expect(bus.output).toContain('features: APSC APXA QACT RC8A');
    expect(bus.output).toContain('ap_max_domain_id=0xff');
    const domains = await runS390(s390, 'usr/sbin/lszcrypt', ['-d'], env);
    expect(domains.output).toMatch(/^ +00 +C +C +C +C +B /mu);
    expect(domains.output).toMatch(/^ +f0( +C){15} +B$/mu);
  },
);

/** Runs mdevctl with the folders it knows in place of the machine's. */
function mdevctl(program: string, { etc, sys }: Places, ...args: readonly string[]): string {
  const script = `
    mkdir -p /etc/mdevctl.d
    mount --bind "$1" /etc/mdevctl.d
    mount --bind "$2" /sys
    shift 2
    exec "$@"`;
  const inside = ['-ec', script, 'sh', etc, sys, program, ...args];
  const namespaces = process.getuid?.() === 0 ? ['--mount'] : ['--mount', '--map-root-user'];
  return execFileSync('unshare', [...namespaces, 'sh', ...inside], { encoding: 'utf8' });
}

interface Places {
  readonly etc: string;
  readonly sys: string;
}

test(
  'mdevctl reads what we write, lists what we serve, and we read what it writes',
  {
    timeout: 120_000,
  },
  async (ctx) => {
    const program = programForTest(ctx, 'mdevctl', 'mdevctl');
    const etc = folder();
    for (const name of ['matrix', 'scripts.d/callouts', 'scripts.d/notifiers']) {
      mkdirSync(join(etc, name), { recursive: true });
    }
    const places = { etc, sys: await exported(join(etc, 'matrix')) };

    const defined: unknown = JSON.parse(mdevctl(program, places, 'list', '-d', '--dumpjson'));
    const expected = GUESTS.map(({ uuid, definition }) => ({
      [uuid]: JSON.parse(formatDefinition(definition)),
    }));
    expect(defined).toEqual([{ matrix: expect.arrayContaining(expected) }]);

    const active = mdevctl(program, places, 'list').trim().split('\n').toSorted();
    expect(active).toEqual(
      GUESTS.map(({ uuid }) => `${uuid} matrix vfio_ap-passthrough manual (defined)`),
    );
    const types = mdevctl(program, places, 'types');
    expect(types).toContain('Available instances: 65533');
    expect(types).toContain('Device API: vfio-ap');
    expect(types).toContain('Name: VFIO AP Passthrough Device');

    const uuid = '83b8f4f2-509f-382f-3c1e-e6bfe0fa1004';
    const what = ['--uuid', uuid, '--parent', 'matrix', '--type', 'vfio_ap-passthrough'];
    mdevctl(program, places, 'define', ...what);
    const modify = ['modify', '--uuid', uuid, '--addattr', 'assign_adapter', '--value', '0x7'];
    mdevctl(program, places, ...modify);
    const written = readFileSync(join(etc, 'matrix', uuid), 'utf8');
    expect(parseDefinition(written, uuid)).toEqual({
      mdevType: 'vfio_ap-passthrough',
      start: 'manual',
      attrs: [{ name: 'assign_adapter', value: '0x7' }],
    });
  },
);
