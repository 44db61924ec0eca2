// Writing the files of an mdev, as mdevctl does when it starts one.

import { MdevSysfs, VfioError, type MdevBus, type MdevDevice } from '@vfio-ts/core';
import { factOf } from '../errors.ts';
import { UsageError } from '../usage.ts';
import type { Setting } from './definition.ts';

/**
 * Writes attributes one after the other; the first that is refused ends it.
 *
 * @throws UsageError the mdev has no such file to be written; what the file's owner throws. The message names the setting.
 */
export async function writeAttributes(
  bus: MdevBus,
  mdev: MdevDevice,
  attributes: readonly Setting[],
): Promise<void> {
  const sysfs = new MdevSysfs(bus);
  for (const { name, value } of attributes) {
    if (!isWritable(mdev, name)) {
      const takes = settable(mdev);
      const known = takes.length === 0 ? 'none' : takes.join(', ');
      const fact = `${mdev.type.directory} has no setting ${name}: it takes ${known}`;
      throw new UsageError(fact);
    }
    try {
      // In their order: later ones may build on earlier ones.
      // oxlint-disable-next-line no-await-in-loop
      await sysfs.write(`${mdev.parent.name}/${mdev.name}/${name}`, value);
    } catch (error) {
      if (!(error instanceof VfioError)) throw error;
      const fact = `${name}=${value} is refused: ${factOf(error)}`;
      throw new VfioError(error.code, 'set', fact, { cause: error });
    }
  }
}

/** The files that can be written. */
function settable({ attributes }: MdevDevice): string[] {
  return Object.entries(attributes).flatMap(([group, files]) =>
    Object.entries(files)
      .filter(([, file]) => file.store !== undefined)
      .map(([name]) => (group === '' ? name : `${group}/${name}`)),
  );
}

/** The bus has files of its own there, `remove` for example, which are no settings. */
function isWritable(mdev: MdevDevice, path: string): boolean {
  const names = path.split('/');
  const name = names.pop() ?? '';
  return mdev.attributes[names.join('/')]?.[name]?.store !== undefined;
}
