// When a client may be sent an update: when it has asked for one, or wants them without asking and has answered the
// fences behind those before.

/** Updates that a client has not answered for; two, so that it decodes one while the next is on its way. */
const MAX_UNANSWERED = 2;

/** The flow of updates to one client. */
export class Flow {
  #isRequested = false;
  #isContinuous = false;
  /** Numbers of the fences that are not answered, oldest first. */
  readonly #unanswered: number[] = [];
  #last = 0;

  /** Whether an update may begin. */
  get isOpen(): boolean {
    if (this.#isContinuous) return this.#unanswered.length < MAX_UNANSWERED;
    return this.#isRequested;
  }

  get isContinuous(): boolean {
    return this.#isContinuous;
  }

  set isContinuous(isContinuous: boolean) {
    this.#isContinuous = isContinuous;
    this.#unanswered.length = 0;
  }

  /** The client asks. */
  request(): void {
    this.#isRequested = true;
  }

  /**
   * An update begins.
   *
   * @returns the number of the fence to be sent behind it; none when left out
   */
  begin(): number | undefined {
    this.#isRequested = false;
    if (!this.#isContinuous) return undefined;
    this.#last = (this.#last + 1) >>> 0;
    this.#unanswered.push(this.#last);
    return this.#last;
  }

  /** The client answers a fence, and with it all before. What was never sent is no answer. */
  answered(number: number): void {
    const at = this.#unanswered.indexOf(number);
    if (at >= 0) this.#unanswered.splice(0, at + 1);
  }
}
