// vfio-ts completion: scripts by which a shell completes command lines.

import { Argument, type Command } from '@commander-js/extra-typings';
import { bashCompletion } from '../completion/bash.ts';
import { fishCompletion } from '../completion/fish.ts';
import { completedCommand, type KnownWords } from '../completion/tree.ts';
import { zshCompletion } from '../completion/zsh.ts';
import type { TypeFacts } from '../drivers/driver.ts';
import { DRIVERS } from '../drivers/index.ts';
import { typesOf } from '../drivers/types.ts';
import type { Choose, CommandHost } from '../host.ts';
import { EXIT } from '../usage.ts';

const SHELLS = { bash: bashCompletion, zsh: zshCompletion, fish: fishCompletion } as const;

const EXAMPLES = `
Examples:
  vfio-ts completion bash > ~/.local/share/bash-completion/completions/vfio-ts
  vfio-ts completion zsh > ~/.zfunc/_vfio-ts       with fpath+=~/.zfunc before compinit in ~/.zshrc
  vfio-ts completion fish > ~/.config/fish/completions/vfio-ts.fish`;

/** Adds the command; it knows what has been added, before and after it. */
export function addCompletion(program: Command, { output }: CommandHost, choose: Choose): void {
  program
    .command('completion')
    .summary('print what makes a shell complete command lines')
    .description('Prints a script by which a shell completes command lines of vfio-ts.')
    .addArgument(new Argument('<shell>').choices(['bash', 'zsh', 'fish'] as const))
    .addHelpText('after', EXAMPLES)
    .action((shell) =>
      choose(async () => {
        const tree = completedCommand(program, await knownWords());
        output.print(SHELLS[shell](tree).trimEnd());
        return EXIT.OK;
      }),
    );
}

/** What the drivers of the command have; those of packages come and go. */
async function knownWords(): Promise<KnownWords> {
  const driver: string[] = [];
  const all: TypeFacts[] = [];
  for (const one of DRIVERS) {
    // oxlint-disable-next-line no-await-in-loop -- in their order
    const facts = await typesOf(one);
    all.push(...facts);
    driver.push(one.name);
    if (facts.length > 1) driver.push(...facts.map(({ type }) => `${one.name}:${type}`));
    // What a driver calls its types besides.
    const words = one.help.flatMap((line) => line.split(' '));
    driver.push(...words.filter((word) => word.startsWith(`${one.name}:`)));
  }
  return {
    driver: unique(driver),
    type: unique(all.map(({ type }) => type)),
    parent: unique(all.map(({ parent }) => parent)),
  };
}

function unique(words: readonly string[]): string[] {
  return [...new Set(words)];
}
