// Compares what each entry of the package in the current folder exports with its report in api/. With --local it
// writes the reports.
import { mkdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { Extractor, ExtractorConfig, ExtractorLogLevel } from '@microsoft/api-extractor';

interface Entry {
  readonly report: string;
  readonly types: string;
}

const folder = process.cwd();
const isLocal = process.argv.includes('--local');
const packageFile = join(folder, 'package.json');

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}

/** The entries that have types, each with the name of its report. */
function entries(): readonly Entry[] {
  const parsed: unknown = JSON.parse(readFileSync(packageFile, 'utf8'));
  if (!isRecord(parsed) || !isRecord(parsed['exports'])) return [];
  return Object.entries(parsed['exports']).flatMap(([name, target]) => {
    if (!isRecord(target) || typeof target['types'] !== 'string') return [];
    const report = name === '.' ? basename(folder) : `${basename(folder)}-${name.slice(2)}`;
    return [{ report, types: target['types'] }];
  });
}

function check({ report, types }: Entry): boolean {
  const configObject = ExtractorConfig.loadFile(
    join(import.meta.dirname, '../api-extractor.base.json'),
  );
  configObject.projectFolder = folder;
  configObject.mainEntryPointFilePath = join(folder, types);
  if (configObject.apiReport !== undefined) configObject.apiReport.reportFileName = report;
  // What the package's first entry exports need not be exported by the others as well.
  if (report !== basename(folder) && configObject.messages?.extractorMessageReporting) {
    configObject.messages.extractorMessageReporting['ae-forgotten-export'] = {
      logLevel: ExtractorLogLevel.None,
    };
  }
  const config = ExtractorConfig.prepare({
    configObject,
    configObjectFullPath: undefined,
    packageJsonFullPath: packageFile,
  });
  const { succeeded } = Extractor.invoke(config, { localBuild: isLocal });
  return succeeded;
}

mkdirSync(join(folder, 'api'), { recursive: true });
// All of them are looked at, so that one run shows all that has changed.
const failed = entries().filter((entry) => !check(entry));
if (failed.length > 0) process.exitCode = 1;
