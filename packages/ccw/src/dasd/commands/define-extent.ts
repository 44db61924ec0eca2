// Define Extent (63): what the chain may do, and where. IBM 3990 Storage Control Reference, "Define Extent".

import type { CommandEnd, DeviceCommand } from '../../channel/control-unit.ts';
import { halfWordAt, trackAt } from '../addresses.ts';
import { UnitCheck } from '../sense.ts';
import { parameters, requireNoDomain, took } from '../unit.ts';
import type { CommandTable, Unit } from '../unit.ts';
import { MASK_RESERVED } from './seeks.ts';

/** Bytes of the parameters, and with the extended ones. */
const SIZE = 16;
const EXTENDED_SIZE = 32;

/** Byte 7: the parameters are extended. */
const HAS_EXTENDED = 0x02;

/** Byte 1: the mode, which is to be ECKD. */
const MODE = 0xc0;

/** Bytes 4 to 6 have no meaning. */
const RESERVED = { from: 4, to: 7 } as const;

/** An R0 is longer than its data by this. */
const R0_COUNT_SIZE = 8;

/**
 * Does what Define Extent asks for.
 *
 * @param taken - bytes the device has taken, for a refusal
 * @throws UnitCheck
 */
export function defineExtent(unit: Unit, bytes: Uint8Array, taken: number): void {
  const { chain, geometry } = unit;
  requireNoDomain(unit, taken);
  if (chain.isMaskSet || chain.hasReadIpl) throw new UnitCheck('invalidSequence', taken);
  const [mask = 0, attributes = 0] = bytes;
  const longest = unit.model.longestR0 + R0_COUNT_SIZE;
  const asked = halfWordAt(bytes, 2);
  const blockSize = asked === 0 ? longest : asked;
  const isSecond = chain.isExtentDefined;
  const isSame =
    mask === chain.mask && attributes === chain.attributes && blockSize === chain.blockSize;
  if (isSecond && !isSame) throw new UnitCheck('invalidSequence', taken);
  const isValid =
    (attributes & MODE) === MODE &&
    (mask & MASK_RESERVED) === 0 &&
    blockSize <= longest &&
    bytes.subarray(RESERVED.from, RESERVED.to).every((byte) => byte === 0);
  if (!isValid) throw new UnitCheck('invalidParameter', taken);
  const first = trackAt(geometry, bytes, 8, taken);
  const last = trackAt(geometry, bytes, 12, taken);
  if (last < first || !chain.isInExtent(first) || !chain.isInExtent(last)) {
    throw new UnitCheck(isSecond ? 'invalidSequence' : 'invalidParameter', taken);
  }
  chain.mask = mask;
  chain.attributes = attributes;
  chain.blockSize = blockSize;
  chain.extent = { first, last };
  chain.isExtentDefined = true;
}

function execute(unit: Unit, command: DeviceCommand): CommandEnd {
  const bytes = parameters(command, SIZE);
  const isExtended = ((bytes[7] ?? 0) & HAS_EXTENDED) !== 0;
  const size = isExtended && command.data.length >= EXTENDED_SIZE ? EXTENDED_SIZE : SIZE;
  defineExtent(unit, bytes, size);
  return took(size);
}

/** Define Extent. */
export const DEFINE_EXTENT: CommandTable = { 0x63: execute };
