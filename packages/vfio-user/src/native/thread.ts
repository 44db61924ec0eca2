// What a worker thread has to give back when it ends. The kernel gives back what a process leaves behind, but a thread
// may end while its process goes on: descriptors and mappings would stay, and clients would wait for ever.
//
// Concepts: descriptors are noted in memory that another thread can see, which closes what is left once this one is
// gone, however it ended. Everything else is given back by the thread itself, while it still can run. The main thread notes
// nothing.

/** Descriptors above have to be closed by their thread; more than any process of ours has. */
const HIGHEST = 65535;

let noted: Uint8Array | undefined;
let others: Set<Disposable> | undefined;

/** Memory for the notes of a thread. */
export function threadNotes(): SharedArrayBuffer {
  return new SharedArrayBuffer(HIGHEST + 1);
}

/** Begins to note what this thread acquires. Has to come first. */
export function noteResources(notes: SharedArrayBuffer): void {
  noted = new Uint8Array(notes);
  others = new Set();
}

/** This thread owns a descriptor. */
export function acquiredFd(number: number): void {
  if (noted !== undefined && number <= HIGHEST) noted[number] = 1;
}

/** A descriptor is about to be closed: its number may be another thread's from then on. */
export function releasedFd(number: number): void {
  if (noted !== undefined && number <= HIGHEST) noted[number] = 0;
}

/** This thread has something else that has to be given back: a mapping, or what the kernel keeps for it. */
export function acquired(resource: Disposable): void {
  others?.add(resource);
}

/** It was given back. */
export function released(resource: Disposable): void {
  others?.delete(resource);
}

/** Gives back what this thread has acquired, but for descriptors. */
export function releaseAll(): void {
  for (const resource of others ?? []) resource[Symbol.dispose]();
}

/** The descriptors a thread has left open. It must be gone. */
export function leftFds(notes: SharedArrayBuffer): readonly number[] {
  const left: number[] = [];
  for (const [number, isOpen] of new Uint8Array(notes).entries()) {
    if (isOpen !== 0) left.push(number);
  }
  return left;
}
