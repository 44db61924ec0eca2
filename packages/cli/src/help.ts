// How commands explain themselves.

import type { CommandUnknownOpts, Option } from '@commander-js/extra-typings';

/** What is said of an option: that nobody has set a flag goes without saying. */
export function optionDescription(option: Option): string {
  const { description, argChoices, defaultValue, required } = option;
  const facts = [
    ...(argChoices === undefined ? [] : [argChoices.join(', ')]),
    ...(required && defaultValue !== undefined ? [`${String(defaultValue)} when left out`] : []),
  ];
  return facts.length === 0 ? description : `${description} (${facts.join('; ')})`;
}

/** Has each command name itself where a mistake in its options is answered. */
export function nameInErrors(command: CommandUnknownOpts, path: string = command.name()): void {
  command.showHelpAfterError(`see ${path} --help`);
  for (const below of command.commands) nameInErrors(below, `${path} ${below.name()}`);
}
