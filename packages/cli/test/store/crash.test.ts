// Every operation of the store meets the end of the machine, or an error, at every file operation.
import {
  assert,
  asyncProperty,
  array,
  constantFrom,
  infiniteStream,
  integer,
  nat,
  record,
} from 'fast-check';
import { expect, test } from 'vitest';
import { DefinitionStore, type StoreContents } from '../../src/store/definition-store.ts';
import { Crash, MemoryFiles, type Fault } from './memory-files.ts';

const FOLDER = '/etc/vfio-ts/mdevctl.d';
const UUIDS = [1, 2, 3].map((n) => `83b8f4f2-509f-382f-3c1e-e6bfe0fa100${n}`);
const PARENTS = ['mdpy', 'matrix'];
const DAMAGED = '{"mdev_type": "mdpy-vga",\n"start": }';

interface Step {
  readonly verb: 'define' | 'modify' | 'undefine' | 'load' | 'damage';
  readonly uuid: string;
  readonly parent: string;
  readonly value: string;
}

/** What a store holds, by parent and UUID: the type's name, or `undefined` where it is damaged. */
type Model = Readonly<Record<string, string | undefined>>;

const step = record<Step>({
  verb: constantFrom('define', 'define', 'modify', 'undefine', 'load', 'damage'),
  uuid: constantFrom(...UUIDS),
  parent: constantFrom(...PARENTS),
  value: constantFrom('mdpy-vga', 'mdpy-xga', 'mdpy-hd'),
});

function key({ uuid, parent }: { readonly uuid: string; readonly parent: string }): string {
  return `${parent}/${uuid}`;
}

/** What a step makes of a model that it goes well with. */
function after(model: Model, { verb, value, ...at }: Step): Model {
  const { [key(at)]: before, ...others } = model;
  const isThere = key(at) in model;
  switch (verb) {
    case 'define':
      return before === undefined ? { ...model, [key(at)]: value } : model;
    case 'modify':
      return before === undefined ? model : { ...model, [key(at)]: `${before}+` };
    case 'undefine':
      return before === undefined ? model : others;
    case 'load':
      return Object.fromEntries(Object.entries(model).filter(([, type]) => type !== undefined));
    case 'damage':
      return isThere ? { ...model, [key(at)]: undefined } : model;
  }
}

async function take(store: DefinitionStore, files: MemoryFiles, at: Step): Promise<void> {
  const { verb, uuid, parent, value } = at;
  switch (verb) {
    case 'define':
      return store.define({
        uuid,
        parent,
        definition: { mdevType: value, start: 'auto', attrs: [] },
      });
    case 'modify':
      return store.modify(uuid, parent, (one) => ({ ...one, mdevType: `${one.mdevType}+` }));
    case 'undefine':
      return void (await store.undefine(uuid, parent));
    case 'load':
      return void (await store.load());
    case 'damage':
      if (`${FOLDER}/${key(at)}` in files.tree()) files.put(`${FOLDER}/${key(at)}`, DAMAGED);
  }
}

function modelOf({ definitions, damaged }: StoreContents): Model {
  const whole = definitions.map((one) => [key(one), one.definition.mdevType] as const);
  return Object.fromEntries([...whole, ...damaged.map((one) => [key(one), undefined] as const)]);
}

/** What is in the files, without setting anything aside. */
function held(files: MemoryFiles): Model {
  const entries = Object.entries(files.tree()).flatMap(([path, text]) => {
    const name = path.slice(FOLDER.length + 1);
    if (name.startsWith('.')) return [];
    return [[name, text === DAMAGED ? undefined : String(JSON.parse(text).mdev_type)] as const];
  });
  return Object.fromEntries(entries);
}

/** Texts that are set aside or still in place. */
function damagedTexts(files: MemoryFiles): string[] {
  return Object.entries(files.tree()).flatMap(([, text]) => (text === DAMAGED ? [text] : []));
}

function isRefusal(done: Promise<void>): Promise<boolean> {
  return done.then(
    () => false,
    (error: unknown) => /ENOENT|EEXIST|EINVAL/u.test(String(error)),
  );
}

test('the store does what a plain map does', async () => {
  await assert(
    asyncProperty(array(step, { maxLength: 40 }), async (steps) => {
      const files = new MemoryFiles();
      const store = new DefinitionStore(FOLDER, { files });
      let model: Model = {};
      for (const one of steps) {
        const next = after(model, one);
        const isRefused = next === model && one.verb !== 'load' && one.verb !== 'damage';
        expect(await isRefusal(take(store, files, one))).toBe(isRefused);
        model = next;
        expect(held(files)).toEqual(model);
        expect(files.openCount).toBe(0);
      }
      const loaded = await store.load();
      expect(modelOf(loaded)).toEqual(model);
    }),
  );
});

const faultKind = constantFrom<Fault['kind']>('before', 'after', 'EIO', 'ENOSPC');

test('a crash or an error leaves what was before, or what was to be, and the next store goes on', async () => {
  await assert(
    asyncProperty(
      array(step, { maxLength: 8 }),
      step,
      nat(40),
      faultKind,
      infiniteStream(integer({ min: 0, max: 1000 })),
      async (steps, last, at, kind, choices) => {
        const files = new MemoryFiles();
        const store = new DefinitionStore(FOLDER, { files });
        let model: Model = {};
        for (const one of steps) {
          await take(store, files, one).catch(() => undefined);
          model = after(model, one);
        }
        const damaged = damagedTexts(files).length;
        files.inject({ at, kind });
        const error: unknown = await take(store, files, last).then(
          () => undefined,
          (reason: unknown) => reason,
        );
        expect(error instanceof Crash || files.openCount === 0).toBe(true);
        files.reboot((max) => (choices.next().value ?? 0) % (max + 1));
        const left = held(files);
        const wanted = after(model, last);
        // What was to be done to a damaged one in two steps may stop between them.
        const between = after(model, { ...last, verb: 'load' });
        const possible = error === undefined ? [wanted] : [model, wanted, between];
        expect(partsOf(possible, left)).toEqual(left);
        expect(damagedTexts(files).length).toBeGreaterThanOrEqual(
          last.verb === 'damage' ? 0 : damaged,
        );

        const next = new DefinitionStore(FOLDER, { files });
        const uuid = '83b8f4f2-509f-382f-3c1e-e6bfe0fa1009';
        await take(next, files, { verb: 'define', uuid, parent: 'mdpy', value: 'mdpy-hd' });
        expect(held(files)).toMatchObject({ [`mdpy/${uuid}`]: 'mdpy-hd' });
        expect(Object.keys(files.tree())).not.toContain(`${FOLDER}/.draft`);
      },
    ),
    { numRuns: 2000 },
  );
});

/** The possible model that `left` is; several damaged files are set aside one after the other. */
function partsOf(possible: readonly Model[], left: Model): Model | undefined {
  const [before] = possible;
  const exact = possible.find(
    (one) => JSON.stringify(sorted(one)) === JSON.stringify(sorted(left)),
  );
  if (exact !== undefined || before === undefined) return exact;
  const goneAreDamaged = Object.entries(before).every(
    ([name, type]) => name in left || type === undefined,
  );
  const restIsSame = Object.entries(left).every(([name, type]) => before[name] === type);
  return goneAreDamaged && restIsSame ? left : undefined;
}

function sorted(model: Model): unknown {
  return Object.entries(model)
    .map(([name, type]) => [name, type ?? 'damaged'])
    .toSorted(([a = ''], [b = '']) => a.localeCompare(b));
}
