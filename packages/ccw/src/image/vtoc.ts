// The table of contents of a volume. z/OS DFSMSdfp Advanced Services, "Data set control block (DSCB) types".

import { VfioError } from '@vfio-ts/core';
import { decodeEbcdic } from '../architecture/ebcdic.ts';
import { cylinderOf, dataOf, headOf, keyOf, records } from '../dasd/track-image.ts';
import type { TrackRecord } from '../dasd/track-image.ts';
import type { TrackStore } from '../dasd/track-store.ts';
import { decodeDataset, decodeExtent, decodeMoreExtents } from './dscb.ts';
import type { Dataset, DatasetExtent } from './dscb.ts';
import { DSCB_KEY_SIZE, DSCB_SIZE } from './dscb-build.ts';

/** What {@link readVtoc} has found. */
export interface Vtoc {
  /** Serial number of the volume. */
  readonly serial: string;
  /** Owner, as its label says; often empty. */
  readonly owner: string;
  /** What kind of label it has; only `'VOL1'` comes with a table of contents. */
  readonly label: 'VOL1' | 'LNX1' | 'CMS1';
  /** In the order of the table. */
  readonly datasets: readonly Dataset[];
}

/** CC HH and R of a record. */
interface RecordPlace {
  readonly cchh: number;
  readonly number: number;
}

/** How long a chain of DSCBs with extents can be: 13 of 13 make more extents than a dataset can have. */
const MAX_CHAIN = 13;

function damaged(fact: string): VfioError {
  return new VfioError('EIO', 'readVtoc', fact);
}

async function findRecord(
  store: TrackStore,
  track: number,
  number: number,
): Promise<{ image: Uint8Array; record: TrackRecord } | undefined> {
  const image = await store.read(track);
  const record = records(image).find((each) => each.number === number);
  return record === undefined ? undefined : { image, record };
}

function trackOf(store: TrackStore, cchh: number): number {
  const { heads, cylinders } = store.geometry;
  const head = headOf(cchh);
  const cylinder = cylinderOf(cchh);
  if (head < heads && cylinder < cylinders) return cylinder * heads + head;
  throw damaged(`a track beyond the end of the volume: 0x${cchh.toString(16).padStart(8, '0')}`);
}

/** A DSCB with its key; `undefined` where no such record is. */
async function readDscb(store: TrackStore, place: RecordPlace): Promise<Uint8Array | undefined> {
  const found = await findRecord(store, trackOf(store, place.cchh), place.number);
  if (found === undefined || found.record.end - found.record.keyOffset < DSCB_SIZE)
    return undefined;
  return found.image.subarray(found.record.keyOffset, found.record.end);
}

/** The record that a pointer of 5 bytes is to; `undefined` where it is zero. */
function pointer(bytes: Uint8Array, at: number): RecordPlace | undefined {
  const view = new DataView(bytes.buffer, bytes.byteOffset + at, 5);
  const place = { cchh: view.getUint32(0), number: view.getUint8(4) };
  return place.cchh === 0 && place.number === 0 ? undefined : place;
}

async function readMoreExtents(store: TrackStore, dscb: Uint8Array): Promise<DatasetExtent[]> {
  const extents: DatasetExtent[] = [];
  let next = pointer(dscb, DSCB_SIZE - 5);
  for (let count = 0; next !== undefined && count < MAX_CHAIN; count += 1) {
    const more = await readDscb(store, next);
    if (more === undefined || more[DSCB_KEY_SIZE] !== 0xf3) break;
    extents.push(...decodeMoreExtents(more));
    next = pointer(more, DSCB_SIZE - 5);
  }
  return extents;
}

/** The datasets on one track of a VTOC. */
async function readTrack(store: TrackStore, track: number): Promise<Dataset[]> {
  const image = await store.read(track);
  const datasets: Dataset[] = [];
  for (const record of records(image)) {
    if (record.end - record.keyOffset < DSCB_SIZE || record.keyLength !== DSCB_KEY_SIZE) continue;
    const dscb = image.subarray(record.keyOffset, record.end);
    const dataset = decodeDataset(dscb);
    if (dataset === undefined) continue;
    const more = await readMoreExtents(store, dscb);
    datasets.push({ ...dataset, extents: [...dataset.extents, ...more] });
  }
  return datasets;
}

async function readDatasets(store: TrackStore, vtoc: RecordPlace): Promise<Dataset[]> {
  const first = await readDscb(store, vtoc);
  if (first === undefined || first[DSCB_KEY_SIZE] !== 0xf4) {
    // A volume that dasdinit has made: a label, and behind it nothing yet.
    return [];
  }
  const extent = decodeExtent(first, DSCB_KEY_SIZE + 61);
  if (extent === undefined) throw damaged('the VTOC has no extent');
  const end = trackOf(store, extent.last);
  const datasets: Dataset[] = [];
  for (let track = trackOf(store, extent.first); track <= end; track += 1) {
    datasets.push(...(await readTrack(store, track)));
  }
  return datasets;
}

function text(bytes: Uint8Array): string {
  return decodeEbcdic(bytes).replaceAll('\0', ' ').trim();
}

/**
 * Reads label and table of contents of a volume. One with a label and no table yet has no datasets.
 *
 * @throws `EIO` it has no label, or a track is damaged
 */
export async function readVtoc(store: TrackStore): Promise<Vtoc> {
  const found = await findRecord(store, 0, 3);
  if (found === undefined) throw damaged('the volume has no label');
  const { image, record } = found;
  const data = dataOf(image, record);
  const name = text(keyOf(image, record)) || text(data.subarray(0, 4));
  if (name === 'LNX1' || name === 'CMS1') {
    return { serial: text(data.subarray(4, 10)), owner: '', label: name, datasets: [] };
  }
  if (name !== 'VOL1' || data.length < 80) throw damaged('the volume has no label');
  const vtoc = pointer(data, 11);
  return {
    serial: text(data.subarray(4, 10)),
    owner: text(data.subarray(37, 51)),
    label: 'VOL1',
    datasets: vtoc === undefined ? [] : await readDatasets(store, vtoc),
  };
}
