// A guest whose engines never rest.

import { BCS, cmd, Context, Engine, PAGE, RCS, VCS, VECS, type Guest } from './guest.ts';

const BATCH_PAGES = 16;
const STORE_BYTES = 16;

/** Has all engines of a guest store words, from the begin of a long batch again when they have come to its end. */
export function keepBusy(guest: Guest): void {
  const target = guest.global();
  const batch = guest.global(BATCH_PAGES);
  const stores = (BATCH_PAGES * PAGE) / STORE_BYTES - 1;
  guest.setWords(
    batch.physical,
    Array.from({ length: stores }, (_, i) =>
      cmd.storeGlobal(target.graphics + (i % 1024) * 4, i),
    ).flat(),
  );
  guest.setWords(batch.physical + stores * STORE_BYTES, cmd.batchGlobal(batch.graphics));
  for (const base of [RCS, BCS, VCS, VECS]) {
    const context = new Context(guest, 0x20);
    context.emit(...cmd.batchGlobal(batch.graphics));
    new Engine(guest, base).submit(context);
  }
}
