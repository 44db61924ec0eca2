/** A failure of the lab, with the next step the user can take. */
export class LabError extends Error {
  override readonly name: string = 'LabError';
  /** What to do about it, in one or a few lines; empty when there is nothing to advise. */
  readonly howTo: string;

  constructor(message: string, howTo: string = '', options?: ErrorOptions) {
    super(howTo === '' ? message : `${message}\n${howTo}`, options);
    this.howTo = howTo;
  }
}

/** The text of anything thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** The last lines of a text, for the end of an error message. */
export function tail(text: string, lines: number = 25): string {
  return text.trimEnd().split('\n').slice(-lines).join('\n');
}
