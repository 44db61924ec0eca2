// Which packages are drivers, and what is said of those that cannot be used.

import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { findDriver, findDriverOfType, knownDrivers } from '../../src/drivers/find.ts';
import { DRIVERS } from '../../src/drivers/index.ts';
import type { DriverPlaces } from '../../src/drivers/search-path.ts';
import { UsageError } from '../../src/usage.ts';
import { temporaryFolder } from '../support.ts';

/** The text of a module with a driver that serves nothing. */
function moduleOf(name: string, busName: string = name): string {
  return `export const driver = { name: '${name}', busName: '${busName}', help: ['${busName}-1'],
    register: () => ({ unregister() {} }) };`;
}

/** Folders with packages, and where somebody stands among them. */
class Folders {
  readonly #root: string;

  constructor() {
    const folder = temporaryFolder();
    onTestFinished(() => folder[Symbol.dispose]());
    this.#root = folder.path;
  }

  get places(): DriverPlaces {
    return { cwd: this.path('work/deep'), drivers: this.path('config/node_modules') };
  }

  path(name: string): string {
    return join(this.#root, name);
  }

  file(name: string, text: string): this {
    mkdirSync(dirname(this.path(name)), { recursive: true });
    writeFileSync(this.path(name), text);
    return this;
  }

  /** A package that is a driver, but for what is said here. */
  driver(
    folder: string,
    { said = {}, module = '' }: { said?: object; module?: string } = {},
  ): this {
    const name = folder.split('node_modules/')[1] ?? folder;
    const json = {
      name,
      version: '1.2.3',
      type: 'module',
      'vfio-ts': { driver: './driver.js', interface: 1 },
      ...said,
    };
    this.file(`${folder}/package.json`, JSON.stringify(json));
    return this.file(`${folder}/driver.js`, module === '' ? moduleOf(name) : module);
  }
}

test.each([
  ['the current folder', 'work/deep/node_modules/uart'],
  ['a folder above it', 'work/node_modules/uart'],
  ['the folder of the configuration', 'config/node_modules/uart'],
  ['a scope', 'work/node_modules/@acme/uart'],
])('a driver is found by its name in %s', async (_where, folder) => {
  const folders = new Folders().driver(folder);
  const name = folder.split('node_modules/')[1] ?? '';
  expect(await findDriver(name, folders.places)).toMatchObject({ name });
});

test('the nearest of two of one name is taken, and listed once', async () => {
  const folders = new Folders()
    .driver('work/node_modules/uart', { module: moduleOf('uart', 'far') })
    .driver('work/deep/node_modules/uart', { module: moduleOf('uart', 'near') });
  expect(await findDriver('uart', folders.places)).toMatchObject({ busName: 'near' });
  const { found } = await knownDrivers(folders.places);
  expect(found.filter(({ driver }) => driver.name === 'uart')).toHaveLength(1);
});

test('a driver of the command is not replaced by a package of its name', async () => {
  const folders = new Folders().driver('work/node_modules/ap', { module: 'throw new Error()' });
  expect(await findDriver('ap', folders.places)).toMatchObject({ busName: 'vfio_ap' });
  const { unusable } = await knownDrivers(folders.places);
  expect(unusable).toEqual([]);
});

test.each([
  ['a package', './uart'],
  ['a module', './uart/driver.js'],
  ['a module in TypeScript', './uart.ts'],
])('%s is found by its path', async (_what, path) => {
  const folders = new Folders()
    .driver('work/deep/uart', { said: { name: 'uart' }, module: moduleOf('uart') })
    .file('work/deep/uart.ts', moduleOf('uart').replace('driver =', 'driver: object ='));
  expect(await findDriver(path, folders.places)).toMatchObject({ name: 'uart' });
});

test('drivers are known with where they come from, those of the command first', async () => {
  const folders = new Folders().driver('work/node_modules/uart');
  const { found } = await knownDrivers(folders.places);
  expect(found.slice(0, DRIVERS.length)).toEqual(DRIVERS.map((driver) => ({ driver })));
  expect(found.at(-1)).toMatchObject({
    driver: { name: 'uart' },
    origin: { version: '1.2.3', folder: folders.path('work/node_modules/uart') },
  });
});

test('one that is linked, as package managers do, is known once', async () => {
  const folders = new Folders().driver('store/node_modules/uart').file('work/node_modules/x', '');
  const store = folders.path('store/node_modules/uart');
  symlinkSync(store, folders.path('work/node_modules/uart'));
  mkdirSync(folders.path('work/deep/node_modules'), { recursive: true });
  symlinkSync(store, folders.path('work/deep/node_modules/uart'));
  const { found, unusable } = await knownDrivers(folders.places);
  expect(found.filter(({ driver }) => driver.name === 'uart')).toHaveLength(1);
  expect(unusable).toEqual([]);
});

test('the driver of a type is the one whose name on the bus is the longest that fits', async () => {
  const folders = new Folders()
    .driver('work/node_modules/a', { module: moduleOf('a', 'uart') })
    .driver('work/node_modules/b', { module: moduleOf('b', 'uart-fast') });
  expect(await findDriverOfType('uart-1', folders.places)).toMatchObject({ name: 'a' });
  expect(await findDriverOfType('uart-fast-1', folders.places)).toMatchObject({ name: 'b' });
  await expect(findDriverOfType('uart', folders.places)).rejects.toThrow(UsageError);
});

const NEXT = '"vfio-ts": { "driver": "./dist/driver.js", "interface": 1 }';

test.each<readonly [string, object, string, string]>([
  ['names no module', { 'vfio-ts': {} }, '', NEXT],
  ['names no interface', { 'vfio-ts': { driver: './driver.js' } }, '', '"interface": 1'],
  [
    'is made for a later interface',
    { 'vfio-ts': { driver: './driver.js', interface: 2 } },
    'throw new Error("it must not run")',
    'is made for interface 2 of the command, which has 1: update the command',
  ],
  [
    'is made for an earlier interface',
    { 'vfio-ts': { driver: './driver.js', interface: 0 } },
    '',
    'update the driver, npm install uart@latest',
  ],
  [
    'is not built',
    { 'vfio-ts': { driver: './dist/driver.js', interface: 1 } },
    '',
    'there is no such file: is it built?',
  ],
  ['cannot be loaded', {}, 'import "nowhere";', "Cannot find package 'nowhere'"],
  ['is no JavaScript', {}, 'export {', 'cannot be loaded'],
  ['throws', {}, 'throw new Error("no such card");', 'cannot be loaded: no such card'],
  ['exports nothing', {}, 'export {};', 'exports no driver'],
  ['exports something else', {}, 'export const drivers = [];', 'exports drivers'],
  ['exports a driver of another name', {}, moduleOf('other'), 'it has to be the package'],
  [
    'exports half a driver',
    {},
    'export const driver = { name: "uart", busName: "uart", help: [] };',
    'whose register is missing or wrong',
  ],
  ['exports null', {}, 'export const driver = null;', 'whose name is missing or wrong'],
])('a package that %s is refused, and does not hide the others', async (...told) => {
  const [, said, module, fact] = told;
  const folders = new Folders()
    .driver('work/node_modules/uart', { said, module })
    .driver('work/node_modules/zebra');
  await expect(findDriver('uart', folders.places)).rejects.toThrow(fact);
  const { found, unusable } = await knownDrivers(folders.places);
  expect(found.at(-1)).toMatchObject({ driver: { name: 'zebra' } });
  expect(unusable).toEqual([
    { folder: folders.path('work/node_modules/uart'), error: expect.objectContaining({}) },
  ]);
  expect(unusable[0]?.error.message).toContain(fact);
});

test('a package.json that is damaged is named', async () => {
  const folders = new Folders().file('work/node_modules/uart/package.json', '{"vfio-ts": ');
  await expect(findDriver('uart', folders.places)).rejects.toThrow(
    /work\/node_modules\/uart\/package\.json is damaged: /u,
  );
});

test.each([
  ['a package that is no driver', 'other', 'its package.json says nothing under "vfio-ts"'],
  ['a package that is not there', 'nothing', 'there are: mdpy-sample, '],
  ['a package that is not there, where others are', 'nothing', 'uart'],
  ['a path to nothing', './nothing', 'no such file'],
  ['a folder without a package', '..', 'is no driver'],
  ['a name that leads out of the folder', '@acme/../../secret', 'no driver'],
  ['nothing', '', 'no driver'],
])('%s is said to be none', async (_what, name, fact) => {
  const folders = new Folders()
    .driver('work/node_modules/uart')
    .file('work/node_modules/other/package.json', '{"name":"other"}')
    .file('secret/package.json', '{}');
  await expect(findDriver(name, folders.places)).rejects.toThrow(fact);
});

test('a driver without unregister is refused when it is served', async () => {
  const module = moduleOf('uart').replace('({ unregister() {} })', '({})');
  const folders = new Folders().driver('work/node_modules/uart', { module });
  const driver = await findDriver('uart', folders.places);
  const { openWorkplace } = await import('../../src/workplace.ts');
  const { bus } = openWorkplace({ log: () => undefined });
  await expect(driver.register(bus, [])).rejects.toThrow('gives no unregister');
});
