import { LabError, messageOf } from './errors.ts';
import { isRoot, run } from './process.ts';

const BUILD = `
  chroot "$1" /usr/bin/env -i PATH=/usr/bin:/usr/sbin make -C "$2" "M=$3" modules
  chroot "$1" /usr/bin/env -i PATH=/usr/bin sh -c 'strip --strip-debug "$0"/*.ko' "$3"`;

const AS_ROOT = `mkdir -p "$1/dev" "$1/tmp"
  mknod -m 666 "$1/dev/null" c 1 3${BUILD}`;

const IN_NAMESPACE = `mkdir -p "$1/dev" "$1/tmp"
  : >"$1/dev/null"
  mount --bind /dev/null "$1/dev/null"${BUILD}`;

const NAMESPACE = ['--map-root-user', '--mount'];

/**
 * Builds a kernel module with the compiler of an unpacked tree; `headers` and `source` are paths
 * inside the tree. The compiler runs other programs by absolute names, so the tree becomes the
 * root folder: directly as root, in a user namespace otherwise.
 *
 * @throws LabError if neither is allowed, or the build fails.
 */
export async function buildModule(tree: string, headers: string, source: string): Promise<void> {
  const args = [tree, headers, source];
  if (isRoot()) {
    await run('sh', ['-ec', AS_ROOT, 'sh', ...args]);
    return;
  }
  await checkNamespaces();
  await run('unshare', [...NAMESPACE, 'sh', '-ec', IN_NAMESPACE, 'sh', ...args]);
}

/**
 * Checks that {@link buildModule} may work for this user.
 * @throws LabError saying what to do if not.
 */
export async function checkNamespaces(): Promise<void> {
  if (isRoot()) return;
  try {
    await run('unshare', [...NAMESPACE, 'true']);
  } catch (cause) {
    throw new LabError(
      `this user is not root and may not make user namespaces, one of which the build of the guest's driver needs (${messageOf(cause)})`,
      [
        'Run the setup once as root, with the same cache folder:',
        '  sudo -E env "PATH=$PATH" "HOME=$HOME" pnpm lab setup',
        'or allow user namespaces (sysctl kernel.unprivileged_userns_clone=1,',
        'on Ubuntu kernel.apparmor_restrict_unprivileged_userns=0).',
      ].join('\n'),
      { cause },
    );
  }
}
