import { mkdirSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { Apt, machineMirror } from './apt.ts';
import type { OnPercent } from './apt.ts';
import { checkNamespaces } from './build-module.ts';
import { LabError, messageOf } from './errors.ts';
import { prepareHost } from './host.ts';
import { takeLock } from './lock.ts';
import { labPaths } from './paths.ts';
import type { LabPaths } from './paths.ts';
import { machineQemu } from './qemu.ts';
import { DEFAULT_MIRROR } from './sources.ts';
import type { Mirror } from './sources.ts';
import { makeResult, readStamp } from './stamp.ts';
import { makeBackports } from './step-backports.ts';
import { FONT, makeFont } from './step-font.ts';
import { makeIgt } from './step-igt.ts';
import { makeInitramfs } from './step-initramfs.ts';
import { makeKernel } from './step-kernel.ts';
import { makeQemu } from './step-qemu.ts';
import { makeS390 } from './step-s390.ts';
import { stepInputs } from './steps.ts';
import type { StepInputs } from './steps.ts';

/** How {@link setup} works. */
export interface SetupOptions {
  /** The cache folder; the user's by default. */
  readonly dir?: string;
  /** Does every step again, with the packages the mirror has now. */
  readonly force?: boolean;
  /** Told each line of progress. */
  readonly log?: (line: string) => void;
}

/**
 * Prepares everything {@link bootGuest} needs, leaving out what is there. An interrupted setup
 * goes on where it was; of two at once, the second waits for the first.
 *
 * @throws LabError that says what to do next.
 */
export async function setup(options: SetupOptions = {}): Promise<void> {
  const { log = () => {} } = options;
  const paths = labPaths(options.dir);
  const force = options.force === true;
  if (!force && missingSteps(paths).length === 0) {
    log('everything is there');
    return;
  }
  const mirror = machineMirror();
  await prepareHost(mirror, log);
  await using lock = await takeLock(paths.lock, (pid) => {
    log(`another setup (process ${pid}) is at work in ${paths.root}; waiting for it`);
  });
  log(`working in ${dirname(lock.path)}`);
  rmSync(paths.tmp, { recursive: true, force: true });
  mkdirSync(paths.tmp, { recursive: true });

  const missing = force ? [...ALL_STEPS] : missingSteps(paths);
  if (machineQemu() !== undefined) log("qemu: the machine's own will do");
  const fetching = missing.filter((step) => step !== 'initramfs');
  const apt = new Apt(paths.apt);
  if (fetching.includes('kernel')) await checkNamespaces();
  if (fetching.length > 0) {
    await readLists(apt, mirror, log);
  }
  const inputs = stepInputs();
  const fetchers = {
    qemu: doQemu,
    kernel: doKernel,
    backports: doBackports,
    font: doFont,
    s390: doS390,
    igt: doIgt,
  };
  await settle(fetching.map((step) => fetchers[step]()));
  if (missing.includes('initramfs')) await doInitramfs();
  rmSync(paths.tmp, { recursive: true, force: true });

  async function doQemu(): Promise<void> {
    const made = await makeResult(paths.qemu, paths.tmp, inputs.qemu, (work) =>
      makeQemu(work, apt, percents('qemu', log)),
    );
    log(`qemu: ${made.facts['version']} ready`);
  }

  async function doKernel(): Promise<void> {
    const made = await makeResult(paths.kernel, paths.tmp, inputs.kernel, (work) =>
      makeKernel(work, apt, percents('kernel', log), log),
    );
    log(`kernel: ${made.facts['release']} with mdpy-fb and i915 ready`);
  }

  async function doBackports(): Promise<void> {
    const made = await makeResult(paths.backports, paths.tmp, inputs.backports, (work) =>
      makeBackports(work, apt, percents('backports', log)),
    );
    log(`backports: ${made.facts['release']} and i915 ready`);
  }

  async function doIgt(): Promise<void> {
    const made = await makeResult(paths.igt, paths.tmp, inputs.igt, (work) =>
      makeIgt(work, apt, percents('igt', log)),
    );
    log(`igt: ${made.facts['tests']} programs of ${made.facts['version']} ready`);
  }

  async function doFont(): Promise<void> {
    await makeResult(paths.font, paths.tmp, inputs.font, (work) => makeFont(work, apt));
    log('font: ready');
  }

  async function doS390(): Promise<void> {
    const made = await makeResult(paths.s390, paths.tmp, inputs.s390, (work) =>
      makeS390(work, apt),
    );
    log(`s390: ${made.facts['lszcrypt']} ready`);
  }

  async function doInitramfs(): Promise<void> {
    const kernel = readStamp(paths.kernel, inputs.kernel);
    const release = kernel?.facts['release'];
    if (release === undefined) throw new LabError('the kernel step left no release');
    await makeResult(paths.initramfs, paths.tmp, inputs.initramfs, async (work) => {
      makeInitramfs(work, { kernelDir: paths.kernel, release, font: join(paths.font, FONT) });
      return { release };
    });
    log('initramfs: ready');
  }
}

/** The steps of a setup. */
export type Step = keyof StepInputs;
const ALL_STEPS: readonly Step[] = [
  'qemu',
  'kernel',
  'backports',
  'initramfs',
  'font',
  's390',
  'igt',
];

/** The steps that are not done, or were done from other inputs than today's. */
export function missingSteps(paths: LabPaths): Step[] {
  const inputs = stepInputs();
  return ALL_STEPS.filter((step) => {
    if (step === 'qemu' && machineQemu() !== undefined) return false;
    return readStamp(paths[step], inputs[step]) === undefined;
  });
}

/** Waits for all, so that nothing is still writing when the first failure is reported. */
async function settle(work: readonly Promise<void>[]): Promise<void> {
  const outcomes = await Promise.allSettled(work);
  for (const outcome of outcomes) {
    if (outcome.status === 'rejected') throw outcome.reason;
  }
}

/** Reads the machine's mirror, or Debian's own if that one does not have what the lab needs. */
async function readLists(apt: Apt, mirror: Mirror, log: (line: string) => void): Promise<void> {
  log(`packages: reading the lists of ${mirror.uri}`);
  try {
    await apt.update(mirror);
  } catch (error) {
    if (mirror.uri === DEFAULT_MIRROR.uri) throw error;
    log(`packages: ${messageOf(error)}`);
    log(`packages: trying ${DEFAULT_MIRROR.uri} instead`);
    await apt.update(DEFAULT_MIRROR);
  }
}

function percents(step: string, log: (line: string) => void): OnPercent {
  let last = -1;
  return (percent) => {
    const tenth = Math.floor(percent / 10);
    if (tenth === last) return;
    last = tenth;
    log(`${step}: downloading, ${tenth * 10} %`);
  };
}
