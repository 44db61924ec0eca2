// What the daemon knows, for people.

import { plain, type Styler } from '../output.ts';
import { tableLines } from '../table.ts';
import type { DaemonStatus, DeviceStatus, ReloadResult } from './protocol.ts';

/** What there is to say of a device that does not run. */
export function stateRemark({ state, startsIn = 0, reason }: DeviceStatus): string {
  const why = reason === undefined ? '' : `: ${reason}`;
  if (state === 'waiting') return `starts again in ${seconds(startsIn)}${why}`;
  return `${state}${why}`;
}

/** A table of the devices below a line on the daemon itself. */
export function statusLines(
  { version, pid, devices }: DaemonStatus,
  style: Styler = plain,
): string[] {
  const first = `daemon ${version}, process ${pid}, ${devices.length} ${devices.length === 1 ? 'device' : 'devices'}`;
  if (devices.length === 0) return [first];
  const rows = devices.map((device) => [
    device.uuid,
    device.parent,
    device.definition.mdev_type,
    device.state,
    device.pid === undefined ? '-' : String(device.pid),
    device.runs === undefined ? '-' : seconds(device.runs),
    String(device.restarts),
    device.state === 'running' ? device.socket : stateRemark(device),
  ]);
  const [head = '', ...lines] = tableLines([
    ['UUID', 'PARENT', 'TYPE', 'STATE', 'PROCESS', 'RUNS', 'RESTARTS', 'SOCKET'],
    ...rows,
  ]);
  return [first, style('bold', head), ...lines];
}

/** What a reload did, a line for each thing that is worth one. */
export function reloadLines(result: ReloadResult): string[] {
  const { started, restarted, unchanged, undefined: gone, damaged } = result;
  return [
    `${started.length} started, ${restarted.length} changed and started again, ${unchanged.length} unchanged`,
    ...gone.map(
      (uuid) => `${uuid} is not defined any more and runs on; vfio-ts stop ${uuid} ends it`,
    ),
    ...damaged,
  ];
}

function seconds(ms: number): string {
  const all = ms / 1000;
  if (all < 60) return `${all.toFixed(1)} s`;
  const minutes = Math.floor(all / 60);
  if (minutes < 60) return `${minutes} min`;
  const hours = Math.floor(minutes / 60);
  return hours < 48
    ? `${hours} h ${minutes % 60} min`
    : `${Math.floor(hours / 24)} d ${hours % 24} h`;
}
