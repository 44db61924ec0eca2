// Writing the files of an mdev, as mdevctl does when it starts one.

import { MdevSysfs, VfioError, type MdevBus, type MdevDevice } from '@vfio-ts/core';
import type { Setting } from './definition.ts';

/**
 * Writes attributes one after the other; the first that is refused ends it.
 *
 * @throws `ENOENT` the mdev has no such file to be written; what the file's owner throws. The message names the setting.
 */
export async function writeAttributes(
  bus: MdevBus,
  mdev: MdevDevice,
  attributes: readonly Setting[],
): Promise<void> {
  const sysfs = new MdevSysfs(bus);
  for (const { name, value } of attributes) {
    if (!isWritable(mdev, name)) {
      throw new VfioError('ENOENT', 'set', `${mdev.type.directory} has no setting ${name}`);
    }
    try {
      // In their order: later ones may build on earlier ones.
      // oxlint-disable-next-line no-await-in-loop
      await sysfs.write(`${mdev.parent.name}/${mdev.name}/${name}`, value);
    } catch (error) {
      if (!(error instanceof VfioError)) throw error;
      throw new VfioError(error.code, 'set', `${name}=${value}: ${error.message}`, {
        cause: error,
      });
    }
  }
}

/** The bus has files of its own there, `remove` for example, which are no settings. */
function isWritable(mdev: MdevDevice, path: string): boolean {
  const names = path.split('/');
  const name = names.pop() ?? '';
  return mdev.attributes[names.join('/')]?.[name]?.store !== undefined;
}
