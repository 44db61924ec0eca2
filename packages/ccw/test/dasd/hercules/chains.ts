// Chains that Hercules and the control unit both execute, in this order, on the same volume: that of
// `dasdinit -linux` with 10 cylinders.

import type { TestCcw } from '../support/channel.ts';
import { control, get, put, tic } from '../support/channel.ts';
import { pattern } from '../support/volume.ts';

/** Define Extent over the volume, or over tracks. */
export function define(mask = '40', extent = '00000000 0009000e', blockSize = '0000'): TestCcw {
  return put(0x63, `${mask} c0 ${blockSize} 0000 00 00 ${extent}`);
}

function digits(value: number, size: number): string {
  return value.toString(16).padStart(size, '0');
}

/** Locate Record of `count` commands at a track's record. */
export function locate(operation: string, count: number, place: string, length = 0): TestCcw {
  const auxiliary = length === 0 ? '00' : '80';
  const [cchh = '', record = ''] = place.split(' ');
  const parameters = `${operation} ${auxiliary} 00 ${digits(count, 2)} ${cchh} ${cchh}${record} ff`;
  return put(0x47, `${parameters} ${digits(length, 4)}`);
}

/** Seek. */
export function seek(cchh: string): TestCcw {
  return put(0x07, `0000 ${cchh}`);
}

/** Seek, Search ID Equal until it finds, and what comes then. */
export function found(cchh: string, record: string, ...then: readonly TestCcw[]): TestCcw[] {
  return [seek(cchh), put(0x31, `${cchh} ${record}`), tic(1), ...then];
}

/** A count field, for format writes. */
function countField(
  cchh: string,
  record: number,
  keyLength: number,
  dataLength: number,
): Uint8Array {
  const head = Buffer.from(cchh, 'hex');
  return Uint8Array.of(...head, record, keyLength, dataLength >> 8, dataLength & 0xff);
}

/** A record with its count. */
function whole(cchh: string, record: number, keyLength: number, dataLength: number): Uint8Array {
  const head = countField(cchh, record, keyLength, dataLength);
  return Uint8Array.of(...head, ...pattern(keyLength + dataLength, record));
}

const MASKS_ALL = 'c0';
const FORMAT = '00';
const UPDATE = '80';

const IDENTIFICATION: Readonly<Record<string, readonly TestCcw[]>> = {
  'sense, when there is none': [get(0x04, 32)],
  'an invalid command': [get(0x6e, 8)],
  'a no-operation': [control(0x03)],
  'read buffered log': [get(0xa4, 32)],
  'sense ID': [get(0xe4, 40)],
  'sense path group ID': [get(0x34, 12)],
  'define subsystem operation': [put(0xf7, '00')],
  'read sector': [get(0x22, 1)],
  'reset allegiance': [get(0x44, 32)],
  recalibrate: [control(0x13), get(0x1a, 5)],
  'read special home address': [seek('00020000'), get(0x0a, 64)],
};

