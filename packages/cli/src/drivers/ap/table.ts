// Who has which queue, as a table of adapters and domains made from the files of sysfs.

import type { SysfsDump } from '../../sysfs/dump.ts';

const QUEUE = /^devices\/ap\/card[\da-f]{2}\/(?<adapter>[\da-f]{2})\.(?<domain>[\da-f]{4})$/u;
const MDEV_FILE =
  /^devices\/vfio_ap\/matrix\/(?<uuid>[\da-f-]{36})\/(?<name>matrix|control_domains)$/u;

/** A device and what is assigned to it. */
interface Assignee {
  readonly mark: string;
  readonly uuid: string;
  /** `aa.dddd`, as its file `matrix` has them. */
  readonly queues: ReadonlySet<string>;
  readonly controlDomains: readonly string[];
}

/** What each cell can say, for a person. */
const LEGEND = '* in use by a guest   ? assigned, no such queue   . free   h with the host';

/** The table, one line each. */
export function apTable(dump: SysfsDump): string[] {
  const text = texts(dump);
  const assignees = assigneesOf(text);
  const queues = new Set(dump.flatMap(({ path }) => queueName(path) ?? []));
  const all = [...queues, ...assignees.flatMap((one) => [...one.queues])].filter(isWhole);
  const adapters = unique(all.map((queue) => queue.slice(0, 2)));
  const domains = unique(all.map((queue) => queue.slice(3)));
  if (adapters.length === 0) return ['there are no queues'];
  const width = Math.max(5, ...assignees.map(({ mark }) => mark.length + 1));
  const types = adapters.map((adapter) => text.get(`devices/ap/card${adapter}/type`) ?? '-');
  const side = Math.max(...types.map((type) => type.length)) + 5;
  const cell = (adapter: string, domain: string): string => {
    const name = `${adapter}.${domain}`;
    return cellOf(name, { assignees, exists: queues.has(name), text });
  };
  return [
    `${''.padEnd(side)}${domains.map((domain) => domain.padEnd(width)).join(' ')}`,
    ...adapters.map((adapter, i) => {
      const cells = domains.map((domain) => cell(adapter, domain).padEnd(width));
      return `${adapter} ${types[i]}`.padEnd(side) + cells.join(' ');
    }),
    '',
    LEGEND,
    ...assignees.map(({ mark, uuid, controlDomains }) => {
      const controls = controlDomains.join(' ');
      return `${mark} ${uuid}${controls === '' ? '' : `, controls ${controls}`}`;
    }),
  ].map((line) => line.trimEnd());
}

function cellOf(
  name: string,
  context: {
    readonly assignees: readonly Assignee[];
    readonly exists: boolean;
    readonly text: ReadonlyMap<string, string>;
  },
): string {
  const { assignees, exists, text } = context;
  const mark = assignees.find(({ queues }) => queues.has(name))?.mark;
  if (!exists) return mark === undefined ? '' : `${mark}?`;
  const status = text.get(`devices/ap/card${name.slice(0, 2)}/${name}/status`);
  if (mark === undefined) return status === undefined ? 'h' : '.';
  return status === 'in use' ? `${mark}*` : mark;
}

function texts(dump: SysfsDump): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  for (const entry of dump) {
    if (entry.kind === 'file' && entry.text !== undefined) {
      found.set(entry.path, entry.text.trimEnd());
    }
  }
  return found;
}

function assigneesOf(text: ReadonlyMap<string, string>): Assignee[] {
  const uuids = new Set<string>();
  for (const path of text.keys()) {
    const uuid = MDEV_FILE.exec(path)?.groups?.['uuid'];
    if (uuid !== undefined) uuids.add(uuid);
  }
  return Array.from(uuids, (uuid, i) => {
    const lines = (name: string): readonly string[] =>
      (text.get(`devices/vfio_ap/matrix/${uuid}/${name}`) ?? '').split('\n').filter(Boolean);
    return {
      mark: markOf(i),
      uuid,
      queues: new Set(lines('matrix')),
      controlDomains: lines('control_domains'),
    };
  });
}

/** A, B, to Z, then A1, B1 and on. */
function markOf(i: number): string {
  const round = Math.floor(i / 26);
  return String.fromCodePoint(0x41 + (i % 26)) + (round === 0 ? '' : round);
}

function queueName(path: string): string | undefined {
  const { adapter, domain } = QUEUE.exec(path)?.groups ?? {};
  return adapter === undefined ? undefined : `${adapter}.${domain}`;
}

/** The files list adapters without domains, and domains without adapters. */
function isWhole(queue: string): boolean {
  return /^[\da-f]{2}\.[\da-f]{4}$/u.test(queue);
}

function unique(values: readonly string[]): string[] {
  return [...new Set(values)].toSorted();
}
