import type { Socket } from 'node:net';
import { LabError } from './errors.ts';
import { within } from './deadline.ts';
import { isRecord } from './json.ts';

// QEMU's monitor protocol: docs/interop/qmp-spec.rst in QEMU's tree.

/** Something QEMU reports by itself, such as `RESET` or `DEVICE_DELETED`. */
export interface QmpEvent {
  readonly event: string;
  readonly data: Readonly<Record<string, unknown>>;
}

interface Call {
  readonly command: string;
  resolve(value: unknown): void;
  reject(error: Error): void;
}

interface EventWaiter {
  readonly name: string;
  resolve(event: QmpEvent): void;
  reject(error: Error): void;
}

/** The host's end of QEMU's monitor. */
export class Qmp {
  readonly #socket: Socket;
  readonly #calls = new Map<number, Call>();
  readonly #waiters = new Set<EventWaiter>();
  #next = 0;
  #rest = '';
  #closed: Error | undefined;

  constructor(socket: Socket) {
    this.#socket = socket;
    socket.setEncoding('utf8');
    socket.on('data', (chunk: string) => {
      const lines = (this.#rest + chunk).split('\n');
      this.#rest = lines.pop() ?? '';
      for (const line of lines) this.#handle(line);
    });
    socket.on('error', () => {});
  }

  /** Refuses everything from now on. */
  close(error: Error): void {
    this.#closed = error;
    for (const call of this.#calls.values()) call.reject(error);
    for (const waiter of this.#waiters) waiter.reject(error);
    this.#calls.clear();
    this.#waiters.clear();
  }

  /**
   * Runs a monitor command and gives its return value.
   * @throws LabError with QEMU's own words when it refuses, or at the deadline (milliseconds).
   */
  async execute(
    command: string,
    args: Readonly<Record<string, unknown>>,
    deadline: number,
  ): Promise<unknown> {
    if (this.#closed !== undefined) throw this.#closed;
    const id = this.#next++;
    const { promise, resolve, reject } = Promise.withResolvers<unknown>();
    this.#calls.set(id, { command, resolve, reject });
    this.#socket.write(`${JSON.stringify({ execute: command, arguments: args, id })}\n`);
    return within(promise, deadline, () => {
      this.#calls.delete(id);
      return new LabError(`QEMU did not answer ${command} within ${deadline} ms`);
    });
  }

  /** Waits for the next event of a name; ask before doing what causes it. */
  async waitForEvent(name: string, deadline: number): Promise<QmpEvent> {
    if (this.#closed !== undefined) throw this.#closed;
    const { promise, resolve, reject } = Promise.withResolvers<QmpEvent>();
    const waiter: EventWaiter = { name, resolve, reject };
    this.#waiters.add(waiter);
    return within(promise, deadline, () => {
      this.#waiters.delete(waiter);
      return new LabError(`QEMU reported no ${name} within ${deadline} ms`);
    });
  }

  #handle(line: string): void {
    let message: unknown;
    try {
      message = JSON.parse(line);
    } catch {
      return;
    }
    if (!isRecord(message)) return;
    const { id, event } = message;
    if (typeof event === 'string') {
      const data = isRecord(message['data']) ? message['data'] : {};
      for (const waiter of this.#waiters) {
        if (waiter.name !== event) continue;
        this.#waiters.delete(waiter);
        waiter.resolve({ event, data });
      }
      return;
    }
    const call = typeof id === 'number' ? this.#calls.get(id) : undefined;
    if (typeof id !== 'number' || call === undefined) return;
    this.#calls.delete(id);
    const { error } = message;
    if (isRecord(error)) call.reject(new LabError(`${call.command}: ${String(error['desc'])}`));
    else call.resolve(message['return']);
  }
}
