import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { configText, machineMirror, networkConfig, sourcesText } from '../src/apt.ts';
import { DEFAULT_MIRROR } from '../src/sources.ts';
import { tempDir } from './temp-dir.ts';

test('the mirror is read from both styles of file', () => {
  using etc = tempDir();
  mkdirSync(join(etc.path, 'sources.list.d'));
  writeFileSync(join(etc.path, 'sources.list'), 'deb http://v.example/x stretch-vendor main\n');
  writeFileSync(
    join(etc.path, 'sources.list.d', 'debian.sources'),
    'Types: deb\nURIs: http://m.example/debian\nSuites: bookworm\nComponents: main\n',
  );
  expect(machineMirror(etc.path).uri).toBe('http://m.example/debian');
});

test('a machine without package sources gets the default mirror', () => {
  expect(machineMirror('/nonexistent')).toBe(DEFAULT_MIRROR);
});

test('the sources name each release, its architectures and the keyring', () => {
  expect(sourcesText({ uri: 'http://m.example/debian', keyring: '/k.gpg' })).toBe(
    [
      'Types: deb\nURIs: http://m.example/debian\nSuites: trixie\n',
      'Architectures: amd64 s390x\nComponents: main\nSigned-By: /k.gpg\n\n',
      'Types: deb\nURIs: http://m.example/debian\nSuites: trixie-backports\n',
      'Architectures: amd64\nComponents: main\nSigned-By: /k.gpg\n\n',
      'Types: deb\nURIs: http://m.example/debian\nSuites: forky\n',
      'Architectures: amd64\nComponents: main\nSigned-By: /k.gpg\nCheck-Valid-Until: no\n',
    ].join(''),
  );
});

test("only the network lines of the machine's configuration are taken over", () => {
  const dump = [
    'Acquire::AllowInsecureRepositories "1";',
    'Acquire::http "";',
    'Acquire::http::Proxy "http://proxy.example:3128";',
    'Acquire::https::CaInfo "/ca.pem";',
    'Acquire::Languages "none";',
    'Acquire::Check-Valid-Until "false";',
  ].join('\n');
  const taken = networkConfig(dump);
  expect(taken).toContain('Proxy');
  expect(taken).toContain('CaInfo');
  expect(taken).toContain('Check-Valid-Until');
  expect(taken).not.toContain('Insecure');
  expect(taken).not.toContain('Languages');
});

test("no path of the configuration is the machine's", () => {
  const paths = configText('/lab/apt', '').matchAll(/^Dir::\S+ "([^"]*)";$/gm);
  for (const [, path] of paths) expect(path).toMatch(/^(\/lab\/apt\/.*|\/dev\/null|)$/);
});
