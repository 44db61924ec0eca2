// What is on an empty volume: the first tracks as an operating system's initialisation program leaves them. z/OS
// DFSMSdfp Advanced Services, "Using the volume table of contents"; Linux dasdfmt for the compatible layout.

import { EBCDIC_BLANK, encodeEbcdic } from '../architecture/ebcdic.ts';
import { buildTrack, emptyTrack, packCchh } from '../dasd/track-image.ts';
import type { RecordContents } from '../dasd/track-image.ts';
import type { VolumeGeometry } from '../dasd/track-store.ts';
import { freeSpaceDscb, unusedDscb, vtocDscb } from './dscb-build.ts';

/** Bytes of a block of a volume that Linux formats. */
const BLOCK_SIZE = 4096;

/** By device type: blocks of 4096 bytes per track, DSCBs and blocks of a PDS directory as well. */
const PER_TRACK: ReadonlyMap<number, { blocks: number; dscbs: number; directory: number }> =
  new Map([
    [0x3390, { blocks: 12, dscbs: 50, directory: 45 }],
    [0x3380, { blocks: 10, dscbs: 53, directory: 46 }],
  ]);

/**
 * How the tracks of a new volume are formatted: `'empty'` has no records behind the VTOC, as z/OS expects it;
 * `'linux'` has blocks of 4096 bytes everywhere, as Linux's dasdfmt leaves it in the compatible disk layout.
 */
export type VolumeFormat = 'empty' | 'linux';

/** What there is per track of a type. */
function perTrack(deviceType: number): { blocks: number; dscbs: number; directory: number } {
  return PER_TRACK.get(deviceType) ?? { blocks: 12, dscbs: 50, directory: 45 };
}

function record(number: number, key: Uint8Array | undefined, data: Uint8Array): RecordContents {
  return key === undefined ? { number, data } : { number, key, data };
}

const R0: RecordContents = { number: 0, data: new Uint8Array(8) };

/** A PSW that waits, disabled, with code F: nothing to load. The second doubleword is a CCW that does nothing. */
const IPL1: readonly number[] = [0, 6, 0, 0, 0, 0, 0, 0x0f, 3, 0, 0, 0, 0, 0, 0, 1];

/** The label of a volume, without its key. @param vtoc - CC HH of the VTOC */
export function volumeLabel(serial: string, owner: string, vtoc: number): Uint8Array {
  const data = new Uint8Array(80).fill(EBCDIC_BLANK);
  data.set(encodeEbcdic('VOL1'));
  data.set(encodeEbcdic(serial, { length: 6 }), 4);
  new DataView(data.buffer).setUint32(11, vtoc);
  data[15] = 1;
  data.set(encodeEbcdic(owner, { length: 14 }), 37);
  return data;
}

function blocks(first: number, last: number): RecordContents[] {
  const data = new Uint8Array(BLOCK_SIZE);
  return Array.from({ length: last - first + 1 }, (_, at) => record(first + at, undefined, data));
}

/** A track of equal blocks without keys. */
export function linuxTrack(cchh: number, deviceType = 0x3390): Uint8Array {
  return buildTrack(cchh, [R0, ...blocks(1, perTrack(deviceType).blocks)]);
}

function labelTrack(geometry: VolumeGeometry, format: VolumeFormat, serial: string): Uint8Array {
  const ipl1 = new Uint8Array(24);
  ipl1.set(IPL1);
  const contents = [
    R0,
    record(1, encodeEbcdic('IPL1'), ipl1),
    record(2, encodeEbcdic('IPL2'), new Uint8Array(144)),
    record(3, encodeEbcdic('VOL1'), volumeLabel(serial, 'VFIO-TS', packCchh(0, 1))),
  ];
  if (format === 'linux') contents.push(...blocks(4, perTrack(geometry.deviceType).blocks));
  return buildTrack(0, contents);
}

/** The track behind the last of the VTOC, which begins on track 1. Linux has it on one track. */
function endOfVtoc(geometry: VolumeGeometry, format: VolumeFormat): number {
  return format === 'linux' ? 2 : geometry.heads;
}

function vtocTrack(geometry: VolumeGeometry, format: VolumeFormat, track: number): Uint8Array {
  const perVolume = perTrack(geometry.deviceType);
  // Linux reads the VTOC as blocks and expects as many on its track as on any other.
  const count = format === 'linux' ? perVolume.blocks : perVolume.dscbs;
  const end = endOfVtoc(geometry, format);
  const contents: RecordContents[] = [R0];
  for (let number = 1; number <= count; number += 1) {
    let dscb = unusedDscb();
    if (track === 1 && number === 1) {
      const unused = count * (end - 1) - 2;
      dscb = vtocDscb(geometry, {
        unused,
        perTrack: count,
        directory: perVolume.directory,
        firstTrack: 1,
        lastTrack: end - 1,
      });
    }
    if (track === 1 && number === 2) dscb = freeSpaceDscb(geometry, end);
    contents.push(record(number, dscb.subarray(0, 44), dscb.subarray(44)));
  }
  return buildTrack(packCchh(0, track), contents);
}

/** One track of an empty volume. @param serial - of the volume, 1 to 6 characters */
export function formattedTrack(
  geometry: VolumeGeometry,
  format: VolumeFormat,
  serial: string,
  track: number,
): Uint8Array {
  if (track === 0) return labelTrack(geometry, format, serial);
  if (track < endOfVtoc(geometry, format)) return vtocTrack(geometry, format, track);
  const { heads, deviceType } = geometry;
  const cchh = packCchh(Math.floor(track / heads), track % heads);
  return format === 'linux' ? linuxTrack(cchh, deviceType) : emptyTrack(cchh);
}
