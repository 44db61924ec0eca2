// Chains as they are told: one line of JSON each, its bytes in hex.

import { VfioError } from '@vfio-ts/core';
import type { TracedChain, TracedCommand } from '@vfio-ts/ccw';
import type { DeviceKind } from '@vfio-ts/ccw/client';

/** Where the chains of the device on a socket are told. */
export function tracePath(socket: string): string {
  return `${socket}.trace`;
}

/** A command of a {@link ChainLine}. */
interface CommandLine {
  readonly code: number;
  readonly count: number;
  readonly output: string;
  readonly input: string;
  readonly status?: number;
  readonly sense?: string;
}

/** What is told of a chain. */
export interface ChainLine {
  /** When it ended. */
  readonly time: string;
  /** The control unit. */
  readonly unit: string;
  /** What its commands are called by. */
  readonly kind: DeviceKind;
  readonly commands: readonly CommandLine[];
  readonly omitted: number;
  readonly isAborted: boolean;
  readonly end?: { readonly status: number; readonly sense?: string };
}

/** A chain as it is told. */
export function chainLine(chain: TracedChain, kind: DeviceKind, time: Date): ChainLine {
  const { unit, commands, omitted, isAborted, end } = chain;
  return {
    time: time.toISOString(),
    unit,
    kind,
    commands: commands.map((command) => commandLine(command)),
    omitted,
    isAborted,
    ...(end !== undefined && { end: { status: end.status, ...endLine(end) } }),
  };
}

function commandLine({ code, count, output, input, ...ending }: TracedCommand): CommandLine {
  return { code, count, output: output.toHex(), input: input.toHex(), ...endLine(ending) };
}

interface Ending {
  readonly status: number | undefined;
  readonly sense: Uint8Array | undefined;
}

function endLine({ status, sense }: Ending): { status?: number; sense?: string } {
  return {
    ...(status !== undefined && { status }),
    ...(sense !== undefined && { sense: sense.toHex() }),
  };
}

/** What a line tells. */
export type Told =
  | {
      readonly time: string;
      readonly kind: DeviceKind | undefined;
      readonly chain: TracedChain;
    }
  | { readonly lost: number };

/** Reads a line. @throws `EPROTO` it is none of ours */
export function parseTold(line: string): Told {
  let told: unknown;
  try {
    told = JSON.parse(line);
  } catch (cause) {
    throw notOurs('no JSON', cause);
  }
  if (!isRecord(told)) throw notOurs('no object');
  if (typeof told['lost'] === 'number') return { lost: told['lost'] };
  const { time, unit, kind, commands, omitted, isAborted, end } = told;
  if (typeof time !== 'string' || typeof unit !== 'string') throw notOurs('no time or unit');
  if (typeof omitted !== 'number' || typeof isAborted !== 'boolean' || !Array.isArray(commands)) {
    throw notOurs('no chain');
  }
  return {
    time,
    kind: isKind(kind) ? kind : undefined,
    chain: {
      unit,
      commands: commands.map((command: unknown) => parseCommand(command)),
      omitted,
      isAborted,
      end: end === undefined ? undefined : parseEnd(end),
    },
  };
}

function parseCommand(told: unknown): TracedCommand {
  if (!isRecord(told)) throw notOurs('a command that is no object');
  const { code, count, output, input, status, sense } = told;
  if (!isByte(code) || typeof count !== 'number') throw notOurs('a command without code or count');
  return {
    code,
    count,
    output: bytes(output),
    input: bytes(input),
    status: isByte(status) ? status : undefined,
    sense: sense === undefined ? undefined : bytes(sense),
  };
}

function parseEnd(told: unknown): NonNullable<TracedChain['end']> {
  if (!isRecord(told) || !isByte(told['status'])) throw notOurs('an end without status');
  const { status, sense } = told;
  return { status, sense: sense === undefined ? undefined : bytes(sense) };
}

function bytes(told: unknown): Uint8Array {
  if (typeof told !== 'string' || !/^(?:[\da-f]{2})*$/u.test(told)) throw notOurs('no bytes');
  return Uint8Array.fromHex(told);
}

function isByte(told: unknown): told is number {
  return typeof told === 'number' && Number.isInteger(told) && told >= 0 && told <= 0xff;
}

function isKind(told: unknown): told is DeviceKind {
  return told === 'dasd' || told === 'tape' || told === 'terminal';
}

function isRecord(told: unknown): told is Readonly<Record<string, unknown>> {
  return typeof told === 'object' && told !== null && !Array.isArray(told);
}

function notOurs(fact: string, cause?: unknown): VfioError {
  return new VfioError('EPROTO', 'trace', `what was told is no chain: ${fact}`, { cause });
}
