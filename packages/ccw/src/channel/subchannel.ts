// A subchannel as the driver sees it: the channel instructions, and what the machine tells of it. Principles of
// Operation, chapters 13 to 17; Linux drivers/s390/cio/ioasm.c and css.c.

import type { ChannelProgram } from './channel-program.ts';

/** 0 done; 1 status pending; 2 busy; 3 not operational. */
export type ConditionCode = 0 | 1 | 2 | 3;

/** What is heard of a subchannel. */
export interface SubchannelListener {
  /** A status is pending: {@link Subchannel.test} takes it. */
  interrupt(): void;
  /** The subchannel or its device has come, gone or changed. Counterpart of `sch_event`. */
  changed(): void;
  /** Something has happened to a channel path. Counterpart of `chp_event`. */
  path(event: PathEvent): void;
}

/** A channel path has changed. */
export interface PathEvent {
  readonly kind: 'vary off' | 'vary on' | 'offline' | 'online';
  /** The path of this subchannel, `0x80 >> i`. */
  readonly mask: number;
  /** 0 to 255. */
  readonly chpid: number;
}

/** One subchannel. No call waits, none throws. */
export interface Subchannel {
  /** `0.ssid.number`, for example `0.0.313f`. */
  readonly name: string;
  /** SSCH. The program's end is an interrupt, which may come before this returns. */
  start(program: ChannelProgram): ConditionCode;
  /** HSCH. */
  halt(): ConditionCode;
  /** CSCH. */
  clear(): ConditionCode;
  /** XSCH: 0 when a program that has not begun was taken back. */
  cancel(): ConditionCode;
  /** TSCH: takes the pending status, an IRB of 96 bytes; `undefined` when there is none. */
  test(): Uint8Array | undefined;
  /** STSCH: the SCHIB, 52 bytes; `undefined` when the subchannel is gone. */
  store(): Uint8Array | undefined;
  /** MSCH that enables or disables: 0; 2 a function is in progress; 3 gone. */
  enable(isEnabled: boolean): ConditionCode;
  /** Sets who hears of it; nobody where left out. */
  listen(listener: SubchannelListener | undefined): void;
}
