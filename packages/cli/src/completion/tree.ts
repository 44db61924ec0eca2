// What can stand on a command line, as data: made of the commands themselves, so that it is always what they take.

import type { Argument, CommandUnknownOpts, Option } from '@commander-js/extra-typings';

/** What a shell can offer for a value. */
export type Value =
  | { readonly kind: 'words'; readonly words: readonly string[] }
  /** `devices` are UUIDs of devices that run, and sockets; `uuids` those that run or are defined. */
  | { readonly kind: 'files' | 'folders' | 'devices' | 'uuids' | 'any' };

/** An option. */
export interface CompletedOption {
  /** `--json`, `-j`; one at least. */
  readonly words: readonly string[];
  readonly help: string;
  /** `undefined` where it takes none. */
  readonly value: Value | undefined;
  /** It can be left out. */
  readonly isOptional: boolean;
}

/** A command, and those below it. */
export interface CompletedCommand {
  /** Words from the program's name on, which is left out: `['ap', 'ls']`. */
  readonly path: readonly string[];
  readonly help: string;
  readonly options: readonly CompletedOption[];
  /** In their order. */
  readonly values: readonly Value[];
  /** The last value can stand again and again. */
  readonly isVariadic: boolean;
  readonly commands: readonly CompletedCommand[];
}

/** Words for values by the name that stands for them in the help. */
export type KnownWords = Readonly<Record<string, readonly string[]>>;

const KINDS: Readonly<Record<string, 'files' | 'folders' | 'devices' | 'uuids'>> = {
  device: 'devices',
  socket: 'devices',
  uuid: 'uuids',
  file: 'files',
  path: 'files',
  folder: 'folders',
};

/** Where a command is. */
interface Place {
  readonly path: readonly string[];
  /** Words that it takes in place of what it says. */
  readonly siblings?: readonly string[];
}

/** The commands of a program. */
export function completedCommand(
  command: CommandUnknownOpts,
  known: KnownWords,
  { path, siblings }: Place = { path: [] },
): CompletedCommand {
  const help = command.createHelp();
  const below = help.visibleCommands(command);
  const names = below.map((one) => one.name());
  const values = command.registeredArguments.map((argument) => argumentValue(argument, known));
  return {
    path,
    help: command.summary() === '' ? command.description() : command.summary(),
    options: help.visibleOptions(command).map((option) => optionOf(option, known)),
    values: siblings === undefined ? values : [{ kind: 'words', words: siblings }],
    isVariadic: command.registeredArguments.at(-1)?.variadic === true,
    // The one that commander makes for help takes the names of the others.
    commands: below.map((one) =>
      completedCommand(one, known, {
        path: [...path, one.name()],
        ...(one.name() === 'help' && { siblings: names }),
      }),
    ),
  };
}

function argumentValue(argument: Argument, known: KnownWords): Value {
  return valueOf(argument.name(), argument.argChoices, known);
}

function optionOf(option: Option, known: KnownWords): CompletedOption {
  const { long, short, flags, description, argChoices, required, optional } = option;
  const name = /[<[](?<name>[^>\]]+)[>\]]/u.exec(flags)?.groups?.['name'] ?? '';
  return {
    words: [long, short].filter((word) => typeof word === 'string'),
    help: description,
    value: required || optional ? valueOf(name, argChoices, known) : undefined,
    isOptional: optional,
  };
}

function valueOf(name: string, choices: readonly string[] | undefined, known: KnownWords): Value {
  if (choices !== undefined) return { kind: 'words', words: choices };
  const words = known[name];
  if (words !== undefined) return { kind: 'words', words };
  return { kind: KINDS[name] ?? 'any' };
}

/** All commands, each after the one above it. */
export function allCommands(command: CompletedCommand): CompletedCommand[] {
  return [command, ...command.commands.flatMap((one) => allCommands(one))];
}

/** A text as one word of bash, zsh and fish. */
export function quoted(text: string): string {
  return `'${text.replaceAll("'", String.raw`'\''`)}'`;
}
