// vfio-ts stats: what has passed through a device that some other process serves.

import { setTimeout as delay } from 'node:timers/promises';
import { resolve } from 'node:path';
import { isErrno } from '@vfio-ts/core';
import { readStats, statsPath, type ServerStats } from '@vfio-ts/vfio-user';
import { Waiting, type CommandHost } from '../host.ts';
import { isUuid } from '../mdev/uuid.ts';
import { plain } from '../output.ts';
import { untold, type Named } from '../reach.ts';
import { histograms } from '../stats/histogram.ts';
import { prometheusText } from '../stats/prometheus.ts';
import { statsSince } from '../stats/since.ts';
import { statsTable } from '../stats/table.ts';
import { EXIT } from '../usage.ts';

/** What `stats` is told. */
export interface StatsArguments extends Named {
  readonly form: 'table' | 'json' | 'prometheus';
  /** How long commands took, as bars. */
  readonly histogram: boolean;
  /** Milliseconds from one time to the next, each of which shows what has come since; once when left out. */
  readonly watch: number | undefined;
}

/** Puts the cursor at the beginning of an empty screen. */
const CLEAR = '\u001B[H\u001B[2J\u001B[3J';

/** Asks and prints, once or until it is stopped or the device has gone. @returns exit code */
export async function stats(args: StatsArguments, host: CommandHost): Promise<number> {
  if (args.watch !== undefined) return await watch(args, args.watch, host);
  const { output } = host;
  const told = await ask(args, host);
  if (args.form === 'json') output.print(JSON.stringify(told));
  else if (args.form === 'prometheus') {
    // The same device has the same label wherever it is asked from.
    const device = isUuid(args.named) ? args.named.toLowerCase() : resolve(args.socket);
    output.print(prometheusText(told, device).trimEnd());
  } else {
    for (const line of statsTable(told)) output.print(line);
    if (args.histogram) for (const line of histograms(told)) output.print(line);
  }
  return EXIT.OK;
}

async function watch(args: StatsArguments, interval: number, host: CommandHost): Promise<number> {
  const { output, untilStopped } = host;
  const { style = plain, isTerminal = false } = output;
  const stop = new AbortController();
  void untilStopped().then(() => stop.abort());
  let before = await ask(args, host);
  for (;;) {
    // oxlint-disable-next-line no-await-in-loop -- once an interval
    await delay(interval, undefined, { signal: stop.signal }).catch(() => undefined);
    if (stop.signal.aborted) return EXIT.OK;
    // oxlint-disable-next-line no-await-in-loop -- once an interval
    const now = await ask(args, host);
    const since = statsSince(now, before);
    before = now;
    if (args.form === 'json') output.print(JSON.stringify(since));
    else {
      const [head = '', ...lines] = [...statsTable(since), ...histograms(since)];
      const shown = [style('bold', head.replace('served for', 'in the last')), ...lines];
      // In one piece, so that no half of it is ever seen.
      output.print(isTerminal ? `${CLEAR}${shown.join('\n')}` : `${shown.join('\n')}\n`);
    }
  }
}

async function ask(args: StatsArguments, host: CommandHost): Promise<ServerStats> {
  const { named, socket } = args;
  using waiting = new Waiting(host);
  waiting.for(`${named} does not tell its statistics yet`);
  try {
    return await readStats(statsPath(socket));
  } catch (error) {
    if (isErrno(error, 'ETIMEDOUT')) {
      throw new Error(`${named} does not answer: its process hangs, or is stopped`, {
        cause: error,
      });
    }
    throw untold(error, args, 'statistics');
  }
}
