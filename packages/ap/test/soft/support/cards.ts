// Cards for tests.

import type { ApReply } from '../../../src/hardware/card.ts';
import { SoftCard, type SoftCardOptions } from '../../../src/soft/card.ts';
import type { SoftQueue } from '../../../src/soft/queue.ts';
import { promptRunner, turn } from './runners.ts';

/** A queue of a card that answers in a moment. */
export function queueOf(options: Partial<SoftCardOptions> = {}, domain = 0): SoftQueue {
  const card = new SoftCard({ mode: 'accelerator', runner: promptRunner, ...options });
  const queue = card.queue(domain);
  if (queue === undefined) throw new Error(`no domain ${domain}`);
  return queue;
}

/** Sends one request to an empty queue; the reply, after which the queue is empty again. */
export async function exchange(queue: SoftQueue, request: Uint8Array): Promise<Uint8Array> {
  const { responseCode } = queue.enqueue({ psmid: 1n, bytes: request });
  if (responseCode !== 0) throw new Error(`NQAP ${responseCode}`);
  await turn();
  return taken(queue.dequeue());
}

/** The message of a reply that there must be. */
export function taken(reply: ApReply): Uint8Array {
  if (reply.message === undefined) throw new Error(`DQAP ${reply.status.responseCode}`);
  return reply.message.bytes;
}
