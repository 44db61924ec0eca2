// npm and pnpm as they are outside of this repository, with real packages.

import { execFile as execFileWith } from 'node:child_process';
import { globSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { SkippableTest } from '@vfio-ts/lab';
import { outsideOfScripts } from '../first-hour/shell.ts';

const execFile = promisify(execFileWith);

/** The registry, or the way to it, is not there. */
const NO_NETWORK =
  /\b(?:EAI_AGAIN|ECONNREFUSED|ECONNRESET|EHOSTUNREACH|ENETUNREACH|ENOTCACHED|ENOTFOUND|ETIMEDOUT)\b/u;

/** What the first hour has for certain, and a machine without network need not have. */
const isFirstHour = process.env['VFIO_TS_FIRST_HOUR'] === '1';

/** Packs a package of the workspace, and all of ours that it needs, as they are published. @returns files */
export async function packWithDependencies(
  test: SkippableTest,
  root: string,
  name: string,
  to: string,
): Promise<readonly string[]> {
  const filter = ['--filter-prod', `${name}...`, '--filter', '!@vfio-ts/conformance'];
  await run(test, root, 'npx', ['--yes', 'pnpm@12', ...filter, 'pack', '--pack-destination', to]);
  return globSync(join(to, '*.tgz'));
}

/** Packs the package in a folder. @returns its file */
export async function pack(test: SkippableTest, folder: string, to: string): Promise<string> {
  const said = await run(test, folder, 'npm', ['pack', '--silent', '--pack-destination', to]);
  return join(to, said.trim());
}

/** Installs packed packages, and what they need of the registry, in a folder that has none. */
export async function install(
  test: SkippableTest,
  folder: string,
  files: readonly string[],
): Promise<void> {
  writeFileSync(join(folder, 'package.json'), '{ "private": true }');
  await run(test, folder, 'npm', ['install', '--no-audit', '--no-fund', ...files]);
}

/** Where there is no network the test is skipped, unless it is the first hour's. @throws Error with what the command said */
async function run(
  test: SkippableTest,
  cwd: string,
  command: string,
  args: readonly string[],
): Promise<string> {
  const once = isFirstHour ? {} : { npm_config_fetch_retries: '0' };
  const env = { ...outsideOfScripts(process.env), npm_config_prefer_offline: 'true', ...once };
  try {
    return (await execFile(command, args, { cwd, env })).stdout;
  } catch (error) {
    const said = error instanceof Error ? error.message : String(error);
    const [code] = NO_NETWORK.exec(said) ?? [];
    if (code !== undefined && !isFirstHour) {
      test.skip(`the registry of npm cannot be reached: ${code}`);
    }
    throw error;
  }
}
