// A tape as an array, and what a drive does with it.

import {
  BACK,
  BACK_FILE,
  BLOCK_ID,
  block,
  blockId,
  CHECK,
  EXCEPTION,
  FORWARD,
  FORWARD_FILE,
  LOCATE,
  MARK,
  NORMAL,
  READ,
  REWIND,
  SYNC,
  WRITE,
  type TapeItem,
  type TapeStep,
} from './chains.ts';

/** A command of a random chain. */
export type ModelStep =
  | { readonly kind: 'write'; readonly length: number; readonly seed: number }
  | { readonly kind: 'locate'; readonly block: number }
  | { readonly kind: 'mark' | 'read' | 'forward' | 'back' | 'rewind' | 'sync' | 'erase' }
  | { readonly kind: 'forward file' | 'back file' | 'block id' };

/** How a command ends: its status, what it gives, and the ERA of a check. */
export interface ModelEnd {
  readonly status: number;
  readonly data?: Uint8Array;
  readonly era?: number;
}

const CODES = {
  mark: MARK,
  read: READ,
  forward: FORWARD,
  back: BACK,
  rewind: REWIND,
  sync: SYNC,
  'forward file': FORWARD_FILE,
  'back file': BACK_FILE,
  'block id': BLOCK_ID,
} as const;

/** The commands of a step. */
export function stepsOf(step: ModelStep): readonly TapeStep[] {
  if (step.kind === 'write') return [[WRITE, block(step.length, step.seed)]];
  if (step.kind === 'locate') return [[LOCATE, blockId(step.block)]];
  if (step.kind === 'erase') return [[0x17], [0x97]];
  return [[CODES[step.kind]]];
}

const FINE: ModelEnd = { status: NORMAL };
const AT_MARK: ModelEnd = { status: EXCEPTION };

function check(era: number): ModelEnd {
  return { status: CHECK, era };
}

/** A tape that is an array. */
export class TapeModel {
  items: TapeItem[] = [];
  #at = 0;
  /** Of the file, and not only in a buffer. */
  #written = 0;

  /** The channel program is over. */
  end(): void {
    this.#written = this.#at;
  }

  run(step: ModelStep): ModelEnd {
    // All but writes write what waits.
    const isWrite = ['write', 'mark', 'block id', 'erase'].includes(step.kind);
    if (!isWrite) this.#written = this.#at;
    switch (step.kind) {
      case 'write':
        return this.#put(block(step.length, step.seed));
      case 'mark':
        return this.#put('mark');
      case 'erase':
        this.items.length = this.#at;
        return FINE;
      case 'rewind':
        return this.#moveTo(0);
      case 'sync':
        return FINE;
      case 'locate':
        return this.#locate(step.block);
      case 'block id':
        return {
          status: NORMAL,
          data: Uint8Array.of(...blockId(this.#at), ...blockId(this.#written)),
        };
      case 'read':
        return this.#forward(true);
      case 'forward':
        return this.#forward(false);
      case 'back':
        return this.#back();
      case 'forward file':
        return this.#file(() => this.#forward(false));
      case 'back file':
        return this.#file(() => this.#back());
    }
  }

  #put(item: TapeItem): ModelEnd {
    this.items.length = this.#at;
    this.items.push(item);
    this.#at += 1;
    return FINE;
  }

  #moveTo(at: number): ModelEnd {
    this.#at = at;
    this.#written = at;
    return FINE;
  }

  #locate(at: number): ModelEnd {
    if (at <= this.items.length) return this.#moveTo(at);
    this.#moveTo(this.items.length);
    return check(0x44);
  }

  #forward(gives: boolean): ModelEnd {
    const item = this.items[this.#at];
    if (item === undefined) return check(this.#at === 0 ? 0x31 : 0x36);
    this.#moveTo(this.#at + 1);
    if (item === 'mark') return AT_MARK;
    return gives ? { status: NORMAL, data: item } : FINE;
  }

  #back(): ModelEnd {
    const item = this.items[this.#at - 1];
    if (item === undefined) return check(0x39);
    this.#moveTo(this.#at - 1);
    return item === 'mark' ? AT_MARK : FINE;
  }

  #file(step: () => ModelEnd): ModelEnd {
    for (;;) {
      const end = step();
      if (end.status === EXCEPTION) return FINE;
      if (end.status === CHECK) return end;
    }
  }
}

/** What tapemap prints of a tape, but for labels. */
export function tapeMap(items: readonly TapeItem[]): string[] {
  const lines: string[] = [];
  let lengths: number[] = [];
  for (const item of items) {
    if (item === 'mark') {
      const [min, max] =
        lengths.length === 0 ? [0, 0] : [Math.min(...lengths), Math.max(...lengths)];
      const file = lines.length + 1;
      lines.push(`File ${file}: Blocks=${lengths.length}, block size min=${min}, max=${max}`);
      lengths = [];
    } else {
      lengths.push(item.length);
    }
  }
  return [...lines, 'End of tape.', ''];
}
