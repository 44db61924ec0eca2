// Replies that say what is wrong with a request: type 82 where the card says so, type 88 where what carries messages
// to it does. Codes: Linux drivers/s390/crypto/zcrypt_error.h.

/** Codes of error replies, by the names that they have with Linux. */
export const AP_ERROR = {
  MACHINE_FAILURE: 0x10,
  MESSAGE_TYPE: 0x20,
  /** Something is not where the header says. Type 88. */
  MALFORMED_MSG: 0x22,
  /** A length is not that of what is there. Type 88. */
  MESSAGE_LENGTH: 0x23,
  RESERVED_FIELD: 0x24,
  FORMAT_FIELD: 0x29,
  INVALID_MSG_LEN: 0x80,
  OPERAND_INVALID: 0x82,
  OPERAND_SIZE: 0x84,
  EVEN_MOD_IN_OPND: 0x85,
  INVALID_DOMAIN_PENDING: 0x8a,
} as const;

/** One of {@link AP_ERROR}. */
export type ApErrorCode = (typeof AP_ERROR)[keyof typeof AP_ERROR];

const CARD_ERROR = 0x82;
const TRANSPORT_ERROR = 0x88;
const SIZE = 8;

/** A reply of type 82. */
export function cardError(code: ApErrorCode): Uint8Array {
  return errorReply(CARD_ERROR, code);
}

/** A reply of type 88. */
export function transportError(code: ApErrorCode): Uint8Array {
  return errorReply(TRANSPORT_ERROR, code);
}

function errorReply(type: number, code: ApErrorCode): Uint8Array {
  const reply = new Uint8Array(SIZE);
  reply[1] = type;
  reply[4] = code;
  return reply;
}
