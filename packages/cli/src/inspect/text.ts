// What was found out of a device, for people: in the words and the order of lspci.

import { plain, type Styler } from '../output.ts';
import { bytes } from '../units.ts';
import { digits, hex, type Facts } from './pci/facts.ts';
import type { PciBarReport } from './pci/header.ts';
import type { ListFault, PciCapabilityReport } from './pci/space.ts';
import type {
  Inspection,
  IrqReport,
  MigrationReport,
  PciReport,
  RegionCapability,
  RegionReport,
} from './report.ts';

/** The lines. */
export function inspectionText(told: Inspection, style: Styler = plain): string[] {
  const { pci, regions, irqs, migration } = told;
  return [
    ...summary(told, style),
    ...(pci === null ? [] : ['', ...pciLines(pci, style)]),
    ...section(style('bold', 'Regions'), regions.map(regionLine)),
    ...section(style('bold', 'Interrupts'), irqs.map(irqLine)),
    ...section(style('bold', 'Migration'), [migrationLine(migration)]),
  ];
}

function section(title: string, lines: readonly string[]): string[] {
  const shown = lines.length === 0 ? ['none'] : lines;
  return ['', title, ...shown.map((line) => `  ${line}`)];
}

const KINDS: Readonly<Record<string, string>> = {
  pci: 'PCI',
  ccw: 'channel',
  ap: 'crypto adapter',
};

function summary({ socket, protocol, device }: Inspection, style: Styler): string[] {
  const { maxMsgFds, maxDataXferSize, twinSocket, writeMultiple } = protocol.capabilities;
  const limits = [
    ...(maxDataXferSize === undefined ? [] : [`${bytes(maxDataXferSize)} in a message`]),
    ...(maxMsgFds === undefined ? [] : [`${maxMsgFds} descriptors`]),
    ...(twinSocket === true ? ['a second socket'] : []),
    ...(writeMultiple === true ? ['several writes in a message'] : []),
  ];
  const { api, flags, numRegions, numIrqs } = device;
  const kind = KINDS[api] ?? api;
  return [
    `${style('bold', socket)}: ${kind} device (${flags.join(' ')})`,
    `vfio-user ${protocol.major}.${protocol.minor}${limits.length === 0 ? '' : `: ${limits.join(', ')}`}`,
    `${numRegions} region indexes, ${numIrqs} interrupt indexes`,
  ];
}

function pciLines(pci: PciReport, style: Styler): string[] {
  return [
    style('bold', titleOf(pci)),
    ...body(pci).map((line) => `  ${line}`),
    ...pci.capabilities.map((cap) => `  ${capabilityLine(cap, digits(cap.offset, 2))}`),
    ...faultLine(pci.fault, style),
    ...pci.extendedCapabilities.map(
      (cap) => `  ${capabilityLine(cap, `${digits(cap.offset, 3)} v${cap.version}`)}`,
    ),
    ...faultLine(pci.extendedFault, style),
  ];
}

function faultLine(fault: ListFault | undefined, style: Styler): string[] {
  return fault === undefined ? [] : [`  ${style('red', `Capabilities: the list is ${fault}`)}`];
}

/** As lspci begins a device, without the place it has in a machine. */
export function titleOf(pci: PciReport): string {
  const { className, vendorName, deviceName, classCode, vendorId, deviceId, revisionId } = pci;
  const kind = `${className ?? 'Class'} [${digits(classCode >>> 8, 4)}]`;
  const ids = `[${digits(vendorId, 4)}:${digits(deviceId, 4)}]`;
  const name = `${vendorName ?? 'Vendor'} ${deviceName ?? 'Device'} ${ids}`;
  return `${kind}: ${name} (rev ${digits(revisionId, 2)})`;
}

function body(pci: PciReport): string[] {
  const { headerType, subsystemVendorId, subsystemId, subsystemVendorName } = pci;
  const { command, status, interruptPin, interruptLine, bars } = pci;
  const subsystem = `[${digits(subsystemVendorId, 4)}:${digits(subsystemId, 4)}]`;
  return [
    ...(headerType === 0
      ? []
      : [`Header: type ${headerType}${headerType === 1 ? ', bridge' : ''}`]),
    ...(subsystemVendorId === 0 ? [] : [`Subsystem: ${subsystemVendorName ?? ''} ${subsystem}`]),
    `Command: ${factsText(command)}`,
    `Status: ${raised(status)}`,
    ...(interruptPin === 0
      ? []
      : [`Interrupt: pin ${pinName(interruptPin)}, line ${interruptLine}`]),
    ...bars.map((bar) => barLine(bar)),
  ];
}

function pinName(pin: number): string {
  return 'ABCD'[pin - 1] ?? `${pin}`;
}

function barLine({
  index,
  kind,
  address,
  is64Bit,
  isPrefetchable,
  isEnabled,
  size,
}: PciBarReport): string {
  if (kind === 'rom') {
    return `ROM: at ${address}, ${bytes(size)}${isEnabled === true ? '' : ', disabled'}`;
  }
  if (kind === 'io') return `BAR ${index}: I/O ports at ${address}, ${size}`;
  const width = is64Bit ? '64-bit' : '32-bit';
  const prefetch = isPrefetchable ? 'prefetchable' : 'not prefetchable';
  return `BAR ${index}: memory at ${address}, ${bytes(size)}, ${width}, ${prefetch}`;
}

function capabilityLine({ name, facts }: PciCapabilityReport, place: string): string {
  const text = factsText(facts);
  return `Capabilities: [${place}] ${name}${text === '' ? '' : `: ${text}`}`;
}

/** Those that are set, for most are not. */
function raised(facts: Facts): string {
  const set = Object.entries(facts).filter(([, value]) => value === true);
  return set.length === 0 ? 'nothing' : set.map(([name]) => name).join(' ');
}

/** As lspci has them: `enable-`, `vectors=4`. */
function factsText(facts: Facts): string {
  return Object.entries(facts)
    .map(([name, value]) =>
      typeof value === 'boolean' ? `${name}${value ? '+' : '-'}` : `${name}=${value}`,
    )
    .join(' ');
}

function regionLine(region: RegionReport): string {
  const { index, name } = region;
  if ('error' in region) return `${index} ${name}: refused, ${region.error}`;
  const flags = region.flags.filter((flag) => flag !== 'CAPS').join(' ');
  const capabilities = region.capabilities.map((cap) => `; ${regionCapabilityText(cap)}`).join('');
  return `${index} ${name}: ${bytes(region.size)}, ${flags}${capabilities}`;
}

function regionCapabilityText(cap: RegionCapability): string {
  switch (cap.name) {
    case 'sparse-mmap': {
      const areas = cap.areas.map(({ offset, size }) => `${hex(offset)}-${hex(offset + size - 1)}`);
      return `mapped ${areas.length === 0 ? 'nowhere' : `at ${areas.join(' ')}`}`;
    }
    case 'type':
      return cap.meaning;
    case 'msix-mappable':
      return 'the MSI-X table can be mapped';
    case 'unknown':
      return `capability ${cap.id}`;
  }
}

function irqLine(irq: IrqReport): string {
  const { index, name } = irq;
  if ('error' in irq) return `${index} ${name}: refused, ${irq.error}`;
  return `${index} ${name}: ${irq.count}, ${irq.flags.join(' ')}`;
}

function migrationLine(migration: MigrationReport | null): string {
  if (migration === null) return 'none';
  const { flags, state } = migration;
  return `${flags.join(' ')}; ${state === null ? 'it does not say its state' : `it is ${state}`}`;
}