const CLASSIC: Readonly<Record<string, readonly TestCcw[]>> = {
  'read IPL': [get(0x02, 24)],
  'read IPL, and the next record': [get(0x02, 24), get(0x06, 144)],
  'read IPL behind a file mask': [put(0x1f, '00'), get(0x02, 24)],
  'a read without a seek': [get(0x06, 4096)],
  'seek, read data': [seek('00020000'), get(0x06, 4096)],
  'seek, search, read data': found('00020000', '05', get(0x06, 4096)),
  'the bootstrap of a Linux volume': found('00000000', '01', get(0x06, 128)),
  'search, read, multitrack reads': found('00020000', '0b', get(0x06, 4096), get(0x86, 4096)),
  'multitrack reads onto the next track': found(
    '00020003',
    '0b',
    ...Array.from({ length: 14 }, () => get(0x86, 4096)),
  ),
  'reads past the end of the track': found(
    '00020003',
    '0b',
    ...Array.from({ length: 4 }, () => get(0x06, 4096)),
  ),
  'multitrack reads past the end of the cylinder': found(
    '0002000e',
    '0c',
    get(0x86, 4096),
    get(0x86, 4096),
  ),
  'a search without a hit': found('00020000', '40', get(0x06, 4096)),
  'a multitrack search': [seek('00020000'), put(0xb1, '00020002 05'), tic(1), get(0x06, 4096)],
  'a multitrack search past the cylinder': [
    seek('0002000c'),
    put(0xb1, '00030000 01'),
    tic(1),
    get(0x06, 4096),
  ],
  'search ID high': [seek('00020000'), put(0x51, '00020000 03'), tic(1), get(0x06, 4096)],
  'search ID equal or high': [seek('00020000'), put(0x71, '00020000 03'), tic(1), get(0x06, 4096)],
  'search key equal': [seek('00000000'), put(0x29, 'e5d6d3f1'), tic(1), get(0x06, 80)],
  'search key on a track without': [seek('00020000'), put(0x29, '01'), tic(1), get(0x06, 80)],
  'search key high or equal': [seek('00000000'), put(0x69, 'c9d7d3f2'), tic(1), get(0x06, 144)],
  'search home address': [seek('00020001'), put(0x39, '00020001'), tic(1), get(0x16, 16)],
  'search home address of another track': [seek('00020001'), put(0x39, '00020002'), control(0x03)],
  'read home address': [seek('00020001'), get(0x1a, 5)],
  'multitrack read home address': [seek('00020001'), get(0x9a, 5)],
  'read R0': [seek('00030001'), get(0x16, 16)],
  'multitrack read R0': [seek('00030001'), get(0x96, 16)],
  'read counts around the track': [
    seek('00030001'),
    ...Array.from({ length: 20 }, () => get(0x12, 8)),
  ],
  'multitrack read counts': [seek('00030001'), ...Array.from({ length: 20 }, () => get(0x92, 8))],
  'read count key and data': [
    seek('00000000'),
    ...Array.from({ length: 4 }, () => get(0x1e, 4104)),
  ],
  'read key and data': [seek('00000000'), get(0x0e, 28), get(0x0e, 148), get(0x0e, 84)],
  'read count, then the data of it': [seek('00000000'), get(0x12, 8), get(0x06, 24), get(0x12, 8)],
  'short and long reads': [seek('00020000'), get(0x06, 100), get(0x06, 8000)],
  'a read of exactly another length': [seek('00020000'), get(0x06, 100, true)],
  'seek to where nothing is': [seek('000a0000'), control(0x03)],
  'seek to a head that is not': [seek('0000000f'), control(0x03)],
  'a seek with bytes before its address': [put(0x07, '0001 00000000')],
  'a short seek': [put(0x07, '0000 0000')],
  'seek cylinder': [put(0x0b, '0000 00050000'), get(0x1a, 5)],
  'seek head first': [put(0x1b, '0000 00050003'), get(0x1a, 5)],
  'seek head behind a seek': [seek('00050001'), put(0x1b, '0000 00000003'), get(0x1a, 5)],
  'set sector': [seek('00050001'), put(0x23, '17'), get(0x06, 4096)],
  'set sector without a seek': [put(0x23, '17')],
  'file mask against a seek': [put(0x1f, '08'), seek('00050001')],
  'file mask against seek cylinder': [put(0x1f, '10'), put(0x0b, '0000 00050001')],
  'file mask against multitrack': [
    seek('00050001'),
    put(0x1f, '18'),
    ...Array.from({ length: 14 }, () => get(0x92, 8)),
  ],
  'a file mask with a reserved bit': [put(0x1f, '20')],
  'two file masks': [put(0x1f, '00'), put(0x1f, '00')],
};

