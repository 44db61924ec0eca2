// Seeks and what belongs to them: file mask, sector, no-operation.

import type { CommandEnd, DeviceCommand } from '../../channel/control-unit.ts';
import { cchhAt, trackOf } from '../addresses.ts';
import { AUTHORISATION, SEEK_CONTROL } from '../chain.ts';
import { requirePosition } from '../motion.ts';
import { UnitCheck } from '../sense.ts';
import type { Step } from '../../channel/steps.ts';
import { headOf } from '../track-image.ts';
import { gave, parameters, requireNoDomain, took } from '../unit.ts';
import type { CommandTable, Unit } from '../unit.ts';

/** Bytes of a seek address: 0 0 CC HH. */
const SEEK_SIZE = 6;

/** Seek controls of a file mask under which a seek is allowed. */
const ALLOWED_UNDER: Readonly<Record<number, readonly number[]>> = {
  0x07: [SEEK_CONTROL.ANY],
  0x0b: [SEEK_CONTROL.ANY, SEEK_CONTROL.CYLINDER_AND_HEAD],
  0x1b: [SEEK_CONTROL.ANY, SEEK_CONTROL.CYLINDER_AND_HEAD, SEEK_CONTROL.HEAD],
};

const SEEK_HEAD = 0x1b;

function* seek(unit: Unit, command: DeviceCommand): Step<CommandEnd> {
  const { chain, arm } = unit;
  const { code } = command;
  requireNoDomain(unit);
  if (code === SEEK_HEAD) requirePosition(unit);
  const isAllowed = ALLOWED_UNDER[code]?.includes(chain.mask & SEEK_CONTROL.MASK) ?? false;
  if (!isAllowed) throw new UnitCheck('fileProtected');
  const bytes = parameters(command, SEEK_SIZE);
  const asked = trackOf(unit.geometry, cchhAt(bytes, 2));
  const isZero = bytes[0] === 0 && bytes[1] === 0;
  const track = code === SEEK_HEAD ? headTrack(unit, bytes) : asked;
  if (!isZero || track === undefined) throw new UnitCheck('invalidParameter', SEEK_SIZE);
  if (!chain.isInExtent(track)) throw new UnitCheck('fileProtected', SEEK_SIZE);
  yield* arm.seek(track);
  chain.isPositioned = true;
  return took(SEEK_SIZE);
}

/** The track of a head in the cylinder where the arm is. */
function headTrack({ arm, geometry }: Unit, bytes: Uint8Array): number | undefined {
  const head = headOf(cchhAt(bytes, 2));
  return head < geometry.heads ? arm.cylinder * geometry.heads + head : undefined;
}

function* recalibrate(unit: Unit): Step<CommandEnd> {
  const { chain, arm } = unit;
  requireNoDomain(unit);
  const isSeekAllowed = (chain.mask & SEEK_CONTROL.MASK) === SEEK_CONTROL.ANY;
  const isDiagnostic = (chain.mask & AUTHORISATION.MASK) === AUTHORISATION.DIAGNOSTIC;
  if (!isSeekAllowed || isDiagnostic || !chain.isInExtent(0)) throw new UnitCheck('fileProtected');
  yield* arm.seek(0);
  chain.isPositioned = true;
  return took(0);
}

/** Bits of a file mask that have no meaning. */
export const MASK_RESERVED = 0x20;

function setFileMask(unit: Unit, command: DeviceCommand): CommandEnd {
  const { chain } = unit;
  requireNoDomain(unit);
  if (chain.isExtentDefined || chain.isMaskSet) throw new UnitCheck('invalidSequence');
  const [mask = 0] = parameters(command, 1);
  if ((mask & MASK_RESERVED) !== 0) throw new UnitCheck('invalidParameter', 1);
  chain.mask = mask;
  chain.isMaskSet = true;
  return took(1);
}

function setSector(unit: Unit, command: DeviceCommand): CommandEnd {
  requireNoDomain(unit);
  requirePosition(unit);
  parameters(command, 1);
  return took(1);
}

/** The angle is not kept: a Set Sector with what is given here does no harm. */
function readSector(unit: Unit): CommandEnd {
  requireNoDomain(unit);
  return gave(new Uint8Array(1));
}

function noOperation(unit: Unit): CommandEnd {
  requireNoDomain(unit);
  return took(0);
}

/** Commands that move the arm, or say where it may go. */
export const SEEKS: CommandTable = {
  0x03: noOperation,
  0x07: seek,
  0x0b: seek,
  0x1b: seek,
  0x13: recalibrate,
  0x1f: setFileMask,
  0x22: readSector,
  0x23: setSector,
};
