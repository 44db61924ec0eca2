// Links and their targets in the two kinds of pages there are: Markdown, as GitHub shows it, and HTML.

/** What a page points to, and what can be pointed to in it. */
export interface Page {
  /** As written, without those to other sites. */
  readonly links: readonly string[];
  /** What may stand behind `#`. */
  readonly anchors: ReadonlySet<string>;
}

/** Reads a page of Markdown. Code is not looked at. */
export function markdownPage(text: string): Page {
  const prose = text
    .replaceAll(/^(`{3,})[^\n]*\n.*?^\1$/gmsu, '')
    .replaceAll(/`[^`\n]*`/gu, 'code');
  const inline = Array.from(prose.matchAll(/\]\(<?([^)\s>]+)>?(?: "[^"]*")?\)/gu), ([, to]) => to);
  const named = Array.from(prose.matchAll(/^\[[^\]]+\]: <?(\S+?)>?$/gmu), ([, to]) => to);
  return { links: ours([...inline, ...named]), anchors: new Set(headings(text)) };
}

/** Reads a page of HTML. */
export function htmlPage(text: string): Page {
  const links = Array.from(text.matchAll(/\s(?:href|src)="([^"]*)"/gu), ([, to]) => to);
  const anchors = Array.from(text.matchAll(/\s(?:id|name)="([^"]*)"/gu), ([, id = '']) =>
    plain(id),
  );
  return { links: ours(links).map(plain), anchors: new Set(anchors) };
}

/** Those that stay in the repository: no scheme in front. */
function ours(links: readonly (string | undefined)[]): string[] {
  return links
    .filter((to) => to !== undefined)
    .filter((to) => !/^(?:[a-z][a-z+.-]*:|\/\/)/iu.test(to));
}

function plain(text: string): string {
  return text
    .replaceAll('&quot;', '"')
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replaceAll('&amp;', '&');
}

/** The anchors of headings: lower case, without punctuation, dashes for spaces, numbers for repeated ones. */
function headings(text: string): string[] {
  const prose = text.replaceAll(/^(`{3,})[^\n]*\n.*?^\1$/gmsu, '');
  const seen = new Map<string, number>();
  return Array.from(prose.matchAll(/^#{1,6} +(.+?) *#*$/gmu), ([, heading = '']) => {
    const words = heading.replaceAll(/\[([^\]]*)\]\([^)]*\)/gu, '$1').toLowerCase();
    const anchor = words.replaceAll(/[^\p{L}\p{N}\p{M}_ -]/gu, '').replaceAll(' ', '-');
    const before = seen.get(anchor) ?? 0;
    seen.set(anchor, before + 1);
    return before === 0 ? anchor : `${anchor}-${before}`;
  });
}