const ECKD: Readonly<Record<string, readonly TestCcw[]>> = {
  'the analysis of a volume': [
    put(0x63, '40c4 0000 0000 0000 00000000 00000001'),
    put(0x47, '06000004 00000000 00000000 00 00 0000'),
    ...Array.from({ length: 4 }, () => get(0x12, 8)),
    put(0x47, '06000001 00000001 00000001 00 00 0000'),
    get(0x12, 8),
  ],
  'the label': [
    put(0x63, '40c0 0000 0000 0000 00000000 00000000'),
    put(0x47, '06800001 00000000 00000000 03 0b 0054'),
    get(0x8e, 84),
  ],
  'reads across tracks and cylinders': [
    define(),
    locate('06', 40, '0002000d 08', 4096),
    ...Array.from({ length: 40 }, () => get(0x86, 4096)),
  ],
  'two domains': [
    define(),
    locate('06', 1, '00020000 01', 4096),
    get(0x86, 4096),
    locate('06', 1, '00000000 02', 148),
    get(0x8e, 148),
  ],
  'a read leaves its extent': [
    define('40', '00020000 00020000'),
    locate('06', 2, '00020000 0c', 4096),
    get(0x86, 4096),
    get(0x86, 4096),
  ],
  'a record that is not there': [define(), locate('06', 1, '00020000 0d', 4096), get(0x86, 4096)],
  'a locate outside its extent': [
    define('40', '00020000 00020002'),
    locate('06', 1, '00030000 01'),
  ],
  'a locate of a track that is not': [define(), locate('06', 1, '000a0000 01')],
  'a locate without an extent': [locate('06', 1, '00020000 01')],
  'a locate in a domain': [
    define(),
    locate('06', 2, '00020000 01'),
    get(0x86, 4096),
    locate('06', 1, '00020000 01'),
  ],
  'a domain that is not ended': [define(), locate('06', 3, '00020000 01'), get(0x86, 4096)],
  'a locate as the last command': [define(), locate('06', 3, '00020000 01')],
  'a no-operation in a domain': [define(), locate('06', 1, '00020000 01'), control(0x03)],
  'a seek in a domain': [define(), locate('06', 1, '00020000 01'), seek('00020000')],
  'a sense in a domain': [define(), locate('06', 1, '00020000 01'), get(0x04, 32)],
  'a search in a domain': [define(), locate('06', 1, '00020000 01'), put(0x31, '0002000001')],
  'commands behind a domain': [
    define(),
    locate('06', 1, '00020000 01'),
    get(0x86, 4096),
    get(0x06, 4096),
    get(0x12, 8),
  ],
  'data orientation': [define(), locate('86', 1, '00020000 01', 4096), get(0x06, 4096)],
  'data orientation, read count': [define(), locate('86', 1, '00020000 01', 4096), get(0x12, 8)],
  'home address orientation': [
    define(),
    locate('46', 3, '00020000 00'),
    get(0x1a, 5),
    get(0x16, 16),
    get(0x06, 4096),
  ],
  'home address orientation on another address': [
    define(),
    put(0x47, '46000001 00020000 00020001 00 00 0000'),
    get(0x1a, 5),
  ],
  'index orientation, read count key and data': [
    define(),
    locate('d6', 2, '00020000 00', 4096),
    get(0x9e, 4104),
    get(0x9e, 4104),
  ],
  'operation 16 with a single track read': [
    define(),
    locate('16', 1, '00020000 01', 4096),
    get(0x06, 4096),
  ],
  'operation 16 with a multitrack read': [
    define(),
    locate('16', 1, '00020000 01', 4096),
    get(0x86, 4096),
  ],
  'read data at R0': [define(), locate('06', 2, '00020000 00'), get(0x06, 16), get(0x06, 4096)],
  'read tracks': [define(), locate('4c', 2, '00000000 00'), get(0xde, 60_000), get(0xde, 60_000)],
  'read track outside its domain': [define(), locate('06', 1, '00000000 00'), get(0xde, 60_000)],
  'a read in a domain of tracks': [define(), locate('4c', 1, '00020000 00'), get(0x86, 4096)],
  'an orient': [define(), locate('00', 0, '00020000 02'), get(0x06, 4096)],
  'two extents, the second inside': [
    define('40', '00020000 00040000'),
    define('40', '00030000 00030000'),
    locate('06', 1, '00030000 01'),
    get(0x86, 4096),
  ],
  'an extent behind a file mask': [put(0x1f, '00'), define()],
  'an extent behind read IPL': [get(0x02, 24), define()],
  'a file mask behind an extent': [define(), put(0x1f, '00')],
  'an extended locate with any read': [
    define(),
    put(0x4b, '3f000002 00020000 0002000001 ff 0000 00 0a 0001 01'),
    get(0x86, 4096),
    get(0x86, 4096),
  ],
};

const define63 = (bytes: string): readonly TestCcw[] => [put(0x63, bytes)];
const locate47 = (bytes: string): readonly TestCcw[] => [
  define('c0', undefined, '1000'),
  put(0x47, bytes),
];

