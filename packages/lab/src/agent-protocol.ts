// The lines between the host and guest/agent, which describes them.

/** What the guest's agent says. */
export type AgentEvent =
  | { readonly kind: 'ready' }
  | { readonly kind: 'begin'; readonly id: string }
  | { readonly kind: 'output'; readonly text: string }
  | { readonly kind: 'end'; readonly id: string; readonly status: number };

/** The line that has the agent run a command. */
export function commandLine(id: string, command: string): string {
  return `${id} ${Buffer.from(command).toString('base64')}\n`;
}

const MARK = '\u0001';

/** Parses what the agent sends, in whatever pieces it comes. */
export class AgentParser {
  #rest = '';

  /** Takes the next piece and gives what it completes. */
  feed(chunk: string): AgentEvent[] {
    const events: AgentEvent[] = [];
    let text = this.#rest + chunk;
    while (text !== '') {
      const mark = text.indexOf(MARK);
      if (mark !== 0) {
        const end = mark === -1 ? text.length : mark;
        events.push({ kind: 'output', text: text.slice(0, end) });
        text = text.slice(end);
        continue;
      }
      const end = text.indexOf('\n');
      const next = text.indexOf(MARK, 1);
      if (next !== -1 && (end === -1 || next < end)) {
        // A line cut short, as by a reset: what follows begins anew.
        events.push({ kind: 'output', text: text.slice(0, next) });
        text = text.slice(next);
        continue;
      }
      if (end === -1) break;
      events.push(
        parseLine(text.slice(1, end)) ?? { kind: 'output', text: text.slice(0, end + 1) },
      );
      text = text.slice(end + 1);
    }
    this.#rest = text;
    return events;
  }
}

function parseLine(line: string): AgentEvent | undefined {
  const [word, id = '', status = ''] = line.split(' ');
  if (word === 'ready' && id === '') return { kind: 'ready' };
  if (word === 'begin' && id !== '') return { kind: 'begin', id };
  if (word === 'end' && /^\d+$/.test(status)) return { kind: 'end', id, status: Number(status) };
  return undefined;
}
