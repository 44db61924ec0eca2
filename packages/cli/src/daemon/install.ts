// The daemon as a service of systemd.

import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Environment } from '../places.ts';

const UNITS = ['vfio-ts.service', 'vfio-ts.socket'];
/** Finds the command on the path, which a service manager's may not be the user's. */
const PACKAGED_START = /^ExecStart=.*$/mu;

/**
 * Writes the units with the command and the Node that run now. Units that were written before are replaced.
 *
 * @param to - folder of units; systemd's when left out
 * @returns what to say
 */
export function installUnits({ env, uid }: Environment, to?: string): string[] {
  const [kind, manager] = uid === 0 ? ['system', 'systemctl'] : ['user', 'systemctl --user'];
  const folder = to ?? (uid === 0 ? '/etc/systemd/system' : userUnits(env));
  mkdirSync(folder, { recursive: true });
  const main = new URL('../main.js', import.meta.url).pathname;
  const start = `ExecStart=${quoted(process.execPath)} ${quoted(main)} daemon`;
  for (const name of UNITS) {
    const packaged = new URL(`../../systemd/${kind}/${name}`, import.meta.url);
    const text = readFileSync(packaged, 'utf8').replace(PACKAGED_START, () => start);
    writeFileSync(join(folder, name), text);
  }
  const lines = UNITS.map((name) => `wrote ${join(folder, name)}`);
  if (main.includes('/_npx/')) {
    lines.push(
      'they use a copy that npx may remove: npm install --global @vfio-ts/cli, then again',
    );
  }
  lines.push(
    'start it with',
    `    ${manager} daemon-reload && ${manager} enable --now ${UNITS.join(' ')}`,
  );
  if (uid !== 0) lines.push('without a login it runs after', '    loginctl enable-linger');
  return lines;
}

function userUnits(env: Environment['env']): string {
  const config = env['XDG_CONFIG_HOME'];
  const base = config?.startsWith('/') === true ? config : join(env['HOME'] ?? '/', '.config');
  return join(base, 'systemd', 'user');
}

/** As systemd.service(5) has it: quotes, and what would be a specifier or a variable doubled. */
function quoted(path: string): string {
  const escaped = path.replaceAll(/["\\]/gu, String.raw`\$&`).replaceAll(/[$%]/gu, '$&$&');
  return `"${escaped}"`;
}
