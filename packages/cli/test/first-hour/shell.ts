// The command as somebody types it, with folders of one's own.

import {
  execFile as execFileWith,
  execFileSync,
  spawn,
  type ChildProcess,
} from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join, sep } from 'node:path';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';
import { main, printed, runProgram } from '../support.ts';

const execFile = promisify(execFileWith);

/** A terminal in a new folder; disposing ends what was started in it, and removes the folder. */
export class Shell implements AsyncDisposable {
  readonly folder: string = mkdtempSync(join(tmpdir(), 'vfio-ts-hour-'));
  readonly env: NodeJS.ProcessEnv;
  readonly #started: ChildProcess[] = [];

  constructor() {
    const config = join(this.folder, 'config');
    const runtime = join(this.folder, 'run');
    mkdirSync(join(config, 'mdevctl.d'), { recursive: true });
    this.env = { ...process.env, VFIO_TS_CONFIG_DIR: config, VFIO_TS_RUNTIME_DIR: runtime };
  }

  /** `vfio-ts …` to its end. @throws Error with what it said when its exit code is not 0 */
  async vfioTs(...args: readonly string[]): Promise<string> {
    const run = runProgram(main, { env: this.env }, ...args);
    const lines = await printed(run);
    const [code] = await run.ended;
    if (code !== 0) throw new Error(`vfio-ts ${args.join(' ')} failed\n${run.errors()}`);
    return lines.join('\n');
  }

  /** A line as typed, with `vfio-ts` as it would be installed; gives what it printed. */
  async sh(line: string): Promise<string> {
    const script = `vfio-ts() { '${process.execPath}' '${main}' "$@"; }\n${line}`;
    const { stdout } = await execFile('bash', ['-ec', script], { env: this.env });
    return stdout;
  }

  /** Starts a command, and waits for a line of either stream; gives it as matched. */
  async start(
    line: RegExp,
    command: string,
    args: readonly string[],
    { cwd, env = this.env }: { readonly cwd?: string; readonly env?: NodeJS.ProcessEnv } = {},
  ): Promise<Job> {
    // A group of its own, to which a signal can be sent as a terminal does.
    const child = spawn(command, args, {
      ...(cwd !== undefined && { cwd }),
      env,
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.#started.push(child);
    const said: string[] = [];
    const found = Promise.withResolvers<RegExpExecArray>();
    for (const stream of [child.stdout, child.stderr]) {
      createInterface({ input: stream }).on('line', (text) => {
        said.push(text);
        const match = line.exec(text);
        if (match !== null) found.resolve(match);
      });
    }
    const ended = once(child, 'close');
    void ended.then(() => found.reject(new Error(`${command} ended:\n${said.join('\n')}`)));
    const match = await found.promise;
    return {
      match,
      said,
      interrupt: async () => {
        process.kill(-(child.pid ?? 0), 'SIGINT');
        return await ended;
      },
    };
  }

  /** `mdevctl …`, which knows no other folder than its own, with ours in that place. */
  mdevctl(program: string, ...args: readonly string[]): string {
    const etc = join(this.env['VFIO_TS_CONFIG_DIR'] ?? '', 'mdevctl.d');
    for (const name of ['callouts', 'notifiers'])
      mkdirSync(join(etc, 'scripts.d', name), { recursive: true });
    const script = 'mkdir -p /etc/mdevctl.d; mount --bind "$1" /etc/mdevctl.d; shift; exec "$@"';
    const namespaces = process.getuid?.() === 0 ? ['--mount'] : ['--mount', '--map-root-user'];
    const inside = ['sh', '-ec', script, 'sh', etc, program, ...args];
    return execFileSync('unshare', [...namespaces, ...inside], { encoding: 'utf8' });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const child of this.#started) {
      if (child.exitCode !== null || child.signalCode !== null) continue;
      process.kill(-(child.pid ?? 0), 'SIGKILL');
      await once(child, 'close');
    }
    rmSync(this.folder, { recursive: true });
  }
}

/** What pnpm, npm and turbo tell the scripts they run; pnpm's says that dependencies need no look, so none are installed. */
const OF_SCRIPTS =
  /^(?:INIT_CWD|NODE|PNPM_.*|TURBO_.*|npm_(?:command|lifecycle_.*|package_.*|.*execpath|config_(?:local|global)_prefix|config_user_agent)|pnpm_config_.*)$/u;

/** The environment of a terminal in which no package manager runs anything, with the Node of the machine. */
export function outsideOfScripts(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const kept = Object.entries(env).filter(([name]) => !OF_SCRIPTS.test(name));
  const path = (env['PATH'] ?? '').split(delimiter);
  const programs = path.filter((folder) => !folder.split(sep).includes('node_modules'));
  return { ...Object.fromEntries(kept), PATH: programs.join(delimiter) };
}

/** A command that runs. */
export interface Job {
  /** The line that was waited for. */
  readonly match: RegExpExecArray;
  /** Everything it has said. */
  readonly said: readonly string[];
  /** Ctrl-C; gives exit code and signal. */
  interrupt(): Promise<readonly unknown[]>;
}
