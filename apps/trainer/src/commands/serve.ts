import { setupLines } from '@chorus/orchestration/setup-lines';
import { Command, InvalidArgumentError, Option } from 'commander';
import { printable } from '../print/printable.ts';
import { stopExitCode, stopSignal } from '../stop-signal.ts';
import { userPath } from '../user-folder.ts';
import { numberArgument, wholeNumberArgument } from './number-argument.ts';

interface ServeFlags {
  host: string;
  port: number;
  tokenFile?: string;
  allowAnyone: boolean;
  student: boolean;
  backend: 'onnxruntime' | 'wasm';
  threads?: number;
  batch?: number;
  batchDelay?: number;
  maxBody?: number;
  maxPixels?: number;
  maxPending?: number;
  timeout?: number;
  drain: number;
}

/** Time for the last answers, after the socket is closed; the server itself takes at most ten seconds. */
const answersMs = 15_000;

export const serveCommand = new Command('serve')
  .description('classify images over HTTP until it is stopped; a new bundle in the folder replaces the one in use')
  .argument('<bundle>', 'the bundle of a run')
  .option('--host <address>', 'address to listen on', '127.0.0.1')
  .option('--port <number>', 'port to listen on; 0 for any free one', numberArgument, 8000)
  .option('--token-file <file>', 'file with a token that requests must send (default: CHORUS_TOKEN, if it is set)')
  .option('--allow-anyone', 'answer other machines and web pages without a token', false)
  .option('--student', "classify with the bundle's student instead of the ensemble", false)
  .addOption(
    new Option('--backend <name>', 'what runs the networks')
      .choices(['onnxruntime', 'wasm'] as const)
      .default('onnxruntime' as const),
  )
  .option(
    '--threads <count>',
    'worker threads, each with the bundle in memory (default: as many as processors, at most 4)',
    wholeNumberArgument,
  )
  .option('--batch <count>', 'images that a thread classifies together, at most (default: 8)', wholeNumberArgument)
  .option(
    '--batch-delay <ms>',
    'how long an image may wait for others while its thread is idle (default: 0)',
    millisecondsArgument,
  )
  .option('--max-body <MiB>', 'largest body (default: 32)', wholeNumberArgument)
  .option('--max-pixels <count>', 'pixels of the largest image (default: 50000000)', wholeNumberArgument)
  .option('--max-pending <count>', 'images that may wait or be in work (default: 256)', wholeNumberArgument)
  .option('--timeout <seconds>', 'time to receive and answer a request (default: 30)', wholeNumberArgument)
  .option(
    '--drain <seconds>',
    'after a signal, how long to go on accepting connections and answering new requests with 503',
    secondsArgument,
    1,
  )
  .action(async (bundle: string, flags: ServeFlags) => {
    const [{ ConfigError, setupOnnxruntime }, { readTokenFile, serveBundle, ServerError }] = await Promise.all([
      import('@chorus/orchestration'),
      import('@chorus/server'),
    ]);
    const environmentToken = () => {
      const token = process.env.CHORUS_TOKEN;
      if (token === '')
        throw new ConfigError('Expected a token in CHORUS_TOKEN, received an empty one; unset it for none.');
      return token;
    };
    const stopped = new Promise<void>((resolve) => {
      const signal = stopSignal(
        (cause) => console.error(`${cause}: stopping after the last answers (a second signal exits at once)`),
        { graceMs: 1000 * flags.drain + answersMs },
      );
      signal.addEventListener('abort', () => resolve());
    });
    try {
      // A token in the arguments would be visible to all users of the machine.
      const token = flags.tokenFile === undefined ? environmentToken() : await readTokenFile(userPath(flags.tokenFile));
      if (flags.backend === 'onnxruntime') await setupOnnxruntime(setupLines(process.stderr));
      const server = await serveBundle(userPath(bundle), {
        ...{ host: flags.host, port: flags.port, token, allowAnyone: flags.allowAnyone },
        ...{ student: flags.student, backend: flags.backend, workers: flags.threads, batchSize: flags.batch },
        ...{ batchDelayMs: flags.batchDelay, maxPixels: flags.maxPixels, maxPending: flags.maxPending },
        limits: { maxBodyBytes: inUnits(flags.maxBody, 2 ** 20), answerTimeoutMs: inUnits(flags.timeout, 1000) },
        onReload: ({ name, version }) => console.error(printable(`serves version ${version} of ${name}`)),
        onReloadFailure: (error) => {
          if (!(error instanceof ServerError)) console.error(error);
          else console.error(`chorus: ${printable(error.message)} The bundle in use stays.`);
        },
      });
      const { name, version, labels, backend } = server.model;
      console.log(printable(`${name}, version ${version}: ${labels.length} classes, by ${backend}`));
      console.log(server.url);
      await stopped;
      await server.stop({ drainMs: 1000 * flags.drain });
    } catch (error) {
      if (!(error instanceof ServerError)) throw error;
      const advice =
        error.code === 'token-needed'
          ? ' Name a file with one by --token-file, set CHORUS_TOKEN, or add --allow-anyone.'
          : '';
      throw new ConfigError(`${error.message}${advice}`, [], { cause: error });
    }
    process.exitCode = stopExitCode();
  });

function millisecondsArgument(text: string): number {
  if (!/^\d+$/.test(text)) throw new InvalidArgumentError('Expected a whole number of at least 0.');
  return Number(text);
}

function secondsArgument(text: string): number {
  const seconds = numberArgument(text);
  if (!(seconds >= 0 && seconds <= 3600)) throw new InvalidArgumentError('Expected a number from 0 to 3600.');
  return seconds;
}

function inUnits(value: number | undefined, unit: number): number | undefined {
  return value === undefined ? undefined : value * unit;
}
