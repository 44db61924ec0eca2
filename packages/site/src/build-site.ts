// Builds the API site: all packages as typedoc reads them, with the guides beside them.

import { fileURLToPath } from 'node:url';
import { Application, Converter, Logger, LogLevel, ReflectionKind } from 'typedoc';

/** Keeps what typedoc complains of. */
class Complaints extends Logger {
  readonly lines: string[] = [];

  override log(message: string, level: LogLevel): void {
    if (level >= LogLevel.Warn) this.lines.push(message);
  }
}

/**
 * Builds the site into a folder.
 *
 * @returns what is wrong with it; the folder is written only if nothing is
 */
export async function buildSite(out: string): Promise<readonly string[]> {
  const complaints = new Complaints();
  const app = await Application.bootstrapWithPlugins({
    options: fileURLToPath(new URL('../typedoc.json', import.meta.url)),
  });
  app.logger = complaints;
  nameByHeading(app);
  nameMainEntries(app);
  const project = await app.convert();
  if (project !== undefined) app.validate(project);
  if (project !== undefined && complaints.lines.length === 0) await app.generateDocs(project, out);
  return complaints.lines;
}

/** A document has its first heading as its name, in place of that of its file. */
function nameByHeading(app: Application): void {
  app.converter.on(Converter.EVENT_CREATE_DOCUMENT, (_context, document) => {
    const text = document.content.map((part) => part.text).join('');
    document.name = /^# (.+)$/mu.exec(text)?.[1] ?? document.name;
  });
}

/** What a package exports under its own name is called `index`, beside its other entries; typedoc has no name for it. */
function nameMainEntries(app: Application): void {
  app.on(Application.EVENT_PROJECT_REVIVE, (project) => {
    for (const module of project.getReflectionsByKind(ReflectionKind.Module)) {
      if (module.name === '') module.name = 'index';
    }
  });
}
