// The header of a message (vfio-user specification, "Header"): 16 bytes, host byte order.
//
//   0 u16 message id   2 u16 command   4 u32 message size, header included
//   8 u32 flags       12 u32 errno of an error reply

/** Bytes of a header; the payload follows. */
export const HEADER_SIZE = 16;

/** What kind of message it is, in the flags. */
export const HEADER_TYPE_MASK = 0xf;
/** A request. */
export const HEADER_TYPE_COMMAND = 0;
/** The answer to one. */
export const HEADER_TYPE_REPLY = 1;
/** The sender of a command wants no reply, not even an error. */
export const HEADER_NO_REPLY = 0x10;
/** The command failed; the errno field says why. */
export const HEADER_ERROR = 0x20;

/** The id its sender gave the message; a reply echoes it. */
export function messageId(view: DataView): number {
  return view.getUint16(0, true);
}

/** The command; a reply echoes it. */
export function messageCommand(view: DataView): number {
  return view.getUint16(2, true);
}

/** Bytes of the whole message. */
export function messageSize(view: DataView): number {
  return view.getUint32(4, true);
}

/** Type and flags. */
export function messageFlags(view: DataView): number {
  return view.getUint32(8, true);
}

/** Positive Linux error number of an error reply. */
export function messageErrno(view: DataView): number {
  return view.getUint32(12, true);
}

/** Writes a whole header at offset 0. */
export function writeHeader(
  view: DataView,
  id: number,
  command: number,
  size: number,
  flags: number,
  errno: number,
): void {
  view.setUint16(0, id, true);
  view.setUint16(2, command, true);
  view.setUint32(4, size, true);
  view.setUint32(8, flags, true);
  view.setUint32(12, errno, true);
}

/** Whether a message is a command, as opposed to a reply or what there is not. */
export function isCommand(view: DataView): boolean {
  return (messageFlags(view) & HEADER_TYPE_MASK) === HEADER_TYPE_COMMAND;
}
