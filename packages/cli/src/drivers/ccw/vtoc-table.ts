// The table of contents of a volume, for people.

import type { Dataset, DatasetExtent, VolumeGeometry, Vtoc } from '@vfio-ts/ccw';
import { modelName } from './units.ts';

const HEAD = ['dataset', 'org', 'recfm', 'lrecl', 'blksize', 'extents', 'tracks', 'created'];
/** Columns of numbers. */
const RIGHT = new Set([3, 4, 5, 6]);

/** The table, one line each. */
export function vtocTable(
  { serial, owner, label, datasets }: Vtoc,
  size: VolumeGeometry,
): string[] {
  const owned = owner === '' ? '' : `, owner ${owner}`;
  const head = `volume ${serial}: ${modelName(size)}, label ${label}${owned}`;
  if (datasets.length === 0) return [head, 'there are no datasets'];
  const rows = [HEAD, ...datasets.map((dataset) => cells(dataset, size))];
  const widths = HEAD.map((_, i) => Math.max(...rows.map((row) => row[i]?.length ?? 0)));
  const line = (row: readonly string[]): string =>
    row
      .map((cell, i) =>
        RIGHT.has(i) ? cell.padStart(widths[i] ?? 0) : cell.padEnd(widths[i] ?? 0),
      )
      .join('  ')
      .trimEnd();
  return [head, '', ...rows.map((row) => line(row))];
}

function cells(dataset: Dataset, { heads }: VolumeGeometry): string[] {
  const { name, organization, recordFormat, recordLength, blockSize, extents, created } = dataset;
  const tracks = extents.reduce((sum, extent) => sum + tracksOf(extent, heads), 0);
  const numbers = [recordLength, blockSize, extents.length, tracks].map(String);
  return [name, organization || '-', recordFormat || '-', ...numbers, created || '-'];
}

function tracksOf({ first, last }: DatasetExtent, heads: number): number {
  return trackOf(last, heads) - trackOf(first, heads) + 1;
}

/** Twelve bits of a large volume's cylinder are in the half of the head. */
function trackOf(cchh: number, heads: number): number {
  const cylinder = (cchh >>> 16) + ((cchh & 0xfff0) << 12);
  return cylinder * heads + (cchh & 0xf);
}
