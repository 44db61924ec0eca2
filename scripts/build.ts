// Builds what the commands need. Says something only when it takes a while or fails, and then on standard error, so
// that a command's own output stays its own.
import { spawn } from 'node:child_process';

const turbo = spawn('turbo', ['run', 'build', '--output-logs=errors-only'], {
  stdio: ['ignore', 'pipe', 'pipe'],
  env: { ...process.env, TURBO_TELEMETRY_DISABLED: '1' },
});
let said = '';
for (const stream of [turbo.stdout, turbo.stderr]) {
  stream.setEncoding('utf8').on('data', (text: string) => (said += text));
}
const notice = setTimeout(() => process.stderr.write('building…\n'), 1000);
turbo.on('close', (code) => {
  clearTimeout(notice);
  if (code !== 0) process.stderr.write(said);
  process.exitCode = code ?? 1;
});
