import { tmpdir } from 'node:os';
import { expect, test } from 'vitest';
import { placesOf, socketOf, type Environment } from '../src/places.ts';

const UUID = '83b8f4f2-509f-382f-3c1e-e6bfe0fa1001';

test.each<readonly [string, Environment, string, string]>([
  [
    'of a user are in the XDG folders',
    { env: { XDG_CONFIG_HOME: '/c', XDG_RUNTIME_DIR: '/r', HOME: '/h' }, uid: 1000 },
    '/c/vfio-ts/mdevctl.d',
    '/r/vfio-ts',
  ],
  [
    'of a user without XDG folders are at home and in the folder for temporary files',
    { env: { HOME: '/h' }, uid: 1000 },
    '/h/.config/vfio-ts/mdevctl.d',
    `${tmpdir()}/vfio-ts-1000`,
  ],
  [
    'pass over XDG folders that are not absolute',
    { env: { XDG_CONFIG_HOME: 'c', XDG_RUNTIME_DIR: '', HOME: '/h' }, uid: 1000 },
    '/h/.config/vfio-ts/mdevctl.d',
    `${tmpdir()}/vfio-ts-1000`,
  ],
  [
    'of root are those of the machine, whatever its session says',
    { env: { XDG_CONFIG_HOME: '/c', XDG_RUNTIME_DIR: '/r', HOME: '/root' }, uid: 0 },
    '/etc/vfio-ts/mdevctl.d',
    '/run/vfio-ts',
  ],
  [
    'are where the environment wants them',
    { env: { VFIO_TS_CONFIG_DIR: '/a', VFIO_TS_RUNTIME_DIR: '/b' }, uid: 0 },
    '/a/mdevctl.d',
    '/b',
  ],
])('the folders %s', (_what, environment, definitions, runtime) => {
  const control = `${runtime}/control.sock`;
  const drivers = definitions.replace('mdevctl.d', 'node_modules');
  expect(placesOf(environment)).toEqual({ definitions, drivers, runtime, control });
});

test.each([
  [UUID, `/run/vfio-ts/${UUID}.sock`],
  [UUID.toUpperCase(), `/run/vfio-ts/${UUID}.sock`],
  [`./${UUID}`, `./${UUID}`],
  ['/tmp/a.sock', '/tmp/a.sock'],
])('%s is the socket %s', (named, socket) => {
  expect(socketOf(named, { env: {}, uid: 0 })).toBe(socket);
});
