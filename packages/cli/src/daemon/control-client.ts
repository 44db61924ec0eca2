// Asking the daemon.

import { connect } from 'node:net';
import { isErrno } from '@vfio-ts/core';
import { isRecord } from '../json.ts';
import {
  formatRequest,
  type DaemonAnswers,
  type DaemonRequest,
  type DeviceStatus,
} from './protocol.ts';

/** How a daemon is started, for those who need one. */
export const HOW_TO_START =
  'start one with vfio-ts daemon, or as a service: vfio-ts daemon install says how';

/** Milliseconds in which the daemon says how it is; it may have been started by the question. */
const STATUS_TIMEOUT = 30_000;

/** Nobody answers on the socket. */
export class NoDaemonError extends Error {
  override readonly name = 'NoDaemonError';
}

/**
 * Asks, and waits for the answer.
 *
 * @param path - of the daemon's socket
 * @param timeout - milliseconds for an answer that needs no device
 * @throws NoDaemonError nobody listens there; Error with the cause and the next step
 */
export async function askDaemon<V extends keyof DaemonAnswers>(
  path: string,
  request: DaemonRequest & { readonly verb: V },
  timeout: number = STATUS_TIMEOUT,
): Promise<DaemonAnswers[V]> {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const socket = connect(path);
  let text = '';
  socket.setEncoding('utf8').on('data', (part: string) => {
    text += part;
    const end = text.indexOf('\n');
    if (end >= 0) resolve(text.slice(0, end));
  });
  socket.on('error', (error) => reject(explained(error, path)));
  socket.on('close', () =>
    reject(new Error(`the daemon ended before it answered; ${HOW_TO_START}`)),
  );
  if (request.verb === 'status') {
    const fact = `the daemon on ${path} does not answer; end it, and start it again`;
    socket.setTimeout(timeout, () => reject(new Error(fact)));
  }
  socket.write(`${formatRequest(request)}\n`);
  try {
    const line = await promise;
    const result = resultOf(line);
    if (IS_ANSWER[request.verb](result)) return result;
    throw strange(line);
  } finally {
    socket.destroy();
  }
}

/** Devices that the daemon knows; none without a daemon. @throws as {@link askDaemon} */
export async function activeDevices(path: string): Promise<readonly DeviceStatus[]> {
  try {
    return (await askDaemon(path, { verb: 'status' })).devices;
  } catch (error) {
    if (error instanceof NoDaemonError) return [];
    throw error;
  }
}

function explained(error: Error, path: string): Error {
  if (isErrno(error, 'ENOENT') || isErrno(error, 'ECONNREFUSED')) {
    return new NoDaemonError(`no daemon listens on ${path}; ${HOW_TO_START}`, { cause: error });
  }
  if (isErrno(error, 'EACCES') || isErrno(error, 'EPERM')) {
    const fact = `the daemon on ${path} is another user's; ask as that user`;
    return new Error(fact, { cause: error });
  }
  return error;
}

/** @throws Error what the daemon says is wrong */
function resultOf(line: string): unknown {
  const answer: unknown = JSON.parse(line);
  if (!isRecord(answer)) throw strange(line);
  const { error, result } = answer;
  if (isRecord(error)) {
    const { code, message } = error;
    const text = String(message);
    throw new Error(typeof code === 'string' ? `${text} (${code})` : text);
  }
  return result;
}

type Checks = {
  readonly [V in keyof DaemonAnswers]: (value: unknown) => value is DaemonAnswers[V];
};

/** The outline is enough: the socket is its owner's alone, and who answers is our daemon, of this or another version. */
const IS_ANSWER: Checks = {
  status: (value): value is DaemonAnswers['status'] =>
    isRecord(value) && typeof value['version'] === 'string' && Array.isArray(value['devices']),
  reload: (value): value is DaemonAnswers['reload'] =>
    isRecord(value) && Array.isArray(value['started']) && Array.isArray(value['restarted']),
  stop: (value): value is DaemonAnswers['stop'] => value === null,
  start: (value): value is DaemonAnswers['start'] =>
    isRecord(value) && typeof value['uuid'] === 'string' && typeof value['socket'] === 'string',
};

function strange(line: string): Error {
  return new Error(`the daemon's answer makes no sense: ${line}; is it of another version?`);
}
