// Completion for zsh, 5.3 or later.

import { SHARED } from './bash.ts';
import { allCommands, quoted, type CompletedCommand, type Value } from './tree.ts';

/** The script: as a file `_vfio-ts` in a folder of `$fpath`, or read by `source`. */
export function zshCompletion(root: CompletedCommand): string {
  const commands = allCommands(root);
  return `#compdef vfio-ts
# Completion of vfio-ts for zsh, made by: vfio-ts completion zsh
${SHARED}
_vfio_ts_devices() {
  local -a uuids=(\${(f)"$(_vfio_ts_uuids)"})
  compadd -a uuids
  _files
}

_vfio_ts_defined() {
  local -a uuids=(\${(fu)"$(_vfio_ts_uuids defined)"})
  compadd -a uuids
}

_vfio-ts() {
  local curcontext="$curcontext" state line place=$1
  typeset -A opt_args
  case $place in
${commands.map(caseOf).join('\n')}
  esac
}

_vfio_ts_below() {
  local name=$words[1]
  _vfio-ts "$1 $name"
}

if [[ $funcstack[1] == _vfio-ts ]]; then
  _vfio-ts
else
  compdef _vfio-ts vfio-ts
fi
`;
}

/** What `_arguments` takes; below a command that has others it goes on with the first word that is no option. */
function caseOf({ path, options, values, isVariadic, commands }: CompletedCommand): string {
  const specs = options.flatMap((option) =>
    option.words.map((word) => quoted(`${word}${explained(option.help)}${valueSpec(option)}`)),
  );
  const at = path.map((name) => ` ${name}`).join('');
  if (commands.length > 0) {
    const list = commands.map(
      (command) => `${escaped(command.path.at(-1) ?? '')}:${oneLine(command.help)}`,
    );
    return `  ${quoted(at)})
    local -a commands=(${list.map(quoted).join(' ')})
    _arguments -C ${specs.join(' ')} '1: :->command' '*:: :->rest'
    case $state in
    command) _describe -t commands command commands ;;
    rest) _vfio_ts_below "$place" ;;
    esac
    ;;`;
  }
  const positional = values.map((value, i) => {
    const isEndless = isVariadic && i === values.length - 1;
    return quoted(`${isEndless ? '*' : String(i + 1)}: :${actionOf(value)}`);
  });
  return `  ${quoted(at)}) _arguments ${[...specs, ...positional].join(' ')} ;;`;
}

function explained(help: string): string {
  return `[${oneLine(help).replaceAll(/[[\]]/gu, String.raw`\$&`)}]`;
}

function valueSpec({
  value,
  isOptional,
}: {
  readonly value: Value | undefined;
  readonly isOptional: boolean;
}): string {
  if (value === undefined) return '';
  return `${isOptional ? '::' : ':'} :${actionOf(value)}`;
}

function actionOf(value: Value): string {
  switch (value.kind) {
    case 'words':
      return `(${value.words.map((word) => escaped(word)).join(' ')})`;
    case 'files':
      return '_files';
    case 'folders':
      return '_files -/';
    case 'devices':
      return '_vfio_ts_devices';
    case 'uuids':
      return '_vfio_ts_defined';
    case 'any':
      return ' ';
  }
}

/** A colon parts the fields of a specification. */
function escaped(text: string): string {
  return text.replaceAll(':', String.raw`\:`);
}

function oneLine(text: string): string {
  return escaped(text.replaceAll(/\s+/gu, ' '));
}
