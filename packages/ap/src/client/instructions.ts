// AP instructions as a guest issues them.

import type { ApStatus } from '../hardware/status.ts';
import {
  AP_AQIC_ENABLE,
  AP_NQAP_WHOLE,
  AP_OPERATION,
  AP_PQAP,
  AP_TAPQ_FACILITIES,
} from '../port/layout.ts';

/** An instruction. Its guest addresses are the port's business. */
export interface Instruction {
  /** One of `AP_OPERATION`. */
  readonly operation: number;
  readonly gr0: number;
  readonly gr1?: bigint;
  readonly gr2?: bigint;
  readonly psmid?: bigint;
  /** What NQAP sends. */
  readonly message?: Uint8Array;
  /** The block of QCI is to be stored. */
  readonly isQuery?: boolean;
}

/** What an instruction gives. */
export interface InstructionResult {
  readonly status: ApStatus;
  readonly gr2: bigint;
  /** Of the request that was replied to. */
  readonly psmid: bigint;
  /** What DQAP and QCI have stored; the caller's. */
  readonly bytes: Uint8Array;
}

/** A way to issue AP instructions. */
export interface Instructions {
  /** How many can be issued at once. */
  readonly limit: number;
  /** Issues instructions in their order. Rejects only where the device cannot be reached any more. */
  issue(instructions: readonly Instruction[]): Promise<readonly InstructionResult[]>;
}

/** Adds a request. */
export function nqap(apqn: number, psmid: bigint, message: Uint8Array): Instruction {
  return { operation: AP_OPERATION.NQAP, gr0: apqn | AP_NQAP_WHOLE, psmid, message };
}

/** Takes a reply. */
export function dqap(apqn: number): Instruction {
  return { operation: AP_OPERATION.DQAP, gr0: apqn };
}

/** Looks at a queue and what it is. */
export function tapq(apqn: number): Instruction {
  return pqap(AP_PQAP.TAPQ, apqn | AP_TAPQ_FACILITIES);
}

/** Empties a queue. */
export function rapq(apqn: number): Instruction {
  return pqap(AP_PQAP.RAPQ, apqn);
}

/** Empties a queue and destroys what it knows. */
export function zapq(apqn: number): Instruction {
  return pqap(AP_PQAP.ZAPQ, apqn);
}

/** Enables interrupts of subclass 0, told by the byte at the guest address `nib`. */
export function aqic(apqn: number, nib: number): Instruction {
  return { ...pqap(AP_PQAP.AQIC, apqn), gr1: AP_AQIC_ENABLE, gr2: BigInt(nib) };
}

/** Asks what there is. */
export function qci(): Instruction {
  return { ...pqap(AP_PQAP.QCI, 0), isQuery: true };
}

function pqap(functionCode: number, low: number): Instruction {
  return { operation: AP_OPERATION.PQAP, gr0: functionCode * 0x100_0000 + low };
}

/** The only result; of an instruction that was issued alone. */
export async function issueOne(
  instructions: Instructions,
  instruction: Instruction,
): Promise<InstructionResult> {
  const [result] = await instructions.issue([instruction]);
  if (result === undefined) throw new RangeError('an instruction without a result');
  return result;
}
