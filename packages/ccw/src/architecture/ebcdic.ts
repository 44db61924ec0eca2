// EBCDIC, the characters of labels, serial numbers and terminals. Both code pages have the characters of Latin-1.

/** Code page 037 is that of most American data; 1047 that of Linux and of open systems services. */
export type EbcdicCodePage = '037' | '1047';

/** Code page 037, sixteen characters a line. */
const CP037 = [
  '\x00\x01\x02\x03\x9c\x09\x86\x7f\x97\x8d\x8e\x0b\x0c\x0d\x0e\x0f',
  '\x10\x11\x12\x13\x9d\x85\x08\x87\x18\x19\x92\x8f\x1c\x1d\x1e\x1f',
  '\x80\x81\x82\x83\x84\x0a\x17\x1b\x88\x89\x8a\x8b\x8c\x05\x06\x07',
  '\x90\x91\x16\x93\x94\x95\x96\x04\x98\x99\x9a\x9b\x14\x15\x9e\x1a',
  ' \xa0âäàáãåçñ¢.<(+|',
  '&éêëèíîïìß!$*);¬',
  '-/ÂÄÀÁÃÅÇÑ¦,%_>?',
  'øÉÊËÈÍÎÏÌ`:#@\'="',
  'Øabcdefghi«»ðýþ±',
  '°jklmnopqrªºæ¸Æ¤',
  'µ~stuvwxyz¡¿ÐÝÞ®',
  '^£¥·©§¶¼½¾[]¯¨´×',
  '{ABCDEFGHI\xadôöòóõ',
  '}JKLMNOPQR¹ûüùúÿ',
  '\\÷STUVWXYZ²ÔÖÒÓÕ',
  '0123456789³ÛÜÙÚ\x9f',
].join('');

/** Where code page 1047 differs. */
const CP1047_DIFFERENCES: ReadonlyMap<number, string> = new Map([
  [0x5f, '^'],
  [0xad, '['],
  [0xb0, '¬'],
  [0xba, 'Ý'],
  [0xbb, '¨'],
  [0xbd, ']'],
]);

interface Table {
  readonly characters: readonly string[];
  readonly codes: ReadonlyMap<string, number>;
}

const TABLES: Readonly<Record<EbcdicCodePage, Table>> = {
  '037': tableOf(Array.from(CP037)),
  '1047': tableOf(
    Array.from(CP037, (character, code) => CP1047_DIFFERENCES.get(code) ?? character),
  ),
};

function tableOf(characters: readonly string[]): Table {
  return { characters, codes: new Map(characters.map((character, code) => [character, code])) };
}

/** What stands for a character that EBCDIC does not have: SUB. */
const SUBSTITUTE = 0x3f;

/** The blank. */
export const EBCDIC_BLANK = 0x40;

/** How text is encoded. */
export interface EbcdicEncoding {
  /** 1047 when left out. */
  readonly codePage?: EbcdicCodePage;
  /** Bytes wanted: the text is cut, or filled with blanks; as long as the text when left out. */
  readonly length?: number;
}

/** Text of EBCDIC bytes, one character a byte. */
export function decodeEbcdic(bytes: Uint8Array, codePage: EbcdicCodePage = '1047'): string {
  const { characters } = TABLES[codePage];
  return Array.from(bytes, (code) => characters[code]).join('');
}

/**
 * Opposite of {@link decodeEbcdic}. A character that is none of Latin-1 becomes SUB (3F).
 */
export function encodeEbcdic(
  text: string,
  { codePage = '1047', length }: EbcdicEncoding = {},
): Uint8Array {
  const { codes } = TABLES[codePage];
  const encoded = Array.from(text, (character) => codes.get(character) ?? SUBSTITUTE);
  const bytes = new Uint8Array(length ?? encoded.length).fill(EBCDIC_BLANK);
  bytes.set(encoded.slice(0, bytes.length));
  return bytes;
}
