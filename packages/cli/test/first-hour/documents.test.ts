// What the documents say to type is what there is to type.

import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { run } from '../../src/program.ts';
import { qemuCommand } from '../../src/qemu.ts';

const ROOT = join(import.meta.dirname, '../../../..');
const DOCUMENTS = globSync(['README.md', 'docs/**/*.md', 'packages/*/README.md'], {
  cwd: ROOT,
  exclude: (name) => name.endsWith('site') || name.endsWith('node_modules'),
});

/** Lines that begin with the command, in blocks of code and as code in a line; each up to the next command. */
function commandLines(text: string): readonly string[] {
  const blocks = Array.from(text.matchAll(/^```\n(.*?)^```$/gmsu), ([, block = '']) => block);
  const inline = Array.from(text.matchAll(/`([^`\n]+)`/gu), ([, code = '']) => code);
  return [
    ...blocks.flatMap((block) => block.replaceAll('\\\n', ' ').split('\n')),
    ...inline,
  ].flatMap((line) => {
    const [, rest] = /^(?:\$ )?(?:npx pnpm@12 |sudo )?vfio-ts (.+)$/u.exec(line.trim()) ?? [];
    return rest === undefined ? [] : [rest.split(/ [|#&>]/u)[0]?.trim() ?? ''];
  });
}

/** What the command says of itself; `undefined` when there is no such command. */
async function helpOf(verbs: readonly string[]): Promise<string | undefined> {
  const said: string[] = [];
  const output = {
    print: (line: string) => void said.push(line),
    note: () => undefined,
  };
  const host = { output, untilStopped: () => Promise.resolve(), version: '1.2.3' };
  const exit = await run([...verbs, '--help'], host);
  return exit === 0 ? said.join('\n') : undefined;
}

const typed = DOCUMENTS.flatMap((name) =>
  commandLines(readFileSync(join(ROOT, name), 'utf8')).map((line) => ({ name, line })),
);

test('documents have commands', () => {
  expect(typed.length).toBeGreaterThan(20);
});

test.each(typed)('$name: vfio-ts $line', async ({ line }) => {
  const words = line.split(/\s+/u);
  const verbs = words.filter((word) => /^[a-z]+$/u.test(word)).slice(0, 2);
  const help = (await helpOf(verbs)) ?? (await helpOf(verbs.slice(0, 1)));
  expect(help).toContain(`Usage: vfio-ts ${verbs[0] ?? '[options]'}`);
  for (const option of words.filter((word) => /^--[a-z]/u.test(word))) {
    expect(help).toContain(option.split('=')[0]);
  }
});

test.each(['README.md', 'docs/guides/attach-to-qemu.md'])(
  '%s: QEMU takes the device as serve says',
  (name) => {
    expect(readFileSync(join(ROOT, name), 'utf8')).toContain(qemuCommand('/tmp/mdpy.sock'));
  },
);
