// Completion for fish, 3.1 or later.

import { allCommands, type CompletedCommand, type CompletedOption, type Value } from './tree.ts';

/** The script. */
export function fishCompletion(root: CompletedCommand): string {
  const commands = allCommands(root);
  const paths = commands.filter(({ path }) => path.length > 0).map(({ path }) => path.join(' '));
  return `# Completion of vfio-ts for fish, made by: vfio-ts completion fish

# Options that a value follows.
set -g __vfio_ts_valued ${valued(commands).map(word).join(' ')}
set -g __vfio_ts_paths ${paths.map(word).join(' ')}

# The commands and the values before the cursor.
function __vfio_ts_words
    set -l skip 0
    for token in (commandline -opc)[2..-1]
        if test $skip -eq 1
            set skip 0
        else if string match -q -- '-*' $token
            contains -- $token $__vfio_ts_valued; and set skip 1
        else
            echo $token
        end
    end
end

# Whether the cursor is behind a command, and with a number behind so many of its values.
function __vfio_ts_at
    set -l path ''
    set -l values 0
    for token in (__vfio_ts_words)
        set -l next (string trim -- "$path $token")
        if contains -- $next $__vfio_ts_paths
            set path $next
        else
            set values (math $values + 1)
        end
    end
    test "$path" = "$argv[1]"; or return 1
    test (count $argv) -lt 2; or test $values -eq $argv[2]; or test "$argv[3]" = more -a $values -ge $argv[2]
end

# UUIDs of devices: those that run, and with 'defined' those that are defined too.
function __vfio_ts_uuids
    set -l folder /run/vfio-ts
    set -l config /etc/vfio-ts
    if test (id -u) -ne 0
        set folder (test -n "$TMPDIR"; and echo $TMPDIR; or echo /tmp)/vfio-ts-(id -u)
        test -n "$XDG_RUNTIME_DIR"; and set folder $XDG_RUNTIME_DIR/vfio-ts
        set config (test -n "$XDG_CONFIG_HOME"; and echo $XDG_CONFIG_HOME; or echo $HOME/.config)/vfio-ts
    end
    test -n "$VFIO_TS_RUNTIME_DIR"; and set folder $VFIO_TS_RUNTIME_DIR
    test -n "$VFIO_TS_CONFIG_DIR"; and set config $VFIO_TS_CONFIG_DIR
    command find $folder -maxdepth 1 -name '????????-*.sock' 2>/dev/null | string replace -r '.*/(.*)\\.sock$' '$1'
    if test "$argv[1]" = defined
        command find $config/mdevctl.d -mindepth 2 -maxdepth 2 -name '????????-????-????-????-????????????' 2>/dev/null | string replace -r '.*/' ''
    end
end

complete -c vfio-ts -f
${commands.flatMap((command) => linesOf(command)).join('\n')}
`;
}

function linesOf({ path, options, values, isVariadic, commands }: CompletedCommand): string[] {
  const at = path.join(' ');
  return [
    ...commands.map(
      (command) =>
        `complete -c vfio-ts -n ${word(`__vfio_ts_at ${word(at)} 0`)} -a ${word(command.path.at(-1) ?? '')} -d ${word(command.help)}`,
    ),
    ...options.map((option) => optionLine(at, option)),
    ...values.map((value, i) => {
      const more = isVariadic && i === values.length - 1 ? ' more' : '';
      const condition = word(`__vfio_ts_at ${word(at)} ${i}${more}`);
      return `complete -c vfio-ts -n ${condition} ${offer(value)}`.trimEnd();
    }),
  ];
}

function optionLine(at: string, { words, help, value, isOptional }: CompletedOption): string {
  const names = words.map((name) =>
    name.startsWith('--') ? `-l ${name.slice(2)}` : `-s ${name.slice(1)}`,
  );
  // A value that can be left out is not asked for.
  const takes = value === undefined || isOptional ? '' : ` -r ${offer(value)}`;
  const condition = word(`__vfio_ts_at ${word(at)}`);
  return `complete -c vfio-ts -n ${condition} ${names.join(' ')}${takes.trimEnd()} -d ${word(help)}`;
}

function offer(value: Value): string {
  switch (value.kind) {
    case 'words':
      return `-f -a ${word(value.words.join(' '))}`;
    case 'files':
      return '-F';
    case 'folders':
      return "-f -a '(__fish_complete_directories)'";
    case 'devices':
      return "-F -a '(__vfio_ts_uuids)'";
    case 'uuids':
      return "-f -a '(__vfio_ts_uuids defined)'";
    case 'any':
      return '-f';
  }
}

function valued(commands: readonly CompletedCommand[]): string[] {
  const options = commands.flatMap((command) => command.options);
  const words = options
    .filter(({ value, isOptional }) => value !== undefined && !isOptional)
    .flatMap((option) => option.words);
  return [...new Set(words)];
}

/** In quotes, where fish knows two escapes. */
function word(text: string): string {
  return `'${text.replaceAll(/\s+/gu, ' ').replaceAll(/[\\']/gu, String.raw`\$&`)}'`;
}
