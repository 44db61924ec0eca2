// vfio-ts ccw ls: the table of contents of a volume.

import { openImage, readVtoc } from '@vfio-ts/ccw';
import { DASD_NEXT, orWithAdvice } from '../drivers/ccw/image-error.ts';
import { IMAGE_LOCKS } from '../drivers/ccw/units.ts';
import { vtocTable } from '../drivers/ccw/vtoc-table.ts';
import type { Output } from '../output.ts';
import { EXIT } from '../usage.ts';

/** What `ccw ls` is told. */
export interface CcwLsArguments {
  readonly file: string;
  /** One line of JSON in place of a table. */
  readonly json: boolean;
}

/** Prints it. @throws Error with cause and next step; `EIO` the volume has no label */
export async function ccwLs({ file, json }: CcwLsArguments, output: Output): Promise<number> {
  const opening = openImage(file, { isReadOnly: true, locks: IMAGE_LOCKS });
  const store = await orWithAdvice(file, opening, DASD_NEXT);
  try {
    const vtoc = await readVtoc(store);
    const { cylinders, heads, deviceType } = store.geometry;
    if (json) {
      const type = deviceType.toString(16);
      output.print(JSON.stringify({ type, cylinders, heads, ...vtoc }));
    } else {
      for (const line of vtocTable(vtoc, store.geometry)) output.print(line);
    }
    return EXIT.OK;
  } finally {
    await store.close();
  }
}
