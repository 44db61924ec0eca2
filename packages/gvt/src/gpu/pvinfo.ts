// The PVINFO page: by it a guest's driver knows that its GPU is shared, learns its share, and tells what it does.
// Layout as in Linux drivers/gpu/drm/i915/i915_pvinfo.h.

import type { LogLevel } from '@vfio-ts/core';
import type { FailsafeReason, GpuShare } from './gpu.ts';
import type { Register, RegisterFamily } from './registers/register.ts';

/** Bytes from the start of BAR 0. */
export const PVINFO_BASE = 0x7_8000;
/** Bytes. */
export const PVINFO_SIZE = 0x1000;

/** `magic`: the bytes "vGTvGTvG". */
const MAGIC_LOW = 0x7654_4776;
const MAGIC_HIGH = 0x4776_5447;
const VERSION_MAJOR = 1;
/** Full PPGTT, emulation of the status page, 64 KiB and 2 MiB pages in PPGTTs. */
const CAPS = 0x1c;

const REG = {
  MAGIC_LOW: 0x00,
  MAGIC_HIGH: 0x04,
  VERSION: 0x08,
  VGT_ID: 0x0c,
  VGT_CAPS: 0x10,
  MAPPABLE_BASE: 0x40,
  MAPPABLE_SIZE: 0x44,
  UNMAPPABLE_BASE: 0x48,
  UNMAPPABLE_SIZE: 0x4c,
  FENCE_NUM: 0x50,
  DISPLAY_READY: 0x804,
  RSV5: 0x808,
  G2V_NOTIFY: 0x818,
  RSV6: 0x81c,
  CURSOR_X_HOT: 0x830,
  CURSOR_Y_HOT: 0x834,
  PDP: 0x838,
  EXECLIST_CONTEXT_LOW: 0x858,
  EXECLIST_CONTEXT_HIGH: 0x85c,
} as const;

/** What a guest says by `g2v_notify`. */
const NOTIFICATIONS: ReadonlyMap<number, string> = new Map([
  [2, 'PPGTT_L3_CREATE'],
  [3, 'PPGTT_L3_DESTROY'],
  [4, 'PPGTT_L4_CREATE'],
  [5, 'PPGTT_L4_DESTROY'],
  [6, 'EXECLIST_CONTEXT_CREATE'],
  [7, 'EXECLIST_CONTEXT_DESTROY'],
]);

/** What the page makes happen. */
export interface PvInfoHost {
  log(level: LogLevel, message: () => string): void;
  /** The guest's display driver has said whether it is ready. */
  displayReady(isReady: boolean): void;
  /** The vGPU has to enter failsafe mode. */
  failsafe(reason: FailsafeReason): void;
}

/** The page of one vGPU. */
export class PvInfo {
  /** Its registers, every dword of the page. A write of what is not for the guest is dropped. */
  readonly family: RegisterFamily;
  readonly #host: PvInfoHost;
  /** What was said to be odd, and is not said again. */
  readonly #odd = new Set<string>();
  #isNotified = false;
  #notifications = 0;

  constructor(share: GpuShare, host: PvInfoHost) {
    this.#host = host;
    const told = toldTo(share);
    const hole = this.#hole();
    const registers: Register[] = [];
    for (let at = 0; at < PVINFO_SIZE; at += 4) {
      const isUsed = told.has(at) || (at >= REG.DISPLAY_READY && at <= REG.EXECLIST_CONTEXT_HIGH);
      const rest = isUsed ? this.#register(at, told.get(at)) : hole;
      registers.push({ offset: PVINFO_BASE + at, ...rest });
    }
    this.family = { name: 'PVINFO', registers };
  }

  /** The guest has read of the page since the last reset: it knows that it shares. Counterpart of `pv_notified`. */
  get isNotified(): boolean {
    return this.#isNotified;
  }

  /** Notifications of page tables and contexts since the vGPU was made. */
  get notifications(): number {
    return this.#notifications;
  }

  /**
   * Forgets the guest at a device reset; the registers are reset with all others.
   *
   * @param keepsNotified - the guest comes back from D3 and will not read the page again
   */
  reset(keepsNotified: boolean): void {
    if (!keepsNotified) this.#isNotified = false;
  }

  /** A dword without a meaning; most of the page is so. */
  #hole(): Omit<Register, 'offset'> {
    return {
      name: 'PVINFO',
      kind: 'read-only',
      read: (stored) => {
        this.#isNotified = true;
        this.#sayOdd('read of a hole');
        return stored;
      },
      written: () => this.#sayOdd('write of a hole'),
    };
  }

  #register(at: number, initial: number | undefined): Omit<Register, 'offset'> {
    const isTold = initial !== undefined || at === REG.RSV6;
    const written = this.#write(at);
    const act = written ?? this.#refuse(at);
    return {
      name: `PVINFO${place(at)}`,
      kind: written === undefined ? 'read-only' : 'storage',
      ...(initial !== undefined && { initial }),
      ...(isHotSpot(at) && { initial: 0xffff_ffff }),
      read: (stored) => {
        this.#isNotified = true;
        if (!isTold) this.#sayOdd(`read of ${place(at)}`);
        return stored;
      },
      written: (value) => act(value),
    };
  }

  /** What a write does that is stored; `undefined` where none is. */
  #write(at: number): ((value: number) => void) | undefined {
    if (at === REG.DISPLAY_READY) return (value) => this.#host.displayReady(value !== 0);
    if (at === REG.G2V_NOTIFY) return (value) => this.#notify(value);
    return isHotSpot(at) || (at >= REG.PDP && at <= REG.EXECLIST_CONTEXT_HIGH)
      ? () => undefined
      : undefined;
  }

  #refuse(at: number): () => void {
    // Drivers before fence_num and the windows said here that these are too small for them.
    if (at >= REG.RSV5 && at < REG.G2V_NOTIFY) {
      return () => this.#host.failsafe('insufficient resource');
    }
    return () => this.#sayOdd(`write of ${place(at)}`);
  }

  #notify(value: number): void {
    const name = NOTIFICATIONS.get(value);
    if (name === undefined) this.#sayOdd('notification', value);
    else this.#notifications++;
  }

  #sayOdd(what: string, value?: number): void {
    if (this.#odd.has(what)) return;
    this.#odd.add(what);
    this.#host.log('debug', () => `PVINFO: odd ${what}${value === undefined ? '' : ` ${value}`}`);
  }
}

function place(at: number): string {
  return `+0x${at.toString(16)}`;
}

function isHotSpot(at: number): boolean {
  return at === REG.CURSOR_X_HOT || at === REG.CURSOR_Y_HOT;
}

/** What the page tells the guest, by offset. */
function toldTo({ id, mappable, unmappable, fences }: GpuShare): ReadonlyMap<number, number> {
  return new Map([
    [REG.MAGIC_LOW, MAGIC_LOW],
    [REG.MAGIC_HIGH, MAGIC_HIGH],
    [REG.VERSION, VERSION_MAJOR],
    [REG.VGT_ID, id],
    [REG.VGT_CAPS, CAPS],
    [REG.MAPPABLE_BASE, mappable.base],
    [REG.MAPPABLE_SIZE, mappable.size],
    [REG.UNMAPPABLE_BASE, unmappable.base],
    [REG.UNMAPPABLE_SIZE, unmappable.size],
    [REG.FENCE_NUM, fences],
  ]);
}
