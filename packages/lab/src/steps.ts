import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { BACKPORTS_RELEASE, RELEASE, TESTING_RELEASE } from './apt.ts';
import { hashInputs } from './stamp.ts';

/** The package that QEMU's tree is the dependency closure of. */
export const QEMU_PACKAGES: readonly string[] = ['qemu-system-x86'];

/** What the kernel, its module and the guest's commands come from, compiler included. */
export const KERNEL_PACKAGES: readonly string[] = [
  'linux-image-amd64',
  'linux-headers-amd64',
  'linux-source',
  'busybox-static',
  'base-files',
  'dash',
  'coreutils',
  'findutils',
  'grep',
  'sed',
  'mawk',
  'make',
  'gcc-14',
  'binutils',
  'xz-utils',
];

/** Drivers of the distribution's kernel that each guest has. */
export const STOCK_MODULES: readonly string[] = ['gpio-regmap', 'gpio-idio-16', 'gpio-pci-idio-16'];

/** i915 and what it depends on, in the kernel of the release. */
export const I915_MODULES: readonly string[] = [
  'i915',
  'cec',
  'drm',
  'drm_buddy',
  'drm_display_helper',
  'drm_kms_helper',
  'i2c-algo-bit',
  'rc-core',
  'ttm',
  'video',
  'wmi',
];

/** The kernel of the backports, and the program that its drivers are compressed with. */
export const BACKPORTS_PACKAGES: readonly string[] = ['linux-image-amd64', 'xz-utils'];

/** {@link I915_MODULES} of the kernel of the backports. */
export const BACKPORTS_I915_MODULES: readonly string[] = [...I915_MODULES, 'drm_client_lib'];

/** The GPU tests, and the library that the C library loads when a thread is cancelled. */
export const IGT_PACKAGES: readonly string[] = ['igt-gpu-tools-tests', 'libgcc-s1'];

/** Which of the tests the guest has: those for any driver, for GEM and for i915. */
export const IGT_TESTS: RegExp =
  /^(core|drm|dumb_buffer|gem|i915|kms|prime|sw_sync|syncobj|testdisplay)(_|$)/;

/** The lab's own driver, built with `mdpy-fb`; its source is `guest/exerciser`. */
export const EXERCISER = 'vfio-ts-exerciser';

/** What the console font is in; what it depends on is not wanted. */
export const FONT_PACKAGES: readonly string[] = ['console-setup-linux'];

/**
 * Programs of s390x, the libraries they need, and the emulator of its instructions for single
 * programs. Just these files: the closure of the tools holds a whole system.
 */
export const S390_PACKAGES: readonly string[] = ['qemu-user', 's390-tools:s390x', 'libc6:s390x'];

/** The files of the guest that are kept in this package: name, path in the guest, mode. */
export const GUEST_FILES: readonly { name: string; path: string; mode: number }[] = [
  { name: 'init', path: 'init', mode: 0o755 },
  { name: 'agent', path: 'sbin/agent', mode: 0o755 },
  { name: 'lspci', path: 'bin/lspci', mode: 0o755 },
  { name: 'motd', path: 'etc/motd', mode: 0o644 },
];

/** The contents of one of {@link GUEST_FILES}. */
export function readGuestFile(name: string): Buffer {
  return readFileSync(join(import.meta.dirname, '..', 'guest', name));
}

/** Path of the exerciser's source. */
export const EXERCISER_SOURCE: string = join(
  import.meta.dirname,
  '../guest/exerciser',
  `${EXERCISER}.c`,
);

/** A hash for each step; it changes when the step must be done again. Number: the step's recipe. */
export interface StepInputs {
  readonly qemu: string;
  readonly kernel: string;
  readonly backports: string;
  readonly initramfs: string;
  readonly font: string;
  readonly s390: string;
  readonly igt: string;
}

/** The inputs of all steps, as this version of the lab has them. */
export function stepInputs(): StepInputs {
  const exerciser = readFileSync(EXERCISER_SOURCE, 'utf8');
  const modules = [...STOCK_MODULES, '', ...I915_MODULES, exerciser];
  const kernel = hashInputs(['kernel 3', RELEASE, ...KERNEL_PACKAGES, ...modules]);
  const font = hashInputs(['font 1', RELEASE, ...FONT_PACKAGES]);
  const files = GUEST_FILES.flatMap(({ name, path, mode }) => [
    path,
    String(mode),
    readGuestFile(name).toString('utf8'),
  ]);
  const backports = [BACKPORTS_RELEASE, ...BACKPORTS_PACKAGES, '', ...BACKPORTS_I915_MODULES];
  return {
    qemu: hashInputs(['qemu 1', BACKPORTS_RELEASE, ...QEMU_PACKAGES]),
    kernel,
    backports: hashInputs(['backports 1', ...backports]),
    initramfs: hashInputs(['initramfs 3', kernel, font, ...files]),
    font,
    s390: hashInputs(['s390 1', RELEASE, ...S390_PACKAGES]),
    igt: hashInputs(['igt 1', TESTING_RELEASE, ...IGT_PACKAGES, IGT_TESTS.source]),
  };
}
