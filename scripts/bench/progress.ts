// What a benchmark is doing, on standard error: one line that changes on a terminal, and a line for each benchmark
// elsewhere.

/** Tells what goes on. */
export class Progress {
  readonly #isTerminal = process.stderr.isTTY;
  #last = '';

  /** A step of a benchmark. */
  step(name: string, text: string): void {
    if (this.#isTerminal) process.stderr.write(`\r\u001B[K${name}: ${text}`);
    else if (name !== this.#last) process.stderr.write(`${name}: ${text}\n`);
    this.#last = name;
  }

  /** Something to be kept. */
  line(text: string): void {
    this.clear();
    process.stderr.write(`${text}\n`);
  }

  /** Takes the changing line away. */
  clear(): void {
    if (this.#isTerminal) process.stderr.write('\r\u001B[K');
  }
}
