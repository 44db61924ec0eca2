import { spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test as base } from 'vitest';
import { inFolder, type InFolder } from '../image/support.ts';
import { KILLED_ITEMS } from './kill-chains.ts';
import { drive, EXCEPTION, NORMAL, READ, type TapeItem } from './support.ts';

const test = base.extend<InFolder>(inFolder);
const CHILD = fileURLToPath(new URL('kill-child.ts', import.meta.url));

interface End {
  readonly signal: NodeJS.Signals | null;
  readonly lines: readonly string[];
}

function run(path: string, at: number, half: number): Promise<End> {
  const child = spawn(process.execPath, [CHILD, path, String(at), String(half)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let text = '';
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    text += chunk;
  });
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (_, signal) => resolve({ signal, lines: text.split('\n').slice(0, -1) }));
  });
}

async function itemsOf(folder: string, name: string): Promise<TapeItem[]> {
  await using rig = drive(folder, name);
  await rig.unit.mount(rig.path);
  const items: TapeItem[] = [];
  for (;;) {
    const { status, data } = await rig.run([READ]);
    if (status === EXCEPTION) items.push('mark');
    else if (status === NORMAL && data[0] !== undefined) items.push(data[0]);
    else return items;
  }
}

test('a process killed in the middle of any write leaves whole blocks, and no lock', async ({
  folder,
}) => {
  let isOver = false;
  for (let at = 1; !isOver; at += 1) {
    const name = `tape-${at}.aws`;
    writeFileSync(join(folder, name), '');
    const { signal, lines } = await run(join(folder, name), at, at % 2 === 0 ? 0.5 : 0.97);
    isOver = signal === null;
    expect(lines.includes('closed')).toBe(isOver);
    const items = await itemsOf(folder, name);
    const durable = Number(lines.findLast((line) => line !== 'closed') ?? 0);
    expect(items.length).toBeGreaterThanOrEqual(durable);
    expect(items).toEqual(KILLED_ITEMS.slice(0, items.length));
    expect(at).toBeLessThan(10);
  }
});
