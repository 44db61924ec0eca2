import { expect, test } from 'vitest';
import {
  chooseMirror,
  DEFAULT_MIRROR,
  parseDeb822Sources,
  parseOneLineSources,
} from '../src/sources.ts';

test('one-line sources: options, comments and deb-src', () => {
  const text = `# a comment
deb [arch=amd64 signed-by=/k.gpg] https://mirror.example/debian bookworm main contrib # note
deb-src https://mirror.example/debian bookworm main
  deb http://other.example/debian/ trixie-updates main
deb-srcs nonsense`;
  expect(parseOneLineSources(text)).toEqual([
    {
      uris: ['https://mirror.example/debian'],
      suites: ['bookworm'],
      components: ['main', 'contrib'],
      signedBy: '/k.gpg',
    },
    { uris: ['http://other.example/debian/'], suites: ['trixie-updates'], components: ['main'] },
  ]);
});

test('deb822 sources: comments inside a stanza, several suites, disabled stanzas', () => {
  const text = `Types: deb deb-src
# snapshot
URIs: http://mirror.example/debian
Suites: bookworm
 bookworm-updates
Components: main
Signed-By: /usr/share/keyrings/d.gpg

Types: deb
Enabled: no
URIs: http://off.example/debian
Suites: bookworm
Components: main

Types: deb-src
URIs: http://src.example/debian
Suites: bookworm
Components: main`;
  expect(parseDeb822Sources(text)).toEqual([
    {
      uris: ['http://mirror.example/debian'],
      suites: ['bookworm', 'bookworm-updates'],
      components: ['main'],
      signedBy: '/usr/share/keyrings/d.gpg',
    },
  ]);
});

test('a key written into the stanza is not taken for a path', () => {
  const text = `Types: deb
URIs: http://mirror.example/debian
Suites: trixie
Components: main
Signed-By:
 -----BEGIN PGP PUBLIC KEY BLOCK-----
 .
 mDMEY8
 -----END PGP PUBLIC KEY BLOCK-----`;
  const [source] = parseDeb822Sources(text);
  expect(source?.signedBy).toBeUndefined();
  expect(source?.suites).toEqual(['trixie']);
});

test("the first of Debian's own suites names the mirror", () => {
  const sources = [
    { uris: ['https://deb.vendor.example/node'], suites: ['nodistro'], components: ['main'] },
    { uris: ['http://s.example/debian'], suites: ['bookworm-security'], components: ['main'] },
    { uris: ['http://m.example/debian/'], suites: ['bookworm'], components: ['main'] },
  ];
  expect(chooseMirror(sources)).toEqual({
    uri: 'http://m.example/debian',
    keyring: DEFAULT_MIRROR.keyring,
  });
});

test.each([
  ['nothing', []],
  [
    'another distribution',
    [{ uris: ['http://a.example/x'], suites: ['noble'], components: ['main'] }],
  ],
  ['a disc', [{ uris: ['cdrom:[Debian]/'], suites: ['bookworm'], components: ['main'] }]],
])('with %s in the sources the default mirror is taken', (_, sources) => {
  expect(chooseMirror(sources)).toBe(DEFAULT_MIRROR);
});
