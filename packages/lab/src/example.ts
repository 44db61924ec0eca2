import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';

/** The blocks of code of a language in a Markdown file. */
export function codeBlocks(file: string, language: string = 'ts'): string[] {
  const markdown = readFileSync(file, 'utf8');
  const pattern = new RegExp(`^\`\`\`${language}\\n(.*?)^\`\`\`$`, 'gms');
  return Array.from(markdown.matchAll(pattern), ([, block = '']) => block);
}

/** A program of a README while it runs; it is killed when it is disposed of. */
export class Example implements AsyncDisposable {
  /** What it has printed first. */
  readonly said: string;
  /** Exit code and signal. */
  readonly ended: Promise<readonly unknown[]>;
  readonly #child: ChildProcess;

  private constructor(child: ChildProcess, said: string, ended: Promise<readonly unknown[]>) {
    this.#child = child;
    this.said = said;
    this.ended = ended;
  }

  /** Starts a program and waits for the first that it prints. */
  static async start(program: string, args: readonly string[]): Promise<Example> {
    const child = spawn(process.execPath, [program, ...args], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const ended = once(child, 'exit');
    const said = once(child.stdout.setEncoding('utf8'), 'data').then(([text]) => String(text));
    const first = await Promise.race([said, ended.then(() => '')]);
    return new Example(child, first, ended);
  }

  /** Interrupts it, as Ctrl-C does, and waits for its end. */
  async interrupt(): Promise<readonly unknown[]> {
    this.#child.kill('SIGINT');
    return await this.ended;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#child.kill('SIGKILL');
    await this.ended;
  }
}