const PARAMETERS: Readonly<Record<string, readonly TestCcw[]>> = {
  'an extent of 15 bytes': define63('40c00000 00000000 00000000 000000'),
  'an extent with a reserved bit of the mask': define63('60c00000 00000000 00000000 00000001'),
  'an extent that is not ECKD': define63('40000000 00000000 00000000 00000001'),
  'an extent with a block size too large': define63('40c0ffff 00000000 00000000 00000001'),
  'an extent with byte 6': define63('40c00000 00000100 00000000 00000001'),
  'an extent that ends before it begins': define63('40c00000 00000000 00010000 00000001'),
  'an extent past the volume': define63('40c00000 00000000 00000000 000a0000'),
  'an extent past the heads': define63('40c00000 00000000 00000000 0000000f'),
  'a locate of 15 bytes': locate47('06000001 00020000 0002000001 ff 00'),
  'a locate with an unknown operation': locate47('07000001 00020000 0002000001 ff 0000'),
  'a locate to write at the home address': locate47('41000001 00020000 0002000001 ff 0000'),
  'a locate to format behind data': locate47('83000001 00020000 0002000001 ff 0000'),
  'a locate to read at the index': locate47('c6000001 00020000 0002000001 ff 0000'),
  'a locate with a reserved auxiliary bit': locate47('06400001 00020000 0002000001 ff 0000'),
  'a locate with a suffix to a read': locate47('06010002 00020000 0002000001 ff 0000'),
  'a locate with a suffix and a count of 1': locate47('16010001 00020000 0002000001 ff 0000'),
  'a locate with byte 2': locate47('06000101 00020000 0002000001 ff 0000'),
  'a locate with a count of 0': locate47('06000000 00020000 0002000001 ff 0000'),
  'an orient with a count of 1': locate47('00000001 00020000 0002000001 ff 0000'),
  'a locate of head 15': locate47('06000001 0002000f 0002000f01 ff 0000'),
  'a locate of sector 224': locate47('06000001 00020000 0002000001 e0 0000'),
  'a locate with a length that is not announced': locate47('06000001 00020000 0002000001 ff 1000'),
  'a locate with an announced length of 0': locate47('06800001 00020000 0002000001 ff 0000'),
  'a locate with a length above the block size': locate47('06800001 00020000 0002000001 ff 1001'),
};

const SUBSYSTEM: Readonly<Record<string, readonly TestCcw[]>> = {
  'storage path status': [put(0x27, '180000000000 00 0000000000'), get(0x3e, 64)],
  'read attention message': [put(0x27, '180000000000 03 0011223344'), get(0x3e, 64)],
  'unit address configuration': [put(0x27, '180000000000 0e 0000000000'), get(0x3e, 512)],
  features: [put(0x27, '180000000000 41 0000000000'), get(0x3e, 256)],
  'an unknown suborder': [put(0x27, '180000000000 52 0000000000'), get(0x3e, 256)],
  'an unknown order': [put(0x27, '990000000000 41 0000000000')],
  'a short order': [put(0x27, '1800000000')],
  'subsystem data that nobody has prepared': [get(0x3e, 256)],
  'prepared data, and another command': [put(0x27, '180000000000 41 0000000000'), control(0x03)],
  'set subsystem characteristics': [put(0x27, `1d${'00'.repeat(65)}`)],
  'set subsystem mode': [put(0x87, '0000')],
  'a short set subsystem mode': [put(0x87, '00')],
  'set path group of zeros': [put(0xaf, '00'.repeat(12))],
  'set path group, reserved function': [put(0xaf, `60${'11'.repeat(11)}`)],
  'a short set path group': [put(0xaf, '00'.repeat(11))],
  'a release behind an extent': [define(), get(0x94, 32)],
  'a reserve behind another command': [control(0x03), get(0xb4, 32)],
  'diagnostic control without authorisation': [put(0xf3, '12000000')],
  'a short diagnostic control': [put(0xf3, '1200')],
  'read message id alone': [get(0x4e, 4)],
  'suspend multipath reconnection, reserve': [control(0x5b), get(0xb4, 32)],
  'unconditional reserve': [get(0x14, 32)],
  release: [get(0x94, 32)],
};

const locate4b = (bytes: string, ...then: readonly TestCcw[]): readonly TestCcw[] => [
  define('c0', undefined, '1000'),
  put(0x4b, bytes),
  ...then,
];

