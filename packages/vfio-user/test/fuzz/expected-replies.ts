// Which replies a stream of bytes has coming, told from the bytes alone.

const MAX_MESSAGE = (1 << 20) + 32;
const NO_REPLY = 0x10;
const TYPE = 0xf;

/** A reply that comes. */
interface ExpectedReply {
  readonly id: number;
  readonly command: number;
  /** The message is no command: an error may come, or nothing. */
  readonly isOptional: boolean;
}

/** Follows what a client sends and what it gets. */
export class ExpectedReplies {
  /** A message has a size that none can have: the connection has to end. */
  isOver = false;
  readonly #replies: ExpectedReply[] = [];
  #rest: Uint8Array = new Uint8Array(0);

  /** Everything that has to come has come. */
  get hasAll(): boolean {
    return this.#replies.every(({ isOptional }) => isOptional);
  }

  sent(bytes: Uint8Array): void {
    if (this.isOver) return;
    let stream: Uint8Array = new Uint8Array(Buffer.concat([this.#rest, bytes]));
    while (stream.length >= 16 && !this.isOver) {
      const view = new DataView(stream.buffer, stream.byteOffset);
      const size = view.getUint32(4, true);
      this.isOver = size < 16 || size > MAX_MESSAGE;
      if (!this.isOver && size > stream.length) break;
      const flags = view.getUint32(8, true);
      const isOptional = (flags & TYPE) !== 0;
      if (isOptional || (flags & NO_REPLY) === 0) {
        const [id, command] = [view.getUint16(0, true), view.getUint16(2, true)];
        this.#replies.push({ id, command, isOptional });
      }
      stream = stream.subarray(size);
    }
    this.#rest = stream;
  }

  /** @throws that reply is not next */
  received(id: number, command: number): void {
    const isIt = (reply: ExpectedReply): boolean => reply.id === id && reply.command === command;
    const first = this.#replies.find(({ isOptional }) => !isOptional);
    // What is wrong with the stream, and what is no command, is told at once, whatever waits.
    const last = this.#replies.at(-1);
    const found =
      first !== undefined && isIt(first)
        ? first
        : this.isOver && last !== undefined && isIt(last)
          ? last
          : this.#replies.find((reply) => reply.isOptional && isIt(reply));
    if (found === undefined) throw new Error(`reply ${id} to command ${command} is not due`);
    this.#replies.splice(this.#replies.indexOf(found), 1);
  }
}
