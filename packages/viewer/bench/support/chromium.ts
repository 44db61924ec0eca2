// Chromium by its own protocol, with nothing of it enabled: playwright has every message of a WebSocket told to itself,
// which costs more than the picture.

import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { WebSocket } from 'ws';

interface Reply {
  readonly id?: number;
  readonly result?: Readonly<Record<string, unknown>>;
  readonly error?: { readonly message: string };
}

/** A browser with one page. */
export class Chromium implements AsyncDisposable {
  readonly #child: ChildProcess;
  readonly #folder: string;
  readonly #socket: WebSocket;
  readonly #waiting = new Map<number, (reply: Reply) => void>();
  #session = '';
  #last = 0;

  private constructor(child: ChildProcess, folder: string, socket: WebSocket) {
    this.#child = child;
    this.#folder = folder;
    this.#socket = socket;
    socket.on('message', (text: Buffer) => {
      const reply: Reply = JSON.parse(text.toString());
      this.#waiting.get(reply.id ?? 0)?.(reply);
    });
  }

  /** Starts it, on a screen of its own that nobody sees. */
  static async start(program: string, width: number, height: number): Promise<Chromium> {
    const folder = mkdtempSync(join(tmpdir(), 'vfio-ts-chromium-'));
    const args = [
      '--headless=new',
      // Without a graphics card Chromium would emulate one, which is slower than drawing without.
      '--disable-gpu',
      '--force-color-profile=srgb',
      '--no-sandbox',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-background-timer-throttling',
      '--disable-backgrounding-occluded-windows',
      '--disable-renderer-backgrounding',
      '--disable-component-update',
      '--disable-extensions',
      '--remote-debugging-port=0',
      `--user-data-dir=${folder}`,
      `--screen-info={${width}x${height}}`,
      `--window-size=${width},${height}`,
      'about:blank',
    ];
    const child = spawn(program, args, { stdio: ['ignore', 'ignore', 'pipe'] });
    let address = '';
    for await (const line of createInterface({ input: child.stderr })) {
      address = /DevTools listening on (\S+)/u.exec(line)?.[1] ?? '';
      if (address !== '') break;
    }
    child.stderr.resume();
    const socket = new WebSocket(address);
    await once(socket, 'open');
    return new Chromium(child, folder, socket);
  }

  /** Opens a page, and runs a script before anything of it. Returns when all of it is there. */
  async open(url: string, script: string = ''): Promise<void> {
    this.#session = '';
    const { targetId } = await this.#ask('Target.createTarget', { url: 'about:blank' });
    const attached = await this.#ask('Target.attachToTarget', { targetId, flatten: true });
    this.#session = String(attached['sessionId']);
    await this.#ask('Page.enable', {});
    await this.#ask('Page.addScriptToEvaluateOnNewDocument', { source: script });
    await this.#ask('Page.navigate', { url });
    await this.value(
      `new Promise((resolve) => document.readyState === 'complete' ? resolve() : addEventListener('load', resolve))
        .then(() => undefined)`,
    );
  }

  /** The value of an expression on the page, waited for. @throws Error what the page throws */
  value(expression: string): Promise<unknown> {
    return this.#evaluate({ expression, returnByValue: true, awaitPromise: true });
  }

  /** Runs an expression as if somebody had pressed something, without which no page fills the screen. */
  async press(expression: string): Promise<void> {
    await this.#evaluate({ expression, userGesture: true, awaitPromise: true });
  }

  /** Closes the page. */
  async close(): Promise<void> {
    await this.#ask('Page.close', {});
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#socket.terminate();
    if (this.#child.exitCode === null) {
      this.#child.kill();
      await once(this.#child, 'exit');
    }
    rmSync(this.#folder, { recursive: true, force: true, maxRetries: 5 });
  }

  async #evaluate(params: object): Promise<unknown> {
    const { result, exceptionDetails } = await this.#ask('Runtime.evaluate', params);
    if (exceptionDetails !== undefined) throw new Error(JSON.stringify(exceptionDetails));
    return typeof result === 'object' && result !== null && 'value' in result
      ? result.value
      : undefined;
  }

  async #ask(method: string, params: object): Promise<Readonly<Record<string, unknown>>> {
    const id = ++this.#last;
    const { promise, resolve } = Promise.withResolvers<Reply>();
    this.#waiting.set(id, resolve);
    const session = this.#session === '' ? {} : { sessionId: this.#session };
    this.#socket.send(JSON.stringify({ id, method, params, ...session }));
    const { result, error } = await promise;
    this.#waiting.delete(id);
    if (error !== undefined) throw new Error(`${method}: ${error.message}`);
    return result ?? {};
  }
}
