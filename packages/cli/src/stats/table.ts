// Statistics of a server for people.

import type { CommandStats, ServerStats, SessionStats, TrafficStats } from '@vfio-ts/vfio-user';
import { bytes } from '../units.ts';

const HEAD = ['command', 'messages', 'errors', 'mean us', 'p50 us', 'p99 us', 'max us'];

/** The lines of a summary, a table of commands, and the sessions there are. */
export function statsTable({
  device,
  uptime,
  connections,
  turnedAway,
  total,
  sessions,
}: ServerStats): string[] {
  const rows = Object.entries(total.commands).map(([name, stats]) => row(name, stats));
  return [
    `${device}: served for ${seconds(uptime)}, ${sessions.length} of ${connections} connections open, ${turnedAway} turned away`,
    ...traffic(total),
    '',
    ...aligned([HEAD, ...rows]),
    ...(sessions.length === 0 ? [] : ['', ...sessions.map(session)]),
  ];
}

function traffic(total: TrafficStats): string[] {
  const errors = Object.entries(total.errors).map(([name, count]) => `${name} ${count}`);
  return [
    `received ${total.messages} messages, ${bytes(total.bytesReceived)}, ${total.fdsReceived} descriptors`,
    `sent ${bytes(total.bytesSent)}, ${total.fdsSent} descriptors, ${total.irqs} interrupts`,
    `DMA outside of mapped memory: ${bytes(total.dmaBytesRead)} read, ${bytes(total.dmaBytesWritten)} written`,
    `errors: ${errors.length === 0 ? 'none' : errors.join(', ')}`,
  ];
}

function row(name: string, { messages, errors, latency }: CommandStats): string[] {
  const times = [latency.mean, latency.p50, latency.p99, latency.max];
  const shown = times.map((time) => (latency.timed === 0 ? '-' : microseconds(time)));
  return [name, `${messages}`, `${errors}`, ...shown];
}

function session({ name, state, peer, queuedBytes, mappings, mappedBytes }: SessionStats): string {
  const kind = peer === null ? '' : ` ${peer}`;
  const memory = `${mappings} DMA mappings of ${bytes(mappedBytes)}`;
  return `${name}${kind}: ${state}, ${memory}, ${bytes(queuedBytes)} unread`;
}

/** The first column on the left, figures on the right. */
function aligned(rows: readonly (readonly string[])[]): string[] {
  const widths = HEAD.map((_, column) => Math.max(...rows.map((cells) => width(cells, column))));
  return rows.map((cells) =>
    cells
      .map((cell, column) => {
        const to = widths[column] ?? 0;
        return column === 0 ? cell.padEnd(to) : cell.padStart(to);
      })
      .join('  '),
  );
}

function width(cells: readonly string[], column: number): number {
  return cells[column]?.length ?? 0;
}

function microseconds(time: number): string {
  return time >= 100 ? `${Math.round(time)}` : time.toPrecision(2);
}

function seconds(milliseconds: number): string {
  return `${(milliseconds / 1000).toFixed(1)} s`;
}
