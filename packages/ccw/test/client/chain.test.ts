import { describe, expect, test } from 'vitest';
import { decodeCcw1 } from '../../src/architecture/ccw.ts';
import { assembleChain, input, noOperation, output, transferTo } from '../../src/client/chain.ts';
import { commandName } from '../../src/client/command-names.ts';

const AT = 0x1_0000;

/** The CCWs of a chain as text, to be compared with what a manual shows. */
function ccws(chain: Parameters<typeof assembleChain>[0]): string[] {
  const { bytes } = assembleChain(chain, AT);
  return chain.map((_, i) => {
    const { command, flags, count, address } = decodeCcw1(bytes.subarray(8 * i));
    return [command, flags, count, address].map((value) => value.toString(16)).join(' ');
  });
}

describe('a chain in memory', () => {
  test('has its CCWs first, chained, and their data behind them at multiples of 8', () => {
    const chain = [output(0x63, Uint8Array.of(1, 2, 3)), input(0x06, 100), input(0x06, 4)];
    expect(ccws(chain)).toEqual(['63 40 3 10018', '6 40 64 10020', '6 0 4 10088']);
    const { bytes, areas } = assembleChain(chain, AT);
    expect(bytes.slice(0x18, 0x1c)).toEqual(Uint8Array.of(1, 2, 3, 0));
    expect(areas).toMatchObject([{ isInput: false }, { isInput: true }, { offset: 0x88 }]);
  });

  test('has flags as they are asked for', () => {
    expect(ccws([input(0xe4, 40, { sli: true }), noOperation({ flags: 0x08 })])).toEqual([
      'e4 60 28 10010',
      '3 28 1 10038',
    ]);
  });

  test('has a TIC to a label, without flags and count', () => {
    const search = output(0x31, new Uint8Array(5), { label: 'search' });
    expect(ccws([search, transferTo('search'), input(0x06, 8)])[1]).toBe('8 0 0 10000');
  });

  test.each<readonly [string, () => unknown]>([
    ['without commands', () => assembleChain([], AT)],
    ['at an odd address', () => assembleChain([noOperation()], AT + 4)],
    ['past 2 GiB', () => assembleChain([input(0x06, 16)], 2 ** 31 - 8)],
    ['with a label that is nowhere', () => assembleChain([noOperation(), transferTo('a')], AT)],
    ['with more than a CCW can count', () => assembleChain([input(0x06, 0x1_0000)], AT)],
  ])('%s is refused', (_what, make) => {
    expect(make).toThrow('EINVAL');
  });
});

test.each([
  [0x86, 'dasd', 'Read Data (multi-track)'],
  [0x94, 'dasd', 'Device Release'],
  [0x02, 'tape', 'Read'],
  [0xe4, undefined, 'Sense ID'],
  [0x86, 'tape', undefined],
] as const)('command %i of a %s is %s', (command, kind, name) => {
  expect(commandName(command, kind)).toBe(name);
});
