// Commands of the blitter. Kaby Lake PRM, volume 2a, XY_*_BLT.
//
// The surfaces of a blit are in the addresses of the context's process, wherever the command itself is.

import { Tiling } from '../../memory/tiling.ts';
import { addressAt, length8, Outcome, type Command, type CommandContext } from '../command.ts';
import { BCS_SWCTRL } from '../engine-offsets.ts';
import type { Rectangle } from './blitter.ts';
import { ROP_SOURCE } from './rop.ts';

const OPCODE_SHIFT = 22;
const XY_SETUP_BLT = 0x01;
const XY_SETUP_CLIP_BLT = 0x03;
const XY_FAST_COPY_BLT = 0x42;
const XY_COLOR_BLT = 0x50;
const XY_SRC_COPY_BLT = 0x53;

const WRITE_ALPHA = 1 << 21;
const WRITE_RGB = 1 << 20;
const SOURCE_TILED = 1 << 15;
const DESTINATION_TILED = 1 << 11;
const CLIPPED = 1 << 30;
const SOURCE_Y = 1 << 0;
const DESTINATION_Y = 1 << 1;
const ALPHA = 0xff00_0000;
const RGB = 0x00ff_ffff;

const DEPTHS: readonly number[] = [1, 2, 2, 4];
const FAST_DEPTHS: readonly number[] = [1, 2, 0, 4, 8, 16, 0, 0];
const FAST_TILINGS: readonly (Tiling | undefined)[] = [
  Tiling.linear,
  Tiling.x,
  Tiling.y,
  undefined,
];
const FAST_SOURCE_YF = 0x8000_0000;
const FAST_DESTINATION_YF = 0x4000_0000;

const colorBlt: Command = {
  name: 'XY_COLOR_BLT',
  length: length8,
  execute(cs, header) {
    const { blitter, stream } = cs;
    if (!blitter.isBusy) {
      setDestination(cs, header);
      blitter.color = stream.word(6);
      blitter.beginFill((stream.word(1) & CLIPPED) !== 0);
    }
    return go(cs);
  },
};

const sourceCopyBlt: Command = {
  name: 'XY_SRC_COPY_BLT',
  length: length8,
  execute(cs, header) {
    const { blitter, stream } = cs;
    if (!blitter.isBusy) {
      setDestination(cs, header);
      const isTiled = (header & SOURCE_TILED) !== 0;
      const tiling = isTiled ? tilingOf(cs, SOURCE_Y) : Tiling.linear;
      setSource(cs, tiling);
      blitter.beginCopy((stream.word(1) & CLIPPED) !== 0);
    }
    return go(cs);
  },
};

const fastCopyBlt: Command = {
  name: 'XY_FAST_COPY_BLT',
  length: length8,
  execute(cs, header) {
    const { blitter, stream } = cs;
    if (!blitter.isBusy) {
      const format = stream.word(1);
      const depth = FAST_DEPTHS[(format >>> 24) & 7] ?? 0;
      const from = fastTiling(header >>> 20, (format & FAST_SOURCE_YF) !== 0, depth);
      const to = fastTiling(header >>> 13, (format & FAST_DESTINATION_YF) !== 0, depth);
      if (from === undefined || to === undefined || depth === 0) {
        cs.refuse(header);
        return Outcome.next;
      }
      blitter.depth = depth;
      blitter.rop = ROP_SOURCE;
      blitter.mask = ALPHA + RGB;
      place(cs, to);
      setSource(cs, from);
      blitter.beginCopy(false);
    }
    return go(cs);
  },
};

const setupClipBlt: Command = {
  name: 'XY_SETUP_CLIP_BLT',
  length: length8,
  execute(cs) {
    setRectangle(cs, cs.blitter.clip, 1);
    return Outcome.next;
  },
};

const setupBlt: Command = {
  name: 'XY_SETUP_BLT',
  length: length8,
  execute(cs) {
    setRectangle(cs, cs.blitter.clip, 2);
    return Outcome.next;
  },
};

const unknown: Command = {
  name: 'XY unknown',
  length: length8,
  execute(cs, header) {
    cs.refuse(header);
    return Outcome.next;
  },
};

/** The command of type 2 that a header begins. */
export function blitCommand(header: number): Command {
  switch ((header >>> OPCODE_SHIFT) & 0x7f) {
    case XY_COLOR_BLT:
      return colorBlt;
    case XY_SRC_COPY_BLT:
      return sourceCopyBlt;
    case XY_FAST_COPY_BLT:
      return fastCopyBlt;
    case XY_SETUP_CLIP_BLT:
      return setupClipBlt;
    case XY_SETUP_BLT:
      return setupBlt;
    default:
      return unknown;
  }
}

function go(cs: CommandContext): Outcome {
  cs.worked(cs.blitter.step());
  return cs.blitter.isBusy ? Outcome.again : Outcome.next;
}

/** What XY_COLOR_BLT and XY_SRC_COPY_BLT have in common. */
function setDestination(cs: CommandContext, header: number): void {
  const { blitter, stream } = cs;
  const format = stream.word(1);
  blitter.depth = DEPTHS[(format >>> 24) & 3] ?? 4;
  blitter.rop = (format >>> 16) & 0xff;
  const alpha = (header & WRITE_ALPHA) === 0 ? 0 : ALPHA;
  const rgb = (header & WRITE_RGB) === 0 ? 0 : RGB;
  blitter.mask = alpha + rgb;
  place(cs, (header & DESTINATION_TILED) === 0 ? Tiling.linear : tilingOf(cs, DESTINATION_Y));
}

function place(cs: CommandContext, tiling: Tiling): void {
  const { blitter, stream } = cs;
  const pitch = pitchOf(stream.word(1), tiling);
  blitter.destination.set(cs.ppgtt, byteAddressAt(cs, 4), pitch, tiling);
  setRectangle(cs, blitter.rectangle, 2);
}

function setSource(cs: CommandContext, tiling: Tiling): void {
  const { blitter, stream } = cs;
  blitter.source.set(cs.ppgtt, byteAddressAt(cs, 8), pitchOf(stream.word(7), tiling), tiling);
  blitter.sourceLeft = signed(stream.word(6));
  blitter.sourceTop = stream.word(6) >> 16;
}

function setRectangle(cs: CommandContext, rectangle: Rectangle, at: number): void {
  const first = cs.stream.word(at);
  const second = cs.stream.word(at + 1);
  rectangle.left = signed(first);
  rectangle.top = first >> 16;
  rectangle.right = signed(second);
  rectangle.bottom = second >> 16;
}

function byteAddressAt(cs: CommandContext, index: number): number {
  return addressAt(cs.stream, index) + (cs.stream.word(index) & 3);
}

/** The low half of a dword. */
function signed(word: number): number {
  return (word << 16) >> 16;
}

/** Bytes; tiled surfaces have it in dwords. */
function pitchOf(word: number, tiling: Tiling): number {
  return signed(word) * (tiling === Tiling.linear ? 1 : 4);
}

/** @returns `undefined` for layouts that are not known */
function fastTiling(bits: number, isYf: boolean, depth: number): Tiling | undefined {
  const tiling = FAST_TILINGS[bits & 3];
  if (tiling !== Tiling.y || !isYf) return tiling;
  return depth === 2 || depth === 4 ? Tiling.yf : undefined;
}

function tilingOf(cs: CommandContext, isY: number): Tiling {
  const control = cs.registers.get(cs.engine.base + BCS_SWCTRL);
  return (control & isY) === 0 ? Tiling.x : Tiling.y;
}
