import { length8, Outcome, type Command } from '../command.ts';
const none: Command = { name: 'XY', length: length8, execute: () => Outcome.next };
/** The command of type 2 that a header begins. */
export function blitCommand(_header: number): Command {
  return none;
}
