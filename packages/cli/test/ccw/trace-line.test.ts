import { describe, expect, test } from 'vitest';
import { chainLine, parseTold } from '../../src/drivers/ccw/trace-line.ts';

const CHAIN = {
  unit: 'dasd',
  commands: [
    {
      code: 0x63,
      count: 16,
      output: Uint8Array.of(0x40, 0xc0),
      input: new Uint8Array(0),
      status: 0x0c,
      sense: undefined,
    },
    {
      code: 0x47,
      count: 16,
      output: Uint8Array.of(1),
      input: new Uint8Array(0),
      status: 0x0e,
      sense: Uint8Array.of(0x80),
    },
  ],
  omitted: 3,
  isAborted: false,
  end: { status: 0x0e, sense: Uint8Array.of(0x81) },
};

describe('a line of a trace', () => {
  test('is the chain that was told', () => {
    const line = JSON.stringify(chainLine(CHAIN, 'dasd', new Date(0)));
    expect(parseTold(line)).toEqual({
      time: '1970-01-01T00:00:00.000Z',
      kind: 'dasd',
      chain: CHAIN,
    });
  });

  test('says how many chains were lost', () => {
    expect(parseTold('{"lost":7}')).toEqual({ lost: 7 });
  });

  const good = chainLine(CHAIN, 'dasd', new Date(0));
  test.each<readonly [string, unknown]>([
    ['text', 'no JSON'],
    ['null', null],
    ['no time', { ...good, time: 1 }],
    ['no commands', { ...good, commands: {} }],
    ['a command that is none', { ...good, commands: [7] }],
    ['a code that is no byte', { ...good, commands: [{ ...good.commands[0], code: 256 }] }],
    ['bytes that are none', { ...good, commands: [{ ...good.commands[0], input: 'xy' }] }],
    ['an end without status', { ...good, end: {} }],
  ])('%s is EPROTO', (_what, told) => {
    const line = typeof told === 'string' ? told : JSON.stringify(told);
    expect(() => parseTold(line)).toThrow(expect.objectContaining({ code: 'EPROTO' }));
  });
});
