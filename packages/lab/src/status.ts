import { join } from 'node:path';
import { labPaths } from './paths.ts';
import type { Qemu } from './qemu.ts';
import { machineQemu, treeQemu } from './qemu.ts';
import { missingSteps } from './setup.ts';
import type { Step } from './setup.ts';
import { readStamp } from './stamp.ts';
import type { Stamp } from './stamp.ts';
import { FONT } from './step-font.ts';
import { IGT_LAYER } from './step-igt.ts';
import { INITRAMFS } from './step-initramfs.ts';
import { stepInputs } from './steps.ts';
import { I915_LAYER } from './stock-modules.ts';

/** A lab that is set up: all that a guest is booted from. */
export interface LabReady {
  readonly ready: true;
  /** The cache folder. */
  readonly dir: string;
  readonly qemu: Qemu;
  readonly qemuVersion: string;
  /** Path of the initramfs, with the drivers of the stable kernel. */
  readonly initramfs: string;
  /** Path of the console font, as `parsePsf` reads it. */
  readonly font: string;
  /** Programs of s390x, for {@link runS390}. */
  readonly s390: string;
  /** The kernels to choose from. */
  readonly kernels: Readonly<Record<KernelName, LabKernel>>;
  /** Path of the layer with the GPU tests. */
  readonly igt: string;
}

/** A kernel by where it comes from: the release, or its backports. */
export type KernelName = 'stable' | 'backports';

/** A kernel that guests can have. */
export interface LabKernel {
  /** Path of the kernel. */
  readonly image: string;
  /** As `uname -r` gives it in the guest. */
  readonly release: string;
  /** Path of the layer with i915 and the drivers below it. */
  readonly i915: string;
}

/** A lab that is not set up. */
export interface LabMissing {
  readonly ready: false;
  readonly dir: string;
  /** What is missing, in a few words. */
  readonly missing: string;
  /** The command that gets it. */
  readonly howTo: string;
}

/** What {@link labStatus} finds. */
export type LabStatus = LabReady | LabMissing;

const NAMES: Readonly<Record<Step, string>> = {
  qemu: 'QEMU 10.1 or newer with vfio-user-pci',
  kernel: 'the guest kernel with mdpy-fb',
  backports: 'the guest kernel of the backports',
  initramfs: "the guest's initramfs",
  font: 'the console font',
  s390: 'the tools of s390x',
  igt: 'the GPU tests',
};

const HOW_TO = 'Run: npx pnpm@12 lab setup';

/** Looks whether the lab is set up. Reads a few small files; quick enough to ask before each test. */
export function labStatus(dir?: string): LabStatus {
  const paths = labPaths(dir);
  const missing = missingSteps(paths);
  if (missing.length > 0) return missingStatus(paths.root, missing);
  const inputs = stepInputs();
  const own = machineQemu();
  const tree = own === undefined ? readStamp(paths.qemu, inputs.qemu) : undefined;
  return {
    ready: true,
    dir: paths.root,
    qemu: own?.qemu ?? treeQemu(paths.qemu),
    qemuVersion: own?.version ?? tree?.facts['version'] ?? '',
    initramfs: join(paths.initramfs, INITRAMFS),
    font: join(paths.font, FONT),
    s390: paths.s390,
    kernels: {
      stable: kernelIn(paths.kernel, readStamp(paths.kernel, inputs.kernel)),
      backports: kernelIn(paths.backports, readStamp(paths.backports, inputs.backports)),
    },
    igt: join(paths.igt, IGT_LAYER),
  };
}

function kernelIn(dir: string, stamp: Stamp | undefined): LabKernel {
  return {
    image: join(dir, 'vmlinuz'),
    release: stamp?.facts['release'] ?? '',
    i915: join(dir, I915_LAYER),
  };
}

/** The status of a lab that lacks the results of some steps. */
export function missingStatus(dir: string, missing: readonly Step[]): LabMissing {
  const names = missing.map((step) => NAMES[step]).join(', ');
  return { ready: false, dir, missing: `${names} (looked in ${dir})`, howTo: HOW_TO };
}
