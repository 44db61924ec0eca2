// The package sources of the machine: sources.list(5), both styles.

/** The mirror and the keyring that the lab's packages come from. */
export interface Mirror {
  readonly uri: string;
  /** Absolute path of the keyring that must have signed the mirror's index. */
  readonly keyring: string;
}

/** One package source of the machine, reduced to what the lab looks at. */
export interface Source {
  readonly uris: readonly string[];
  readonly suites: readonly string[];
  readonly components: readonly string[];
  /** Path of the keyring, if the source names one. */
  readonly signedBy?: string;
}

/** What is used where the machine names no Debian mirror of its own. */
export const DEFAULT_MIRROR: Mirror = {
  uri: 'http://deb.debian.org/debian',
  keyring: '/usr/share/keyrings/debian-archive-keyring.gpg',
};

/** Parses a one-line-style file (`*.list`). Lines that are no binary package source are left out. */
export function parseOneLineSources(text: string): Source[] {
  const sources: Source[] = [];
  for (const line of text.split('\n')) {
    const match = /^\s*deb\s+(?:\[([^\]]*)\]\s+)?(\S+)\s+(\S+)\s*([^#]*)/.exec(line);
    if (match === null) continue;
    const [, options = '', uri = '', suite = '', components = ''] = match;
    const signedBy = /(?:^|\s)signed-by=(\/\S+)/i.exec(options)?.[1];
    sources.push({
      uris: [uri],
      suites: [suite],
      components: words(components),
      ...(signedBy === undefined ? {} : { signedBy }),
    });
  }
  return sources;
}

/** Parses a deb822-style file (`*.sources`). Stanzas that are disabled or not `deb` are left out. */
export function parseDeb822Sources(text: string): Source[] {
  const sources: Source[] = [];
  for (const stanza of text.replaceAll(/^#.*\n?/gm, '').split(/\n\s*\n/)) {
    const fields = new Map<string, string>();
    let last = '';
    for (const line of stanza.split('\n')) {
      const match = /^([A-Za-z-]+):\s*(.*)$/.exec(line);
      if (match !== null) {
        last = (match[1] ?? '').toLowerCase();
        fields.set(last, match[2] ?? '');
      } else if (/^\s/.test(line)) {
        fields.set(last, `${fields.get(last) ?? ''} ${line.trim()}`);
      }
    }
    if (!words(fields.get('types')).includes('deb')) continue;
    if (/^(no|false|off|0)$/i.test(fields.get('enabled')?.trim() ?? '')) continue;
    const signedBy = words(fields.get('signed-by'))[0];
    sources.push({
      uris: words(fields.get('uris')),
      suites: words(fields.get('suites')),
      components: words(fields.get('components')),
      ...(signedBy?.startsWith('/') === true ? { signedBy } : {}),
    });
  }
  return sources;
}

const DEBIAN_SUITE =
  /^(bullseye|bookworm|trixie|forky|sid|oldoldstable|oldstable|stable|testing|unstable)(-updates|-backports)?$/;

/** Picks the Debian mirror among a machine's sources, or {@link DEFAULT_MIRROR}. */
export function chooseMirror(sources: readonly Source[]): Mirror {
  for (const source of sources) {
    const [uri] = source.uris;
    if (uri === undefined || !/^(https?|file|ftp):/.test(uri)) continue;
    if (!source.components.includes('main')) continue;
    if (!source.suites.some((suite) => DEBIAN_SUITE.test(suite))) continue;
    const { keyring } = DEFAULT_MIRROR;
    return { uri: uri.replace(/\/+$/, ''), keyring: source.signedBy ?? keyring };
  }
  return DEFAULT_MIRROR;
}

function words(text: string | undefined): string[] {
  return (text ?? '').split(/\s+/).filter((word) => word !== '');
}
