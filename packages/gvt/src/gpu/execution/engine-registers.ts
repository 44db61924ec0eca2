// The registers of one command streamer. Kaby Lake PRM, volume 2c.

import type { GraphicsRange } from '../gpu.ts';
import type { EngineLayout } from '../registers/engines.ts';
import type { Register, RegisterFamily } from '../registers/register.ts';
import * as offsets from './engine-offsets.ts';
import { STATUS_POINTER_AT_RESET } from './status-buffer.ts';

const PAGE = 0xffff_f000;
const RUN_LIST_ENABLE = 1 << 15;
/** Only for drivers that know nothing of sharing. */
const FORBIDDEN_MODE = 1 << 0;
const GPRS = 16;
const STATUS_ENTRIES = 6;

/** What the registers act on. */
export interface EngineActions {
  /** Graphics memory that the vGPU has. */
  readonly windows: readonly GraphicsRange[];
  submit(value: number): void;
  /** Run lists are switched on. */
  runListsOn(): void;
  /** A mode is asked for that a vGPU does not have. */
  forbiddenMode(): void;
  /** A status page outside of the vGPU's memory is refused. */
  refusedPage(address: number): void;
}

/** The family of one engine. */
export function engineRegisters(engine: EngineLayout, actions: EngineActions): RegisterFamily {
  const { base, name } = engine;
  const plain = (key: string, offset: number, more: Partial<Register> = {}): Register => ({
    offset: base + offset,
    name: `${name}_${key}`,
    ...more,
  });
  return {
    name: `${name} command streamer`,
    registers: [
      ...told(plain),
      plain('HWS_PGA', offsets.HWS_PGA, {
        keptOver: 'engine-reset',
        written(value, storage, before) {
          const page = (value & PAGE) >>> 0;
          if (page === 0 || isInside(actions.windows, page)) return;
          storage.set(base + offsets.HWS_PGA, before);
          actions.refusedPage(page);
        },
      }),
      plain('ELSP', offsets.RING_ELSP, {
        read: () => 0,
        written: (_value, _storage, _before, written) => actions.submit(written),
      }),
      plain('RING_MODE', offsets.RING_MODE, {
        kind: 'masked',
        written(value, _storage, before) {
          if ((value & FORBIDDEN_MODE) !== 0) actions.forbiddenMode();
          if ((value & ~before & RUN_LIST_ENABLE) !== 0) actions.runListsOn();
        },
      }),
      ...Array.from({ length: STATUS_ENTRIES * 2 }, (_, i) =>
        plain(`CONTEXT_STATUS_BUF_${i}`, offsets.RING_CONTEXT_STATUS_BUF + i * 4),
      ),
      plain('CONTEXT_STATUS_PTR', offsets.RING_CONTEXT_STATUS_PTR, {
        kind: 'masked',
        initial: STATUS_POINTER_AT_RESET,
      }),
      ...computing(plain),
      ...(name === 'BCS0'
        ? [plain('BCS_SWCTRL', offsets.BCS_SWCTRL, { kind: 'masked', byCommand: true })]
        : []),
    ],
  };
}

type Plain = (key: string, offset: number, more?: Partial<Register>) => Register;

/** What the engine tells of itself. */
function told(plain: Plain): readonly Register[] {
  return [
    plain('RING_TAIL', offsets.RING_TAIL),
    plain('RING_HEAD', offsets.RING_HEAD),
    plain('RING_START', offsets.RING_START),
    plain('RING_CTL', offsets.RING_CTL),
    plain('RING_ACTHD_UDW', offsets.RING_ACTHD_UDW),
    plain('RING_DMA_FADD_UDW', offsets.RING_DMA_FADD_UDW),
    plain('RING_IPEIR', offsets.RING_IPEIR),
    plain('RING_IPEHR', offsets.RING_IPEHR),
    plain('RING_INSTDONE', offsets.RING_INSTDONE),
    plain('RING_ACTHD', offsets.RING_ACTHD),
    plain('RING_DMA_FADD', offsets.RING_DMA_FADD),
    plain('RING_BBSTATE', offsets.RING_BBSTATE),
    plain('RING_BBADDR', offsets.RING_BBADDR),
    plain('RING_BBADDR_UDW', offsets.RING_BBADDR_UDW),
    plain('EXECLIST_STATUS_LO', offsets.RING_EXECLIST_STATUS_LO, { kind: 'read-only' }),
    plain('EXECLIST_STATUS_HI', offsets.RING_EXECLIST_STATUS_HI, { kind: 'read-only' }),
  ];
}

/** What commands compute with. */
function computing(plain: Plain): readonly Register[] {
  const byCommand = { byCommand: true };
  const pair = (key: string, offset: number): readonly Register[] => [
    plain(key, offset, byCommand),
    plain(`${key}_UDW`, offset + 4, byCommand),
  ];
  return [
    plain('MI_PREDICATE_RESULT_2', offsets.MI_PREDICATE_RESULT_2, byCommand),
    ...pair('MI_PREDICATE_SRC0', offsets.MI_PREDICATE_SRC0),
    ...pair('MI_PREDICATE_SRC1', offsets.MI_PREDICATE_SRC1),
    ...pair('MI_PREDICATE_DATA', offsets.MI_PREDICATE_DATA),
    plain('MI_PREDICATE_RESULT', offsets.MI_PREDICATE_RESULT, byCommand),
    plain('MI_PREDICATE_RESULT_1', offsets.MI_PREDICATE_RESULT_1, byCommand),
    ...Array.from({ length: GPRS }, (_, i) => pair(`CS_GPR_R${i}`, offsets.CS_GPR + i * 8)).flat(),
  ];
}

function isInside(windows: readonly GraphicsRange[], page: number): boolean {
  return windows.some(({ base, size }) => page >= base && page < base + size);
}
