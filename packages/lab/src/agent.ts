import type { Duplex } from 'node:stream';
import { AgentParser, commandLine } from './agent-protocol.ts';
import type { AgentEvent } from './agent-protocol.ts';
import { LabError, tail } from './errors.ts';
import { within } from './deadline.ts';

/** What a command in the guest came to. */
export interface RunResult {
  /** Standard output and standard error together. */
  readonly output: string;
  /** Exit status; 128 and more after a signal, as in a shell. */
  readonly status: number;
}

interface Job {
  readonly id: string;
  output: string;
  resolve(result: RunResult): void;
  reject(error: Error): void;
}

/** The host's end of the guest's agent. */
export class Agent {
  readonly #socket: Duplex;
  readonly #transcript: (text: string) => void;
  readonly #parser = new AgentParser();
  #queue: Promise<unknown> = Promise.resolve();
  #job: Job | undefined;
  #next = 0;
  #ready = Promise.withResolvers<void>();
  #closed: Error | undefined;

  /** `transcript` is told each command and its output, for the console's text. */
  constructor(socket: Duplex, transcript: (text: string) => void) {
    this.#socket = socket;
    this.#transcript = transcript;
    this.#ready.promise.catch(() => {});
    socket.setEncoding('utf8');
    socket.on('data', (chunk: string) => {
      for (const event of this.#parser.feed(chunk)) this.#handle(event);
    });
    socket.on('error', () => {});
  }

  /** Resolves once the guest takes commands; anew after each {@link restart}. */
  get ready(): Promise<void> {
    return this.#ready.promise;
  }

  /** Forgets the guest that was: it is being reset. A command under way is refused. */
  restart(): void {
    this.#job?.reject(new LabError('the guest was reset while the command ran'));
    this.#job = undefined;
    this.#ready = Promise.withResolvers();
    this.#ready.promise.catch(() => {});
  }

  /** Refuses everything from now on. */
  close(error: Error): void {
    this.#closed = error;
    this.#job?.reject(error);
    this.#ready.reject(error);
  }

  /** Runs a command when those before it have ended; the deadline counts from its own start. */
  run(command: string, deadline: number): Promise<RunResult> {
    const result = this.#queue.then(() => this.#start(command, deadline));
    this.#queue = result.catch(() => {});
    return result;
  }

  /** Sends a command and expects no answer, as of one that ends the guest. */
  send(command: string): void {
    this.#socket.write(commandLine('last', command));
  }

  async #start(command: string, deadline: number): Promise<RunResult> {
    if (this.#closed !== undefined) throw this.#closed;
    if (this.#job !== undefined) throw new LabError('an earlier command has not ended');
    const { promise, resolve, reject } = Promise.withResolvers<RunResult>();
    const job: Job = { id: `c${this.#next++}`, output: '', resolve, reject };
    this.#job = job;
    this.#transcript(`# ${command}\n`);
    this.#socket.write(commandLine(job.id, command));
    return within(promise, deadline, () => {
      const what = `'${command}' did not end in the guest within ${deadline} ms; its output:`;
      return new LabError(`${what}\n${tail(job.output)}`);
    });
  }

  #handle(event: AgentEvent): void {
    const job = this.#job;
    switch (event.kind) {
      case 'ready':
        job?.reject(new LabError('the guest restarted while the command ran'));
        this.#job = undefined;
        this.#ready.resolve();
        break;
      case 'begin':
        if (job?.id === event.id) job.output = '';
        break;
      case 'output':
        this.#transcript(event.text);
        if (job !== undefined) job.output += event.text;
        break;
      case 'end':
        if (job?.id !== event.id) break;
        this.#job = undefined;
        job.resolve({ output: job.output, status: event.status });
        break;
    }
  }
}
