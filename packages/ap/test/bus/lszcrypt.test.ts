import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { labForTest, runS390 } from '@vfio-ts/lab';
import { expect, test } from 'vitest';
import { ApMask } from '../../src/bus/mask.ts';
import { ApSysfs } from '../../src/bus/sysfs.ts';
import { AP_RESPONSE } from '../../src/hardware/status.ts';
import { FakeCard } from '../hardware/fake-card.ts';
import { RecordingDriver, testBus } from './support.ts';

/** The tree as files of a directory that goes with it. */
function exported(sysfs: ApSysfs): Disposable & { readonly path: string } {
  const path = mkdtempSync(join(tmpdir(), 'ap-sysfs-'));
  for (const entry of sysfs.walk()) {
    const at = join(path, entry.path);
    if (entry.kind === 'directory') mkdirSync(at, { recursive: true });
    else if (entry.kind === 'link')
      symlinkSync(relative(dirname(at), join(path, entry.target)), at);
    else writeFileSync(at, (entry.mode & 0o444) === 0 ? '' : sysfs.read(entry.path));
  }
  return { path, [Symbol.dispose]: () => rmSync(path, { recursive: true }) };
}

/** What lszcrypt says of a machine with an accelerator, a coprocessor and a card that is deconfigured. */
async function lszcrypt(s390: string, ...args: readonly string[]): Promise<string[]> {
  const { bus } = await testBus({ domains: [4, 0xab], apmask: ApMask.ALL.without(6) });
  await bus.registerDriver(new RecordingDriver());
  const off = new FakeCard([4], { mode: 'ep11', functions: 0x8680_0000 });
  off.respond(AP_RESPONSE.DECONFIGURED);
  const cards = [
    [5, new FakeCard([4, 0xab])],
    [6, new FakeCard([4, 0xab], { mode: 'cca', functions: 0xf280_0000, hwtype: 13 })],
    [0x1f, off],
  ] as const;
  await bus.configure({
    config: { adapters: ApMask.of(5, 6, 0x1f), controlDomains: ApMask.of(4, 6) },
    cards: new Map(cards),
  });
  using tree = exported(new ApSysfs(bus));
  const env = { SYSFS_ROOT: tree.path };
  const { exitStatus, output } = await runS390(s390, 'usr/sbin/lszcrypt', args, env);
  expect(exitStatus).toBe(0);
  return output.trimEnd().split('\n');
}

test('lszcrypt lists cards and queues with mode, state and driver', async (ctx) => {
  const { s390 } = labForTest(ctx);
  const lines = await lszcrypt(s390, '-V');
  // Releases before the one that goes with kernels that show the whole depth add one to it.
  expect(lines.map((line) => line.replace(/ 09 /, ' 08 ').trimEnd())).toEqual([
    expect.stringContaining('CARD.DOM'),
    expect.stringMatching(/^-+$/),
    '05       CEX8A Accelerator online            0        0     14     08 SMC-A-N-F- cex4card',
    '05.0004  CEX8A Accelerator online            0        0     14     08 SMC-A-N-F- cex4queue',
    '05.00ab  CEX8A Accelerator online            0        0     14     08 SMC-A-N-F- cex4queue',
    '06       CEX7C CCA-Coproc  online            0        0     13     08 SMCD--N-F- cex4card',
    '06.0004  CEX7C CCA-Coproc  -                 -        -     13     08 SMCD--N-F- vfio_ap',
    '06.00ab  CEX7C CCA-Coproc  -                 -        -     13     08 SMCD--N-F- vfio_ap',
    '1f       CEX8P EP11-Coproc deconfig          -        -     14     08 S----XN-F- cex4card',
    '1f.0004  CEX8P EP11-Coproc deconfig          -        -     14     08 S----XN-F- cex4queue',
  ]);
});

test('lszcrypt -b shows the attributes of the bus', async (ctx) => {
  const { s390 } = labForTest(ctx);
  expect(await lszcrypt(s390, '-b')).toEqual([
    'features: APSC APXA QACT RC8A',
    'ap_domain=0x4',
    'ap_max_domain_id=0xff',
    'ap_interrupts are enabled',
    'config_time=30 (seconds)',
    'poll_thread is disabled',
    'poll_timeout=250000 (nanoseconds)',
  ]);
});

test('lszcrypt -d shows usage and control domains', async (ctx) => {
  const { s390 } = labForTest(ctx);
  const lines = await lszcrypt(s390, '-d');
  expect(lines).toContain('    00  .  .  .  .  B  .  C  .  .  .  .  .  .  .  .  .');
  expect(lines).toContain('    a0  .  .  .  .  .  .  .  .  .  .  .  U  .  .  .  .');
});

test('lszcrypt -c says what a card can do', async (ctx) => {
  const { s390 } = labForTest(ctx);
  expect(await lszcrypt(s390, '-c', '6')).toEqual([
    'card06 provides capability for:',
    'RSA 4K Clear Key',
    'CCA Secure Key (full function set)',
    'Long RNG',
    'AP bus max message size limit 12 Kb',
  ]);
});
