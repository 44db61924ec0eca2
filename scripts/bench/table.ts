// Measurements for people and for programs.

import { isMet, type Goal, type Measurement } from './benchmark.ts';

const HEAD = ['name', 'value', 'unit', 'ratio', 'to', 'goal', 'met'];
/** Columns of figures, which stand on the right. */
const FIGURES = new Set([1, 3]);

/** The table, one line for each measurement. */
export function table(measurements: readonly Measurement[]): string {
  const rows = [HEAD, ...measurements.map(row)];
  const widths = HEAD.map((_, column) => Math.max(...rows.map((cells) => width(cells[column]))));
  return rows
    .map((cells) =>
      cells
        .map((cell, column) => pad(cell, widths[column] ?? 0, FIGURES.has(column)))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

function width(cell: string | undefined): number {
  return cell?.length ?? 0;
}

function pad(cell: string, to: number, right: boolean): string {
  return right ? cell.padStart(to) : cell.padEnd(to);
}

function row(measurement: Measurement): string[] {
  const { name, value, unit, ratio, ratioTo = '', goal } = measurement;
  const met = isMet(measurement);
  const verdict = met === undefined ? '' : met ? 'yes' : 'NO';
  const ratioText = ratio === undefined ? '' : `${ratio.toFixed(2)} x`;
  return [name, figure(value), unit, ratioText, ratioTo, goalText(goal, unit), verdict];
}

function goalText(goal: Goal | undefined, unit: string): string {
  if (goal === undefined) return '';
  const [sign, limit] = 'atLeast' in goal ? ['>=', goal.atLeast] : ['<=', goal.atMost];
  return goal.of === 'ratio' ? `${sign} ${limit} x` : `${sign} ${figure(limit)} ${unit}`;
}

/** Three digits that count, and whole numbers whole. */
function figure(value: number): string {
  if (Number.isInteger(value) || Math.abs(value) >= 100) {
    return Math.round(value).toLocaleString('en');
  }
  return value.toPrecision(3);
}

/** A list of `{name, value, unit, ratio, ratioTo}`; what a measurement does not have is `null`. */
export function json(measurements: readonly Measurement[]): string {
  const list = measurements.map(({ name, value, unit, ratio = null, ratioTo = null }) => {
    return { name, value, unit, ratio, ratioTo };
  });
  return `${JSON.stringify(list, undefined, 2)}\n`;
}
