// Statistics in the text format of Prometheus, version 0.0.4.

import { LATENCY_LIMITS, type LatencyStats, type ServerStats } from '@vfio-ts/vfio-user';

type Labels = Readonly<Record<string, string>>;

/** One value of a family. */
interface Sample {
  readonly labels: Labels;
  readonly value: number;
  /** Behind the family's name. */
  readonly suffix?: string;
}

/** Lines `# HELP`, `# TYPE` and values, newline at the end of each. @param device - as its user calls it */
export function prometheusText(stats: ServerStats, device: string): string {
  const { uptime, connections, turnedAway, sessions, total } = stats;
  const common: Labels = { device };
  const commands = Object.entries(total.commands);
  const counter = (name: string, help: string, value: number): string =>
    family(`${name}_total`, 'counter', help, [{ labels: common, value }]);
  const gauge = (name: string, help: string, value: number): string =>
    family(name, 'gauge', help, [{ labels: common, value }]);
  return [
    gauge('uptime_seconds', 'Time for which the device has been served.', uptime / 1000),
    counter('connections', 'Connections that were accepted.', connections),
    counter('connections_turned_away', 'Connections that were too many.', turnedAway),
    gauge('sessions', 'Connections that are open.', sessions.length),
    gauge('queued_bytes', 'Replies that clients have not read.', sum(sessions, 'queuedBytes')),
    gauge('dma_mapped_bytes', 'Memory that clients have mapped.', sum(sessions, 'mappedBytes')),
    counter('received_bytes', 'Bytes of messages received.', total.bytesReceived),
    counter('sent_bytes', 'Bytes of messages sent.', total.bytesSent),
    counter('received_descriptors', 'Descriptors received.', total.fdsReceived),
    counter('sent_descriptors', 'Descriptors sent.', total.fdsSent),
    counter('interrupts', 'Interrupts that the device signalled.', total.irqs),
    counter(
      'dma_read_bytes',
      'Client memory read in messages; mapped memory is not counted.',
      total.dmaBytesRead,
    ),
    counter(
      'dma_written_bytes',
      'Client memory written in messages; mapped memory is not counted.',
      total.dmaBytesWritten,
    ),
    family(
      'messages_total',
      'counter',
      'Messages received.',
      commands.map(([command, { messages }]) => ({
        labels: { ...common, command },
        value: messages,
      })),
    ),
    family(
      'message_errors_total',
      'counter',
      'Messages that were refused or failed.',
      commands.map(([command, { errors }]) => ({ labels: { ...common, command }, value: errors })),
    ),
    family(
      'errors_total',
      'counter',
      'Error replies.',
      Object.entries(total.errors).map(([error, value]) => ({
        labels: { ...common, error },
        value,
      })),
    ),
    family(
      'message_duration_seconds',
      'histogram',
      'From a message to its reply; of register accesses every 64th is timed.',
      commands.flatMap(([command, { latency }]) => histogram(latency, { ...common, command })),
    ),
  ].join('');
}

/** One without values is left out. */
function family(name: string, type: string, help: string, samples: readonly Sample[]): string {
  if (samples.length === 0) return '';
  const full = `vfio_ts_${name}`;
  const lines = samples.map(
    ({ labels, value, suffix = '' }) => `${full}${suffix}{${labelText(labels)}} ${value}\n`,
  );
  return `# HELP ${full} ${help}\n# TYPE ${full} ${type}\n${lines.join('')}`;
}

/** All limits there are and not only those in use, for queries compare one time with another. */
function histogram({ buckets, timed, mean }: LatencyStats, labels: Labels): Sample[] {
  const counts = new Map(buckets.map(({ upTo, count }) => [upTo, count]));
  let below = 0;
  const samples = LATENCY_LIMITS.map((limit): Sample => {
    below += counts.get(limit) ?? 0;
    const le = String(limit / 1e6);
    return { labels: { ...labels, le }, value: below, suffix: '_bucket' };
  });
  return [
    ...samples,
    { labels: { ...labels, le: '+Inf' }, value: timed, suffix: '_bucket' },
    { labels, value: (mean * timed) / 1e6, suffix: '_sum' },
    { labels, value: timed, suffix: '_count' },
  ];
}

function sum<K extends string>(all: readonly Readonly<Record<K, number>>[], key: K): number {
  return all.reduce((total, one) => total + one[key], 0);
}

function labelText(labels: Labels): string {
  return Object.entries(labels)
    .map(([name, value]) => `${name}="${escaped(value)}"`)
    .join(',');
}

function escaped(value: string): string {
  return value
    .replaceAll('\\', String.raw`\\`)
    .replaceAll('"', String.raw`\"`)
    .replaceAll('\n', String.raw`\n`);
}
