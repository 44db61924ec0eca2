import { Duplex } from 'node:stream';
import { expect, test } from 'vitest';
import { Agent } from '../src/agent.ts';
import { AgentParser, commandLine } from '../src/agent-protocol.ts';
import type { AgentEvent } from '../src/agent-protocol.ts';

function parse(...chunks: string[]): AgentEvent[] {
  const parser = new AgentParser();
  return chunks.flatMap((chunk) => parser.feed(chunk));
}

test('a command goes out as one line, whatever is in it', () => {
  const line = commandLine('c1', "printf 'a\nb'\n# ä");
  expect(line).toMatch(/^c1 [A-Za-z0-9+/=]+\n$/);
  expect(Buffer.from(line.split(' ')[1] ?? '', 'base64').toString()).toBe("printf 'a\nb'\n# ä");
});

test('begin, output and end are told apart', () => {
  expect(parse('\u0001ready\n\u0001begin c1\nhello\n\u0001end c1 3\n')).toEqual([
    { kind: 'ready' },
    { kind: 'begin', id: 'c1' },
    { kind: 'output', text: 'hello\n' },
    { kind: 'end', id: 'c1', status: 3 },
  ]);
});

test('the same comes out when it arrives byte by byte', () => {
  const text = '\u0001ready\n\u0001begin c1\nno newline\u0001end c1 0\n';
  const events = parse(...text.split(''));
  const output = events.flatMap((event) => (event.kind === 'output' ? [event.text] : [])).join('');
  expect(output).toBe('no newline');
  expect(events.at(-1)).toEqual({ kind: 'end', id: 'c1', status: 0 });
});

test('a marked line that is none of the agent is output', () => {
  expect(parse('\u0001rubbish\n')).toEqual([{ kind: 'output', text: '\u0001rubbish\n' }]);
});

test('a line cut short by a reset does not swallow the next', () => {
  expect(parse('\u0001end c', '\u0001ready\n').at(-1)).toEqual({ kind: 'ready' });
});

class FakePort extends Duplex {
  readonly lines: string[] = [];

  override _read(): void {}

  override _write(chunk: Buffer, _: BufferEncoding, done: () => void): void {
    this.lines.push(chunk.toString());
    done();
  }

  say(text: string): void {
    this.push(text);
  }
}

test('a command resolves with its output and status, and is in the transcript', async () => {
  const port = new FakePort();
  let transcript = '';
  const agent = new Agent(port, (text) => {
    transcript += text;
  });
  const result = agent.run('ls', 1000);
  await expect.poll(() => port.lines.length).toBe(1);
  port.say('stray\u0001begin c0\nfile\n\u0001end c0 2\n');
  expect(await result).toEqual({ output: 'file\n', status: 2 });
  expect(transcript).toContain('# ls\n');
  expect(transcript).toContain('file\n');
});

test('a command waits for the one before it', async () => {
  const port = new FakePort();
  const agent = new Agent(port, () => {});
  const first = agent.run('one', 1000);
  const second = agent.run('two', 1000);
  await expect.poll(() => port.lines.length).toBe(1);
  port.say('\u0001begin c0\n\u0001end c0 0\n');
  await first;
  await expect.poll(() => port.lines.length).toBe(2);
  port.say('\u0001begin c1\n\u0001end c1 1\n');
  expect((await second).status).toBe(1);
});

test('past its deadline a command rejects with its output so far', async () => {
  const port = new FakePort();
  const agent = new Agent(port, () => {});
  const result = agent.run('slow', 20);
  port.say('\u0001begin c0\nhalf');
  await expect(result).rejects.toThrow(/'slow' did not end in the guest within 20 ms[^]*half/);
});

test('a guest that restarts refuses the command under way and is ready again', async () => {
  const port = new FakePort();
  const agent = new Agent(port, () => {});
  const result = agent.run('reboot -f', 1000);
  await expect.poll(() => port.lines.length).toBe(1);
  port.say('\u0001ready\n');
  await expect(result).rejects.toThrow('restarted');
  await agent.ready;
});

test('once closed everything is refused', async () => {
  const agent = new Agent(new FakePort(), () => {});
  agent.close(new Error('QEMU ended'));
  await expect(agent.ready).rejects.toThrow('QEMU ended');
  await expect(agent.run('ls', 1000)).rejects.toThrow('QEMU ended');
});