const EXTENDED: Readonly<Record<string, readonly TestCcw[]>> = {
  'an extended locate to read': locate4b(
    '16000002 00020000 0002000001 ff 0000 00 00 0000',
    get(0x86, 4096),
    get(0x86, 4096),
  ),
  'an extended locate to read a count': locate4b(
    '16010002 00020000 0002000001 ff 0000 00 00 0000',
    get(0x86, 4096),
    get(0x92, 8),
  ),
  'an extended locate to write': locate4b(
    '01800001 00050000 0005000001 ff 1000 00 00 0000',
    put(0x85, pattern(4096, 31)),
  ),
  'an extended locate to write any': locate4b(
    '3f800002 00050000 0005000000 ff 1000 00 09 0001 01',
    put(0x85, pattern(4096, 32)),
    put(0x85, pattern(4096, 33)),
  ),
  'a set of tracks': locate4b(
    '7f000002 00020000 0002000000 ff 0000 00 0e 0001 a0',
    get(0xde, 60_000),
    get(0xde, 60_000),
  ),
  'a set of tracks of another count': locate4b(
    '7f000002 00020000 0002000000 ff 0000 00 0e 0001 80',
  ),
  'a set of tracks without the first': locate4b(
    '7f000001 00020000 0002000000 ff 0000 00 0e 0001 40',
  ),
  'a read of data in a set of tracks': locate4b(
    '7f000001 00020000 0002000000 ff 0000 00 0e 0001 80',
    get(0x86, 4096),
  ),
  'an extended locate of 19 bytes': locate4b('16000002 00020000 0002000001 ff 0000 00 00 00'),
  'an extended locate without its added byte': locate4b(
    '3f000001 00020000 0002000001 ff 0000 00 0a 0001',
  ),
  'an extended locate with an unknown operation': locate4b(
    '3f000001 00020000 0002000001 ff 0000 00 77 0001 01',
  ),
  'an extended locate of another record': locate4b(
    '16000001 00020000 000200000d ff 0000 00 00 0000',
  ),
  'an extended locate that only orients': locate4b(
    '00000000 00020000 0002000001 ff 0000 00 00 0000',
  ),
  'an extended locate of an argument of zeros': locate4b(
    '16000001 00020000 0000000000 ff 0000 00 00 0000',
    get(0x9e, 5000),
  ),
  'an update under a mask that forbids it': [
    define('40'),
    locate('01', 1, '00050001 01', 4096),
    put(0x85, pattern(4096, 34)),
  ],
  'a format at the home address without R0': [
    define('c0'),
    locate('43', 1, '00050002 00'),
    put(0x1d, '0005000201000008'),
  ],
  'a classic write in a domain of reads': [
    define('c0'),
    locate('06', 1, '00050003 01', 4096),
    put(0x05, pattern(4096, 35)),
  ],
  'read tracks from a record on': [define(), locate('0c', 1, '00020000 01'), get(0xde, 60_000)],
};

const block = (seed: number, length = 4096): Uint8Array => pattern(length, seed);

