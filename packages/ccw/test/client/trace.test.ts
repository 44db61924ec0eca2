import { describe, expect, test } from 'vitest';
import { TracingUnit, type TracedChain } from '../../src/channel/trace.ts';
import { assembleChain, input, noOperation, output, transferTo } from '../../src/client/chain.ts';
import { disassemble } from '../../src/client/disassemble.ts';
import { formatChain } from '../../src/client/format-chain.ts';
import { NORMAL, ScriptedUnit } from '../channel/support.ts';
import { Path } from './support.ts';

interface Watched extends AsyncDisposable {
  readonly unit: ScriptedUnit;
  readonly path: Path<TracingUnit>;
  readonly chains: TracedChain[];
}

/** A scripted unit that is watched, and the chains it has seen. */
async function watched(): Promise<Watched> {
  const unit = new ScriptedUnit();
  const chains: TracedChain[] = [];
  const path = await Path.open(new TracingUnit(unit, (chain) => chains.push(chain)));
  return { unit, path, chains, [Symbol.asyncDispose]: () => path[Symbol.asyncDispose]() };
}

describe('a control unit that is watched', () => {
  test('tells each chain as people write it', async () => {
    await using stand = await watched();
    const { unit, path, chains } = stand;
    unit.ends.set(0x12, () => ({ status: NORMAL, data: Uint8Array.of(0, 0, 0, 0, 1, 4, 0, 24) }));
    await path.client.run([output(0x47, new Uint8Array(16).fill(6)), input(0x12, 8)]);
    expect(chains.map((chain) => formatChain(chain, 'dasd'))).toEqual([
      [
        '47 Locate Record                     16  CE DE > 06060606 06060606 06060606 06060606',
        '12 Read Count                         8  CE DE < 00000000 01040018',
      ],
    ]);
  });

  test('tells sense data, and what the end of the chain added', async () => {
    await using stand = await watched();
    const { unit, path, chains } = stand;
    const sense = Uint8Array.of(0x80, 0, 0, 0, 0, 0, 0, 1);
    unit.ends.set(0x99, () => ({ status: NORMAL | 2, taken: 0, sense }));
    unit.lateEnd = { status: NORMAL | 2, sense: Uint8Array.of(0x81) };
    await path.client.run([input(0x99, 1)]);
    expect(chains.flatMap((chain) => formatChain(chain))).toEqual([
      '99 ?                                  1  CE DE UC > 00',
      '   sense 80000000 00000001',
      '   at the end: CE DE UC',
      '   sense 81',
    ]);
  });

  test('tells that it failed', async () => {
    await using stand = await watched();
    const { unit, path, chains } = stand;
    unit.ends.set(0x03, () => Promise.reject(new Error('broken')));
    unit.ends.set(0x04, () => {
      throw new Error('broken');
    });
    const failed = async (chain: Parameters<typeof path.client.run>[0]): Promise<void> => {
      const running = path.client.run(chain);
      await new Promise((done) => setImmediate(done));
      path.clock.advance(1);
      await running;
    };
    await failed([noOperation()]);
    await failed([input(0x04, 32)]);
    expect(chains.flatMap(({ commands }) => commands.map(({ status }) => status))).toEqual([
      undefined,
      undefined,
    ]);
    expect(chains.flatMap((chain) => formatChain(chain))[0]).toMatch(/failed$/u);
  });

  test('keeps so many commands of a chain, and counts the others', async () => {
    await using stand = await watched();
    const { unit, path, chains } = stand;
    let left = 1000;
    unit.ends.set(0x07, () => ({ status: NORMAL | (left-- > 0 ? 0 : 0x40) }));
    const seek = output(0x07, new Uint8Array(6), { label: 'again' });
    await path.client.run([seek, transferTo('again'), noOperation()]);
    expect(chains[0]).toMatchObject({ omitted: 490 });
    expect(chains.flatMap((chain) => formatChain(chain)).at(-1)).toBe('   … 490 more');
  });
});

describe('a disassembly', () => {
  const chain = [
    output(0x31, new Uint8Array(5), { label: 'search' }),
    transferTo('search'),
    input(0x86, 0x1000, { sli: true }),
  ];

  test('has a line for each CCW, to the one that chains no further', () => {
    const { bytes } = assembleChain(chain, 0x1_0000);
    expect(disassemble(bytes, { at: 0x1_0000, kind: 'dasd' })).toEqual([
      '00010000  31 Search ID Equal                   5 00010018 CC',
      '00010008  08 Transfer in Channel           -> 00010000',
      '00010010  86 Read Data (multi-track)        4096 00010020 SLI',
    ]);
  });

  test('reads format 0', () => {
    const bytes = Uint8Array.of(2, 0, 0x12, 0x34, 0x20, 0, 0, 24, 0x38, 0, 0, 8, 0, 0, 0, 0);
    expect(disassemble(bytes, { format: 0, kind: 'dasd' })).toEqual([
      '00000000  02 Read IPL                         24 00001234 SLI',
    ]);
  });

  test('ends with the bytes', () => {
    expect(disassemble(new Uint8Array(7))).toEqual([]);
  });
});
