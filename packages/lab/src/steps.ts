import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { QEMU_RELEASE, RELEASE } from './apt.ts';
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

/** Drivers of the distribution's kernel that the guest has, by their place in its tree. */
export const STOCK_MODULES: readonly string[] = [
  'drivers/gpio/gpio-regmap',
  'drivers/gpio/gpio-idio-16',
  'drivers/gpio/gpio-pci-idio-16',
];

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
  readonly initramfs: string;
  readonly font: string;
  readonly s390: string;
}

/** The inputs of all steps, as this version of the lab has them. */
export function stepInputs(): StepInputs {
  const exerciser = readFileSync(EXERCISER_SOURCE, 'utf8');
  const modules = [...STOCK_MODULES, exerciser];
  const kernel = hashInputs(['kernel 2', RELEASE, ...KERNEL_PACKAGES, ...modules]);
  const font = hashInputs(['font 1', RELEASE, ...FONT_PACKAGES]);
  const files = GUEST_FILES.flatMap(({ name, path, mode }) => [
    path,
    String(mode),
    readGuestFile(name).toString('utf8'),
  ]);
  return {
    qemu: hashInputs(['qemu 1', QEMU_RELEASE, ...QEMU_PACKAGES]),
    kernel,
    initramfs: hashInputs(['initramfs 3', kernel, font, ...files]),
    font,
    s390: hashInputs(['s390 1', RELEASE, ...S390_PACKAGES]),
  };
}
