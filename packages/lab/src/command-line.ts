import { LabError } from './errors.ts';
import type { GuestPart } from './guest-images.ts';
import type { KernelName } from './status.ts';

/** What the command line asks for. */
export type Command =
  | { readonly kind: 'help'; readonly topic: Topic }
  | { readonly kind: 'setup'; readonly dir: string | undefined; readonly force: boolean }
  | { readonly kind: 'status'; readonly dir: string | undefined; readonly json: boolean }
  | {
      readonly kind: 'boot';
      readonly dir: string | undefined;
      readonly devices: readonly string[];
      readonly memory: string | undefined;
      readonly append: string;
      readonly kernel: KernelName;
      readonly parts: readonly GuestPart[];
      readonly qemuArgs: readonly string[];
    };

/** What help can be about. */
export type Topic = 'lab' | 'setup' | 'status' | 'boot';

/** The help texts. */
export const HELP: Readonly<Record<Topic, string>> = {
  lab: `Real guests for vfio-ts: QEMU, Debian kernels, busybox, drivers and GPU tests,
prepared from Debian packages into a cache folder outside the clone.

Usage: lab COMMAND [--help]

  setup    prepare everything, or what is missing
  status   say what is there and what is missing
  boot     boot the guest by hand, its serial console on this terminal

Environment:
  VFIO_TS_LAB_DIR   the cache folder ($XDG_CACHE_HOME/vfio-ts/lab, ~/.cache/vfio-ts/lab)
  VFIO_TS_QEMU      a QEMU 10.1 or newer to use instead of the lab's
  VFIO_TS_ACCEL     kvm to use /dev/kvm; tcg, the default, works everywhere
`,
  setup: `Usage: lab setup [--dir DIR] [--force]

Downloads Debian packages from the mirror this machine uses (about 560 MB) and makes QEMU,
the guest's kernels, drivers and tests, and its initramfs of them (about 230 MB stay).
What is done is left out; what was interrupted goes on. Nothing is installed on this machine
unless this is root and the package manager's own parts are missing.

  --dir DIR   the cache folder, for this call
  --force     do everything again, with the packages the mirror has now
`,
  status: `Usage: lab status [--dir DIR] [--json]

Exit status 0 if the lab is ready, 1 if not.

  --dir DIR   the cache folder, for this call
  --json      for programs
`,
  boot: `Usage: lab boot [--dir DIR] [--device SOCKET]... [--memory SIZE] [--append WORDS]
                [--kernel NAME] [--with PART]... [-- QEMUARGS...]

Boots the guest with a root shell on this terminal. Ctrl-a x ends it, Ctrl-a c is QEMU's monitor.

  --device SOCKET   a vfio-user device whose server listens on SOCKET
  --memory SIZE     guest memory, 256M by default
  --append WORDS    further words for the kernel's command line
  --kernel NAME     stable, the default, or backports, which has the drivers of parts only
  --with PART       what the guest has besides: i915, igt
  QEMUARGS          handed to QEMU as they are
`,
};

/**
 * Parses the command line (without the program's name).
 * @throws LabError that names the word it does not know.
 */
export function parseCommand(argv: readonly string[]): Command {
  const [word = '--help', ...rest] = argv[0] === '--' ? argv.slice(1) : argv;
  if (word === '--help' || word === '-h' || word === 'help') return { kind: 'help', topic: 'lab' };
  if (word !== 'setup' && word !== 'status' && word !== 'boot') {
    throw new LabError(`unknown command ${word}`, HELP.lab);
  }
  const values = new Map<string, string[]>();
  const flags = new Set<string>();
  let qemuArgs: string[] = [];
  while (rest.length > 0) {
    const arg = rest.shift() ?? '';
    if (arg === '--' && word === 'boot') {
      qemuArgs = rest.splice(0);
    } else if (arg === '--help' || arg === '-h') {
      return { kind: 'help', topic: word };
    } else if (FLAGS[word].includes(arg)) {
      flags.add(arg);
    } else if (VALUES[word].includes(arg)) {
      const value = rest.shift();
      if (value === undefined) throw new LabError(`${arg} needs a value`, HELP[word]);
      values.set(arg, [...(values.get(arg) ?? []), value]);
    } else {
      throw new LabError(`unknown argument ${arg} of ${word}`, HELP[word]);
    }
  }
  const last = (name: string): string | undefined => values.get(name)?.at(-1);
  const dir = last('--dir');
  if (word === 'setup') return { kind: 'setup', dir, force: flags.has('--force') };
  if (word === 'status') return { kind: 'status', dir, json: flags.has('--json') };
  const devices = values.get('--device') ?? [];
  const append = (values.get('--append') ?? []).join(' ');
  const kernel = oneOf('--kernel', KERNELS, last('--kernel') ?? 'stable');
  const parts = (values.get('--with') ?? []).map((part) => oneOf('--with', PARTS, part));
  return { kind: 'boot', dir, devices, memory: last('--memory'), append, kernel, parts, qemuArgs };
}

const KERNELS: readonly KernelName[] = ['stable', 'backports'];
const PARTS: readonly GuestPart[] = ['i915', 'igt'];

function oneOf<T extends string>(name: string, all: readonly T[], given: string): T {
  const found = all.find((one) => one === given);
  if (found === undefined) throw new LabError(`${name} is ${all.join(' or ')}`, HELP.boot);
  return found;
}

type Verb = Exclude<Topic, 'lab'>;
const FLAGS: Readonly<Record<Verb, readonly string[]>> = {
  setup: ['--force'],
  status: ['--json'],
  boot: [],
};
const VALUES: Readonly<Record<Verb, readonly string[]>> = {
  setup: ['--dir'],
  status: ['--dir'],
  boot: ['--dir', '--device', '--memory', '--append', '--kernel', '--with'],
};
