// What is to be done for a request.

import type { Job } from './job.ts';

/** A reply that is known, or a job whose result becomes the reply. */
export type Work =
  | { readonly kind: 'reply'; readonly reply: Uint8Array }
  | {
      readonly kind: 'job';
      readonly job: Job;
      /** The reply from the job's result. */
      finish(result: Uint8Array): Uint8Array;
    };

/**
 * Reads a request to a queue of the domain `domain`. Every request has a reply, if only one that says what is wrong
 * with it.
 */
export type Interpret = (request: Uint8Array, domain: number) => Work;

/** No work but to send this. */
export function answer(reply: Uint8Array): Work {
  return { kind: 'reply', reply };
}
