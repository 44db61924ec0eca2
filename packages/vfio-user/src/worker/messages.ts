// What a thread that serves a device and the one that started it say to each other.

import { isErrno, VfioError, type LogLevel } from '@vfio-ts/core';
import type { ServeOptions } from '../serve.ts';
import type { ServerStats } from '../stats/stats.ts';

/** What can be told to another thread of how a device is served. */
export type WorkerListening = Omit<ServeOptions, 'loop' | 'allowPeer' | 'onError'>;

/** What a thread is started with. */
export interface WorkerTask {
  /** URL of the device's module. */
  readonly module: string;
  /** For the module. */
  readonly data: unknown;
  readonly listening: WorkerListening;
  /** Where its descriptors are noted. */
  readonly notes: SharedArrayBuffer;
}

/** An error on its way to another thread. */
export interface ToldError {
  readonly message: string;
  readonly stack: string;
  /** Code and operation of an error of this project. */
  readonly code?: string;
  readonly op?: string;
}

/** What the starter says. */
export type ToWorker = { readonly kind: 'stats'; readonly id: number } | { readonly kind: 'close' };

/** What the thread says. */
export type FromWorker =
  /** Clients can connect. `identity` is that of the socket's file. */
  | { readonly kind: 'ready'; readonly identity: string | undefined }
  /** The device could not be made or served. */
  | { readonly kind: 'failed'; readonly error: ToldError }
  | { readonly kind: 'stats'; readonly id: number; readonly stats: ServerStats }
  | {
      readonly kind: 'log';
      readonly level: LogLevel;
      readonly component: string;
      readonly message: string;
      readonly error?: ToldError;
    }
  /** Everything has been given back, but for these. */
  | { readonly kind: 'closed'; readonly leaks: readonly string[]; readonly error?: ToldError };

/** Tells whether a thread was started to serve a device. */
export function isWorkerTask(value: unknown): value is WorkerTask {
  return (
    typeof value === 'object' &&
    value !== null &&
    'module' in value &&
    typeof value.module === 'string' &&
    'notes' in value &&
    value.notes instanceof SharedArrayBuffer &&
    'listening' in value
  );
}

/** An error as plain data. */
export function tellError(error: unknown): ToldError {
  if (!(error instanceof Error)) return { message: String(error), stack: String(error) };
  const { message, stack = message } = error;
  const code = 'code' in error && typeof error.code === 'string' ? error.code : undefined;
  const op = 'op' in error && typeof error.op === 'string' ? error.op : undefined;
  return { message, stack, ...(code !== undefined && { code }), ...(op !== undefined && { op }) };
}

/** The error again, with its stack in the other thread. */
export function toldError({ message, stack, code, op }: ToldError): Error {
  const error = new Error(message);
  error.stack = stack;
  if (code !== undefined) Object.assign(error, { code, op });
  return error;
}

/** The error as one of this project: with the code it has, or `EIO`. */
export function workerError(told: ToldError): VfioError {
  const cause = toldError(told);
  const fact = 'the device in a worker thread failed';
  for (const code of ['EADDRINUSE', 'EINVAL', 'ENOENT', 'EACCES', 'ENODEV', 'EBUSY'] as const) {
    if (isErrno(cause, code)) return new VfioError(code, 'serveInWorker', fact, { cause });
  }
  return new VfioError('EIO', 'serveInWorker', fact, { cause });
}
