// The files of subchannels and channel paths, by which tools and VMMs build their own view of them. Counterpart of
// drivers/s390/cio/css.c, device.c and chp.c.

import { decodeSchib, PATH_COUNT, type Subchannel } from '@vfio-ts/ccw';
import type { DumpEntry } from '../../sysfs/dump.ts';

/** Below /sys. */
export const CSS_ROOT = 'devices/css0';

/** Descriptor of a channel path: FICON, native. */
const CHP_TYPE = '1b\n';

/** What is in the folders of subchannels beside their mediated devices. */
export function cssFiles(subchannels: readonly Subchannel[]): DumpEntry[] {
  const chpids = new Set<number>();
  const entries: DumpEntry[] = [{ kind: 'directory', path: 'bus/css/devices' }];
  for (const subchannel of subchannels) {
    const schib = subchannel.store();
    if (schib === undefined) continue;
    const { pmcw } = decodeSchib(schib);
    const at = `${CSS_ROOT}/${subchannel.name}`;
    const paths = Array.from({ length: PATH_COUNT }, (_, i) => pmcw.chpids[i] ?? 0);
    for (const chpid of pmcw.chpids) if (chpid !== 0) chpids.add(chpid);
    entries.push(
      file(`${at}/chpids`, `${paths.map((chpid) => hex2(chpid)).join(' ')}\n`),
      file(`${at}/dev_busid`, `0.0.${pmcw.deviceNumber.toString(16).padStart(4, '0')}\n`),
      file(
        `${at}/pimpampom`,
        `${[pmcw.pim, pmcw.pam, pmcw.pom].map((mask) => hex2(mask)).join(' ')}\n`,
      ),
      file(`${at}/type`, '0\n'),
      { kind: 'link', path: `bus/css/devices/${subchannel.name}`, target: at },
    );
  }
  for (const chpid of chpids) {
    const at = `${CSS_ROOT}/chp0.${hex2(chpid)}`;
    entries.push({ kind: 'directory', path: at }, file(`${at}/type`, CHP_TYPE));
  }
  return entries;
}

function file(path: string, text: string): DumpEntry {
  return { kind: 'file', path, mode: 0o444, text };
}

function hex2(value: number): string {
  return value.toString(16).padStart(2, '0');
}
