// Where a text stops being JSON, which JSON.parse does not always say.

/** What may come next. */
type Wanted = 'value' | 'value or ]' | 'key' | 'key or }' | ':' | ', or end' | 'nothing';

const SPACE = /[ \t\n\r]*/uy;
const TOKEN =
  /[{}[\],:]|"(?:[^"\\\p{Cc}]|[\u007F-\u009F]|\\(?:["\\/bfnrt]|u[\da-fA-F]{4}))*"|-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null/uy;

/**
 * The first place at which a text cannot be JSON any more, its length when it only ends too soon, and `undefined` when
 * it is JSON.
 */
export function jsonErrorAt(text: string): number | undefined {
  const open: ('{' | '[')[] = [];
  let wanted: Wanted = 'value';
  for (let at = 0; ;) {
    at = skip(SPACE, text, at);
    if (at === text.length) return wanted === 'nothing' ? undefined : at;
    const end = skip(TOKEN, text, at);
    const token = text.slice(at, end);
    const next: Wanted | undefined = end === at ? undefined : after(token, wanted, open);
    if (next === undefined) return at;
    wanted = next;
    at = end;
  }
}

function skip(pattern: RegExp, text: string, at: number): number {
  pattern.lastIndex = at;
  return pattern.test(text) ? pattern.lastIndex : at;
}

/** What may come after a token; `undefined` where it may not come itself. */
function after(token: string, wanted: Wanted, open: ('{' | '[')[]): Wanted | undefined {
  const isIn = open.at(-1);
  switch (token) {
    case '{':
    case '[':
      if (wanted !== 'value' && wanted !== 'value or ]') return undefined;
      open.push(token);
      return token === '{' ? 'key or }' : 'value or ]';
    case '}':
    case ']': {
      const closes = token === '}' ? '{' : '[';
      const isEmpty = wanted === (token === '}' ? 'key or }' : 'value or ]');
      if (isIn !== closes || !(isEmpty || wanted === ', or end')) return undefined;
      open.pop();
      return open.length === 0 ? 'nothing' : ', or end';
    }
    case ',':
      if (wanted !== ', or end') return undefined;
      return isIn === '{' ? 'key' : 'value';
    case ':':
      return wanted === ':' ? 'value' : undefined;
    default:
      if (wanted === 'key' || wanted === 'key or }') return token.startsWith('"') ? ':' : undefined;
      if (wanted !== 'value' && wanted !== 'value or ]') return undefined;
      return open.length === 0 ? 'nothing' : ', or end';
  }
}
