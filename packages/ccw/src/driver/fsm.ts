// The states of a vfio-ccw device and what each event does in them. Counterpart of vfio_ccw_jumptable
// (drivers/s390/cio/vfio_ccw_fsm.c).

/**
 * NOT_OPER: the subchannel is gone, for good. STANDBY: nobody has the device open. CP_PROCESSING: a start is being
 * looked at. CP_PENDING: a channel program runs.
 */
export type CcwState = 'NOT_OPER' | 'STANDBY' | 'IDLE' | 'CP_PROCESSING' | 'CP_PENDING';

/** What happens to a device: the subchannel goes, a write of the I/O or async region, a status, open, close. */
export type CcwEvent = (typeof EVENTS)[number];

/** What is done about it; a name of an error is the answer to a write, and nothing else happens. */
export type CcwAction =
  | 'nop'
  | 'notoper'
  | 'open'
  | 'close'
  | 'request'
  | 'async'
  | 'irq'
  | 'disable'
  | 'EIO'
  | 'EAGAIN'
  | 'EBUSY';

const EVENTS = ['NOT_OPER', 'IO_REQ', 'ASYNC_REQ', 'INTERRUPT', 'OPEN', 'CLOSE'] as const;

type Row = readonly [CcwAction, CcwAction, CcwAction, CcwAction, CcwAction, CcwAction];

// oxfmt-ignore
const TABLE: Readonly<Record<CcwState, Row>> = {
  //               NOT_OPER   IO_REQ     ASYNC_REQ  INTERRUPT  OPEN       CLOSE
  NOT_OPER:      ['nop',     'EIO',     'EIO',     'disable', 'nop',     'nop'    ],
  STANDBY:       ['notoper', 'EIO',     'EIO',     'disable', 'open',    'notoper'],
  IDLE:          ['notoper', 'request', 'async',   'irq',     'notoper', 'close'  ],
  CP_PROCESSING: ['notoper', 'EAGAIN',  'EAGAIN',  'irq',     'notoper', 'close'  ],
  CP_PENDING:    ['notoper', 'EBUSY',   'async',   'irq',     'notoper', 'close'  ],
};

/** What to do about an event. */
export function actionOf(state: CcwState, event: CcwEvent): CcwAction {
  return TABLE[state][EVENTS.indexOf(event)] ?? 'nop';
}
