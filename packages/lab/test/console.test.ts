import { expect, test } from 'vitest';
import { ConsoleText } from '../src/console.ts';

test('text already there is found', async () => {
  const text = new ConsoleText();
  text.append('login: ');
  expect((await text.waitFor(/log(in)/, 1000))[1]).toBe('in');
});

test('text that comes in pieces is found', async () => {
  const text = new ConsoleText();
  const found = text.waitFor(/fb0 registered/g, 1000);
  text.append('mdpy-fb: fb0 regis');
  text.append('tered\n');
  expect((await found)[0]).toBe('fb0 registered');
});

test('after a restart only new text counts', async () => {
  const text = new ConsoleText();
  text.append('ready\n');
  text.restart();
  await expect(text.waitFor(/ready/, 10)).rejects.toThrow('within 10 ms');
  expect(text.text).toBe('ready\n');
});

test('remarks are in the text and never found', async () => {
  const text = new ConsoleText();
  text.append('a');
  text.remark('# dmesg | grep panic\n');
  text.append('b');
  expect(text.text).toBe('a# dmesg | grep panic\nb');
  await expect(text.waitFor(/panic/, 5)).rejects.toThrow('within 5 ms');
  expect((await text.waitFor(/ab/, 5))[0]).toBe('ab');
});

test('at the deadline the error carries the end of the text', async () => {
  const text = new ConsoleText();
  text.append(Array.from({ length: 100 }, (_, index) => `line ${index}`).join('\n'));
  const error = await text.waitFor(/never/, 5).catch((thrown: unknown) => String(thrown));
  expect(error).toContain('no /never/ on the console within 5 ms');
  expect(error).toContain('line 99');
  expect(error).not.toContain('line 5\n');
});

test('when the text ends whoever waits is refused, text already there is still found', async () => {
  const text = new ConsoleText();
  text.append('last words');
  const waiting = text.waitFor(/more/, 1000);
  text.close(new Error('QEMU ended'));
  await expect(waiting).rejects.toThrow('QEMU ended');
  await expect(text.waitFor(/more/, 1000)).rejects.toThrow('QEMU ended');
  expect((await text.waitFor(/last/, 1000))[0]).toBe('last');
});
