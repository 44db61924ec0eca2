// What has passed between two moments: the difference of two statistics of one server.

import type {
  CommandStats,
  LatencyBucket,
  LatencyStats,
  ServerStats,
  TrafficStats,
} from '@vfio-ts/vfio-user';

/**
 * What `now` has more than `before`. A server that is not the one it was, as one that was started again, has all of it
 * more. Of the longest time only its bucket is known.
 */
export function statsSince(now: ServerStats, before: ServerStats): ServerStats {
  if (now.device !== before.device || now.uptime < before.uptime) return now;
  return {
    ...now,
    uptime: now.uptime - before.uptime,
    total: trafficSince(now.total, before.total),
  };
}

function trafficSince(now: TrafficStats, before: TrafficStats): TrafficStats {
  const commands = Object.entries(now.commands).flatMap(([name, stats]) => {
    const more = commandSince(stats, before.commands[name]);
    return more.messages > 0 ? [[name, more] as const] : [];
  });
  const errors = Object.entries(now.errors).flatMap(([name, count]) => {
    const more = count - (before.errors[name] ?? 0);
    return more > 0 ? [[name, more] as const] : [];
  });
  return {
    messages: now.messages - before.messages,
    bytesReceived: now.bytesReceived - before.bytesReceived,
    bytesSent: now.bytesSent - before.bytesSent,
    fdsReceived: now.fdsReceived - before.fdsReceived,
    fdsSent: now.fdsSent - before.fdsSent,
    irqs: now.irqs - before.irqs,
    dmaBytesRead: now.dmaBytesRead - before.dmaBytesRead,
    dmaBytesWritten: now.dmaBytesWritten - before.dmaBytesWritten,
    errors: Object.fromEntries(errors),
    commands: Object.fromEntries(commands),
  };
}

function commandSince(now: CommandStats, before: CommandStats | undefined): CommandStats {
  if (before === undefined) return now;
  return {
    messages: now.messages - before.messages,
    errors: now.errors - before.errors,
    latency: latencySince(now.latency, before.latency),
  };
}

function latencySince(now: LatencyStats, before: LatencyStats): LatencyStats {
  const old = new Map(before.buckets.map(({ upTo, count }) => [upTo, count]));
  const buckets = now.buckets
    .map(({ upTo, count }) => ({ upTo, count: count - (old.get(upTo) ?? 0) }))
    .filter(({ count }) => count > 0);
  const timed = now.timed - before.timed;
  if (timed <= 0) return { timed: 0, mean: 0, p50: 0, p99: 0, max: 0, buckets: [] };
  const max = now.max > before.max ? now.max : Math.min(buckets.at(-1)?.upTo ?? now.max, now.max);
  return {
    timed,
    mean: (now.mean * now.timed - before.mean * before.timed) / timed,
    p50: Math.min(quantile(buckets, timed * 0.5) ?? max, max),
    p99: Math.min(quantile(buckets, timed * 0.99) ?? max, max),
    max,
    buckets,
  };
}

/** Upper limit of the bucket in which the `rank`th time is. */
function quantile(buckets: readonly LatencyBucket[], rank: number): number | undefined {
  let rest = Math.ceil(rank);
  for (const { upTo, count } of buckets) {
    rest -= count;
    if (rest <= 0) return upTo ?? undefined;
  }
  return undefined;
}