const WRITING: Readonly<Record<string, readonly TestCcw[]>> = {
  'update writes across tracks': [
    define(UPDATE),
    locate('01', 14, '0004000d 0b', 4096),
    ...Array.from({ length: 14 }, (_unused, at) => put(0x85, block(at))),
  ],
  'an update of a label': [
    define(UPDATE),
    locate('01', 1, '00000000 03', 84),
    put(0x8d, block(3, 84)),
  ],
  'an update that is too short': [
    define(UPDATE),
    locate('01', 1, '00040000 01', 4096),
    put(0x85, block(9, 100)),
  ],
  'an update of another length': [
    define(UPDATE),
    locate('01', 1, '00040000 01', 2048),
    put(0x85, block(9, 2048)),
  ],
  'an update behind R0': [
    define(UPDATE),
    locate('01', 1, '00040001 00', 4096),
    put(0x85, block(11)),
  ],
  'an update behind a record': [
    define(UPDATE),
    locate('81', 1, '00040001 02', 4096),
    put(0x85, block(12)),
  ],
  'a classic write as the last of a domain': [
    define(UPDATE),
    locate('01', 1, '00040001 05', 4096),
    put(0x05, block(13)),
  ],
  'a write in a domain of reads': [
    define(UPDATE),
    locate('06', 1, '00040001 05', 4096),
    put(0x85, block(13)),
  ],
  'a classic write': found('00040002', '04', put(0x05, block(14))),
  'a classic write of key and data': found('00000001', '04', put(0x0d, block(15, 140))),
  'a classic write without a search': [seek('00040002'), put(0x05, block(16))],
  'a classic write behind a search and a read': found(
    '00040002',
    '06',
    get(0x06, 4096),
    put(0x05, block(17)),
  ),
  'a classic write that the mask forbids': [
    put(0x1f, '40'),
    seek('00040002'),
    put(0x31, '0004000204'),
    tic(2),
    put(0x05, block(18)),
  ],
  'a format write that the mask forbids': [
    put(0x1f, '80'),
    seek('00040002'),
    put(0x31, '0004000204'),
    tic(2),
    put(0x1d, countField('00040002', 5, 0, 100)),
  ],
  'classic format writes': found(
    '00040003',
    '00',
    put(0x1d, whole('00040003', 1, 8, 1000)),
    put(0x1d, whole('00040003', 2, 0, 500)),
    put(0x1d, countField('00040003', 3, 4, 200)),
  ),
  'classic erase': found('00040004', '03', put(0x11, countField('00040004', 4, 0, 0))),
  'the first write of dasdfmt': [
    define(FORMAT, '00000000 00000000'),
    locate('03', 1, '00000000 00', 8),
    put(0x1d, '00000000 01 00 0000'),
  ],
  'the writes of dasdfmt': [
    put(0x63, '00c4 1000 0000 0004 00060000 00060002'),
    locate('03', 36, '00060000 00', 4096),
    ...Array.from({ length: 36 }, (_unused, at) => {
      const head = Math.floor(at / 12);
      const code = at > 0 && at % 12 === 0 ? 0x9d : 0x1d;
      return put(code, countField(`0006000${head}`, (at % 12) + 1, 0, 4096));
    }),
  ],
  'a next track in a domain that is not for formats': [
    define(FORMAT),
    locate('0b', 2, '00060004 00', 4096),
    put(0x1d, countField('00060004', 1, 0, 4096)),
    put(0x9d, countField('00060005', 1, 0, 4096)),
  ],
  'a next track first': [
    define(FORMAT),
    locate('03', 1, '00060004 00', 4096),
    put(0x9d, countField('00060005', 1, 0, 4096)),
  ],
  'more records than a track has room for': [
    define(FORMAT),
    locate('03', 15, '00060006 00', 4096),
    ...Array.from({ length: 15 }, (_unused, at) =>
      put(0x1d, countField('00060006', at + 1, 0, 4096)),
    ),
  ],
  'write R0 at the index': [
    define(MASKS_ALL),
    locate('c3', 2, '00060007 00', 100),
    put(0x15, countField('00060007', 0, 0, 8)),
    put(0x1d, whole('00060007', 1, 0, 100)),
  ],
  'write R0 at the home address': [
    define(MASKS_ALL),
    locate('43', 1, '00060008 00', 100),
    put(0x15, whole('00060008', 0, 0, 8)),
  ],
  'write R0 that the mask forbids': [
    define(FORMAT),
    locate('43', 1, '00060008 00', 100),
    put(0x15, whole('00060008', 0, 0, 8)),
  ],
  'write R0 behind a search of the home address': [
    put(0x1f, 'c0'),
    seek('00060009'),
    put(0x39, '00060009'),
    tic(2),
    put(0x15, countField('00060009', 0, 0, 8)),
    put(0x1d, whole('00060009', 1, 2, 300)),
  ],
  'a record of no data': [
    define(FORMAT),
    locate('03', 1, '0006000a 02', 100),
    put(0x1d, countField('0006000a', 3, 0, 0)),
  ],
  'reads to the end of a file': [
    seek('0006000a'),
    get(0x06, 4096),
    get(0x06, 4096),
    get(0x06, 4096),
    get(0x06, 4096),
  ],
  'a write to the end of a file': [
    define(UPDATE),
    locate('01', 1, '0006000a 03', 4096),
    put(0x85, block(1)),
  ],
  'an erase in a domain': [
    define(MASKS_ALL),
    locate('0b', 1, '0006000b 00', 100),
    put(0x11, countField('0006000b', 1, 0, 0)),
  ],
  'a write of R0 in a domain of tracks': [
    define(MASKS_ALL),
    locate('0b', 1, '0006000c 00', 100),
    put(0x05, block(5, 8)),
  ],
  'a read count behind a write': [
    define(UPDATE),
    put(0x47, '01810002 00070000 0007000001 ff 1000'),
    put(0x85, block(21)),
    get(0x92, 8),
  ],
};

/** All chains by name. */
export const CHAINS: ReadonlyMap<string, readonly TestCcw[]> = new Map(
  Object.entries({
    ...IDENTIFICATION,
    ...CLASSIC,
    ...ECKD,
    ...PARAMETERS,
    ...SUBSYSTEM,
    ...WRITING,
    ...EXTENDED,
  }),
);
