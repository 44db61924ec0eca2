// Whether this Node can read the command. Written so that older ones can read this.

/** As package.json has it. */
const NEEDED = { major: 24, minor: 11 } as const;

/** What to say to those whose Node is too old; `undefined` where it is not. @param version - `24.11.0` */
export function tooOld(version: string): string | undefined {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  if (major > NEEDED.major || (major === NEEDED.major && minor >= NEEDED.minor)) return undefined;
  const needed = `${NEEDED.major}.${NEEDED.minor}`;
  return `vfio-ts: it needs Node ${needed} or later, and this is ${version}: https://nodejs.org/en/download has it`;
}
