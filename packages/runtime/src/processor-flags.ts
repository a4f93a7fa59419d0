import { readFileSync } from 'node:fs';

/** The instruction sets of this processor, by the names that Linux gives them; empty on systems that do not report them. */
export function processorFlags(): ReadonlySet<string> {
  if (process.platform !== 'linux') return new Set();
  const [, names = ''] = /^(?:flags|Features)\s*:\s*(.*)$/m.exec(readFileSync('/proc/cpuinfo', 'utf8')) ?? [];
  return new Set(names.trim().split(' '));
}
