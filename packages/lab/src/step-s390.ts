import { mkdirSync, renameSync, rmSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import type { Apt } from './apt.ts';
import { RELEASE } from './apt.ts';
import { LabError } from './errors.ts';
import { runS390 } from './s390.ts';
import { S390_PACKAGES } from './steps.ts';
import { unpackAll } from './unpack.ts';

/** Makes the s390x tools in `work`: `qemu-s390x`, and a tree of programs for it. */
export async function makeS390(work: string, apt: Apt): Promise<Record<string, string>> {
  const host = join(work, 'host');
  const tree = join(work, 'tree');
  await apt.withFiles('s390', S390_PACKAGES, RELEASE, async (debs) => {
    await unpackAll(
      debs.filter((deb) => deb.endsWith('_amd64.deb')),
      host,
    );
    await unpackAll(
      debs.filter((deb) => deb.endsWith('_s390x.deb')),
      tree,
    );
  });
  renameSync(join(host, 'usr/bin/qemu-s390x'), join(work, 'qemu-s390x'));
  rmSync(host, { recursive: true, force: true });
  rmSync(join(tree, 'usr/share'), { recursive: true, force: true });
  mkdirSync(join(tree, 'usr/lib'), { recursive: true });
  symlinkSync('usr/lib', join(tree, 'lib'));
  const { exitStatus, output } = await runS390(work, 'usr/sbin/lszcrypt', ['--version']);
  const version = /^lszcrypt version \S+/.exec(output)?.[0];
  if (exitStatus !== 0 || version === undefined) {
    throw new LabError(`the mirror's lszcrypt does not run here: ${output}`);
  }
  return { lszcrypt: version };
}
