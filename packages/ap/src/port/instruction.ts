// One AP instruction between the registers of a slot and what carries it out.

import { AP_RESPONSE, encodeStatus, statusOf, type ApStatus } from '../hardware/status.ts';

/** What an instruction gets. */
export interface ApInstruction {
  /** One of `AP_OPERATION`, or anything. */
  readonly operation: number;
  readonly gr0: bigint;
  readonly gr1: bigint;
  readonly gr2: bigint;
  readonly psmid: bigint;
  readonly address: bigint;
  readonly length: number;
  /** The port has been reset: nobody waits for the result, and nothing more may happen. */
  isCancelled: boolean;
}

/** What an instruction gives. */
export interface ApResult {
  readonly cc: number;
  readonly gr0?: bigint;
  readonly gr1: bigint;
  readonly gr2?: bigint;
  readonly psmid?: bigint;
  readonly length?: number;
}

/** Something now or later. */
export type Awaitable<T> = T | Promise<T>;

/** Goes on with a value when it is there. */
export function whenDone<T, R>(value: Awaitable<T>, then: (value: T) => R): Awaitable<R> {
  return value instanceof Promise ? value.then(then) : then(value);
}

/** The queue an instruction is for. */
export function apqnOfInstruction({ gr0 }: ApInstruction): number {
  return Number(gr0 & 0xffffn);
}

/** A result that is a status: condition code 3 unless the response code is 0. */
export function statusResult(status: ApStatus, more: Partial<ApResult> = {}): ApResult {
  const cc = status.responseCode === AP_RESPONSE.NORMAL ? 0 : 3;
  return { cc, gr1: BigInt(encodeStatus(status)), ...more };
}

/** A result that is a response code. */
export function refusal(responseCode: number): ApResult {
  return statusResult(statusOf(responseCode));
}
