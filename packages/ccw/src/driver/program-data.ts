// Where the data of a CCW is: in one piece, or in the blocks that its IDAWs name. Counterpart of ccwchain_fetch_ccw()
// (drivers/s390/cio/vfio_ccw_cp.c).

import { IOVA_LIMIT } from '@vfio-ts/core';
import {
  CCW0_ADDRESS_LIMIT,
  CCW1_ADDRESS_LIMIT,
  CCW_CMD_NOOP,
  CCW_FLAG_CD,
  CCW_FLAG_IDA,
  CCW_FLAG_MIDA,
  CCW_FLAG_SKIP,
  decodeIdaws,
  idawCount,
  idawFormat,
  isInput,
  type Ccw,
  type IdawFormat,
} from '../architecture/index.ts';
import type { DataPiece } from '../channel/channel-program.ts';
import type { GuestRead } from './guest-read.ts';

/** Guest memory is never there. */
export const NOWHERE: number = IOVA_LIMIT;

/** How the data of a program is found. */
export interface DataOptions {
  /** Of the ORB. */
  readonly control: number;
  readonly isFormat1: boolean;
  /** Is given each range that data can go to or come from. */
  readonly pin: (iova: number, length: number) => void;
}

/**
 * The data of one CCW, `count` bytes together. Where an address is not one a CCW can name, or an IDAW does not start
 * its block, the rest is at {@link NOWHERE}: a program check when the transfer gets there, and not before.
 *
 * @param previous - the CCW before it in storage; with data chaining the command is not this CCW's own
 * @throws what reading an IDAW or `pin` throws
 */
export function* dataPieces(
  ccw: Ccw,
  previous: Ccw | undefined,
  { control, isFormat1, pin }: DataOptions,
): GuestRead<readonly DataPiece[]> {
  const { address, count, flags } = ccw;
  const format = idawFormat(control);
  const hasIdaws = (flags & CCW_FLAG_IDA) !== 0;
  // The kernel reads the list even where no data moves: a list that is not there is an error all the same.
  const found = hasIdaws
    ? blocks(yield* readIdaws(address, count, format), count, format)
    : direct(address, count, isFormat1 ? CCW1_ADDRESS_LIMIT : CCW0_ADDRESS_LIMIT);
  // The kernel does not know MIDAWs: what the address names is no data.
  const pieces = (flags & CCW_FLAG_MIDA) === 0 ? found : [];
  if (movesData(ccw, previous)) {
    for (const { iova, length } of pieces) pin(iova, length);
  }
  return withRest(pieces, count);
}

/** Counterpart of `ccw_does_data_transfer()`, which takes each CCW by itself. */
function movesData({ command, flags, count }: Ccw, previous: Ccw | undefined): boolean {
  if (count === 0) return false;
  const isOwnCommand = ((previous?.flags ?? 0) & CCW_FLAG_CD) === 0;
  if (isOwnCommand && command === CCW_CMD_NOOP) return false;
  return (flags & CCW_FLAG_SKIP) === 0 || (isOwnCommand && !isInput(command));
}

function withRest(pieces: readonly DataPiece[], count: number): readonly DataPiece[] {
  const rest = pieces.reduce((left, { length }) => left - length, count);
  return rest === 0 ? pieces : [...pieces, { iova: NOWHERE, length: rest }];
}

function direct(iova: number, count: number, limit: number): DataPiece[] {
  const length = Math.min(count, limit - iova);
  return length > 0 ? [{ iova, length }] : [];
}

/**
 * The first IDAW tells how many there are.
 */
function* readIdaws(list: number, count: number, format: IdawFormat): GuestRead<number[]> {
  const first = decodeIdaws(yield { iova: list, length: format.size }, 1, format);
  const [address = Infinity] = first;
  if (address === Infinity) return first;
  const words = idawCount(address, count, format);
  if (words === 1) return first;
  return decodeIdaws(yield { iova: list, length: words * format.size }, words, format);
}

/** Blocks that adjoin are one piece. */
function blocks(idaws: readonly number[], count: number, { size, block }: IdawFormat): DataPiece[] {
  const limit = size === 4 ? CCW1_ADDRESS_LIMIT : Number.MAX_SAFE_INTEGER;
  const pieces: DataPiece[] = [];
  let current = { iova: NOWHERE, length: 0 };
  let left = count;
  for (const iova of idaws) {
    const offset = iova % block;
    const isWrong = iova >= limit || (left < count && offset !== 0);
    if (isWrong || left === 0) break;
    const length = Math.min(left, block - offset);
    left -= length;
    if (iova === current.iova + current.length) {
      current.length += length;
    } else {
      current = { iova, length };
      pieces.push(current);
    }
  }
  return pieces;
}
