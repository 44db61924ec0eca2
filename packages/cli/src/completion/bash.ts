// Completion for bash, 4.4 or later, without the package bash-completion.

import { allCommands, quoted, type CompletedCommand, type Value } from './tree.ts';

/** The script. */
export function bashCompletion(root: CompletedCommand): string {
  const commands = allCommands(root);
  return `# Completion of vfio-ts for bash, made by: vfio-ts completion bash
${SHARED}
# The commands and options at a path.
_vfio_ts_words() {
  case $1 in
${commands.map(wordsLine).join('\n')}
  esac
}

# What an option at a path takes; fails where that is nothing. A '?' at the front can be left out.
_vfio_ts_option() {
  case $1 in
${commands.flatMap((command) => optionLines(command)).join('\n')}
  *) return 1 ;;
  esac
}

# What the value with a number at a path is.
_vfio_ts_value() {
  case $1 in
${commands.flatMap((command) => valueLines(command)).join('\n')}
  esac
}
${MAIN}`;
}

/** Also the helpers of the zsh script: words one a line. */
export const SHARED = `
# UUIDs of devices: those that run, and with 'defined' those that are defined too.
_vfio_ts_uuids() {
  local folder config
  if [[ $EUID -eq 0 ]]; then
    folder=/run/vfio-ts config=/etc/vfio-ts
  else
    folder=\${TMPDIR:-/tmp}/vfio-ts-$UID config=\${XDG_CONFIG_HOME:-$HOME/.config}/vfio-ts
    [[ -n \${XDG_RUNTIME_DIR:-} ]] && folder=$XDG_RUNTIME_DIR/vfio-ts
  fi
  folder=\${VFIO_TS_RUNTIME_DIR:-$folder} config=\${VFIO_TS_CONFIG_DIR:-$config}
  command find "$folder" -maxdepth 1 -name '????????-*.sock' 2>/dev/null | command sed 's|.*/||; s|\\.sock$||'
  if [[ \${1:-} == defined ]]; then
    command find "$config/mdevctl.d" -mindepth 2 -maxdepth 2 -name '????????-????-????-????-????????????' 2>/dev/null | command sed 's|.*/||'
  fi
}
`;

const MAIN = `
# Offers the words of one kind that begin as the current one does.
_vfio_ts_offer() {
  local kind=\${1#\\?}
  case $kind in
  files) compopt -o filenames; mapfile -t COMPREPLY < <(compgen -f -- "$cur") ;;
  folders) compopt -o filenames; mapfile -t COMPREPLY < <(compgen -d -- "$cur") ;;
  devices)
    compopt -o filenames
    mapfile -t COMPREPLY < <(compgen -W "$(_vfio_ts_uuids)" -- "$cur"; compgen -f -- "$cur")
    ;;
  uuids) mapfile -t COMPREPLY < <(compgen -W "$(_vfio_ts_uuids defined | sort -u)" -- "$cur") ;;
  words\\ *) mapfile -t COMPREPLY < <(compgen -W "\${kind#words }" -- "$cur") ;;
  esac
}

_vfio_ts() {
  local line=\${COMP_LINE:0:COMP_POINT} cur path='' option='' kind number=0 word
  local -a words
  COMPREPLY=()
  # By blanks alone: bash itself parts words at ':' and '=' too.
  read -ra words <<<"$line"
  if [[ $line == *[[:space:]] ]]; then cur=''; else cur=\${words[-1]}; unset 'words[-1]'; fi
  for word in "\${words[@]:1}"; do
    if [[ -n $option ]]; then
      # What begins as an option is none of a value that can be left out.
      kind=$(_vfio_ts_option "$path $option")
      option=''
      if [[ $kind != \\?* || $word != -* ]]; then continue; fi
    fi
    if [[ $word == -* ]]; then
      if [[ $word != *=* ]] && _vfio_ts_option "$path $word" >/dev/null; then option=$word; fi
    elif [[ " $(_vfio_ts_words "$path") " == *" $word "* ]]; then
      path="\${path:+$path }$word"
    else
      number=$((number + 1))
    fi
  done
  if [[ -n $option && ( $cur != -* || $(_vfio_ts_option "$path $option") != \\?* ) ]]; then
    _vfio_ts_offer "$(_vfio_ts_option "$path $option")"
  elif [[ $cur == -*=* ]]; then
    option=\${cur%%=*} cur=\${cur#*=}
    kind=$(_vfio_ts_option "$path $option") && _vfio_ts_offer "$kind"
  elif [[ $cur == -* ]]; then
    mapfile -t COMPREPLY < <(compgen -W "$(_vfio_ts_words "$path")" -- "$cur")
  else
    # Below commands that have others there is nothing but these.
    if [[ $number -eq 0 ]]; then
      mapfile -t COMPREPLY < <(compgen -W "$(_vfio_ts_words "$path" | tr ' ' '\\n' | grep -v '^-')" -- "$cur")
    fi
    if [[ \${#COMPREPLY[@]} -eq 0 ]]; then _vfio_ts_offer "$(_vfio_ts_value "$path $number")"; fi
  fi
  # Only what is behind the last ':' is the word that bash puts something in the place of.
  if [[ $cur == *:* && $COMP_WORDBREAKS == *:* ]]; then
    COMPREPLY=("\${COMPREPLY[@]#"\${cur%"\${cur##*:}"}"}")
  fi
}

complete -F _vfio_ts vfio-ts
`;

function wordsLine({ path, commands, options }: CompletedCommand): string {
  const words = [
    ...commands.map((command) => command.path.at(-1) ?? ''),
    ...options.flatMap((option) => option.words),
  ];
  return `  ${quoted(path.join(' '))}) echo ${quoted(words.join(' '))} ;;`;
}

function optionLines({ path, options }: CompletedCommand): string[] {
  return options.flatMap(({ words, value, isOptional }) => {
    if (value === undefined) return [];
    const cases = words.map((word) => quoted(`${path.join(' ')} ${word}`)).join(' | ');
    return [`  ${cases}) echo ${quoted(`${isOptional ? '?' : ''}${kindOf(value)}`)} ;;`];
  });
}

function valueLines({ path, values, isVariadic }: CompletedCommand): string[] {
  return values.map((value, i) => {
    const isEndless = isVariadic && i === values.length - 1;
    const number = isEndless ? '*' : String(i);
    return `  ${quoted(`${path.join(' ')} `)}${number}) echo ${quoted(kindOf(value))} ;;`;
  });
}

function kindOf(value: Value): string {
  return value.kind === 'words' ? `words ${value.words.join(' ')}` : value.kind;
}
