// What a coprocessor is sent: the header of request type 6 and the CPRBX in it. Linux
// drivers/s390/crypto/zcrypt_msgtype6.h and arch/s390/include/uapi/asm/zcrypt.h.

/** Bytes of the request's header. */
export const TYPE6_SIZE = 88;
/** Bytes of a CPRBX. */
export const CPRBX_SIZE = 220;

const TYPE6 = 0x06;
const CPRBX_VERSION = 2;
const AGENT_CCA = 'CA';

/** A request to CCA whose frame is sound. */
export interface CcaRequest {
  /** The whole CPRBX; the reply has a copy of it. */
  readonly cprbx: Uint8Array;
  readonly domain: number;
  /** Two characters: the verb. */
  readonly functionCode: string;
  /** Eight characters; none where the verb has none. */
  readonly rule: string;
  /** What comes after the rule. */
  readonly parameters: Uint8Array;
  /** Bytes that the caller has for reply data. */
  readonly replyDataSize: number;
}

/** What can be wrong with the frame of a request. */
export type FrameError = 'type' | 'length' | 'malformed' | 'agent';

/** Reads the frame of a request. */
export function decodeType6(request: Uint8Array): CcaRequest | FrameError {
  if (request[1] !== TYPE6) return 'type';
  if (request.length < TYPE6_SIZE) return 'length';
  const header = new DataView(request.buffer, request.byteOffset, TYPE6_SIZE);
  const controlSize = header.getUint32(56);
  if (header.getUint32(16) !== TYPE6_SIZE) return 'malformed';
  if (characters(request, 32, 2) !== AGENT_CCA) return 'agent';
  if (controlSize < CPRBX_SIZE || TYPE6_SIZE + controlSize > request.length) return 'length';
  const control = request.subarray(TYPE6_SIZE, TYPE6_SIZE + controlSize);
  return decodeCprbx(control, header.getUint32(76));
}

function decodeCprbx(control: Uint8Array, replySpace: number): CcaRequest | FrameError {
  const view = new DataView(control.buffer, control.byteOffset, CPRBX_SIZE);
  if (view.getUint16(0) !== CPRBX_SIZE || view.getUint8(2) !== CPRBX_VERSION) return 'malformed';
  const size = view.getUint32(12);
  if (size < 4 || CPRBX_SIZE + size > control.length) return 'length';
  const block = control.subarray(CPRBX_SIZE, CPRBX_SIZE + size);
  // The rules, preceded by a length that counts itself.
  const ruleSize = uint16(block, 2);
  if (ruleSize < 2 || 2 + ruleSize > size) return 'length';
  return {
    cprbx: control.subarray(0, CPRBX_SIZE),
    domain: view.getUint16(170),
    functionCode: characters(block, 0, 2),
    rule: characters(block, 4, ruleSize - 2),
    parameters: block.subarray(2 + ruleSize),
    replyDataSize: Math.min(replySpace, view.getUint32(28)),
  };
}

/** A number of 16 bits at an offset; 0 where the bytes end before. */
export function uint16(bytes: Uint8Array, offset: number): number {
  return ((bytes[offset] ?? 0) << 8) | (bytes[offset + 1] ?? 0);
}

/** Characters of one byte each. */
export function characters(bytes: Uint8Array, offset: number, count: number): string {
  return String.fromCharCode(...bytes.subarray(offset, offset + count));
}
