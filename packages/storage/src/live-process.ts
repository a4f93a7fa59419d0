/** Whether a process is still running: its id alone does not say so, because the system gives ids to later processes again. */
import { execFile } from 'node:child_process';
import { readFile, readlink } from 'node:fs/promises';
import { hostname } from 'node:os';
import { promisify } from 'node:util';

/** Identifies a process, even after its id has been given to another one. */
export interface ProcessIdentity {
  processId: number;
  /** When it started, as the operating system writes it; null if unknown. */
  startedAt: string | null;
  /** Where its id is valid; on Linux, this changes when the machine restarts, and differs between containers. */
  machine: string;
}

/** Returns the identity of this process. */
export function thisProcess(): Promise<ProcessIdentity> {
  own ??= identityOf(process.pid);
  return own;
}

/** Returns the identity of the process of this machine that has an id now; its start is null if there is none. */
export async function identityOf(processId: number): Promise<ProcessIdentity> {
  const [entry, machine] = await Promise.all([entryOf(processId), thisMachine()]);
  return { processId, startedAt: entry?.startedAt ?? null, machine };
}

/**
 * Whether a process is running.
 *
 * @returns undefined for a process of another machine, about which nothing is known.
 *
 * @example
 * const owner = await thisProcess(); // written into a file, and read by another process
 * await isAlive(owner); // false once this process has ended
 */
export async function isAlive({ processId, startedAt, machine }: ProcessIdentity): Promise<boolean | undefined> {
  if (machine !== (await thisMachine())) return undefined;
  if (!isIdInUse(processId)) return false;
  const entry = await entryOf(processId);
  // The process exists, but its entry cannot be read.
  if (entry === undefined) return true;
  if (entry.hasEnded) return false;
  return startedAt === null || entry.startedAt === startedAt;
}

// --- internal ---

interface ProcessEntry {
  startedAt: string;
  /** Whether only its exit code is left, which its parent has not read. */
  hasEnded: boolean;
}

function isIdInUse(processId: number): boolean {
  try {
    process.kill(processId, 0);
    return true;
  } catch (error) {
    // EPERM: the process exists and belongs to another user.
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

function entryOf(processId: number): Promise<ProcessEntry | undefined> {
  const entry = process.platform === 'linux' ? entryInProc(processId) : entryByPs(processId);
  return entry.catch(() => undefined);
}

/** See proc_pid_stat(5). */
async function entryInProc(processId: number): Promise<ProcessEntry> {
  const text = await readFile(`/proc/${processId}/stat`, 'latin1');
  // The second field is the program's name in parentheses, which may contain any character. The third is the state, the 22nd the start.
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  const [state, startedAt] = [fields[0], fields[22 - 3]];
  if (state === undefined || startedAt === undefined) throw new Error(`unexpected content of /proc/${processId}/stat`);
  return { startedAt, hasEnded: state === 'Z' || state === 'X' };
}

async function entryByPs(processId: number): Promise<ProcessEntry> {
  const { stdout } = await promisify(execFile)('ps', ['-o', 'stat=,lstart=', '-p', String(processId)], {
    env: { ...process.env, LC_ALL: 'C' },
  });
  const [, state, startedAt] = /^\s*(\S+)\s+(\S.*?)\s*$/m.exec(stdout) ?? [];
  if (state === undefined || startedAt === undefined) throw new Error(`unexpected output of ps: ${stdout}`);
  return { startedAt, hasEnded: state.startsWith('Z') };
}

let own: Promise<ProcessIdentity> | undefined;
let machine: Promise<string> | undefined;

function thisMachine(): Promise<string> {
  machine ??= process.platform === 'linux' ? linuxMachine().catch(() => hostname()) : Promise.resolve(hostname());
  return machine;
}

async function linuxMachine(): Promise<string> {
  const [boot, namespace] = await Promise.all([
    readFile('/proc/sys/kernel/random/boot_id', 'latin1'),
    readlink('/proc/self/ns/pid'),
  ]);
  return `${boot.trim()} ${namespace}`;
}
